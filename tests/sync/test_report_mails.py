"""Reports leave once: whatever crashes, repeats or runs at the same time, and whatever the mail server answers."""

from __future__ import annotations

import email.policy
import smtplib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone

from sync import mail_tasks, recipients
from sync.mail_tasks import mail_digests, send_reports
from sync.models import Mapping, Recipient, Record, Report, ReportMail, ReportSchedule, Run, ToldProblem
from sync.web import report_settings
from sync.web.report_mails import RETRY_AFTER, send_due
from tenants.models import AuditEntry, Tenant, User
from tests.factories import Cast, captured, cast, ended_run, hold, record_of, workspace
from tests.sync.test_turns import _share_one_database, at_once

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEVEN = datetime(2026, 11, 25, 6, tzinfo=UTC)
ALICE, BOB, CAROL = "alice@dupont.example", "bob@cabinet.example", "carol@elsewhere.example"


class Server(EmailBackend):
    """A mail server that answers as it is told; what it takes lands in the outbox."""

    down = False
    answers: dict[str, list[Exception]] = {}

    def open(self) -> bool:
        if Server.down:
            raise ConnectionRefusedError("no mail today")
        return True

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            waiting = Server.answers.get(message.to[0])
            if waiting:
                raise waiting.pop(0)
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def _server(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    settings.PUBLIC_URL = "https://books.example"
    Server.down, Server.answers = False, {}


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people(db: None, clock: Any) -> Cast:
    found = cast()
    User.objects.filter(pk=found.alice.pk).update(language="en")
    ended_run(found.tenant, NOON - timedelta(hours=3), {"synced": 1})
    record_of(found.tenant, captured(240, created=NOON - timedelta(hours=4)))
    return found


def ask_for(people: Cast, when: str, *addresses: str) -> Tenant:
    report_settings.change_report(people.tenant, user=people.alice, when=when)
    for address in addresses or (ALICE,):
        report_settings.add(people.tenant, address, "", user=people.alice)
    return people.tenant


def minute() -> None:
    """One beat, and what it enqueues carried out."""
    mail_digests()
    send_reports()


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def refusal(code: int, said: bytes = b"no", to: str = ALICE) -> Exception:
    return smtplib.SMTPRecipientsRefused({to: (code, said)})


# When


def test_a_daily_report_leaves_at_seven_once(people: Cast, clock: Any) -> None:
    ask_for(people, "daily")
    minute()
    assert mail.outbox == []
    clock.move_to(SEVEN)
    for _beat in range(3):
        minute()
    assert subjects() == ["Daily report, Maison Dupont: 1 document sent"]
    clock.move_to(SEVEN + timedelta(hours=5))
    minute()
    assert len(mail.outbox) == 1
    clock.move_to(SEVEN + timedelta(days=1))
    minute()
    assert len(mail.outbox) == 2
    assert [report.key for report in Report.objects.order_by("pk")] == ["daily:2026-11-24", "daily:2026-11-25"]


def test_a_weekly_report_is_about_monday_to_sunday(people: Cast, clock: Any) -> None:
    ask_for(people, "weekly")
    clock.move_to(datetime(2026, 11, 30, 6, tzinfo=UTC))
    minute()
    report = Report.objects.get()
    assert report.key == "weekly:2026-11-29"
    assert (report.since, report.until) == (
        datetime(2026, 11, 22, 23, tzinfo=UTC),
        datetime(2026, 11, 29, 23, tzinfo=UTC),
    )
    assert len(mail.outbox) == 1


def test_every_run_that_did_something_has_its_report(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "every_run")
    clock.shift(timedelta(minutes=10))
    now = timezone.now()
    quiet = ended_run(tenant, now - timedelta(minutes=5))
    busy = ended_run(tenant, now - timedelta(minutes=4), {"synced": 2})
    failed = ended_run(tenant, now - timedelta(minutes=3), state=Run.State.FAILED, error_reason="store_timeout")
    for _beat in range(2):
        minute()
    assert set(Report.objects.values_list("run", flat=True)) == {busy.pk, failed.pk}
    assert quiet.pk not in set(Report.objects.values_list("run", flat=True))
    assert len(mail.outbox) == 2
    assert "Your store took too long to answer" in str(mail.outbox[1].body)


def test_runs_from_before_reports_were_asked_for_are_not_told_of(people: Cast, clock: Any) -> None:
    tenant = people.tenant
    ended_run(tenant, NOON - timedelta(minutes=5), {"synced": 2})
    ask_for(people, "every_run")
    minute()
    assert mail.outbox == []


def test_problems_are_told_of_once_and_again_only_when_there_are_new_ones(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "problems")
    minute()
    assert mail.outbox == []
    first = hold(record_of(tenant, captured(271, created=NOON)), "unmapped_tax_rate", rate="TVA 10%")
    minute()
    assert subjects() == ["Maison Dupont: 1 new order needs attention"]

    for _hour in range(3):
        clock.shift(timedelta(hours=1))
        minute()
    assert len(mail.outbox) == 1, "never the same list again"

    # Looked at again and held for the same reason: no news.
    first.queue_again(by="Alice")
    minute()
    hold(first, "unmapped_tax_rate", rate="TVA 10%")
    clock.shift(timedelta(hours=1))
    minute()
    assert len(mail.outbox) == 1

    hold(record_of(tenant, captured(111, created=NOON)), "totals_differ")
    hold(record_of(tenant, captured(235, created=NOON)), "totals_differ")
    minute()
    assert subjects()[1:] == ["Maison Dupont: 2 new orders need attention"]
    assert "TVA 10%" not in str(mail.outbox[1].body), "the old cause is not listed again"

    # Another reason for the same record is news.
    hold(first, "closed_period", closed_until="2026-10-31")
    clock.shift(timedelta(hours=1))
    minute()
    assert len(mail.outbox) == 3


def test_problems_are_told_of_at_most_once_an_hour(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "problems")
    for order_id in (271, 111, 235):
        hold(record_of(tenant, captured(order_id, created=NOON)), "totals_differ")
        minute()
        clock.shift(timedelta(minutes=20))
    assert len(mail.outbox) == 1
    minute()
    assert subjects()[1:] == ["Maison Dupont: 2 new orders need attention"]


def test_problems_wait_for_the_end_of_the_run_that_finds_them(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "problems")
    run = Run.objects.create(tenant=tenant, state=Run.State.RUNNING)
    hold(record_of(tenant, captured(271, created=NOON)), "totals_differ")
    minute()
    assert mail.outbox == []
    Run.objects.filter(pk=run.pk).update(state=Run.State.FINISHED, finished_at=timezone.now())
    minute()
    assert len(mail.outbox) == 1


def test_a_problem_that_came_back_after_it_was_solved_is_news(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "problems")
    record = hold(record_of(tenant, captured(271, created=NOON)), "totals_differ")
    minute()
    Record.objects.filter(pk=record.pk).update(state="synced", reason="")
    other = hold(record_of(tenant, captured(111, created=NOON)), "totals_differ")
    clock.shift(timedelta(hours=1))
    minute()
    assert set(ToldProblem.objects.values_list("record", flat=True)) == {other.pk}
    hold(record, "totals_differ")
    clock.shift(timedelta(hours=1))
    minute()
    assert len(mail.outbox) == 3


KLARNA = "New payment method in your store: “Klarna”. Choose its account so that payments are recorded."


def klarna_comes_up(tenant: Tenant) -> None:
    Mapping.objects.create(tenant=tenant, kind="gateway", store_key="klarna", label="Klarna", is_news=True)


@pytest.mark.parametrize("when", ["daily", "every_run", "problems"])
def test_a_new_payment_method_is_told_of_once(people: Cast, clock: Any, when: str) -> None:
    tenant = ask_for(people, when)
    clock.shift(timedelta(minutes=10))
    klarna_comes_up(tenant)
    for _day in range(3):
        ended_run(tenant, timezone.now() - timedelta(minutes=1))
        minute()
        clock.shift(timedelta(days=1))
    told = [message for message in mail.outbox if KLARNA in str(message.body)]
    assert len(told) == 1
    assert KLARNA in str(told[0].alternatives[0][0])  # type: ignore[attr-defined]
    if when == "problems":
        assert subjects() == ["Maison Dupont: there is a new payment method in your store"]


def test_what_the_shop_had_from_the_beginning_is_not_told_of(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "problems")
    Mapping.objects.create(tenant=tenant, kind="gateway", store_key="cod", label="Cash on delivery")
    minute()
    assert mail.outbox == []


@pytest.mark.parametrize("when", ["never", "daily", "weekly", "every_run", "problems"])
def test_nobody_on_the_list_means_no_report(people: Cast, clock: Any, when: str) -> None:
    report_settings.change_report(people.tenant, user=people.alice, when=when)
    hold(record_of(people.tenant, captured(271, created=NOON)), "totals_differ")
    clock.shift(timedelta(days=8))
    ended_run(people.tenant, timezone.now() - timedelta(minutes=5), {"synced": 1})
    minute()
    assert not Report.objects.exists()
    assert mail.outbox == []


def test_a_workspace_that_never_ran_is_left_alone(clock: Any, db: None) -> None:
    people = cast()
    ask_for(people, "daily")
    clock.move_to(SEVEN)
    minute()
    assert mail.outbox == []


def test_another_zone_moves_the_hour(people: Cast, clock: Any) -> None:
    tenant = ask_for(people, "daily")
    assert ReportSchedule.objects.get().next_at == SEVEN
    options = dict(report_settings.setup.options_of(tenant))
    options["tenant"] = {**options["tenant"], "time_zone": "America/Toronto"}
    report_settings.save_options(tenant, options)
    assert ReportSchedule.objects.get().next_at == datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_recipients_decide_nothing_about_orders(people: Cast) -> None:
    """Another recipient is another version of the options, but no reason to look at held orders again."""
    held = hold(record_of(people.tenant, captured(271, created=NOON)), "unmapped_tax_rate", rate="x")
    ask_for(people, "daily")
    held.refresh_from_db()
    assert held.state == Record.State.ATTENTION


# Once


def test_a_report_that_another_beat_made_is_not_made_again(people: Cast, clock: Any) -> None:
    ask_for(people, "daily")
    clock.move_to(SEVEN)
    schedule = ReportSchedule.objects.get()
    minute()
    ReportSchedule.objects.filter(pk=schedule.pk).update(next_at=SEVEN, covered_until=schedule.covered_until)
    minute()
    assert Report.objects.count() == len(mail.outbox) == 1


def test_whoever_died_after_claiming_loses_the_mail_and_never_doubles_it(
    people: Cast, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail had left, the process died before it could say so."""

    class Death(BaseException):
        pass

    def send_and_die(backend: Server, messages: Any) -> int:
        EmailBackend.send_messages(backend, messages)
        raise Death

    ask_for(people, "daily")
    clock.move_to(SEVEN)
    with monkeypatch.context() as broken:
        broken.setattr(Server, "send_messages", send_and_die)
        with pytest.raises(Death):
            minute()
    assert ReportMail.objects.get().state == ReportMail.State.SENDING
    for _beat in range(3):
        clock.shift(timedelta(minutes=20))
        minute()
    assert len(mail.outbox) == 1
    assert ReportMail.objects.get().state == ReportMail.State.LOST


def test_a_crash_before_anything_was_claimed_costs_nothing(
    people: Cast, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for(people, "daily")
    clock.move_to(SEVEN)
    with monkeypatch.context() as broken:
        broken.setattr("sync.web.report_mails.render_report", _die)
        with pytest.raises(RuntimeError):
            minute()
    minute()
    assert len(mail.outbox) == 1


def _die(*_values: Any, **_named: Any) -> Any:
    raise RuntimeError("dead")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_beats_and_senders_at_once_send_each_report_once() -> None:
    _share_one_database()
    people = cast()
    ended_run(people.tenant, timezone.now() - timedelta(hours=3), {"synced": 1})
    ask_for(people, "daily", ALICE, BOB)
    ReportSchedule.objects.update(next_at=timezone.now() - timedelta(minutes=1))
    assert at_once(*[mail_digests] * 4) == []
    assert Report.objects.count() == 1
    assert at_once(*[send_reports] * 4) == []
    assert sorted(message.to[0] for message in mail.outbox) == [ALICE, BOB]


# What the mail server says


def due_report(people: Cast, clock: Any, *addresses: str) -> None:
    ask_for(people, "daily", *addresses)
    Recipient.objects.filter(email=CAROL).update(verified_at=timezone.now(), must_ask=False)
    clock.move_to(SEVEN)
    mail_digests()


def test_a_server_that_is_down_loses_no_report(people: Cast, clock: Any) -> None:
    due_report(people, clock)
    Server.down = True
    send_due()
    one = ReportMail.objects.get()
    assert (one.state, one.attempts) == (ReportMail.State.WAITING, 0)
    Server.down = False
    clock.shift(timedelta(minutes=5))
    minute()
    assert len(mail.outbox) == 1


def test_what_could_not_leave_for_a_day_is_dropped(people: Cast, clock: Any) -> None:
    due_report(people, clock)
    clock.shift(timedelta(hours=25))
    send_due()
    assert ReportMail.objects.order_by("pk")[0].state == ReportMail.State.DROPPED
    assert mail.outbox == []


def test_a_temporary_refusal_is_tried_again_later(people: Cast, clock: Any) -> None:
    Server.answers = {ALICE: [refusal(451, b"4.7.1 greylisted"), smtplib.SMTPDataError(452, b"mailbox full")]}
    due_report(people, clock)
    send_due()
    one = ReportMail.objects.get()
    assert (one.state, one.detail) == (ReportMail.State.WAITING, "451 4.7.1 greylisted")
    send_due()
    assert ReportMail.objects.get().attempts == 1, "not before its time"
    clock.shift(RETRY_AFTER[0])
    send_due()
    clock.shift(RETRY_AFTER[1])
    send_due()
    assert len(mail.outbox) == 1
    assert ReportMail.objects.get().state == ReportMail.State.SENT
    assert Recipient.objects.get().refusals == 0


def test_a_temporary_refusal_without_end_is_one_in_the_end(people: Cast, clock: Any) -> None:
    Server.answers = {ALICE: [refusal(451) for _try in range(9)]}
    due_report(people, clock)
    for wait in (*RETRY_AFTER, timedelta(hours=1)):
        send_due()
        clock.shift(wait)
    assert ReportMail.objects.get().state == ReportMail.State.REFUSED
    assert ReportMail.objects.get().attempts == len(RETRY_AFTER) + 1


def test_a_refused_address_is_shown_then_stopped_and_the_others_get_theirs(people: Cast, clock: Any) -> None:
    Server.answers = {
        CAROL: [refusal(550, b"5.1.1 <carol@elsewhere.example> no such user", CAROL) for _day in range(9)]
    }
    due_report(people, clock, CAROL, ALICE)
    for _day in range(5):
        minute()
        clock.shift(timedelta(days=1))
    carol = Recipient.objects.get(email=CAROL)
    assert carol.refused_why == "550 5.1.1 … no such user"
    assert (carol.refusals, carol.stopped_at is not None) == (3, True)
    assert ReportMail.objects.filter(recipient=carol).count() == 3
    assert {message.to[0] for message in mail.outbox} == {ALICE}
    assert len(mail.outbox) == 5


def test_a_mail_that_is_taken_wipes_out_earlier_refusals(people: Cast, clock: Any) -> None:
    Server.answers = {ALICE: [refusal(550), refusal(550)]}
    due_report(people, clock)
    for _day in range(3):
        minute()
        clock.shift(timedelta(days=1))
    assert len(mail.outbox) == 1
    assert Recipient.objects.get().refusals == 0


@pytest.mark.parametrize("broken", [smtplib.SMTPServerDisconnected("gone"), TimeoutError("no answer")])
def test_after_an_uncertain_end_it_is_not_sent_again_and_the_rest_still_leaves(
    people: Cast, clock: Any, broken: Exception
) -> None:
    Server.answers = {ALICE: [broken]}
    due_report(people, clock, ALICE, BOB)
    for _minute in range(3):
        minute()
        clock.shift(timedelta(minutes=1))
    states = dict(ReportMail.objects.values_list("recipient__email", "state"))
    assert states == {ALICE: "lost", BOB: "sent"}
    assert [message.to[0] for message in mail.outbox] == [BOB]


def test_our_own_sender_being_refused_is_not_the_readers_fault(people: Cast, clock: Any) -> None:
    Server.answers = {ALICE: [smtplib.SMTPSenderRefused(553, b"not allowed", "x@y.example")]}
    due_report(people, clock)
    send_due()
    assert ReportMail.objects.get().state == ReportMail.State.REFUSED
    assert Recipient.objects.get().refusals == 0


# Who


def test_members_are_known_and_strangers_are_asked_once(people: Cast, clock: Any) -> None:
    ask_for(people, "daily", ALICE, CAROL)
    for _beat in range(3):
        minute()
    [question] = mail.outbox
    assert question.to == [CAROL]
    clock.move_to(SEVEN)
    minute()
    assert [message.to[0] for message in mail.outbox[1:]] == [ALICE], "nothing before somebody confirms"


def test_a_question_that_the_server_refuses_is_shown(people: Cast, clock: Any) -> None:
    Server.answers = {CAROL: [refusal(550, b"no such user", CAROL)]}
    ask_for(people, "daily", CAROL)
    minute()
    minute()
    carol = Recipient.objects.get()
    assert (carol.refused_why, carol.must_ask) == ("550 no such user", False)


def test_a_question_waits_for_a_server_that_is_down(people: Cast, clock: Any) -> None:
    Server.down = True
    ask_for(people, "daily", CAROL)
    minute()
    Server.down = False
    minute()
    assert [message.to for message in mail.outbox] == [[CAROL]]


def test_who_leaves_the_workspace_gets_no_more_reports(people: Cast, clock: Any) -> None:
    """Also not the question: whoever removed them did not mean to invite them."""
    ask_for(people, "daily", ALICE, BOB)
    people.tenant.memberships.filter(user=people.bob).delete()
    clock.move_to(SEVEN)
    minute()
    assert [message.to[0] for message in mail.outbox] == [ALICE]


def test_who_ends_them_between_making_and_sending_gets_none(people: Cast, clock: Any) -> None:
    due_report(people, clock)
    recipients.unsubscribe(Recipient.objects.get())
    send_due()
    assert mail.outbox == []
    assert ReportMail.objects.get().state == ReportMail.State.DROPPED


def test_each_reader_reads_their_language(people: Cast, clock: Any) -> None:
    User.objects.filter(pk=people.bob.pk).update(language="fr")
    ask_for(people, "daily", ALICE, BOB)
    Recipient.objects.create(tenant=people.tenant, email=CAROL, verified_at=timezone.now())
    report_settings.add(people.tenant, CAROL, "fr-ca", user=people.alice)
    clock.move_to(SEVEN)
    minute()
    found = {message.to[0]: message.extra_headers["Content-Language"] for message in mail.outbox}
    assert found == {ALICE: "en", BOB: "fr", CAROL: "fr-ca"}


def test_the_language_of_reports_is_for_all_who_have_none_of_their_own_here(people: Cast, clock: Any) -> None:
    ask_for(people, "daily", ALICE)
    report_settings.change_report(people.tenant, user=people.alice, language="fr")
    Recipient.objects.create(tenant=people.tenant, email=CAROL, verified_at=timezone.now())
    report_settings.add(people.tenant, CAROL, "", user=people.alice)
    clock.move_to(SEVEN)
    minute()
    found = {message.to[0]: message.extra_headers["Content-Language"] for message in mail.outbox}
    assert found == {ALICE: "fr", CAROL: "fr"}


def test_the_headers_let_a_mail_program_end_them_with_one_click(people: Cast, clock: Any) -> None:
    due_report(people, clock)
    send_due()
    sent = email.message_from_bytes(mail.outbox[0].message().as_bytes(), policy=email.policy.default)
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["Auto-Submitted"] == "auto-generated"
    link = "".join(str(sent["List-Unsubscribe"]).split()).strip("<>")
    assert link.startswith("https://books.example/reports/end/")
    path = link.removeprefix("https://books.example")
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.get(path).status_code == 200
    assert Recipient.objects.get().unsubscribed_at is None, "scanners open links"
    answer = stranger.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert Recipient.objects.get().unsubscribed_at is not None
    entry = AuditEntry.objects.get(action="report_unsubscribed")
    assert entry.who == ALICE

    clock.shift(timedelta(days=1))
    minute()
    assert len(mail.outbox) == 1
    stranger.post(path, {"again": "1"})
    clock.shift(timedelta(days=1))
    minute()
    assert len(mail.outbox) == 2


def test_old_reports_are_forgotten(people: Cast, clock: Any) -> None:
    due_report(people, clock)
    minute()
    report_settings.change_report(people.tenant, user=people.alice, when="never")
    clock.shift(timedelta(days=91))
    minute()
    assert not Report.objects.exists()
    assert not ReportMail.objects.exists()


def test_reports_never_mix_workspaces(people: Cast, clock: Any) -> None:
    other = workspace("other", "Other")
    hold(record_of(other, captured(271, created=NOON)), "totals_differ")
    due_report(people, clock)
    send_due()
    assert "#271" not in str(mail.outbox[0].body)
    assert "Other" not in str(mail.outbox[0].body)


def test_the_minute_costs_little_when_nothing_is_due(
    people: Cast, clock: Any, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    ask_for(people, "daily")
    with django_assert_max_num_queries(9):
        mail_tasks.mail_digests()

"""The page of reports, the links in mails, and what every reader may do."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from sync import recipients
from sync.models import OptionsVersion, Recipient, Report, ReportMail
from sync.portability import export_document
from sync.web import report_settings
from sync.web.report_words import read_by, words_of
from tenants.models import AuditEntry, User
from tests.factories import Cast, busy_month, report_of

CAROL = "carol@elsewhere.example"


@pytest.fixture(autouse=True)
def _no_attempts_from_before() -> None:
    cache.clear()


def page(client: Client, people: Cast) -> str:
    return client.get(reverse("reports", args=[people.tenant.slug])).content.decode()


def post(client: Client, people: Cast, name: str, *rows: int, **data: str) -> str:
    return client.post(reverse(name, args=[people.tenant.slug, *rows]), data, follow=True).content.decode()


def add(people: Cast, *addresses: str) -> None:
    for address in addresses:
        report_settings.add(people.tenant, address, "", user=people.alice)


def test_when_and_language_are_saved_as_options_with_an_audit_entry(alice: Client, people: Cast) -> None:
    said = post(alice, people, "reports", when="daily", language="fr-ca")
    assert "Saved. The change applies from the next report." in said
    newest = OptionsVersion.objects.for_tenant(people.tenant).first()
    assert newest is not None
    assert newest.document["tenant"]["report"] == {"recipients": [], "when": "daily", "language": "fr-ca"}
    entry = AuditEntry.objects.get(action="report_options")
    assert (entry.changes["report.when"], entry.user) == (["never", "daily"], people.alice)
    assert re.search(r'<input type="radio" name="when" value="daily"[^>]* checked', page(alice, people))


def test_without_a_choice_nothing_is_saved(alice: Client, people: Cast) -> None:
    answer = alice.post(reverse("reports", args=[people.tenant.slug]), {})
    assert answer.status_code == 422
    assert "Choose when reports are sent." in answer.content.decode()
    assert OptionsVersion.objects.for_tenant(people.tenant).count() == 1


def test_ones_own_address_needs_no_confirmation(alice: Client, people: Cast) -> None:
    said = post(alice, people, "report_add", email=" Alice@Dupont.example ")
    assert "alice@dupont.example gets the reports from now on." in said
    assert mail.outbox == []
    assert recipients.current_wishes(people.tenant).addresses == ("alice@dupont.example",)


def test_a_strangers_address_is_asked_and_confirms_by_a_button(alice: Client, people: Cast) -> None:
    said = post(alice, people, "report_add", email=CAROL, language="fr")
    assert f"{CAROL} was asked to confirm." in said
    [question] = mail.outbox
    assert question.subject == "Confirmez que vous voulez les rapports de l’espace Maison Dupont"
    found = re.search(r"/reports/confirm/[^/\s]+/", str(question.body))
    assert found is not None
    path = found[0]
    visitor = Client()
    assert visitor.get(path).status_code == 200
    assert recipients.active(people.tenant) == [], "opening the link is not enough"
    assert "You get these reports" in visitor.post(path, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    [reader] = recipients.active(people.tenant)
    assert (reader.recipient.email, reader.language) == (CAROL, "fr")
    assert AuditEntry.objects.get(action="report_confirmed").who == CAROL


@pytest.mark.parametrize("why", ["forged", "expired", "replaced", "removed"])
def test_a_question_that_no_longer_counts(people: Cast, why: str) -> None:
    add(people, CAROL)
    carol = Recipient.objects.get()
    token = recipients.question_token(carol)
    if why == "forged":
        token = token[:-2] + "xx"
    elif why == "replaced":
        recipients.ask_again(carol)
    elif why == "removed":
        report_settings.remove(people.tenant, CAROL, user=people.alice)
    if why == "expired":
        recipients.QUESTION_LIFE, life = timedelta(seconds=-1), recipients.QUESTION_LIFE
        try:
            answer = Client().post(reverse("report_confirm", args=[token]))
        finally:
            recipients.QUESTION_LIFE = life
    else:
        answer = Client().post(reverse("report_confirm", args=[token]))
    assert answer.status_code == 410
    assert Recipient.objects.get().verified_at is None


def test_the_two_kinds_of_links_cannot_be_swapped(people: Cast) -> None:
    add(people, CAROL)
    carol = Recipient.objects.get()
    assert recipients.find_asked(recipients.ending_token(carol)) is None
    assert recipients.find_reader(recipients.question_token(carol)) is None


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "Enter an address, for example accounts@example.com."),
        ("carol", "This is not an e-mail address."),
        ("ALICE@dupont.example", "This address is on the list already."),
    ],
)
def test_a_bad_address_is_said_and_kept_in_the_field(alice: Client, people: Cast, email: str, said: str) -> None:
    add(people, "alice@dupont.example")
    answer = alice.post(reverse("report_add", args=[people.tenant.slug]), {"email": email})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not email or email in answer.content.decode()
    assert Recipient.objects.count() == 1


def test_the_list_has_an_end(alice: Client, people: Cast) -> None:
    add(people, *[f"reader{n}@example.com" for n in range(20)])
    answer = alice.post(reverse("report_add", args=[people.tenant.slug]), {"email": CAROL})
    assert "At most 20 addresses get reports. Remove one first." in answer.content.decode()


def test_asking_again_waits_a_little_and_ends_the_old_link(alice: Client, people: Cast) -> None:
    post(alice, people, "report_add", email=CAROL)
    carol = Recipient.objects.get()
    old = recipients.question_token(carol)
    assert "The question was sent a few minutes ago." in post(alice, people, "report_again", carol.pk)
    assert len(mail.outbox) == 1
    Recipient.objects.update(asked_at=timezone.now() - timedelta(minutes=11))
    post(alice, people, "report_again", carol.pk)
    assert len(mail.outbox) == 2
    assert recipients.find_asked(old) is None


def test_who_ended_them_is_not_written_to_because_somebody_enters_the_address_again(
    alice: Client, people: Cast
) -> None:
    add(people, CAROL)
    carol = Recipient.objects.get()
    recipients.confirm(carol)
    recipients.unsubscribe(carol)
    post(alice, people, "report_remove", carol.pk)
    assert "ended these reports, so nothing is sent there." in post(alice, people, "report_add", email=CAROL)
    assert mail.outbox == []
    shown = page(alice, people)
    assert "Unsubscribed" in shown
    assert "Only the reader can start them again" in shown
    post(alice, people, "report_again", carol.pk)
    assert recipients.active(people.tenant) == []


def test_a_member_starts_their_own_again_even_as_a_viewer(bob: Client, people: Cast) -> None:
    add(people, "bob@cabinet.example", "alice@dupont.example")
    his, hers = (Recipient.objects.get(email=email) for email in ("bob@cabinet.example", "alice@dupont.example"))
    recipients.unsubscribe(his)
    recipients.unsubscribe(hers)
    assert bob.post(reverse("report_again", args=[people.tenant.slug, hers.pk])).status_code == 403
    assert "You get the reports again." in post(bob, people, "report_again", his.pk)
    assert [one.recipient.pk for one in recipients.active(people.tenant)] == [his.pk]


def test_a_refused_address_is_shown_with_the_servers_words_and_tried_again(alice: Client, people: Cast) -> None:
    add(people, "alice@dupont.example")
    row = Recipient.objects.get()
    for _day in range(recipients.STOP_AFTER_REFUSALS):
        recipients.note_refused(row, "550 mailbox unavailable")
    shown = page(alice, people)
    assert "Stopped: refused by its server" in shown
    assert "550 mailbox unavailable" in shown
    post(alice, people, "report_again", row.pk)
    assert [one.recipient.pk for one in recipients.active(people.tenant)] == [row.pk]


def test_languages_and_recipients_are_part_of_the_tenant_document(alice: Client, people: Cast) -> None:
    add(people, CAROL)
    carol = Recipient.objects.get()
    post(alice, people, "report_language", carol.pk, **{f"reader_{carol.pk}-language": "fr"})
    newest = OptionsVersion.objects.for_tenant(people.tenant).first()
    assert newest is not None
    document = export_document(people.tenant, newest.document, with_secrets=False)
    assert document["tenant"]["report"]["recipients"] == [CAROL]
    assert document["tenant"]["report"]["languages"] == {CAROL: "fr"}
    post(alice, people, "report_remove", carol.pk)
    newest = OptionsVersion.objects.for_tenant(people.tenant).first()
    assert newest is not None
    assert newest.document["tenant"]["report"] == {"recipients": [], "when": "never", "languages": {}}


def test_a_viewer_reads_and_changes_nothing(bob: Client, people: Cast) -> None:
    add(people, CAROL)
    shown = page(bob, people)
    assert CAROL in shown
    for name in ("report_add", "report_sample"):
        assert reverse(name, args=[people.tenant.slug]) not in shown
    assert bob.post(reverse("reports", args=[people.tenant.slug]), {"when": "daily"}).status_code == 403


def test_a_sample_goes_to_whoever_asks_at_once(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    assert "A sample is on its way to alice@dupont.example." in post(alice, people, "report_sample")
    [sample] = mail.outbox
    assert sample.to == ["alice@dupont.example"]
    assert "List-Unsubscribe" not in sample.extra_headers
    assert "A sample was sent a moment ago." in post(alice, people, "report_sample")
    assert len(mail.outbox) == 1
    assert not Report.objects.exists()


def test_a_sample_that_the_server_refuses_says_so(alice: Client, people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_values: object) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    assert "The e-mail could not be sent." in post(alice, people, "report_sample")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_report_reads_in_the_browser_as_in_the_mail(alice: Client, people: Cast, language: str) -> None:
    User.objects.update(language=language)
    busy_month(people.tenant)
    report = report_of(people.tenant, "weekly", days=7)
    recipient = Recipient.objects.create(tenant=people.tenant, email=CAROL)
    ReportMail.objects.create(report=report, recipient=recipient, language="en", state="refused", detail="550 no")
    shown = alice.get(reverse("report", args=[people.tenant.slug, report.pk])).content.decode()
    with read_by(report.figures, language), translation.override(language):
        text = words_of(report.figures, people.tenant.slug)
    for words in (text.title, text.lede, text.causes[0].title, text.tables[0][0].total, "550 no", CAROL):
        assert words in html.unescape(shown)
    listed = page(alice, people)
    assert reverse("report", args=[people.tenant.slug, report.pk]) in listed
    assert text.title in listed


def test_the_page_costs_the_same_for_few_and_for_many(alice: Client, people: Cast) -> None:
    add(people, CAROL)
    report_of(people.tenant)
    few = _queries(alice, people)
    add(people, *[f"reader{n}@example.com" for n in range(15)])
    busy_month(people.tenant)
    for _report in range(5):
        report_of(people.tenant)
    assert _queries(alice, people) == few


def _queries(client: Client, people: Cast) -> int:
    with CaptureQueriesContext(connection) as queries:
        page(client, people)
    return len(queries)

"""What happened, and is it over?"""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync.models import Run
from sync.web.progress import measure
from tests.factories import Cast, captured, ended_run, live_run, record_of


def page_of(client: Client, people: Cast, run: Run, **headers: str) -> str:
    answer = client.get(reverse("run", args=[people.tenant.slug, run.pk]), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_live_run_says_how_far_it_is_and_when_it_will_be_done(people: Cast) -> None:
    with time_machine.travel("2026-11-24T14:12:39Z", tick=False):
        run = live_run(people.tenant)
        run.started_at = timezone.now() - timedelta(minutes=7, seconds=39)
        progress = measure(run)
    assert progress.percent == 26
    assert progress.remaining == "About 21 minutes left"
    assert [phase.is_done for phase in progress.phases] == [True, True, True, False, False]
    assert sum(records for _badge, records in progress.badges) == run.total


def test_no_time_is_promised_before_a_twentieth_is_done(people: Cast) -> None:
    assert measure(live_run(people.tenant, done=100, tally={"synced": 100})).remaining == ""


def test_it_asks_often_at_first_and_seldom_later(people: Cast) -> None:
    now = timezone.now()
    assert measure(live_run(people.tenant, started_at=now)).poll_seconds == 2
    Run.objects.all().delete()
    assert measure(live_run(people.tenant, started_at=now - timedelta(minutes=2))).poll_seconds == 10


def test_a_run_without_progress_for_two_minutes_says_so(alice: Client, people: Cast) -> None:
    run = live_run(people.tenant, progressed_at=timezone.now() - timedelta(minutes=3))
    assert "No progress for two minutes" in page_of(alice, people, run)


def test_a_throttled_run_says_when_it_goes_on(alice: Client, people: Cast) -> None:
    run = live_run(people.tenant, waiting_for="throttled", not_before=timezone.now() + timedelta(seconds=110))
    assert "QuickBooks is limiting us for now. Sending resumes in 2 minutes." in page_of(alice, people, run)


def test_an_unreachable_store_is_named_with_the_next_try(alice: Client, people: Cast) -> None:
    later = timezone.now() + timedelta(minutes=5)
    run = live_run(people.tenant, waiting_for="store_unreachable", not_before=later)
    assert "maison-dupont.example did not answer. We will try again at" in page_of(alice, people, run)


def test_the_poll_gets_the_progress_alone_until_the_run_has_ended(alice: Client, people: Cast) -> None:
    run = live_run(people.tenant)
    headers = {"HX-Request": "true", "HX-Target": f"live-{run.pk}"}
    part = page_of(alice, people, run, **headers)
    assert "<html" not in part
    assert 'hx-trigger="every 10s"' in part
    Run.objects.update(state="finished", finished_at=timezone.now())
    part = page_of(alice, people, run, **headers)
    assert "hx-trigger" not in part
    assert "The run has ended." in part


def test_cancel_asks_the_run_to_stop(alice: Client, people: Cast) -> None:
    run = live_run(people.tenant)
    page = alice.post(reverse("cancel_run", args=[people.tenant.slug, run.pk]), follow=True).content.decode()
    assert "Stopping after the order now being sent…" in page
    assert Run.objects.get().cancel_requested


def test_cancel_comes_too_late(alice: Client, people: Cast) -> None:
    run = ended_run(people.tenant, timezone.now())
    page = alice.post(reverse("cancel_run", args=[people.tenant.slug, run.pk]), follow=True).content.decode()
    assert "This run has already ended." in page
    assert not Run.objects.get().cancel_requested


def test_quiet_runs_of_a_day_fold_into_one_line(alice: Client, people: Cast) -> None:
    with time_machine.travel("2026-11-24T14:12:39Z", tick=False):
        for hours in (9, 8, 7):
            ended_run(people.tenant, timezone.now() - timedelta(hours=hours))
        run = ended_run(people.tenant, timezone.now() - timedelta(hours=6), {"synced": 4, "attention": 1})
        record_of(people.tenant, captured(240), run=run)
        page = alice.get(reverse("runs", args=[people.tenant.slug])).content.decode()
    assert "3 quiet checks" in page
    assert "1 document sent · 1 needs attention" in page
    assert "Finished with open points" in page


def test_a_run_that_only_read_again_what_was_synced_is_quiet(alice: Client, people: Cast) -> None:
    """The first run sends an order; the next two read it once more, since their windows overlap."""
    with time_machine.travel("2026-11-24T14:12:39Z", tick=False):
        tally = {"synced": 1, "skipped": 1, "waiting": 1}
        first, *_others = (
            ended_run(people.tenant, timezone.now() - timedelta(minutes=minutes), tally) for minutes in (9, 6, 3)
        )
        record_of(people.tenant, captured(240), run=first)
        page = alice.get(reverse("runs", args=[people.tenant.slug])).content.decode()
        overview = alice.get(reverse("overview", args=[people.tenant.slug])).content.decode()
    assert "1 document sent · 1 skipped · 1 awaiting payment" in page
    assert page.count("sent ·") == 1
    assert "2 quiet checks" in page
    assert "1 document sent · 1 skipped" in overview


def test_a_failed_run_says_what_is_safe_and_what_to_do(alice: Client, people: Cast) -> None:
    run = ended_run(people.tenant, timezone.now(), state="paused", error_reason="store_refused_keys")
    page = page_of(alice, people, run)
    assert "Your store refused our keys. Syncing is paused; nothing is lost." in page
    assert "Create new keys in WooCommerce" in page


def test_an_unknown_failure_still_has_a_sentence(alice: Client, people: Cast) -> None:
    run = ended_run(people.tenant, timezone.now(), state="failed", error_reason="something_new")
    assert "Something went wrong on the way. Nothing was sent twice; nothing is lost." in page_of(alice, people, run)

"""What an owner's buttons do to the rows: retry, skip with a reason, sync now, cancel."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Record, Run
from tests.factories import Cast, captured, ended_run, hold, live_run, record_of

RATE = "FR 20 %"


@pytest.fixture
def held(people: Cast) -> Record:
    return hold(record_of(people.tenant, captured(271)), "unmapped_tax_rate", rate=RATE)


def press(client: Client, name: str, people: Cast, *args: int, **data: str) -> str:
    """Where the button leads."""
    answer = client.post(reverse(name, args=[people.tenant.slug, *args]), data)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def test_retry_queues_the_record_and_runs_for_its_order_alone(alice: Client, people: Cast, held: Record) -> None:
    assert press(alice, "retry_record", people, held.pk) == reverse("record", args=[people.tenant.slug, held.pk])
    held.refresh_from_db()
    assert (held.state, held.reason) == (Record.State.QUEUED, "")
    assert held.events.get(kind="queued_again").details == {"by": str(people.alice)}
    run = Run.objects.get()
    assert run.parameters == {"order_ids": [held.woo_id]}
    assert (run.trigger, run.requested_by) == ("button", people.alice)


def test_a_second_retry_changes_nothing(alice: Client, people: Cast, held: Record) -> None:
    press(alice, "retry_record", people, held.pk)
    press(alice, "retry_record", people, held.pk)
    assert held.events.filter(kind="queued_again").count() == 1
    assert Run.objects.count() == 1


def test_a_synced_record_is_not_sent_again(alice: Client, people: Cast) -> None:
    synced = record_of(people.tenant, captured(240))
    press(alice, "retry_record", people, synced.pk)
    press(alice, "skip_record", people, synced.pk, why="No reason")
    synced.refresh_from_db()
    assert synced.state == Record.State.SYNCED
    assert not Run.objects.exists()


def test_retrying_a_cause_takes_all_of_it_and_nothing_else(alice: Client, people: Cast, held: Record) -> None:
    same = hold(record_of(people.tenant, captured(240)), "unmapped_tax_rate", rate=RATE)
    other = hold(record_of(people.tenant, captured(241)), "unmapped_tax_rate", rate="FR 5.5 %")
    press(alice, "retry_cause", people, reason="unmapped_tax_rate", subject=RATE)
    states = dict(Record.objects.values_list("pk", "state"))
    assert states[held.pk] == states[same.pk] == Record.State.QUEUED
    assert states[other.pk] == Record.State.ATTENTION
    assert sorted(Run.objects.get().parameters["order_ids"]) == sorted([held.woo_id, same.woo_id])


def test_retrying_no_cause_takes_nothing(alice: Client, people: Cast, held: Record) -> None:
    press(alice, "retry_cause", people)
    held.refresh_from_db()
    assert held.state == Record.State.ATTENTION
    assert not Run.objects.exists()


def test_skipping_wants_a_reason_and_keeps_it(alice: Client, people: Cast, held: Record) -> None:
    url = reverse("skip_record", args=[people.tenant.slug, held.pk])
    answer = alice.post(url, {"why": "  "})
    assert answer.status_code == 200
    held.refresh_from_db()
    assert held.state == Record.State.ATTENTION

    press(alice, "skip_record", people, held.pk, why="Entered by hand on 3 March")
    held.refresh_from_db()
    assert (held.state, held.reason) == (Record.State.SKIPPED, "by_hand")
    assert held.details == {"by": str(people.alice), "why": "Entered by hand on 3 March"}
    page = alice.get(reverse("record", args=[people.tenant.slug, held.pk])).content.decode()
    assert "Entered by hand on 3 March" in page
    press(alice, "retry_record", people, held.pk)
    held.refresh_from_db()
    assert held.state == Record.State.QUEUED


def test_sync_now_starts_one_run_and_joins_it_afterwards(alice: Client, people: Cast) -> None:
    first = press(alice, "sync_now", people)
    assert press(alice, "sync_now", people) == first
    run = Run.objects.get()
    assert first == reverse("run", args=[people.tenant.slug, run.pk])
    assert run.requested_by == people.alice


def test_sync_now_needs_both_sides(alice: Client, people: Cast) -> None:
    people.tenant.company = None
    people.tenant.save(update_fields=["company"])
    assert press(alice, "sync_now", people) == reverse("overview", args=[people.tenant.slug])
    assert not Run.objects.exists()


def test_cancel_asks_the_running_run_and_leaves_ended_ones(alice: Client, people: Cast, held: Record) -> None:
    ended, running = ended_run(people.tenant, held.first_seen_at), live_run(people.tenant)
    for run in (ended, running):
        press(alice, "cancel_run", people, run.pk)
        run.refresh_from_db()
    assert running.cancel_requested
    assert not ended.cancel_requested

"""One decision about many records: what is counted, what is done, what is left and why."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Record, Run
from tenants.models import AuditEntry, Role
from tests.factories import Cast, busy_month, captured, hold, member, record_of, workspace

RATE = "FR 20 %"


@pytest.fixture
def held(people: Cast) -> list[Record]:
    return [hold(record_of(people.tenant, captured(one)), "unmapped_tax_rate", rate=RATE) for one in (271, 240, 241)]


@pytest.fixture
def synced(people: Cast) -> Record:
    return record_of(people.tenant, captured(124))


def decide(client: Client, people: Cast, do: str = "", *, htmx: bool = False, **data: object) -> str:
    headers = {"HX-Request": "true"} if htmx else {}
    url = reverse("record_bulk", args=[people.tenant.slug])
    answer = client.post(url, {"do": do, **data}, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def state_of(record: Record) -> tuple[str, str]:
    record.refresh_from_db()
    return record.state, record.reason


def test_the_bar_counts_and_sums_what_is_ticked(alice: Client, people: Cast, held: list[Record]) -> None:
    two = held[:2]
    bar = decide(alice, people, htmx=True, id=[one.pk for one in two])
    assert "<html" not in bar
    assert "2 selected · €" in bar
    assert f"{sum(one.store_total or 0 for one in two):,.2f}" in bar
    assert "Retry 2" in bar
    assert "Skip 2…" in bar
    assert "Select all 3" in bar


def test_all_takes_the_whole_filtered_list_on_whatever_page(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    held = Record.objects.filter(tenant=people.tenant, reason="unmapped_tax_rate")
    assert held.count() > 3
    bar = decide(alice, people, htmx=True, all="1", reason="unmapped_tax_rate")
    assert f"{held.count()} selected" in bar
    others = set(Record.objects.exclude(pk__in=held).filter(state="queued").values_list("pk", flat=True))
    decide(alice, people, "retry", all="1", reason="unmapped_tax_rate")
    assert not held.all().exists()
    assert set(Record.objects.filter(state="queued").values_list("pk", flat=True)) > others


def test_retry_queues_what_can_be_and_says_why_the_rest_was_left(
    alice: Client, people: Cast, held: list[Record], synced: Record
) -> None:
    edited = hold(record_of(people.tenant, captured(242)), "edited_in_quickbooks", number="Wio242")
    page = decide(alice, people, "retry", id=[held[0].pk, held[1].pk, synced.pk, edited.pk])
    assert "2 records are looked at again. 2 were left as they are." in page
    assert "Already synced: there is nothing to retry." in page
    assert "Its document was touched in QuickBooks" in page
    assert [state_of(one)[0] for one in held] == ["queued", "queued", "attention"]
    assert state_of(edited) == ("attention", "edited_in_quickbooks")
    run = Run.objects.get()
    assert sorted(run.parameters["order_ids"]) == sorted([held[0].woo_id, held[1].woo_id])
    assert AuditEntry.objects.get(action="records.retry").changes == {"records": [None, 2]}


def test_skip_asks_why_first_and_keeps_the_selection(
    alice: Client, people: Cast, held: list[Record], synced: Record
) -> None:
    ids = [held[0].pk, synced.pk]
    page = decide(alice, people, "skip", id=ids)
    assert "Skip 2 records?" in page
    assert all(f'name="id" value="{one}"' in page for one in ids)
    assert "Say why in a few words" in decide(alice, people, "skip", id=ids, why=" ")
    assert state_of(held[0])[0] == "attention"

    page = decide(alice, people, "skip", id=ids, why="Entered by hand in March")
    assert "1 record skipped. 1 was left as it is." in page
    assert "Already synced: to take it out of QuickBooks, open it and undo it." in page
    assert state_of(held[0]) == ("skipped", "by_hand")
    assert held[0].details == {"by": str(people.alice), "why": "Entered by hand in March"}
    assert state_of(synced) == ("synced", "")


def test_nothing_selected_leads_back_to_the_filtered_list(alice: Client, people: Cast, held: list[Record]) -> None:
    url = reverse("record_bulk", args=[people.tenant.slug])
    for data in ({"do": "retry"}, {"do": "retry", "id": "x"}, {"do": "explode", "id": held[0].pk}):
        answer = alice.post(url, {**data, "state": "attention"})
        assert answer.headers["Location"] == reverse("records", args=[people.tenant.slug]) + "?state=attention"
    assert not Run.objects.exists()


def test_records_of_another_workspace_are_never_taken(alice: Client, people: Cast, held: list[Record]) -> None:
    other = workspace("other", "Other")
    member(other, people.alice.email, Role.OWNER)
    url = reverse("record_bulk", args=[other.slug])
    alice.post(url, {"do": "retry", "id": [one.pk for one in held]})
    alice.post(url, {"do": "skip", "why": "mine", "id": [one.pk for one in held]})
    assert {state_of(one)[0] for one in held} == {"attention"}


def test_a_viewer_gets_no_ticks(bob: Client, alice: Client, people: Cast, held: list[Record]) -> None:
    url = reverse("records", args=[people.tenant.slug])
    assert 'name="id"' in alice.get(url).content.decode()
    assert 'name="id"' not in bob.get(url).content.decode()

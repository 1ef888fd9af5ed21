"""Where is order 2289, is it right, and why?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sync.models import Record
from tenants.models import Role
from tests.factories import Cast, busy_month, captured, event, member, record_of, workspace

NOW = datetime.now(UTC)
STATED = 124
"""A captured order whose tax QuickBooks would compute a cent higher."""


def listed(client: Client, people: Cast, **query: str) -> str:
    answer = client.get(reverse("records", args=[people.tenant.slug]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(client: Client, people: Cast, record: Record) -> str:
    answer = client.get(reverse("record", args=[people.tenant.slug, record.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def sell(people: Cast, order_id: int = 240, *, days_ago: int = 1) -> Record:
    return record_of(people.tenant, captured(order_id, created=NOW - timedelta(days=days_ago)))


@pytest.mark.parametrize("text", ["#240", "n° 240", "240", "Luc Martin", "luc", "Wio240"])
def test_search_finds_by_number_buyer_and_document(text: str, alice: Client, people: Cast) -> None:
    sell(people)
    sell(people, 241)
    page = listed(alice, people, q=text)
    assert "#240" in page
    assert "#241" not in page


def test_filters_narrow_and_each_can_be_taken_off_again(alice: Client, people: Cast) -> None:
    sell(people)
    sell(people, 271)
    day = (NOW - timedelta(days=3)).date().isoformat()
    page = listed(alice, people, state="attention", source="order", since=day, q="2")
    assert "#271" in page
    assert "#240" not in page
    assert f'href="?q=2&amp;state=attention&amp;since={day}"' in page


def test_a_period_is_in_days_of_the_tenant(alice: Client, people: Cast) -> None:
    late = NOW.replace(hour=23, minute=30) - timedelta(days=3)
    record_of(people.tenant, captured(240, created=late))
    next_day = (late + timedelta(days=1)).date().isoformat()
    assert "#240" in listed(alice, people, since=next_day, until=next_day)


@pytest.mark.parametrize("query", [{"state": "nonsense"}, {"since": "yesterday"}, {"page": "-4"}, {"page": "x"}])
def test_what_makes_no_sense_in_the_address_is_left_out(query: dict[str, str], alice: Client, people: Cast) -> None:
    sell(people)
    assert "#240" in listed(alice, people, **query)


def test_no_result_says_what_was_searched(alice: Client, people: Cast) -> None:
    sell(people)
    assert "Nothing matches “zebra”. Clear the filters." in listed(alice, people, q="zebra")


def test_fifty_records_a_page_and_filters_stay_in_the_links(alice: Client, people: Cast) -> None:
    busy_month(people.tenant)
    page = listed(alice, people, state="synced")
    assert page.count('<th scope="row"') == 50
    assert 'href="?state=synced&amp;page=2"' in page


def test_htmx_gets_the_results_alone(alice: Client, people: Cast) -> None:
    sell(people)
    headers = {"HX-Request": "true", "HX-Target": "results"}
    answer = alice.get(reverse("records", args=[people.tenant.slug]), headers=headers)
    assert answer.content.decode().strip().startswith('<div id="results">')


def test_a_synced_record_shows_both_sides_and_the_proof_by_rate(alice: Client, people: Cast) -> None:
    page = shown(alice, people, sell(people))
    assert "Exact to the cent" in page
    assert "Sales receipt Wio240" in page
    assert page.count("TVA 5.5%") >= 3
    assert "Sales receipt Wio240 sent to QuickBooks" in page
    assert "Settings version 1, saved on" in page


def test_a_rate_that_differs_is_not_called_exact(alice: Client, people: Cast) -> None:
    record = sell(people)
    rates = [{**rate, "store": str(Decimal(rate["store"]) + 1)} for rate in record.proof["rates"]]
    record.proof, record.notices = {**record.proof, "rates": rates}, [{"reason": "rates_differ", "rate": "TVA 20%"}]
    record.save(update_fields=["proof", "notices"])
    page = shown(alice, people, record)
    assert "Exact to the cent" not in page
    assert "Only the total is exact" in page
    assert "a cent or two more or less than the store for TVA 20%" in page


def test_what_the_store_does_not_tax_has_a_name_in_the_proof(alice: Client, people: Cast) -> None:
    record = sell(people)
    record.proof = {**record.proof, "rates": [{"label": "", "rate_id": "9", "store": "0.00", "document": "0.00"}]}
    record.save(update_fields=["proof"])
    page = shown(alice, people, record)
    assert '<th scope="row">Untaxed</th>' in page
    assert '<th scope="row"></th>' not in page


def test_a_stated_tax_is_explained(alice: Client, people: Cast) -> None:
    page = shown(alice, people, sell(people, STATED))
    assert "QuickBooks would have computed €25.15; we sent the store’s €25.14 and it was accepted." in page


def test_a_held_record_says_why_and_how_it_ends(alice: Client, people: Cast) -> None:
    page = shown(alice, people, sell(people, 271))
    assert "The rate “TVA 19,6%” no longer exists in the store" in page
    assert "Not in QuickBooks" in page
    assert reverse("retry_record", args=[people.tenant.slug, Record.objects.get().pk]) in page


def test_the_planned_document_is_shown_while_there_is_none(alice: Client, people: Cast) -> None:
    record = sell(people, 271)
    payload = {
        "DocNumber": "Wio271",
        "Line": [{"Amount": 100, "Description": "Ancien article", "SalesItemLineDetail": {}}],
    }
    record.details = {**record.details, "planned": {"entity": "SalesReceipt", "payload": payload}}
    record.save()
    page = shown(alice, people, record)
    assert "Sales receipt Wio271" in page
    assert "planned</span>" in page


def test_an_unreadable_order_still_has_a_page(alice: Client, people: Cast) -> None:
    record = Record.objects.create(
        tenant=people.tenant, source="order", woo_id=5, raw={"id": 5, "nonsense": "<script>"}, state="attention",
        reason="unreadable", details={"problem": "The order has no status."},
    )  # fmt: skip
    page = shown(alice, people, record)
    assert "The order has no status." in page
    assert "<script>&quot;" not in page
    assert "&lt;script&gt;" in page


def test_a_record_without_raw_data_says_they_are_no_longer_kept(alice: Client, people: Cast) -> None:
    record = sell(people)
    record.raw = {}
    record.save()
    assert "No longer kept." in shown(alice, people, record)


def test_a_record_page_costs_the_same_however_much_happened(alice: Client, people: Cast) -> None:
    record = sell(people)
    few = _queries(alice, people, record)
    for number in range(40):
        event(record, "read_again", status="processing")
        Record.objects.create(
            tenant=people.tenant, source="refund", woo_id=number, parent=record, currency="EUR", store_total=1,
        )  # fmt: skip
    assert _queries(alice, people, record) == few <= 13


def test_a_list_costs_the_same_for_one_record_and_for_fifty(alice: Client, people: Cast) -> None:
    sell(people)
    with CaptureQueriesContext(connection) as few:
        listed(alice, people)
    large = workspace("large", "Large")
    member(large, people.alice.email, Role.OWNER)
    busy_month(large)
    with CaptureQueriesContext(connection) as many:
        listed(alice, replace(people, tenant=large))
    assert len(many) == len(few) <= 10


def test_skip_asks_for_a_reason_and_can_be_taken_back(alice: Client, people: Cast) -> None:
    record = sell(people, 271)
    url = reverse("skip_record", args=[people.tenant.slug, record.pk])
    assert "Say why in a few words" in alice.post(url, {"why": " "}).content.decode()
    page = alice.post(url, {"why": "entered by hand"}, follow=True).content.decode()
    assert "Order #271 skipped." in page
    assert "Skipped by Alice Dupont: entered by hand" in page
    assert "Undo" in page
    alice.post(reverse("retry_record", args=[people.tenant.slug, record.pk]))
    record.refresh_from_db()
    assert record.state == Record.State.QUEUED


def test_the_skip_dialog_comes_without_the_frame(alice: Client, people: Cast) -> None:
    url = reverse("skip_record", args=[people.tenant.slug, sell(people, 271).pk])
    page = alice.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'id="dialog-title"' in page
    assert "<html" not in page


def test_french_sentences_agree_with_what_they_tell_of(alice: Client, people: Cast) -> None:
    people.alice.language = "fr"
    people.alice.save()
    page = shown(alice, people, sell(people))
    assert "Commande n°\u00a0240" in page
    assert "Synchronisée" in page
    assert "Reçu de vente Wio240 envoyé à QuickBooks" in page


def _queries(client: Client, people: Cast, record: Record) -> int:
    with CaptureQueriesContext(connection) as queries:
        shown(client, people, record)
    return len(queries)

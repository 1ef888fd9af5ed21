"""Linking at a page: search, compare, link, let go; and the three answers to a number that is taken."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Posting, Record
from tenants.models import AuditEntry, Tenant
from tests.sync.conftest import new_world, nobody_waits, point_at, world  # noqa: F401  (fixtures)
from tests.sync.test_linking import key_in, link, seen, select_all
from tests.sync.test_refunds import POT, TEA, refund, total_of
from tests.sync.web.test_cures import finish_runs, offered, owner_of, press
from tests.sync.world import World, assert_no_duplicates, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

TAKEN = "duplicate_number"


def address(name: str, tenant: Tenant, record: Record, **query: str) -> str:
    return reverse(name, args=[tenant.slug, record.pk], query=query or None)


def page(client: Client, url: str, **body: str) -> str:
    answer = client.post(url, body, follow=True) if body else client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# By hand


def test_a_person_searches_compares_links_and_lets_go(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id, number="A-77")
    key_in(world, order_id, number="B-78", total="12.00")
    owner, record = owner_of(tenant), record_of(tenant, order_id)
    assert address("record_link", tenant, record) in page(owner, address("record", tenant, record))
    world.forget_stats()
    found = owner.get(address("record_link", tenant, record, kind="SalesReceipt", number="a-7")).context["rows"]
    assert [(row.number, row.agrees, row.why) for row in found] == [("A-77", True, "")]
    assert world.stats()["reads"] == 1
    by_total = {"kind": "SalesReceipt", "total": "12"}
    found = owner.get(address("record_link", tenant, record, **by_total)).context["rows"]
    assert [(row.number, row.agrees) for row in found] == [("B-78", False)]
    query = {"kind": "SalesReceipt", "document": document["Id"]}
    text = page(owner, address("record_compare", tenant, record, **query))
    assert "A-77" in text
    assert 'name="accept"' not in text
    said = page(owner, address("record_compare", tenant, record), **query, total=str(total_of(world, order_id)))
    assert "Linked to document A-77" in said
    assert record_of(tenant, order_id).state == "synced"
    assert AuditEntry.objects.get(tenant=tenant, action="record.link").changes["records"][1] == "A-77"
    said = page(owner, address("record_unlink", tenant, record), then="skip")
    assert "The link is off" in said
    assert record_of(tenant, order_id).reason == "by_hand"
    assert {one["SyncToken"] for one in world.documents()} == {"0"}


def test_a_difference_is_linked_only_when_it_was_seen_and_accepted(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id, total="12.00")
    owner, record = owner_of(tenant), record_of(tenant, order_id)
    query = {"kind": "SalesReceipt", "document": document["Id"]}
    assert 'name="accept"' in page(owner, address("record_compare", tenant, record, **query))
    compare = address("record_compare", tenant, record)
    page(owner, compare, **query, total="12.00")
    page(owner, compare, **query, total="11.00", accept="on")
    assert not Posting.objects.filter(is_linked=True).exists()
    said = page(owner, compare, **query, total="12.00", accept="on")
    assert "Linked to document" in said
    assert "was linked with that difference in view" in said


def test_a_search_without_anything_costs_nothing_and_says_so(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    owner, record = owner_of(tenant), record_of(tenant, order_id)
    world.forget_stats()
    assert "Give a number" in page(owner, address("record_link", tenant, record, kind="SalesReceipt"))
    assert world.stats()["calls"] == 0


def test_a_taken_document_says_why_it_cannot_be_chosen(world: World) -> None:  # noqa: F811
    first, second = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA])
    tenant = seen(world)
    link(tenant, record_of(tenant, first), key_in(world, first, number="A-77"))
    query = {"kind": "SalesReceipt", "number": "A-77"}
    text = page(owner_of(tenant), address("record_link", tenant, record_of(tenant, second), **query))
    assert "belongs to another order already" in text


@pytest.mark.parametrize("query", [{}, {"kind": "Payment", "document": "1"}, {"kind": "Invoice", "document": "1;2"}])
def test_no_other_document_can_be_asked_for(world: World, query: dict[str, str]) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    url = address("record_compare", tenant, record_of(tenant, order_id), **query)
    assert owner_of(tenant).get(url).status_code == 404


# A number that is taken


def taken(world: World, **keyed: Any) -> tuple[Tenant, int, str]:  # noqa: F811
    """An order whose number a stranger's document bears."""
    order_id = world.add_order(line_items=[TEA])
    number = f"Wio{world.number_of(order_id)}"
    key_in(world, order_id, number=number, **keyed)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {f"attention:{TAKEN}": 1}
    return tenant, order_id, number


def test_a_taken_number_shows_both_sides_and_is_linked_with_one_click(world: World) -> None:  # noqa: F811
    tenant, _order_id, number = taken(world)
    owner = owner_of(tenant)
    offer = offered(owner, tenant, TAKEN).offer
    assert [button.action for button in offer.buttons] == ["link", "next", "skip"]
    shown = {pair.label: (pair.store, pair.books, pair.agrees) for pair in offer.pairs}
    assert shown["Customer"] == ("Jeanne Moreau", "Jeanne Moreau", None)
    assert shown["Total"][2] is True
    said = press(owner, tenant, TAKEN, number, htmx=True, action="link")
    assert f"Linked to document {number}" in said
    assert states(tenant) == {"synced": 1}
    run_to_end(tenant)
    assert len(world.documents()) == 1


def test_a_taken_number_of_another_amount_leads_to_the_comparison(world: World) -> None:  # noqa: F811
    tenant, _order_id, number = taken(world, total="12.00")
    owner = owner_of(tenant)
    offer = offered(owner, tenant, TAKEN).offer
    assert [button.action for button in offer.buttons] == ["next", "skip"]
    assert 'name="accept"' in page(owner, offer.ways[0].url)
    press(owner, tenant, TAKEN, number, action="link")
    assert states(tenant) == {f"attention:{TAKEN}": 1}


def test_the_next_number_is_taken_and_the_one_after_where_that_is_used_too(world: World) -> None:  # noqa: F811
    tenant, order_id, number = taken(world, total="12.00")
    key_in(world, order_id, number=f"{number}-2", total="13.00")
    owner = owner_of(tenant)
    for place in ("2", "3"):
        following = f"{number}-{place}"
        assert following in offered(owner, tenant, TAKEN).offer.buttons[0].label
        assert following in press(owner, tenant, TAKEN, offered(owner, tenant, TAKEN).cause.subject, action="next")
        finish_runs(tenant)
    assert states(tenant) == {"synced": 1}
    assert record_of(tenant, order_id).decisions[TAKEN] == f"{number}-3"
    ours = [one for one in world.documents() if str(one.get("PrivateNote", "")).startswith("woo:")]
    assert [one["DocNumber"] for one in ours] == [f"{number}-3"]
    refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    assert [one["DocNumber"] for one in world.documents("RefundReceipt")] == [f"C{number}-3"]
    assert_no_duplicates(world)


def test_a_taken_number_may_be_left_out(world: World) -> None:  # noqa: F811
    tenant, _order_id, number = taken(world)
    press(owner_of(tenant), tenant, TAKEN, number, action="skip")
    assert states(tenant) == {"skipped:by_hand": 1}


def test_a_number_that_a_document_of_another_kind_bears_is_told_as_that(world: World) -> None:  # noqa: F811
    world.company_control("behaviour", number_family="all")
    order_id = world.add_order(line_items=[TEA])
    number = f"Wio{world.number_of(order_id)}"
    key_in(world, order_id, "Invoice", number=number)
    tenant = world.connect()
    run_to_end(tenant)
    assert record_of(tenant, order_id).details["existing_kind"] == "Invoice"
    press(owner_of(tenant), tenant, TAKEN, number, action="link")
    assert states(tenant) == {"synced": 1}
    assert Posting.objects.get(is_linked=True).entity == "Invoice"


# What follows


def test_an_edited_order_keeps_its_link_on_a_persons_word(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    select_all(world)
    world.change_order(order_id, line_items=[POT])
    run_to_end(tenant)
    owner = owner_of(tenant)
    assert [button.action for button in offered(owner, tenant, "totals_differ").offer.buttons] == ["keep"]
    assert "The link is kept" in press(owner, tenant, "totals_differ", action="keep")
    finish_runs(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    assert Decimal(record.notices[0]["store_total"]) == total_of(world, order_id)


def test_an_old_refund_of_a_linked_sale_is_sent_or_linked_from_its_card(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    select_all(world)
    run_to_end(tenant)
    owner = owner_of(tenant)
    card = offered(owner, tenant, "refund_without_sale")
    assert card.offer.ways[0].url == address("record_link", tenant, record_of(tenant, refund_id, "refund"))
    assert "refund" in page(owner, card.offer.ways[0].url).lower()
    assert "The refund is sent." in press(owner, tenant, "refund_without_sale", str(refund_id), action="alone")
    finish_runs(tenant)
    assert [one["TotalAmt"] for one in world.documents("RefundReceipt")] == ["5.00"]

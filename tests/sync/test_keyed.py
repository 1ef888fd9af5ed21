"""What stands in the books already: found with few reads, matched with the orders, linked in bulk, never doubled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.keyed import note_key, number_key
from sync import linking
from sync.engine.requests import request_run
from sync.models import KeyedDocument, Posting, Record, Run
from sync.retention import forget_old
from sync.setup import is_set_up
from tenants.models import Tenant
from tests.factories import person
from tests.sync.test_linking import key_in
from tests.sync.test_refunds import POT, TEA, total_of
from tests.sync.world import World, assert_no_duplicates, finish, one_slice, record_of, run_to_end, states

pytestmark = pytest.mark.django_db


def look(tenant: Tenant) -> Run:
    run, _is_new = request_run(tenant, trigger="search", only="search")
    return finish(run)


def found(tenant: Tenant) -> dict[str, tuple[str, bool]]:
    """The order's id -> what its document's pair rests on, and whether it is certain."""
    return {str(row.woo_id): (row.why, row.is_certain) for row in linking.pairs_of(tenant)}


def link_all(tenant: Tenant, *, ticked: Any = (), with_others: bool = True) -> Run:
    shown = list(linking.pairs_of(tenant).filter(pk__in=ticked).values_list("pk", flat=True))
    linking.choose(tenant, ticked=shown, shown=shown, with_others=with_others, user=person("a@b.example", "Alice"))
    return run_to_end(tenant, only="links")


@pytest.mark.parametrize(
    ("text", "key"),
    [("1234", "1234"), ("#1234", "1234"), ("WC-1234", "1234"), ("Wio1234", "1234"), ("001234", "1234"), ("Web", "web")],
)
def test_a_number_is_compared_as_people_and_connectors_write_it(text: str, key: str) -> None:
    assert number_key(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Order #1234", "1234"), ("WooCommerce order 1234, Stripe", "1234"), ("Commande n° 1234", "1234"),
        ("WC-1234", "1234"), ("1234", "1234"), ("Paid on 12 March", ""), ("", ""),
        ("Refund 1234-2", "1234-2"), ("Avoir n° 1234", "1234"),
    ],
)  # fmt: skip
def test_a_note_tells_an_orders_number_or_nothing(text: str, key: str) -> None:
    assert note_key(text) == key


@pytest.mark.parametrize(("credit_memos", "reads"), [("automatic", 4), ("off", 2)])
def test_nothing_keyed_costs_a_read_for_each_kind_and_no_call_to_the_shop(
    world: World, credit_memos: str, reads: int
) -> None:
    world.add_order(line_items=[TEA])
    tenant = world.connect(orders={"credit_memos": credit_memos})
    world.forget_stats()
    run = look(tenant)
    assert (run.state, run.qbo_reads, run.woo_calls) == ("finished", reads, 0)
    assert world.stats()["reads"] == reads
    assert not Record.objects.exists(), "a search commits nobody to anything"
    assert not is_set_up(tenant)
    assert linking.is_covered(tenant, datetime.now(UTC).date())


def test_every_usual_form_is_matched_with_its_order_and_said_how_surely(world: World) -> None:
    ids = [world.add_order(line_items=[TEA]) for _n in range(6)]
    numbers = [world.number_of(order_id) for order_id in ids]
    key_in(world, ids[0], number=numbers[0])
    key_in(world, ids[1], number=f"WC-{numbers[1]}")
    key_in(world, ids[2], "Invoice", note=f"WooCommerce order #{numbers[2]}")
    key_in(world, ids[3], number=f"#{numbers[3]}", total="12.00")
    key_in(world, ids[4], number=numbers[4], percent="20")
    key_in(world, ids[5], number="hand-made", total="99.00", customer="Somebody Else")
    other = world.add_order(line_items=[POT])
    key_in(world, other, number="R 2026/8", percent="20")
    tenant = world.connect()
    run = look(tenant)
    assert run.state == "finished"
    assert found(tenant) == {
        str(ids[0]): ("number", True),
        str(ids[1]): ("number", True),
        str(ids[2]): ("note", True),
        str(ids[3]): ("number_only", False),
        str(ids[4]): ("number_tax", False),
        str(other): ("customer", False),
    }
    assert KeyedDocument.objects.count() == 6, "what fits no order is forgotten"


def test_what_is_linked_is_not_sent_and_the_rest_is(world: World) -> None:
    linked, sent = [world.add_order(line_items=[TEA]) for _n in range(3)], world.add_order(line_items=[POT])
    keyed = [key_in(world, order_id, number=f"WC-{world.number_of(order_id)}") for order_id in linked]
    tenant = world.connect()
    look(tenant)
    run = link_all(tenant)
    assert (run.state, states(tenant)) == ("finished", {"synced": 3})
    assert {one["Id"] for one in world.documents()} == {one["Id"] for one in keyed}
    assert {one["SyncToken"] for one in world.documents()} == {"0"}
    run_to_end(tenant)
    assert states(tenant) == {"synced": 4}
    ours = [one for one in world.documents() if str(one.get("PrivateNote", "")).startswith("woo:")]
    assert [one["DocNumber"] for one in ours] == [f"Wio{world.number_of(sent)}"]
    assert_no_duplicates(world)
    assert run.qbo_reads == 1, "one metered read for up to a hundred documents of a kind"
    assert not linking.pairs_of(tenant).exists()


def test_two_documents_or_two_orders_that_fit_alike_are_for_a_person(world: World) -> None:
    one, other = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA])
    key_in(world, one, number=world.number_of(one))
    key_in(world, one, "Invoice", number=world.number_of(one))
    key_in(world, other)
    tenant = world.connect()
    look(tenant)
    rows = {(row.entity, row.why, row.is_certain) for row in linking.pairs_of(tenant)}
    assert ("SalesReceipt", "several_documents", False) in rows
    assert ("Invoice", "several_documents", False) in rows
    assert ("SalesReceipt", "customer", False) in rows
    assert {row.woo_id for row in linking.pairs_of(tenant)} == {one, other}
    first = next(row.pk for row in linking.pairs_of(tenant) if row.entity == "Invoice")
    link_all(tenant, ticked=[first], with_others=False)
    assert record_of(tenant, one).postings.get().entity == "Invoice"
    assert all(row.woo_id != one for row in linking.pairs_of(tenant))


def test_orders_that_fit_a_document_alike_are_for_a_person_too(world: World) -> None:
    one = world.add_order(line_items=[TEA])
    world.add_order(line_items=[TEA])
    key_in(world, one)
    tenant = world.connect()
    look(tenant)
    assert [(row.why, row.is_certain) for row in linking.pairs_of(tenant)] == [("several_orders", False)]


def test_a_strangers_number_of_the_same_amount_is_not_certain(world: World) -> None:
    """QuickBooks counts by itself as the shop does: the numbers of two sequences meet now and then."""
    order_id = world.add_order(line_items=[TEA])
    later = (datetime.now(UTC) + timedelta(days=50)).date().isoformat()
    key_in(world, order_id, number=world.number_of(order_id), customer="Somebody Else", date=later)
    key_in(world, order_id, "Invoice", number=world.number_of(order_id), customer="Somebody Else", total="7.00")
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {str(order_id): ("number_far", False)}


def test_an_order_is_linked_to_one_document_whatever_is_ticked(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    for kind in ("SalesReceipt", "Invoice"):
        key_in(world, order_id, kind, number=world.number_of(order_id))
    tenant = world.connect()
    look(tenant)
    link_all(tenant, ticked=[row.pk for row in linking.pairs_of(tenant)])
    assert sorted(KeyedDocument.objects.values_list("state", "refusal")) == [
        ("linked", ""), ("refused", "has_document"),
    ]  # fmt: skip
    assert Posting.objects.filter(is_linked=True).count() == 1


def test_a_document_that_changed_or_went_since_it_was_seen_is_not_linked(world: World) -> None:
    changed, gone = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA])
    rows = [key_in(world, order_id, number=world.number_of(order_id)) for order_id in (changed, gone)]
    tenant = world.connect()
    look(tenant)
    line = {**rows[0]["Line"][0], "Amount": 3}
    world.edit_books("SalesReceipt", id=rows[0]["Id"], change={"Line": [line]})
    world.edit_books("SalesReceipt", id=rows[1]["Id"], delete=True)
    link_all(tenant)
    assert sorted(KeyedDocument.objects.values_list("refusal", flat=True)) == ["differs", "gone"]
    assert not Posting.objects.filter(is_linked=True).exists()


def test_another_workspaces_documents_are_not_offered(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    one = world.connect()
    run_to_end(one)
    world.apply(world.document(slug="other") | {"orders": {**world.document()["orders"], "number_prefix": "Oth"}})
    other = world.document_tenant("other")
    look(other)
    assert found(other) == {}
    assert record_of(one, order_id).state == "synced"


def test_a_search_cut_into_slices_finds_the_same(world: World) -> None:
    ids = [world.add_order(line_items=[TEA]) for _n in range(3)]
    for order_id in ids:
        key_in(world, order_id, number=world.number_of(order_id))
    tenant = world.connect()
    run, _is_new = request_run(tenant, trigger="search", only="search")
    for _slice in range(6):
        if not one_slice(run, beats=2).more:
            break
    finish(run)
    assert len(found(tenant)) == 3


def test_an_ordinary_run_links_what_was_chosen_before_it_sends_anything(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    key_in(world, order_id, number=world.number_of(order_id))
    tenant = world.connect()
    look(tenant)
    linking.choose(tenant, ticked=[], shown=[], with_others=True, user=person("a@b.example", "Alice"))
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert len(world.documents()) == 1


def test_documents_from_before_the_start_date_are_not_read(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    old = (datetime.now(UTC) - timedelta(days=20)).date()
    key_in(world, order_id, number=world.number_of(order_id), date=old.isoformat())
    today = datetime.now(UTC).date().isoformat()
    document = world.document()
    world.apply(document | {"tenant": {**document["tenant"], "start_date": today}})
    tenant = world.document_tenant()
    look(tenant)
    assert found(tenant) == {}
    assert not linking.is_covered(tenant, old)
    assert Decimal(total_of(world, order_id)) > 0


@pytest.mark.parametrize(("days", "kept"), [(80, 1), (100, 0)])
def test_what_an_old_search_found_is_forgotten(world: World, days: int, kept: int) -> None:
    order_id = world.add_order(line_items=[TEA])
    key_in(world, order_id, number=world.number_of(order_id))
    tenant = world.connect()
    look(tenant)
    forget_old(tenant, datetime.now(UTC) + timedelta(days=days))
    assert KeyedDocument.objects.count() == kept

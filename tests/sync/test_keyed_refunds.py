"""Credit memos and refund receipts that stand in the books already: found, linked in bulk, never sent a second time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync import linking
from sync.engine.requests import request_run
from sync.models import KeyedDocument, Posting, Record
from tenants.models import Tenant
from tests.factories import person
from tests.sync.test_keyed import link_all, look
from tests.sync.test_linking import key_in
from tests.sync.test_refunds import POT, TEA, refund, refunds_in_store
from tests.sync.world import World, assert_no_duplicates, finish, one_slice, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

RECEIPT, MEMO = "RefundReceipt", "CreditMemo"


def refunded(world: World, *amounts: str) -> tuple[int, list[int]]:
    order_id = world.add_order(line_items=[TEA])
    return order_id, [refund(world, order_id, amount=amount) for amount in amounts]


def key_back(world: World, order_id: int, total: str, kind: str = RECEIPT, **wanted: Any) -> dict[str, Any]:
    """A refund, keyed by hand without tax, as the shop refunds an amount."""
    return key_in(world, order_id, kind, total=total, **{"percent": "0", **wanted})


def found(tenant: Tenant) -> dict[int, tuple[str, bool]]:
    """The refund's id -> what its document's pair rests on, and whether it is certain."""
    pairs = linking.pairs_of(tenant).exclude(refund_id=0)
    return {row.refund_id: (row.why, row.is_certain) for row in pairs}


@pytest.mark.parametrize("kind", [RECEIPT, MEMO])
def test_every_usual_form_is_matched_with_its_refund(world: World, kind: str) -> None:
    cases = [refunded(world, amount) for amount in ("3.00", "3.00", "3.00", "3.00", "5.00", "7.00")]
    numbers = [world.number_of(order_id) for order_id, _refunds in cases]
    ids = [refunds[0] for _order, refunds in cases]
    forms: list[dict[str, Any]] = [
        {"number": f"CWio{numbers[0]}"},
        {"number": f"R-{numbers[1]}"},
        {"number": "hand-made", "note": f"Refund of order #{numbers[2]}"},
        {"number": "77-A", "note": f"Refund {ids[3]}"},
        {"number": f"CWio{numbers[4]}", "total": "2.00"},
        {"number": "A-78", "total": "7.00"},
    ]
    for (order_id, _refunds), form in zip(cases, forms, strict=True):
        key_back(world, order_id, kind=kind, **{"total": "3.00", **form})
    key_back(world, cases[0][0], "99.00", kind, number="nobodys", customer="Somebody Else")
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {
        ids[0]: ("number", True),
        ids[1]: ("number", True),
        ids[2]: ("note", True),
        ids[3]: ("note", True),
        ids[4]: ("number_only", False),
        ids[5]: ("customer", False),
    }
    assert KeyedDocument.objects.count() == 6, "what fits no refund is forgotten"


def test_a_refund_that_is_linked_is_never_sent_and_its_sale_is(world: World) -> None:
    order_id, (first,) = refunded(world, "3.00")
    back = key_back(world, order_id, "3.00", number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    look(tenant)
    assert not Record.objects.exists(), "a search commits nobody to anything"
    run = link_all(tenant)
    assert (run.state, run.qbo_reads) == ("finished", 1)
    record = record_of(tenant, first, "refund")
    assert (record.state, record.postings.get().qbo_id) == ("synced", back["Id"])
    assert record.postings.get().is_linked
    for _again in range(2):
        run_to_end(tenant)
        world.change_order(order_id, customer_note="Please ring twice")
    assert states(tenant) == {"synced": 1}
    assert [one["Id"] for one in world.documents(RECEIPT, MEMO)] == [back["Id"]]
    assert world.documents(RECEIPT)[0]["SyncToken"] == back["SyncToken"], "and nothing was written to it"
    second = refund(world, order_id, amount="2.00")
    run_to_end(tenant)
    assert record_of(tenant, second, "refund").state == "synced"
    assert sorted(one["TotalAmt"] for one in world.documents(RECEIPT)) == ["2.00", "3.00"]
    assert_no_duplicates(world)


def test_a_sale_and_its_refund_are_linked_together(world: World) -> None:
    order_id, (refund_id,) = refunded(world, "3.00")
    sale = key_in(world, order_id, number=f"WC-{world.number_of(order_id)}")
    back = key_back(world, order_id, "3.00", number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    look(tenant)
    assert linking.pairs_of(tenant).filter(is_certain=True).count() == 2
    link_all(tenant)
    run_to_end(tenant)
    assert states(tenant) == states(tenant, "refund") == {"synced": 1}
    assert {one["Id"] for one in world.documents()} == {sale["Id"], back["Id"]}
    assert record_of(tenant, refund_id, "refund").postings.get().is_linked


def test_the_number_says_which_of_an_orders_equal_refunds_it_is(world: World) -> None:
    order_id, (first, second) = refunded(world, "3.00", "3.00")
    number = world.number_of(order_id)
    documents = [key_back(world, order_id, "3.00", number=f"CWio{number}{end}") for end in ("-2", "")]
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {first: ("number", True), second: ("number", True)}
    link_all(tenant)
    linked = {one: record_of(tenant, one, "refund").postings.get().qbo_id for one in (first, second)}
    assert linked == {second: documents[0]["Id"], first: documents[1]["Id"]}


def test_one_document_that_fits_two_equal_refunds_is_for_a_person(world: World) -> None:
    order_id, ids = refunded(world, "3.00", "3.00")
    key_back(world, order_id, "3.00", number=world.number_of(order_id))
    tenant = world.connect()
    look(tenant)
    assert list(found(tenant).values()) == [("several_refunds", False)]
    link_all(tenant)
    assert not Posting.objects.filter(is_linked=True).exists(), "with all sure pairs, it is not linked"
    assert set(found(tenant)) <= set(ids)


def test_the_day_says_which_of_two_equal_refunds_it_is(world: World) -> None:
    order_id, (first, second) = refunded(world, "3.00", "3.00")
    later = datetime.now(UTC) + timedelta(days=9)
    database = world.box.store.shop.database
    with database.change():
        row = database.get("refund", second)
        assert row is not None
        stamp = later.replace(tzinfo=None).isoformat(timespec="seconds")
        dated = {"date_created": stamp, "date_created_gmt": stamp}
        database.put("refund", second, {**row.document, **dated}, row.parent)
    key_back(world, order_id, "3.00", number=world.number_of(order_id), date=later.date().isoformat())
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {second: ("number", True)}
    assert first not in found(tenant)


def test_two_documents_for_one_refund_are_for_a_person(world: World) -> None:
    order_id, (refund_id,) = refunded(world, "3.00")
    for kind in (RECEIPT, MEMO):
        key_back(world, order_id, "3.00", kind, number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {refund_id: ("several_documents", False)}
    link_all(tenant, ticked=[row.pk for row in linking.pairs_of(tenant)])
    assert sorted(KeyedDocument.objects.values_list("state", "refusal")) == [
        ("linked", ""), ("refused", "has_document"),
    ]  # fmt: skip


def test_another_tax_than_the_refunds_is_not_certain(world: World) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    refund_id = refund(world, order_id, whole=True)
    key_in(world, order_id, RECEIPT, number=f"CWio{world.number_of(order_id)}", percent="20")
    tenant = world.connect()
    look(tenant)
    assert found(tenant) == {refund_id: ("number_tax", False)}


def test_a_sales_document_is_no_refund_and_a_credit_no_sale(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund(world, order_id, whole=True)
    number = world.number_of(order_id)
    key_in(world, order_id, MEMO, number=number)
    key_in(world, order_id, "Invoice", number=number)
    tenant = world.connect()
    look(tenant)
    rows = {(row.entity, bool(row.refund_id)) for row in linking.pairs_of(tenant)}
    assert rows == {(MEMO, True), ("Invoice", False)}


def test_our_own_credits_and_those_of_another_workspace_are_not_offered(world: World) -> None:
    refunded(world, "3.00")
    one = world.connect()
    run_to_end(one)
    look(one)
    assert found(one) == {}
    world.apply(world.document(slug="other") | {"orders": {**world.document()["orders"], "number_prefix": "Oth"}})
    other = world.document_tenant("other")
    look(other)
    assert found(other) == {}


def test_a_refund_deleted_in_the_store_since_is_not_linked(world: World) -> None:
    order_id, (refund_id,) = refunded(world, "3.00")
    back = key_back(world, order_id, "3.00", number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    look(tenant)
    world.store_control("refunds", delete=refund_id)
    link_all(tenant)
    assert KeyedDocument.objects.get().refusal == "not_in_store"
    assert not Posting.objects.filter(qbo_id=back["Id"]).exists()


def test_a_credit_changed_or_gone_since_it_was_seen_is_not_linked(world: World) -> None:
    (changed, _one), (gone, _other) = refunded(world, "3.00"), refunded(world, "4.00")
    rows = [key_back(world, changed, "3.00", number=f"CWio{world.number_of(changed)}")]
    rows += [key_back(world, gone, "4.00", number=f"CWio{world.number_of(gone)}")]
    tenant = world.connect()
    look(tenant)
    world.edit_books(RECEIPT, id=rows[0]["Id"], change={"Line": [{**rows[0]["Line"][0], "Amount": 1}]})
    world.edit_books(RECEIPT, id=rows[1]["Id"], delete=True)
    link_all(tenant)
    assert sorted(KeyedDocument.objects.values_list("refusal", flat=True)) == ["differs", "gone"]


def test_a_search_reads_a_thousand_of_a_kind_at_once_and_the_shop_only_where_it_may_fit(world: World) -> None:
    many = [
        {"type": RECEIPT, "total": f"{1000 + n}.00", "percent": "0", "customer": "Wholesale"} for n in range(1001)
    ]  # fmt: skip
    world.company_control("keyed", many=many)
    order_id, (refund_id,) = refunded(world, "3.00")
    for _n in range(3):
        refunded(world, "4.00")
    key_back(world, order_id, "3.00", number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    world.forget_stats()
    run = look(tenant)
    assert found(tenant) == {refund_id: ("number", True)}
    assert (run.qbo_reads, world.stats()["reads"]) == (5, 5), "two pages of refund receipts, one of each other kind"
    assert run.woo_calls == 2, "a page of orders, and the refunds of the one order that a document may belong to"


def test_a_search_and_a_linking_cut_into_slices_do_the_same(world: World) -> None:
    cases = [refunded(world, "3.00") for _n in range(3)]
    for order_id, _refunds in cases:
        key_back(world, order_id, "3.00", number=f"CWio{world.number_of(order_id)}")
    tenant = world.connect()
    run, _is_new = request_run(tenant, trigger="search", only="search")
    for _slice in range(8):
        if not one_slice(run, beats=2).more:
            break
    finish(run)
    assert len(found(tenant)) == 3
    linking.choose(tenant, ticked=[], shown=[], with_others=True, user=person("a@b.example", "Alice"))
    run, _is_new = request_run(tenant, trigger="links", only="links")
    for _slice in range(8):
        if not one_slice(run, beats=2).more:
            break
    finish(run)
    assert Posting.objects.filter(is_linked=True).count() == 3
    assert all(refunds_in_store(world, order_id) for order_id, _refunds in cases)

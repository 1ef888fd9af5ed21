"""Resync of a linked document: what somebody did to it is noticed, asked about, and never overwritten."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.models import Posting, Record, Request
from tenants.models import Tenant
from tests.sync.asking import carried_out
from tests.sync.test_linking import key_in, link, seen, select_all
from tests.sync.test_refunds import POT, TEA, only, refund, total_of, unpaid
from tests.sync.world import World, assert_no_duplicates, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

RESYNC, KEEP, REPLACE = Request.Kind.RESYNC, Request.Kind.KEEP, Request.Kind.REPLACE


def linked(world: World, **wanted: Any) -> tuple[Tenant, Record, dict[str, Any]]:
    """A linked sale in a workspace that sends everything."""
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id, number="A-77", **wanted)
    link(tenant, record_of(tenant, order_id), document, accepts_difference=True)
    select_all(world)
    return tenant, record_of(tenant, order_id), document


def priced(world: World, document: dict[str, Any], amount: float, kind: str = "SalesReceipt") -> None:
    """A person puts another price on its line."""
    line = {**document["Line"][0], "Amount": amount}
    world.edit_books(kind, id=document["Id"], change={"Line": [line]})


def writes(world: World) -> list[Any]:
    stats = world.stats()
    return [stats[name] for name in ("creates", "updates", "deletes")]


def test_nothing_was_done_to_it_and_one_read_says_so(world: World) -> None:
    tenant, record, document = linked(world)
    world.forget_stats()
    run, outcomes = carried_out(tenant, RESYNC, record)
    assert (outcomes, run.qbo_reads, world.stats()["reads"]) == (["same"], 1, 1)
    assert writes(world) == [{}, {}, {}]
    assert (record.state, only(world, "SalesReceipt")["Id"]) == ("synced", document["Id"])


def test_many_are_read_together_with_ours(world: World) -> None:
    orders = [world.add_order(line_items=[TEA]) for _n in range(6)]
    tenant = seen(world)
    for order_id in orders[:3]:
        link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    invoice = key_in(world, orders[3], "Invoice") | {"kind": "Invoice"}
    link(tenant, record_of(tenant, orders[3]), invoice)
    select_all(world)
    run_to_end(tenant, order_ids=orders)
    assert states(tenant) == {"synced": 6}
    run, outcomes = carried_out(tenant, RESYNC, *Record.objects.filter(source="order").order_by("pk"))
    assert outcomes == ["same"] * 6
    assert run.qbo_reads == 2, "one for the sales receipts, one for the invoices"


@pytest.mark.parametrize("how", ["delete", "void"])
def test_a_document_that_is_gone_is_a_question_and_sent_only_at_a_persons_wish(world: World, how: str) -> None:
    tenant, record, document = linked(world)
    world.edit_books("SalesReceipt", id=document["Id"], **{how: True})
    assert carried_out(tenant, RESYNC, record)[1] == ["gone"]
    assert (record.state, record.reason) == ("attention", "document_gone")
    assert record.details.get("problem", "") == ("voided" if how == "void" else "")
    for _again in range(2):
        run_to_end(tenant, order_ids=[record.woo_id])
    assert not [one for one in world.documents() if str(one.get("PrivateNote", "")).startswith("woo:")]
    assert record.post_again(by="Alice")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == "synced"
    assert record.notices == []
    [ours] = [one for one in world.documents() if str(one.get("PrivateNote", "")).startswith("woo:")]
    assert Decimal(ours["TotalAmt"]) == total_of(world, record.woo_id)
    assert_no_duplicates(world)


def test_a_deletion_is_accepted_or_another_document_takes_its_place(world: World) -> None:
    tenant, record, document = linked(world)
    world.edit_books("SalesReceipt", id=document["Id"], delete=True)
    carried_out(tenant, RESYNC, record)
    another = key_in(world, record.woo_id, number="A-78")
    assert isinstance(link(tenant, record, another), Posting)
    record.refresh_from_db()
    assert (record.state, record.reason) == ("synced", "")
    world.edit_books("SalesReceipt", id=another["Id"], delete=True)
    carried_out(tenant, RESYNC, record)
    assert record.accept_deletion(by="Alice")
    run_to_end(tenant)
    assert world.documents() == []


def test_another_total_there_is_a_question_that_stays_until_it_is_answered(world: World) -> None:
    tenant, record, document = linked(world)
    priced(world, document, 3)
    token = only(world, "SalesReceipt")["SyncToken"]
    total = total_of(world, record.woo_id)
    for _again in range(2):
        assert carried_out(tenant, RESYNC, record)[1] == ["differs"]
        assert (record.state, record.reason, record.details["problem"]) == ("attention", "totals_differ", "linked")
        assert record.details["books_total"] == only(world, "SalesReceipt")["TotalAmt"]
        assert record.details["store_total"] == str(total)
        assert record.notices == [], "nobody has accepted it"
    assert record.queue_again(by="Alice")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.reason == "totals_differ", "looking again is no answer"
    assert record.decide("totals_differ", str(total), by="Alice")
    run_to_end(tenant)
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]
    assert record.state == "synced"
    assert [notice["reason"] for notice in record.notices] == ["linked_differs"]
    assert only(world, "SalesReceipt")["SyncToken"] == token
    priced(world, only(world, "SalesReceipt") | {"Line": document["Line"]}, 4)
    assert carried_out(tenant, RESYNC, record)[1] == ["differs"], "the answer was about the other total"


def test_corrected_there_it_is_no_question_any_more(world: World) -> None:
    tenant, record, document = linked(world)
    priced(world, document, 3)
    carried_out(tenant, RESYNC, record)
    assert record.reason == "totals_differ"
    priced(world, document, float(document["Line"][0]["Amount"]))
    assert carried_out(tenant, RESYNC, record)[1] == ["followed"]
    run_to_end(tenant)
    record.refresh_from_db()
    assert (record.state, record.notices) == ("synced", [])
    assert Decimal(record.proof["answered"]["total"]) == total_of(world, record.woo_id)


@pytest.mark.parametrize("change", [{"PrivateNote": "by hand"}, {"DocNumber": "A-99"}])
def test_what_is_not_money_is_followed_without_a_question(world: World, change: dict[str, str]) -> None:
    tenant, record, document = linked(world)
    world.edit_books("SalesReceipt", id=document["Id"], change=change)
    assert carried_out(tenant, RESYNC, record)[1] == ["followed"]
    assert record.state == "synced"
    assert record.postings.get().doc_number == only(world, "SalesReceipt")["DocNumber"]
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]


def test_a_difference_that_was_accepted_is_not_asked_about_again_for_a_memo(world: World) -> None:
    tenant, record, document = linked(world, total="12.00")
    world.edit_books("SalesReceipt", id=document["Id"], change={"PrivateNote": "by hand"})
    assert carried_out(tenant, RESYNC, record)[1] == ["followed"]
    assert record.state == "synced"
    assert [notice["reason"] for notice in record.notices] == ["linked_differs"]


def test_keep_and_replace_do_not_touch_it(world: World) -> None:
    tenant, record, document = linked(world)
    priced(world, document, 3)
    carried_out(tenant, RESYNC, record)
    before = world.ledger()
    for kind in (KEEP, REPLACE):
        assert carried_out(tenant, kind, record)[1] == ["moved_on"]
    assert world.ledger() == before


def test_an_order_that_changed_too_is_compared_with_what_stands_there_now(world: World) -> None:
    tenant, record, document = linked(world)
    world.change_order(record.woo_id, line_items=[POT])
    priced(world, document, 3)
    carried_out(tenant, RESYNC, record)
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.reason == "totals_differ"
    assert record.details["books_total"] == only(world, "SalesReceipt")["TotalAmt"]
    assert record.details["store_total"] == str(total_of(world, record.woo_id))


def test_a_refunds_document_is_read_again_too(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    back = key_in(world, order_id, "RefundReceipt", total="5.00", percent="0") | {"kind": "RefundReceipt"}
    assert isinstance(link(tenant, record_of(tenant, refund_id, "refund"), back), Posting)
    select_all(world)
    record = record_of(tenant, refund_id, "refund")
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]
    priced(world, back, 3, "RefundReceipt")
    assert carried_out(tenant, RESYNC, record)[1] == ["differs"]
    assert record.queue_again(by="Alice")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.reason == "totals_differ"
    assert record.decide("totals_differ", "5.00", by="Alice")
    run_to_end(tenant)
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]
    world.edit_books("RefundReceipt", id=back["Id"], delete=True)
    assert carried_out(tenant, RESYNC, record)[1] == ["gone"]
    assert record.reason == "document_gone"
    assert world.documents("RefundReceipt", "CreditMemo") == []


def test_our_payment_is_counted_once_after_the_invoice_was_followed(world: World) -> None:
    order_id = unpaid(world)
    tenant = seen(world, document="invoice")
    invoice = key_in(world, order_id, "Invoice") | {"kind": "Invoice"}
    link(tenant, record_of(tenant, order_id), invoice)
    select_all(world, document="invoice")
    world.tick(120)
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    assert only(world, "Invoice")["Balance"] == "0.00"
    world.edit_books("Invoice", id=invoice["Id"], change={"PrivateNote": "by hand"})
    assert carried_out(tenant, RESYNC, record_of(tenant, order_id))[1] == ["followed"]
    refund(world, order_id, whole=True)
    run_to_end(tenant)
    assert states(tenant, "refund") == {"synced": 1}
    assert Decimal(only(world, "RefundReceipt")["TotalAmt"]) == total_of(world, order_id)
    assert len(world.documents("Payment")) == 1

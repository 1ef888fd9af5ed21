"""Documents that somebody else made: linked to their orders, never doubled, never changed, and let go again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.documents import DocumentKind
from sync.engine import linking
from sync.engine.linking import Refusal
from sync.engine.post import LinkedDocumentError, new_posting
from sync.engine.requests import request_run
from sync.models import Posting, Record
from sync.wiring import slice_at_the_desk
from tenants.models import Tenant
from tests.sync.test_refunds import POT, TEA, only, refund, total_of
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    finish,
    merged,
    one_slice,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

UNSELECTED = {"statuses": ["completed"]}
SELECTED = {"statuses": ["processing", "completed", "refunded", "partially-refunded", "on-hold"]}


def seen(world: World, **wanted: Any) -> Tenant:
    """A workspace that knows the orders and has sent none of them: their status is not selected."""
    tenant = world.connect(**wanted, orders=UNSELECTED)
    run_to_end(tenant)
    assert world.documents() == []
    return tenant


def select_all(world: World, **wanted: Any) -> None:
    """From now on, everything would be sent."""
    world.apply(merged(world.document(**wanted), orders=SELECTED))


def key_in(world: World, order_id: int, kind: str = "SalesReceipt", **wanted: Any) -> dict[str, Any]:
    """The order, keyed by hand to the cent; `percent` of its tax."""
    body = {"type": kind, "total": str(total_of(world, order_id)), "percent": "5.5", "customer": "Jeanne Moreau"}
    keyed: dict[str, Any] = world.company_control("keyed", **{**body, **wanted})
    return keyed


def link(tenant: Tenant, record: Record, document: dict[str, Any], **wanted: Any) -> Posting | Refusal:
    with slice_at_the_desk(tenant) as work:
        kind = DocumentKind(document.get("kind", "SalesReceipt"))
        found = work.books.read_document(kind, document["Id"])
        assert found is not None
        return linking.link(work, record, found, by="Alice", **wanted)


def unlink(tenant: Tenant, record: Record, then: Any = "skip") -> Posting | Refusal:
    with slice_at_the_desk(tenant) as work:
        return linking.unlink(work, record, by="Alice", then=then)


# Never twice


def test_a_linked_order_is_never_sent_beside_its_document(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id, number="A-77")
    posting = link(tenant, record_of(tenant, order_id), document)
    assert isinstance(posting, Posting)
    assert (posting.qbo_id, posting.doc_number, posting.total) == (document["Id"], "A-77", total_of(world, order_id))
    assert posting.is_linked
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.notices) == ("synced", "", [])
    assert record.events.get(kind="linked").details["by"] == "Alice"
    select_all(world)
    for _again in range(2):
        world.change_order(order_id, customer_note="Please ring twice")
        run_to_end(tenant)
    assert [one["Id"] for one in world.documents()] == [document["Id"]]
    assert record_of(tenant, order_id).state == "synced"
    assert_all_ended(tenant)


def test_linking_writes_nothing_and_reads_nothing_more(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id)
    world.forget_stats()
    link(tenant, record_of(tenant, order_id), document)
    stats = world.stats()
    assert (stats["reads"], stats["creates"], stats["updates"]) == (1, {}, {}), stats
    assert world.documents("SalesReceipt")[0]["SyncToken"] == document["SyncToken"]


def test_a_document_belongs_to_one_order_alone(world: World) -> None:
    first, second = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, first)
    assert isinstance(link(tenant, record_of(tenant, first), document), Posting)
    assert link(tenant, record_of(tenant, second), document) is Refusal.TAKEN
    assert link(tenant, record_of(tenant, first), key_in(world, first)) is Refusal.HAS_DOCUMENT
    assert record_of(tenant, second).state == "skipped"


def test_two_workspaces_on_one_company_never_share_a_document(world: World) -> None:
    order_id = world.add_order(line_items=[TEA], status="on-hold", set_paid=False)
    one = seen(world)
    world.apply(world.document(slug="other") | {"orders": {**world.document()["orders"], "number_prefix": "Oth"}})
    other = world.document_tenant("other")
    run_to_end(other)
    assert one.company_id == other.company_id
    document = key_in(world, order_id)
    assert isinstance(link(one, record_of(one, order_id), document), Posting)
    assert link(other, record_of(other, order_id), document) is Refusal.TAKEN


def test_a_document_of_ours_is_no_other_orders_document(world: World) -> None:
    """Not even where its row was lost: the marker tells whose it is."""
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    document = only(world, "SalesReceipt")
    other_id = world.add_order(line_items=[TEA], status="on-hold", set_paid=False)
    run_to_end(tenant)
    assert link(tenant, record_of(tenant, other_id), document) is Refusal.TAKEN
    Posting.objects.filter(record__woo_id=order_id).update(state=Posting.State.UNDONE)
    assert link(tenant, record_of(tenant, other_id), document) is Refusal.TAKEN
    posting = link(tenant, record_of(tenant, order_id), document)
    assert isinstance(posting, Posting)
    assert not posting.is_linked


@pytest.mark.parametrize("times", [1, 3])
def test_an_order_whose_answer_was_lost_waits_for_it_and_is_not_linked_meanwhile(world: World, times: int) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    document = key_in(world, order_id)
    world.break_company(path_contains="/batch", body_contains='"SalesReceipt"', action="hang_up_after", times=times)
    run, _is_new = request_run(tenant, trigger="test")
    one_slice(run)
    if times == 3:
        assert link(tenant, record_of(tenant, order_id), document) is Refusal.ON_ITS_WAY
    finish(run)
    assert link(tenant, record_of(tenant, order_id), document) is Refusal.HAS_DOCUMENT
    assert_no_duplicates(world)
    assert len(world.documents("SalesReceipt")) == 2


def test_another_kind_or_currency_is_no_sale_of_this_order(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    memo = key_in(world, order_id, "CreditMemo")
    assert link(tenant, record_of(tenant, order_id), memo | {"kind": "CreditMemo"}) is Refusal.WRONG_KIND
    Record.objects.filter(woo_id=order_id).update(currency="USD")
    assert link(tenant, record_of(tenant, order_id), key_in(world, order_id)) is Refusal.CURRENCY


# What differs


def test_another_total_needs_the_persons_word_and_stays_visible(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    total = total_of(world, order_id)
    document = key_in(world, order_id, total=str(total - 1))
    assert link(tenant, record_of(tenant, order_id), document) is Refusal.DIFFERS
    assert record_of(tenant, order_id).state == "skipped"
    assert isinstance(link(tenant, record_of(tenant, order_id), document, accepts_difference=True), Posting)
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    [notice] = record.notices
    assert notice["reason"] == "linked_differs"
    assert (notice["store_total"], notice["books_total"]) == (str(total), str(total - 1))
    assert Decimal(record.proof["answered"]["total"]) == total - 1


def test_another_tax_is_a_difference_too(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id, percent="20")
    assert link(tenant, record_of(tenant, order_id), document) is Refusal.DIFFERS
    assert isinstance(link(tenant, record_of(tenant, order_id), document, accepts_difference=True), Posting)
    assert [notice["reason"] for notice in record_of(tenant, order_id).notices] == ["linked_differs_tax"]


def test_an_edited_order_is_compared_with_its_document_which_stays_as_it_is(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id)
    link(tenant, record_of(tenant, order_id), document)
    select_all(world)
    before = total_of(world, order_id)
    world.change_order(order_id, line_items=[POT])
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.details["problem"]) == ("attention", "totals_differ", "linked")
    assert record.details["books_total"] == str(before)
    assert only(world, "SalesReceipt")["SyncToken"] == document["SyncToken"]
    assert record.decide("totals_differ", str(total_of(world, order_id)), by="Alice")
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    assert [notice["reason"] for notice in record.notices] == ["linked_differs"]
    assert only(world, "SalesReceipt")["SyncToken"] == document["SyncToken"]


def test_no_write_of_ours_can_change_a_linked_document(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    posting = link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    assert isinstance(posting, Posting)
    for operation in ("update", "void", "delete"):
        with slice_at_the_desk(tenant) as work, pytest.raises(LinkedDocumentError):
            new_posting(work, key=posting.key, operation=operation, entity=posting.entity, payload={})  # type: ignore[arg-type]


# What follows a linked sale


def test_a_later_refund_of_a_linked_sale_takes_the_money_out_of_its_account(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id, number="A-77", account="PayPal clearing"))
    select_all(world)
    refund(world, order_id, whole=True)
    run_to_end(tenant)
    back = only(world, "RefundReceipt")
    assert (back["DocNumber"], back["DepositToAccountRef"]["name"]) == ("CA-77", "PayPal clearing")
    assert Decimal(back["TotalAmt"]) == total_of(world, order_id)
    assert states(tenant, "refund") == {"synced": 1}


def test_a_refund_from_before_the_link_is_asked_for_since_it_may_be_in_the_books(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    select_all(world)
    for _again in range(2):
        run_to_end(tenant)
        held = record_of(tenant, refund_id, "refund")
        assert (held.state, held.reason, held.details["problem"]) == ("attention", "refund_without_sale", "linked")
    assert world.documents("RefundReceipt", "CreditMemo") == []
    assert held.decide("refund_without_sale", "alone", by="Alice")
    run_to_end(tenant)
    assert only(world, "RefundReceipt")["TotalAmt"] == "5.00"
    assert record_of(tenant, refund_id, "refund").state == "synced"


def test_a_refund_that_was_keyed_as_well_is_linked_as_well(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    select_all(world)
    run_to_end(tenant)
    back = key_in(world, order_id, "RefundReceipt", total="5.00") | {"kind": "RefundReceipt"}
    linked = link(tenant, record_of(tenant, refund_id, "refund"), back, accepts_difference=True)
    assert isinstance(linked, Posting)
    second = refund(world, order_id, amount="3.00")
    run_to_end(tenant)
    assert sorted(one["TotalAmt"] for one in world.documents("RefundReceipt")) == ["3.00", "5.00"]
    assert record_of(tenant, second, "refund").state == "synced"


def test_a_linked_invoice_that_is_paid_later_gets_its_payment(world: World) -> None:
    order_id = world.add_order(line_items=[TEA], payment_method="bacs", set_paid=False, status="on-hold")
    tenant = seen(world, document="invoice")
    link(tenant, record_of(tenant, order_id), key_in(world, order_id, "Invoice") | {"kind": "Invoice"})
    select_all(world, document="invoice")
    run_to_end(tenant)
    assert world.documents("Payment") == []
    _pay_later(world, order_id)
    run_to_end(tenant)
    assert only(world, "Invoice")["Balance"] == "0.00"
    assert Decimal(only(world, "Payment")["TotalAmt"]) == total_of(world, order_id)
    assert record_of(tenant, order_id).state == "synced"


def test_what_was_paid_before_the_link_is_told_and_left_to_whoever_made_the_invoice(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world, document="invoice")
    link(tenant, record_of(tenant, order_id), key_in(world, order_id, "Invoice") | {"kind": "Invoice"})
    select_all(world, document="invoice")
    world.change_order(order_id, status="completed")
    run_to_end(tenant)
    assert world.documents("Payment") == []
    assert [notice["reason"] for notice in record_of(tenant, order_id).notices] == ["linked_not_paid"]


def test_a_payment_that_a_person_recorded_is_not_recorded_again(world: World) -> None:
    order_id = world.add_order(line_items=[TEA], payment_method="bacs", set_paid=False, status="on-hold")
    tenant = seen(world, document="invoice")
    invoice = key_in(world, order_id, "Invoice") | {"kind": "Invoice"}
    link(tenant, record_of(tenant, order_id), invoice)
    select_all(world, document="invoice")
    paid = {"Amount": invoice["TotalAmt"], "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": invoice["TotalAmt"], "Line": [paid]}
    world.edit_books("Payment", create=body)
    _pay_later(world, order_id)
    run_to_end(tenant)
    assert len(world.documents("Payment")) == 1
    assert record_of(tenant, order_id).state == "synced"


@pytest.mark.parametrize("choice", ["credit_memo", "void"])
def test_a_cancelled_order_never_voids_a_linked_invoice(world: World, choice: str) -> None:
    order_id = world.add_order(line_items=[TEA], payment_method="bacs", set_paid=False, status="on-hold")
    tenant = seen(world, document="invoice")
    link(tenant, record_of(tenant, order_id), key_in(world, order_id, "Invoice") | {"kind": "Invoice"})
    world.apply(merged(world.document(document="invoice"), orders={**SELECTED, "cancelled": choice}))
    world.change_order(order_id, status="cancelled")
    run_to_end(tenant)
    invoice = only(world, "Invoice")
    assert (Decimal(invoice["TotalAmt"]), invoice["Balance"]) == (total_of(world, order_id), "0.00")
    assert Decimal(only(world, "CreditMemo")["TotalAmt"]) == total_of(world, order_id)
    assert record_of(tenant, order_id).state == "synced"


def _pay_later(world: World, order_id: int) -> None:
    """Some time after the link, by the shop's clock."""
    world.tick(120)
    world.change_order(order_id, status="processing", set_paid=True)


# Letting go


@pytest.mark.parametrize("then", ["skip", "send"])
def test_a_link_is_taken_off_again_and_the_document_stays(world: World, then: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    document = key_in(world, order_id)
    link(tenant, record_of(tenant, order_id), document)
    select_all(world)
    assert isinstance(unlink(tenant, record_of(tenant, order_id), then), Posting)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert only_token(world, document) == document["SyncToken"]
    if then == "skip":
        assert (record.state, record.reason, len(world.documents())) == ("skipped", "by_hand", 1)
        assert isinstance(link(tenant, record, document), Posting)
        assert record_of(tenant, order_id).state == "synced"
    else:
        assert record.state == "synced"
        assert len(world.documents("SalesReceipt")) == 2
        assert_no_duplicates(world)


def only_token(world: World, document: dict[str, Any]) -> str:
    return next(one["SyncToken"] for one in world.documents() if one["Id"] == document["Id"])


def test_a_link_that_our_refund_hangs_on_stays(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    link(tenant, record_of(tenant, order_id), key_in(world, order_id))
    select_all(world)
    refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    assert unlink(tenant, record_of(tenant, order_id)) is Refusal.FOLLOWED
    assert record_of(tenant, order_id).state == "synced"


def test_only_a_link_can_be_taken_off(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    assert unlink(tenant, record_of(tenant, order_id)) is Refusal.NOT_LINKED

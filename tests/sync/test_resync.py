"""Resync compares first; what a person changed or deleted in QuickBooks is theirs to decide."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sync.models import Posting, Record, Request, Run
from sync.tasks import _follow_up
from tenants.models import Tenant
from tests.sync.asking import carried_out, wish
from tests.sync.test_edits import BOTH, add_line, item_lines, kinds, standing
from tests.sync.test_refunds import POT, TEA, balance, only, refund, total_of, unpaid
from tests.sync.world import World, assert_no_duplicates, finish, record_of, request_run, run_to_end, states

pytestmark = pytest.mark.django_db

RESYNC, KEEP, REPLACE = Request.Kind.RESYNC, Request.Kind.KEEP, Request.Kind.REPLACE


def sold(world: World, document: str = "sales_receipt") -> tuple[Tenant, Record]:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    return tenant, record_of(tenant, order_id)


def change_by_hand(world: World, kind: str, amount: float = 1.0) -> None:
    """A person puts another price on the first line."""
    document = standing(world, kind)
    line = dict(item_lines(document)[0])
    detail = {name: line["SalesItemLineDetail"][name] for name in ("ItemRef", "TaxCodeRef")}
    plain = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    world.edit_books(kind, id=document["Id"], change={"Line": [plain]})


# Compare first


@BOTH
def test_nothing_differs_and_nothing_is_written(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    world.forget_stats()
    run, outcomes = carried_out(tenant, RESYNC, record)
    assert outcomes == ["same"]
    stats = world.stats()
    assert (stats["creates"], stats["updates"], stats["deletes"]) == ({}, {}, {})
    assert (run.qbo_reads, stats["reads"]) == (1, 1)
    assert record.state == "synced"
    assert kinds(record)[-1] == "resynced"


def test_many_records_are_read_together(world: World) -> None:
    for _number in range(7):
        world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    run, outcomes = carried_out(tenant, RESYNC, *Record.objects.filter(source="order"))
    assert outcomes == ["same"] * 7
    assert run.qbo_reads == 1


def test_an_order_that_changed_is_followed(world: World) -> None:
    tenant, record = sold(world)
    add_line(world, record.woo_id)
    run, outcomes = carried_out(tenant, RESYNC, record)
    assert outcomes == ["changed"]
    assert Decimal(only(world, "SalesReceipt")["TotalAmt"]) == total_of(world, record.woo_id)
    assert record.state == "synced"
    assert run.qbo_reads == 1


@BOTH
def test_a_document_changed_by_hand_is_shown_side_by_side(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    change_by_hand(world, kind)
    before = world.ledger()
    _run, outcomes = carried_out(tenant, RESYNC, record)
    assert outcomes == ["edited"]
    assert (record.state, record.reason) == ("attention", "edited_in_quickbooks")
    assert {"total", "tax", "line"} <= {edit[0] for edit in record.details["edits"]}
    assert record.details["found"]["Id"] == only(world, kind)["Id"]
    assert world.ledger() == before


def test_what_was_changed_back_by_hand_is_no_question_any_more(world: World) -> None:
    tenant, record = sold(world)
    document = only(world, "SalesReceipt")
    note = standing(world, "SalesReceipt")["PrivateNote"]
    world.edit_books("SalesReceipt", id=document["Id"], change={"PrivateNote": "by hand"})
    carried_out(tenant, RESYNC, record)
    assert record.reason == "edited_in_quickbooks"
    world.edit_books("SalesReceipt", id=document["Id"], change={"PrivateNote": note})
    _run, outcomes = carried_out(tenant, RESYNC, record)
    assert outcomes == ["same"]
    assert record.state == "synced"


def test_a_payment_of_ours_is_no_change_by_hand(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    refund(world, order_id, amount="3.00")
    run_to_end(tenant)
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    _run, outcomes = carried_out(tenant, RESYNC, *Record.objects.all())
    assert outcomes == ["same", "same"]


def test_a_refund_is_compared_too(world: World) -> None:
    tenant, sale = sold(world)
    refund_id = refund(world, sale.woo_id, amount="5.00")
    run_to_end(tenant)
    record = record_of(tenant, refund_id, "refund")
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]
    change_by_hand(world, "RefundReceipt")
    assert carried_out(tenant, RESYNC, record)[1] == ["edited"]
    assert carried_out(tenant, REPLACE, record)[1] == ["replaced"]
    assert record.state == "synced"
    assert only(world, "RefundReceipt")["TotalAmt"] == "5.00"


def test_a_second_click_asks_nothing_twice(world: World) -> None:
    tenant, record = sold(world)
    assert len(wish(tenant, RESYNC, record)) == 1
    assert wish(tenant, RESYNC, record) == []
    run, _is_new = request_run(tenant, trigger="button")
    finish(run)
    assert kinds(record).count("resynced") == 1


def test_a_wish_joins_the_run_under_way(world: World) -> None:
    tenant, record = sold(world)
    other = world.add_order(line_items=[POT])
    run, _is_new = request_run(tenant, trigger="test", order_ids=[other])
    [request] = wish(tenant, RESYNC, record)
    add_line(world, record.woo_id)
    finish(run)
    request.refresh_from_db()
    assert (request.state, request.run_id) == ("done", run.pk)
    assert states(tenant) == {"synced": 2}
    [receipt] = [
        one for one in world.documents() if one["Id"] == Posting.objects.get(record=record, operation="create").qbo_id
    ]
    assert Decimal(receipt["TotalAmt"]) == total_of(world, record.woo_id)


def test_a_wish_that_came_too_late_for_a_run_gets_one_of_its_own(world: World) -> None:
    tenant, record = sold(world)
    run, _is_new = request_run(tenant, trigger="test")
    Run.objects.filter(pk=run.pk).update(parameters={"only": "stock"})
    [request] = wish(tenant, RESYNC, record)
    finish(run)
    request.refresh_from_db()
    assert request.state == "open"
    _follow_up(run.pk)
    own = Run.objects.latest("pk")
    assert own.parameters == {"asked": True, "order_ids": [record.woo_id]}
    finish(own)
    _follow_up(own.pk)
    request.refresh_from_db()
    assert request.state == "done"
    assert Run.objects.latest("pk") == own


def test_cancelling_the_run_takes_the_wish_back(world: World) -> None:
    tenant, record = sold(world)
    [request] = wish(tenant, RESYNC, record)
    run = Run.objects.latest("pk")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    assert finish(run).state == Run.State.CANCELLED
    request.refresh_from_db()
    assert (request.state, request.result) == ("refused", {"outcome": "cancelled"})


def test_an_order_deleted_in_the_store_is_said(world: World) -> None:
    tenant, record = sold(world)
    world.store_control("orders", delete=record.woo_id)
    assert carried_out(tenant, RESYNC, record)[1] == ["order_gone"]
    assert (record.state, record.reason) == ("attention", "order_gone")


# Keep, or replace


@BOTH
def test_quickbooks_version_with_another_total_is_kept_and_set_aside(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    change_by_hand(world, kind)
    before = world.ledger()
    carried_out(tenant, RESYNC, record)
    run, outcomes = carried_out(tenant, KEEP, record)
    assert outcomes == ["kept"]
    assert run.qbo_reads == 1
    assert (record.state, record.reason) == ("skipped", "kept_in_quickbooks")
    world.change_order(record.woo_id, status="completed")
    run_to_end(tenant)
    record.refresh_from_db()
    assert (record.state, record.reason) == ("skipped", "kept_in_quickbooks")
    assert world.ledger() == before
    add_line(world, record.woo_id)
    run_to_end(tenant)
    record.refresh_from_db()
    assert (record.state, record.reason, record.details["problem"]) == ("attention", "edited_in_quickbooks", "kept")
    assert world.ledger() == before
    assert carried_out(tenant, REPLACE, record)[1] == ["replaced"]
    assert record.state == "synced"
    assert Decimal(only(world, kind)["TotalAmt"]) == total_of(world, record.woo_id)


def test_quickbooks_version_with_the_same_total_is_synced(world: World) -> None:
    tenant, record = sold(world)
    world.edit_books("SalesReceipt", id=only(world, "SalesReceipt")["Id"], change={"PrivateNote": "by hand"})
    carried_out(tenant, RESYNC, record)
    assert carried_out(tenant, KEEP, record)[1] == ["kept"]
    assert record.state == "synced"
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]
    assert standing(world, "SalesReceipt")["PrivateNote"] == "by hand"


def test_a_later_refund_follows_the_version_that_was_kept(world: World) -> None:
    tenant, record = sold(world)
    change_by_hand(world, "SalesReceipt", amount=100.0)
    carried_out(tenant, RESYNC, record)
    carried_out(tenant, KEEP, record)
    refund(world, record.woo_id, amount="2.00")
    run_to_end(tenant)
    assert states(tenant, "refund") == {"synced": 1}
    assert only(world, "RefundReceipt")["TotalAmt"] == "2.00"


@BOTH
def test_the_stores_version_replaces_the_whole_of_it(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    before = world.books(tenant)
    note = standing(world, kind)["PrivateNote"]
    change = {"PrivateNote": "by hand", "DocNumber": "X1", "TxnDate": "2026-11-01"}
    world.edit_books(kind, id=only(world, kind)["Id"], change=change)
    change_by_hand(world, kind)
    carried_out(tenant, RESYNC, record)
    run, outcomes = carried_out(tenant, REPLACE, record)
    assert outcomes == ["replaced"]
    # The payment that QuickBooks freed from the cheaper invoice is read before it is linked again.
    assert run.qbo_reads == (1 if kind == "SalesReceipt" else 2)
    assert record.state == "synced"
    assert standing(world, kind)["PrivateNote"] == note
    assert world.books(tenant)["documents"] == before["documents"]
    assert carried_out(tenant, RESYNC, record)[1] == ["same"]


def test_a_freed_payment_pays_again_after_its_data_are_no_longer_kept(world: World) -> None:
    tenant, record = sold(world, "invoice")
    before = world.books(tenant)
    record.postings.filter(entity="Payment").update(payload={})
    change_by_hand(world, "Invoice")
    carried_out(tenant, RESYNC, record)
    assert carried_out(tenant, REPLACE, record)[1] == ["replaced"]
    assert record.state == "synced"
    assert world.books(tenant)["documents"] == before["documents"]
    payment = record.postings.filter(entity="Payment", operation="update").latest("pk")
    assert payment.payload["CustomerRef"]["value"] == only(world, "Payment")["CustomerRef"]["value"]
    assert Decimal(str(payment.payload["TotalAmt"])) == payment.planned_total


def test_what_lies_in_a_closed_period_or_a_deposit_is_not_replaced(world: World) -> None:
    tenant, record = sold(world)
    world.edit_books("SalesReceipt", id=only(world, "SalesReceipt")["Id"], change={"PrivateNote": "by hand"})
    carried_out(tenant, RESYNC, record)
    world.company_control("deposit", type="SalesReceipt", id=only(world, "SalesReceipt")["Id"])
    assert carried_out(tenant, REPLACE, record)[1] == ["deposited"]
    assert (record.state, record.reason) == ("attention", "edited_in_quickbooks")
    assert standing(world, "SalesReceipt")["PrivateNote"] == "by hand"


def test_a_replacement_whose_answer_is_lost_is_made_once(world: World) -> None:
    tenant, record = sold(world, "invoice")
    change_by_hand(world, "Invoice")
    carried_out(tenant, RESYNC, record)
    world.company_control("behaviour", keep_request_ids=False)
    world.break_company(path_contains="/batch", action="hang_up_after", times=2)
    assert carried_out(tenant, REPLACE, record)[1] == ["replaced"]
    assert record.state == "synced"
    assert Decimal(only(world, "Invoice")["TotalAmt"]) == total_of(world, record.woo_id)
    assert only(world, "Invoice")["Balance"] == "0.00"


# Deleted or voided by hand


@BOTH
def test_a_deleted_document_is_sent_again_only_at_a_persons_wish(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    before = world.books(tenant)["documents"]
    world.edit_books(kind, id=only(world, kind)["Id"], delete=True)
    run, outcomes = carried_out(tenant, RESYNC, record)
    assert (outcomes, run.qbo_reads) == (["gone"], 1)
    assert (record.state, record.reason) == ("attention", "document_gone")
    run_to_end(tenant)
    assert world.documents(kind) == []
    assert record.post_again(by="a person")
    assert not record.post_again(by="a person")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == "synced"
    assert world.books(tenant)["documents"] == before
    creates = Posting.objects.filter(record=record, operation="create", entity=kind).order_by("generation")
    assert [(one.generation, one.state) for one in creates] == [(0, "undone"), (1, "posted")]
    assert_no_duplicates(world)


def test_an_invoice_deleted_with_its_payment_is_sent_and_paid_again(world: World) -> None:
    tenant, record = sold(world, "invoice")
    before = world.books(tenant)["documents"]
    for kind in ("Payment", "Invoice"):
        world.edit_books(kind, id=only(world, kind)["Id"], delete=True)
    carried_out(tenant, RESYNC, record)
    record.post_again(by="a person")
    run_to_end(tenant)
    assert world.books(tenant)["documents"] == before
    assert balance(world, "Accounts Receivable (A/R)") == "0.00"


def test_an_accepted_deletion_stays_and_can_be_taken_back(world: World) -> None:
    tenant, record = sold(world)
    world.edit_books("SalesReceipt", id=only(world, "SalesReceipt")["Id"], delete=True)
    carried_out(tenant, RESYNC, record)
    assert record.accept_deletion(by="a person")
    assert (record.state, record.reason) == ("skipped", "deletion_accepted")
    add_line(world, record.woo_id)
    run_to_end(tenant)
    run_to_end(tenant, order_ids=[record.woo_id])
    assert world.documents("SalesReceipt") == []
    record.refresh_from_db()
    assert record.post_again(by="a person")
    run_to_end(tenant)
    assert Decimal(only(world, "SalesReceipt")["TotalAmt"]) == total_of(world, record.woo_id)


def test_a_voided_document_is_a_question_too(world: World) -> None:
    tenant, record = sold(world)
    world.edit_books("SalesReceipt", id=only(world, "SalesReceipt")["Id"], void=True)
    assert carried_out(tenant, RESYNC, record)[1] == ["gone"]
    assert (record.reason, record.details["problem"]) == ("document_gone", "voided")


def voided_and_sent_again(world: World, tenant: Tenant, record: Record, kind: str, qbo_id: str) -> Run:
    """By a person in QuickBooks, and at a person's wish here."""
    world.edit_books(kind, id=qbo_id, void=True)
    assert carried_out(tenant, RESYNC, record)[1] == ["gone"]
    assert record.post_again(by="a person")
    run = run_to_end(tenant)
    record.refresh_from_db()
    return run


@BOTH
def test_sent_again_after_a_void_it_takes_the_next_number_and_says_so(world: World, document: str, kind: str) -> None:
    tenant, record = sold(world, document)
    first = only(world, kind)
    number = str(first["DocNumber"])
    run = voided_and_sent_again(world, tenant, record, kind, first["Id"])
    assert (record.state, record.reason) == ("synced", "")
    assert run.qbo_reads == {"SalesReceipt": 1, "Invoice": 2}[kind], "whose number it is, and where the payment went"
    standing_ones = {one["DocNumber"]: one["TotalAmt"] for one in world.documents(kind)}
    assert standing_ones == {number: "0.00", f"{number}-2": str(total_of(world, record.woo_id))}
    told = record.events.get(kind="renumbered")
    assert (told.details["number"], told.details["following"]) == (number, f"{number}-2")
    second = next(one for one in world.documents(kind) if one["DocNumber"] == f"{number}-2")
    voided_and_sent_again(world, tenant, record, kind, second["Id"])
    assert record.state == "synced"
    assert f"{number}-3" in {one["DocNumber"] for one in world.documents(kind)}
    assert_no_duplicates(world)


def test_a_next_number_that_somebody_elses_document_bears_is_a_question(world: World) -> None:
    tenant, record = sold(world)
    first = only(world, "SalesReceipt")
    world.company_control("keyed", type="SalesReceipt", total="9.00", number=f"{first['DocNumber']}-2")
    voided_and_sent_again(world, tenant, record, "SalesReceipt", first["Id"])
    assert (record.state, record.reason) == ("attention", "duplicate_number")
    assert record.details["number"] == f"{first['DocNumber']}-2"


def test_the_number_of_a_document_that_somebody_keyed_and_voided_is_no_question_either(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    number = f"Wio{world.number_of(order_id)}"
    keyed = world.company_control("keyed", type="SalesReceipt", total="9.00", number=number)
    world.edit_books("SalesReceipt", id=keyed["Id"], void=True)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert {one["DocNumber"] for one in world.documents("SalesReceipt")} == {number, f"{number}-2"}


def test_a_number_that_cannot_go_on_within_the_limit_is_asked_about(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    prefix = "W" * (20 - len(world.number_of(order_id)))
    tenant = world.connect(orders={"number_prefix": prefix})
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    voided_and_sent_again(world, tenant, record, "SalesReceipt", only(world, "SalesReceipt")["Id"])
    assert (record.state, record.reason) == ("attention", "duplicate_number")


def test_a_refund_of_a_deleted_invoice_waits_for_it_and_is_applied_again(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    world.edit_books("Invoice", id=only(world, "Invoice")["Id"], delete=True)
    refund(world, order_id, amount="3.00")
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (states(tenant), states(tenant, "refund")) == (
        {"attention:document_gone": 1}, {"waiting:awaiting_sale": 1},
    )  # fmt: skip
    record.post_again(by="a person")
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert Decimal(only(world, "Invoice")["Balance"]) == total_of(world, order_id) - 3

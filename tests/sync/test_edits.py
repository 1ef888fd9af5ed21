"""Orders edited after they were posted: the document follows in place, unless a person touched it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.models import Posting, Record
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.test_refunds import POT, TEA, balance, only, refund, total_of, unpaid
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize(("document", "kind"), [("sales_receipt", "SalesReceipt"), ("invoice", "Invoice")])


def lines_of(world: World, order_id: int) -> list[dict[str, Any]]:
    order = world.box.store.shop.database.get("order", order_id)
    assert order is not None
    lines: list[dict[str, Any]] = order.document["line_items"]
    return lines


def add_line(world: World, order_id: int, **line: Any) -> None:
    world.change_order(order_id, line_items=[line or POT])


def remove_line(world: World, order_id: int, place: int = 0) -> None:
    world.change_order(order_id, line_items=[{"id": lines_of(world, order_id)[place]["id"], "quantity": 0}])


def kinds(record: Record) -> list[str]:
    return [event.kind for event in record.events.all()]


def standing(world: World, kind: str) -> dict[str, Any]:
    """The one document of a kind as QuickBooks keeps it."""
    found = world.box.company.books.get(kind, only(world, kind)["Id"])
    assert found is not None
    return found


def item_lines(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]


# The document follows


@BOTH
def test_an_edited_order_changes_its_document_in_place(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    before = only(world, kind)
    add_line(world, order_id)
    world.forget_stats()
    run = run_to_end(tenant)
    after = only(world, kind)
    assert after["Id"] == before["Id"]
    assert (after["DocNumber"], after["TxnDate"]) == (before["DocNumber"], before["TxnDate"])
    assert Decimal(after["TotalAmt"]) == total_of(world, order_id) > Decimal(before["TotalAmt"])
    assert world.stats()["updates"] == {kind: 1}
    assert run.qbo_reads == 0
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    assert {"edited", "updated", "compared", "synced"} <= set(kinds(record))
    assert Decimal(record.proof["answered"]["total"]) == total_of(world, order_id)


@BOTH
def test_removed_lines_are_really_removed(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    remove_line(world, order_id)
    run_to_end(tenant)
    [line] = item_lines(only(world, kind))
    assert line["SalesItemLineDetail"]["ItemRef"]["name"]
    assert Decimal(only(world, kind)["TotalAmt"]) == total_of(world, order_id)


def test_a_second_run_changes_nothing_more(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    add_line(world, order_id)
    run_to_end(tenant)
    world.forget_stats()
    run_to_end(tenant)
    world.change_order(order_id, status="completed")
    run_to_end(tenant)
    assert world.stats()["updates"] == {}


def test_edits_follow_one_another(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    for _time in range(6):
        add_line(world, order_id)
        run_to_end(tenant)
    assert Decimal(only(world, "Invoice")["TotalAmt"]) == total_of(world, order_id)
    assert states(tenant) == {"synced": 1}
    generations = Posting.objects.filter(operation="update").order_by("pk").values_list("generation", flat=True)
    assert list(generations) == list(range(6))


def test_the_rules_of_today_say_what_the_lines_are_and_rewrite_nothing_else(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    before = only(world, "SalesReceipt")
    world.apply(world.document(document="invoice", orders={"number_prefix": "New"}))
    add_line(world, order_id)
    run_to_end(tenant)
    after = only(world, "SalesReceipt")
    assert after["DocNumber"] == before["DocNumber"]
    assert world.documents("Invoice") == []
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    assert record.options_version is not None
    edited = record.events.get(kind="edited")
    assert edited.details["version"] == record.options_version.number == 2


def test_a_change_that_the_document_does_not_show_is_only_noted(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    Record.objects.filter(woo_id=order_id).update(fingerprint="as an earlier version took it")
    world.change_order(order_id, customer_note="touched")
    world.forget_stats()
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    assert "edit_changes_nothing" in kinds(record)
    assert world.stats()["updates"] == {}
    world.change_order(order_id, customer_note="touched again")
    run_to_end(tenant)
    assert kinds(record_of(tenant, order_id)).count("edit_changes_nothing") == 1


@BOTH
def test_a_buyer_made_anonymous_changes_no_document(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    before = world.books(tenant)
    world.store_control("orders", anonymise=order_id)
    world.tick()
    world.forget_stats()
    run_to_end(tenant)
    assert world.stats()["updates"] == world.stats()["creates"] == {}
    assert world.books(tenant) == before
    add_line(world, order_id)
    run_to_end(tenant)
    after = only(world, kind)
    assert after["CustomerRef"]["name"] == "Jeanne Moreau"
    assert standing(world, kind)["BillEmail"]["Address"] == "jeanne@moreau.example"
    assert Decimal(after["TotalAmt"]) == total_of(world, order_id)


# Money that came in, and went out


def test_a_paid_invoice_keeps_its_payment_and_shows_what_is_open(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    paid = Decimal(only(world, "Payment")["TotalAmt"])
    add_line(world, order_id)
    run_to_end(tenant)
    assert Decimal(only(world, "Payment")["TotalAmt"]) == paid
    left = total_of(world, order_id) - paid
    assert Decimal(only(world, "Invoice")["Balance"]) == left > 0
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    [notice] = [one for one in record.notices if one["reason"] == "edited_payment_open"]
    assert Decimal(notice["amount"]) == left


def test_a_paid_invoice_that_became_cheaper_says_what_the_payment_leaves_over(world: World) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    paid = Decimal(only(world, "Payment")["TotalAmt"])
    remove_line(world, order_id)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "synced"
    [notice] = [one for one in record.notices if one["reason"] == "edited_payment_over"]
    assert Decimal(notice["amount"]) == paid - total_of(world, order_id)


def test_an_unpaid_invoice_that_was_edited_is_paid_in_full_later(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    add_line(world, order_id)
    run_to_end(tenant)
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    assert only(world, "Invoice")["Balance"] == "0.00"
    assert Decimal(only(world, "Payment")["TotalAmt"]) == total_of(world, order_id)


def test_an_order_edited_and_refunded_at_once_is_changed_first(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    add_line(world, order_id)
    refund(world, order_id, whole=True)
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert only(world, "RefundReceipt")["TotalAmt"] == only(world, "SalesReceipt")["TotalAmt"]
    assert balance(world, "Stripe clearing") == "0.00"


@BOTH
def test_no_document_goes_below_what_was_given_back(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    total = total_of(world, order_id)
    refund(world, order_id, amount=str(total - 1))
    run_to_end(tenant)
    remove_line(world, order_id)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.details["problem"]) == ("attention", "refund_exceeds_sale", "edited")
    assert Decimal(only(world, kind)["TotalAmt"]) == total


def test_an_edit_after_a_partial_refund_follows(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    refund(world, order_id, amount="3.00")
    run_to_end(tenant)
    add_line(world, order_id)
    world.forget_stats()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "Invoice")["Balance"]) == total_of(world, order_id) - 3
    assert world.stats()["faults"] == {}


# What holds it back


@BOTH
def test_a_document_of_a_closed_period_is_held(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    before = world.documents()
    world.company_control("preferences", book_close_date=only(world, kind)["TxnDate"])
    add_line(world, order_id)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.details["problem"]) == ("attention", "closed_period", "edited")
    assert world.documents() == before
    world.company_control("preferences", book_close_date=None)
    record.queue_again(by="a person")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, kind)["TotalAmt"]) == total_of(world, order_id)


def test_a_deposited_sale_is_held(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    world.company_control("deposit", type="SalesReceipt", id=only(world, "SalesReceipt")["Id"])
    add_line(world, order_id)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "attention"
    assert (record.reason, record.details["problem"]) == ("refused_by_quickbooks:6540", "deposited")


@BOTH
def test_a_document_that_a_person_changed_is_never_overwritten(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    world.edit_books(kind, id=only(world, kind)["Id"], change={"PrivateNote": "by hand"})
    before = world.ledger()
    add_line(world, order_id)
    run = run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "edited_in_quickbooks")
    assert [edit[0] for edit in record.details["edits"]] == ["note"]
    assert world.ledger() == before
    assert run.qbo_reads == 1
    run_to_end(tenant)
    add_line(world, order_id)
    run_to_end(tenant)
    assert world.ledger() == before


def test_a_token_that_rose_for_nothing_is_no_change(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    world.edit_books("SalesReceipt", id=only(world, "SalesReceipt")["Id"], change={"PrintStatus": "PrintComplete"})
    add_line(world, order_id)
    run = run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "SalesReceipt")["TotalAmt"]) == total_of(world, order_id)
    assert run.qbo_reads == 1


def test_an_invoice_that_somebody_paid_in_quickbooks_can_still_follow(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    invoice = only(world, "Invoice")
    line = {"Amount": float(invoice["Balance"]), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": float(invoice["Balance"]), "Line": [line]}
    world.edit_books("Payment", create=body)
    add_line(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "Invoice")["TotalAmt"]) == total_of(world, order_id)


@BOTH
def test_a_document_that_somebody_deleted_is_not_sent_again_by_itself(world: World, document: str, kind: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    world.edit_books(kind, id=only(world, kind)["Id"], delete=True)
    for _time in range(2):
        add_line(world, order_id)
        run_to_end(tenant)
        record = record_of(tenant, order_id)
        assert (record.state, record.reason) == ("attention", "document_gone")
        assert world.documents(kind) == []


# Verified like a create


def test_a_change_is_verified_and_repaired_like_a_new_document(new_world: NewWorld) -> None:
    world = new_world("fr")
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    world.company_control("behaviour", rounding="per_line")
    for quantity in range(1, 9):
        add_line(world, order_id, **{**POT, "quantity": quantity})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "SalesReceipt")["TotalAmt"]) == total_of(world, order_id)
    assert_all_ended(tenant)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("times", [1, 3])
def test_a_change_whose_answer_is_lost_is_made_once(world: World, keeps: bool, times: int) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    token = int(standing(world, "Invoice")["SyncToken"])
    add_line(world, order_id)
    world.company_control("behaviour", keep_request_ids=keeps)
    world.break_company(path_contains="/batch", action="hang_up_after", times=times)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "Invoice")["TotalAmt"]) == total_of(world, order_id)
    assert int(standing(world, "Invoice")["SyncToken"]) == token + 1
    assert_no_duplicates(world)


def test_orders_held_before_edits_were_followed_are_looked_at_again(tenant_held: tuple[World, Tenant, int]) -> None:
    world, tenant, order_id = tenant_held
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Decimal(only(world, "SalesReceipt")["TotalAmt"]) == total_of(world, order_id)


@pytest.fixture
def tenant_held(world: World) -> tuple[World, Tenant, int]:
    from importlib import import_module

    from django.apps import apps

    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    add_line(world, order_id)
    run_to_end(tenant, order_ids=[])
    Posting.objects.filter(operation="update").delete()
    record = Record.objects.get(woo_id=order_id)
    Record.objects.filter(pk=record.pk).update(
        state="attention", reason="not_yet_available", details={"what": "edited_order"}, fingerprint="before"
    )
    import_module("sync.migrations.0015_queue_edited_orders").queue_again(apps, None)
    return world, tenant, order_id

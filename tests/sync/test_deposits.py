"""Deposits over HTTP: one invoice over the whole, a payment for every amount that came, each once and on its day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.engine.requests import request_run
from sync.models import Posting, ReconciliationLine, Run
from tenants.models import Tenant
from tests.sync.test_reconciliation import reconciled
from tests.sync.test_refunds import balance, only, refund, total_of, unpaid
from tests.sync.world import (
    Crash,
    World,
    assert_all_ended,
    assert_no_duplicates,
    die_holding_the_lease,
    finish,
    one_slice,
    record_of,
    run_to_end,
)

pytestmark = pytest.mark.django_db

TEA = {"sku": "THE-SEN-100", "quantity": 10}
PARTLY_PAID = ("partially-paid", "partial-payment")
STATUSES = [*PARTLY_PAID, "processing", "completed", "on-hold", "refunded", "partially-refunded"]
ORDERS = {"statuses": STATUSES}


@pytest.fixture
def shop(world: World) -> World:
    """A shop with the statuses of deposit plugins."""
    custom = [{"slug": slug, "name": slug.replace("-", " ").title()} for slug in PARTLY_PAID]
    world.box.store.shop.database.facts["custom_statuses"] = custom
    return world


def keys(deposit: Any, rest: Any, *, balance_paid: bool = False, **more: Any) -> list[dict[str, Any]]:
    values = {
        "order_has_deposit": "yes",
        "deposit_amount": deposit,
        "second_payment": rest,
        "deposit_paid": "yes",
        "second_payment_paid": "yes" if balance_paid else "no",
        **more,
    }
    return [{"key": f"_wc_deposits_{name}", "value": value} for name, value in values.items()]


def order_with_deposit(world: World, share: str = "0.3", **more: Any) -> int:
    """As the plugin leaves it once the gateway took the deposit."""
    order_id = world.add_order(line_items=[TEA], **more)
    deposit, rest = parts_of(world, order_id, share)
    world.change_order(order_id, status="partially-paid", meta_data=keys(float(deposit), float(rest)))
    return order_id


def parts_of(world: World, order_id: int, share: str = "0.3") -> tuple[Decimal, Decimal]:
    total = total_of(world, order_id)
    deposit = (total * Decimal(share)).quantize(Decimal("0.01"))
    return deposit, total - deposit


def pay_balance(world: World, order_id: int) -> None:
    deposit, rest = parts_of(world, order_id)
    world.change_order(order_id, status="processing", meta_data=keys(float(deposit), float(rest), balance_paid=True))


def invoices(world: World, **wanted: Any) -> Tenant:
    document = world.document()
    orders = {**document["orders"], **ORDERS, **wanted.pop("orders", {})}
    return world.connect(document="invoice", orders={**orders, "document": "invoice"}, **wanted)


def in_turn(world: World, *kinds: str) -> list[dict[str, Any]]:
    """As they were made."""
    return sorted(world.documents(*kinds), key=lambda one: int(one["Id"]))


def payments(world: World) -> list[str]:
    return [str(one["TotalAmt"]) for one in in_turn(world, "Payment")]


def markers(world: World) -> list[str]:
    return [str(one["PrivateNote"]).split("\n", 1)[0].split(":", 2)[2] for one in in_turn(world, "Payment")]


def test_a_deposit_is_paid_on_one_invoice_and_the_balance_follows(shop: World) -> None:
    order_id = order_with_deposit(shop)
    deposit, rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    invoice = only(shop, "Invoice")
    assert (invoice["TotalAmt"], invoice["Balance"]) == (f"{deposit + rest:.2f}", f"{rest:.2f}")
    assert payments(shop) == [f"{deposit:.2f}"]
    record = record_of(tenant, order_id)
    assert (record.state, [one["reason"] for one in record.notices]) == ("synced", ["balance_open"])
    assert record.notices[0]["amount"] == f"{rest:.2f}"
    run_to_end(tenant)
    assert payments(shop) == [f"{deposit:.2f}"]
    pay_balance(shop, order_id)
    run_to_end(tenant)
    assert only(shop, "Invoice")["Balance"] == "0.00"
    assert payments(shop) == [f"{deposit:.2f}", f"{rest:.2f}"]
    assert markers(shop) == [f"{order_id}:payment", f"{order_id}:payment:2"]
    assert balance(shop, "Stripe clearing") == f"{deposit + rest:.2f}"
    record.refresh_from_db()
    assert (record.state, [one["reason"] for one in record.notices]) == ("synced", ["balance_day_estimated"])
    told = [event.details["total"] for event in record.events.filter(kind="posted").order_by("pk")]
    assert [Decimal(total) for total in told] == [deposit + rest, deposit, rest]
    run_to_end(tenant)
    assert len(payments(shop)) == 2
    assert_no_duplicates(shop)
    assert_all_ended(tenant)


def test_read_only_after_the_balance_it_has_both_payments(shop: World) -> None:
    order_id = order_with_deposit(shop, "0.333")
    pay_balance(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    assert payments(shop) == [f"{part:.2f}" for part in parts_of(shop, order_id)]
    assert only(shop, "Invoice")["Balance"] == "0.00"
    assert record_of(tenant, order_id).state == "synced"


def test_an_order_on_hold_becomes_an_invoice_and_its_deposit_comes_weeks_later(shop: World) -> None:
    order_id = unpaid(shop, at=datetime.now(UTC) - timedelta(days=21), line_items=[TEA])
    deposit, rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    assert payments(shop) == []
    came_at = int(datetime.now(UTC).timestamp())
    shop.change_order(
        order_id, status="partially-paid", meta_data=keys(float(deposit), float(rest), deposit_payment_time=came_at)
    )
    run_to_end(tenant)
    paid, invoice = only(shop, "Payment"), only(shop, "Invoice")
    assert (paid["TotalAmt"], invoice["Balance"]) == (f"{deposit:.2f}", f"{rest:.2f}")
    assert paid["TxnDate"] > invoice["TxnDate"]
    assert paid["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_sales_receipts_wait_for_all_of_the_money(shop: World) -> None:
    order_id = order_with_deposit(shop)
    tenant = shop.connect(orders={**shop.document()["orders"], **ORDERS})
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.details["problem"]) == ("waiting", "awaiting_payment", "deposit")
    assert shop.documents("SalesReceipt", "Invoice", "Payment") == []
    pay_balance(shop, order_id)
    run_to_end(tenant)
    assert only(shop, "SalesReceipt")["TotalAmt"] == f"{total_of(shop, order_id):.2f}"
    assert balance(shop, "Stripe clearing") == f"{total_of(shop, order_id):.2f}"


def test_what_nobody_can_read_is_held_and_leaves_once_it_is_paid(shop: World) -> None:
    order_id = shop.add_order(line_items=[TEA])
    shop.change_order(order_id, status="partially-paid")
    tenant = invoices(shop)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "deposit_unclear")
    assert shop.documents("Invoice", "Payment") == []
    shop.change_order(order_id, status="completed")
    run_to_end(tenant)
    assert payments(shop) == [f"{total_of(shop, order_id):.2f}"]


def test_an_order_edited_between_leaves_the_balance_exact(shop: World) -> None:
    order_id = order_with_deposit(shop)
    deposit, _rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    shop.change_order(order_id, fee_lines=[{"name": "Emballage", "total": "6.00", "tax_class": "", "taxes": []}])
    total = total_of(shop, order_id)
    shop.change_order(
        order_id,
        status="processing",
        meta_data=keys(float(deposit), float(total - deposit), balance_paid=True),
    )
    run_to_end(tenant)
    assert payments(shop) == [f"{deposit:.2f}", f"{total - deposit:.2f}"]
    assert only(shop, "Invoice")["Balance"] == "0.00"
    assert record_of(tenant, order_id).state == "synced"


def split_sale(world: World) -> tuple[int, int]:
    """The orders of a store that splits a sale: the deposit of a third, and the balance once it was paid."""
    whole = {"sku": "THI-FON-08", "quantity": 1}
    flag = {"key": "_is_deposit", "value": "yes"}
    first = world.add_order(line_items=[{**whole, "total": "20.00", "subtotal": "20.00", "meta_data": [flag]}])
    world.change_order(first, status="partial-payment")
    link = {"key": "_original_order_id", "value": str(first)}
    line = {**whole, "name": "Payment #2", "total": "40.00", "subtotal": "40.00", "meta_data": [link]}
    return first, world.add_order(line_items=[line], created_via="wc_deposits", status="completed")


@pytest.mark.parametrize("document", ["invoice", "sales_receipt"])
def test_a_sale_that_the_store_splits_is_booked_once_in_money_and_in_pieces(shop: World, document: str) -> None:
    first, second = split_sale(shop)
    document_of = shop.document()["orders"]
    tenant = shop.connect(document=document, orders={**document_of, **ORDERS, "document": document})
    run_to_end(tenant)
    sales = in_turn(shop, "Invoice", "SalesReceipt")
    whole = total_of(shop, first) + total_of(shop, second)
    assert sum(Decimal(one["TotalAmt"]) for one in sales) == whole == Decimal("72.00")
    assert sum(Decimal(one["TotalTax"]) for one in sales) == Decimal("12.00")
    assert balance(shop, "Stripe clearing") == "72.00"
    items = [line["ItemRef"]["name"] for one in sales for line in lines_of(shop, one)]
    assert len(items) == 2
    assert items[1] == "Online sale"
    notices = [[one["reason"] for one in record_of(tenant, woo_id).notices] for woo_id in (first, second)]
    assert notices == [["split_deposit"], ["split_balance"]]


def lines_of(world: World, document: dict[str, Any]) -> list[dict[str, Any]]:
    with world.box.company.storage.transaction():
        row = world.box.company.books.get(document["type"], document["Id"])
    assert row is not None
    return [line["SalesItemLineDetail"] for line in row["Line"] if "SalesItemLineDetail" in line]


def test_a_payment_that_the_store_lists_as_an_order_is_no_sale(shop: World) -> None:
    order_id = order_with_deposit(shop)
    pay_balance(shop, order_id)
    vessel = shop.add_order(
        line_items=[TEA],
        status="completed",
        meta_data=[{"key": "_wc_deposits_payment_type", "value": "second_payment"}],
    )
    tenant = invoices(shop)
    run_to_end(tenant)
    record = record_of(tenant, vessel)
    assert (record.state, record.reason) == ("skipped", "payment_of_another")
    assert len(shop.documents("Invoice")) == 1
    assert balance(shop, "Stripe clearing") == f"{total_of(shop, order_id):.2f}"


@pytest.mark.parametrize("is_balance", [False, True])
def test_the_reconciliation_compares_each_payment_with_its_own_amount(shop: World, is_balance: bool) -> None:
    order_id = order_with_deposit(shop)
    tenant = invoices(shop)
    run_to_end(tenant)
    if is_balance:
        pay_balance(shop, order_id)
        run_to_end(tenant)
    found = reconciled(tenant)
    assert (found["exit"], found["gaps"]) == (0, [])
    lines = ReconciliationLine.objects.filter(entity="Payment").order_by("qbo_id")
    assert [line.store_total for line in lines] == list(parts_of(shop, order_id))[: 1 + is_balance]
    assert all(line.store_total == line.books_total for line in lines)


# Refunds of what was paid in part


def test_a_refunded_deposit_leaves_the_account_at_nothing(shop: World) -> None:
    order_id = order_with_deposit(shop)
    deposit, rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    refund(shop, order_id, amount=f"{deposit:.2f}")
    run_to_end(tenant)
    assert only(shop, "RefundReceipt")["TotalAmt"] == f"{deposit:.2f}"
    assert balance(shop, "Stripe clearing") == "0.00"
    assert only(shop, "Invoice")["Balance"] == f"{rest:.2f}"


def test_a_refund_of_more_than_came_is_asked_about(shop: World) -> None:
    order_id = order_with_deposit(shop)
    deposit, _rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    run_to_end(tenant)
    refund_id = refund(shop, order_id, amount=f"{deposit + Decimal('0.01'):.2f}")
    run_to_end(tenant)
    held = record_of(tenant, refund_id, "refund")
    assert (held.state, held.reason, held.details["problem"]) == ("attention", "refund_exceeds_sale", "money")
    assert (held.details["left"], shop.documents("RefundReceipt")) == (f"{deposit:.2f}", [])
    assert balance(shop, "Stripe clearing") == f"{deposit:.2f}"


def test_a_cancelled_order_with_a_deposit_is_left_to_a_person(shop: World) -> None:
    order_id = order_with_deposit(shop)
    tenant = invoices(shop)
    run_to_end(tenant)
    shop.change_order(order_id, status="cancelled")
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "cancelled_but_paid"
    assert len(shop.documents("Invoice", "CreditMemo")) == 1


# Trouble on the way


def advance(run: Run, checkpoint: Callable[[str], None]) -> None:
    while one_slice(run, checkpoint=checkpoint).more:
        pass


@pytest.mark.parametrize("is_balance", [False, True])
def test_a_death_at_any_step_pays_each_part_once(shop: World, is_balance: bool) -> None:
    order_id = order_with_deposit(shop)
    deposit, rest = parts_of(shop, order_id)
    tenant = invoices(shop)
    if is_balance:
        run_to_end(tenant)
    pay_balance(shop, order_id)
    deaths = 0
    while True:
        passed = 0

        def checkpoint(_name: str, dying: int = deaths + 1) -> None:
            nonlocal passed
            passed += 1
            if passed == dying:
                raise Crash

        run, _ = request_run(tenant, trigger="test")
        try:
            advance(run, checkpoint)
        except Crash:
            deaths += 1
            die_holding_the_lease(tenant.company_id or 0)
            continue
        finish(run)
        break
    assert deaths >= 4
    assert payments(shop) == [f"{deposit:.2f}", f"{rest:.2f}"]
    assert only(shop, "Invoice")["Balance"] == "0.00"
    assert_no_duplicates(shop)
    assert_all_ended(tenant)
    assert not Posting.objects.filter(state=Posting.State.PLANNED).exists()

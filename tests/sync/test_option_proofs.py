"""Options whose proof is a document in the books: taxes, products, and money that comes later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.models import Record
from tests.sync.conftest import NewWorld
from tests.sync.test_refunds import balance, only, refund, total_of, unpaid
from tests.sync.world import World, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

TEA = {"sku": "THE-SEN-100", "quantity": 2}


def codes_of(world: World, document: dict[str, Any]) -> set[str]:
    names = {str(one["Id"]): one["Name"] for one in world.names("TaxCode")}
    details = [line.get("SalesItemLineDetail") or {} for line in document["Line"]]
    return {names[str(one["TaxCodeRef"]["value"])] for one in details if one.get("TaxCodeRef")}


def exempt_order(world: World, country: str = "FR") -> int:
    address = {"first_name": "Jane", "last_name": "Doe", "email": "jane@x.example", "country": country}
    tax_free = [{"key": "is_vat_exempt", "value": "yes"}] if country == "FR" else []
    return world.add_order(line_items=[TEA], billing=address, shipping=address, meta_data=tax_free)


def test_an_order_follows_the_code_that_its_rate_is_matched_with(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(taxes={**world.document()["taxes"], "rates": []})
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "unmapped_tax_rate"
    world.apply(world.document())
    run_to_end(tenant)
    [code] = codes_of(world, only(world, "SalesReceipt"))
    matched = {row["tax_code"] for row in world.document()["taxes"]["rates"]}
    assert code in matched


@pytest.mark.parametrize("chosen", ["Exempt", "0.0% S"])
def test_lines_without_tax_bear_the_code_chosen_for_them(world: World, chosen: str) -> None:
    exempt_order(world, "US")
    tenant = world.connect(taxes={**world.document()["taxes"], "untaxed_code": chosen})
    run_to_end(tenant)
    assert codes_of(world, only(world, "SalesReceipt")) == {chosen}


def test_exports_have_a_code_of_their_own(world: World) -> None:
    exempt_order(world, "US")
    tenant = world.connect(taxes={**world.document()["taxes"], "untaxed": {"export": "Export"}})
    run_to_end(tenant)
    assert codes_of(world, only(world, "SalesReceipt")) == {"Export"}


@pytest.mark.parametrize("item", ["Sales Tax", "Online sale"])
def test_where_quickbooks_keeps_no_tax_it_goes_on_the_item_chosen(new_world: NewWorld, item: str) -> None:
    world = new_world("us", orders=12)
    tenant = world.connect(taxes={"tax_item": item})
    run_to_end(tenant)
    taxed = Record.objects.for_tenant(tenant).filter(source="order", state="synced", store_tax__gt=0)[0]
    sale = next(one for one in world.documents("SalesReceipt") if one["DocNumber"] == f"Wio{taxed.number}")
    assert taxed.store_tax is not None
    last = [line for line in sale["Line"] if "SalesItemLineDetail" in line][-1]
    assert last["SalesItemLineDetail"]["ItemRef"]["name"] == item
    assert Decimal(str(last["Amount"])) == taxed.store_tax.quantize(Decimal("0.01"))


@pytest.mark.parametrize(("enabled", "scope"), [(False, "all"), (True, "sold"), (True, "all")])
def test_products_follow_their_scope(world: World, enabled: bool, scope: str) -> None:
    world.add_order(line_items=[TEA])
    tenant = world.connect(products={"enabled": enabled, "scope": scope})
    run_to_end(tenant)
    skus = {one["Sku"] for one in world.names("Item") if one.get("Sku")}
    assert "THE-SEN-100" in skus
    assert (len(skus) > 1) is (enabled and scope == "all")


@pytest.mark.parametrize(("tracking", "on_document", "on_lines"), [
    ("ClassTrackingPerTxn", {"Web shop"}, set()),
    ("ClassTrackingPerTxnLine", set(), {"Web shop"}),
])  # fmt: skip
def test_sales_and_refunds_bear_their_class_where_the_company_keeps_it(
    world: World, tracking: str, on_document: set[str], on_lines: set[str]
) -> None:
    world.company_control("preferences", **{tracking: True})
    world.edit_books("Class", create={"Name": "Web shop"})
    refund(world, world.add_order(line_items=[TEA, {"sku": "THI-FON-08", "quantity": 1}]), whole=True)
    tenant = world.connect(orders={"class": "Web shop"})
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    for document in (*world.names("SalesReceipt"), *world.names("RefundReceipt")):
        lines = [line["SalesItemLineDetail"] for line in document["Line"] if "SalesItemLineDetail" in line]
        assert class_names([document]) == on_document
        assert [class_names([line]) for line in lines] == [on_lines, on_lines]


def class_names(parts: Iterable[dict[str, Any]]) -> set[str]:
    return {str(part["ClassRef"]["name"]) for part in parts if part.get("ClassRef")}


# Payments over time (product specification, §8)


def test_a_transfer_that_comes_three_weeks_later_is_recorded_on_its_day_in_its_account(world: World) -> None:
    order_id = unpaid(world, at=datetime.now(UTC) - timedelta(days=21))
    payments = world.document()["payments"]
    transfer = {"gateway": "bacs", "account": "Bank", "payment_method": "Bank transfer"}
    tenant = world.connect(document="invoice", payments={**payments, "methods": [*payments["methods"], transfer]})
    run_to_end(tenant)
    invoice = only(world, "Invoice")
    assert (invoice["Balance"], world.documents("Payment")) == (invoice["TotalAmt"], [])
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    payment = only(world, "Payment")
    days = [date.fromisoformat(one["TxnDate"]) for one in (invoice, payment)]
    assert days[1] - days[0] == timedelta(days=21)
    assert payment["TotalAmt"] == f"{total_of(world, order_id):.2f}" == balance(world, "Bank")
    assert payment["DepositToAccountRef"]["name"] == "Bank"
    assert only(world, "Invoice")["Balance"] == "0.00"


@pytest.mark.parametrize(("document", "default", "expected"), [
    ("invoice", "Undeposited Funds", "synced"),
    ("invoice", None, "synced"),
    ("sales_receipt", "Undeposited Funds", "synced"),
    ("sales_receipt", None, "attention:unmapped_gateway"),
])  # fmt: skip
def test_a_payment_method_without_an_account_follows_the_default_one(
    world: World, document: str, default: str | None, expected: str
) -> None:
    order_id = world.add_order(line_items=[TEA], payment_method="klarna", payment_method_title="Klarna")
    payments = {**world.document()["payments"], "default_account": default}
    tenant = world.connect(document=document, payments=payments)
    run_to_end(tenant)
    assert states(tenant) == {expected: 1}
    money = world.documents("Payment") if document == "invoice" else world.documents("SalesReceipt")
    assert [one["DepositToAccountRef"]["name"] for one in money] == ([default] if default else [])
    notices = [one["reason"] for one in record_of(tenant, order_id).notices]
    assert notices == (["unmapped_gateway"] if document == "invoice" and default is None else [])


@pytest.mark.parametrize(("choice", "expected"), [("post", "synced"), ("skip", "skipped:zero_total")])
def test_an_order_of_nothing_follows_the_choice(world: World, choice: str, expected: str) -> None:
    world.add_order(line_items=[{**TEA, "subtotal": "0.00", "total": "0.00"}])
    tenant = world.connect(orders={**world.document()["orders"], "zero_total": choice})
    run_to_end(tenant)
    assert states(tenant) == {expected: 1}
    assert [one["TotalAmt"] for one in world.documents()] == (["0.00"] if choice == "post" else [])


def test_a_deposit_that_the_store_counts_as_paid_is_the_order_s_total(world: World) -> None:
    """Plugins for deposits make an order for each part: each is an order of its own, and its total is what was paid."""
    first = world.add_order(line_items=[{**TEA, "subtotal": "10.00", "total": "10.00"}])
    second = unpaid(world, line_items=[{**TEA, "subtotal": "20.00", "total": "20.00"}])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    assert [one["TotalAmt"] for one in world.documents("Payment")] == [f"{total_of(world, first):.2f}"]
    world.change_order(second, status="processing", set_paid=True)
    run_to_end(tenant)
    assert all(one["Balance"] == "0.00" for one in world.documents("Invoice"))

"""What QuickBooks answered is compared with what was planned: no record ends synced with another amount."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from sync.models import Posting, Record, Run
from tenants.models import Company, Tenant
from tests.sync.conftest import NewWorld
from tests.sync.test_measured import sales_by_order
from tests.sync.world import World, assert_all_ended, assert_no_duplicates, merged, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

ODD = [{"sku": "THE-SEN-100", "quantity": 3}, {"sku": "PER-JAS-G", "quantity": 75}, {"sku": "PAS-INO", "quantity": 7}]
"""Small prices many times: the store rounds where QuickBooks does not."""


def assert_the_books_say_what_the_store_says(world: World, tenant: Tenant) -> Counter[str]:
    """Synced records stand exactly in the books, all others not at all."""
    sales = sales_by_order(world)
    orders = Record.objects.for_tenant(tenant).filter(source="order")
    for record in orders:
        sale = sales.get(record.woo_id)
        if record.state == Record.State.SYNCED:
            assert sale is not None, record.number
            assert Decimal(sale["TotalAmt"]) == record.store_total, record.number
            assert Decimal(sale["TotalTax"]) == record.store_tax, record.number
        elif record.reason != "not_yet_available":
            assert sale is None, (record.number, record.reason)
    assert_no_duplicates(world)
    assert_all_ended(tenant)
    return states(tenant)


@pytest.mark.parametrize("rounding", ["per_rate", "per_line"])
@pytest.mark.parametrize("overrides", ["keep", "tolerance", "ignore", "refuse"])
def test_no_record_ends_synced_with_another_total_or_tax(new_world: NewWorld, overrides: str, rounding: str) -> None:
    world = new_world("fr", orders=60)
    for _time in range(3):
        world.add_order(line_items=ODD)
    tenant = world.connect()
    world.company_control("behaviour", overrides=overrides, rounding=rounding)
    assert run_to_end(tenant).state == Run.State.FINISHED
    found = assert_the_books_say_what_the_store_says(world, tenant)
    assert found["synced"] >= 50, found


@pytest.mark.parametrize(("overrides", "learned"), [("ignore", "ignored"), ("refuse", "refused")])
def test_what_the_company_taught_is_kept_and_spares_the_next_document_the_detour(
    new_world: NewWorld, overrides: str, learned: str
) -> None:
    world = new_world("fr", orders=60)
    tenant = world.connect(taxes={"override": "auto"})
    world.company_control("behaviour", overrides=overrides)
    run_to_end(tenant)
    company = Company.objects.get()
    corrected = Posting.objects.filter(operation="update").count() + Posting.objects.filter(state="faulted").count()
    assert corrected, "no order of this shop needed stated amounts: the test proves nothing"
    assert company.learned_overrides == learned
    world.store_control("orders", add=40)
    world.tick()
    world.forget_stats()
    run_to_end(tenant)
    stats = world.stats()
    assert (stats["updates"].get("SalesReceipt", 0), stats["faults"]) == (0, {})
    assert_the_books_say_what_the_store_says(world, tenant)


def test_a_document_that_cannot_be_repaired_is_taken_back_and_held(world: World) -> None:
    order_id = world.add_order(line_items=ODD)
    tenant = world.connect(taxes={"override": "never", "cancelling_lines": False}, orders={"rounding_item": None})
    world.company_control("behaviour", overrides="ignore", rounding="per_line")
    run_to_end(tenant)
    assert_the_books_say_what_the_store_says(world, tenant)
    assert record_of(tenant, order_id).state in ("synced", "attention")


@pytest.mark.parametrize("code", ["5010", "6540", "6000"])
def test_a_document_that_may_not_be_taken_back_is_held_and_not_asked_for_ever(new_world: NewWorld, code: str) -> None:
    world = new_world("fr", orders=60)
    tenant = world.connect()
    world.company_control("behaviour", overrides="ignore", rounding="per_line")
    for operation in ("update", "delete"):
        fault = {"code": code, "message": "Refused for the test"}
        world.break_company(item_body_contains=f'"operation":"{operation}"', fault=fault, times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_all_ended(tenant)
    held = Record.objects.filter(state="attention", source="order")
    assert held
    assert {record.reason for record in held} == {"edited_in_quickbooks" if code == "5010" else "totals_differ"}
    assert world.stats()["updates"] == world.stats()["deletes"] == {}
    first = Posting.objects.count()
    run_to_end(tenant)
    assert Posting.objects.count() == first


def test_a_document_that_somebody_deleted_before_we_could_take_it_back_is_simply_gone(new_world: NewWorld) -> None:
    world = new_world("fr", orders=60)
    tenant = world.connect(taxes={"cancelling_lines": False}, orders={"rounding_item": None})
    world.company_control("behaviour", overrides="ignore", rounding="per_line")
    world.break_company(
        item_body_contains='"operation":"delete"', fault={"code": "610", "message": "Object Not Found"}, times=None
    )
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert {record.reason for record in Record.objects.filter(state="attention", source="order")} <= {
        "totals_differ",
        "missing_setting:rounding_item",
    }
    assert Posting.objects.filter(operation="create", state="undone").exists()


# Numbers


def test_a_number_that_a_stranger_took_needs_a_person(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    number = f"Wio{world.number_of(order_id)}"
    stranger = _strangers_receipt(world, number)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "duplicate_number")
    assert record.details["number"] == number
    assert record.details["existing_id"] == stranger
    assert len(world.documents()) == 1


def test_a_number_that_our_own_lost_document_bears_is_adopted(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    posted = Posting.objects.get(entity="SalesReceipt")
    record = record_of(tenant, order_id)
    posted.delete()
    Record.objects.filter(pk=record.pk).update(state="queued", planned_hash="")
    run_to_end(tenant)
    assert Posting.objects.get(entity="SalesReceipt").is_adopted
    assert states(tenant) == {"synced": 1}
    assert len(world.documents()) == 1


def _strangers_receipt(world: World, number: str) -> str:
    customer = world.edit_books("Customer", create={"DisplayName": "Somebody"})
    item = next(one for one in world.names("Item") if one["Name"] == "Online sale")
    code = next(one for one in world.names("TaxCode") if one["Name"] == "20.0% S")
    made = world.edit_books(
        "SalesReceipt",
        create={
            "DocNumber": number,
            "CustomerRef": {"value": _id(customer)},
            "GlobalTaxCalculation": "TaxExcluded",
            "Line": [
                {
                    "Amount": 5,
                    "DetailType": "SalesItemLineDetail",
                    "SalesItemLineDetail": {"ItemRef": {"value": item["Id"]}, "TaxCodeRef": {"value": code["Id"]}},
                }
            ],
        },
    )
    return _id(made)


def _id(made: dict[str, Any]) -> str:
    inner = made if "Id" in made else next(value for value in made.values() if isinstance(value, dict))
    return str(inner["Id"])


# Periods


@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
def test_a_closed_period_is_never_posted_into(world: World, policy: str) -> None:
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    world.company_control("preferences", book_close_date="2027-12-31")
    tenant = world.connect(orders={"closed_period": policy})
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    if policy == "hold":
        assert (record.state, record.reason) == ("attention", "closed_period")
        assert world.documents() == []
    else:
        assert record.state == "synced"
        (sale,) = world.documents()
        assert sale["TxnDate"] == "2028-01-01"


def test_a_period_closed_after_we_looked_is_held_with_its_reason(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    world.company_control("preferences", book_close_date="2027-12-31")
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "closed_period"
    assert world.documents() == []


# Settings that point to what is gone


@pytest.mark.parametrize(
    ("kind", "name", "setting", "cure"),
    [
        ("Account", "Stripe clearing", "gateway:stripe", {"payments": {"methods": [
            {"gateway": "stripe", "account": "Undeposited Funds", "payment_method": "Credit Card"}]}}),
        ("Item", "Shipping", "shipping_item", {"orders": {"shipping_item": "Online sale"}}),
        ("Account", "Sales of Product Income", "income_account", {"items": {"income_account": "Tea shop sales"}}),
    ],
)  # fmt: skip
def test_a_setting_that_points_to_something_gone_is_named_and_cured_by_another_choice(
    world: World, kind: str, name: str, setting: str, cure: dict[str, Any]
) -> None:
    order_id = world.add_order(
        line_items=[{"sku": "THE-SEN-100"}],
        shipping_lines=[{"method_id": "flat_rate", "method_title": "Colissimo", "total": "4.90"}],
    )
    document = world.document()
    world.apply(document)
    tenant = Tenant.objects.get()
    if kind == "Account" and name.startswith("Sales"):
        world.edit_books("Account", create={"Name": "Tea shop sales", "AccountType": "Income"})
    gone = next(one for one in world.names(kind) if one["Name"] == name)
    world.edit_books(kind, id=gone["Id"], change={"Active": False})
    assert run_to_end(tenant).state == Run.State.FINISHED
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", f"missing_setting:{setting}"), record.details
    assert world.documents() == []
    world.apply(merged(document, **cure))
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}


def test_a_tax_code_made_inactive_after_we_looked_is_named_and_cured(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": "THI-FON-08"}])
    document = world.document()
    world.apply(document)
    tenant = Tenant.objects.get()
    code = next(one for one in world.names("TaxCode") if one["Name"] == "20.0% S")
    world.deactivate("TaxCode", code["Id"])
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.state == "attention"
    assert record.reason.startswith(("missing_setting:", "unmapped_tax_rate", "refused_by_quickbooks:"))
    assert world.documents() == []


def test_orders_held_for_a_choice_are_looked_at_again_once_the_choice_is_made(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100"}], payment_method="mystery")
    document = world.document(payments={"default_account": None})
    world.apply(document)
    tenant = Tenant.objects.get()
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "unmapped_gateway"
    world.apply(merged(document, payments={"default_account": "Undeposited Funds"}))
    run = run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert record_of(tenant, order_id).options_version.number == 2  # type: ignore[union-attr]
    assert run.state == Run.State.FINISHED

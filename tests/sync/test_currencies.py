"""Orders in another currency than the books, against the company's own ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.models import Posting
from tests.sync.world import World, buyer, run_to_end, states

pytestmark = pytest.mark.django_db
TEA = [{"sku": "THE-SEN-100", "quantity": 2}]


def _switch_on(world: World, **currencies: str) -> None:
    world.company_control("preferences", multicurrency=True, currencies=currencies)


def test_each_currency_has_its_own_customer_and_the_books_keep_the_amounts(world: World) -> None:
    _switch_on(world, USD="0.92")
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, currency="USD")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    names = {one["DisplayName"]: one["CurrencyRef"]["value"] for one in world.names("Customer")}
    assert names == {"Jeanne Moreau": "EUR", "Jeanne Moreau (USD)": "USD"}
    invoices = {one["CurrencyRef"]["value"]: one for one in world.documents("Invoice")}
    assert invoices["USD"]["TotalAmt"] == invoices["EUR"]["TotalAmt"]
    assert Decimal(str(invoices["USD"]["ExchangeRate"])) == Decimal("0.92")
    assert {one["Balance"] for one in invoices.values()} == {"0.00"}


def test_the_rate_of_the_order_goes_along(world: World) -> None:
    _switch_on(world, USD="0.92")
    world.add_order(
        line_items=TEA, currency="USD", meta_data=[{"key": "_base_currency_exchange_rate", "value": "0.875"}]
    )
    tenant = world.connect(orders={**world.document()["orders"], "exchange_rates": "order"})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert [Decimal(str(one["ExchangeRate"])) for one in world.documents("SalesReceipt")] == [Decimal("0.875")]


def _foreign_pair(world: World, **customers: Any) -> Any:
    _switch_on(world)
    for number in range(2):
        world.add_order(line_items=TEA, currency="GBP", **buyer("Ann", "Lee", f"ann{number}@lee.example"))
    tenant = world.connect(customers=customers)
    run_to_end(tenant)
    return tenant


def test_a_currency_the_company_does_not_list_is_a_question(world: World) -> None:
    tenant = _foreign_pair(world)
    assert states(tenant) == {"attention:currency_off": 2}
    record = tenant.records.first()
    assert record.details["problem"] == "not_active"
    assert world.documents() == []


def test_by_option_it_is_added_once(world: World) -> None:
    tenant = _foreign_pair(world, activate_currency=True)
    assert states(tenant) == {"synced": 2}
    assert Posting.objects.filter(entity="CompanyCurrency").count() == 1
    assert [one["Code"] for one in world.names("CompanyCurrency") if one["Code"] == "GBP"] == ["GBP"]

"""Sales in another currency than the books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.accounting.commerce import Order
from connector.accounting.currencies import exchange_rate
from connector.accounting.customers import wanted_customer
from connector.accounting.documents import Held, PaymentDocument, Planned
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy
from tests.connector.accounting.build import line, order, rate
from tests.connector.accounting.shops import captured_orders, fr_policy, parties_of

D = Decimal
WCPAY = {
    "_wcpay_multi_currency_order_exchange_rate": "1.25",
    "_wcpay_multi_currency_order_default_currency": "EUR",
}
STRIPE = {**WCPAY, "_wcpay_multi_currency_stripe_exchange_rate": "0.7912345"}
WOOCS = {"_woocs_order_rate": "1.25", "_woocs_order_base_currency": "EUR"}
HALF_OF_WOOCS = {"_woocs_order_rate": "1.25"}
AELIA = {"_base_currency_exchange_rate": "0.8"}


def foreign(**meta: str) -> Order:
    sale = order(line("10.00", r1="2.00"), rate(1, "20", "2.00"), total="12.00", tax="2.00")
    return replace(sale, currency="USD", meta=meta)


def policy(**changes: object) -> PostingPolicy:
    return fr_policy(**{"multicurrency": True, "store_currency": "EUR", **changes})


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        (WCPAY, "0.8"),
        (STRIPE, "0.7912345"),
        (WOOCS, "0.8"),
        (AELIA, "0.8"),
        ({}, None),
        ({"_woocs_order_rate": "1.25"}, None),
    ],
)
def test_what_each_plugin_means_by_its_rate(meta: dict[str, str], expected: str | None) -> None:
    found = exchange_rate(foreign(**meta), policy(exchange_rates="order"))
    assert found == (D(expected) if expected else None)


@pytest.mark.parametrize("text", ["", "0", "-1", "NaN", "Infinity", "abc", "1e-30", "1e30"])
def test_a_rate_that_is_none_is_left_to_quickbooks(text: str) -> None:
    assert exchange_rate(foreign(_base_currency_exchange_rate=text), policy(exchange_rates="order")) is None


def test_a_rate_to_another_currency_than_the_books_is_left_out() -> None:
    meta = {**WOOCS, "_woocs_order_base_currency": "GBP"}
    assert exchange_rate(foreign(**meta), policy(exchange_rates="order")) is None
    assert exchange_rate(foreign(**AELIA), policy(exchange_rates="order", store_currency="GBP")) is None


def test_the_rate_of_the_order_is_an_option_and_says_when_it_is_missing() -> None:
    by_default = plan_order(foreign(**AELIA), policy(), parties_of(foreign()))
    chosen = plan_order(foreign(**AELIA), policy(exchange_rates="order"), parties_of(foreign()))
    missing = plan_order(foreign(), policy(exchange_rates="order"), parties_of(foreign()))
    assert isinstance(by_default, Planned)
    assert isinstance(chosen, Planned)
    assert isinstance(missing, Planned)
    assert (by_default.sale.exchange_rate, chosen.sale.exchange_rate) == (None, D("0.8"))
    assert [notice.reason for notice in missing.notices] == ["no_exchange_rate"]


def test_payment_and_sale_have_one_rate() -> None:
    wanted = foreign(**AELIA)
    outcome = plan_order(wanted, policy(exchange_rates="order", document="invoice"), parties_of(wanted))
    assert isinstance(outcome, Planned)
    assert [d.exchange_rate for d in outcome.documents if isinstance(d, PaymentDocument)] == [D("0.8")]


def test_one_currency_only_holds_the_sale() -> None:
    held = plan_order(foreign(), policy(multicurrency=False), parties_of(foreign()))
    assert held == Held("currency_off", {"currency": "USD", "home": "EUR"})


@pytest.mark.parametrize("mode", ["original", "organisation", "generic"])
def test_a_buyer_has_one_customer_for_each_currency(mode: str) -> None:
    ours = wanted_customer(replace(foreign(), currency="EUR"), policy(customer_mode=mode))
    theirs = wanted_customer(foreign(), policy(customer_mode=mode))
    assert ours.key != theirs.key
    assert theirs.display_name == f"{ours.display_name} (USD)"


@pytest.mark.parametrize("shop", ["fr", "us"])
def test_captured_sales_in_foreign_currencies_are_exact(shop: str) -> None:
    home = {"fr": "EUR", "us": "USD"}[shop]
    sales = [one for one in captured_orders(shop) if one.currency != home]
    assert len(sales) == 3
    for sale in sales:
        taxes = replace(policy().taxes, world="off", tax_item=policy().default_item)
        rules = policy(home_currency=home, taxes=taxes, start_date=sale.created_at.date())
        outcome = plan_order(sale, rules, parties_of(sale), include_selection=False)
        assert isinstance(outcome, Planned), (sale.id, outcome)
        assert outcome.proof.store_total == outcome.proof.document_total

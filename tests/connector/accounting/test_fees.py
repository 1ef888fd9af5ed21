"""What gateways kept: every captured fee as the expense we accepted, and each way in which none is due.

`pytest --update-golden` rewrites the expenses.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.commerce import Order
from connector.accounting.documents import ExpenseDocument, Held, Notice, Planned
from connector.accounting.fees import plan_fee, read_fee
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, Ref
from connector.qbo.encode import encode_document
from connector.woo.parse import parse_order
from tests.connector.accounting.build import D, line, order, rate
from tests.connector.accounting.golden import render_outcome
from tests.connector.accounting.shops import POLICIES, captured_orders, fr_policy, parties_of, posted_sale
from tests.connector.accounting.test_golden import FROM_THE_BEGINNING, GOLDEN

CHARGES = Ref("60", "Bank charges")
STRIPE = {"_stripe_fee": "1.17", "_stripe_net": "28.83", "_stripe_currency": "EUR", "_stripe_charge_captured": "yes"}
PAID = order(line("25.00", r1="5.00"), rate(1, "20", "5.00"), total="30.00", tax="5.00")


def with_fees(shop: str = "fr", **changes: Any) -> PostingPolicy:
    return POLICIES[shop](gateway_fees=True, fee_account=CHARGES, start_date=FROM_THE_BEGINNING, **changes)


def fee_of(sold: Order, *, is_bank: bool = True, **changes: Any) -> ExpenseDocument | Notice | Held | None:
    policy = with_fees(**changes)
    return plan_fee(sold, policy, posted_sale(sold, policy), is_bank=is_bank)


def bearing(**meta: str) -> Order:
    return replace(PAID, meta=meta)


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
@pytest.mark.parametrize("shop", ["fr", "us"])
def test_captured_fees_give_the_accepted_expenses(shop: str, document: str, pytestconfig: pytest.Config) -> None:
    policy = with_fees(shop, document=document)
    rendered = []
    for sold in captured_orders(shop):
        if not any("fee" in key.lower() for key in sold.meta):
            continue
        sale = plan_order(sold, policy, parties_of(sold), include_selection=False)
        if isinstance(sale, Planned):
            fee = plan_fee(sold, policy, posted_sale(sold, policy), is_bank=True)
            assert isinstance(fee, ExpenseDocument), (sold.id, fee)
            rendered.append({"order": sold.id, "sale": f"{sale.proof.document_total:f}", **render_outcome(fee)})
    path = GOLDEN / f"{shop}_fees_of_{document}s.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in rendered]
    if pytestconfig.getoption("--update-golden"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 25


def test_captured_fees_and_nets_add_up_to_their_orders() -> None:
    """The key we read is the fee: with the plugin's own net amount it makes the order's total, but where an order was
    edited after it was paid."""
    apart = []
    for shop in ("fr", "us"):
        for raw in json.loads((GOLDEN.parent / "payloads" / "woocommerce" / shop / "orders.json").read_text("utf-8")):
            metas = {one["key"]: one["value"] for one in raw["meta_data"]}
            if "_stripe_net" in metas:
                read = parse_order(raw)
                assert isinstance(read, Order)
                fee = read_fee(read)
                assert isinstance(fee, Decimal)
                if fee + D(metas["_stripe_net"]) != D(raw["total"]):
                    apart.append((shop, raw["id"]))
    assert apart == [("fr", 248), ("fr", 253), ("us", 264)]


def test_a_fee_is_an_expense_from_the_account_of_the_money() -> None:
    fee = fee_of(bearing(**STRIPE))
    assert isinstance(fee, ExpenseDocument)
    assert (fee.key, fee.total, fee.currency) == ("order:1234:fee", D("1.17"), "EUR")
    assert (fee.account, fee.expense_account) == (Ref("36", "Stripe clearing"), CHARGES)
    assert fee.document_date == date(2026, 3, 1)
    assert fee.private_note == "woo:maison-dupont:1234:fee\nCommande 1234 · Carte · pi_1"
    entity, body = encode_document(fee)
    assert (entity, body["PaymentType"], body["AccountRef"]["value"]) == ("Purchase", "Cash", "36")
    assert body["Line"][0]["AccountBasedExpenseLineDetail"]["AccountRef"]["value"] == "60"
    assert body["GlobalTaxCalculation"] == "NotApplicable"


def test_the_sale_says_the_same_with_fees_and_without() -> None:
    sold = bearing(**STRIPE)
    plain, with_fee = (plan_order(sold, policy, parties_of(sold)) for policy in (fr_policy(), with_fees()))
    assert render_outcome(plain) == render_outcome(with_fee)


@pytest.mark.parametrize(("gateway", "meta", "fee"), [
    ("stripe", {"Stripe Fee": "0.95"}, "0.95"),
    ("stripe_ideal", {"_stripe_fee": "0.29", "PayPal Transaction Fee": "1.00"}, "0.29"),
    ("ppcp-gateway", {"_stripe_fee": "0.29", "PayPal Transaction Fee": "1.41"}, "1.41"),
    ("ppcp-gateway", {"_ppcp_paypal_fees": "1.41", "_ppcp_paypal_fees:currency": "EUR"}, "1.41"),
    ("paypal", {"_paypal_transaction_fee": "0.88"}, "0.88"),
    ("woocommerce_payments", {"_wcpay_transaction_fee": "1.005"}, "1.01"),
    ("unheard_of", {"_stripe_fee": "0.29"}, "0.29"),
])  # fmt: skip
def test_the_fee_of_the_gateway_that_was_paid_with_counts(gateway: str, meta: dict[str, str], fee: str) -> None:
    assert read_fee(replace(PAID, payment_method=gateway, meta=meta)) == D(fee)


@pytest.mark.parametrize(("meta", "reason"), [
    (STRIPE | {"_stripe_currency": "USD"}, "fee_in_other_currency"),
    (STRIPE | {"_stripe_fee": "a lot"}, "fee_unusable"),
    (STRIPE | {"_stripe_fee": "-1.17"}, "fee_unusable"),
    (STRIPE | {"_stripe_fee": "NaN"}, "fee_unusable"),
    (STRIPE | {"_stripe_fee": "117"}, "fee_unusable"),
])  # fmt: skip
def test_a_fee_that_cannot_be_booked_is_told_and_left_out(meta: dict[str, str], reason: str) -> None:
    fee = fee_of(bearing(**meta))
    assert isinstance(fee, Notice)
    assert fee.reason == reason


def test_a_fee_is_paid_from_a_bank_account_only() -> None:
    fee = fee_of(bearing(**STRIPE), is_bank=False)
    assert fee == Notice("fee_needs_bank_account", {"amount": "1.17", "account": "Stripe clearing"})


def test_a_foreign_order_names_its_fee_to_be_booked_by_hand() -> None:
    sold = replace(bearing(**STRIPE), currency="GBP", meta={"_stripe_fee": "1.17"})
    fee = fee_of(sold, multicurrency=True)
    assert fee == Notice("fee_in_other_currency", {"fee": "1.17", "fee_currency": "GBP"})


@pytest.mark.parametrize(("meta", "changes"), [
    ({}, {}),
    (STRIPE | {"_stripe_fee": "0"}, {}),
    (STRIPE | {"_stripe_charge_captured": "no"}, {}),
    (STRIPE, {"document": "invoice", "record_payments": False}),
    (STRIPE, {"gateway_fees": False}),
])  # fmt: skip
def test_no_fee_is_due_without_a_fee_or_without_money(meta: dict[str, str], changes: dict[str, Any]) -> None:
    sold = bearing(**meta)
    policy = replace(with_fees(), **changes)
    assert plan_fee(sold, policy, posted_sale(sold, policy), is_bank=True) is None


def test_an_account_that_has_gone_is_named() -> None:
    fee = fee_of(bearing(**STRIPE), inactive_refs={"fee_account": "Bank charges"})
    assert fee == Held("missing_setting:fee_account", {"name": "Bank charges", "problem": "inactive"})

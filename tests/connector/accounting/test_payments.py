from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Outcome, PaymentDocument, Planned
from connector.accounting.payments import invoice_payments
from connector.accounting.plan import plan_order
from connector.accounting.policy import GatewayMapping, Ref
from tests.connector.accounting.build import line, order
from tests.connector.accounting.shops import parties_of, us_policy

PAID = order(line("10.00"), total="10.00", transaction_id="pi_" + "9" * 30)
STRANGER = replace(PAID, payment_method="klarna", payment_method_title="Klarna")


def plan(wanted: Order, **options: object) -> Outcome:
    return plan_order(wanted, us_policy(home_currency="EUR", **options), parties_of(wanted))


def planned(wanted: Order, **options: object) -> Planned:
    outcome = plan(wanted, **options)
    assert isinstance(outcome, Planned), outcome
    return outcome


def test_a_sales_receipt_names_account_method_and_reference() -> None:
    sale = planned(PAID).sale
    assert (sale.deposit_account, sale.payment_method) == (Ref("36", "Stripe clearing"), Ref("3", "Credit Card"))
    assert sale.payment_reference == ("pi_" + "9" * 30)[:21]


def test_an_unknown_gateway_goes_to_the_default_account() -> None:
    assert planned(STRANGER).sale.deposit_account == Ref("4", "Undeposited Funds")


def test_a_sales_receipt_without_any_account_is_held() -> None:
    held = plan(STRANGER, default_account=None)
    assert held == Held("unmapped_gateway", {"problem": "not_mapped", "gateway": "klarna", "title": "Klarna"})


def test_a_sales_receipt_cannot_leave_its_money_unrecorded() -> None:
    unrecorded = {"stripe": GatewayMapping("stripe", Ref("36"), None, record=False)}
    held = plan(PAID, gateways=unrecorded)
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("unmapped_gateway", "not_recorded")


def test_a_free_order_needs_no_account() -> None:
    free = order(line("0.00"), total="0", payment_method="")
    assert planned(free, default_account=None, gateways={}).sale.deposit_account is None


def test_a_paid_invoice_gets_its_payment_on_the_day_it_was_paid() -> None:
    late = replace(PAID, paid_at=datetime(2026, 3, 5, 2, 0, tzinfo=UTC))
    outcome = planned(late, document="invoice")
    payment = outcome.documents[1]
    assert isinstance(payment, PaymentDocument)
    assert outcome.sale.kind is DocumentKind.INVOICE
    assert (payment.key, payment.pays_key) == ("order:1234:payment:1", "order:1234:sale")
    assert (payment.document_date, payment.total) == (date(2026, 3, 4), Decimal("10.00"))
    assert payment.private_note.startswith("woo:blue-ridge:1234:payment\n")
    assert outcome.sale.deposit_account is None


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"paid_at": None}, {}),
        ({"status": "on-hold"}, {"statuses": frozenset({"on-hold"})}),
        ({}, {"record_payments": False}),
        ({}, {"gateways": {"stripe": GatewayMapping("stripe", Ref("36"), None, record=False)}}),
    ],
)
def test_an_invoice_without_recorded_money_stands_alone(fields: dict[str, object], options: dict[str, object]) -> None:
    outcome = planned(replace(PAID, **fields), document="invoice", **options)  # type: ignore[arg-type]
    assert len(outcome.documents) == 1
    assert outcome.notices == ()


@pytest.mark.parametrize(("credits", "due"), [("0", "10.00"), ("2.50", "7.50"), ("10.00", None), ("12.00", None)])
def test_a_late_payment_is_for_what_credits_leave(credits: str, due: str | None) -> None:
    policy = us_policy(home_currency="EUR")
    paid = invoice_payments(PAID, policy, customer=Ref("58"), total=Decimal("10.00"), credits=Decimal(credits))
    assert not isinstance(paid, Held)
    assert [payment.total for payment in paid[0]] == ([Decimal(due)] if due else [])


def test_an_invoice_whose_gateway_is_unmapped_is_posted_with_a_notice() -> None:
    outcome = planned(STRANGER, document="invoice", default_account=None)
    assert len(outcome.documents) == 1
    assert [notice.reason for notice in outcome.notices] == ["unmapped_gateway"]


def test_a_free_invoice_has_no_payment() -> None:
    assert len(planned(order(line("0.00"), total="0"), document="invoice").documents) == 1


def test_a_payment_stays_out_of_the_closed_period_too() -> None:
    wanted = replace(PAID, completed_at=datetime(2026, 6, 1, tzinfo=UTC))
    options: dict[str, object] = {"document": "invoice", "date_choice": "completed", "closed_until": date(2026, 4, 30)}
    assert isinstance(plan(wanted, **options), Held)
    moved = planned(wanted, closed_period="first_open_day", **options)
    assert [document.document_date for document in moved.documents] == [date(2026, 5, 31), date(2026, 5, 1)]


@pytest.mark.parametrize(
    ("refs", "key"),
    [
        ({"gateway:stripe": "Stripe clearing"}, "gateway:stripe"),
        ({"class": "Web"}, "class"),
        ({"location": "Lyon"}, "location"),
    ],
)
def test_an_object_that_has_gone_is_asked_for(refs: dict[str, str], key: str) -> None:
    held = plan(PAID, inactive_refs=refs, sales_class=Ref("9", "Web"), location=Ref("8", "Lyon"))
    assert isinstance(held, Held)
    assert held.reason == f"missing_setting:{key}"


def test_an_object_that_has_gone_and_is_not_needed_blocks_nothing() -> None:
    assert isinstance(plan(PAID, inactive_refs={"fee_item": "Fees", "default_account": "Undeposited"}), Planned)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.accounting.commerce import Order, RefundSummary
from connector.accounting.documents import Skipped, Waiting
from connector.accounting.select import select_order
from tests.connector.accounting.build import line, order
from tests.connector.accounting.shops import fr_policy

ORDER = order(line("10.00"), total="10.00")
REFUND = (RefundSummary(9, "", Decimal(1)),)


def reason(changed: Order, **options: object) -> str:
    found = select_order(changed, fr_policy(**options))
    return found.reason if found else ""


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft", "draft", "new"])
def test_a_draft_is_no_order_even_when_its_status_is_chosen(status: str) -> None:
    assert reason(replace(ORDER, status=status), statuses=frozenset({status})) == "draft"


def test_a_trashed_order_is_skipped() -> None:
    assert reason(replace(ORDER, status="trash")) == "trash"


@pytest.mark.parametrize(
    ("created", "expected"), [((2025, 12, 31, 22, 59), "before_start_date"), ((2025, 12, 31, 23, 0), "")]
)
def test_the_start_date_begins_at_midnight_in_the_tenants_zone(created: tuple[int, ...], expected: str) -> None:
    changed = replace(ORDER, created_at=datetime(*created, tzinfo=UTC))  # type: ignore[arg-type,misc]
    assert reason(changed, start_date=date(2026, 1, 1)) == expected


def test_a_status_that_is_not_chosen_is_named() -> None:
    assert reason(replace(ORDER, status="on-hold")) == "status:on-hold"


@pytest.mark.parametrize(
    ("status", "refunds", "chosen", "expected"),
    [
        ("processing", REFUND, {"processing"}, ""),
        ("processing", REFUND, {"partially-refunded"}, ""),
        ("processing", (), {"partially-refunded"}, "status:processing"),
        ("refunded", REFUND, {"refunded"}, ""),
        ("refunded", REFUND, {"partially-refunded"}, ""),
        ("refunded", REFUND, {"processing"}, "status:refunded"),
    ],
)
def test_an_order_with_refunds_counts_as_partially_refunded(
    status: str, refunds: tuple[RefundSummary, ...], chosen: set[str], expected: str
) -> None:
    assert reason(replace(ORDER, status=status, refunds=refunds), statuses=frozenset(chosen)) == expected


def test_an_order_of_nothing_is_empty() -> None:
    assert reason(order(total="0")) == "empty_order"


def test_a_free_order_is_posted_unless_the_option_skips_it() -> None:
    free = order(line("0.00"), total="0", paid_at=None)
    assert select_order(free, fr_policy()) is None
    assert select_order(free, fr_policy(zero_total="skip")) == Skipped("zero_total")


def test_a_sales_receipt_waits_for_the_money_and_an_invoice_does_not() -> None:
    unpaid = replace(ORDER, paid_at=None)
    assert select_order(unpaid, fr_policy()) == Waiting("awaiting_payment", {"method": "Carte"})
    assert select_order(unpaid, fr_policy(document="invoice")) is None


def test_an_order_that_fell_back_to_on_hold_is_unpaid_though_it_keeps_its_date() -> None:
    assert reason(replace(ORDER, status="on-hold"), statuses=frozenset({"on-hold"})) == "awaiting_payment"

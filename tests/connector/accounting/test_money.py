from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.money import allot, currency_decimals, half_up, smallest_unit, unit_price

ROOT = Path(__file__).parents[3]
CENT = Decimal("0.01")
unrounded = st.decimals("-500", "500", places=6, allow_nan=False, allow_infinity=False)


def D(*texts: str) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XYZ", 2)])
def test_a_currency_has_its_decimals(currency: str, decimals: int) -> None:
    assert currency_decimals(currency) == decimals
    assert smallest_unit(currency) == Decimal(1).scaleb(-decimals)


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("0.0049", "0")]
)
def test_halves_go_away_from_zero(amount: str, rounded: str) -> None:
    assert half_up(Decimal(amount), CENT) == Decimal(rounded)


def test_zero_never_bears_a_minus() -> None:
    assert str(half_up(Decimal("-0.001"), CENT)) == "0.00"


def test_cents_go_to_the_largest_remainders() -> None:
    allotment = allot(D("24.975", "28.862559", "10.725"), Decimal("64.57"), CENT)
    assert list(allotment.amounts) == D("24.98", "28.86", "10.73")
    assert allotment.rest == 0


def test_of_equal_remainders_the_first_line_gets_the_cent() -> None:
    assert list(allot(D("0.335", "0.335"), Decimal("0.67"), CENT).amounts) == D("0.34", "0.33")


def test_whole_amounts_keep_their_cents() -> None:
    allotment = allot(D("6.93", "8.95"), Decimal("15.87"), CENT)
    assert list(allotment.amounts) == D("6.93", "8.95")
    assert allotment.rest == Decimal("-0.01")


def test_a_free_line_stays_free() -> None:
    allotment = allot(D("0", "0.004"), Decimal("0.01"), CENT)
    assert list(allotment.amounts) == D("0", "0")
    assert allotment.rest == CENT


def test_what_rounding_does_not_explain_is_left_over() -> None:
    allotment = allot(D(*["1.004"] * 100), Decimal("101.30"), CENT)
    assert allotment.rest == Decimal("0.40")


@given(exact=st.lists(unrounded, min_size=1, max_size=20), off=st.integers(-3, 3))
def test_no_amount_is_lost_and_none_moves_by_a_cent(exact: list[Decimal], off: int) -> None:
    target = half_up(sum(exact, Decimal(0)), CENT) + off * CENT
    allotment = allot(exact, target, CENT)
    assert sum(allotment.amounts, Decimal(0)) + allotment.rest == target
    assert all(abs(amount - weight) < CENT for amount, weight in zip(allotment.amounts, exact, strict=True))


@given(exact=st.lists(unrounded, min_size=1, max_size=20))
def test_the_rounded_sum_can_be_reached_unless_lines_are_free(exact: list[Decimal]) -> None:
    weights = [amount for amount in exact if half_up(amount, CENT) != 0]
    assert allot(weights, half_up(sum(weights, Decimal(0)), CENT), CENT).rest == 0


@pytest.mark.parametrize(
    ("amount", "quantity", "price"),
    [
        ("24.98", "3", "8.327"),
        ("7.72", "75", "0.1029"),
        ("277.69", "3", "92.563"),
        ("-10.00", "2", "-5.00"),
        ("0.00", "4", "0.00"),
    ],
)
def test_the_shortest_price_that_gives_the_amount(amount: str, quantity: str, price: str) -> None:
    assert unit_price(Decimal(amount), Decimal(quantity)) == Decimal(price)


@pytest.mark.parametrize(
    ("amount", "quantity"), [("10.00", "0"), ("10.00", "1.5"), ("10.00", "-2"), ("10.01", "9999999999")]
)
def test_no_price_for_pieces_that_cannot_be_counted(amount: str, quantity: str) -> None:
    assert unit_price(Decimal(amount), Decimal(quantity)) is None


@given(amount=st.decimals("-99999", "99999", places=2), quantity=st.integers(1, 10**6))
def test_quantity_times_price_is_the_amount(amount: Decimal, quantity: int) -> None:
    price = unit_price(amount, Decimal(quantity))
    if price is not None:
        assert half_up(price * quantity, CENT) == amount
        assert -price.as_tuple().exponent <= 7  # type: ignore[operator]
    else:
        assert quantity > 10**4


def test_nothing_is_rounded_by_pythons_default() -> None:
    """Which takes halves to the even neighbour; QuickBooks and WooCommerce take them away from zero."""
    unsaid = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("connector", "sync", "tenants", "sandbox")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "quantize"
        if len(node.args) + len(node.keywords) < 2
    ]
    assert unsaid == []

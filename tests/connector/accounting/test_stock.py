"""What the store's stock becomes, and when a pass has to ask first."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.stock import Outcome, becomes, brake_limit, brakes, decide_stock, takes_stock, was_ever_set

quantities = st.decimals(min_value=-10_000, max_value=10_000, places=3)
counts = st.integers(min_value=0, max_value=5_000)


@pytest.mark.parametrize(
    ("on_hand", "sold", "target"),
    [("10", "0", 10), ("10", "2", 8), ("2", "2", 0), ("2", "5", 0), ("-3", "0", 0), ("7.9", "0", 7), ("0.5", "0", 0)],
)
def test_the_stores_quantity(on_hand: str, sold: str, target: int) -> None:
    assert becomes(Decimal(on_hand), Decimal(sold)) == target


@given(on_hand=quantities, sold=quantities.map(abs))
def test_never_more_than_the_books_can_give_and_never_less_than_nothing(on_hand: Decimal, sold: Decimal) -> None:
    target = becomes(on_hand, sold)
    assert target >= 0
    assert target <= max(on_hand - sold, Decimal(0))
    assert target > on_hand - sold - 1


@given(stock=st.integers(min_value=0, max_value=1_000), pieces=st.integers(min_value=0, max_value=1_000))
def test_a_sale_of_ours_changes_nothing_before_and_after_it_is_sent(stock: int, pieces: int) -> None:
    """Both sides stood at `stock`; the shop sold some, the books learn of it later."""
    store = Decimal(stock - pieces)
    waiting = decide_stock(store, Decimal(stock), Decimal(pieces), ever_set=True)
    sent = decide_stock(store, Decimal(stock - pieces), Decimal(0), ever_set=True)
    assert waiting.outcome == sent.outcome == Outcome.SAME


@given(store=quantities, on_hand=quantities, sold=quantities.map(abs), ever_set=st.booleans(), aside=st.booleans())
def test_a_second_pass_finds_nothing_to_do(
    store: Decimal, on_hand: Decimal, sold: Decimal, ever_set: bool, aside: bool
) -> None:
    first = decide_stock(store, on_hand, sold, ever_set=ever_set, set_aside=aside)
    if first.outcome in (Outcome.CHANGED, Outcome.TO_ZERO):
        assert first.target is not None
        again = decide_stock(Decimal(first.target), on_hand, sold, ever_set=ever_set, set_aside=aside)
        assert again.outcome == Outcome.SAME


@given(store=quantities, on_hand=quantities)
def test_what_nobody_entered_empties_nothing(store: Decimal, on_hand: Decimal) -> None:
    outcome = decide_stock(store, on_hand, Decimal(0), ever_set=False).outcome
    assert not (outcome == Outcome.TO_ZERO and on_hand <= 0)


def test_a_product_without_stock_is_left_alone() -> None:
    assert decide_stock(None, Decimal(5), Decimal(0), ever_set=True).outcome == Outcome.UNMANAGED


@pytest.mark.parametrize(
    ("on_hand", "known", "is_set"),
    [
        ("5", {"had_stock": False, "is_untouched": True}, True),
        ("0", {"had_stock": True, "is_untouched": False}, True),
        ("0", {"had_stock": False, "is_untouched": True}, False),
        ("0", {"had_stock": False, "is_untouched": False}, True),
        ("-4", {"had_stock": False, "is_untouched": False, "our_sales": Decimal(4)}, False),
        ("-4", {"had_stock": False, "is_untouched": False, "our_sales": Decimal(3)}, True),
        ("0", {"had_stock": False, "is_untouched": False, "made_empty": True}, False),
        ("0", {"had_stock": False, "is_untouched": False, "made_empty": True, "our_sales": Decimal(30)}, True),
    ],
)
def test_whether_somebody_entered_a_quantity(on_hand: str, known: dict[str, bool], is_set: bool) -> None:
    assert was_ever_set(Decimal(on_hand), **known) is is_set  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("linked", "zeroing", "stops"),
    [(212, 42, False), (212, 43, True), (10, 2, False), (10, 3, True), (4, 0, False), (4, 1, True), (5, 1, False),
     (1_000, 50, False), (1_000, 51, True), (0, 0, False)],
)  # fmt: skip
def test_the_brake(linked: int, zeroing: int, stops: bool) -> None:
    assert brakes(linked, zeroing) is stops


@given(linked=counts, zeroing=counts)
def test_the_brake_is_a_fifth_or_fifty(linked: int, zeroing: int) -> None:
    assert brakes(linked, zeroing) == (zeroing * 5 > linked or zeroing > 50)
    assert brake_limit(linked) <= 50


def test_which_orders_hold_stock_in_the_shop() -> None:
    assert all(takes_stock(status) for status in ("processing", "completed", "on-hold", "being-packed"))
    assert not any(takes_stock(status) for status in ("pending", "failed", "cancelled", "checkout-draft"))

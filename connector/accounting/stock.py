"""What the store's stock becomes: the quantity on hand in the books, minus what is sold and not sent yet.

Whole pieces only, never below zero; a store that already stands there is left alone. What would empty products in
masses stops at the brake, and a quantity that nobody ever entered in the books empties nothing (specification §11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from connector.accounting.commerce import Order, ProductKey
from connector.accounting.money import ZERO

BRAKE_PERCENT = 20
BRAKE_PRODUCTS = 50
"""A pass that would set more than either of these to zero asks first."""

NO_STOCK_TAKEN = frozenset(
    {"pending", "failed", "cancelled", "refunded", "trash", "draft", "auto-draft", "checkout-draft"}
)
"""Statuses that hold no stock in the store: an order takes it at on-hold, processing and completed, and a cancelled one
gives it back (WooCommerce behaviour, Stock). A custom status counts as taking: selling too much is the worse mistake.
"""


class Outcome(StrEnum):
    """What becomes of one product in a pass."""

    SAME = "same"
    CHANGED = "changed"
    TO_ZERO = "to_zero"
    NEVER_SET = "never_set"
    """The books say zero, but nobody ever entered a quantity there: the store keeps what it has."""
    ASIDE = "aside"
    """A person set this zero aside; the store keeps what it has until the books hold some again."""
    LEFT_OUT = "left_out"
    """A person left this product out; the store keeps what it has until somebody takes it back in."""
    UNMANAGED = "unmanaged"
    """The store keeps no stock of this product by itself."""
    GONE = "gone"
    """The store no longer has this product."""
    FAILED = "failed"
    """The store refused the quantity."""


WRITTEN = frozenset({Outcome.CHANGED, Outcome.TO_ZERO})
OUT, IN = "out", "in"
"""What a person may choose for one product: never written; written even where nobody entered its zero."""


@dataclass(frozen=True, slots=True)
class StockDecision:
    """`target` is what the store will have, None where it keeps no stock; only WRITTEN outcomes are sent."""

    target: int | None
    outcome: Outcome


def becomes(on_hand: Decimal, sold: Decimal) -> int:
    """Whole pieces the store may sell: half a piece is none, and less than nothing is zero."""
    return max(int((on_hand - sold).to_integral_value(rounding=ROUND_FLOOR)), 0)


def was_ever_set(
    on_hand: Decimal, *, had_stock: bool, is_untouched: bool, made_empty: bool = False, our_sales: Decimal = ZERO
) -> bool:
    """Whether somebody ever entered a quantity in the books. They do not say; what we know of the item does.

    had_stock: it was above zero whenever we looked. is_untouched: nothing about the item changed since it was made.
    made_empty: we made it, with nothing on hand. our_sales: pieces our own documents took out, net of returns; where
    they alone explain the quantity, nobody else ever touched it.
    """
    if on_hand > 0 or had_stock:
        return True
    ours_alone = bool(our_sales or made_empty) and on_hand + our_sales == 0
    return not (is_untouched or ours_alone)


def decide_stock(
    store: Decimal | None, on_hand: Decimal, sold: Decimal, *, ever_set: bool, set_aside: bool = False
) -> StockDecision:
    """store: what the shop has now, None where it keeps no stock of this product."""
    if store is None:
        return StockDecision(None, Outcome.UNMANAGED)
    target = becomes(on_hand, sold)
    if target == store or (target == 0 and store <= 0):
        return StockDecision(target, Outcome.SAME)
    if target > 0:
        return StockDecision(target, Outcome.CHANGED)
    if on_hand <= 0 and not ever_set:
        return StockDecision(target, Outcome.NEVER_SET)
    return StockDecision(target, Outcome.ASIDE if set_aside else Outcome.TO_ZERO)


def chosen(outcome: str, choice: str) -> str:
    """What becomes of a product that was counted as `outcome`, by the choice somebody made for it ("" for none)."""
    if choice == OUT and outcome in {*WRITTEN, Outcome.NEVER_SET, Outcome.ASIDE}:
        return Outcome.LEFT_OUT
    if choice == IN and outcome == Outcome.NEVER_SET:
        return Outcome.TO_ZERO
    return outcome


def brake_limit(linked: int) -> int:
    """How many products a pass may set to zero without asking."""
    return min(linked * BRAKE_PERCENT // 100, BRAKE_PRODUCTS)


def brakes(linked: int, zeroing: int) -> bool:
    """Whether a pass over `linked` products that sets `zeroing` of them to zero has to ask first."""
    return zeroing > brake_limit(linked)


def takes_stock(status: str) -> bool:
    return status not in NO_STOCK_TAKEN


def pieces_ordered(orders: Iterable[Order]) -> Mapping[ProductKey, Decimal]:
    """Pieces that these orders hold in the store, by product; orders that hold none add nothing."""
    pieces: dict[ProductKey, Decimal] = {}
    for order in orders:
        if not takes_stock(order.status):
            continue
        for line in order.lines:
            if line.product_id and line.quantity > 0:
                pieces[line.product] = pieces.get(line.product, ZERO) + line.quantity
    return pieces

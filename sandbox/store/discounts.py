"""How coupons are spread over the lines of a cart or an order, to the cent.

Amounts are in cents here, as WooCommerce counts them.
Source: `WC_Discounts` and `WC_Cart_Totals::get_coupons_from_cart`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.store.money import ZERO, floor_positive, round_half_down, round_half_up

_ORDER = {"fixed_product": 1, "percent": 2, "fixed_cart": 3}


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon: `kind` is percent, fixed_cart or fixed_product; `amount` a percentage or the store's currency."""

    code: str
    kind: str
    amount: Decimal
    id: int = 0
    free_shipping: bool = False
    product_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class Discountable:
    """A line as coupons see it. `price` is for the whole line, in cents, as prices are entered."""

    price: Decimal
    quantity: Decimal
    product_ids: tuple[int, ...] = ()
    taken: dict[str, Decimal] = field(default_factory=dict)

    @property
    def left(self) -> Decimal:
        """What can still be taken off, in whole cents."""
        return abs(round_half_up(self.price - self.discount))

    @property
    def discount(self) -> Decimal:
        return sum(self.taken.values(), ZERO)

    def take(self, code: str, cents: Decimal) -> Decimal:
        self.taken[code] = self.taken.get(code, ZERO) + cents
        return cents


def apply_coupons(lines: Sequence[Discountable], coupons: Sequence[Coupon]) -> None:
    """Write into each line what every coupon takes off it: products first, then percentages, then the cart."""
    by_price = sorted(lines, key=lambda line: line.price * line.quantity, reverse=True)
    for coupon in sorted(coupons, key=lambda one: (_ORDER.get(one.kind, 0), one.id)):
        spread_coupon(by_price, coupon)


def spread_coupon(lines: Sequence[Discountable], coupon: Coupon) -> None:
    """One coupon over lines sorted dearest first."""
    chosen = [
        line for line in lines if not coupon.product_ids or any(key in coupon.product_ids for key in line.product_ids)
    ]
    if coupon.kind == "percent":
        _take_percent(chosen, coupon)
    elif coupon.kind == "fixed_product":
        _take_from_each(chosen, coupon.code, coupon.amount * 100)
    else:
        _take_from_cart(chosen, coupon.code, coupon.amount * 100)


def _take_percent(lines: Sequence[Discountable], coupon: Coupon) -> None:
    total, base = ZERO, ZERO
    for line in lines:
        left, price = line.left, round_half_up(line.price)
        total += line.take(coupon.code, min(left, floor_positive(price * coupon.amount / 100)))
        base += price
    wanted = round_half_down(base * coupon.amount / 100)
    if total < wanted:
        _take_rest(lines, coupon.code, wanted - total)


def _take_from_each(lines: Sequence[Discountable], code: str, cents: Decimal) -> Decimal:
    return sum((line.take(code, min(line.left, cents * line.quantity)) for line in lines), ZERO)


def _take_from_cart(lines: Sequence[Discountable], code: str, cents: Decimal) -> None:
    """Equal whole cents off every piece, again for what a cheap line could not bear, the last cents one by one."""
    while cents > 0:
        priced = [line for line in lines if line.left > 0]
        pieces = sum((line.quantity for line in priced), ZERO)
        if not pieces:
            return
        each = floor_positive(cents / pieces)
        if each == 0:
            _take_rest(priced, code, cents)
            return
        taken = _take_from_each(priced, code, each)
        if taken <= 0:
            return
        cents -= taken


def _take_rest(lines: Sequence[Discountable], code: str, cents: Decimal) -> None:
    """The last cents, one per piece, dearest line first."""
    taken = ZERO
    for line in lines:
        for _ in range(int(line.quantity)):
            taken += line.take(code, min(line.left, Decimal(1)))
            if taken >= cents:
                return

"""Exact arithmetic with amounts: a currency's smallest unit, rounding, sharing out to the cent, unit prices.

Worked tables: docs/money.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
LARGEST_AMOUNT = Decimal("99999999999")
"""QuickBooks keeps at most eleven digits before the point (QBO reference, 5.5)."""

_WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_WITH_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_PRICE_DECIMALS = 7


def currency_decimals(currency: str) -> int:
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE_DECIMALS else 2


def smallest_unit(currency: str) -> Decimal:
    """One cent, one yen, one fils."""
    return Decimal(1).scaleb(-currency_decimals(currency))


def half_up(amount: Decimal, unit: Decimal) -> Decimal:
    """To a multiple of the unit (a power of ten), halves away from zero, as QuickBooks rounds (QBO reference, 5.8)."""
    return amount.quantize(unit, ROUND_HALF_UP) + ZERO


def is_amount(amount: Decimal) -> bool:
    """True for a finite number that QuickBooks could hold."""
    return amount.is_finite() and abs(amount) <= LARGEST_AMOUNT


@dataclass(frozen=True, slots=True)
class Allotment:
    """Amounts in whole units, one for each weight; `rest` is what could not be given to any of them."""

    amounts: tuple[Decimal, ...]
    rest: Decimal


def allot(exact: Sequence[Decimal], target: Decimal, unit: Decimal) -> Allotment:
    """Round unrounded amounts so that they add up to the target, by largest remainder; the earlier line wins a tie.

    An amount moves to one of its two neighbouring units only, one that is whole or rounds to zero does not move at
    all, and together they move no further than half a unit for each line that has a fraction (or less than one unit):
    a larger difference is no rounding but something that the lines do not say, and is left in `rest`.
    """
    amounts = [half_up(amount, unit) for amount in exact]
    movable = [i for i, amount in enumerate(exact) if amount != amounts[i] and amounts[i] != ZERO]
    fixed = sum(amounts, ZERO) - sum((amounts[i] for i in movable), ZERO)
    wanted = _within_rounding([exact[i] for i in movable], target - fixed, unit)
    floors = {i: exact[i].quantize(unit, ROUND_FLOOR) for i in movable}
    steps = int((wanted - sum(floors.values(), ZERO)) / unit)
    by_remainder = sorted(movable, key=lambda i: (floors[i] - exact[i], i))
    for place, i in enumerate(by_remainder):
        amounts[i] = floors[i] + (unit if place < steps else ZERO)
    return Allotment(tuple(amounts), target - sum(amounts, ZERO))


def _within_rounding(exact: Sequence[Decimal], target: Decimal, unit: Decimal) -> Decimal:
    """The target as far as rounding explains it: between the sums of floors and of ceilings, and near their sum."""
    if not exact:
        return ZERO
    total = sum(exact, ZERO)
    reach = unit * len(exact) / 2
    lowest = min(total.quantize(unit, ROUND_FLOOR), (total - reach).quantize(unit, ROUND_CEILING))
    highest = max(total.quantize(unit, ROUND_CEILING), (total + reach).quantize(unit, ROUND_FLOOR))
    lowest = max(lowest, sum((amount.quantize(unit, ROUND_FLOOR) for amount in exact), ZERO))
    highest = min(highest, sum((amount.quantize(unit, ROUND_CEILING) for amount in exact), ZERO))
    return min(max(target, lowest), highest)


def unit_price(amount: Decimal, quantity: Decimal, unit: Decimal = Decimal("0.01")) -> Decimal | None:
    """The shortest price of at most 7 decimals with half-up(quantity × price) = amount; None when there is none.

    QuickBooks refuses a line whose amount is not that product (QBO reference, 5.5 Amount rule, fault 6070).
    """
    if quantity <= 0 or quantity != quantity.to_integral_value() or quantity > LARGEST_AMOUNT:
        return None
    for decimals in range(currency_places(unit), _PRICE_DECIMALS + 1):
        price = (amount / quantity).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + ZERO
        if half_up(quantity * price, unit) == amount:
            return price
    return None


def currency_places(unit: Decimal) -> int:
    """How many decimals a unit has: 2 for 0.01."""
    exponent = unit.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def largest(amounts: Sequence[Decimal]) -> int:
    """The place of the amount that is largest without its sign; the first of equals."""
    return max(range(len(amounts)), key=lambda i: (abs(amounts[i]), -i))

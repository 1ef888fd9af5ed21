"""Rounding and writing of amounts as WooCommerce does it: six stored decimals, fewer shown.

Source: WooCommerce `wc_format_decimal`, `wc_round_tax_total`, `wc_round_discount`, `NumberUtil::round`.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

STORED_DECIMALS = 6
"""`wc_get_rounding_precision()`: what the database keeps of a line."""

ZERO = Decimal(0)


def round_half_up(value: Decimal, decimals: int = 0) -> Decimal:
    """PHP's `round()`: a half goes away from zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def round_half_down(value: Decimal, decimals: int = 0) -> Decimal:
    """A half goes towards zero: discounts always, taxes where prices include tax."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_DOWN)


def floor_positive(value: Decimal) -> Decimal:
    """The whole part of an amount that is not negative, as `absint()` and `floor()` cut it."""
    return value.quantize(Decimal(1), rounding=ROUND_DOWN)


def stored(value: Decimal) -> str:
    """An amount as the database keeps it: at most six decimals, no trailing zeros ("24.975")."""
    text = f"{round_half_up(value, STORED_DECIMALS):f}"
    trimmed = text.rstrip("0").rstrip(".")
    return "0" if trimmed in ("", "-0") else trimmed


def shown(value: Decimal | str, decimals: int) -> str:
    """An amount as the API shows it with `dp` decimals ("24.98"); never a negative zero."""
    if isinstance(value, str):
        whole, _, fraction = value.partition(".")
        if len(fraction) <= decimals and whole not in ("-0", ""):
            return f"{whole}.{fraction.ljust(decimals, '0')}" if decimals else whole
    text = f"{round_half_up(Decimal(value), decimals):f}"
    return text.removeprefix("-") if Decimal(text) == 0 else text


def as_number(value: Decimal) -> int | float:
    """A JSON number as PHP writes it: whole numbers without decimals, others with the float's own digits."""
    number = float(value)
    return int(number) if number.is_integer() else number


def number_of(value: object) -> Decimal:
    """A number from JSON or stored text; nothing and the empty text count as zero."""
    return ZERO if value is None or value == "" else Decimal(str(value))

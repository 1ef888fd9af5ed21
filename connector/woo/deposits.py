"""Which part of a sale an order is, by what deposit plugins write onto it (docs/deposits.md)."""

from __future__ import annotations

from collections.abc import Iterator

from connector.accounting.commerce import OrderPart
from connector.woo.fields import Fields, integer

_BALANCE_MAKERS = frozenset({"wc_deposits", "yith_wcdp_balance_order"})
_PAYMENT_KEYS = frozenset({"_wc_deposits_payment_type", "_awcdp_deposits_payment_type"})
_NO = frozenset({"", "0", "no", "false"})


def part_of(fields: Fields) -> OrderPart:
    """A payment belongs to an order that bears the whole sale; deposit and balance are sales of their own parts."""
    keys = {str(entry.raw.get("key")) for entry in fields.parts("meta_data", "Meta data") if _says_so(entry)}
    if keys & _PAYMENT_KEYS:
        return "payment"
    on_lines = {str(entry.raw.get("key")) for entry in _line_meta(fields) if _says_so(entry)}
    if fields.code("created_via") in _BALANCE_MAKERS or "_has_full_payment" in keys or "_original_order_id" in on_lines:
        return "balance"
    return "deposit" if "_is_deposit" in on_lines or "_has_deposit" in keys else "whole"


def parent_of(fields: Fields) -> int:
    """Of the line, where the order itself names none."""
    named = (
        integer(entry.raw.get("value")) or 0
        for entry in _line_meta(fields)
        if entry.raw.get("key") == "_original_order_id"
    )
    return fields.id("parent_id") or next(named, 0)


def _line_meta(fields: Fields) -> Iterator[Fields]:
    for line in fields.parts("line_items", "Line"):
        yield from line.parts("meta_data", "Meta data")


def _says_so(entry: Fields) -> bool:
    return str(entry.raw.get("value", "")).strip().lower() not in _NO

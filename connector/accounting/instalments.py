"""Money that comes in parts: what a deposit plugin says of an order, and what of it has been received so far.

Plugins that keep the whole sale on one order write amounts and flags into its meta data; the days have to be read from
what changes with them. Plugins that split a sale over several orders need nothing of this: each of those orders bears
its own part and its own money. Both, with the sources: docs/deposits.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from connector.accounting.commerce import UNPAID_STATUSES, Order
from connector.accounting.documents import Held
from connector.accounting.money import ZERO, half_up, is_amount, smallest_unit

PART_PAID_STATUSES = frozenset({"partially-paid", "partial-payment", "partially_paid", "partial-paid", "deposit-paid"})
"""Slugs by which deposit plugins say that a part of the money came."""
_PREFIXES = ("_wc_deposits_", "_awcdp_deposits_")
_NAMES = ("order_has_deposit", "deposit_amount", "second_payment", "deposit_paid", "second_payment_paid")
_PAID_AT = "deposit_payment_time"
DEPOSIT_KEYS = tuple(f"{prefix}{name}" for prefix in _PREFIXES for name in (*_NAMES, _PAID_AT))
SAME_PAYMENT = timedelta(hours=1)
"""date_paid and the plugin's own time of the deposit lie seconds apart where they tell of the same payment."""
_YEARS = (datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came. amount None: all that was still due. is_estimate: the store told the day by a change only."""

    amount: Decimal | None
    at: datetime
    is_estimate: bool = False


def receipts_of(order: Order) -> tuple[Receipt, ...] | Held:
    """What was received for an order, first to last; Held where the store says "a part" and not how much."""
    prefix = _plugin(order)
    if prefix:
        return _by_plugin(order, prefix)
    if order.part == "whole" and order.status in PART_PAID_STATUSES:
        return Held("deposit_unclear", {"problem": "no_amount", "status": order.status})
    if not order.is_paid or order.paid_at is None:
        return ()
    return (Receipt(None, order.paid_at),)


def is_wholly_paid(order: Order) -> bool:
    """False also where nobody can say."""
    receipts = receipts_of(order)
    return not isinstance(receipts, Held) and any(receipt.amount is None for receipt in receipts)


def has_deposit(order: Order) -> bool:
    return bool(_plugin(order))


def received_so_far(order: Order) -> Decimal:
    receipts: Sequence[Receipt] | Held = receipts_of(order)
    if isinstance(receipts, Held):
        return ZERO
    return sum((receipt.amount for receipt in receipts if receipt.amount is not None), ZERO)


def _plugin(order: Order) -> str:
    """The prefix of the plugin's keys, "" for an order paid at once."""
    return next((one for one in _PREFIXES if order.meta.get(f"{one}order_has_deposit") == "yes"), "")


def _by_plugin(order: Order, prefix: str) -> tuple[Receipt, ...] | Held:
    unit = smallest_unit(order.currency)
    total = half_up(order.total, unit)
    amounts = [_amount(order.meta.get(f"{prefix}{name}", "")) for name in ("deposit_amount", "second_payment")]
    deposit, rest = amounts
    if deposit is None or rest is None:
        return Held("deposit_unclear", {"problem": "no_amount", "status": order.status})
    if abs(deposit + rest - total) > unit:
        details = {"problem": "sum", "deposit": f"{deposit:f}", "rest": f"{rest:f}", "total": f"{total:f}"}
        return Held("deposit_unclear", details)
    if order.meta.get(f"{prefix}deposit_paid") != "yes" or order.status in ("pending", "failed"):
        return ()
    came_at = _moment(order.meta.get(f"{prefix}{_PAID_AT}", "")) or order.paid_at
    is_dated = came_at is not None
    amount = None if half_up(rest, unit) == 0 else min(half_up(deposit, unit), total)
    first = Receipt(amount, came_at or order.modified_at, not is_dated)
    is_all = order.meta.get(f"{prefix}second_payment_paid") == "yes"
    came = () if amount == 0 else (first,)
    if amount is None or not is_all or order.status in PART_PAID_STATUSES | UNPAID_STATUSES:
        return came
    return *came, _balance(order, first.at)


def _balance(order: Order, deposit_at: datetime) -> Receipt:
    """date_paid is the balance's where the deposit was confirmed by hand; else the change that told of it is all there
    is, and an order completed later changed then for the last time at the earliest."""
    if order.paid_at is not None and order.paid_at - deposit_at > SAME_PAYMENT:
        return Receipt(None, order.paid_at)
    seen = min(order.modified_at, order.completed_at or order.modified_at)
    return Receipt(None, max(seen, deposit_at), is_estimate=True)


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return amount if is_amount(amount) and amount >= 0 else None


def _moment(text: str) -> datetime | None:
    """Seconds since 1970, as the plugins keep a time."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        return None
    moment = datetime.fromtimestamp(int(text), UTC)
    return moment if _YEARS[0] < moment < _YEARS[1] else None

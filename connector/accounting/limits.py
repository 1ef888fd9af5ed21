"""Never more than the sale: what refunds give back together, in total and of each rate's tax (specification §9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from connector.accounting.books import PostedSale
from connector.accounting.commerce import Order, Refund, TaxLine
from connector.accounting.documents import Held
from connector.accounting.goods import given_back, names_amounts
from connector.accounting.keys import refund_key
from connector.accounting.money import ZERO, half_up
from connector.accounting.rates import store_taxes

_ROUNDING_UNITS = 2
"""Tax of a rate that rounding may have given back too much of; more is no rounding."""


def exceeds_sale(
    refund: Refund, order: Order, sale: PostedSale | None, earlier: Sequence[Refund], unit: Decimal
) -> Held | None:
    """Held when this refund, those before it and every credit in the books come to more than the sale.

    Without a sale in the books the order's total is the limit.
    """
    others = taken_back(refund_key(order.id, refund.id), order, sale, earlier, unit)
    amount = half_up(refund.amount, unit)
    limit = sale.total if sale else half_up(order.total, unit)
    if others + amount <= limit:
        return None
    details = {"problem": "total", "amount": f"{amount:f}", "left": f"{max(limit - others, ZERO):f}"}
    return Held("refund_exceeds_sale", {**details, "order": order.number, "refund": str(refund.id)})


def exceeds_money(refund: Refund, order: Order, sale: PostedSale | None, unit: Decimal) -> Held | None:
    """Held when a refund receipt would pay out more than was received of an invoice that is still open in part.

    The shop cannot have given back what never came: what it gave back and what it only waived is for a person to say.
    """
    if sale is None or sale.open_balance <= 0:
        return None
    own = refund_key(order.id, refund.id)
    money = sum((one.amount for one in sale.money), ZERO)
    left = half_up(money - sum((credit.paid_out for credit in sale.credits if credit.key != own), ZERO), unit)
    amount = half_up(refund.amount, unit)
    if not sale.money or amount <= left:
        return None
    details = {"problem": "money", "amount": f"{amount:f}", "left": f"{max(left, ZERO):f}"}
    return Held("refund_exceeds_sale", {**details, "order": order.number, "refund": str(refund.id)})


def taken_back(key: str, order: Order, sale: PostedSale | None, refunds: Sequence[Refund], unit: Decimal) -> Decimal:
    """What refunds and the credits that stand in the books take back together, each once, without this posting's."""
    amounts = {refund_key(order.id, refund.id): half_up(refund.amount, unit) for refund in refunds}
    amounts.update((credit.key, credit.total) for credit in (sale.credits if sale else ()))
    return sum((amount for other, amount in amounts.items() if other != key), ZERO)


def limit_tax(
    goods: Order, refund: Refund, order: Order, earlier: Sequence[Refund], unit: Decimal, *, by_rate: bool
) -> Order | Held:
    """The goods with no more tax than earlier refunds have left; a cent or two too much is rounding and stays net.

    A line refunded in parts is rounded part by part, so that the parts may give back a cent more than was charged.
    by_rate: each rate for itself; otherwise the tax as a whole, where the books keep no rates.
    """
    taken = _taxes(order, unit, by_rate=by_rate)
    if taken is None:
        return goods
    given: dict[int, Decimal] = {}
    for one in earlier:
        taxes = _taxes(given_back(one, order, unit), unit, by_rate=by_rate) if names_amounts(one) else {}
        for rate_id, tax in (taxes or {}).items():
            left = taken.get(rate_id, ZERO) - given.get(rate_id, ZERO)
            given[rate_id] = given.get(rate_id, ZERO) + (min(tax, max(left, ZERO)) if tax > 0 else tax)
    too_much: dict[int, Decimal] = {}
    for rate_id, tax in (_taxes(goods, unit, by_rate=by_rate) or {}).items():
        left = taken.get(rate_id, ZERO) - given.get(rate_id, ZERO)
        if tax > max(left, ZERO):
            too_much[rate_id] = tax - max(left, ZERO)
            if too_much[rate_id] > unit * _ROUNDING_UNITS:
                details = {"problem": "tax", "amount": f"{tax:f}", "left": f"{max(left, ZERO):f}"}
                details["rate"] = _label(rate_id, goods.tax_lines)
                return Held("refund_exceeds_sale", {**details, "order": order.number, "refund": str(refund.id)})
    if not too_much:
        return goods
    total_tax = half_up(goods.total_tax, unit) - sum(too_much.values(), ZERO)
    return replace(goods, total_tax=total_tax, tax_lines=_lowered(goods.tax_lines, too_much, unit))


def _taxes(goods: Order, unit: Decimal, *, by_rate: bool) -> dict[int, Decimal] | None:
    """The tax by rate, or all of it as one; None where the rates do not add up, which planning holds by itself."""
    if not by_rate:
        return {0: half_up(goods.total_tax, unit)}
    taxes = store_taxes(goods, unit)
    return None if isinstance(taxes, Held) else taxes


def _lowered(lines: Iterable[TaxLine], too_much: Mapping[int, Decimal], unit: Decimal) -> tuple[TaxLine, ...]:
    """Takes the excess off each rate's tax, once; off its tax on shipping where goods bear too little."""
    left = dict(too_much)
    lowered: list[TaxLine] = []
    for line in lines:
        excess = left.pop(line.rate_id, ZERO)
        on_goods, on_shipping = half_up(line.tax_total, unit), half_up(line.shipping_tax_total, unit)
        off_goods = min(excess, max(on_goods, ZERO))
        off_shipping = excess - off_goods
        lowered.append(replace(line, tax_total=on_goods - off_goods, shipping_tax_total=on_shipping - off_shipping))
    return tuple(lowered)


def _label(rate_id: int, lines: Iterable[TaxLine]) -> str:
    return next((line.label or line.code for line in lines if line.rate_id == rate_id), "")

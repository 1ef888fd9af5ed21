"""What is given back of an order, written as an order of its own, so that one set of money rules serves both ways.

Lines keep the id, product, text and rates of the order's lines that they give back; amounts and quantities are positive
and the refund's; buyer, currency and everything else are the order's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from connector.accounting.commerce import (
    FeeLine,
    LineTax,
    Order,
    OrderLine,
    Refund,
    ShippingLine,
    TaxLine,
)
from connector.accounting.money import ZERO, half_up
from connector.accounting.parts import exact_amount

_STORED = Decimal("0.000001")
_Due = TypeVar("_Due", ShippingLine, FeeLine)
_Sold = TypeVar("_Sold", OrderLine, ShippingLine, FeeLine)


def names_amounts(refund: Refund) -> bool:
    """The refund says what it is for: at least one line bears an amount or a tax."""
    return any(line.total or line.total_tax for line in lines_of(refund))


def lines_of(goods: Order | Refund) -> tuple[OrderLine | ShippingLine | FeeLine, ...]:
    return (*goods.lines, *goods.shipping_lines, *goods.fee_lines)


def given_back(refund: Refund, order: Order, unit: Decimal, *, untaxed: Decimal = ZERO) -> Order:
    """The refund as an order. untaxed: net amount that belongs to it beside its lines.

    Its tax is the one of its rates or of its lines, whichever makes them add up to its amount: the two may differ by a
    cent (WooCommerce behaviour, Refunds).
    """
    sold_lines = {line.id: line for line in order.lines}
    sold_shipping = {line.id: line for line in order.shipping_lines}
    sold_fees = {line.id: line for line in order.fee_lines}
    goods = replace(
        order,
        total=refund.amount,
        lines=tuple(_line(line, sold_lines.get(line.id), unit) for line in refund.lines),
        shipping_lines=tuple(_due(line, sold_shipping.get(line.id)) for line in refund.shipping_lines),
        fee_lines=tuple(_due(line, sold_fees.get(line.id)) for line in refund.fee_lines),
    )
    goods = replace(goods, tax_lines=_tax_lines(refund, goods, known_rates(order, refund), unit))
    net = sum((line.total for line in lines_of(goods)), untaxed)
    by_line = half_up(sum((line.total_tax for line in lines_of(goods)), ZERO), unit)
    by_rate = sum((half_up(t.tax_total, unit) + half_up(t.shipping_tax_total, unit) for t in goods.tax_lines), ZERO)
    tax = min((by_line, by_rate), key=lambda tax: abs(refund.amount - net - tax)) if goods.tax_lines else by_line
    return replace(goods, total_tax=tax)


def with_rates_of(refund: Refund, order: Order) -> Order:
    """The order with the rates that only its refund names, to look tax codes up by."""
    return replace(order, tax_lines=tuple(known_rates(order, refund).values()))


def known_rates(order: Order, refund: Refund) -> dict[int, TaxLine]:
    """Each rate by id; what the order says of it comes first, for it was charged."""
    rates: dict[int, TaxLine] = {}
    for rate in (*order.tax_lines, *refund.tax_lines):
        rates.setdefault(rate.rate_id, rate)
    return rates


def rest_of(order: Order, refunds: Sequence[Refund], unit: Decimal) -> tuple[Refund, Decimal]:
    """What refunds have left of an order, as one more refund, and the net amount that no line of it bears.

    That amount is below zero: what was given back without naming lines lowers what is left.
    """
    named = [refund for refund in refunds if names_amounts(refund)]
    unnamed = sum((half_up(refund.amount, unit) for refund in refunds if not names_amounts(refund)), ZERO)
    lines = {line.id: line for line in order.lines}
    shipping = {line.id: line for line in order.shipping_lines}
    fees = {line.id: line for line in order.fee_lines}
    rates: dict[int, tuple[Decimal, Decimal]] = {}
    for rate in order.tax_lines:
        rates[rate.rate_id] = _plus(rates.get(rate.rate_id), rate.tax_total, rate.shipping_tax_total)
    for refund in named:
        goods = given_back(refund, order, unit)
        for line in goods.lines:
            if line.id in lines:
                left = lines[line.id]
                lines[line.id] = replace(_less(left, line), quantity=left.quantity - line.quantity, price=None)
        for sent in goods.shipping_lines:
            if sent.id in shipping:
                shipping[sent.id] = _less(shipping[sent.id], sent)
        for fee in goods.fee_lines:
            if fee.id in fees:
                fees[fee.id] = _less(fees[fee.id], fee)
        for rate in goods.tax_lines:
            rates[rate.rate_id] = _plus(rates.get(rate.rate_id), -rate.tax_total, -rate.shipping_tax_total)
    names = {rate.rate_id: rate for refund in named for rate in known_rates(order, refund).values()}
    names.update((rate.rate_id, rate) for rate in order.tax_lines)
    rest = Refund(
        id=0,
        order_id=order.id,
        created_at=order.modified_at,
        amount=half_up(order.total, unit) - sum((half_up(refund.amount, unit) for refund in refunds), ZERO),
        reason="",
        refunded_payment=False,
        lines=tuple(lines.values()),
        shipping_lines=tuple(shipping.values()),
        fee_lines=tuple(fees.values()),
        tax_lines=tuple(
            replace(names[rate_id], tax_total=tax, shipping_tax_total=on_shipping)
            for rate_id, (tax, on_shipping) in rates.items()
        ),
    )
    return rest, -unnamed


def _line(line: OrderLine, sold: OrderLine | None, unit: Decimal) -> OrderLine:
    """The store keeps refunds in whole cents: the sold line's price tells the amount before that rounding."""
    back = replace(line, subtotal=line.total, subtotal_tax=line.total_tax)
    if sold is None:
        return back
    return replace(
        back,
        name=sold.name,
        attributes=sold.attributes,
        sku=sold.sku or line.sku,
        product_id=sold.product_id or line.product_id,
        variation_id=sold.variation_id if sold.product_id else line.variation_id,
        taxes=_taxes(line.taxes, line.total_tax, sold.taxes),
        price=line.price if exact_amount(line.total, line.quantity, sold.price, unit) == line.total else sold.price,
    )


def _due(due: _Due, sold: _Due | None) -> _Due:
    if sold is None:
        return due
    return replace(due, name=sold.name or due.name, taxes=_taxes(due.taxes, due.total_tax, sold.taxes))


def _taxes(taxes: Iterable[LineTax], total_tax: Decimal, sold: Sequence[LineTax]) -> tuple[LineTax, ...]:
    """The line's tax by rate, with all rates of the line it gives back: they say which code that line bears.

    Where the store gives the tax but no rates, it belongs to the sold line's rates in their proportion.
    """
    amounts: dict[int, Decimal] = {}
    for tax in taxes:
        amounts[tax.rate_id] = amounts.get(tax.rate_id, ZERO) + tax.total
    charged = sum((tax.total for tax in sold), ZERO)
    if not any(amounts.values()) and total_tax != 0 and charged != 0:
        shares: dict[int, Decimal] = {}
        for tax in sold:
            share = half_up(total_tax * tax.total / charged, _STORED)
            shares[tax.rate_id] = shares.get(tax.rate_id, ZERO) + share
        amounts = shares
    for tax in sold:
        amounts.setdefault(tax.rate_id, ZERO)
    return tuple(LineTax(rate_id, amount) for rate_id, amount in amounts.items())


def _tax_lines(refund: Refund, goods: Order, known: Mapping[int, TaxLine], unit: Decimal) -> tuple[TaxLine, ...]:
    """The tax of each rate as the refund states it, else as its lines do; each rate as the order knows it."""
    if refund.tax_lines:
        return tuple(
            replace(known[rate.rate_id], tax_total=rate.tax_total, shipping_tax_total=rate.shipping_tax_total)
            for rate in refund.tax_lines
        )
    amounts: dict[int, tuple[Decimal, Decimal]] = {}
    for line in lines_of(goods):
        for tax in line.taxes:
            on_shipping = tax.total if isinstance(line, ShippingLine) else ZERO
            amounts[tax.rate_id] = _plus(amounts.get(tax.rate_id), tax.total - on_shipping, on_shipping)
    return tuple(
        replace(known[rate_id], tax_total=half_up(on_goods, unit), shipping_tax_total=half_up(on_shipping, unit))
        for rate_id, (on_goods, on_shipping) in amounts.items()
        if rate_id in known
    )


def _less(left: _Sold, back: _Sold) -> _Sold:
    """A line less what was given back of it."""
    amounts = {tax.rate_id: tax.total for tax in left.taxes}
    for tax in back.taxes:
        amounts[tax.rate_id] = amounts.get(tax.rate_id, ZERO) - tax.total
    return replace(
        left,
        total=left.total - back.total,
        total_tax=left.total_tax - back.total_tax,
        taxes=tuple(LineTax(rate_id, amount) for rate_id, amount in amounts.items()),
    )


def _plus(before: tuple[Decimal, Decimal] | None, one: Decimal, other: Decimal) -> tuple[Decimal, Decimal]:
    first, second = before or (ZERO, ZERO)
    return first + one, second + other

"""What the lines of a credit memo or refund receipt will say, before any rounding.

A line bears the item and the tax code of the order's line it gives back. Where its tax is not the rate's, because a
human gave back more or less tax than goes with the amount, two lines on the refund item that cancel carry the
difference: +net at the code, −net untaxed. Nothing is put on a product's item that brings no piece back, for a product
item would be restocked (product specification §9). Worked table: docs/money.md, "Refunds".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from connector.accounting.coding import CodedShare, Coding, code_fee, code_line, code_tax, list_taxes
from connector.accounting.commerce import FeeLine, LineTax, Order, OrderLine, ShippingLine
from connector.accounting.documents import Held, Parties
from connector.accounting.goods import lines_of
from connector.accounting.money import ZERO
from connector.accounting.parts import Part, exact_amount, fee_item, item_of
from connector.accounting.policy import PostingPolicy, Ref
from connector.accounting.rates import RateTable, line_rates, require_untaxed
from connector.accounting.settings import require
from connector.accounting.texts import describe, say

_ROUNDING_UNITS = 2
"""By how much the tax of a line may differ from its rate's through rounding alone."""


def collect_refund_parts(
    goods: Order, policy: PostingPolicy, parties: Parties, coding: Coding, unit: Decimal
) -> tuple[Part, ...] | Held:
    """goods: what is given back, as an order. A line that gives back neither piece, amount nor tax is left out."""
    parts: list[Part] = []
    for line in lines_of(goods):
        if not (line.total or line.total_tax or (isinstance(line, OrderLine) and line.quantity)):
            continue
        more = _line_parts(line, policy, parties, coding, unit)
        if isinstance(more, Held):
            return more
        parts.extend(more)
    return tuple(parts)


def amount_part(amount: Decimal, text: str, policy: PostingPolicy, coding: Coding) -> Part | Held:
    """An amount given back for no line in particular, without tax, as the store recorded it."""
    item = refund_item(policy)
    if isinstance(item, Held):
        return item
    code = coding.untaxed
    if isinstance(code, Held):
        return code
    return Part("refund", item, text, amount, code, frozenset())


def refund_item(policy: PostingPolicy) -> Ref | Held:
    """The refund item, else the default product."""
    if policy.refund_item is not None or "refund_item" in policy.inactive_refs or policy.default_item is None:
        return require(policy.refund_item, "refund_item", policy)
    return require(policy.default_item, "default_item", policy)


def _line_parts(
    line: OrderLine | ShippingLine | FeeLine, policy: PostingPolicy, parties: Parties, coding: Coding, unit: Decimal
) -> list[Part] | Held:
    if isinstance(line, FeeLine) and line.total != 0:
        return _fee_parts(line, policy, coding)
    net = exact_amount(line.total, line.quantity, line.price, unit) if isinstance(line, OrderLine) else line.total
    listed = list_taxes(net, line.total_tax, line.taxes, coding.table) if coding.table is not None else ()
    if isinstance(listed, Held):
        return listed
    excess = _excess_taxes(net, listed, coding.table, unit)
    own = _own_share(net, line.total_tax, listed, coding, is_untaxed=bool(excess) and not any(t.total for t in listed))
    if isinstance(own, Held):
        return own
    over = code_tax(excess, own.rates, coding, unit) if own.rates else ()
    if isinstance(over, Held):
        return over
    corrections = _correction_parts(line, over, policy)
    if isinstance(corrections, Held):
        return corrections
    if net == 0 and not _brings_back(line) and (corrections or coding.table is None):
        return corrections  # The tax alone says it all; without tax in the books it has a line of its own.
    part = _own_part(line, own, policy, parties)
    return part if isinstance(part, Held) else [part, *corrections]


def _correction_parts(
    line: OrderLine | ShippingLine | FeeLine, over: Sequence[CodedShare], policy: PostingPolicy
) -> list[Part] | Held:
    if not over:
        return []
    item = refund_item(policy)
    if isinstance(item, Held):
        return item
    text = describe(f"{say('refunded_tax', policy.language)} ({_text(line, policy)})")
    return [Part("refund", item, text, share.net, share.code, share.rates) for share in over]


def _own_share(
    net: Decimal, tax: Decimal, listed: Sequence[LineTax], coding: Coding, *, is_untaxed: bool
) -> CodedShare | Held:
    """The line at the code of the sale; without tax where an amount that would bear some was given back without any."""
    if coding.table is not None and is_untaxed:
        code = require_untaxed(coding.table)
        return code if isinstance(code, Held) else CodedShare(net, code)
    return code_line(net, tax, listed, coding)


def _excess_taxes(
    net: Decimal, listed: Sequence[LineTax], table: RateTable | None, unit: Decimal
) -> tuple[LineTax, ...]:
    """What each rate's tax is above (or below) the rate's share of the net amount; none where rounding explains it."""
    if table is None:
        return ()
    expected = table.effective(line_rates(listed, table))
    amounts: dict[int, Decimal] = {}
    for tax in listed:
        amounts[tax.rate_id] = amounts.get(tax.rate_id, ZERO) + tax.total
    excess = {rate_id: amounts.get(rate_id, ZERO) - net * percent / 100 for rate_id, percent in expected.items()}
    limit = unit * _ROUNDING_UNITS if net != 0 else ZERO
    if all(abs(amount) <= limit for amount in excess.values()):
        return ()
    return tuple(LineTax(rate_id, amount) for rate_id, amount in excess.items())


def _own_part(
    line: OrderLine | ShippingLine | FeeLine, share: CodedShare, policy: PostingPolicy, parties: Parties
) -> Part | Held:
    source: Literal["product", "shipping", "fee", "refund"]
    quantity = None
    if isinstance(line, OrderLine) and _brings_back(line):
        item, source, quantity = item_of(line, policy, parties), "product", line.quantity
    elif isinstance(line, ShippingLine):
        item, source = require(policy.shipping_item, "shipping_item", policy), "shipping"
    else:
        item, source = refund_item(policy), "refund"
    if isinstance(item, Held):
        return item
    text = _text(line, policy)
    return Part(source, item, text, share.net, share.code, share.rates, quantity, line.id)


def _fee_parts(fee: FeeLine, policy: PostingPolicy, coding: Coding) -> list[Part] | Held:
    item = fee_item(fee.name, policy)
    if isinstance(item, Held):
        return item
    shares = code_fee(fee.total, fee.total_tax, fee.taxes, coding)
    if isinstance(shares, Held):
        return shares
    text = _text(fee, policy)
    return [Part("fee", item, text, share.net, share.code, share.rates, line_id=fee.id) for share in shares]


def _brings_back(line: OrderLine | ShippingLine | FeeLine) -> bool:
    return isinstance(line, OrderLine) and line.quantity != 0


def _text(line: OrderLine | ShippingLine | FeeLine, policy: PostingPolicy) -> str:
    if isinstance(line, OrderLine):
        return describe(line.name, line.attributes)
    return describe(line.name or say("shipping" if isinstance(line, ShippingLine) else "fee", policy.language))

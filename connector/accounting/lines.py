"""The lines of a document: parts rounded to the cent so that they add up to the order's net amount exactly.

Worked tables: docs/money.md, "From unrounded lines to the net amount".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connector.accounting.arithmetic import CodedNet
from connector.accounting.coding import Coding
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentLine, Held
from connector.accounting.money import ZERO, allot, half_up, unit_price
from connector.accounting.parts import Part
from connector.accounting.policy import PostingPolicy, Ref, TaxCode
from connector.accounting.rates import RateIds
from connector.accounting.settings import require
from connector.accounting.texts import DESCRIPTION_LIMIT, say, shorten

ROUNDING_LIMIT_UNITS = 2
"""A rounding line of at most two cents; more is a difference that nobody explained (product specification §7)."""
_PRICE_UNIT = Decimal("0.01")
_WHOLE = Decimal(1)

LineSource = Literal["product", "shipping", "fee", "discount", "refund", "rounding", "tax", "cancelling"]


@dataclass(frozen=True, slots=True)
class CodedLine:
    """A finished line with the whole tax code behind its reference, and the store's rates that led to it."""

    line: DocumentLine
    code: TaxCode | None = None
    rates: RateIds = frozenset()


def coded_nets(lines: Sequence[CodedLine]) -> tuple[CodedNet, ...]:
    return tuple(CodedNet(coded.code, coded.line.amount) for coded in lines if coded.code is not None)


def round_parts(
    parts: Sequence[Part], goods: Order, policy: PostingPolicy, coding: Coding, unit: Decimal
) -> tuple[CodedLine, ...] | Held:
    """One line for each part, adding up to the net amount of what is sold or given back (`goods`), with a rounding line
    where that takes one."""
    document_net = half_up(goods.total, unit) - half_up(goods.total_tax, unit)
    allotment = allot([part.net for part in parts], document_net, unit)
    if allotment.rest != 0 and unit < _WHOLE and _is_shown_whole(goods, policy):
        whole = allot([part.net for part in parts], document_net, _WHOLE)
        allotment = whole if whole.rest == 0 else allotment
    lines = [_line(part, amount, unit) for part, amount in zip(parts, allotment.amounts, strict=True)]
    if allotment.rest == 0:
        return tuple(lines)
    if abs(allotment.rest) > unit * ROUNDING_LIMIT_UNITS:
        lines_net = document_net - allotment.rest
        details = {"problem": "lines_differ", "lines": f"{lines_net:f}", "order": f"{document_net:f}"}
        return Held("totals_differ", details)
    rounding = own_line("rounding", allotment.rest, say("rounding", policy.language), policy, coding)
    return rounding if isinstance(rounding, Held) else (*lines, rounding)


def own_line(
    source: Literal["rounding", "cancelling"],
    amount: Decimal,
    text: str,
    policy: PostingPolicy,
    coding: Coding,
    *,
    code: TaxCode | None = None,
) -> CodedLine | Held:
    """A line on the rounding item, without tax unless a code is given."""
    item = require(policy.rounding_item, "rounding_item", policy)
    if isinstance(item, Held):
        return item
    bears = code or coding.untaxed
    if isinstance(bears, Held):
        return bears
    return single_line(source, item, amount, text, bears)


def single_line(source: LineSource, item: Ref, amount: Decimal, text: str, code: TaxCode | None) -> CodedLine:
    line = DocumentLine(item, text, amount, Decimal(1), amount, code.line_ref if code else None, source)
    return CodedLine(line, code)


def _is_shown_whole(goods: Order, policy: PostingPolicy) -> bool:
    """A shop without decimals charges whole units while its lines keep their cents. A whole total may also be chance:
    where nothing is taxed, the shop has to say that it shows no decimals."""
    if any(amount != half_up(amount, _WHOLE) for amount in (goods.total, goods.total_tax)):
        return False
    return policy.store_decimals == 0 or goods.total_tax != 0


def _line(part: Part, amount: Decimal, unit: Decimal) -> CodedLine:
    """Quantity and a price that give the amount; where no price does, one piece with the quantity in the text."""
    quantity, text = part.quantity, part.text
    price = None if quantity is None else unit_price(amount, quantity, min(unit, _PRICE_UNIT))
    if price is None:
        if quantity is not None and quantity not in (ZERO, Decimal(1)):
            text = shorten(f"{quantity.normalize():f} × {text}", DESCRIPTION_LIMIT)
        quantity, price = Decimal(1), amount
    line = DocumentLine(
        item=part.item,
        description=text,
        amount=amount,
        quantity=quantity.normalize() + ZERO if quantity else Decimal(1),
        unit_price=price,
        tax_code=part.code.line_ref if part.code else None,
        source=part.source,
        store_line_id=part.line_id,
    )
    return CodedLine(line, part.code, part.rates)

"""What the lines of a document will say, before any rounding: item, text, unrounded net amount and tax code."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connector.accounting.coding import CodedShare, Coding, code_fee, code_line
from connector.accounting.commerce import FeeLine, Order, OrderLine, ShippingLine
from connector.accounting.documents import Held, Parties
from connector.accounting.keys import normalise
from connector.accounting.money import ZERO, half_up, is_amount
from connector.accounting.policy import PostingPolicy, Ref, TaxCode
from connector.accounting.rates import RateIds
from connector.accounting.settings import require
from connector.accounting.texts import describe, say

_PRECISION = Decimal("0.000001")
_COUNTABLE = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Part:
    """`net` is exact (up to 6 decimals); `quantity` None where the store counts nothing."""

    source: Literal["product", "shipping", "fee", "discount", "refund"]
    item: Ref
    text: str
    net: Decimal
    code: TaxCode | None
    rates: RateIds
    quantity: Decimal | None = None
    line_id: int = 0


def collect_parts(
    order: Order, policy: PostingPolicy, parties: Parties, coding: Coding, unit: Decimal
) -> tuple[Part, ...] | Held:
    """The parts in the order of the store: products, discounts, shipping, fees.

    Shipping and fees of nothing are left out unless the document would have no line at all.
    """
    parts = _product_parts(order, policy, parties, coding, unit)
    if isinstance(parts, Held):
        return parts
    dues: list[ShippingLine | FeeLine] = [*order.shipping_lines, *order.fee_lines]
    kept = [due for due in dues if due.total != 0 or due.total_tax != 0]
    if not kept and not parts:
        kept = dues[:1]
    for due in kept:
        more = _due_parts(due, policy, coding)
        if isinstance(more, Held):
            return more
        parts.extend(more)
    return tuple(parts)


def exact_amount(shown: Decimal, quantity: Decimal, price: Decimal | None, unit: Decimal) -> Decimal:
    """The unrounded amount: as stored where the store gave more decimals, else price × quantity where that agrees.

    `price` is the store's unrounded total ÷ quantity with float noise (WooCommerce behaviour, Amounts and tax).
    """
    if half_up(shown, unit) != shown or price is None or not is_amount(price) or abs(quantity) > _COUNTABLE:
        return shown
    product = half_up(price * quantity, _PRECISION)
    return product if abs(product - shown) <= unit / 2 else shown


def item_of(line: OrderLine, policy: PostingPolicy, parties: Parties) -> Ref | Held:
    item = parties.items.get(line.product) if line.product_id else None
    if item is not None:
        return item
    if policy.default_item is None and "default_item" not in policy.inactive_refs:
        details = {"sku": line.sku, "name": line.name, "product_id": str(line.product_id)}
        return Held("unmatched_product", details)
    return require(policy.default_item, "default_item", policy)


def _product_parts(
    order: Order, policy: PostingPolicy, parties: Parties, coding: Coding, unit: Decimal
) -> list[Part] | Held:
    discount_item = require(policy.discount_item, "discount_item", policy) if _lists_prices(policy) else None
    parts: list[Part] = []
    discounts: dict[tuple[str, RateIds], Part] = {}
    for line in order.lines:
        item = item_of(line, policy, parties)
        if isinstance(item, Held):
            return item
        net = exact_amount(line.total, line.quantity, line.price, unit)
        discount = ZERO
        if discount_item is not None and half_up(line.subtotal, unit) > half_up(line.total, unit):
            discount = line.subtotal - net
        share = code_line(net + discount, line.total_tax, line.taxes, coding)
        if isinstance(share, Held):
            return share
        text = describe(line.name, line.attributes)
        parts.append(Part("product", item, text, share.net, share.code, share.rates, line.quantity, line.id))
        if discount == 0:
            continue
        if isinstance(discount_item, Held):
            return discount_item
        if discount_item is not None:
            key = (share.code.id if share.code else "", share.rates)
            before = discounts[key].net if key in discounts else ZERO
            text = _discount_text(order, policy)
            discounts[key] = Part("discount", discount_item, text, before - discount, share.code, share.rates)
    return [*parts, *discounts.values()]


def _lists_prices(policy: PostingPolicy) -> bool:
    return policy.discount_item is not None or "discount_item" in policy.inactive_refs


def _discount_text(order: Order, policy: PostingPolicy) -> str:
    coupons = ", ".join(code for code in order.coupons if code)
    label = say("discount", policy.language)
    return describe(f"{label} ({coupons})" if coupons else label)


def _due_parts(due: ShippingLine | FeeLine, policy: PostingPolicy, coding: Coding) -> tuple[Part, ...] | Held:
    if isinstance(due, ShippingLine):
        item = require(policy.shipping_item, "shipping_item", policy)
        share = code_line(due.total, due.total_tax, due.taxes, coding)
        shares: tuple[CodedShare, ...] | Held = share if isinstance(share, Held) else (share,)
        text = describe(due.name or say("shipping", policy.language))
        source: Literal["shipping", "fee"] = "shipping"
    else:
        item = fee_item(due.name, policy)
        shares = code_fee(due.total, due.total_tax, due.taxes, coding)
        text = describe(due.name or say("fee", policy.language))
        source = "fee"
    if isinstance(item, Held):
        return item
    if isinstance(shares, Held):
        return shares
    return tuple(Part(source, item, text, share.net, share.code, share.rates, line_id=due.id) for share in shares)


def fee_item(name: str, policy: PostingPolicy) -> Ref | Held:
    """The item chosen for fees of this name (a gift card must not reach revenue), else the fee item."""
    for known, item in policy.fee_items.items():
        if normalise(known) == normalise(name):
            return require(item, f"fee_items:{known}", policy)
    return require(policy.fee_item, "fee_item", policy)

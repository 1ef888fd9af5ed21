"""An order document's amounts, read for the arithmetic and written back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sandbox.store.arithmetic import (
    CouponUse,
    Fee,
    Line,
    OrderAmounts,
    Shipping,
    apply_coupons_to_order,
    calculate_order,
    line_tax,
)
from sandbox.store.database import Document
from sandbox.store.discounts import Coupon
from sandbox.store.money import as_number, number_of, round_half_down, round_half_up, stored
from sandbox.store.shop import Shop
from sandbox.store.taxes import Location, Taxes, TaxRules


def recalculate(shop: Shop, order: Document, *, coupons: bool = False) -> None:
    """Compute taxes and totals from the document's lines; with `coupons` spread its coupons again first."""
    amounts = read_amounts(shop, order)
    if coupons:
        apply_coupons_to_order(amounts, [coupon_of(line) for line in order["coupon_lines"]], shop.rules)
    calculate_order(amounts, shop.rules)
    write_amounts(shop, order, amounts)


def read_amounts(shop: Shop, order: Document) -> OrderAmounts:
    """The document's lines as the arithmetic takes them."""
    return OrderAmounts(
        lines=[
            Line(
                quantity=Decimal(line["quantity"]),
                subtotal=number_of(line["subtotal"]),
                total=number_of(line["total"]),
                tax_class=line["tax_class"],
                taxable=_is_taxable(shop, line),
                product_ids=(line["product_id"], line["variation_id"]),
            )
            for line in order["line_items"]
        ],
        fees=[Fee(number_of(line["total"]), line["tax_class"], line["tax_status"]) for line in order["fee_lines"]],
        shipping=[
            Shipping(number_of(line["total"]), line["method_id"], line["tax_status"])
            for line in order["shipping_lines"]
        ],
        location=address_location(order),
        vat_exempt=is_vat_exempt(order),
    )


def write_amounts(shop: Shop, order: Document, amounts: OrderAmounts) -> None:
    """Amounts into the document: lines, tax lines and totals. The document's lines are those of `amounts`, in order."""
    rules = shop.rules
    for line, computed in zip(order["line_items"], amounts.lines, strict=True):
        line["subtotal"] = stored(max(computed.subtotal, computed.total))
        line["total"] = stored(computed.total)
        subtotal_taxes = computed.subtotal_taxes
        if sum(subtotal_taxes.values()) < sum(computed.taxes.values()):
            subtotal_taxes = computed.taxes
        line["taxes"] = [
            {"id": key, "total": stored(amount), "subtotal": stored(subtotal_taxes[key])}
            for key, amount in computed.taxes.items()
        ]
        line["total_tax"] = stored(line_tax(computed.taxes, rules))
        line["subtotal_tax"] = stored(line_tax(subtotal_taxes, rules))
        line["price"] = as_number(number_of(line["total"]) / computed.quantity) if computed.quantity else 0
    for fee_line, fee in zip(order["fee_lines"], amounts.fees, strict=True):
        fee_line["total"] = stored(fee.total)
        _write_taxes(fee_line, fee.taxes, rules)
    for shipping_line, shipping in zip(order["shipping_lines"], amounts.shipping, strict=True):
        _write_taxes(shipping_line, shipping.taxes, rules)
    write_coupons(order, amounts.coupons)
    _write_tax_lines(shop, order, amounts)
    for name in ("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax", "total_tax", "total"):
        order[name] = stored(getattr(amounts, name))


def write_coupons(order: Document, uses: Sequence[CouponUse]) -> None:
    """What each coupon took off, to the cent with halves down, trailing zeros trimmed as WooCommerce shows them."""
    by_code = {use.coupon.code: use for use in uses}
    for line in order["coupon_lines"]:
        use = by_code.get(line["code"])
        if use is not None:
            line["discount"] = stored(round_half_down(use.discount, 2))
            line["discount_tax"] = stored(round_half_down(use.discount_tax, 2))


def coupon_of(line: Document) -> Coupon:
    """The coupon behind an order's coupon line."""
    info = json.loads(line["meta_data"][0]["value"]) if line["meta_data"] else [0]
    return Coupon(
        code=line["code"],
        kind=line["discount_type"],
        amount=Decimal(str(line["nominal_amount"])),
        id=int(info[0]),
        free_shipping=bool(line["free_shipping"]),
    )


def address_location(order: Document) -> Location:
    """The address that taxes are based on: shipping, or billing when there is none."""
    place = order["shipping"] if order["shipping"]["country"] else order["billing"]
    return Location(place["country"], place["state"], place["postcode"], place["city"])


def is_vat_exempt(order: Document) -> bool:
    return any(meta["key"] == "is_vat_exempt" and meta["value"] == "yes" for meta in order["meta_data"])


def write_refund_taxes(shop: Shop, refund: Document, order: Document) -> None:
    """A refund's tax lines from its lines: rounded rate by rate like an order's, labels from the order."""
    cart: dict[int, Decimal] = {}
    shipping: dict[int, Decimal] = {}
    for name, into in (("line_items", cart), ("fee_lines", cart), ("shipping_lines", shipping)):
        for line in refund[name]:
            for tax in line["taxes"]:
                amount = number_of(tax["total"])
                rounded = amount if shop.rules.round_at_subtotal else shop.rules.round_tax(amount)
                into[tax["id"]] = into.get(tax["id"], Decimal(0)) + rounded
    known = {line["rate_id"]: line for line in order["tax_lines"]}
    refund["tax_lines"] = [
        _tax_line(shop, rate_id, cart.get(rate_id, Decimal(0)), shipping.get(rate_id, Decimal(0)), known.get(rate_id))
        for rate_id in {**cart, **shipping}
    ]
    for line in refund["tax_lines"]:
        line["id"] = shop.next_item_id()


def _is_taxable(shop: Shop, line: Document) -> bool:
    product = shop.product(line["variation_id"] or line["product_id"])
    return product is None or product["tax_status"] == "taxable"


def _write_taxes(line: Document, taxes: Taxes, rules: TaxRules) -> None:
    """Fees and shipping round each rate to the cent, or their sum where the store rounds at subtotal."""
    line["taxes"] = [{"id": key, "total": stored(amount), "subtotal": ""} for key, amount in taxes.items()]
    line["total_tax"] = stored(line_tax(taxes, rules))


def _write_tax_lines(shop: Shop, order: Document, amounts: OrderAmounts) -> None:
    computed = {line.rate_id: line for line in amounts.tax_lines}
    old = {line["rate_id"]: line for line in order["tax_lines"]}
    rate_ids = [*(key for key in old if key in computed), *(key for key in computed if key not in old)]
    order["tax_lines"] = [
        _tax_line(shop, key, computed[key].tax_total, computed[key].shipping_tax_total, old.get(key))
        for key in rate_ids
    ]


def _tax_line(shop: Shop, rate_id: int, cart: Decimal, shipping: Decimal, old: Document | None) -> Document:
    rate = shop.rules.rate(rate_id)
    known: dict[str, Any] = old or {}
    return {
        "id": known.get("id") or shop.next_item_id(),
        "rate_code": rate.code if rate else known.get("rate_code", ""),
        "rate_id": rate_id,
        "label": rate.name if rate else known.get("label", "Tax"),
        "compound": rate.compound if rate else known.get("compound", False),
        "tax_total": stored(cart),
        "shipping_tax_total": stored(shipping),
        "rate_percent": as_number(rate.percent) if rate else known.get("rate_percent", 0),
        "meta_data": [],
    }


def refundable(order: Document) -> Decimal:
    """What of an order's total is not refunded yet."""
    refunded = sum((number_of(refund["total"]) for refund in order["refunds"]), Decimal(0))
    return round_half_up(number_of(order["total"]) + refunded, 2)

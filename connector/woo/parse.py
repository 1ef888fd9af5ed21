"""Turns the store's JSON into orders, refunds and products, or says why one of them cannot be read.

One strange object must not stop the others: what does not fit becomes `Unreadable` with a sentence, never an exception
(product specification, Promises). Amounts stay texts until they are Decimals; times come from the `*_gmt` fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from connector.accounting.commerce import (
    Address,
    FeeLine,
    LineTax,
    Order,
    OrderLine,
    OrderPart,
    Product,
    Refund,
    RefundSummary,
    ShippingLine,
    TaxLine,
    Unreadable,
)
from connector.woo.deposits import parent_of, part_of
from connector.woo.fields import ZERO, Fields, UnfitError, integer, moment
from connector.woo.json_text import loads
from connector.woo.meta import VAT_EXEMPT_KEY, original_line, simple_meta, visible_attributes
from connector.woo.texts import clean_text

__all__ = ["loads", "parse_order", "parse_product", "parse_refund"]

_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE_PLACES = Decimal("0.0001")


def parse_order(raw: object, *, meta_keys: Collection[str] = ()) -> Order | Unreadable:
    """An order of `GET /orders`, or of an order webhook. `meta_keys`: further meta data the merchant asked for."""
    if not isinstance(raw, Mapping):
        return Unreadable(id=0, number="", problem="The store sent something else in place of an order.")
    try:
        return _order(Fields(raw, "The order"), meta_keys)
    except (UnfitError, ValueError) as error:
        return _unreadable(raw, str(error), number_key="number")


def parse_refund(raw: object, order_id: int) -> Refund | Unreadable:
    """A refund of `GET /orders/<id>/refunds`; its lines carry the ids of the order's lines where the store says so."""
    if not isinstance(raw, Mapping):
        return Unreadable(id=0, number="", problem=f"The store sent something else in place of a refund of {order_id}.")
    try:
        return _refund(Fields(raw, "The refund"), order_id)
    except (UnfitError, ValueError) as error:
        return _unreadable(raw, str(error), number_key="id")


def parse_product(raw: object, *, parent_id: int = 0, parent_name: str = "") -> Product | Unreadable:
    """A product or variation. `parent_id`: for variations of older stores, which do not name their parent.

    parent_name: a variation bears only its options as name; with its parent's it reads as order lines have it."""
    if not isinstance(raw, Mapping):
        return Unreadable(id=0, number="", problem="The store sent something else in place of a product.")
    try:
        return _product(Fields(raw, "The product"), parent_id, parent_name)
    except (UnfitError, ValueError) as error:
        return _unreadable(raw, str(error), number_key="sku")


def _order(fields: Fields, meta_keys: Collection[str]) -> Order:
    order_id = _own_id(fields)
    created_at = fields.moment("date_created_gmt")
    modified_at = fields.moment("date_modified_gmt") or created_at
    if created_at is None or modified_at is None:
        raise UnfitError("The order has no creation date.")
    currency = fields.code("currency").upper()
    if not _CURRENCY.fullmatch(currency):
        raise UnfitError(f"The order has “{currency[:10]}” as currency, which is not a currency code.")
    status = fields.code("status")
    if not status:
        raise UnfitError("The order has no status.")
    meta = simple_meta(fields.parts("meta_data", "Meta data"), meta_keys)
    part = part_of(fields)
    return Order(
        id=order_id,
        number=fields.text("number") or str(order_id),
        status=status,
        currency=currency,
        created_at=created_at,
        modified_at=modified_at,
        paid_at=fields.moment("date_paid_gmt"),
        completed_at=fields.moment("date_completed_gmt"),
        prices_include_tax=fields.flag("prices_include_tax"),
        total=fields.required_amount("total"),
        total_tax=fields.amount("total_tax"),
        discount_total=fields.amount("discount_total"),
        discount_tax=fields.amount("discount_tax"),
        shipping_total=fields.amount("shipping_total"),
        customer_id=fields.id("customer_id"),
        billing=_address(fields.part("billing")),
        shipping=_address(fields.part("shipping")),
        payment_method=fields.code("payment_method"),
        payment_method_title=fields.text("payment_method_title"),
        transaction_id=fields.code("transaction_id"),
        customer_note=fields.lines("customer_note"),
        created_via=fields.code("created_via"),
        lines=_order_lines(fields, part),
        shipping_lines=tuple(_shipping_line(line) for line in fields.parts("shipping_lines", "Shipping line")),
        fee_lines=tuple(_fee_line(line) for line in fields.parts("fee_lines", "Fee line")),
        tax_lines=tuple(_tax_line(line) for line in fields.parts("tax_lines", "Tax line")),
        coupons=tuple(coupon.text("code") for coupon in fields.parts("coupon_lines", "Coupon")),
        refunds=tuple(_refund_summary(refund) for refund in fields.parts("refunds", "Refund")),
        is_vat_exempt=meta.get(VAT_EXEMPT_KEY, "").lower() in ("yes", "1", "true"),
        part=part,
        parent_id=parent_of(fields) if part in ("balance", "payment") else 0,
        meta=meta,
    )


def _refund(fields: Fields, order_id: int) -> Refund:
    refund_id = _own_id(fields)
    created_at = fields.moment("date_created_gmt")
    if created_at is None:
        raise UnfitError("The refund has no creation date.")
    fields = replace(fields, negated=_gives_back_in_negatives(fields))
    return Refund(
        id=refund_id,
        order_id=order_id,
        created_at=created_at,
        amount=abs(fields.required_amount("amount")),
        reason=fields.lines("reason"),
        refunded_payment=fields.flag("refunded_payment"),
        lines=tuple(_line(line) for line in fields.parts("line_items", "Line")),
        shipping_lines=tuple(_shipping_line(line) for line in fields.parts("shipping_lines", "Shipping line")),
        fee_lines=tuple(_fee_line(line) for line in fields.parts("fee_lines", "Fee line")),
        tax_lines=tuple(_tax_line(line) for line in fields.parts("tax_lines", "Tax line")),
    )


def _gives_back_in_negatives(fields: Fields) -> bool:
    """Whether this refund's lines are negative, as WooCommerce writes them; some importers write them positive.

    Decided for the refund as a whole, so that a refunded discount (a negative fee) keeps lowering it.
    """
    lines = [line for key in ("line_items", "shipping_lines", "fee_lines") for line in fields.parts(key, "Line")]
    return sum((line.amount("total") + line.amount("total_tax") for line in lines), ZERO) <= 0


def _product(fields: Fields, parent_id: int, parent_name: str) -> Product:
    """The parent id of a product that is no variation is a page of the shop, not a product."""
    parent_id = fields.id("parent_id") or parent_id
    kind = fields.code("type") or ("variation" if parent_id else "simple")
    is_variation = kind.endswith("variation")
    return Product(
        id=_own_id(fields),
        parent_id=parent_id if is_variation else 0,
        kind=kind,
        name=_variation_name(fields, parent_name) if is_variation else fields.text("name"),
        sku=fields.code("sku"),
        price=fields.optional_amount("price"),
        status=fields.code("status"),
        # "parent" (a text) on a variation: its stock is kept on the parent and writes to it are ignored.
        manages_stock=fields.raw.get("manage_stock") is True,
        stock_quantity=fields.optional_number("stock_quantity"),
        modified_at=fields.moment("date_modified_gmt"),
        description=fields.lines("short_description") or fields.lines("description"),
    )


def _variation_name(fields: Fields, parent_name: str) -> str:
    """“Linen shirt - S”, as WooCommerce writes it on order lines; older stores leave the variation without a name."""
    options = ", ".join(part.text("option") for part in fields.parts("attributes", "Attribute"))
    own = fields.text("name") or options
    if not parent_name or own.startswith(parent_name):
        return own or parent_name
    return f"{parent_name} - {own}" if own else parent_name


def _order_lines(fields: Fields, part: OrderPart) -> tuple[OrderLine, ...]:
    """A line of a balance is no piece of its product: that was sold, and taken off the stock, with the deposit."""
    lines = tuple(_line(line) for line in fields.parts("line_items", "Line"))
    if part != "balance":
        return lines
    return tuple(replace(line, product_id=0, variation_id=0, sku="") for line in lines)


def _line(fields: Fields) -> OrderLine:
    meta = fields.parts("meta_data", "Meta data")
    return OrderLine(
        id=_line_id(fields, meta),
        name=fields.text("name"),
        product_id=fields.id("product_id"),
        variation_id=fields.id("variation_id"),
        sku=fields.code("sku"),
        quantity=fields.quantity("quantity"),
        subtotal=fields.amount("subtotal"),
        subtotal_tax=fields.amount("subtotal_tax"),
        total=fields.amount("total"),
        total_tax=fields.amount("total_tax"),
        taxes=_line_taxes(fields),
        price=fields.optional_number("price"),
        attributes=visible_attributes(meta),
        tax_class=fields.code("tax_class"),
    )


def _shipping_line(fields: Fields) -> ShippingLine:
    return ShippingLine(
        id=_line_id(fields, fields.parts("meta_data", "Meta data")),
        name=fields.text("method_title"),
        method_id=fields.code("method_id"),
        total=fields.amount("total"),
        total_tax=fields.amount("total_tax"),
        taxes=_line_taxes(fields),
    )


def _fee_line(fields: Fields) -> FeeLine:
    return FeeLine(
        id=_line_id(fields, fields.parts("meta_data", "Meta data")),
        name=fields.text("name"),
        total=fields.amount("total"),
        total_tax=fields.amount("total_tax"),
        taxes=_line_taxes(fields),
        tax_class=fields.code("tax_class"),
    )


def _line_taxes(fields: Fields) -> tuple[LineTax, ...]:
    """The taxes of one line; WooCommerce also lists rates that do not apply, with an empty total."""
    taxes = ((tax.id(), tax.optional_amount("total")) for tax in fields.parts("taxes", f"{fields.name}, tax"))
    return tuple(LineTax(rate_id, total) for rate_id, total in taxes if total is not None)


def _tax_line(fields: Fields) -> TaxLine:
    percent = fields.optional_number("rate_percent") or ZERO
    return TaxLine(
        rate_id=fields.id("rate_id"),
        label=fields.text("label"),
        code=fields.text("rate_code"),
        # A JSON number with float noise; WooCommerce keeps rates with 4 decimals.
        percent=percent.quantize(_RATE_PLACES, ROUND_HALF_UP),
        compound=fields.flag("compound"),
        tax_total=fields.amount("tax_total"),
        shipping_tax_total=fields.amount("shipping_tax_total"),
    )


def _refund_summary(fields: Fields) -> RefundSummary:
    return RefundSummary(id=fields.id(), reason=fields.lines("reason"), total=abs(fields.amount("total")))


def _address(fields: Fields) -> Address:
    return Address(
        first_name=fields.text("first_name"),
        last_name=fields.text("last_name"),
        company=fields.text("company"),
        line1=fields.lines("address_1"),
        line2=fields.lines("address_2"),
        city=fields.text("city"),
        state=fields.text("state"),
        postcode=fields.text("postcode"),
        country=fields.code("country").upper(),
        email=fields.code("email"),
        phone=fields.text("phone"),
    )


def _line_id(fields: Fields, meta: list[Fields]) -> int:
    """Its own id; for a line of a refund the id of the order's line it gives back, when the store says so."""
    return original_line(meta) or fields.id()


def _own_id(fields: Fields) -> int:
    found = fields.id()
    if found <= 0:
        raise UnfitError(f"{fields.name} has no id.")
    return found


def _unreadable(raw: Mapping[str, object], problem: str, *, number_key: str) -> Unreadable:
    shown = raw.get(number_key)
    try:
        modified_at = moment(raw.get("date_modified_gmt"))
    except ValueError:
        modified_at = None
    return Unreadable(
        id=max(integer(raw.get("id")) or 0, 0),
        number=clean_text(str(shown))[:100] if isinstance(shown, str | int) else "",
        problem=problem,
        modified_at=modified_at,
    )

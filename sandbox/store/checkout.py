"""An order as a buyer places it in the block checkout: cart, coupons, shipping, payment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.store.arithmetic import CartItem, OrderAmounts, Shipping, calculate_order, price_cart, tax_location
from sandbox.store.database import Document
from sandbox.store.discounts import Coupon
from sandbox.store.documents import (
    BILLING_KEYS,
    SHIPPING_KEYS,
    address,
    coupon_line,
    fee_line,
    new_order,
    product_line,
    shipping_line,
)
from sandbox.store.money import number_of
from sandbox.store.shop import Shop
from sandbox.store.totals import address_location, read_amounts, write_amounts


@dataclass(frozen=True, slots=True)
class ShippingChoice:
    """A way of delivery; `cost` without tax."""

    title: str
    method_id: str = "flat_rate"
    cost: Decimal = Decimal(0)
    instance_id: str = "1"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a buyer does. `fees` are (name, amount without tax); `items` products or variations with pieces."""

    items: Sequence[tuple[Document, int]]
    billing: Document
    shipping: Document | None = None
    delivery: ShippingChoice | None = None
    coupons: Sequence[str] = ()
    fees: Sequence[tuple[str, Decimal]] = ()
    gateway: str = ""
    gateway_title: str = ""
    customer_id: int = 0
    note: str = ""
    vat_exempt: bool = False
    via: str = "store-api"
    ip_address: str = ""
    user_agent: str = ""
    metas: Sequence[tuple[str, str]] = field(default_factory=tuple)


def place_order(shop: Shop, purchase: Purchase, moment: datetime, *, order_key: str = "") -> Document:
    """The order document, pending and not saved yet; inside `Database.change()`."""
    order = new_order(shop, shop.next_post_id(), created=moment, via=purchase.via, key=order_key)
    order |= {
        "billing": address(purchase.billing, BILLING_KEYS),
        "shipping": address(purchase.shipping or purchase.billing, SHIPPING_KEYS),
        "customer_id": purchase.customer_id,
        "customer_note": purchase.note,
        "payment_method": purchase.gateway,
        "payment_method_title": purchase.gateway_title,
        "customer_ip_address": purchase.ip_address,
        "customer_user_agent": purchase.user_agent,
    }
    exempt = ("is_vat_exempt", "yes" if purchase.vat_exempt else "no")
    order["meta_data"] = [shop.meta(key, value) for key, value in (exempt, *purchase.metas)]
    order["line_items"] = [product_line(shop, product, Decimal(pieces)) for product, pieces in purchase.items]
    if purchase.delivery is not None:
        order["shipping_lines"] = [_delivery(shop, purchase.delivery, order)]
    order["fee_lines"] = [fee_line(shop, name=name, total=amount) for name, amount in purchase.fees]
    coupons = [found for code in purchase.coupons if (found := shop.coupon(code)) is not None]
    order["coupon_lines"] = [coupon_line(shop, coupon) for coupon in coupons]
    order["cart_hash"] = hashlib.md5(f"{order['id']}{order['line_items']}".encode()).hexdigest()
    _compute(shop, order, purchase, coupons)
    return order


def _compute(shop: Shop, order: Document, purchase: Purchase, coupons: Sequence[Document]) -> None:
    where = tax_location(
        OrderAmounts(
            lines=[],
            shipping=[Shipping(Decimal(0), line["method_id"]) for line in order["shipping_lines"]],
            location=address_location(order),
        ),
        shop.rules,
    )
    lines, uses = price_cart(
        [_cart_item(product, pieces) for product, pieces in purchase.items],
        [_coupon(coupon) for coupon in coupons],
        shop.rules,
        location=where,
        vat_exempt=purchase.vat_exempt,
    )
    amounts = read_amounts(shop, order)
    amounts.lines, amounts.coupons = lines, uses
    calculate_order(amounts, shop.rules)
    write_amounts(shop, order, amounts)


def _cart_item(product: Document, pieces: int) -> CartItem:
    return CartItem(
        price=number_of(product["price"]),
        quantity=Decimal(pieces),
        tax_class=product["tax_class"],
        taxable=product["tax_status"] == "taxable",
        product_ids=(product["id"], product["parent_id"]),
    )


def _coupon(document: Document) -> Coupon:
    return Coupon(
        code=document["code"],
        kind=document["discount_type"],
        amount=Decimal(document["amount"]),
        id=document["id"],
        free_shipping=document["free_shipping"],
        product_ids=tuple(document["product_ids"]),
    )


def _delivery(shop: Shop, choice: ShippingChoice, order: Document) -> Document:
    line = shipping_line(
        shop, title=choice.title, method_id=choice.method_id, total=choice.cost, instance_id=choice.instance_id
    )
    content = ", ".join(f"{item['name']} &times; {item['quantity']}" for item in order["line_items"])
    line["meta_data"] = [shop.meta("Items", content, displayed=True)]
    return line

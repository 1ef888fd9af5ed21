"""Empty orders, lines and refunds in the key order of `wc/v3`; amounts at stored precision."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.store.database import Document
from sandbox.store.money import as_number, stored
from sandbox.store.shop import HOME, Shop

WOOCOMMERCE_VERSION = "10.2.4"

_BILLING = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
)
SHIPPING_KEYS = tuple(key for key in _BILLING if key != "email")
BILLING_KEYS = _BILLING
SYMBOLS = {"EUR": "€", "USD": "$", "CAD": "$", "GBP": "£", "CHF": "CHF", "JPY": "¥"}
_LETTERS = string.ascii_letters + string.digits


def address(values: Document, keys: tuple[str, ...]) -> Document:
    """An address with exactly these keys."""
    return {key: str(values.get(key) or "") for key in keys}


def links(
    *, path: str, collection: str, methods: tuple[str, ...] = ("GET", "POST", "PUT", "PATCH", "DELETE")
) -> Document:
    """The `_links` of an object; paths below `/wp-json/wc/v3/`."""
    root = f"{HOME}/wp-json/wc/v3/"
    return {
        "self": [{"href": root + path, "targetHints": {"allow": list(methods)}}],
        "collection": [{"href": root + collection}],
    }


def new_order(shop: Shop, order_id: int, *, created: datetime, via: str, key: str = "") -> Document:
    """An order without lines, pending."""
    order_key = key or "wc_order_" + "".join(secrets.choice(_LETTERS) for _ in range(13))
    document: Document = {
        "id": order_id,
        "parent_id": 0,
        "status": "pending",
        "currency": shop.currency,
        "version": WOOCOMMERCE_VERSION,
        "prices_include_tax": shop.rules.prices_include_tax,
        "date_created": "",
        "date_modified": "",
        "discount_total": "0",
        "discount_tax": "0",
        "shipping_total": "0",
        "shipping_tax": "0",
        "cart_tax": "0",
        "total": "0",
        "total_tax": "0",
        "customer_id": 0,
        "order_key": order_key,
        "billing": address({}, BILLING_KEYS),
        "shipping": address({}, SHIPPING_KEYS),
        "payment_method": "",
        "payment_method_title": "",
        "transaction_id": "",
        "customer_ip_address": "",
        "customer_user_agent": "",
        "created_via": via,
        "customer_note": "",
        "date_completed": None,
        "date_paid": None,
        "cart_hash": "",
        "number": shop.next_order_number(order_id),
        "meta_data": [],
        "line_items": [],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": f"{HOME}/checkout/order-pay/{order_id}/?pay_for_order=true&key={order_key}",
        "is_editable": True,
        "needs_payment": False,
        "needs_processing": False,
        "date_created_gmt": "",
        "date_modified_gmt": "",
        "date_completed_gmt": None,
        "date_paid_gmt": None,
        "currency_symbol": SYMBOLS.get(shop.currency, shop.currency),
        "_links": {
            **links(path=f"orders/{order_id}", collection="orders"),
            "email_templates": [
                {"embeddable": True, "href": f"{HOME}/wp-json/wc/v3/orders/{order_id}/actions/email_templates"}
            ],
        },
    }
    shop.stamp(document, "date_created", created)
    shop.stamp(document, "date_modified", created)
    return document


def product_line(shop: Shop, product: Document | None, quantity: Decimal, *, name: str | None = None) -> Document:
    """A line for a product or variation, amounts still zero. Variations carry their options as meta."""
    is_variation = product is not None and product.get("type") == "variation"
    parent = shop.product(int(product["parent_id"])) if product is not None and is_variation else None
    metas = []
    shown_name = "" if product is None else str(product["name"])
    if product is not None and parent is not None:
        options = [option["option"] for option in product["attributes"]]
        shown_name = f"{parent['name']} - {', '.join(options)}"
        metas = [
            shop.meta(option["slug"], option["option"], displayed=True, label=option["name"])
            for option in product["attributes"]
        ]
    return {
        "id": shop.next_item_id(),
        "name": shown_name if name is None else name,
        "product_id": 0 if product is None else int((parent or product)["id"]),
        "variation_id": int(product["id"]) if product is not None and is_variation else 0,
        "quantity": int(quantity),
        "tax_class": "" if product is None else product["tax_class"],
        "subtotal": "0",
        "subtotal_tax": "0",
        "total": "0",
        "total_tax": "0",
        "taxes": [],
        "meta_data": metas,
        "sku": None if product is None else product["sku"] or (parent["sku"] if parent else ""),
        "global_unique_id": "",
        "price": 0,
        "image": {"id": "", "src": ""},
        "parent_name": None if parent is None else parent["name"],
    }


def shipping_line(shop: Shop, *, title: str, method_id: str, total: Decimal, instance_id: str = "") -> Document:
    return {
        "id": shop.next_item_id(),
        "method_title": title,
        "method_id": method_id,
        "instance_id": instance_id,
        "total": stored(total),
        "total_tax": "0",
        "taxes": [],
        "tax_status": "taxable",
        "meta_data": [],
    }


def fee_line(shop: Shop, *, name: str, total: Decimal, tax_class: str = "", tax_status: str = "taxable") -> Document:
    return {
        "id": shop.next_item_id(),
        "name": name,
        "tax_class": tax_class,
        "tax_status": tax_status,
        "amount": "",
        "total": stored(total),
        "total_tax": "0",
        "taxes": [],
        "meta_data": [],
    }


def coupon_line(shop: Shop, coupon: Document) -> Document:
    """A coupon on an order; discounts are filled in with the totals."""
    amount = as_number(Decimal(coupon["amount"]))
    kind = coupon["discount_type"]
    info: list[Any] = [coupon["id"], coupon["code"], None if kind == "fixed_cart" else kind, amount]
    if coupon["free_shipping"]:
        info.append(True)
    packed = "[" + ",".join(_json_text(part) for part in info) + "]"
    return {
        "id": shop.next_item_id(),
        "code": coupon["code"],
        "discount": "0",
        "discount_tax": "0",
        "meta_data": [shop.meta("coupon_info", packed, displayed=True)],
        "discount_type": kind,
        "nominal_amount": amount,
        "free_shipping": coupon["free_shipping"],
    }


def new_refund(shop: Shop, refund_id: int, order_id: int, *, created: datetime, reason: str) -> Document:
    """A refund without lines; `parent_id` is shown only by `GET /refunds`."""
    path = f"orders/{order_id}/refunds"
    document: Document = {
        "id": refund_id,
        "parent_id": order_id,
        "date_created": "",
        "date_created_gmt": "",
        "amount": "0",
        "reason": reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": {
            **links(path=f"{path}/{refund_id}", collection=path, methods=("GET", "DELETE")),
            "up": [{"href": f"{HOME}/wp-json/wc/v3/orders/{order_id}"}],
        },
    }
    shop.stamp(document, "date_created", created)
    return document


def _json_text(part: Any) -> str:
    if part is None:
        return "null"
    if isinstance(part, bool):
        return "true" if part else "false"
    return f'"{part}"' if isinstance(part, str) else str(part)

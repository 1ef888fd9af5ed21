"""`/orders`: create, change, trash, delete. Amounts are computed as WooCommerce does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.http import Response
from sandbox.store.arithmetic import CartItem, net_price
from sandbox.store.call import Call
from sandbox.store.database import Document, copied
from sandbox.store.documents import (
    BILLING_KEYS,
    SHIPPING_KEYS,
    SYMBOLS,
    address,
    coupon_line,
    fee_line,
    new_order,
    product_line,
    shipping_line,
)
from sandbox.store.errors import ApiError, invalid_id, invalid_params
from sandbox.store.lifecycle import copy_order, delete_order, leave_trash, pay, save_order, set_status, trash_order
from sandbox.store.money import number_of, stored
from sandbox.store.refunding import refund_the_rest
from sandbox.store.shop import Shop
from sandbox.store.totals import recalculate

_PLAIN = ("customer_note", "payment_method", "payment_method_title", "transaction_id", "currency")
_ITEM_LISTS = ("line_items", "shipping_lines", "fee_lines", "coupon_lines")
_AMOUNTS_DEPEND_ON = ("billing", "shipping", *_ITEM_LISTS)


def create_order(call: Call) -> Response:
    call.demand("create")
    order = create(call.shop, call.body)
    row = call.shop.database.rows("order")[order["id"]]
    where = {"Location": f"{call.shop.home}/wp-json/wc/v3/orders/{row.id}"}
    return call.answer_row("order", row, 201, where)


def update_order(call: Call) -> Response:
    if call.shop.database.get("order", call.id) is None:
        raise invalid_id("shop_order")
    call.demand("edit")
    update(call.shop, call.id, call.body)
    return call.answer_row("order", call.shop.database.rows("order")[call.id])


def remove_order(call: Call) -> Response:
    """With `force=true` for good, else into the trash; answers with the order as it was."""
    order = copy_order(call.shop, call.id)
    if order is None:
        raise invalid_id("shop_order")
    call.demand("delete")
    before = call.document("order", call.shop.database.rows("order")[call.id])
    remove(call.shop, order, force=call.force)
    return call.answer(before)


def create(shop: Shop, posted: Mapping[str, Any], *, via: str = "rest-api", moment: datetime | None = None) -> Document:
    """An order from an API body. Two equal bodies make two orders."""
    _check(shop, posted)
    if posted.get("id"):
        raise ApiError("woocommerce_rest_shop_order_exists", "Cannot create existing shop_order.", 400)
    when = moment or shop.clock.now()
    with shop.database.change():
        order = new_order(shop, shop.next_post_id(), created=when, via=str(posted.get("created_via") or via))
        order["customer_id"] = int(posted.get("customer_id") or 0)
        _write_plain(order, posted)
        _write_addresses(order, posted)
        _write_meta(shop, order, posted)
        _write_items(shop, order, posted)
        recalculate(shop, order, coupons=bool(order["coupon_lines"]))
        _write_status(shop, order, posted, when)
        save_order(shop, order, moment=when)
    return order


def update(shop: Shop, order_id: int, posted: Mapping[str, Any], *, moment: datetime | None = None) -> Document:
    """Change an order. With HPOS any PUT bumps it, with posts only one that changes more than meta."""
    _check(shop, posted)
    when = moment or shop.clock.now()
    before = shop.database.rows("order")[order_id].document
    order: Document = copied(before)
    with shop.database.change():
        if "customer_id" in posted:
            order["customer_id"] = int(posted["customer_id"] or 0)
        _write_plain(order, posted)
        _write_addresses(order, posted)
        _write_items(shop, order, posted)
        if any(name in posted for name in _AMOUNTS_DEPEND_ON):
            recalculate(shop, order, coupons=bool(posted.get("coupon_lines")))
        is_restored = bool(posted.get("status")) and order["status"] == "trash"
        if is_restored:
            leave_trash(order)
        _write_status(shop, order, posted, when)
        changed = order != before
        _write_meta(shop, order, posted)
        # With HPOS a restored order is told to nobody.
        save_order(shop, order, moment=when, bump=changed or shop.is_hpos, told=not (is_restored and shop.is_hpos))
    return order


def remove(shop: Shop, order: Document, *, force: bool) -> None:
    if force:
        delete_order(shop, order["id"])
        return
    if order["status"] == "trash":
        raise ApiError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    with shop.database.change():
        trash_order(shop, order, shop.clock.now())


def _check(shop: Shop, posted: Mapping[str, Any]) -> None:
    problems: dict[str, tuple[str, str, Any]] = {}
    customer = posted.get("customer_id", 0)
    if customer is not None and not re.fullmatch(r"-?\d+", str(customer)):
        problems["customer_id"] = _wrong("customer_id", "integer")
    status = posted.get("status")
    if status and status not in (*shop.statuses, "auto-draft"):
        listed = ["auto-draft", *shop.statuses]
        sentence = f"status is not one of {', '.join(listed[:-1])}, and {listed[-1]}."
        problems["status"] = ("rest_not_in_enum", sentence, None)
    for name in _ITEM_LISTS:
        items = posted.get(name)
        if items is not None and not isinstance(items, list):
            problems[name] = _wrong(name, "array")
        elif items is not None:
            place = next((n for n, item in enumerate(items) if not isinstance(item, dict)), None)
            if place is not None:
                problems[name] = _wrong(f"{name}[{place}]", "object", name=name)
    if problems:
        raise invalid_params(problems)


def _wrong(what: str, kind: str, name: str = "") -> tuple[str, str, Any]:
    del name
    return ("rest_invalid_type", f"{what} is not of type {kind}.", {"param": what})


def _write_plain(order: Document, posted: Mapping[str, Any]) -> None:
    for name in _PLAIN:
        if posted.get(name) is not None:
            order[name] = str(posted[name])
    order["currency_symbol"] = SYMBOLS.get(order["currency"], order["currency"])


def _write_addresses(order: Document, posted: Mapping[str, Any]) -> None:
    for part, keys in (("billing", BILLING_KEYS), ("shipping", SHIPPING_KEYS)):
        if isinstance(posted.get(part), dict):
            order[part] = address({**order[part], **posted[part]}, keys)


def _write_meta(shop: Shop, order: Document, posted: Mapping[str, Any]) -> None:
    """Meta rows by id or key; a null value removes one."""
    for meta in posted.get("meta_data") or []:
        found = next(
            (one for one in order["meta_data"] if one["id"] == meta.get("id") or one["key"] == meta.get("key")), None
        )
        if meta.get("value") is None:
            if found is not None:
                order["meta_data"].remove(found)
        elif found is not None:
            found["value"] = meta["value"]
        else:
            order["meta_data"].append(shop.meta(str(meta.get("key")), meta["value"]))


def _write_status(shop: Shop, order: Document, posted: Mapping[str, Any], when: datetime) -> None:
    status = posted.get("status")
    if status:
        set_status(shop, order, str(status), when)
        if status == "refunded":
            refund_the_rest(shop, order, when)
    if posted.get("set_paid") is True:
        pay(shop, order, when)


def _write_items(shop: Shop, order: Document, posted: Mapping[str, Any]) -> None:
    for item in posted.get("line_items") or []:
        _write_product_line(shop, order, item)
    for item in posted.get("shipping_lines") or []:
        _write_shipping_line(shop, order, item)
    for item in posted.get("fee_lines") or []:
        _write_fee_line(shop, order, item)
    if posted.get("coupon_lines") is not None:
        order["coupon_lines"] = [_coupon(shop, item) for item in posted["coupon_lines"]]
        for line in order["line_items"]:
            line["total"] = line["subtotal"]


def _write_product_line(shop: Shop, order: Document, item: Mapping[str, Any]) -> None:
    if item.get("id"):
        line = _known(order, "line_items", item)
        if item.get("quantity") == 0 or ("product_id" in item and item["product_id"] is None):
            order["line_items"].remove(line)
            return
        if item.get("quantity") is not None:
            line["quantity"] = int(number_of(item["quantity"]))
    else:
        line = _new_product_line(shop, item)
        order["line_items"].append(line)
    if item.get("name") is not None:
        line["name"] = str(item["name"])
    if item.get("tax_class") is not None:
        line["tax_class"] = str(item["tax_class"])
    if item.get("total") is not None:
        line["total"] = stored(_amount(item["total"]))
        if number_of(line["subtotal"]) < number_of(line["total"]):
            line["subtotal"] = line["total"]
    if item.get("subtotal") is not None:
        line["subtotal"] = stored(_amount(item["subtotal"]))
    for meta in item.get("meta_data") or []:
        line["meta_data"].append(
            shop.meta(str(meta.get("key")), meta.get("value"), displayed=True, label=str(meta.get("display_key") or ""))
        )


def _new_product_line(shop: Shop, item: Mapping[str, Any]) -> Document:
    if not item.get("product_id") and not item.get("variation_id") and not item.get("sku"):
        raise ApiError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    if item.get("quantity") == 0:
        raise ApiError(
            "internal_server_error",
            '<p>There has been a critical error on this website.</p><p><a href="https://wordpress.org/documentation/'
            'article/faq-troubleshooting/">Learn more about troubleshooting WordPress.</a></p>',
            500,
        )
    if item.get("sku"):
        product = shop.product_by_sku(str(item["sku"]))
    else:
        product = shop.product(int(item.get("variation_id") or item["product_id"]))
    quantity = number_of(item.get("quantity", 1))
    line = product_line(shop, product, quantity)
    if product is not None:
        taxable = product["tax_status"] == "taxable"
        price = net_price(CartItem(number_of(product["price"]), quantity, product["tax_class"], taxable), shop.rules)
        line["subtotal"] = line["total"] = stored(price)
    return line


def _write_shipping_line(shop: Shop, order: Document, item: Mapping[str, Any]) -> None:
    if item.get("id"):
        line = _known(order, "shipping_lines", item)
        if "method_id" in item and item["method_id"] is None:
            order["shipping_lines"].remove(line)
            return
    else:
        if not item.get("method_id"):
            raise ApiError("woocommerce_rest_invalid_shipping_item", "Shipping method ID is required.", 400)
        line = shipping_line(shop, title="", method_id=str(item["method_id"]), total=Decimal(0))
        order["shipping_lines"].append(line)
    for name in ("method_title", "method_id", "instance_id"):
        if item.get(name) is not None:
            line[name] = str(item[name])
    if item.get("total") is not None:
        line["total"] = stored(_amount(item["total"]))


def _write_fee_line(shop: Shop, order: Document, item: Mapping[str, Any]) -> None:
    if item.get("id"):
        line = _known(order, "fee_lines", item)
        if "name" in item and item["name"] is None:
            order["fee_lines"].remove(line)
            return
    else:
        if not item.get("name"):
            raise ApiError("woocommerce_rest_invalid_fee_item", "Fee name is required.", 400)
        line = fee_line(shop, name="", total=Decimal(0))
        order["fee_lines"].append(line)
    for name in ("name", "tax_class", "tax_status"):
        if item.get(name) is not None:
            line[name] = str(item[name])
    if item.get("total") is not None:
        line["total"] = stored(_amount(item["total"]))


def _coupon(shop: Shop, item: Mapping[str, Any]) -> Document:
    code = str(item.get("code") or "")
    coupon = shop.coupon(code)
    if not code:
        raise ApiError("woocommerce_rest_invalid_coupon", "Coupon code is required.", 400)
    if coupon is None:
        raise ApiError(
            "woocommerce_rest_invalid_coupon", f'Coupon "{code}" cannot be applied because it does not exist.', 400
        )
    return coupon_line(shop, coupon)


def _known(order: Document, name: str, item: Mapping[str, Any]) -> Document:
    for line in order[name]:
        if line["id"] == int(item["id"]):
            found: Document = line
            return found
    raise ApiError("woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order.", 400)


def _amount(value: Any) -> Decimal:
    try:
        return number_of(value)
    except InvalidOperation:
        return Decimal(0)

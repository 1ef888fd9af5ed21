"""`/products` and their variations: list, read, and the stock and price changes a connector makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.database import Document, Row, copied
from sandbox.store.errors import ApiError, invalid_id, invalid_params
from sandbox.store.lifecycle import forget_product
from sandbox.store.listing import Test, arrange, by_name, contains, date_tests, id_tests, keep, take_page
from sandbox.store.money import number_of
from sandbox.store.params import PAGING, Rule, read
from sandbox.store.shop import Shop, set_stock

_TYPES = ("simple", "grouped", "external", "variable")
_STATUSES = ("any", "future", "trash", "draft", "pending", "private", "publish")
_WRITABLE_TEXT = ("name", "description", "short_description", "sku", "tax_class", "tax_status", "status", "weight")
_RULES = {
    **PAGING,
    "orderby": Rule(
        "choice",
        choices=("date", "id", "include", "title", "slug", "price", "popularity", "rating", "menu_order", "modified"),
    ),
    "parent": Rule("integers"),
    "parent_exclude": Rule("integers"),
    "slug": Rule("text"),
    "status": Rule("choice", choices=_STATUSES),
    "type": Rule("choice", choices=_TYPES),
    "sku": Rule("text"),
    "search_sku": Rule("text"),
    "stock_status": Rule("choice", choices=("instock", "outofstock", "onbackorder")),
}
_SORTS: dict[str, Any] = {
    "date": lambda row: (row.document["date_created_gmt"], row.id),
    "modified": lambda row: (row.document["date_modified_gmt"] or "", row.id),
    "id": lambda row: row.id,
    "title": lambda row: (by_name(row.document), row.id),
    "slug": lambda row: (row.document.get("slug", ""), row.id),
    "price": lambda row: (number_of(row.document["price"]), row.id),
    "popularity": lambda row: (row.document.get("total_sales", 0), row.id),
    "rating": lambda row: row.id,
    "menu_order": lambda row: (row.document["menu_order"], by_name(row.document)),
}


def list_products(call: Call) -> Response:
    """Variations are listed only when they are looked for by SKU."""
    call.demand("list")
    params = read(call.query, _RULES)
    rows = list(call.shop.database.rows("product").values())
    if params.get("sku") or params.get("search_sku"):
        rows += call.shop.database.rows("variation").values()
    tests = [*id_tests(params), *date_tests(params, call.shop.clock), *_product_tests(params)]
    return call.answer_page(
        "product", take_page(arrange(keep(rows, tests), params, _SORTS, default="date"), params), call.query
    )


def list_variations(call: Call) -> Response:
    call.demand("list")
    _parent(call)
    params = read(call.query, _RULES)
    tests: list[Test] = [lambda row: row.parent == call.parent_id]
    tests += [*id_tests(params), *date_tests(params, call.shop.clock), *_product_tests(params)]
    rows = arrange(keep(call.shop.database.rows("variation").values(), tests), params, _SORTS, default="menu_order")
    return call.answer_page("variation", take_page(rows, params), call.query)


def read_product(call: Call) -> Response:
    """A variation can be read here too, though not changed."""
    row = call.shop.database.get("product", call.id) or call.shop.database.get("variation", call.id)
    if row is None:
        raise invalid_id("product")
    call.demand("view")
    return call.answer_row("product", row)


def read_variation(call: Call) -> Response:
    row = _variation(call)
    call.demand("view")
    return call.answer_row("variation", row)


def update_product(call: Call) -> Response:
    call.demand("edit")
    return call.answer_row("product", change_product(call.shop, call.id, call.body))


def update_variation(call: Call) -> Response:
    row = _variation(call)
    call.demand("edit")
    return call.answer_row("variation", change(call.shop, "variation", row, call.body))


def remove_product(call: Call) -> Response:
    row = call.shop.database.get("product", call.id)
    if row is None:
        raise invalid_id("product")
    call.demand("delete")
    before = row.document
    delete_product(call.shop, row, force=call.force)
    return call.answer(before)


def delete_product(shop: Shop, row: Row, *, force: bool) -> None:
    """Into the trash (lines still know it), or for good with its variations (lines lose id and SKU)."""
    with shop.database.change():
        if not force:
            document = {**row.document, "status": "trash"}
            shop.stamp(document, "date_modified", shop.clock.now())
            shop.database.put("product", row.id, document)
            shop.tell("product.deleted", row.id)
            return
        gone = {row.id, *(one.id for one in shop.database.rows("variation").values() if one.parent == row.id)}
        for product_id in gone - {row.id}:
            shop.database.remove("variation", product_id)
        shop.database.remove("product", row.id)
        forget_product(shop, gone)
        shop.tell("product.deleted", row.id)


def change_product(shop: Shop, product_id: int, body: Mapping[str, Any], *, missing: int = 404) -> Row:
    """Change a product by id; `missing` is the status of an unknown one (400 inside a batch)."""
    row = shop.database.get("product", product_id)
    if row is None:
        if shop.database.get("variation", product_id) is not None:
            raise ApiError(
                "woocommerce_rest_invalid_product_id",
                "To manipulate product variations you should use the "
                "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.",
                404,
            )
        raise invalid_id("product", missing)
    return change(shop, "product", row, body)


def change(shop: Shop, kind: str, row: Row, body: Mapping[str, Any]) -> Row:
    """Every PUT bumps, even one with the same values. Stock is absolute, and ignored where none is managed."""
    document = copied(row.document)
    _check_stock(body)
    _check_sku(shop, row, body)
    for name in _WRITABLE_TEXT:
        if body.get(name) is not None:
            document[name] = encoded(str(body[name]).strip()) if name == "name" else str(body[name]).strip()
    for name in ("regular_price", "sale_price"):
        if body.get(name) is not None:
            document[name] = str(body[name])
    document["price"] = document["sale_price"] or document["regular_price"] or document["price"]
    document["on_sale"] = bool(document["sale_price"])
    if isinstance(body.get("manage_stock"), bool):
        _manage_stock(shop, document, row, manage=body["manage_stock"])
    if "stock_quantity" in body and document["manage_stock"] is True:
        set_stock(document, int(body["stock_quantity"] or 0))
    elif body.get("stock_status") and document["manage_stock"] is False:
        document["stock_status"] = body["stock_status"]
    with shop.database.change():
        shop.stamp(document, "date_modified", shop.clock.now())
        changed = shop.database.put(kind, row.id, document, row.parent)
        if kind == "product":
            shop.share_parent_stock(row.id, document)
        shop.tell("product.updated", row.id)
    return changed


def _manage_stock(shop: Shop, document: Document, row: Row, *, manage: bool) -> None:
    """Switching it on starts at 0, off forgets the quantity; a variation then shows its parent's stock."""
    if manage and document["manage_stock"] is not True:
        document["manage_stock"] = True
        set_stock(document, 0)
    elif not manage:
        parent = shop.database.get("product", row.parent)
        shared = parent is not None and parent.document["manage_stock"] is True
        document["manage_stock"] = "parent" if shared else False
        document["stock_quantity"] = parent.document["stock_quantity"] if shared and parent else None


def _product_tests(params: Mapping[str, Any]) -> list[Test]:
    tests: list[Test] = []
    status = params.get("status", "any")
    tests.append(
        lambda row: row.document["status"] == status or (status == "any" and row.document["status"] != "trash")
    )
    for name in ("type", "slug", "stock_status"):
        if name in params:
            tests.append(_equals(name, params[name]))
    if params.get("sku"):
        wanted = {part.strip() for part in params["sku"].split(",")}
        tests.append(lambda row: row.document["sku"] in wanted)
    if params.get("search_sku"):
        text = params["search_sku"]
        tests.append(lambda row: contains(text, row.document["sku"]))
    if params.get("search"):
        words = params["search"]
        tests.append(lambda row: contains(words, row.document["name"], row.document["sku"]))
    return tests


def _equals(name: str, value: Any) -> Test:
    return lambda row: row.document.get(name) == value


def _check_stock(body: Mapping[str, Any]) -> None:
    value = body.get("stock_quantity")
    whole = value is None or (isinstance(value, int) and not isinstance(value, bool))
    if not whole and not (isinstance(value, str) and value.removeprefix("-").isdigit()):
        sentence = "stock_quantity is not of type integer."
        raise invalid_params({"stock_quantity": ("rest_invalid_type", sentence, {"param": "stock_quantity"})})


def _check_sku(shop: Shop, row: Row, body: Mapping[str, Any]) -> None:
    sku = body.get("sku")
    other = shop.product_by_sku(str(sku)) if sku else None
    if other is not None and other["id"] != row.id:
        raise ApiError(
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            400,
            more={"resource_id": other["id"], "unique_sku": f"{sku}-1"},
        )


def _parent(call: Call) -> Row:
    row = call.shop.database.get("product", call.parent_id)
    if row is None:
        raise ApiError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
    return row


def _variation(call: Call) -> Row:
    row = call.shop.database.get("variation", call.id)
    if row is None or row.parent != call.parent_id:
        raise invalid_id("product_variation")
    return row


def encoded(name: str) -> str:
    """A name as WordPress stores titles: a bare ampersand is encoded, entities and tags stay."""
    return re.sub(r"&(?!#?\w+;)", "&amp;", name)

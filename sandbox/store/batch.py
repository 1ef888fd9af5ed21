"""`/orders/batch`, `/products/batch`, `/products/<id>/variations/batch`: up to 100 items over create, update, delete.

The answer is 200 even when items fail: a failed item is `{"id", "error": {code, message, data}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.catalogue import change, change_product, delete_product
from sandbox.store.database import Document, copied
from sandbox.store.errors import ApiError, invalid_id
from sandbox.store.orders_write import create, remove, update
from sandbox.store.wire import cut, parse_fields

_MOST = 100
Act = Callable[[Call, Any], Document]


def batch_orders(call: Call) -> Response:
    return _run(call, {"create": _create_order, "update": _update_order, "delete": _delete_order})


def batch_products(call: Call) -> Response:
    return _run(call, {"create": _refuse_creation, "update": _update_product, "delete": _delete_product})


def batch_variations(call: Call) -> Response:
    return _run(call, {"create": _refuse_creation, "update": _update_variation, "delete": _refuse_deletion})


def _run(call: Call, acts: Mapping[str, Act]) -> Response:
    call.demand("batch")
    asked = {name: call.body[name] for name in acts if isinstance(call.body.get(name), list)}
    if sum(map(len, asked.values())) > _MOST:
        raise ApiError(
            "woocommerce_rest_request_entity_too_large",
            f"Unable to accept more than {_MOST} items for this request.",
            413,
        )
    answers = {name: [_one(call, acts[name], item) for item in items] for name, items in asked.items()}
    if call.query.get("_fields"):
        return call.answer(cut(answers, parse_fields(str(call.query["_fields"]))))
    return call.answer(answers)


def _one(call: Call, act: Act, item: Any) -> Document:
    try:
        return act(call, item)
    except ApiError as error:
        item_id = int(item.get("id") or 0) if isinstance(item, dict) else int(item)
        return {"id": item_id, "error": error.document}


def _create_order(call: Call, item: Any) -> Document:
    order = create(call.shop, item)
    return call.document("order", call.shop.database.rows("order")[order["id"]])


def _update_order(call: Call, item: Any) -> Document:
    order_id = int(item.get("id") or 0)
    if call.shop.database.get("order", order_id) is None:
        raise invalid_id("shop_order", 400)
    update(call.shop, order_id, item)
    return call.document("order", call.shop.database.rows("order")[order_id])


def _delete_order(call: Call, item: Any) -> Document:
    row = call.shop.database.get("order", int(item))
    if row is None:
        raise invalid_id("shop_order", 404)
    before = call.document("order", row)
    remove(call.shop, copied(row.document), force=True)
    return before


def _update_product(call: Call, item: Any) -> Document:
    return change_product(call.shop, int(item.get("id") or 0), item, missing=400).document


def _delete_product(call: Call, item: Any) -> Document:
    row = call.shop.database.get("product", int(item))
    if row is None:
        raise invalid_id("product")
    delete_product(call.shop, row, force=True)
    return row.document


def _update_variation(call: Call, item: Any) -> Document:
    row = call.shop.database.get("variation", int(item.get("id") or 0))
    if row is None or row.parent != call.parent_id:
        raise invalid_id("product_variation", 400)
    return change(call.shop, "variation", row, item).document


def _refuse_creation(call: Call, item: Any) -> Document:
    del call, item
    raise ApiError("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.", 401)


def _refuse_deletion(call: Call, item: Any) -> Document:
    del call, item
    raise ApiError("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.", 401)

"""`/orders/<id>/refunds` and `/refunds`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.database import Row
from sandbox.store.errors import ApiError, invalid_id
from sandbox.store.lifecycle import copy_order
from sandbox.store.listing import arrange, date_tests, id_tests, keep, take_page
from sandbox.store.money import number_of
from sandbox.store.params import PAGING, Rule, read
from sandbox.store.refunding import create_refund, delete_refund, read_lines

_RULES = {
    **PAGING,
    "orderby": Rule("choice", choices=("date", "id", "include", "title", "slug", "modified")),
    "parent": Rule("integers"),
    "parent_exclude": Rule("integers"),
    "dp": Rule("integer"),
}
_SORTS = {
    name: lambda row: (row.document["date_created_gmt"], row.id) for name in ("date", "title", "slug", "modified")
} | {"id": lambda row: row.id}


def list_refunds_of_order(call: Call) -> Response:
    """An order that does not exist has an empty list, not a 404."""
    return _list(call, "refund_of_order", [lambda row: row.parent == call.parent_id])


def list_all_refunds(call: Call) -> Response:
    """All refunds of the store, with their `parent_id`. A refund is never modified: its creation counts."""
    return _list(call, "refund", [])


def read_refund(call: Call) -> Response:
    row = _find(call)
    call.demand("view")
    return call.answer_row("refund_of_order", row)


def create_order_refund(call: Call) -> Response:
    call.demand("create")
    order = copy_order(call.shop, call.parent_id)
    if order is None:
        raise ApiError("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    body = call.body
    amount = _amount(body.get("amount"))
    if amount is not None and amount < 0:
        raise ApiError("woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.", 400)
    refund = create_refund(
        call.shop,
        order,
        read_lines(order, body.get("line_items") or []),
        amount=amount,
        reason=str(body.get("reason") or ""),
        through_gateway=bool(body.get("api_refund", True)),
        restock=bool(body.get("api_restock", True)),
    )
    where = {"Location": f"{call.shop.home}/wp-json/wc/v3/orders/{order['id']}/refunds/{refund['id']}"}
    return call.answer_row("refund_of_order", call.shop.database.rows("refund")[refund["id"]], 201, where)


def remove_refund(call: Call) -> Response:
    row = _find(call)
    call.demand("delete")
    if not call.force:
        raise ApiError("woocommerce_rest_trash_not_supported", "Refunds do not support trashing.", 501)
    before = call.document("refund_of_order", row)
    order = copy_order(call.shop, call.parent_id)
    if order is not None:
        delete_refund(call.shop, order, row.id)
    return call.answer(before)


def _list(call: Call, kind: str, tests: list) -> Response:  # type: ignore[type-arg]
    call.demand("list")
    params = read(call.query, _RULES)
    chosen = keep(call.shop.database.rows("refund").values(), [*tests, *id_tests(params), *_dates(call, params)])
    page = take_page(arrange(chosen, params, _SORTS, default="date"), params)
    return call.answer_page(kind, page, {**call.query, "dp": call.decimals})


def _dates(call: Call, params: dict) -> list:  # type: ignore[type-arg]
    moved = dict(params)
    for name in ("after", "before"):
        if f"modified_{name}" in moved:
            moved.setdefault(name, moved[f"modified_{name}"])
            del moved[f"modified_{name}"]
    return date_tests(moved, call.shop.clock)


def _find(call: Call) -> Row:
    if call.shop.database.get("order", call.parent_id) is None:
        raise ApiError("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    row = call.shop.database.get("refund", call.id)
    if row is None or row.parent != call.parent_id:
        raise invalid_id("shop_order_refund")
    return row


def _amount(value: object) -> Decimal | None:
    """A posted amount; text that is no number is refused like one that is too large."""
    if value is None or value == "":
        return None
    try:
        return number_of(value)
    except InvalidOperation:
        raise ApiError("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500, data=500) from None

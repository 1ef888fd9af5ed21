"""`/orders`: list and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.database import Row
from sandbox.store.errors import invalid_id
from sandbox.store.listing import (
    Test,
    arrange,
    contains,
    date_tests,
    first_place,
    id_tests,
    keep,
    take_page,
    tie_breaker,
)
from sandbox.store.params import PAGING, Rule, read
from sandbox.store.shop import Shop

_LISTS_REMEMBERED = 32
_SORTS = {
    "date": lambda row: (row.document["date_created_gmt"], row.id),
    "id": lambda row: row.id,
    "title": lambda row: (row.document["date_created_gmt"], row.id),
    "slug": lambda row: (row.document["date_created_gmt"], row.id),
    "modified": lambda row: (row.document["date_modified_gmt"], row.id),
}


class OrderLists:
    """Filtered and sorted orders, remembered until an order changes, so that paging costs next to nothing."""

    def __init__(self) -> None:
        self._revision = -1
        self._known: dict[str, list[Row]] = {}

    def select(self, shop: Shop, params: Mapping[str, Any]) -> list[Row]:
        revision = shop.database.revision.get("order", 0)
        if revision != self._revision or len(self._known) >= _LISTS_REMEMBERED:
            self._known.clear()
            self._revision = revision
        ties = params.get("orderby") == "modified" and not shop.is_hpos
        offset = first_place(params) if ties else 0
        shape = {name: value for name, value in params.items() if name not in ("page", "per_page", "offset", "dp")}
        key = f"{sorted(shape.items())} {shop.storage} {offset}"
        if key not in self._known:
            self._known[key] = _select(shop, params, offset if ties else None)
        return self._known[key]


def list_orders(call: Call, lists: OrderLists) -> Response:
    call.demand("list")
    params = read(call.query, _rules(call.shop))
    page = take_page(lists.select(call.shop, params), params)
    understood = {name: value for name, value in call.query.items() if name != "status"}
    understood["status"] = params.get("status", ["any"])
    understood |= {"dp": call.decimals, "context": params.get("context", "view")}
    return call.answer_page("order", page, {**dict.fromkeys(call.query, ""), **understood})


def read_order(call: Call) -> Response:
    row = call.shop.database.get("order", call.id)
    if row is None:
        raise invalid_id("shop_order")
    call.demand("view")
    return call.answer_row("order", row)


def status_choices(shop: Shop) -> tuple[str, ...]:
    """What `status` may be: core statuses in WooCommerce's order, then those of active plugins."""
    custom = [one["slug"] for one in shop.database.facts.get("custom_statuses", []) if one.get("active", True)]
    core = ("any", "trash", "auto-draft", "pending", "processing", "on-hold", "completed", "cancelled", "refunded")
    return (*core, "failed", "checkout-draft", *custom)


def status_test(shop: Shop, wanted: list[str]) -> Test:
    """`any` is everything but trash; a status no plugin registers is missing from it with HPOS, listed with posts."""
    known = frozenset(status_choices(shop)) - {"trash", "auto-draft"}
    chosen = frozenset(wanted) - {"any"}
    if "any" not in wanted:
        return lambda row: row.document["status"] in chosen
    if shop.is_hpos:
        return lambda row: row.document["status"] in known or row.document["status"] in chosen
    hidden = {"trash", "auto-draft"} - chosen
    return lambda row: row.document["status"] not in hidden


def _rules(shop: Shop) -> dict[str, Rule]:
    return {
        **PAGING,
        "orderby": Rule("choice", choices=("date", "id", "include", "title", "slug", "modified")),
        "parent": Rule("integers"),
        "parent_exclude": Rule("integers"),
        "status": Rule("choices", choices=status_choices(shop)),
        "customer": Rule("integer"),
        "product": Rule("integer"),
        "dp": Rule("integer"),
        "created_via": Rule("text"),
    }


def _select(shop: Shop, params: Mapping[str, Any], ties_at: int | None) -> list[Row]:
    tests = [*id_tests(params), status_test(shop, params.get("status") or ["any"]), *date_tests(params, shop.clock)]
    if "customer" in params:
        customer = params["customer"]
        tests.append(lambda row: row.document["customer_id"] == customer)
    if params.get("product"):
        product = params["product"]
        tests.append(lambda row: any(line["product_id"] == product for line in row.document["line_items"]))
    if params.get("search"):
        text = params["search"]
        tests.append(lambda row: _matches(row, text))
    sorts = dict(_SORTS)
    if ties_at is not None:
        second = tie_breaker(ties_at)
        sorts["modified"] = lambda row: (row.document["date_modified_gmt"], second(row))
    return arrange(keep(shop.database.rows("order").values(), tests), params, sorts, default="date")


def _matches(row: Row, text: str) -> bool:
    order = row.document
    people = [value for part in ("billing", "shipping") for value in order[part].values()]
    full = [f"{order[part]['first_name']} {order[part]['last_name']}" for part in ("billing", "shipping")]
    return contains(text, str(row.id), order["number"], *people, *full, *(line["name"] for line in order["line_items"]))

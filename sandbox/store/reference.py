"""The small lists a connector looks things up in: customers, taxes, gateways, coupons, settings, the system."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.database import Document
from sandbox.store.errors import ApiError, invalid_id
from sandbox.store.listing import arrange, contains, date_tests, id_tests, keep, take_page
from sandbox.store.params import PAGING, Rule, read

_LIST_RULES = {**PAGING, "orderby": Rule("choice", choices=("date", "id", "include", "title", "slug", "modified"))}
_CUSTOMER_RULES = {
    **{name: rule for name, rule in PAGING.items() if "after" not in name and "before" not in name},
    "orderby": Rule("choice", choices=("id", "include", "name", "registered_date")),
    "email": Rule("text"),
    "role": Rule(
        "choice",
        choices=("all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager"),
    ),
}
_TAX_RULES = {
    **{name: PAGING[name] for name in ("context", "page", "per_page", "offset", "order")},
    "orderby": Rule("choice", choices=("id", "order", "priority")),
    "class": Rule("text"),
}
_NAMES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}


def site_index(call: Call) -> Response:
    """The root of the API: public, whatever the key."""
    shop = call.shop
    return call.answer(
        {
            "name": shop.database.facts.get("name", ""),
            "description": "",
            "url": shop.home,
            "home": shop.home,
            "gmt_offset": shop.clock.gmt_offset,
            "timezone_string": shop.clock.zone_name,
            "page_for_posts": 0,
            "page_on_front": 0,
            "show_on_front": "posts",
            "namespaces": ["oembed/1.0", "wc/v3", "wc/v1", "wc/v2", "wc-analytics", "wc/store", "wc/store/v1", "wp/v2"],
            "authentication": {
                "application-passwords": {
                    "endpoints": {"authorization": f"{shop.home}/wp-admin/authorize-application.php"}
                }
            },
            "routes": {
                "/": {"namespace": "", "methods": ["GET"]},
                "/wc/v3": {"namespace": "wc/v3", "methods": ["GET"]},
            },
        }
    )


def namespace_index(call: Call) -> Response:
    return call.answer({"namespace": "wc/v3", "routes": {}})


def list_customers(call: Call) -> Response:
    """Registered ones only; role customer unless told. Date filters are no parameters here and are ignored."""
    call.demand("list")
    params = read(call.query, _CUSTOMER_RULES)
    role = params.get("role", "customer")
    tests = [lambda row: role == "all" or row.document["role"] == role, *id_tests(params)]
    if params.get("email"):
        email = params["email"].casefold()
        tests.append(lambda row: row.document["email"].casefold() == email)
    if params.get("search"):
        text = params["search"]
        tests.append(lambda row: contains(text, *(row.document[name] for name in ("email", "username", "last_name"))))
    sorts: dict[str, Any] = {
        "id": lambda row: row.id,
        "name": lambda row: (f"{row.document['first_name']} {row.document['last_name']}".casefold(), row.id),
        "registered_date": lambda row: (row.document["date_created_gmt"], row.id),
    }
    rows = keep(call.shop.database.rows("customer").values(), tests)
    ordered = arrange(rows, {"order": "asc", **params}, sorts, default="name")
    return call.answer_page("customer", take_page(ordered, params), call.query)


def read_customer(call: Call) -> Response:
    row = call.shop.database.get("customer", call.id)
    call.demand("view")
    if row is None:
        raise ApiError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return call.answer_row("customer", row)


def list_coupons(call: Call) -> Response:
    call.demand("list")
    params = read(call.query, {**_LIST_RULES, "code": Rule("text")})
    tests = [*id_tests(params), *date_tests(params, call.shop.clock)]
    if params.get("code"):
        code = params["code"].lower()
        tests.append(lambda row: row.document["code"] == code)
    sorts: dict[str, Any] = {
        name: lambda row: (row.document["date_created_gmt"], row.id) for name in ("date", "title", "slug", "modified")
    }
    rows = keep(call.shop.database.rows("coupon").values(), tests)
    ordered = arrange(rows, params, {**sorts, "id": lambda row: row.id}, default="date")
    return call.answer_page("coupon", take_page(ordered, params), call.query)


def read_coupon(call: Call) -> Response:
    row = call.shop.database.get("coupon", call.id)
    if row is None:
        raise invalid_id("shop_coupon")
    call.demand("view")
    return call.answer_row("coupon", row)


def list_taxes(call: Call) -> Response:
    call.demand("list")
    params = read(call.query, _TAX_RULES)
    tests = [] if not params.get("class") else [lambda row: row.document["class"] == params["class"]]
    sorts: dict[str, Any] = {
        "id": lambda row: row.id,
        "order": lambda row: (row.document["order"], row.id),
        "priority": lambda row: (row.document["priority"], row.id),
    }
    rows = keep(call.shop.database.rows("tax").values(), tests)
    ordered = arrange(rows, {"order": "asc", **params}, sorts, default="order")
    return call.answer_page("tax", take_page(ordered, params), call.query)


def read_tax(call: Call) -> Response:
    row = call.shop.database.get("tax", call.id)
    call.demand("view")
    if row is None:
        raise ApiError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return call.answer_row("tax", row)


def remove_tax(call: Call) -> Response:
    call.demand("delete")
    if not call.force:
        raise ApiError("woocommerce_rest_trash_not_supported", "Taxes do not support trashing.", 501)
    row = call.shop.database.get("tax", call.id)
    if row is None:
        raise ApiError("woocommerce_rest_invalid_id", "Invalid resource ID.", 400)
    call.shop.database.remove("tax", row.id)
    return call.answer(row.document)


def list_tax_classes(call: Call) -> Response:
    call.demand("list")
    return call.answer(call.shop.database.facts.get("tax_classes", []))


def list_gateways(call: Call) -> Response:
    """All of them, disabled ones too."""
    call.demand("list")
    rows = call.shop.database.rows("gateway")
    return call.answer([rows[place].document for place in sorted(rows)])


def read_gateway(call: Call) -> Response:
    call.demand("view")
    for row in call.shop.database.rows("gateway").values():
        if row.document["id"] == call.ids[-1]:
            return call.answer(row.document)
    raise ApiError("woocommerce_rest_payment_gateway_invalid", "Resource does not exist.", 404)


def list_settings(call: Call) -> Response:
    call.demand("list")
    return call.answer(_settings(call))


def read_setting(call: Call) -> Response:
    call.demand("view")
    for row in _settings(call):
        if row["id"] == call.ids[1]:
            return call.answer(row)
    raise ApiError("rest_setting_setting_invalid", "Invalid setting.", 404)


def system_status(call: Call) -> Response:
    call.demand("list")
    shop = call.shop
    status: Document = dict(shop.database.facts.get("system_status", {}))
    status["settings"] = {
        **status.get("settings", {}),
        "HPOS_enabled": shop.is_hpos,
        "number_of_decimals": shop.decimals,
    }
    return call.answer(status)


def current_currency(call: Call) -> Response:
    """Public in WooCommerce for whoever may read settings."""
    call.demand("view")
    return call.answer(call.shop.database.facts.get("currency", {}))


def order_totals(call: Call) -> Response:
    """How many orders have each status, statuses of plugins included."""
    call.demand("list")
    count = Counter(row.document["status"] for row in call.shop.database.rows("order").values())
    custom = {one["slug"]: one["name"] for one in call.shop.database.facts.get("custom_statuses", [])}
    return call.answer(
        [{"slug": slug, "name": name, "total": count[slug]} for slug, name in {**_NAMES, **custom}.items()]
    )


def _settings(call: Call) -> list[Document]:
    group = call.ids[0]
    rows: list[Document] | None = call.shop.database.facts.get(f"settings_{group}")
    if rows is None:
        raise ApiError("rest_setting_setting_group_invalid", "Invalid setting group.", 404)
    return rows

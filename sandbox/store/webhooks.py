"""`/webhooks`: registered, changed and deleted; kept with their secret for `deliveries`.

WooCommerce behaviour, Webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.http import Response
from sandbox.store.call import Call
from sandbox.store.clock import gmt_text
from sandbox.store.database import Document, Row
from sandbox.store.errors import ApiError
from sandbox.store.listing import arrange, id_tests, keep, take_page
from sandbox.store.params import PAGING, Rule, read

_LIST_RULES = {**PAGING, "orderby": Rule("choice", choices=("date", "id", "title"))}
_TOPICS: dict[str, tuple[str, ...]] = {
    f"{resource}.{event}": (f"woocommerce_{event}_{resource}",)
    for resource in ("order", "product", "customer", "coupon")
    for event in ("created", "updated", "deleted", "restored")
}


def list_webhooks(call: Call) -> Response:
    call.demand("list")
    params = read(
        call.query, {**_LIST_RULES, "status": Rule("choice", choices=("all", "active", "paused", "disabled"))}
    )
    status = params.get("status", "all")
    tests = [lambda row: status in ("all", row.document["status"]), *id_tests(params)]
    rows = keep(call.shop.database.rows("webhook").values(), tests)
    sorts: dict[str, Any] = {name: lambda row: row.id for name in ("date", "id", "title")}
    return call.answer_page("webhook", take_page(arrange(rows, params, sorts, default="date"), params), call.query)


def read_webhook(call: Call) -> Response:
    row = _webhook(call, 404)
    call.demand("view")
    return call.answer_row("webhook", row)


def create_webhook(call: Call) -> Response:
    """The secret is kept and never returned."""
    call.demand("create")
    body, shop = call.body, call.shop
    topic = str(body.get("topic") or "")
    if topic not in _TOPICS and not topic.startswith("action."):
        sentence = "Webhook topic is required and must be valid."
        raise ApiError("woocommerce_rest_webhook_invalid_topic", sentence, 400)
    url = str(body.get("delivery_url") or "")
    if not url.startswith(("http://", "https://")):
        sentence = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise ApiError("woocommerce_rest_webhook_invalid_delivery_url", sentence, 400)
    with shop.database.change():
        webhook_id = shop.database.next_number("webhook")
        resource, _, event = topic.partition(".")
        moment = shop.clock.now()
        document: Document = {
            "id": webhook_id,
            "name": str(body.get("name") or f"Webhook created on {gmt_text(moment)}"),
            "status": str(body.get("status") or "active"),
            "topic": topic,
            "resource": resource,
            "event": event,
            "hooks": list(_TOPICS.get(topic, (event,))),
            "delivery_url": url,
        }
        shop.stamp(document, "date_created", moment)
        shop.stamp(document, "date_modified", moment)
        root = f"{shop.home}/wp-json/wc/v3/webhooks"
        document["_links"] = {"self": [{"href": f"{root}/{webhook_id}"}], "collection": [{"href": root}]}
        shop.database.set_fact(f"webhook_secret_{webhook_id}", str(body.get("secret") or ""))
        row = shop.database.put("webhook", webhook_id, document)
    shop.ping(webhook_id)
    return call.answer_row("webhook", row, 201, {"Location": f"{root}/{webhook_id}"})


def update_webhook(call: Call) -> Response:
    row = _webhook(call, 400)
    call.demand("edit")
    document = {**row.document, **_known(call.body, ("name", "status", "delivery_url", "topic"))}
    with call.shop.database.change():
        call.shop.stamp(document, "date_modified", call.shop.clock.now())
        if call.body.get("secret"):
            call.shop.database.set_fact(f"webhook_secret_{row.id}", str(call.body["secret"]))
        changed = call.shop.database.put("webhook", row.id, document)
    return call.answer_row("webhook", changed)


def remove_webhook(call: Call) -> Response:
    row = _webhook(call, 404)
    call.demand("delete")
    if not call.force:
        raise ApiError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    call.shop.database.remove("webhook", row.id)
    return call.answer(row.document)


def _webhook(call: Call, status: int) -> Row:
    row = call.shop.database.get("webhook", call.id)
    if row is None:
        raise ApiError("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", status)
    return row


def _known(body: Mapping[str, Any], names: tuple[str, ...]) -> Document:
    return {name: str(body[name]) for name in names if body.get(name) is not None}

"""The control API of the store, for tests, the demo and whoever tries things out: JSON at `/_sandbox/<name>`."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.http import Request, Response
from sandbox.store.api import Api
from sandbox.store.clock import gmt_text
from sandbox.store.database import Document, Row
from sandbox.store.deliveries import Deliveries
from sandbox.store.errors import ApiError
from sandbox.store.generated.history import PROFILES
from sandbox.store.generated.orders import OrderMaker
from sandbox.store.lifecycle import anonymise, copy_order, delete_order, list_refunds, save_order, trash_order
from sandbox.store.misbehaving import StoreFaults
from sandbox.store.money import number_of
from sandbox.store.orders_write import create, update
from sandbox.store.refunding import create_refund, delete_refund, whole_line
from sandbox.store.rendering import with_decimals
from sandbox.store.shop import Shop
from sandbox.store.totals import refundable
from sandbox.store.wire import to_json

HELP = {
    "faults": 'POST one rule, GET all, DELETE forgets them. {"method"?, "path_contains"?, "body_contains"?, "skip": 0, '
    '"times": 1 | null, "action": "status" | "html" | "hang_up_before" | "hang_up_after" | "delay" | "maintenance" | '
    '"notice_before_json" | "truncated_json" | "wrong_type", "status"?, "body"?, "headers"?, "seconds"?}',
    "orders": 'GET all in short. POST {"add": 3} | {"add": {body of POST /orders}}, each with "at"?: UTC time | '
    '{"change": id, "status"?, "line_items"?, "customer_note"?, "billing"?, "shipping"?, "set_paid"?, ...as in PUT} '
    '| {"trash": id} | {"delete": id} | {"anonymise": id}',
    "refunds": 'POST {"order": id, "amount": "5.00"} | {"order": id, "lines": [{"id", "quantity"}]} | {"order": id, '
    '"whole": true}, each with "reason"? | {"delete": refund id}',
    "clock": 'POST {"offset_seconds": 3600}; GET tells the store\'s time',
    "change_between_pages": 'POST {"on": true, "move": "random" | "first" | "last" | "next"}: after every page of '
    "orders one order is modified: any, the page's first or last, or the first of the next page",
    "keys": 'POST {"permissions": "read" | "write" | "read_write", "role"?: "administrator" | "shop_manager" | '
    '"customer"} makes a key | {"revoke": "ck_..."}',
    "options": 'POST {"tax_round_at_subtotal"?: bool, "storage"?: "hpos" | "posts", "price_decimals"?: 2}',
    "webhooks": 'GET what is registered, with failures and deliveries. POST {"seconds": 0.3}: how long a change waits',
    "stats": 'GET calls by route; POST {"reset": true}',
}
_MOVES = ("random", "first", "last", "next")


@dataclass(slots=True)
class PageChanges:
    """Whether, and which, order changes after a page of a list was read."""

    on: bool = False
    move: str = "random"
    draw: random.Random = field(default_factory=lambda: random.Random(7))

    def after_page(self, shop: Shop, shown: list[Row], following: Row | None) -> None:
        """Modify one order, as a buyer's or the shopkeeper's activity between two requests would."""
        rows = shop.database.rows("order")
        visible = [row for row in shown if row.id in rows]
        if not self.on or not visible:
            return
        if self.move == "next":
            if following is None or following.id not in rows:
                return
            chosen = following.id
        elif self.move == "random":
            chosen = self.draw.choice(sorted(row.id for row in rows.values() if row.document["status"] != "trash"))
        else:
            chosen = visible[0 if self.move == "first" else -1].id
        order = copy_order(shop, chosen)
        if order is not None:
            save_order(shop, order)


class Control:
    """Answers `/_sandbox/...` for one store."""

    def __init__(self, shop: Shop, api: Api, faults: StoreFaults, pages: PageChanges, deliveries: Deliveries) -> None:
        self.shop = shop
        self.deliveries = deliveries
        self.api = api
        self.faults = faults
        self.pages = pages
        self._posts: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "faults": self._add_fault,
            "orders": self._change_orders,
            "refunds": self._change_refunds,
            "clock": self._set_clock,
            "change_between_pages": self._set_page_changes,
            "keys": self._change_keys,
            "options": self._set_options,
            "webhooks": self._set_webhooks,
            "stats": self._reset_stats,
        }
        self._gets: dict[str, Callable[[], Any]] = {
            "": lambda: HELP,
            "faults": self.faults.described,
            "orders": lambda: [self._short(row.document) for row in self._rows("order")],
            "refunds": lambda: [
                {"order": row.parent, **with_decimals(row.document, 2)} for row in self._rows("refund")
            ],
            "clock": self._clock,
            "change_between_pages": lambda: {"on": self.pages.on, "move": self.pages.move},
            "keys": lambda: [row.document for row in self._rows("key")],
            "options": self._options,
            "webhooks": self.deliveries.described,
            "stats": self._stats,
        }

    def answer(self, request: Request, name: str) -> Response:
        """One control call; a mistake is a 400 with a sentence that says what to change."""
        try:
            if request.method == "DELETE" and name == "faults":
                self.faults.clear()
                return _json([])
            if request.method == "GET" and name in self._gets:
                return _json(self._gets[name]())
            if request.method == "POST" and name in self._posts:
                body = request.json() if request.body else {}
                if not isinstance(body, dict):
                    raise ValueError("The body must be one JSON object.")
                return _json(self._posts[name](body))
        except (ValueError, KeyError, TypeError, InvalidOperation, ApiError) as error:
            return _json({"error": str(error) or type(error).__name__, "help": HELP.get(name, HELP)}, 400)
        return _json({"error": f"There is no {request.method} /_sandbox/{name}.", "help": HELP}, 404)

    # Orders and refunds -----------------------------------------------------------------------------------------

    def _change_orders(self, body: Mapping[str, Any]) -> Any:
        now = self.shop.clock.now()
        if "add" in body:
            return {"orders": [self._short(order) for order in self._add_orders(body, now)]}
        if "change" in body:
            order = self._order(body["change"])
            rest = {name: value for name, value in body.items() if name != "change"}
            return self._short(update(self.shop, order["id"], rest))
        with self.shop.database.change():
            if "trash" in body:
                trash_order(self.shop, self._order(body["trash"]), now)
            elif "delete" in body:
                delete_order(self.shop, self._order(body["delete"])["id"])
            elif "anonymise" in body:
                anonymise(self.shop, self._order(body["anonymise"]), now)
            else:
                raise ValueError("Say what to do: add, change, trash, delete or anonymise.")
        return {"done": True}

    def _add_orders(self, body: Mapping[str, Any], now: datetime) -> list[Document]:
        moment = datetime.fromisoformat(f"{body['at']}+00:00") if body.get("at") else now
        if isinstance(body["add"], dict):
            return [create(self.shop, body["add"], via=str(body["add"].get("created_via", "admin")), moment=moment)]
        country = self.shop.base.country.lower()
        profile = PROFILES.get(str(self.shop.database.facts.get("profile", country)), PROFILES["fr"])
        maker = OrderMaker(self.shop, profile)
        with self.shop.database.change():
            return [maker.make(self._draw(), moment)[0] for _ in range(int(body["add"]))]

    def _change_refunds(self, body: Mapping[str, Any]) -> Any:
        if "delete" in body:
            row = self.shop.database.get("refund", int(body["delete"]))
            if row is None:
                raise ValueError(f"There is no refund {body['delete']}.")
            delete_refund(self.shop, self._order(row.parent), row.id)
            return {"done": True}
        order = self._order(body["order"])
        lines, amount = [], None
        items = {line["id"]: line for name in ("line_items", "fee_lines", "shipping_lines") for line in order[name]}
        if body.get("whole"):
            lines, amount = [whole_line(line) for line in items.values()], refundable(order)
        elif body.get("lines"):
            lines = [whole_line(items[int(one["id"])], one.get("quantity")) for one in body["lines"]]
        else:
            amount = number_of(body["amount"])
        refund = create_refund(self.shop, order, lines, amount=amount, reason=str(body.get("reason", "")))
        return with_decimals(refund, 2)

    def _order(self, order_id: Any) -> Document:
        order = copy_order(self.shop, int(order_id))
        if order is None:
            raise ValueError(f"There is no order {order_id}; GET /_sandbox/orders lists them.")
        return order

    def _short(self, order: Document) -> Document:
        names = ("id", "number", "status", "currency", "date_created_gmt", "date_modified_gmt", "payment_method")
        refunded = sum((number_of(one["total"]) for one in list_refunds(self.shop, order["id"])), Decimal(0))
        amounts = with_decimals({"total": order["total"], "amount": str(-refunded)}, self.shop.decimals)
        return {**{name: order[name] for name in names}, "total": amounts["total"], "refunded": amounts["amount"]}

    def _draw(self) -> random.Random:
        return random.Random(f"added {self.shop.database.next_number('added_order')}")

    # Settings ---------------------------------------------------------------------------------------------------

    def _add_fault(self, body: Mapping[str, Any]) -> Any:
        self.faults.add(body)
        return self.faults.described()

    def _clock(self) -> Any:
        clock = self.shop.clock
        return {"offset_seconds": clock.offset_seconds, "now_gmt": gmt_text(clock.now()), "zone": clock.zone_name}

    def _set_clock(self, body: Mapping[str, Any]) -> Any:
        self.shop.clock.offset_seconds = float(body["offset_seconds"])
        self.shop.database.set_fact("clock_offset_seconds", self.shop.clock.offset_seconds)
        return self._clock()

    def _set_page_changes(self, body: Mapping[str, Any]) -> Any:
        move = str(body.get("move", self.pages.move))
        if move not in _MOVES:
            raise ValueError(f"move must be one of {', '.join(_MOVES)}; got {move!r}.")
        self.pages.on, self.pages.move = bool(body.get("on", True)), move
        return {"on": self.pages.on, "move": move}

    def _change_keys(self, body: Mapping[str, Any]) -> Any:
        if "revoke" in body:
            for row in self._rows("key"):
                if row.document["consumer_key"] == body["revoke"]:
                    self.shop.database.remove("key", row.id)
                    return {"done": True}
            raise ValueError(f"There is no key {body['revoke']}.")
        key = {
            "consumer_key": f"ck_{secrets.token_hex(20)}",
            "consumer_secret": f"cs_{secrets.token_hex(20)}",
            "permissions": str(body.get("permissions", "read")),
            "role": str(body.get("role", "administrator")),
        }
        with self.shop.database.change():
            self.shop.database.put("key", self.shop.database.next_number("key"), key)
        return key

    def _options(self) -> Any:
        return {
            "tax_round_at_subtotal": self.shop.rules.round_at_subtotal,
            "storage": self.shop.storage,
            "price_decimals": self.shop.decimals,
        }

    def _set_options(self, body: Mapping[str, Any]) -> Any:
        unknown = set(body) - {"tax_round_at_subtotal", "storage", "price_decimals"}
        if unknown or body.get("storage", "hpos") not in ("hpos", "posts"):
            raise ValueError(f"Unknown options or values: {dict(body)}.")
        with self.shop.database.change():
            if "tax_round_at_subtotal" in body:
                value = "yes" if body["tax_round_at_subtotal"] else "no"
                self.shop.set_setting("woocommerce_tax_round_at_subtotal", value, "tax")
            if "storage" in body:
                self.shop.database.set_fact("storage", body["storage"])
            if "price_decimals" in body:
                number = str(int(body["price_decimals"]))
                self.shop.set_setting("woocommerce_price_num_decimals", number, "general")
        return self._options()

    def _set_webhooks(self, body: Mapping[str, Any]) -> Any:
        self.deliveries.change(body)
        return self.deliveries.described()

    def _stats(self) -> Any:
        calls = dict(sorted(self.api.calls.items()))
        return {"calls": calls, "total": sum(calls.values()), "rows_read": self.api.rows_read}

    def _reset_stats(self, body: Mapping[str, Any]) -> Any:
        if not body.get("reset"):
            raise ValueError('Send {"reset": true}.')
        self.api.calls.clear()
        self.api.rows_read = 0
        return self._stats()

    def _rows(self, kind: str) -> list[Row]:
        rows = self.shop.database.rows(kind)
        return [rows[row_id] for row_id in sorted(rows)]


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, to_json(value))

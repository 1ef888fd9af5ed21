"""The stand-in store: one shop behind WooCommerce's REST API, its pages, and a control API for tests and the demo.

    store = Store(profile="fr", orders=200)
    server = Server(store.handle)

`state` is a folder that keeps everything across restarts, kill -9 included; `captures` a folder of a real store's
answers, which are then served as they are.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from sandbox.http import HangUp, Request, Response
from sandbox.store import captures as captured
from sandbox.store.api import Api
from sandbox.store.call import error_answer
from sandbox.store.control import Control, PageChanges
from sandbox.store.database import Database
from sandbox.store.deliveries import Deliveries
from sandbox.store.errors import ApiError
from sandbox.store.generated import history
from sandbox.store.handover import PREFIX, HandOver
from sandbox.store.misbehaving import StoreFaults
from sandbox.store.pages import order_page, orders_page, style_sheet
from sandbox.store.shop import Shop
from sandbox.store.wire import php_query

_ORDER_PAGE = re.compile(r"^/orders/(\d+)/?$")


class Store:
    """One shop. `handle` answers requests from several threads."""

    def __init__(
        self,
        *,
        profile: str = "fr",
        orders: int = 200,
        state: Path | None = None,
        captures: Path | None = None,
        latency_ms: int = 0,
        storage: str | None = None,
    ) -> None:
        self.database = Database(state)
        if "consumer_key" not in self.database.facts:
            with self.database.change():
                self._fill(profile, orders, captures)
                if storage is not None:
                    self.database.set_fact("storage", storage)
        self.shop = Shop(self.database)
        self.deliveries = Deliveries(self.shop)
        self.shop.tell, self.shop.ping = self.deliveries.tell, self.deliveries.ping
        self.api = Api(self.shop)
        self.faults = StoreFaults(self._status_answer)
        self.page_changes = PageChanges()
        self.control = Control(self.shop, self.api, self.faults, self.page_changes, self.deliveries)
        self.hand_over = HandOver(self.database)
        self.latency_seconds = latency_ms / 1000

    @property
    def consumer_key(self) -> str:
        return str(self.database.facts["consumer_key"])

    @property
    def consumer_secret(self) -> str:
        return str(self.database.facts["consumer_secret"])

    @property
    def allow_http_callbacks(self) -> bool:
        """Whether the key hand-over also posts to plain http addresses (of this machine)."""
        return self.hand_over.allow_http_callbacks

    @allow_http_callbacks.setter
    def allow_http_callbacks(self, allowed: bool) -> None:
        self.hand_over.allow_http_callbacks = allowed

    def handle(self, request: Request) -> Response | HangUp:
        """Answer one request, or misbehave as a fault rule says."""
        answer = self.faults.around(request, self._answer)
        return replace(answer, delay=answer.delay + self.latency_seconds) if self.latency_seconds else answer

    def close(self) -> None:
        self.deliveries.close()
        self.database.close()

    def _answer(self, request: Request) -> Response:
        path = unquote(request.path)
        if path.startswith(PREFIX):
            return self.hand_over.answer(path, php_query(request.raw_query))
        with self.database.lock:
            if path == "/_sandbox" or path.startswith("/_sandbox/"):
                return self.control.answer(request, path.removeprefix("/_sandbox").strip("/"))
            self._be_at(request.base_url)
            path = path.removeprefix("/index.php")
            query = php_query(request.raw_query)
            if path == "/wp-json" or path.startswith("/wp-json/"):
                answer, call = self.api.answer(request, path.removeprefix("/wp-json").strip("/"))
                if call is not None and call.path == "orders" and request.method == "GET":
                    self.page_changes.after_page(self.shop, call.rows_shown, call.following)
                return answer
            if "rest_route" in query:
                return self.api.answer(request, str(query["rest_route"]).strip("/"), keys_looked_at=False)[0]
            return self._page(request, path, str(query.get("page", "1")))

    def _page(self, request: Request, path: str, number: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(405, b"Only GET", "text/plain; charset=utf-8")
        if path == "/store.css":
            return style_sheet()
        match = _ORDER_PAGE.match(path)
        if match is not None:
            return order_page(self.shop, int(match.group(1)))
        if path in ("", "/"):
            return orders_page(self.shop, int(number) if number.isdigit() else 1)
        return order_page(self.shop, 0)

    def _be_at(self, home: str) -> None:
        """Links in answers lead to the address the store is reached at."""
        if self.shop.home != home:
            self.shop.home = home
            for rows in self.database.kinds.values():
                for row in rows.values():
                    row.rendered.clear()

    def _fill(self, profile: str, orders: int, captures: Path | None) -> None:
        if captures is not None:
            captured.load(self.database, captures)
        else:
            history.open_shop(self.database, profile, orders)
        key = {"consumer_key": f"ck_{secrets.token_hex(20)}", "consumer_secret": f"cs_{secrets.token_hex(20)}"}
        number = self.database.next_number("key")
        self.database.put("key", number, {**key, "permissions": "read_write", "role": "administrator"})
        for name, value in key.items():
            self.database.set_fact(name, value)

    def _status_answer(self, status: int) -> Response:
        return error_answer(ApiError("wp_die", "There has been a critical error on this website.", status), self.shop)

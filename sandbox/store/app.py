"""The stand-in store: one shop behind WooCommerce's REST API, its pages, and a control API for tests and the demo.

    store = Store(profile="fr", orders=200)
    server = Server(store.handle)

`state` is a folder that keeps everything across restarts, kill -9 included; `captures` a folder of a real store's
answers, which are then served as they are.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from sandbox.faults import Faults
from sandbox.http import HangUp, Request, Response
from sandbox.store import captures as captured
from sandbox.store.api import Api
from sandbox.store.call import error_answer
from sandbox.store.database import Database
from sandbox.store.errors import ApiError
from sandbox.store.generated import history
from sandbox.store.shop import Shop
from sandbox.store.wire import php_query


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
                self._fill(profile, orders, captures, storage)
        self.shop = Shop(self.database)
        self.api = Api(self.shop)
        self.faults = Faults(self._status_answer)
        self.latency_seconds = latency_ms / 1000

    @property
    def consumer_key(self) -> str:
        return str(self.database.facts["consumer_key"])

    @property
    def consumer_secret(self) -> str:
        return str(self.database.facts["consumer_secret"])

    def handle(self, request: Request) -> Response | HangUp:
        """Answer one request, or misbehave as a fault rule says."""
        answer = self.faults.around(request, self._answer)
        return replace(answer, delay=answer.delay + self.latency_seconds) if self.latency_seconds else answer

    def close(self) -> None:
        self.database.close()

    def _answer(self, request: Request) -> Response:
        path = unquote(request.path).removeprefix("/index.php")
        with self.database.lock:
            self.shop.home = request.base_url
            if path == "/wp-json" or path.startswith("/wp-json/"):
                return self.api.answer(request, path.removeprefix("/wp-json").strip("/"))[0]
            query = php_query(request.raw_query)
            if "rest_route" in query:
                return self.api.answer(request, str(query["rest_route"]).strip("/"), keys_looked_at=False)[0]
            return Response(404, b"Not found", "text/plain; charset=utf-8")

    def _fill(self, profile: str, orders: int, captures: Path | None, storage: str | None) -> None:
        if captures is not None:
            captured.load(self.database, captures)
        else:
            history.open_shop(self.database, profile, orders)
        if storage is not None:
            self.database.set_fact("storage", storage)
        key = {"consumer_key": f"ck_{secrets.token_hex(20)}", "consumer_secret": f"cs_{secrets.token_hex(20)}"}
        self.database.put("key", 1, {**key, "permissions": "read_write", "role": "administrator"})
        for name, value in key.items():
            self.database.set_fact(name, value)

    def _status_answer(self, status: int) -> Response:
        return error_answer(ApiError("wp_die", "There has been a critical error on this website.", status), self.shop)

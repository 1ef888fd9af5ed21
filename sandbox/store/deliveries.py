"""Telling webhooks what changed: pings, signed deliveries, and switching off what fails too often.

WooCommerce behaviour, Webhooks: nothing is sent inside the request; what waits for one webhook about one object is sent
once, with the body of the moment of delivery; a delivery that fails is not repeated.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from sandbox.store.call import at_home
from sandbox.store.database import Document
from sandbox.store.documents import WOOCOMMERCE_VERSION
from sandbox.store.rendering import with_decimals
from sandbox.store.shop import Shop
from sandbox.store.wire import to_json

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The stand-in speaks to this machine only; every other address fails."""
FAILURES_ALLOWED = 5
USER_AGENT = f"WooCommerce/{WOOCOMMERCE_VERSION} Hookshot (WordPress/7.0)"
_SECONDS = 10
_KINDS = {"order": ("order",), "product": ("product", "variation")}


class Deliveries:
    """Delivers from a thread of its own, which starts with the first thing to say."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._changed = threading.Condition()
        self._pending: dict[tuple[int, int], None] = {}
        self._pings: list[int] = []
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.seconds = 0.3
        """From a change to its delivery: what a real shop waits for its next cron."""

    def tell(self, topic: str, object_id: int) -> None:
        """Something happened to an order or a product; equal things that wait already are the same delivery."""
        webhooks = [
            row.id
            for row in self._shop.database.rows("webhook").values()
            if row.document["topic"] == topic and row.document["status"] == "active"
        ]
        if webhooks:
            with self._changed:
                self._pending |= dict.fromkeys((webhook_id, object_id) for webhook_id in webhooks)
                self._wake()

    def ping(self, webhook_id: int) -> None:
        """A webhook was made: it is pinged at once, and stays whatever the answer is."""
        with self._changed:
            self._pings.append(webhook_id)
            self._wake()

    def change(self, wanted: Mapping[str, Any]) -> None:
        """`{"seconds": 0.3}`. Raises ValueError."""
        if set(wanted) != {"seconds"}:
            raise ValueError('Send {"seconds": 0.3}: how long a change waits for its delivery.')
        self.seconds = float(wanted["seconds"])

    def described(self) -> dict[str, Any]:
        facts = self._shop.database.facts
        rows = sorted(self._shop.database.rows("webhook").values(), key=lambda row: row.id)
        return {
            "seconds": self.seconds,
            "webhooks": [
                {
                    **{name: row.document[name] for name in ("id", "topic", "status", "delivery_url")},
                    "failures": int(facts.get(f"webhook_failures_{row.id}", 0)),
                    "deliveries": int(facts.get(f"webhook_deliveries_{row.id}", 0)),
                }
                for row in rows
            ],
        }

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=_SECONDS)

    def _wake(self) -> None:
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name="store-webhooks", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pings or self._pending or self._is_closed)
                if self._is_closed:
                    return
                pings, self._pings = self._pings, []
            for webhook_id in pings:
                self._send_ping(webhook_id)
            if self._pending:
                time.sleep(self.seconds)
                with self._changed:
                    due, self._pending = list(self._pending), {}
                for webhook_id, object_id in due:
                    if not self._is_closed:
                        self._deliver(webhook_id, object_id)

    def _send_ping(self, webhook_id: int) -> None:
        with self._shop.database.lock:
            row = self._shop.database.get("webhook", webhook_id)
        if row is not None:
            form = urlencode({"webhook_id": webhook_id}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT}
            _post(urlsplit(row.document["delivery_url"]), form, headers)

    def _deliver(self, webhook_id: int, object_id: int) -> None:
        with self._shop.database.lock:
            row = self._shop.database.get("webhook", webhook_id)
            if row is None or row.document["status"] != "active":
                return
            webhook = row.document
            body = self._body(webhook, object_id)
            secret = str(self._shop.database.facts.get(f"webhook_secret_{webhook_id}", ""))
        if body is None:
            return
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "X-WC-Webhook-Source": f"{self._shop.home}/",
            "X-WC-Webhook-Topic": webhook["topic"],
            "X-WC-Webhook-Resource": webhook["resource"],
            "X-WC-Webhook-Event": webhook["event"],
            "X-WC-Webhook-Signature": signature,
            "X-WC-Webhook-ID": str(webhook_id),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }
        self._note(webhook_id, delivered=_post(urlsplit(webhook["delivery_url"]), body, headers))

    def _body(self, webhook: Document, object_id: int) -> bytes | None:
        """As `GET` shows the object now; deletions carry its id alone. None for what is gone meanwhile."""
        if webhook["event"] == "deleted":
            return to_json({"id": object_id})
        for kind in _KINDS.get(webhook["resource"], ()):
            row = self._shop.database.get(kind, object_id)
            if row is not None:
                shown = with_decimals(row.document, self._shop.decimals) if kind == "order" else row.document
                return at_home(self._shop, to_json(shown))
        return None

    def _note(self, webhook_id: int, *, delivered: bool) -> None:
        """A success forgets the failures before it; more than five in a row switch the webhook off for good."""
        database = self._shop.database
        with database.change():
            row = database.get("webhook", webhook_id)
            if row is None:
                return
            failures = 0 if delivered else int(database.facts.get(f"webhook_failures_{webhook_id}", 0)) + 1
            database.set_fact(f"webhook_failures_{webhook_id}", failures)
            if delivered:
                done = int(database.facts.get(f"webhook_deliveries_{webhook_id}", 0)) + 1
                database.set_fact(f"webhook_deliveries_{webhook_id}", done)
            # The count is looked at before it rises: the seventh failure in a row is the one that disables.
            if failures > FAILURES_ALLOWED + 1:
                document = {**row.document, "status": "disabled"}
                self._shop.stamp(document, "date_modified", self._shop.clock.now())
                database.put("webhook", webhook_id, document)


def _post(url: SplitResult, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the other side took it: any answer from 200 to 302, no redirect followed."""
    if url.hostname not in LOOPBACK:
        return False
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=_SECONDS)
    try:
        connection.request("POST", f"{url.path or '/'}{'?' + url.query if url.query else ''}", body, dict(headers))
        return 200 <= connection.getresponse().status < 303
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

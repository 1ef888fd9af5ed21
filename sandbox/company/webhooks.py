"""Telling a client what changed: signed deliveries in the new and the old format (QBO reference, Webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.company.stats import Stats
from sandbox.company.values import dumps, utc_text

_WORDS = {"create": "created", "update": "updated", "delete": "deleted", "void": "voided", "emailed": "emailed"}
_OLD_WORDS = {"create": "Create", "update": "Update", "delete": "Delete", "void": "Void", "emailed": "Emailed"}
FORMATS = ("cloudevents", "legacy")


class Webhooks:
    """Delivers events to one address from a thread of its own; silent until it has an address."""

    def __init__(self, realm: str, verifier_token: str, stats: Stats) -> None:
        self._realm = realm
        self._key = verifier_token.encode()
        self._stats = stats
        self._events: queue.SimpleQueue[tuple[str, str, str, float] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.url = ""
        self.format = "cloudevents"
        self.seconds = 0.2

    def change(self, wanted: Mapping[str, Any]) -> None:
        """`{"url", "format": "cloudevents" | "legacy", "seconds"}`; an empty url stops. Raises ValueError."""
        unknown = sorted(set(wanted) - {"url", "format", "seconds"})
        if unknown or wanted.get("format", "cloudevents") not in FORMATS:
            raise ValueError(f"Webhooks take url, format ({' or '.join(FORMATS)}) and seconds.")
        url = str(wanted.get("url", self.url))
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("The webhook url must start with http:// or https://.")
        self.url = url
        self.format = str(wanted.get("format", self.format))
        self.seconds = float(wanted.get("seconds", self.seconds))
        if self.url and self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def described(self) -> dict[str, Any]:
        return {"url": self.url, "format": self.format, "seconds": self.seconds}

    def tell(self, kind: str, ident: str, operation: str) -> None:
        """Something changed; whoever listens hears of it within moments."""
        if self.url:
            self._events.put((kind, ident, operation, time.time()))

    def close(self) -> None:
        self.url = ""
        self._events.put(None)

    def _run(self) -> None:
        while True:
            event = self._events.get()
            if event is None:
                return
            time.sleep(self.seconds)
            events = [event]
            while True:
                try:
                    more = self._events.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    return
                events.append(more)
            self._deliver(events)

    def _deliver(self, events: list[tuple[str, str, str, float]]) -> None:
        body = dumps(
            self._cloud_events(events) if self.format == "cloudevents" else self._notifications(events)
        ).encode()
        content_type = "application/cloudevents+json" if self.format == "cloudevents" else "application/json"
        signature = base64.b64encode(hmac.new(self._key, body, hashlib.sha256).digest()).decode()
        headers = {"Content-Type": content_type, "intuit-signature": signature, "intuit-t-id": str(uuid.uuid4())}
        for wait in (0.0, 1.0, 2.0):
            time.sleep(wait)
            url = self.url
            if not url:
                return
            try:
                request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
                with urllib.request.urlopen(request, timeout=3):  # noqa: S310
                    self._stats.count("webhooks")
                    return
            except (urllib.error.URLError, OSError):
                continue

    def _cloud_events(self, events: list[tuple[str, str, str, float]]) -> list[dict[str, Any]]:
        return [
            {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
                "type": f"qbo.{kind.lower()}.{_WORDS[operation]}.v1",
                "datacontenttype": "application/json",
                "time": utc_text(at).replace("Z", "517Z"),
                "intuitentityid": ident,
                "intuitaccountid": self._realm,
                "data": {},
            }
            for kind, ident, operation, at in events
        ]

    def _notifications(self, events: list[tuple[str, str, str, float]]) -> dict[str, Any]:
        entities = [
            {"name": kind, "id": ident, "operation": _OLD_WORDS[operation], "lastUpdated": utc_text(at)}
            for kind, ident, operation, at in events
        ]
        return {"eventNotifications": [{"realmId": self._realm, "dataChangeEvent": {"entities": entities}}]}

"""New orders in the stand-in store, now and then, so that there is always something to sync."""

from __future__ import annotations

import json
import logging
import random
import threading
import urllib.error
import urllib.request

logger = logging.getLogger(__name__)

FIRST_AFTER_SECONDS, FIRST_ORDERS = 15.0, 3
"""The first sync is through by then, and *Sync now* has something to do."""
BETWEEN_SECONDS = (40.0, 120.0)


class Buyers:
    """Buys one thing after another, by the stand-in's control API, until stopped."""

    def __init__(self, store_url: str) -> None:
        self._address = f"{store_url}/_sandbox/orders"
        self._stopped = threading.Event()
        self._draw = random.Random()  # noqa: S311  (when somebody buys is no secret)
        self._thread = threading.Thread(target=self._buy, name="buyers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _buy(self) -> None:
        wait, count = FIRST_AFTER_SECONDS, FIRST_ORDERS
        while not self._stopped.wait(wait):
            add_orders(self._address, count)
            wait, count = self._draw.uniform(*BETWEEN_SECONDS), 1


def add_orders(address: str, count: int) -> bool:
    """Whether the store took them; a store that is busy or gone is no reason to end the demo."""
    body = json.dumps({"add": count}).encode()
    request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # nosec B310
            answer.read()
    except (urllib.error.URLError, OSError) as error:
        logger.warning("demo.no_new_order", extra={"error": str(error)})
        return False
    return True

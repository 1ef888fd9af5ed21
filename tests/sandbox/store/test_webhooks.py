"""The shop's deliveries, as WooCommerce makes them: queued, merged, signed, and switched off after failures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.http import Request, Response, Server
from tests.sandbox.store.conftest import Client

SECRET = "only between us"


@dataclass
class Listener:
    """Takes deliveries and answers with `status`."""

    status: int = 200
    received: list[Request] = field(default_factory=list)
    url: str = ""

    def answer(self, request: Request) -> Response:
        self.received.append(request)
        return Response(self.status)

    @property
    def pings(self) -> list[Request]:
        return [one for one in self.received if "x-wc-webhook-topic" not in one.headers]

    @property
    def told(self) -> list[tuple[str, int]]:
        """(topic, id) of every delivery."""
        return [
            (one.headers["x-wc-webhook-topic"], one.json()["id"])
            for one in self.received
            if "x-wc-webhook-topic" in one.headers
        ]


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    server = Server(found.answer)
    server.start()
    found.url = f"{server.url}/hook"
    yield found
    server.stop()


def until(is_so: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def register(shop: Client, listener: Listener, *topics: str) -> list[int]:
    shop.control("webhooks", {"seconds": 0.05})
    ids = []
    for topic in topics:
        body = {"topic": topic, "delivery_url": listener.url, "secret": SECRET}
        ids.append(shop.post("webhooks", body).json["id"])
    until(lambda: len(listener.pings) == len(topics))
    return ids


def some_order(shop: Client) -> int:
    return int(shop.control("orders")[-1]["id"])


def quiet(listener: Listener) -> list[tuple[str, int]]:
    """What was told, after nothing more can come."""
    time.sleep(0.3)
    return listener.told


def test_a_new_webhook_is_pinged_unsigned(fr: Client, listener: Listener) -> None:
    (webhook,) = register(fr, listener, "order.updated")
    ping = listener.pings[0]
    assert ping.body == f"webhook_id={webhook}".encode()
    assert ping.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "x-wc-webhook-signature" not in ping.headers


def test_a_delivery_is_signed_and_holds_what_the_api_shows(fr: Client, listener: Listener) -> None:
    order = some_order(fr)
    register(fr, listener, "order.updated")
    fr.put(f"orders/{order}", {"status": "completed"})
    until(lambda: listener.told)
    delivery = next(one for one in listener.received if "x-wc-webhook-topic" in one.headers)
    signature = base64.b64encode(hmac.new(SECRET.encode(), delivery.body, hashlib.sha256).digest()).decode()
    assert delivery.headers["x-wc-webhook-signature"] == signature
    assert delivery.headers["x-wc-webhook-resource"] == "order"
    assert delivery.headers["user-agent"].startswith("WooCommerce/")
    assert json.loads(delivery.body) == fr.get(f"orders/{order}").json


def test_changes_before_the_queue_runs_are_one_delivery_of_the_newest_state(fr: Client, listener: Listener) -> None:
    order = some_order(fr)
    register(fr, listener, "order.updated")
    for note in ("one", "two", "three"):
        fr.put(f"orders/{order}", {"customer_note": note})
    assert quiet(listener) == [("order.updated", order)]
    assert listener.received[-1].json()["customer_note"] == "three"


def test_a_checkout_tells_of_the_order_and_of_the_stock(fr: Client, listener: Listener) -> None:
    register(fr, listener, "order.created", "order.updated", "product.updated")
    products = fr.get("products", "per_page=100").json
    stocked = next(one for one in products if one["manage_stock"] is True and one["type"] == "simple")
    line = {"product_id": stocked["id"], "quantity": 1}
    order = fr.post("orders", {"status": "processing", "line_items": [line]}).json["id"]
    until(lambda: len(listener.told) >= 3)
    assert sorted(quiet(listener)) == [
        ("order.created", order), ("order.updated", order), ("product.updated", stocked["id"]),
    ]  # fmt: skip


def test_refunds_are_updates_and_their_deletion_is_silent(fr: Client, listener: Listener) -> None:
    body = {"status": "processing", "fee_lines": [{"name": "Wrapping", "total": "9.00"}]}
    order = int(fr.control("orders", {"add": body})["orders"][0]["id"])
    register(fr, listener, "order.updated")
    refund = fr.control("refunds", {"order": order, "amount": "1.00"})["id"]
    assert quiet(listener) == [("order.updated", order)]
    fr.control("refunds", {"delete": refund})
    assert quiet(listener) == [("order.updated", order)]


@pytest.mark.parametrize("country", ["fr", "us"])
def test_the_trash_is_told_as_each_storage_tells_it(country: str, listener: Listener, request: Any) -> None:
    shop: Client = request.getfixturevalue(country)
    order = some_order(shop)
    register(shop, listener, "order.updated", "order.deleted", "order.restored", "product.deleted")
    shop.delete(f"orders/{order}")
    trashed = [("order.deleted", order)] + ([("product.deleted", order)] if country == "us" else [])
    assert sorted(quiet(listener)) == trashed
    assert listener.received[-1].json() == {"id": order}
    shop.put(f"orders/{order}", {"status": "processing"})
    restored = [("order.updated", order)] if country == "us" else []
    assert sorted(quiet(listener)) == sorted([*trashed, *restored])


def test_the_seventh_failure_in_a_row_switches_a_webhook_off(fr: Client, listener: Listener) -> None:
    (webhook,) = register(fr, listener, "order.updated")
    fr.control("webhooks", {"seconds": 0.0})
    order = some_order(fr)
    listener.status = 500
    for failures in range(1, 7):
        fr.put(f"orders/{order}", {"customer_note": str(failures)})
        until(lambda: fr.control("webhooks")["webhooks"][0]["failures"] == failures)  # noqa: B023
        assert fr.get(f"webhooks/{webhook}").json["status"] == "active"
    fr.put(f"orders/{order}", {"customer_note": "last"})
    until(lambda: fr.get(f"webhooks/{webhook}").json["status"] == "disabled")
    told = len(quiet(listener))
    fr.put(f"orders/{order}", {"customer_note": "nobody hears this"})
    assert len(quiet(listener)) == told


def test_a_success_forgets_the_failures_before_it(fr: Client, listener: Listener) -> None:
    register(fr, listener, "order.updated")
    order = some_order(fr)
    listener.status = 500
    fr.put(f"orders/{order}", {"customer_note": "lost"})
    until(lambda: fr.control("webhooks")["webhooks"][0]["failures"] == 1)
    assert len(quiet(listener)) == 1, "a failed delivery is not repeated"
    listener.status = 200
    fr.put(f"orders/{order}", {"customer_note": "heard"})
    until(lambda: fr.control("webhooks")["webhooks"][0]["failures"] == 0)


def test_nothing_leaves_this_machine(fr: Client, listener: Listener) -> None:
    listener.url = "https://books.example/webhooks/woocommerce/1"
    body = {"topic": "order.updated", "delivery_url": listener.url, "secret": SECRET}
    assert fr.post("webhooks", body).status == 201
    fr.control("webhooks", {"seconds": 0.0})
    fr.put(f"orders/{some_order(fr)}", {"customer_note": "far away"})
    until(lambda: fr.control("webhooks")["webhooks"][0]["failures"] == 1)

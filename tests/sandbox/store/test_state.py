"""What was answered is there after a restart, a kill -9 included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sandbox.store.app import Store
from tests.sandbox.store.conftest import PAYLOADS, Client

ROOT = Path(__file__).parents[3]
KEEP_ADDING = """
import sys
from pathlib import Path
from sandbox.store.app import Store
from tests.sandbox.store.conftest import Client
client = Client(Store(profile="fr", orders=10, state=Path(sys.argv[1])))
while True:
    print(client.post("orders", {"line_items": [{"product_id": 18, "quantity": 1}]}).json["id"], flush=True)
"""


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Client(Store(captures=PAYLOADS / "fr", state=tmp_path))
    order_id = first.post("orders", {"line_items": [{"product_id": 18, "quantity": 2}], "status": "processing"}).json[
        "id"
    ]
    first.control("clock", {"offset_seconds": 60})
    first.control("options", {"storage": "posts"})
    seen, keys = first.walk("orders", "status=any,trash"), first.store.consumer_key
    first.store.close()
    second = Client(Store(captures=PAYLOADS / "fr", state=tmp_path))
    assert second.store.consumer_key == keys
    assert second.walk("orders", "status=any,trash") == seen
    assert second.control("clock")["offset_seconds"] == 60
    assert not second.store.shop.is_hpos
    assert second.post("orders", {}).json["id"] > order_id
    second.store.close()


@pytest.mark.crash
def test_an_answered_order_survives_a_kill(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", KEEP_ADDING, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    assert child.stdout is not None
    answered = [int(child.stdout.readline()) for _ in range(40)]
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.wait()
    child.stdout.close()
    client = Client(Store(profile="fr", orders=10, state=tmp_path))
    kept = {row["id"] for row in client.walk("orders", "_fields=id")}
    assert {*answered, *map(int, rest)} <= kept
    assert client.post("orders", {}).json["id"] > max(kept)
    client.store.close()


def test_a_refused_change_leaves_nothing_behind(fr: Client) -> None:
    before = fr.get("orders/81").body
    lines = [{"product_id": 18, "quantity": 1}, {"quantity": 1}]
    assert fr.put("orders/81", {"customer_note": "half", "line_items": lines}).status == 400
    assert fr.get("orders/81").body == before


def test_requests_from_many_threads_lose_nothing(fr: Client) -> None:
    def add() -> None:
        for _ in range(10):
            assert fr.post("orders", {"line_items": [{"product_id": 18, "quantity": 1}]}).status == 201

    stock = fr.get("products/18").json["stock_quantity"]
    before = int(fr.get("orders").headers["X-WP-Total"])
    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [row["id"] for row in fr.walk("orders", "_fields=id")]
    assert len(ids) == len(set(ids)) == before + 80
    assert fr.get("products/18").json["stock_quantity"] == stock


def test_the_statistics_count_calls_by_route(fr: Client) -> None:
    fr.get("orders", "per_page=2")
    fr.get("orders/81")
    fr.get("orders/82")
    stats = fr.control("stats")
    assert stats["calls"] == {"GET wc/v3/orders": 1, "GET wc/v3/orders/<id>": 2}
    assert stats["rows_read"] == 2
    assert fr.control("stats", {"reset": True})["total"] == 0
    assert json.dumps(stats)

"""The demo as a visitor meets it: start, sign in, sync, stop, and go on."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest
import requests

from connector.management.demo.__main__ import forget
from connector.management.stand_in import PID_FILE
from tests.connector.management.demo_process import STOP_SECONDS, DemoProcess, csrf_token, free_ports, wait_until


def count(demo: DemoProcess, *kinds: str) -> int:
    return sum(document["type"] in kinds for document in demo.ledger()["documents"])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    with DemoProcess(tmp_path_factory.mktemp("demo") / "state") as running:
        yield running
        assert running.interrupt(signal.SIGTERM)[0] == 0


def test_the_merchant_signs_in_and_meets_a_styled_page(demo: DemoProcess) -> None:
    visitor = demo.sign_in()
    page = visitor.get(f"{demo.url}/", timeout=10)
    assert page.status_code == 200
    assert "/t/maison-dupont/" in page.url
    assert "Maison Dupont" in page.text
    sheet = next(word.split('"')[1] for word in page.text.split("href=")[1:] if word.startswith('"/static/app.'))
    assert visitor.get(f"{demo.url}{sheet}", timeout=10).status_code == 200


def test_a_stranger_learns_nothing(demo: DemoProcess) -> None:
    answer = requests.get(f"{demo.url}/t/maison-dupont/", timeout=10)
    assert "/accounts/login/" in answer.url
    assert "Maison Dupont" not in answer.text


def test_the_first_sync_needs_no_click_and_a_new_order_one(demo: DemoProcess) -> None:
    wait_until(lambda: demo.runs() == ["finished"], 120, "the first sync is through")
    assert count(demo, "SalesReceipt") > 5
    order = change_orders(demo, {"add": 1})["orders"][0]
    change_orders(demo, {"change": order["id"], "status": "processing", "set_paid": True})
    number = f"Wio{order['number']}"
    assert number not in numbers(demo)
    time.sleep(1.1)  # a store tells whole seconds; a run leaves the second it begins in to the next one

    owner, overview = demo.sign_in(), f"{demo.url}/t/maison-dupont/"
    token = csrf_token(owner.get(overview, timeout=10).text)
    answer = owner.post(f"{overview}sync/", data={"csrfmiddlewaretoken": token}, timeout=10)
    assert answer.status_code < 400
    wait_until(lambda: number in numbers(demo), 120, f"{number} is in the books")


def test_an_order_is_in_the_books_within_a_minute_and_our_own_writes_start_nothing(demo: DemoProcess) -> None:
    """Shop → signed delivery → run → QuickBooks → its events, over HTTP, with the demo's own worker."""
    wait_until(lambda: all(one["deliveries"] for one in webhooks(demo, "order.created")), 120, "the shop delivers")
    assert {one["status"] for one in webhooks(demo)} == {"active"}
    order = change_orders(demo, {"add": 1})["orders"][0]
    change_orders(demo, {"change": order["id"], "status": "processing", "set_paid": True})
    started = time.monotonic()
    wait_until(lambda: f"Wio{order['number']}" in numbers(demo), 60, "the order is in the books")
    assert time.monotonic() - started < 60
    assert demo.row("SELECT heard_at IS NOT NULL FROM tenants_company") == (1,), "QuickBooks told of our writes"
    assert demo.row("SELECT names_changed_at, items_changed_at FROM tenants_company") == (None, None)


def webhooks(demo: DemoProcess, topic: str = "") -> list[dict]:
    answer = requests.get(f"{demo.store_url}/_sandbox/webhooks", timeout=10).json()
    return [one for one in answer["webhooks"] if topic in ("", one["topic"])]


def change_orders(demo: DemoProcess, change: dict) -> dict:
    answer = requests.post(f"{demo.store_url}/_sandbox/orders", json=change, timeout=10)
    answer.raise_for_status()
    return answer.json()


def numbers(demo: DemoProcess) -> set[str]:
    return {document.get("DocNumber") for document in demo.ledger()["documents"]}


def test_ctrl_c_ends_all_and_the_next_start_goes_on_until_its_stand_ins_die(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with DemoProcess(folder) as first:
        child, password = stand_in_of(folder), first.password()
        code, seconds = first.interrupt()
    assert (code, seconds < 15) == (0, True), first.said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with DemoProcess(folder, ports=free_ports(3)) as second:  # the store has moved to another port meanwhile
        assert second.password() == password
        assert second.sign_in().get(f"{second.url}/", timeout=10).status_code == 200
        wait_until(lambda: second.runs() == ["finished"], 120, "the interrupted first sync went on")
        assert count(second, "SalesReceipt") > 5
        os.kill(stand_in_of(folder), signal.SIGKILL)
        assert second.process.wait(STOP_SECONDS) == 1
    assert "stand-in store and company ended" in second.said


def stand_in_of(folder: Path) -> int:
    return int((folder / PID_FILE).read_text())


def test_ctrl_c_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    demo = DemoProcess(tmp_path / "state")
    wait_until((demo.folder / PID_FILE).exists, 120, "the stand-ins start")
    child = stand_in_of(demo.folder)
    assert demo.interrupt()[0] == 0, demo.said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_a_taken_port_is_named_with_its_variable(tmp_path: Path) -> None:
    ports = free_ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[1]))
        taken.listen()
        demo = DemoProcess(tmp_path / "state", ports=ports)
        assert demo.process.wait(120) == 1
    assert f"Port {ports[1]} is in use" in demo.said
    assert "STORE_PORT=" in demo.said
    assert not (tmp_path / "state").exists()


def test_reset_removes_nothing_but_a_demo(tmp_path: Path) -> None:
    treasure = tmp_path / "treasure.txt"
    treasure.write_text("mine")
    forget(tmp_path)
    assert treasure.exists()
    (tmp_path / "stand-in.log").touch()
    (tmp_path / "sandbox").mkdir()
    forget(tmp_path)
    assert not tmp_path.exists()

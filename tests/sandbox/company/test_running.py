"""The sandbox as a process: its one line, its memory across kills, its quick end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.running import start

ROOT = Path(__file__).parents[3]


@contextmanager
def process(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running `python -m sandbox` and its connection details; it is killed at the end at the latest."""
    command = [sys.executable, "-m", "sandbox", "--store-port", "0", "--company-port", "0", "--orders", "3", *options]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield child, json.loads(child.stdout.readline())
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


class Caller:
    """Speaks to the company over HTTP with the printed details."""

    def __init__(self, details: dict[str, Any]) -> None:
        company = details["company"]
        endpoints = requests.get(company["discovery_url"], timeout=5).json()
        tokens = requests.post(
            endpoints["token_endpoint"],
            data={"grant_type": "refresh_token", "refresh_token": company["refresh_token"]},
            auth=(company["client_id"], company["client_secret"]),
            timeout=5,
        ).json()
        self.url = f"{company['api_base_url']}/v3/company/{company['realm_id']}"
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}

    def post(self, resource: str, body: Any, **query: str) -> requests.Response:
        return requests.post(f"{self.url}/{resource}", json=body, params=query, headers=self.headers, timeout=5)

    def count(self, kind: str) -> int:
        query = {"query": f"SELECT COUNT(*) FROM {kind}"}
        answer = requests.get(f"{self.url}/query", params=query, headers=self.headers, timeout=5)
        return int(answer.json()["QueryResponse"]["totalCount"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_tells_all_and_a_signal_ends_it_at_once(number: signal.Signals) -> None:
    with process() as (child, details):
        assert set(details) == {"store", "company"}
        assert set(details["store"]) == {"url", "consumer_key", "consumer_secret"}
        assert Caller(details).count("Customer") == 0
        began = time.monotonic()
        child.send_signal(number)
        assert child.wait(5) == 0
        assert time.monotonic() - began < 1


def test_state_survives_kill_9_and_a_repeat_still_gets_its_answer(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path))
    with process(*state) as (child, details):
        caller = Caller(details)
        first = caller.post("customer", {"DisplayName": "Alice"}, requestid="r1")
        assert first.status_code == 200
        os.kill(child.pid, signal.SIGKILL)
        child.wait(5)
    with process(*state) as (_child, again):
        assert again["company"]["client_id"] == details["company"]["client_id"]
        assert again["company"]["refresh_token"] != details["company"]["refresh_token"]
        caller = Caller(again)
        assert caller.post("customer", {"DisplayName": "Alice"}, requestid="r1").text == first.text
        assert caller.count("Customer") == 1


def test_a_wrong_wish_ends_with_a_sentence() -> None:
    command = [sys.executable, "-m", "sandbox", "--store-port", "0", "--company-port", "0", "--tax", "us_manual"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "does not exist in a company of FR" in ended.stderr


def test_a_lost_answer_closes_the_connection_without_a_byte() -> None:
    with start(with_store=False) as running:
        caller = Caller(running.connection_details)
        rule = {"path_contains": "/customer", "action": "hang_up_after"}
        requests.post(f"{running.company_url}/_sandbox/faults", json=rule, timeout=5)
        with pytest.raises(requests.ConnectionError):
            caller.post("customer", {"DisplayName": "Alice"}, requestid="r1")
        assert caller.post("customer", {"DisplayName": "Alice"}, requestid="r1").status_code == 200
        assert caller.count("Customer") == 1


def test_latency_slows_every_call_and_counts_as_being_in_flight() -> None:
    with start(with_store=False, latency_ms=60) as running:
        caller = Caller(running.connection_details)
        began = time.monotonic()
        caller.count("Customer")
        assert time.monotonic() - began >= 0.06
        limits = {"concurrent": 2, "per_second": 1000}
        requests.post(f"{running.company_url}/_sandbox/throttle", json=limits, timeout=5)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda number: caller.post("term", {"Name": f"T{number}"}).status_code, range(4)))
        assert sorted(answers) == [200, 200, 429, 429]
        with pytest.raises(LookupError, match="Only the company"):
            _ = running.store_url

"""Stores to ask: captured ones (read only, and fresh for those that change something) and invented ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.http import HangUp, Request, Response
from sandbox.store.app import Store

PAYLOADS = Path(__file__).parents[2] / "payloads" / "woocommerce"
HOME = "http://127.0.0.1:8101"


def captured(country: str, name: str) -> Any:
    """One captured file of a real store."""
    return json.loads((PAYLOADS / country / name).read_text(encoding="utf-8"))


@dataclass
class Answer:
    """An answer with its body read as JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def ids(self) -> list[int]:
        return [row["id"] for row in self.json]


class Client:
    """Asks a store directly, over what it takes for https, with its key."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def request(
        self, method: str, path: str, query: str = "", body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response | HangUp:
        pair = f"{self.store.consumer_key}:{self.store.consumer_secret}".encode()
        own = {"authorization": f"Basic {base64.b64encode(pair).decode()}", "x-forwarded-proto": "https"}
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        own["content-type"] = "application/json"
        return self.store.handle(Request(method, path, query, own if headers is None else headers, raw, HOME))

    def ask(self, method: str, path: str, query: str = "", body: Any = None, **headers: Any) -> Answer:
        answer = self.request(method, path, query, body, headers.get("headers"))
        assert isinstance(answer, Response)
        return Answer(answer.status, answer.headers, answer.body)

    def get(self, path: str, query: str = "") -> Answer:
        return self.ask("GET", f"/wp-json/wc/v3/{path}", query)

    def post(self, path: str, body: Any, query: str = "") -> Answer:
        return self.ask("POST", f"/wp-json/wc/v3/{path}", query, body)

    def put(self, path: str, body: Any) -> Answer:
        return self.ask("PUT", f"/wp-json/wc/v3/{path}", "", body)

    def delete(self, path: str, query: str = "") -> Answer:
        return self.ask("DELETE", f"/wp-json/wc/v3/{path}", query)

    def control(self, name: str, body: Any = None) -> Any:
        answer = self.ask("GET" if body is None else "POST", f"/_sandbox/{name}", "", body)
        assert answer.status == 200, answer.body
        return answer.json

    def walk(self, path: str, query: str, *, per_page: int = 100) -> list[dict[str, Any]]:
        """All pages of a list, as many as page 1 said there were."""
        first = self.get(path, f"{query}&per_page={per_page}")
        rows: list[dict[str, Any]] = first.json
        for page in range(2, int(first.headers["X-WP-TotalPages"]) + 1):
            rows += self.get(path, f"{query}&per_page={per_page}&page={page}").json
        return rows


def _client(**options: Any) -> Iterator[Client]:
    store = Store(**options)
    yield Client(store)
    store.close()


@pytest.fixture(scope="session")
def fr_captured() -> Iterator[Client]:
    """The French store as captured; tests must not change it."""
    yield from _client(captures=PAYLOADS / "fr")


@pytest.fixture(scope="session")
def us_captured() -> Iterator[Client]:
    """The US store as captured; tests must not change it."""
    yield from _client(captures=PAYLOADS / "us")


@pytest.fixture
def fr() -> Iterator[Client]:
    """The French store (HPOS), to change."""
    yield from _client(captures=PAYLOADS / "fr")


@pytest.fixture
def us() -> Iterator[Client]:
    """The US store (posts), to change."""
    yield from _client(captures=PAYLOADS / "us")


@pytest.fixture(scope="session", params=["fr", "us", "ca", "gb"])
def invented(request: pytest.FixtureRequest) -> Iterator[Client]:
    """An invented shop with 200 orders; tests must not change it."""
    yield from _client(profile=request.param, orders=200)

"""Where a shop sends us is judged like what a person types, and keys never follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from pytest_django import Settings

from sandbox.http import Request, Response, Server
from sync.connections.store import StoreProblem, connect_store, find_store
from tenants.models import Tenant
from tests.factories import workspace

KEYS = {"consumer_key": "ck_" + "a" * 40, "consumer_secret": "cs_" + "b" * 40}


class Mover:
    """A site that answers everything with a redirect, and notes what it was sent."""

    def __init__(self, target: str) -> None:
        self.seen: list[Request] = []
        self._target = target
        self._server = Server(self._answer)
        self._server.start()
        self.url = self._server.url

    def _answer(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(301, b"", "text/html", {"Location": f"{self._target}{request.path}"})

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def target() -> Iterator[Mover]:
    made = Mover("http://127.0.0.1:9")
    yield made
    made.stop()


@pytest.fixture
def mover(target: Mover) -> Iterator[Mover]:
    made = Mover(target.url)
    yield made
    made.stop()


def test_a_redirect_is_offered_and_never_followed_with_keys(db: None, mover: Mover, target: Mover) -> None:
    tenant = workspace("shop", "Shop", company=None, store_url="")
    check = connect_store(tenant, url=mover.url, **KEYS)
    assert (check.reason, check.moved_to) == ("store_moved", target.url)
    assert mover.seen
    assert target.seen == []
    assert Tenant.objects.get(pk=tenant.pk).store_url == ""


@pytest.mark.parametrize("private", ["http://169.254.169.254", "http://10.0.0.8:8080", "https://localhost"])
def test_a_redirect_into_a_private_network_is_not_even_offered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, private: str
) -> None:
    settings.ALLOW_PRIVATE_STORE_URLS = False

    def moved(self: Any, *_arguments: Any, **_options: Any) -> Any:
        answer = requests.Response()
        answer.status_code, answer.url = 301, "https://shop.example/wp-json/"
        answer.headers["Location"] = f"{private}/wp-json/"
        answer._content = b""
        return answer

    monkeypatch.setattr("connector.http.Session.get", moved)
    found = find_store("shop.example")
    assert isinstance(found, StoreProblem)
    assert (found.reason, found.moved_to) == ("store_moved", "")

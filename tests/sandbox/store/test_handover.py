"""The key hand-over (WooCommerce behaviour, Key hand-over)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from sandbox.http import Request, Response, Server
from tests.sandbox.store.conftest import Answer, Client

AUTHORIZE = "/wc-auth/v1/authorize"


class Application:
    """Takes keys at its callback address, or refuses them."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, object]] = []

    def handle(self, request: Request) -> Response:
        self.bodies.append(json.loads(request.body))
        return Response(self.status)


@pytest.fixture
def application() -> Iterator[tuple[Application, str]]:
    taking = Application()
    server = Server(taking.handle)
    server.start()
    yield taking, server.url
    server.stop()


def _wanted(callback: str, **changes: str) -> str:
    wanted = {
        "app_name": "Juste",
        "scope": "read_write",
        "user_id": "tenant-42",
        "return_url": "http://127.0.0.1:8000/back?step=2",
        "callback_url": callback,
    }
    return urlencode({**wanted, **changes})


def _approve(client: Client, page: Answer) -> Answer:
    link = unescape(re.findall(r'class="button" href="([^"]+)"', page.body.decode())[0])
    parts = urlsplit(link)
    return client.ask("GET", parts.path, parts.query)


def test_approving_posts_a_working_key_and_goes_back(fr: Client, application: tuple[Application, str]) -> None:
    taking, url = application
    fr.store.allow_http_callbacks = True
    page = fr.ask("GET", AUTHORIZE, _wanted(f"{url}/keys"))
    assert "Juste would like to connect" in page.body.decode()
    answer = _approve(fr, page)
    assert answer.status == 302
    assert answer.headers["Location"] == "http://127.0.0.1:8000/back?step=2&success=1&user_id=tenant-42"
    (body,) = taking.bodies
    assert body["user_id"] == "tenant-42"
    query = f"consumer_key={body['consumer_key']}&consumer_secret={body['consumer_secret']}"
    assert fr.ask("GET", "/wp-json/wc/v3/orders", query, headers={"x-forwarded-proto": "https"}).status == 200


def test_a_refused_key_is_taken_back(fr: Client, application: tuple[Application, str]) -> None:
    taking, url = application
    taking.status = 500
    fr.store.allow_http_callbacks = True
    answer = _approve(fr, fr.ask("GET", AUTHORIZE, _wanted(f"{url}/keys")))
    assert answer.status == 401
    assert "unable to send the consumer data" in answer.body.decode()
    assert len(fr.control("keys")) == 1


def test_denying_goes_back_without_success(fr: Client) -> None:
    fr.store.allow_http_callbacks = True
    page = fr.ask("GET", AUTHORIZE, _wanted("http://127.0.0.1:9/keys")).body.decode()
    deny = unescape(re.findall(r'<a href="([^"]+)">Deny', page)[0])
    assert dict(parse_qsl(urlsplit(deny).query))["success"] == "0"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"callback_url": ""}, "Missing parameter callback_url."),
        ({"scope": "admin"}, "Invalid scope admin."),
        ({}, "The callback_url needs to be over SSL."),
        ({"callback_url": "https://elsewhere.example/keys"}, "to this machine only"),
    ],
)
def test_what_is_wrong_is_said(fr_captured: Client, changes: dict[str, str], sentence: str) -> None:
    answer = fr_captured.ask("GET", AUTHORIZE, _wanted("http://127.0.0.1:9/keys", **changes))
    assert answer.status == 401
    assert sentence in answer.body.decode()


def test_a_link_that_was_changed_grants_nothing(fr: Client) -> None:
    fr.store.allow_http_callbacks = True
    query = _wanted("http://127.0.0.1:9/keys") + "&wc_auth_nonce=0123456789"
    assert fr.ask("GET", "/wc-auth/v1/access_granted/", query).status == 401
    assert len(fr.control("keys")) == 1

"""Keys over https, OAuth over http, and what each kind of nobody is told (WooCommerce behaviour, Authentication)."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from woocommerce import API

from sandbox.http import Server
from sandbox.store.auth import signature
from tests.sandbox.store.conftest import HOME, Answer, Client, captured

ORDERS = "/wp-json/wc/v3/orders"
HTTPS = {"x-forwarded-proto": "https"}


def _basic(key: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def _as_captured(answer: Answer, name: str) -> None:
    wanted = next(row for row in captured("fr", "errors.json") if row["name"] == name)
    assert (answer.status, answer.body.decode()) == (wanted["status"], wanted["body"])


def _keys(client: Client) -> tuple[str, str]:
    return client.store.consumer_key, client.store.consumer_secret


def test_nobody_unknown_keys_and_wrong_secrets_are_told_what_woocommerce_tells(fr_captured: Client) -> None:
    key, secret = _keys(fr_captured)
    _as_captured(fr_captured.ask("GET", ORDERS, headers=HTTPS), "no_auth")
    _as_captured(fr_captured.ask("GET", ORDERS, headers=HTTPS | _basic("ck_unknown", secret)), "unknown_key")
    _as_captured(fr_captured.ask("GET", ORDERS, headers=HTTPS | _basic(key, "cs_wrong")), "wrong_secret")
    assert fr_captured.ask("GET", "/wp-json/", headers=HTTPS | _basic(key, "cs_wrong")).status == 200


def test_over_http_basic_and_query_are_ignored(fr_captured: Client) -> None:
    key, secret = _keys(fr_captured)
    _as_captured(fr_captured.ask("GET", ORDERS, "per_page=1", headers=_basic(key, secret)), "basic_over_http")
    query = f"consumer_key={key}&consumer_secret={secret}"
    _as_captured(fr_captured.ask("GET", ORDERS, query, headers={}), "query_over_http")
    assert fr_captured.ask("GET", ORDERS, query, headers=HTTPS).status == 200


def test_plain_permalinks_do_not_look_at_keys(fr_captured: Client) -> None:
    key, secret = _keys(fr_captured)
    answer = fr_captured.ask("GET", "/", "rest_route=/wc/v3/orders", headers=HTTPS | _basic(key, secret))
    assert answer.status == 401


def test_keys_may_do_only_what_they_were_made_for(fr: Client) -> None:
    reader = fr.control("keys", {"permissions": "read"})
    writer = fr.control("keys", {"permissions": "write", "role": "shop_manager"})
    buyer = fr.control("keys", {"permissions": "read_write", "role": "customer"})
    as_reader = HTTPS | _basic(reader["consumer_key"], reader["consumer_secret"])
    as_writer = HTTPS | _basic(writer["consumer_key"], writer["consumer_secret"])
    as_buyer = HTTPS | _basic(buyer["consumer_key"], buyer["consumer_secret"])
    _as_captured(fr.ask("POST", ORDERS, "", {}, headers=as_reader), "write_with_read_key")
    _as_captured(fr.ask("GET", ORDERS, headers=as_writer), "read_with_write_key")
    assert fr.ask("POST", ORDERS, "", {}, headers=as_writer).status == 201
    refused = fr.ask("GET", ORDERS, headers=as_buyer)
    assert (refused.status, refused.json["code"]) == (403, "woocommerce_rest_cannot_view")
    fr.control("keys", {"revoke": reader["consumer_key"]})
    _as_captured(fr.ask("GET", ORDERS, headers=as_reader), "unknown_key")


def _signed(client: Client, algorithm: str = "sha256", **changes: Any) -> str:
    key, secret = _keys(client)
    params: dict[str, Any] = {
        "per_page": "1",
        "_fields": "id",
        "oauth_consumer_key": key,
        "oauth_nonce": f"n{time.perf_counter_ns()}",
        "oauth_signature_method": f"HMAC-{algorithm.upper()}",
        "oauth_timestamp": str(int(time.time())),
        **changes,
    }
    signed = signature("GET", f"{HOME}{ORDERS}", params, secret, algorithm)
    return _query({**params, "oauth_signature": signed})


def _query(params: Mapping[str, Any]) -> str:
    return urlencode(params)


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_signature_opens_the_door_once(fr: Client, algorithm: str) -> None:
    query = _signed(fr, algorithm)
    assert fr.ask("GET", ORDERS, query, headers={}).json == [{"id": 485}]
    _as_captured(fr.ask("GET", ORDERS, query, headers={}), "oauth_replay")


def test_wrong_old_and_incomplete_signatures_have_their_own_messages(fr: Client) -> None:
    spoiled = _signed(fr).replace("oauth_signature=", "oauth_signature=x")
    _as_captured(fr.ask("GET", ORDERS, spoiled, headers={}), "oauth_bad_signature")
    old = _signed(fr, oauth_timestamp=str(int(time.time()) - 3600))
    _as_captured(fr.ask("GET", ORDERS, old, headers={}), "oauth_old_timestamp")
    key, _ = _keys(fr)
    missing = fr.ask("GET", ORDERS, f"oauth_consumer_key={key}", headers={}).json
    assert missing["message"].startswith("Missing OAuth parameters oauth_timestamp, oauth_nonce")


@pytest.fixture
def served(fr: Client) -> Iterator[tuple[Client, str]]:
    server = Server(fr.store.handle)
    server.start()
    yield fr, server.url
    server.stop()


def test_the_woocommerce_package_reads_and_writes_unmodified_over_http(served: tuple[Client, str]) -> None:
    """Version 3.0.0 sends the query twice over http; PHP takes the last of equal names, and so does the store."""
    client, url = served
    key, secret = _keys(client)
    api = API(url=url, consumer_key=key, consumer_secret=secret, version="wc/v3", timeout=10)
    orders = api.get("orders", params={"per_page": 2, "status": "any", "_fields": "id,total"})
    assert orders.status_code == 200
    assert [row["id"] for row in orders.json()] == [485, 272]
    assert orders.headers["X-WP-Total"] == "165"
    created = api.post("orders", {"line_items": [{"product_id": 18, "quantity": 3}]})
    assert (created.status_code, created.json()["total"]) == (201, "29.97")
    assert api.delete(f"orders/{created.json()['id']}", params={"force": "true"}).status_code == 200
    assert api.get(f"orders/{created.json()['id']}").status_code == 404


def test_there_is_one_date_header(served: tuple[Client, str]) -> None:
    client, url = served
    key, secret = _keys(client)
    api = API(url=url, consumer_key=key, consumer_secret=secret, version="wc/v3", timeout=10)
    assert api.get("orders", params={"per_page": 1}).headers["Date"].count("GMT") == 1

from __future__ import annotations

import base64
import hashlib
import hmac
import inspect
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
import responses
from woocommerce.api import API

from connector.http import ANY_ADDRESS, Session
from connector.woo.session import SignedUrl, StoreApi, StoreKeys

KEYS = StoreKeys("ck_" + "1" * 40, "cs_" + "2" * 40)


@pytest.fixture
def session() -> Session:
    return Session(timeout=(1, 2), event="store.response", guard=ANY_ADDRESS)


def test_the_package_is_the_one_whose_inside_we_replace() -> None:
    assert version("woocommerce") == "3.0.0"
    assert list(inspect.signature(API._API__request).parameters) == [  # type: ignore[attr-defined]
        "self",
        "method",
        "endpoint",
        "data",
        "params",
        "kwargs",
    ]
    source = inspect.getsource(API)
    assert source.count("return self.__request(") == 5
    assert source.count("return request(") == 1


@responses.activate
def test_every_verb_of_the_package_goes_through_our_session(session: Session) -> None:
    url = "https://shop.example/wp-json/wc/v3/orders"
    for verb in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        responses.add(verb, url, json=[])
    api: Any = StoreApi("https://shop.example", KEYS, session)
    sent = [
        api.get("orders"),
        api.post("orders", {}),
        api.put("orders", {}),
        api.delete("orders"),
        api.options("orders"),
    ]
    assert [response.request.method for response in sent] == ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    assert all(call.request.req_kwargs["timeout"] == (1, 2) for call in responses.calls)  # type: ignore[attr-defined]


@responses.activate
def test_over_https_the_keys_go_in_the_header_and_never_in_the_address(session: Session) -> None:
    responses.get("https://shop.example/fr/wp-json/wc/v3/orders", json=[])
    request = StoreApi("https://shop.example/fr/", KEYS, session).call("GET", "orders", params={"page": "1"}).request
    assert request.url == "https://shop.example/fr/wp-json/wc/v3/orders?page=1"
    wanted = base64.b64encode(f"{KEYS.consumer_key}:{KEYS.consumer_secret}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {wanted}"


@responses.activate
def test_over_http_the_query_is_sent_once_signed_and_without_the_secret(session: Session) -> None:
    responses.get("http://shop.example/wp-json/wc/v3/orders", json=[])
    api = StoreApi("http://shop.example", KEYS, session)
    params = {"_fields": "id,total", "modified_after": "2026-01-02T03:04:05", "status": "any,trash"}
    request = api.call("GET", "orders", params=params).request
    pairs = parse_qsl(urlsplit(str(request.url)).query)
    assert [pair for pair in pairs if not pair[0].startswith("oauth_")] == list(params.items())
    assert len(pairs) == len(dict(pairs)) == 8
    assert "Authorization" not in request.headers
    assert KEYS.consumer_secret not in str(request.url)


def expected_signature(method: str, url: str, pairs: dict[str, str]) -> str:
    """RFC 5849, section 3.4, written out again."""
    unsigned = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in pairs.items())
    text = "&".join(f"{name}={value}" for name, value in unsigned)
    base = "&".join((method, quote(url, safe="-._~"), quote(text, safe="-._~")))
    digest = hmac.new(f"{KEYS.consumer_secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    "query", ["", "?page=2&_fields=id%2Ctotal", "?search=a+b%26c%3Dd&after=2026-01-02T03%3A04%3A05"]
)
def test_the_signature_is_the_one_of_the_standard(query: str) -> None:
    url = "http://shop.example/wp-json/wc/v3/orders"
    signed = SignedUrl(KEYS)(requests.Request("GET", url + query).prepare())
    pairs = dict(parse_qsl(urlsplit(str(signed.url)).query))
    given = pairs.pop("oauth_signature")
    assert given == expected_signature("GET", url, pairs)


def test_no_nonce_comes_twice() -> None:
    prepared = requests.Request("GET", "http://shop.example/").prepare()
    nonces = {
        dict(parse_qsl(urlsplit(str(SignedUrl(KEYS)(prepared.copy()).url)).query))["oauth_nonce"] for _ in range(99)
    }
    assert len(nonces) == 99


def test_keys_are_not_printed() -> None:
    assert "1111" not in repr(KEYS)
    assert "2222" not in repr(KEYS)

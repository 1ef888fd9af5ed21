from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.woo.handover import approval_url, read_handed_keys
from tests.connector.woo.conftest import Load


def test_the_shopkeeper_is_sent_to_the_stores_own_page_with_all_five_parameters() -> None:
    url = approval_url(
        "https://shop.example/fr/",
        app_name="Juste",
        state="s.1",
        return_url="https://books.example/t/a/connect/store/return/",
        callback_url="https://books.example/connect/woocommerce/s.1/keys",
    )
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://shop.example/fr/wc-auth/v1/authorize"
    assert {name: value[0] for name, value in parse_qs(parts.query).items()} == {
        "app_name": "Juste",
        "scope": "read_write",
        "user_id": "s.1",
        "return_url": "https://books.example/t/a/connect/store/return/",
        "callback_url": "https://books.example/connect/woocommerce/s.1/keys",
    }


def test_the_captured_post_of_a_real_store_is_read(payload: Load) -> None:
    keys = read_handed_keys(payload("fr", "wc_auth_callback")["body"].encode())
    assert keys.user_id == "tenant-42"
    assert keys.permissions == "read_write"
    assert keys.consumer_key.startswith("ck_9f14")
    assert "ck_" not in repr(keys)


KEY, SECRET = "ck_" + "a" * 40, "cs_" + "b" * 40


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"consumer_key=ck_1",
        b"[]",
        b'"text"',
        b"[" * 5000,
        json.dumps({"consumer_key": KEY}).encode(),
        json.dumps({"consumer_key": SECRET, "consumer_secret": KEY}).encode(),
        json.dumps({"consumer_key": KEY, "consumer_secret": {"$ne": ""}}).encode(),
        json.dumps({"consumer_key": KEY + "\r\nX: 1", "consumer_secret": SECRET}).encode(),
        json.dumps({"consumer_key": KEY, "consumer_secret": SECRET, "more": "x" * 20_000}).encode(),
    ],
)
def test_anything_else_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(ValueError) as caught:
        read_handed_keys(body)
    assert "aaaa" not in str(caught.value)
    assert "bbbb" not in str(caught.value)

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import tenacity
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import PUBLIC_ONLY, AddressRefusedError, Retry
from connector.woo.answers import Answer, expect_list, expect_object, find_json, read_answer, shown, translate_failure
from connector.woo.calls import StoreCalls
from connector.woo.session import StoreKeys

URL = "https://shop.example/wp-json/wc/v3/orders"
ORDER_WITH_A_PERSON = '[{"id":86,"billing":{"first_name":"Alice","email":"alice@example.com"},"taxes":[{"id":1}]'

Outcome = tuple[type[SyncError], str] | str

# What each captured answer must become: an error and its reason, or "list" / "object" for a good answer.
OUTCOMES: dict[str, Outcome] = {
    "no_auth": (ConnectionLostError, "store_refused_keys"),
    "unknown_key": (ConnectionLostError, "store_refused_keys"),
    "wrong_secret": (ConnectionLostError, "store_refused_keys"),
    "unknown_key_on_root": (RetryableError, "store_not_json"),  # the capture is cut short
    "basic_over_http": (ConnectionLostError, "store_refused_keys"),
    "query_over_https": "list",
    "query_over_http": (ConnectionLostError, "store_refused_keys"),
    "write_with_read_key": (ConnectionLostError, "store_refused_keys"),
    "read_with_write_key": (ConnectionLostError, "store_refused_keys"),
    "order_not_found": (FaultError, "refused_by_store:woocommerce_rest_shop_order_invalid_id"),
    "product_not_found": (FaultError, "refused_by_store:woocommerce_rest_product_invalid_id"),
    "refunds_of_missing_order": "list",
    "variation_not_found": (FaultError, "refused_by_store:woocommerce_rest_product_variation_invalid_id"),
    "no_route": (ConnectionLostError, "store_no_rest"),
    "no_route_root": (ConnectionLostError, "store_no_rest"),
    "invalid_param_per_page": (FaultError, "refused_by_store:rest_invalid_param"),
    "invalid_param_several": (FaultError, "refused_by_store:rest_invalid_param"),
    "invalid_json_body": (FaultError, "refused_by_store:rest_invalid_json"),
    "wrong_type": (FaultError, "refused_by_store:rest_invalid_param"),
    "method_not_allowed": (ConnectionLostError, "store_no_rest"),
    "options": (RetryableError, "store_not_json"),  # the capture is cut short
    "head": (RetryableError, "store_not_json"),
    "delete_without_force_not_supported": (FaultError, "refused_by_store:woocommerce_rest_trash_not_supported"),
    "batch_101": (FaultError, "refused_by_store:woocommerce_rest_request_entity_too_large"),
    "batch_mixed": "object",
    "notice_before_json": "list",
    "post_as_method_override": "list",
    "oauth_ok": "list",
    "oauth_replay": (RetryableError, "store_nonce_used"),
    "oauth_bad_signature": (ConnectionLostError, "store_refused_keys"),
    "oauth_old_timestamp": (ConnectionLostError, "store_refused_keys"),
    "oauth_sha1": "list",
    "oauth_brackets": "list",
}


def captured_errors() -> list[Any]:
    folder = Path(__file__).resolve().parents[2] / "payloads" / "woocommerce"
    return [
        pytest.param(entry, id=f"{store}-{entry['name']}")
        for store in ("fr", "us")
        for entry in json.loads((folder / store / "errors.json").read_text(encoding="utf-8"))
    ]


@pytest.fixture
def calls() -> StoreCalls:
    retry = Retry(stop=tenacity.stop_after_attempt(1), sleep=lambda seconds: None)
    return StoreCalls("https://shop.example", StoreKeys("ck_1", "cs_2"), guard=PUBLIC_ONLY, retry=retry, timeout=(1, 1))


@pytest.fixture
def web() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def failure(call: Callable[[], object]) -> SyncError:
    with pytest.raises(SyncError) as caught:
        call()
    return caught.value


def answer_of(
    web: responses.RequestsMock, calls: StoreCalls, body: str | bytes, *, status: int = 200, **headers: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    web.add("GET", URL, body=body, status=status, headers=named, content_type="application/json; charset=UTF-8")
    return calls.get("orders", {}).answer


@pytest.mark.parametrize("entry", captured_errors())
def test_every_captured_answer_becomes_what_it_means(
    entry: dict[str, Any], web: responses.RequestsMock, calls: StoreCalls
) -> None:
    headers = {name: value for name, value in entry["headers"] if name not in ("Host", "Connection", "Content-Type")}
    web.add("GET", URL, body=entry["body"], status=entry["status"], headers=headers, content_type="application/json")
    outcome = OUTCOMES[entry["name"]]
    if isinstance(outcome, str):
        answer = calls.get("orders", {}).answer
        assert isinstance(answer.value, list if outcome == "list" else dict)
        assert bool(answer.warning) == (entry["name"] == "notice_before_json")
        return
    error = failure(lambda: calls.get("orders", {}))
    assert (type(error), error.reason) == outcome
    assert "ck_1" not in error.detail


def test_a_plugins_notice_is_kept_as_a_warning(web: responses.RequestsMock, calls: StoreCalls) -> None:
    notice = '<br />\n<b>Warning</b>:  Undefined array key "cache" in <b>/wp-content/plugins/x/init.php</b><br />\n'
    answer = answer_of(web, calls, notice + '[{"id":471,"total":"84.00"}]')
    assert answer.value == [{"id": 471, "total": "84.00"}]
    assert answer.warning == 'Warning : Undefined array key "cache" in /wp-content/plugins/x/init.php'
    assert calls.warnings == [answer.warning]


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff[{"id":1}]',
        'Warning: foo() in {closure} on line 3\n[{"id":1}]',
        '<pre>array [0] {x}</pre>\n\n  [{"id":1}]',
        '[{"id":1}]\n<!-- Cached page generated by a plugin -->',
        'Notice: [a]\n<br />[{"id":1}]  ',
    ],
)
def test_json_is_found_in_the_noise(text: str) -> None:
    assert find_json(text)[0] == [{"id": 1}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html><body>[1]</body></html>",
        '<!DOCTYPE html><script type="application/ld+json">{"id":1}</script>',
        '<div>\n{"id":1}</div>',
        ORDER_WITH_A_PERSON,
        '[{"id":1,"line_items":[{"id":7}]',
        '[{"id":1},{"id":2}',
        '{"id":1}{"id":2}',
        '<b>Notice</b>\n[{"id":1,"line_items":[{"id":7}]',
        '[{"id":NaN}]',
    ],
)
def test_half_an_answer_is_never_taken_for_a_whole_one(text: str) -> None:
    with pytest.raises(ValueError):
        find_json(text)


def test_a_page_instead_of_json_is_worth_another_try(web: responses.RequestsMock, calls: StoreCalls) -> None:
    page = "<html><head><style>p{}</style><title>Just a moment…</title></head><body>Write to help@shop.example</body>"
    error = failure(lambda: answer_of(web, calls, page))
    assert (type(error), error.reason) == (RetryableError, "store_not_json")
    assert error.detail == "HTTP 200: Just a moment… Write to …"


def test_cut_json_is_worth_another_try_and_shows_nobody(web: responses.RequestsMock, calls: StoreCalls) -> None:
    error = failure(lambda: answer_of(web, calls, ORDER_WITH_A_PERSON))
    assert error.reason == "store_not_json"
    assert "Alice" not in str(error)
    assert "alice@" not in str(error)


def test_what_is_shown_of_a_page_holds_nothing_personal() -> None:
    seen = shown("<p>Fatal: order of jane.doe@example.com, +33 6 00 00 00 01, key ck_0123456789abcdef</p>" + "x" * 500)
    assert seen.startswith("Fatal: order of …, …, key … ")
    assert len(seen) == 200


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason", "wait"),
    [
        (503, '{"code":"wp_die","message":"Briefly unavailable"}', {"Retry_After": "600"}, "store_maintenance", 600.0),
        (503, "<h1>Service Unavailable</h1>", {}, "store_maintenance", None),
        (429, "Too many requests", {"Retry_After": "7"}, "store_busy", 7.0),
        (429, '{"code":"rate"}', {}, "store_busy", None),
        (500, '{"code":"internal_server_error","message":"<p>critical</p>","data":500}', {}, "store_failed", None),
        (502, "", {}, "store_failed", None),
        (504, "<html>", {}, "store_failed", None),
        (522, "<html>", {}, "store_failed", None),
        (403, "<title>Attention Required! | Cloudflare</title>", {}, "store_blocked", None),
        (401, "<title>Password protected</title>", {}, "store_blocked", None),
        (404, "<title>Page not found</title>", {}, "store_not_json", None),
        (302, "", {"Location": "https://shop.example/coming-soon/?key=1"}, "store_redirects", None),
        (304, "", {}, "store_redirects", None),
    ],
)
def test_trouble_that_passes_is_retried(
    status: int,
    body: str,
    headers: dict[str, str],
    reason: str,
    wait: float | None,
    web: responses.RequestsMock,
    calls: StoreCalls,
) -> None:
    error = failure(lambda: answer_of(web, calls, body, status=status, **headers))
    assert isinstance(error, RetryableError)
    assert (error.reason, error.side, error.retry_after_seconds) == (reason, "store", wait)


def test_a_store_that_moved_says_where_to_and_is_not_followed(web: responses.RequestsMock, calls: StoreCalls) -> None:
    error = failure(
        lambda: answer_of(web, calls, "", status=301, Location="https://new.example/wp-json/wc/v3/orders?oauth_nonce=1")
    )
    assert isinstance(error, ConnectionLostError)
    assert (error.reason, error.side, error.detail) == (
        "store_moved",
        "store",
        "https://new.example/wp-json/wc/v3/orders",
    )
    assert len(web.calls) == 1


def test_a_fault_keeps_its_code_and_sentence(web: responses.RequestsMock, calls: StoreCalls) -> None:
    body = '{"code":"rest_invalid_param","message":"Invalid parameter(s): per_page","data":{"status":400}}'
    error = failure(lambda: answer_of(web, calls, body, status=400))
    assert isinstance(error, FaultError)
    assert (error.code, error.message) == ("rest_invalid_param", "Invalid parameter(s): per_page")


def test_a_fault_without_a_code_is_named_after_its_status(web: responses.RequestsMock, calls: StoreCalls) -> None:
    assert failure(lambda: answer_of(web, calls, "[]", status=400)).reason == "refused_by_store:http_400"


def test_the_other_kind_of_answer_is_worth_another_try() -> None:
    for reading in (lambda: expect_list(Answer({"code": "x"})), lambda: expect_object(Answer([1]))):
        error = failure(reading)
        assert (type(error), error.reason) == (RetryableError, "store_odd_answer")
    assert expect_list(Answer([1])) == [1]
    assert expect_object(Answer({"a": 1})) == {"a": 1}


def failed(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(None, "/?oauth_signature=x", reason))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ConnectTimeout(), "store_timeout"),
        (requests.ReadTimeout("read timed out"), "store_timeout"),
        (failed(NewConnectionError(None, "refused")), "store_unreachable"),  # type: ignore[arg-type]
        (failed(NameResolutionError("shop.example", None, OSError("x"))), "store_name_unknown"),  # type: ignore[arg-type]
        (requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104))), "store_hung_up"),
        (requests.exceptions.ChunkedEncodingError("IncompleteRead"), "store_answer_cut"),
        (requests.exceptions.ContentDecodingError("gzip"), "store_answer_cut"),
        (requests.exceptions.SSLError("certificate has expired"), "store_certificate"),
        (requests.RequestException("odd"), "store_failed"),
    ],
)
def test_no_answer_at_all_is_worth_another_try(error: requests.RequestException, reason: str) -> None:
    found = translate_failure(error)
    assert isinstance(found, RetryableError)
    assert (found.reason, found.side) == (reason, "store")
    assert "oauth" not in str(found)


def test_a_forbidden_address_loses_the_connection() -> None:
    found = translate_failure(AddressRefusedError("10.0.0.1"))
    assert isinstance(found, ConnectionLostError)
    assert found.reason == "store_address_refused"


def test_bytes_that_are_no_utf_8_do_not_stop_the_reading() -> None:
    response = requests.Response()
    response.status_code = 200
    response._content = b'[{"name": "caf\xe9"}]'
    assert read_answer(response).value == [{"name": "caf\ufffd"}]

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connector.errors import ConnectionLostError, FaultError, RetryableError
from connector.qbo import oauth
from tests.connector.qbo.support import sent_text, text

DISCOVERY: dict[str, Any] = json.loads(text("oauth_discovery.json"))
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
TOKEN_URL, REVOKE_URL = DISCOVERY["token_endpoint"], DISCOVERY["revocation_endpoint"]
APP = oauth.IntuitApp(
    client_id="id",
    client_secret="the-secret",
    redirect_uri="https://juste.example/oauth/quickbooks/callback",
    discovery=DISCOVERY,
)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    oauth.forget_discovery()
    with responses.RequestsMock() as mock:
        yield mock
    oauth.forget_discovery()


def test_a_refresh_gives_new_tokens_and_their_ends(web: responses.RequestsMock) -> None:
    web.post(TOKEN_URL, body=text("oauth_tokens.json"))

    tokens = oauth.refresh_tokens(APP, "old-refresh", now=lambda: NOW)

    assert (tokens.access_token, tokens.refresh_token) == ("eyJ-new-access", "AB11-new-refresh")
    assert tokens.access_expires_at == NOW + timedelta(seconds=3600)
    assert tokens.refresh_expires_at == NOW + timedelta(seconds=8726400)
    sent = web.calls[0].request
    assert parse_qs(sent_text(web.calls[0])) == {"grant_type": ["refresh_token"], "refresh_token": ["old-refresh"]}
    assert sent.headers["Authorization"].startswith("Basic ")
    assert sent.headers["x-include-refresh-token-hard-expires-in"] == "true"


def test_an_answer_without_a_new_refresh_token_keeps_the_old_one(web: responses.RequestsMock) -> None:
    body = {key: value for key, value in json.loads(text("oauth_tokens.json")).items() if key != "refresh_token"}
    web.post(TOKEN_URL, json=body)

    assert oauth.refresh_tokens(APP, "old-refresh").refresh_token == "old-refresh"


def test_the_hard_end_of_a_refresh_token_counts(web: responses.RequestsMock) -> None:
    body = {**json.loads(text("oauth_tokens.json")), "x_refresh_token_hard_expires_in": 86400}
    web.post(TOKEN_URL, json=body)

    assert oauth.refresh_tokens(APP, "old", now=lambda: NOW).refresh_expires_at == NOW + timedelta(days=1)


def test_tokens_and_keys_do_not_show() -> None:
    tokens = oauth.Tokens("eyJ-access", NOW, "AB11-refresh", NOW)

    assert "eyJ" not in repr(tokens)
    assert "AB11" not in repr(tokens)
    assert "the-secret" not in repr(APP)


@pytest.mark.parametrize(
    ("status", "payload", "reason"),
    [
        (400, "oauth_invalid_grant.json", "quickbooks_expired"),
        (400, "oauth_other_app.json", "quickbooks_app_keys"),
        (401, "oauth_invalid_client.json", "quickbooks_app_keys"),
    ],
)
def test_a_refused_token_says_whose_turn_it_is(
    web: responses.RequestsMock, status: int, payload: str, reason: str
) -> None:
    web.post(TOKEN_URL, body=text(payload), status=status, headers={"intuit_tid": "1-tid"})

    with pytest.raises(ConnectionLostError) as caught:
        oauth.refresh_tokens(APP, "old-refresh")

    assert (caught.value.reason, caught.value.side) == (reason, "quickbooks")
    assert "1-tid" in caught.value.detail
    assert caught.value.__suppress_context__


def test_a_request_intuit_does_not_understand_is_refused(web: responses.RequestsMock) -> None:
    web.post(TOKEN_URL, json={"error": "invalid_request"}, status=400)

    with pytest.raises(FaultError, match="invalid_request"):
        oauth.refresh_tokens(APP, "old-refresh")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"status": 503, "body": "<html>"}, None),
        ({"status": 429}, 60),
        ({"status": 429, "headers": {"Retry-After": "5"}}, 5),
        ({"body": requests.ReadTimeout("slow")}, None),
        ({"status": 200, "body": "<html>"}, None),
        ({"status": 200, "body": "{}"}, None),
    ],
)
def test_a_token_call_without_an_answer_is_tried_again(
    web: responses.RequestsMock, answer: dict[str, Any], seconds: float | None
) -> None:
    web.post(TOKEN_URL, **answer)

    with pytest.raises(RetryableError) as caught:
        oauth.refresh_tokens(APP, "old-refresh")

    assert caught.value.retry_after_seconds == seconds


def test_the_authorisation_address_asks_for_accounting_only() -> None:
    address = urlsplit(oauth.authorization_url(APP, "the-state"))

    assert f"{address.scheme}://{address.netloc}{address.path}" == DISCOVERY["authorization_endpoint"]
    assert parse_qs(address.query) == {
        "client_id": ["id"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": ["https://juste.example/oauth/quickbooks/callback"],
        "state": ["the-state"],
    }


def test_a_code_is_exchanged_once(web: responses.RequestsMock) -> None:
    web.post(TOKEN_URL, body=text("oauth_tokens.json"))

    tokens = oauth.exchange_code(APP, "the-code")

    assert tokens.refresh_token == "AB11-new-refresh"
    assert parse_qs(sent_text(web.calls[0]))["code"] == ["the-code"]
    assert len(web.calls) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_revoking_a_live_or_dead_token_ends_the_same(web: responses.RequestsMock, status: int) -> None:
    web.post(REVOKE_URL, status=status, json=None if status == 200 else {"error": "invalid_grant"})

    oauth.revoke_token(APP, "refresh")

    assert json.loads(sent_text(web.calls[0])) == {"token": "refresh"}


def test_revoking_while_intuit_is_down_is_not_done(web: responses.RequestsMock) -> None:
    web.post(REVOKE_URL, status=503)

    with pytest.raises(RetryableError):
        oauth.revoke_token(APP, "refresh")


def test_the_discovery_document_is_fetched_once(web: responses.RequestsMock) -> None:
    url = oauth.DISCOVERY_URLS["sandbox"]
    web.get(url, body=text("oauth_discovery.json"))
    web.post(TOKEN_URL, body=text("oauth_tokens.json"))
    app = oauth.IntuitApp("id", "the-secret", url)

    oauth.refresh_tokens(app, "one")
    oauth.refresh_tokens(app, "two")

    assert [call.request.url for call in web.calls] == [url, TOKEN_URL, TOKEN_URL]


@pytest.mark.parametrize("answer", [{"status": 500}, {"json": {"issuer": "x"}}, {"body": "<html>"}])
def test_a_missing_discovery_document_is_tried_again(web: responses.RequestsMock, answer: dict[str, Any]) -> None:
    url = oauth.DISCOVERY_URLS["sandbox"]
    web.get(url, **answer)

    with pytest.raises(RetryableError, match="quickbooks_unreachable"):
        oauth.refresh_tokens(oauth.IntuitApp("id", "the-secret", url), "one")

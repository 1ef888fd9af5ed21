"""Tokens of a company: authorise, exchange, refresh, revoke, over intuit-oauth (QBO reference, 2 OAuth 2.0).

Whoever refreshes holds the company's refresh lock and stores the answer at once: the refresh token changes its value.
The calls raise ConnectionLostError ("quickbooks_expired": reconnect; "quickbooks_app_keys": the operator's keys are
wrong), RetryableError, and FaultError for a request that Intuit does not understand.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import Session, request_id, retry_after_seconds

DISCOVERY_URLS: Mapping[str, str] = {
    "production": "https://developer.api.intuit.com/.well-known/openid_configuration",
    "sandbox": "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
}
DISCOVERY_SECONDS = 24 * 3600.0
BUSY_SECONDS = 60.0

_SIDE: Literal["quickbooks"] = "quickbooks"
_TIMEOUT = (5.0, 30.0)
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "issuer",
    "jwks_uri",
    "userinfo_endpoint",
)
_APP_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
_OTHER_APP = "clientid"
"""In the description of invalid_grant: the token belongs to another app's keys, not to a lost connection."""


Now = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave; times are aware UTC. Tokens never show in a repr."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class IntuitApp:
    """The operator's app at Intuit. discovery: the document itself, else it is fetched from discovery_url and kept."""

    client_id: str
    client_secret: str = field(repr=False)
    discovery_url: str = DISCOVERY_URLS["production"]
    redirect_uri: str = ""
    discovery: Mapping[str, str] | None = None


def authorization_url(app: IntuitApp, state: str) -> str:
    """Where the merchant grants access; `state` is ours, single use, bound to browser and tenant."""
    with _client(app) as client:
        scopes = [Scopes.ACCOUNTING]
        return str(client.get_authorization_url(scopes, state_token=state))  # type: ignore[no-untyped-call]


def exchange_code(app: IntuitApp, code: str, *, now: Now = _utc_now) -> Tokens:
    """The tokens for an authorisation code. Never repeated here: a second exchange may kill the first's tokens."""
    with _client(app) as client, _as_ours():
        asked_at = now()
        client.get_bearer_token(code)  # type: ignore[no-untyped-call]
        return _tokens_of(client, asked_at, "")


def refresh_tokens(app: IntuitApp, refresh_token: str, *, now: Now = _utc_now) -> Tokens:
    """New tokens. After a RetryableError the same refresh token is tried again: an answer may have been lost."""
    with _client(app) as client, _as_ours():
        asked_at = now()
        client.refresh(refresh_token=refresh_token)  # type: ignore[no-untyped-call]
        return _tokens_of(client, asked_at, refresh_token)


def revoke_token(app: IntuitApp, token: str) -> None:
    """End the whole connection, by its refresh or access token. A token that is dead already counts as revoked."""
    try:
        with _client(app) as client, _as_ours():
            client.revoke(token=token)  # type: ignore[no-untyped-call]
    except (ConnectionLostError, FaultError) as error:
        if error.reason == "quickbooks_app_keys":
            raise


@contextmanager
def _client(app: IntuitApp) -> Iterator[_Client]:
    """One client and session per call: intuit-oauth's client keeps tokens and cookies."""
    with Session(timeout=_TIMEOUT, event="intuit.response") as session:
        yield _Client(session, app.discovery or discovery_document(app.discovery_url, session), app)


class _Client(AuthClient):
    """intuit-oauth's client on our session; it reads the discovery document from here, not from the network."""

    def __init__(self, session: Session, discovery: Mapping[str, str], app: IntuitApp) -> None:
        self._session = session
        self._document = discovery
        environment = app.discovery_url or "given"
        super().__init__(app.client_id, app.client_secret, app.redirect_uri, environment)  # type: ignore[no-untyped-call]

    def get(self, url: Any, **_: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 200
        answer._content = json.dumps(dict(self._document)).encode()
        return answer

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        headers = {
            **kwargs.pop("headers", {}),
            "User-Agent": "Juste",
            "x-include-refresh-token-hard-expires-in": "true",
        }
        return self._session.request(method, url, *args, headers=headers, **kwargs)


def discovery_document(url: str, session: Session) -> Mapping[str, str]:
    """Intuit's endpoints as published under `url`, kept for a day. Raises RetryableError when they cannot be had."""
    with _cache_lock:
        kept = _cache.get(url)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    try:
        answer = session.get(url, headers={"Accept": "application/json"}, allow_redirects=True)
        body = answer.json() if answer.status_code == 200 else None
    except requests.RequestException as error:
        raise RetryableError("quickbooks_unreachable", type(error).__name__, side=_SIDE) from error
    if not isinstance(body, dict) or any(not isinstance(body.get(name), str) for name in _ENDPOINTS):
        detail = f"discovery document: HTTP {answer.status_code} or an endpoint is missing"
        raise RetryableError("quickbooks_unreachable", detail, side=_SIDE)
    document = {name: str(body[name]) for name in _ENDPOINTS}
    with _cache_lock:
        _cache[url] = (time.monotonic() + DISCOVERY_SECONDS, document)
    return document


def forget_discovery() -> None:
    """Fetch the endpoints anew next time."""
    with _cache_lock:
        _cache.clear()


_cache: dict[str, tuple[float, Mapping[str, str]]] = {}
_cache_lock = threading.Lock()


@contextmanager
def _as_ours() -> Iterator[None]:
    """Turn what intuit-oauth and requests raise into ours; without the cause, whose text holds the answer's body."""
    try:
        yield
    except AuthClientError as error:
        raise _refusal(error.response) from None
    except (requests.RequestException, ValueError) as error:
        raise RetryableError("quickbooks_unreachable", type(error).__name__, side=_SIDE) from None


def _refusal(answer: requests.Response) -> SyncError:
    status, tid = answer.status_code, request_id(answer.headers)
    if status == 429 or status >= 500:
        seconds = retry_after_seconds(answer)
        busy = status == 429
        if busy and seconds is None:
            seconds = BUSY_SECONDS
        reason = "quickbooks_busy" if busy else "quickbooks_failed"
        return RetryableError(reason, f"HTTP {status} [{tid}]", side=_SIDE, retry_after_seconds=seconds)
    try:
        body = answer.json()
    except ValueError:
        body = None
    code = str(body.get("error") or "") if isinstance(body, dict) else ""
    description = str(body.get("error_description") or "") if isinstance(body, dict) else ""
    detail = f"{code or 'no error code'} with HTTP {status} [{tid}]"
    if code in _APP_ERRORS or (code == "invalid_grant" and _OTHER_APP in description.replace(" ", "").casefold()):
        return ConnectionLostError("quickbooks_app_keys", detail, side=_SIDE)
    if code == "invalid_grant":
        return ConnectionLostError("quickbooks_expired", detail, side=_SIDE)
    if not code and status == 401:
        return ConnectionLostError("quickbooks_app_keys", detail, side=_SIDE)
    if not code:
        return RetryableError("quickbooks_failed", detail, side=_SIDE)
    return FaultError(f"refused_by_quickbooks:{code}", detail, code=code)


def _tokens_of(client: _Client, asked_at: datetime, refresh_token: str) -> Tokens:
    """The tokens intuit-oauth left on its client. Raises ValueError when one is missing.

    Lifetimes are counted from before the call, so that a slow answer never makes a token look younger.
    """
    access, refresh = client.access_token, client.refresh_token or refresh_token
    seconds, rolling = client.expires_in, client.x_refresh_token_expires_in
    if not access or not refresh or seconds is None or rolling is None:
        raise ValueError("the token answer is incomplete")
    hard = getattr(client, "x_refresh_token_hard_expires_in", None)
    lasting = min(int(rolling), int(hard)) if hard else int(rolling)
    return Tokens(
        access_token=str(access),
        access_expires_at=asked_at + timedelta(seconds=int(seconds)),
        refresh_token=str(refresh),
        refresh_expires_at=asked_at + timedelta(seconds=lasting),
    )

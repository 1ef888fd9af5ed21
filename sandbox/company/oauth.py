"""Intuit's OAuth 2.0 server for this one company (QBO reference, OAuth 2.0 and the connection life cycle).

A *grant* is one consent: all tokens that come from it die together when one of them is revoked.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sandbox.company.books import Books
from sandbox.company.values import dumps, loads
from sandbox.http import Request, Response

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_726_400
_CODE_SECONDS = 600
SCOPE = "com.intuit.quickbooks.accounting"


@dataclass(frozen=True, slots=True)
class App:
    """The one registered app: its keys, and the company that can be connected."""

    client_id: str
    client_secret: str
    realm_id: str
    webhook_verifier_token: str


def read_app(books: Books) -> App:
    """The app's keys; made up on the first start of a company."""
    saved = books.storage.meta("app")
    if saved is None:
        app = App(
            client_id="AB" + secrets.token_hex(22),
            client_secret=secrets.token_urlsafe(30),
            realm_id="46208163" + "".join(str(secrets.randbelow(10)) for _ in range(11)),
            webhook_verifier_token=secrets.token_hex(18),
        )
        books.storage.set_meta(
            "app", dumps([app.client_id, app.client_secret, app.realm_id, app.webhook_verifier_token])
        )
        return app
    return App(*loads(saved))


class OAuth:
    """Issues, rotates, checks and revokes tokens. Its methods need the storage's transaction around them."""

    def __init__(self, books: Books, app: App) -> None:
        self._books = books
        self._storage = books.storage
        self._app = app

    # What the API asks

    def refusal_of(self, authorization: str, realm: str) -> tuple[int, str] | None:
        """None for a valid bearer token of a connected company, else HTTP status and detail."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return 401, "Missing bearer token"
        if len(token) < 20 or len(token) > 4096:
            return 401, "Malformed bearer token: too short or too long"
        row = self._storage.row(
            "SELECT expires, revoked FROM token WHERE token = ? AND kind = 'access'", (token.strip(),)
        )
        if row is None:
            return 401, f"Token invalid: {token[:6]}..."
        if row[1]:
            return 401, f"Token revoked: {token[:6]}..."
        if row[0] <= time.time():
            return 401, f"Token expired: {token[:6]}..."
        if realm != self._app.realm_id or self._storage.meta("disconnected"):
            return 403, "The app is not authorized for this company."
        return None

    # What an operator's control asks

    def current_refresh_token(self) -> str:
        """A refresh token that is valid now: the newest, or one of a new grant."""
        row = self._storage.row(
            "SELECT token FROM token WHERE kind = 'refresh' AND revoked = 0 AND superseded = 0 AND expires > ?"
            " ORDER BY seq DESC LIMIT 1",
            (time.time(),),
        )
        if row is not None and not self._storage.meta("disconnected"):
            return str(row[0])
        return self.new_grant()

    def new_grant(self) -> str:
        """A new consent; gives its refresh token. A disconnected company is connected again."""
        self._storage.execute("DELETE FROM meta WHERE key = 'disconnected'")
        return self._issue("refresh", secrets.token_hex(8), REFRESH_SECONDS)

    def expire_access_tokens(self) -> None:
        self._storage.execute("UPDATE token SET expires = 0 WHERE kind = 'access'")

    def revoke_all(self) -> None:
        self._storage.execute("UPDATE token SET revoked = 1")

    def disconnect(self) -> None:
        """As a user does inside QuickBooks: the API answers 3100, a refresh invalid_grant."""
        self._storage.set_meta("disconnected", "1")

    # The endpoints

    def discovery(self, request: Request) -> Response:
        """The discovery document, all addresses being this server's."""
        base = request.base_url
        return _json(200, {
            "issuer": f"{base}/op/v1",
            "authorization_endpoint": f"{base}/connect/oauth2",
            "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
            "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
            "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
            "jwks_uri": f"{base}/op/v1/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile", "address", "phone"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
        })  # fmt: skip

    def token(self, request: Request) -> Response:
        """The token endpoint: authorization_code and refresh_token grants."""
        if not self._is_app(request):
            return _json(401, {"error": "invalid_client"})
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        grant_type = form.get("grant_type")
        if grant_type == "authorization_code":
            return self._exchange(request, form)
        if grant_type == "refresh_token":
            return self._refresh(request, form)
        if grant_type is None:
            return _json(400, {"error": "invalid_request", "error_description": "grant_type is missing"})
        return _json(400, {"error": "unsupported_grant_type"})

    def revoke(self, request: Request) -> Response:
        """Kill the whole connection a token belongs to; 400 when it is dead already."""
        if not self._is_app(request):
            return _json(401, {"error": "invalid_client"})
        try:
            token = str(request.json()["token"])
        except (ValueError, KeyError, TypeError):
            return _json(400, {"error": "invalid_request", "error_description": "token is missing"})
        row = self._storage.row("SELECT grant_id FROM token WHERE token = ? AND revoked = 0", (token,))
        if row is None:
            return _json(400, {"error": "invalid_request", "error_description": "Token invalid"})
        self._storage.execute("UPDATE token SET revoked = 1 WHERE grant_id = ?", (row[0],))
        return Response(200, b"")

    def consent(self, query: dict[str, str], *, allow: bool) -> str:
        """Where the browser goes after the consent page: the app's redirect address with a code, or a refusal.

        Raises ValueError when the request names another app or no redirect address.
        """
        self.check_app(query)
        redirect = query["redirect_uri"]
        state = {"state": query["state"]} if "state" in query else {}
        if query.get("response_type") != "code" or SCOPE not in query.get("scope", "").split():
            answer = {"error": "invalid_scope", **state}
        elif not allow:
            answer = {"error": "access_denied", **state}
        else:
            grant = secrets.token_hex(8)
            code = self._issue("code", grant, _CODE_SECONDS, redirect_uri=redirect)
            self._storage.execute("DELETE FROM meta WHERE key = 'disconnected'")
            answer = {"code": code, **state, "realmId": self._app.realm_id}
        return f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(answer)}"

    def check_app(self, query: dict[str, str]) -> None:
        """Raises ValueError when a consent request names another app or no redirect address."""
        redirect = query.get("redirect_uri", "")
        if query.get("client_id") != self._app.client_id or not redirect.startswith(("http://", "https://")):
            raise ValueError("The app is not known here, or its redirect_uri is missing.")

    # Inside

    def _exchange(self, request: Request, form: dict[str, str]) -> Response:
        row = self._storage.row(
            "SELECT grant_id, expires, redirect_uri, superseded FROM token WHERE token = ? AND kind = 'code'",
            (form.get("code", ""),),
        )
        if row is None or row[1] <= time.time() or row[2] != form.get("redirect_uri"):
            return _invalid_grant("Invalid authorization code")
        if row[3]:
            self._storage.execute("UPDATE token SET revoked = 1 WHERE grant_id = ?", (row[0],))
            return _invalid_grant("Invalid authorization code")
        self._storage.execute("UPDATE token SET superseded = 1 WHERE token = ?", (form["code"],))
        return self._tokens(request, str(row[0]))

    def _refresh(self, request: Request, form: dict[str, str]) -> Response:
        token = form.get("refresh_token", "")
        at = time.time()
        row = self._storage.row(
            "SELECT kind, grant_id, expires, revoked FROM token WHERE token = ? AND kind IN ('refresh', 'access')",
            (token,),
        )
        if row is not None and row[0] == "access":
            return _invalid_grant("Incorrect Token type or clientID")
        if row is None or row[2] <= at or row[3] or self._storage.meta("disconnected"):
            return _invalid_grant("Incorrect or invalid refresh token")
        overlap = self._books.behaviour.old_refresh_token_seconds
        self._storage.execute(
            "UPDATE token SET superseded = 1, expires = MIN(expires, ?)"
            " WHERE grant_id = ? AND kind = 'refresh' AND superseded = 0",
            (at + overlap, row[1]),
        )
        return self._tokens(request, str(row[1]))

    def _tokens(self, request: Request, grant: str) -> Response:
        answer: dict[str, Any] = {
            "token_type": "bearer",
            "access_token": self._issue("access", grant, ACCESS_SECONDS),
            "expires_in": ACCESS_SECONDS,
            "refresh_token": self._issue("refresh", grant, REFRESH_SECONDS),
            "x_refresh_token_expires_in": REFRESH_SECONDS,
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = 5 * 365 * 86_400
        self._storage.execute("DELETE FROM token WHERE expires < ? AND kind = 'access'", (time.time() - 86_400,))
        return _json(200, answer)

    def _issue(self, kind: str, grant: str, seconds: int, *, redirect_uri: str | None = None) -> str:
        """A new token; access tokens are long, as the real ones are."""
        token = {"access": "eyJ" + secrets.token_urlsafe(720), "refresh": "AB11" + secrets.token_hex(23)}.get(
            kind, "AB11" + secrets.token_hex(20)
        )
        self._storage.execute(
            "INSERT INTO token (token, kind, grant_id, expires, redirect_uri, seq) VALUES (?, ?, ?, ?, ?, ?)",
            (token, kind, grant, time.time() + seconds, redirect_uri, self._storage.next("token")),
        )
        return token

    def _is_app(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        return hmac.compare_digest(given, f"{self._app.client_id}:{self._app.client_secret}".encode())


def _invalid_grant(description: str) -> Response:
    return _json(400, {"error": "invalid_grant", "error_description": description})


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, dumps(body).encode(), "application/json;charset=UTF-8")

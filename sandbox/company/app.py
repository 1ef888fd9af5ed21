"""The stand-in company as one request handler: faults, limits, authorization, then API, OAuth, pages and control."""

from __future__ import annotations

import secrets
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.company.api import Api
from sandbox.company.books import Books
from sandbox.company.control import Control
from sandbox.company.oauth import OAuth, read_app
from sandbox.company.pages import Pages
from sandbox.company.profiles import write_profile
from sandbox.company.refusals import Refusal, throttled
from sandbox.company.stats import Stats
from sandbox.company.storage import Storage
from sandbox.company.throttle import Throttle
from sandbox.company.values import answer_time, dumps
from sandbox.company.webhooks import Webhooks
from sandbox.faults import Faults
from sandbox.http import HangUp, Request, Response

DATABASE = "company.sqlite3"


class Company:
    """One QuickBooks Online company, its app registration and its OAuth server.

    profile: fr | us | ca | gb. tax_world: off | us_automated | us_manual | global, else the profile's.
    state: a folder that keeps everything across restarts and kills; None keeps it in memory.
    """

    def __init__(
        self, *, profile: str = "fr", tax_world: str | None = None, state: Path | None = None, latency_ms: int = 0
    ) -> None:
        if state is not None:
            state.mkdir(parents=True, exist_ok=True)
        self.storage = Storage(None if state is None else state / DATABASE)
        self.latency_ms = latency_ms
        self.stats = Stats()
        self.throttle = Throttle()
        self.faults = Faults(usual_answer)
        with self.storage.transaction():
            write_profile(self.storage, profile, tax_world)
            self.books = Books(self.storage)
            self._app = read_app(self.books)
            self.oauth = OAuth(self.books, self._app)
        self.client_id = self._app.client_id
        self.client_secret = self._app.client_secret
        self.realm_id = self._app.realm_id
        self.webhook_verifier_token = self._app.webhook_verifier_token
        self.webhooks = Webhooks(self.realm_id, self.webhook_verifier_token, self.stats)
        self.api = Api(self.books, self.stats, self.faults, self.webhooks.tell)
        self.pages = Pages(self.books, self.oauth)
        self.control = Control(self)

    @property
    def refresh_token(self) -> str:
        """A refresh token that is valid now."""
        with self.storage.transaction():
            return self.oauth.current_refresh_token()

    def close(self) -> None:
        """Stop telling webhooks and close the database."""
        self.webhooks.close()
        self.storage.close()

    def handle(self, request: Request) -> Response | HangUp:
        """Answer one request; called by many threads at once."""
        if request.path.startswith("/_sandbox"):
            return self.control.handle(request)
        answer = self.faults.around(request, self._answer)
        if isinstance(answer, HangUp):
            return answer
        tid = f"1-{int(time.time()):x}-{secrets.token_hex(12)}"
        return replace(answer, headers={"intuit_tid": tid, "QBO-Version": "2026.11.1", **answer.headers})

    def _answer(self, request: Request) -> Response:
        try:
            if request.path.startswith("/v3/company/"):
                return self._answer_api(request)
            return self._answer_oauth(request) or self.pages.answer(request)
        except Exception:  # the outermost loop: a defect must be seen, and answered as QuickBooks answers its own
            traceback.print_exc(file=sys.stderr)
            return usual_answer(500)

    def _answer_oauth(self, request: Request) -> Response | None:
        path = request.path.rstrip("/")
        if path in ("/.well-known/openid_configuration", "/.well-known/openid_sandbox_configuration"):
            return self.oauth.discovery(request)
        endpoint = {
            "/oauth2/v1/tokens/bearer": self.oauth.token,
            "/v2/oauth2/tokens/revoke": self.oauth.revoke,
        }.get(path)
        if endpoint is None or request.method != "POST":
            return None
        self.stats.count("token_calls")
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        with self.storage.transaction():
            return endpoint(request)

    def _answer_api(self, request: Request) -> Response:
        realm, _, resource = request.path.removeprefix("/v3/company/").strip("/").partition("/")
        self.stats.count("calls")
        if not self.throttle.enter(batch=resource == "batch", read=request.method == "GET" or resource == "query"):
            self.stats.count("throttled")
            wait = self.throttle.retry_after
            return Response(429, throttled().body(), headers={} if wait is None else {"Retry-After": str(wait)})
        try:
            if self.latency_ms:
                time.sleep(self.latency_ms / 1000)
            with self.storage.transaction():
                refusal = self.oauth.refusal_of(request.headers.get("authorization", ""), realm)
            if refusal is not None:
                return unauthorized(*refusal)
            if "application/json" not in request.headers.get("accept", ""):
                return _xml_only()
            return self.api.answer(request, resource)
        finally:
            self.throttle.leave()


def unauthorized(status: int, detail: str) -> Response:
    """401 and 403 come from the gateway, in its lower-case shape (QBO reference, API answers)."""
    name, code, kind = {
        401: ("AuthenticationFailed", "3200", "AUTHENTICATION"),
        403: ("ApplicationAuthorizationFailed", "3100", "AUTHORIZATION"),
    }[status]
    body: dict[str, Any] = {
        "warnings": None,
        "intuitObject": None,
        "fault": {
            "error": [
                {
                    "message": f"message={name}; errorCode={code.zfill(6)}; statusCode={status}",
                    "detail": detail,
                    "code": code,
                    "element": None,
                }
            ],
            "type": kind,
        },
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(time.time() * 1000),
        "status": None,
        "cdcresponse": [],
    }
    headers = {"www-authenticate": 'Bearer realm="Intuit", error="invalid_token"'} if status == 401 else {}
    return Response(status, dumps(body).encode(), headers=headers)


def usual_answer(status: int) -> Response:
    """What the company answers with a status when a fault rule gives no body."""
    if status in (401, 403):
        return unauthorized(status, "Token expired: AB01..." if status == 401 else "The app is not authorized.")
    if status == 429:
        return Response(429, throttled().body())
    if status == 400:
        return Response(400, Refusal("2010", "Property Name:The request is not valid").body())
    if status == 500:
        refusal = Refusal("10000", "An application error has occurred.", status=500, fault_type="SystemFault")
        return Response(500, refusal.body())
    if status == 200:
        return Response(200, dumps({"time": answer_time()}).encode())
    page = f"<html><head><title>{status}</title></head><body><h1>{status} Service Unavailable</h1></body></html>"
    return Response(status, page.encode(), "text/html; charset=utf-8")


def _xml_only() -> Response:
    """Without `Accept: application/json` the API speaks XML (QBO reference, Headers): answered as an error here."""
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time="{answer_time()}">'
        '<Fault type="ValidationFault"><Error code="500"><Message>Unsupported Operation</Message>'
        "<Detail>Send Accept: application/json; this company answers JSON only.</Detail></Error></Fault>"
        "</IntuitResponse>"
    )
    return Response(400, body.encode(), "application/xml; charset=UTF-8")

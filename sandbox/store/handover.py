"""The key hand-over: `/wc-auth/v1/authorize` asks the shopkeeper, then posts a new key to the application.

WooCommerce behaviour, Key hand-over. The stand-in's shopkeeper is always signed in. Keys leave only for loopback.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import http.client
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from sandbox.http import Response
from sandbox.store.database import Database, Document

PREFIX = "/wc-auth/v1/"
_NEEDED = ("app_name", "user_id", "return_url", "callback_url", "scope")
_SCOPES = {
    "read": "View coupons, customers, orders, products and reports",
    "write": "Create webhooks, coupons, customers, orders and products",
    "read_write": "View and manage coupons, customers, orders, products, reports and webhooks",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECONDS = 30
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – {shop}</title><link rel="stylesheet" href="/store.css"></head>
<body><header><span class="shop">{shop}</span></header><main>{main}</main></body>
</html>
"""


class Refused(Exception):
    """The hand-over cannot go on; the sentence is shown to the shopkeeper with a 401."""


class HandOver:
    """The pages of the hand-over. `answer` must not be called under the database's lock: it calls out."""

    def __init__(self, database: Database) -> None:
        self.allow_http_callbacks = False
        self._database = database
        self._salt = secrets.token_bytes(16)

    def answer(self, path: str, query: Mapping[str, Any]) -> Response:
        """The consent page, or what follows Approve."""
        wanted = {name: str(query.get(name, "")) for name in _NEEDED}
        try:
            step = path.removeprefix(PREFIX).strip("/")
            self._check(wanted)
            if step == "authorize":
                return self._ask(wanted)
            if step == "access_granted" and hmac.compare_digest(str(query.get("wc_auth_nonce")), self._nonce(wanted)):
                return self._grant(wanted)
            raise Refused("Invalid nonce verification" if step == "access_granted" else "There is no such page")
        except Refused as refusal:
            return self._page("Error", f"<h1>Error</h1><p>Error: {html.escape(str(refusal))}.</p>", 401)

    def _check(self, wanted: Mapping[str, str]) -> None:
        for name in _NEEDED:
            if not wanted[name]:
                raise Refused(f"Missing parameter {name}")
        if wanted["scope"] not in _SCOPES:
            raise Refused(f"Invalid scope {wanted['scope']}")
        for name in ("return_url", "callback_url"):
            if urlsplit(wanted[name]).scheme not in ("http", "https"):
                raise Refused(f"The {name} is not a valid URL")
        callback = urlsplit(wanted["callback_url"])
        if callback.scheme != "https" and not self.allow_http_callbacks:
            raise Refused("The callback_url needs to be over SSL")
        if callback.hostname not in _LOOPBACK:
            raise Refused("The stand-in hands keys over to this machine only, not to " + str(callback.hostname))

    def _ask(self, wanted: Mapping[str, str]) -> Response:
        name, host = html.escape(wanted["app_name"]), html.escape(urlsplit(wanted["callback_url"]).netloc)
        approve = f"{PREFIX}access_granted/?{urlencode({**wanted, 'wc_auth_nonce': self._nonce(wanted)})}"
        deny = _with_result(wanted, success=False)
        return self._page(
            f"{wanted['app_name']} would like to connect",
            f"<h1>{name} would like to connect to your store</h1>"
            f"<p>This will give “{name}” <strong>{html.escape(wanted['scope'])}</strong> access, "
            f"which will allow it to: {html.escape(_SCOPES[wanted['scope']])}.</p><p>The key is sent to {host}.</p>"
            f'<p class="choice"><a class="button" href="{html.escape(approve)}">Approve</a> '
            f'<a href="{html.escape(deny)}">Deny</a></p>',
        )

    def _grant(self, wanted: Mapping[str, str]) -> Response:
        """Make a key, post it, and take it back when the application does not answer exactly 200."""
        key: Document = {
            "consumer_key": f"ck_{secrets.token_hex(20)}",
            "consumer_secret": f"cs_{secrets.token_hex(20)}",
            "permissions": wanted["scope"],
            "role": "administrator",
        }
        with self._database.change():
            key_id = self._database.next_number("key")
            self._database.put("key", key_id, key)
        body = {
            "key_id": key_id,
            "user_id": wanted["user_id"],
            "consumer_key": key["consumer_key"],
            "consumer_secret": key["consumer_secret"],
            "key_permissions": wanted["scope"],
        }
        if not _post(urlsplit(wanted["callback_url"]), json.dumps(body).encode()):
            with self._database.change():
                self._database.remove("key", key_id)
            raise Refused("An error occurred in the request and at the time were unable to send the consumer data")
        return Response(302, b"", "text/html; charset=UTF-8", {"Location": _with_result(wanted, success=True)})

    def _nonce(self, wanted: Mapping[str, str]) -> str:
        return hmac.new(self._salt, repr(sorted(wanted.items())).encode(), hashlib.sha256).hexdigest()[:10]

    def _page(self, title: str, main: str, status: int = 200) -> Response:
        shop = html.escape(str(self._database.facts.get("name", "Store")))
        page = _PAGE.format(title=html.escape(title), shop=shop, main=main)
        return Response(status, page.encode(), "text/html; charset=UTF-8")


def _with_result(wanted: Mapping[str, str], *, success: bool) -> str:
    url = wanted["return_url"]
    result = urlencode({"success": int(success), "user_id": wanted["user_id"]})
    return f"{url}{'&' if '?' in url else '?'}{result}"


def _post(url: SplitResult, body: bytes) -> bool:
    """Whether the application took the key: the answer must be exactly 200."""
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=_SECONDS)
    headers = {"Content-Type": "application/json;charset=UTF-8", "User-Agent": "WordPress/7.0"}
    try:
        connection.request("POST", f"{url.path or '/'}{'?' + url.query if url.query else ''}", body, headers)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

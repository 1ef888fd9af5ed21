"""Who is asking: API keys by HTTP Basic or query over https, one-legged OAuth 1.0a over plain http.

WooCommerce behaviour, Authentication; source `WC_REST_Authentication`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from sandbox.http import Request
from sandbox.store.clock import Clock
from sandbox.store.database import Database, Document
from sandbox.store.errors import authentication_error

_WINDOW_SECONDS = 15 * 60
_OAUTH_NAMES = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
_MAY_READ = ("read", "read_write")
_MAY_WRITE = ("write", "read_write")


def authenticate(
    request: Request, query: Mapping[str, Any], *, method: str, database: Database, clock: Clock
) -> Document | None:
    """The key behind a request, or None for nobody. Raises the 401 of a wrong secret, signature or permission."""
    key = _by_secret(request, query, database) if is_https(request) else None
    if key is None:
        key = _by_oauth(request, query, database, clock)
    if key is None:
        return None
    permissions = key["permissions"]
    if method in ("GET", "HEAD") and permissions not in _MAY_READ:
        raise authentication_error("The API key provided does not have read permissions.")
    if method in ("POST", "PUT", "PATCH", "DELETE") and permissions not in _MAY_WRITE:
        raise authentication_error("The API key provided does not have write permissions.")
    return key


def is_https(request: Request) -> bool:
    """PHP's `is_ssl()` behind a proxy that passes the scheme on."""
    return request.headers.get("x-forwarded-proto", "").lower() == "https"


def find_key(consumer_key: str, database: Database) -> Document | None:
    return next(
        (row.document for row in database.rows("key").values() if row.document["consumer_key"] == consumer_key), None
    )


def signature(method: str, url: str, params: Mapping[str, Any], secret: str, algorithm: str) -> str:
    """The OAuth signature over a call; `params` without oauth_signature, `algorithm` sha256 or sha1."""
    pairs = _joined({name: params[name] for name in sorted(params)})
    base = "&".join((method, quote(url, safe="-_.~"), "%26".join(pairs)))
    digest = hmac.new(f"{secret}&".encode(), base.encode(), getattr(hashlib, algorithm)).digest()
    return base64.b64encode(digest).decode()


def _by_secret(request: Request, query: Mapping[str, Any], database: Database) -> Document | None:
    consumer_key, secret = str(query.get("consumer_key", "")), str(query.get("consumer_secret", ""))
    if not consumer_key or not secret:
        consumer_key, secret = _basic(request)
    if not consumer_key or not secret:
        return None
    key = find_key(consumer_key, database)
    if key is None:
        return None
    if not hmac.compare_digest(key["consumer_secret"].encode(), secret.encode()):
        raise authentication_error("Consumer secret is invalid.")
    return key


def _basic(request: Request) -> tuple[str, str]:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _by_oauth(request: Request, query: Mapping[str, Any], database: Database, clock: Clock) -> Document | None:
    params = {**query, **_oauth_header(request)}
    missing = [name for name in _OAUTH_NAMES if not params.get(name)]
    if len(missing) == len(_OAUTH_NAMES):
        return None
    if missing:
        word = "parameter" if len(missing) == 1 else "parameters"
        raise authentication_error(f"Missing OAuth {word} {', '.join(missing)}")
    key = find_key(str(params["oauth_consumer_key"]), database)
    if key is None:
        return None
    _check_signature(request, params, key)
    _check_freshness(params, key, database, clock)
    return key


def _check_signature(request: Request, params: Mapping[str, Any], key: Document) -> None:
    method_name = str(params["oauth_signature_method"])
    if method_name not in ("HMAC-SHA1", "HMAC-SHA256"):
        raise authentication_error("Invalid signature - signature method is invalid.")
    given = unquote(str(params["oauth_signature"]).replace(" ", "+"))
    rest = {name: value for name, value in params.items() if name != "oauth_signature"}
    scheme = "https" if is_https(request) else "http"
    url = f"{scheme}://{request.base_url.partition('://')[2]}{request.path}"
    algorithm = method_name.removeprefix("HMAC-").lower()
    wanted = signature(request.method, url, rest, key["consumer_secret"], algorithm)
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise authentication_error("Invalid signature - provided signature does not match.")


def _check_freshness(params: Mapping[str, Any], key: Document, database: Database, clock: Clock) -> None:
    text = str(params["oauth_timestamp"])
    timestamp = int(text) if text.isdigit() else 0
    now = int(clock.now().timestamp())
    if abs(now - timestamp) > _WINDOW_SECONDS:
        raise authentication_error("Invalid timestamp.")
    if not database.use_nonce(key["consumer_key"], str(params["oauth_nonce"]), timestamp, now - _WINDOW_SECONDS):
        raise authentication_error("Invalid nonce - nonce has already been used.")


def _oauth_header(request: Request) -> dict[str, str]:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "oauth":
        return {}
    pairs = (part.strip().partition("=") for part in text.split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs if name.startswith("oauth_")}


def _joined(params: Mapping[str, Any], prefix: str = "") -> list[str]:
    """`name%3Dvalue` pairs; nested names as `filter%255Bx%255D`."""
    pairs: list[str] = []
    for name, value in params.items():
        encoded = quote(str(name), safe="-_.~")
        full = f"{prefix}%5B{encoded}%5D" if prefix else encoded
        if isinstance(value, Mapping):
            pairs += _joined(value, full)
        elif isinstance(value, list):
            pairs += _joined({str(place): one for place, one in enumerate(value)}, full)
        else:
            pairs.append(quote(f"{full}={quote(str(value), safe='-_.~')}", safe="-_.~"))
    return pairs

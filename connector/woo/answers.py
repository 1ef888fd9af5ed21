"""What comes back from a store: JSON, JSON after noise, or one of our errors.

ConnectionLostError (the tenant pauses)   store_refused_keys, store_no_rest, store_moved, store_address_refused
RetryableError (the same call later)      store_busy, store_maintenance, store_failed, store_not_json, store_blocked,
                                          store_odd_answer, store_redirects, store_nonce_used, store_timeout,
                                          store_name_unknown, store_unreachable, store_hung_up, store_answer_cut,
                                          store_certificate
FaultError (this request is refused)      refused_by_store:<code>

Sources: WooCommerce behaviour, Errors and odd answers; Authentication. Details never carry personal data or keys.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import AddressRefusedError, request_id, retry_after_seconds, was_never_sent
from connector.woo.json_text import loads, loads_at

SHOWN_CHARACTERS = 200

_PAGE = re.compile(r"<(?:!doctype|html|head|body|script|style)\b", re.IGNORECASE)
_START_OF_JSON = re.compile(r"(?:\n|>)[ \t]*([\[{])")
_SCRIPTS = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]{0,500}>")
_PRIVATE = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+|\bc[ks]_\w{6,}|\+?\d(?:[ .-]?\d){6,}")
_NOISE_CANDIDATES = 50

_BUSY_STATUSES = {408: "store_timeout", 425: "store_busy", 429: "store_busy", 503: "store_maintenance"}
_DEFINITE_SERVER_STATUSES = frozenset({501})
"""501 is WooCommerce's answer to a deletion it does not support: repeating it changes nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A value of the store. `warning`: what a plugin printed around the JSON, "" when nothing."""

    value: object
    warning: str = ""


def read_answer(response: requests.Response) -> Answer:
    """The JSON of a good answer. Raises RetryableError, ConnectionLostError or FaultError for every other one."""
    if response.is_redirect or 300 <= response.status_code < 400:
        raise _redirected(response)
    text = response.content.decode("utf-8", "replace")
    try:
        value, noise = find_json(text)
    except ValueError:
        raise _without_json(response, text) from None
    if response.status_code >= 400:
        raise _refused(response, value)
    return Answer(value, shown(noise))


def expect_list(answer: Answer) -> list[object]:
    """The answer as a list. Raises RetryableError when it is none: a proxy or a plugin answered in its place."""
    if isinstance(answer.value, list):
        return answer.value
    raise RetryableError("store_odd_answer", f"an object instead of a list{_code_in(answer.value)}", side="store")


def expect_object(answer: Answer) -> Mapping[str, object]:
    """The answer as an object. Raises RetryableError when it is none."""
    if isinstance(answer.value, dict):
        return answer.value
    raise RetryableError("store_odd_answer", "a list instead of an object", side="store")


def find_json(text: str) -> tuple[object, str]:
    """The JSON value of a text, and what stood around it. Raises ValueError when there is none, or not all of it.

    PHP prints its warnings before the JSON (or after it), some caches a comment after it. A text that begins like JSON
    is never searched further: inside a cut-off list there are whole objects, and one of them would pass for the answer.
    Nor is a whole page: shops keep JSON of their own in scripts.
    """
    try:
        return loads(text), ""
    except ValueError:
        body = text.strip(" \t\r\n\ufeff")
    starts = [0] if body.startswith(("[", "{")) else [found.start(1) for found in _START_OF_JSON.finditer(body)]
    for start in starts[:_NOISE_CANDIDATES]:
        try:
            value, end = loads_at(body, start)
        except ValueError:
            continue
        before, after = body[:start], body[end:].strip()
        if not _PAGE.search(before) and (not after or after.startswith(("<!--", "<br"))):
            return value, f"{before} {after}".strip()
    raise ValueError("no JSON in the answer")


def shown(text: str) -> str:
    """The first 200 characters a person would read of a page, without e-mail addresses, keys and long numbers.

    A text that begins like JSON is data of the shop and is not shown at all.
    """
    if text.lstrip(" \t\r\n\ufeff").startswith(("[", "{")):
        return f"JSON that is not whole, {len(text)} characters"
    plain = html.unescape(_TAG.sub(" ", _SCRIPTS.sub(" ", text[:20_000])))
    return _PRIVATE.sub("…", " ".join(plain.split()))[:SHOWN_CHARACTERS]


def translate_failure(error: requests.RequestException) -> SyncError:
    """Our error for a call that brought no answer at all. The detail names the host, never the signed URL."""
    host = urlsplit((error.request.url if error.request is not None else "") or "").hostname or "the store"
    if isinstance(error, AddressRefusedError):
        return ConnectionLostError("store_address_refused", f"{host}: not a public address", side="store")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return ConnectionLostError("store_address_refused", f"{host}: not a usable address", side="store")
    return RetryableError(_failure_reason(error), f"{host}: {type(error).__name__}", side="store")


def _failure_reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "store_certificate"
    if isinstance(error, requests.Timeout):
        return "store_timeout"
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return "store_answer_cut"
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NameResolutionError):
        return "store_name_unknown"
    if isinstance(error, requests.ConnectionError):
        return "store_unreachable" if was_never_sent(error) else "store_hung_up"
    return "store_failed"


def _redirected(response: requests.Response) -> SyncError:
    """A redirect is never followed: the keys would go to whoever it names."""
    target = urlsplit(response.headers.get("Location", ""))
    place = f"{target.scheme}://{target.netloc}{target.path}" if target.netloc else target.path
    if target.netloc and response.status_code in (301, 308):
        return ConnectionLostError("store_moved", place.rpartition("@")[2] if "@" in place else place, side="store")
    return RetryableError("store_redirects", f"HTTP {response.status_code} to {place or 'nowhere'}", side="store")


def _without_json(response: requests.Response, text: str) -> SyncError:
    status = response.status_code
    detail = _detail(response, shown(text))
    if status in (401, 403):
        # A firewall, or a password before the whole site: the keys were never looked at.
        return _retryable("store_blocked", detail, response)
    if status in _BUSY_STATUSES or status >= 500:
        return _retryable(_BUSY_STATUSES.get(status, "store_failed"), detail, response)
    return _retryable("store_not_json", detail, response)


def _refused(response: requests.Response, value: object) -> SyncError:
    status = response.status_code
    error = value if isinstance(value, dict) else {}
    code = str(error.get("code") or f"http_{status}")[:80]
    message = shown(str(error.get("message") or ""))
    detail = _detail(response, f"{code}: {message}")
    if status in (401, 403):
        if "nonce" in message.lower():
            # Our nonces are random: a proxy in front of the store sent the request a second time.
            return _retryable("store_nonce_used", detail, response)
        return ConnectionLostError("store_refused_keys", detail, side="store")
    if code == "rest_no_route":
        return ConnectionLostError("store_no_rest", detail, side="store")
    if status in _BUSY_STATUSES or (status >= 500 and status not in _DEFINITE_SERVER_STATUSES):
        return _retryable(_BUSY_STATUSES.get(status, "store_failed"), detail, response)
    return FaultError(f"refused_by_store:{code}", detail, code=code, message=message)


def _retryable(reason: str, detail: str, response: requests.Response) -> RetryableError:
    return RetryableError(reason, detail, side="store", retry_after_seconds=retry_after_seconds(response))


def _detail(response: requests.Response, what: str) -> str:
    named = request_id(response.headers)
    return f"HTTP {response.status_code}" + (f" [{named}]" if named else "") + (f": {what}" if what else "")


def _code_in(value: object) -> str:
    code = value.get("code") if isinstance(value, dict) else None
    return f" ({code[:80]})" if isinstance(code, str) else ""

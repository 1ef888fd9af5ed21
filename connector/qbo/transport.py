"""The way to one company: python-quickbooks' requests over our session, its failures as our errors.

python-quickbooks builds addresses, minor version and request ids; it never opens a connection of its own here, and it
never sees a status or a fault: `process_request` turns them into `connector.errors` first, with the request id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NoReturn, Self

import requests
import tenacity
from quickbooks.client import QuickBooks
from quickbooks.exceptions import QuickbooksException

from connector.errors import AnswerLostError, ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import Retry, Session, request_id, retry_after_seconds, was_never_sent
from connector.qbo import decode, values
from connector.qbo.faults import CONNECTION, Family, Fault, parse_faults

SIDE: Literal["quickbooks"] = "quickbooks"
MINOR_VERSION = 75
BUSY_SECONDS = 60.0
"""How long a 429 without advice means to wait (QBO reference, 3 Rate limits)."""

READ_RETRY = Retry(
    stop=tenacity.stop_after_attempt(3),
    # Not 429: a minute's wait belongs to the job, not to a worker thread.
    statuses=frozenset({500, 502, 503, 504}),
)


CallKind = Literal["read", "write", "batch"]
"""What a request is to the budget: metered, free, or one of the few batches a minute (QBO reference, 3)."""


def new_session() -> Session:
    """The session one connection and job uses: QuickBooks itself gives up after 120 seconds (QBO reference, 1)."""
    return Session(timeout=(5, 120), event="qbo.response")


class Transport(QuickBooks):
    """Requests to one company. Not for several threads; `calls` and `reads` count what left, retries included."""

    def __new__(cls, **_: Any) -> Self:
        # Not the package's own: that one refreshes tokens over the network.
        return object.__new__(cls)

    def __init__(
        self,
        *,
        realm_id: str,
        base_url: str,
        access_token: Callable[[], str],
        refresh: Callable[[str], str] | None,
        before_call: Callable[[CallKind], None],
        session: Session | None = None,
        retry: Retry = READ_RETRY,
    ) -> None:
        """base_url: without /v3. refresh: takes the token that was refused and gives a newer one."""
        self.company_id = realm_id  # type: ignore[assignment]  # the package infers int from its default
        self.minorversion = MINOR_VERSION  # type: ignore[assignment]
        self.use_decimal = True
        self._session = session or new_session()
        self.calls = 0
        self.reads = 0
        self._base_url = base_url.rstrip("/")
        self._access_token = access_token
        self._refresh = refresh
        self._before_call = before_call
        self._retry = retry
        self._kind: CallKind = "read"

    @property
    def api_url(self) -> str:
        return f"{self._base_url}/v3"

    @property
    def company_url(self) -> str:
        return f"{self.api_url}/company/{self.company_id}"

    def read(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One metered GET below the company, e.g. "invoice/12". Raises RetryableError and the errors of `_raise`."""
        url = f"{self.company_url}/{path}"
        return self._call("read", lambda: self.get(url, params=dict(params or {})))  # type: ignore[no-untyped-call]

    def select(self, statement: str) -> dict[str, Any]:
        """One metered query; the statement leaves as UTF-8."""
        url, body = f"{self.company_url}/query", statement.encode("utf-8")

        def send() -> Any:
            return self.post(url, body, content_type="application/text")  # type: ignore[no-untyped-call]

        return self._call("read", send)

    def write(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        request_id: str,
        params: Mapping[str, str] | None = None,
        kind: CallKind = "write",
    ) -> dict[str, Any]:
        """One POST that changes something, sent once. Raises AnswerLostError when it may have been carried out."""
        url, content = f"{self.company_url}/{path}", values.dumps(body)

        def send() -> Any:
            return self.post(url, content, request_id=request_id, params=dict(params or {}))  # type: ignore[no-untyped-call]

        return self._call(kind, send)

    def process_request(
        self, request_type: str, url: str, headers: Any = "", params: Any = "", data: Any = ""
    ) -> requests.Response:
        """python-quickbooks' one way out. Only usable answers go back to it: JSON objects without a fault."""
        sent = {
            **(headers or {}),
            "Content-Type": f"{headers['Content-Type']}; charset=utf-8" if data else headers["Content-Type"],
            "User-Agent": "Juste",
        }

        def send() -> requests.Response:
            return self._send_authorised(request_type, url, headers=sent, params=params or None, data=data or None)

        try:
            response = self._retry.call(send, method="GET") if self._kind == "read" else send()
        except requests.RequestException as error:
            raise self._failure(error) from error
        response.encoding = "utf-8"
        self._check(response)
        return response

    def _call(self, kind: CallKind, send: Callable[[], Any]) -> dict[str, Any]:
        self._kind = kind
        try:
            answer = send()
        except QuickbooksException as error:
            # The package quotes the whole answer in its message, so neither text nor cause goes on.
            raise self.unusable(f"unreadable answer, code {error.error_code}") from None
        if not isinstance(answer, dict):
            raise self.unusable("the answer is no JSON object")
        return answer

    def _send_authorised(self, method: str, url: str, *, headers: dict[str, str], **rest: Any) -> requests.Response:
        """Send with the current token; if it is refused, refresh once and send once more."""
        token = self._access_token()
        response = self._send_once(method, url, token, headers, **rest)
        if response.status_code != 401 or self._refresh is None or _family(response) not in (None, Family.ACCESS):
            return response
        return self._send_once(method, url, self._refresh(token), headers, **rest)

    def _send_once(self, method: str, url: str, token: str, headers: dict[str, str], **rest: Any) -> requests.Response:
        self._before_call(self._kind)
        self.calls += 1
        if self._kind == "read":
            self.reads += 1
        authorised = {**headers, "Authorization": f"Bearer {token}"}
        return self._session.request(method, url, headers=authorised, **rest)

    def _check(self, response: requests.Response) -> None:
        """Raise our error for every answer that is not a JSON object without a fault of the whole request."""
        status, tid = response.status_code, request_id(response.headers)
        if status == 429:
            raise self._busy(response, tid)
        if status == 200 and _is_plainly_usable(response.content):
            return
        body = _json_object(response)
        faults = parse_faults(body)
        if faults:
            self._raise(faults[0], status, tid, response)
        if status == 401:
            raise ConnectionLostError("quickbooks_expired", f"HTTP 401 [{tid}]", side=SIDE)
        if status == 200 and body is not None:
            return
        if status == 403 or status == 404:
            # A gateway in between: QuickBooks' own refusals carry a fault. Nothing was carried out.
            raise RetryableError("quickbooks_failed", f"HTTP {status} without a fault [{tid}]", side=SIDE)
        raise self.unusable(f"HTTP {status} without a readable answer [{tid}]", _advice(response))

    def _raise(self, fault: Fault, status: int, tid: str, response: requests.Response) -> NoReturn:
        """The error of a fault that refuses the request as a whole (QBO reference, 4 Faults)."""
        detail = f"fault {fault.code} with HTTP {status} [{tid}]"
        if fault.family in CONNECTION:
            raise connection_lost(fault, detail)
        if status == 403 and fault.family is Family.UNKNOWN:
            raise ConnectionLostError("quickbooks_disconnected", detail, side=SIDE)
        if fault.family is Family.BUSY:
            raise self._busy(response, tid)
        if fault.family is Family.LATER:
            raise RetryableError(fault.reason, detail, side=SIDE, retry_after_seconds=_advice(response))
        if fault.family is Family.UNCERTAIN or (status >= 500 and fault.family is Family.UNKNOWN):
            raise self.unusable(detail, _advice(response))
        raise fault_error(fault, detail)

    def _busy(self, response: requests.Response, tid: str) -> RetryableError:
        seconds = _advice(response)
        return RetryableError(
            "quickbooks_busy",
            f"HTTP {response.status_code} [{tid}]",
            side=SIDE,
            retry_after_seconds=BUSY_SECONDS if seconds is None else seconds,
        )

    def _failure(self, error: requests.RequestException) -> SyncError:
        detail = type(error).__name__
        if was_never_sent(error):
            return RetryableError("quickbooks_unreachable", detail, side=SIDE)
        return self.unusable(detail)

    def unusable(self, detail: str, retry_after: float | None = None) -> RetryableError:
        """No usable answer: harmless for a read, while a write may have been carried out."""
        if self._kind == "read":
            return RetryableError("quickbooks_failed", detail, side=SIDE, retry_after_seconds=retry_after)
        return AnswerLostError("quickbooks_answer_lost", detail, side=SIDE, retry_after_seconds=retry_after)


def connection_lost(fault: Fault, detail: str) -> ConnectionLostError:
    """The error of a fault that concerns the whole company."""
    return ConnectionLostError(fault.reason, detail, side=SIDE)


def fault_error(fault: Fault, detail: str) -> FaultError:
    """The error of one request that QuickBooks refused for good; `message` is QuickBooks' own sentence."""
    return FaultError(
        fault.reason, detail, code=fault.code, message=fault.detail or fault.message, element=fault.element
    )


def _is_plainly_usable(content: bytes) -> bool:
    """A look that spares a second parsing: an object that nowhere speaks of a fault. The package finds bad JSON."""
    return content.lstrip()[:1] == b"{" and b'"Fault"' not in content and b'"fault"' not in content


def _json_object(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = decode.loads(response.content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _family(response: requests.Response) -> Family | None:
    faults = parse_faults(_json_object(response))
    return faults[0].family if faults else None


def _advice(response: requests.Response) -> float | None:
    return retry_after_seconds(response)

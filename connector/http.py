"""One way out: timeouts on every call, an address guard, one log event per call, and retries as a value.

requests.RequestException
├── AddressRefusedError      the address policy forbids this host; nothing was sent
└── (everything `requests` raises: adapters turn each into one of `connector.errors`)
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import certifi
import requests
import tenacity
from requests.adapters import HTTPAdapter
from tenacity.stop import stop_base
from tenacity.wait import wait_base
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

logger = logging.getLogger(__name__)

REQUEST_ID_HEADERS = ("intuit_tid", "X-Request-Id", "X-Correlation-Id", "CF-Ray")

_ACCOUNT_NUMBER_LENGTH = 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefusedError(requests.exceptions.InvalidURL):
    """The host resolves to an address that the policy forbids; no connection was made."""


class _Refusal(Exception):
    """Carries a refusal through urllib3, which would wrap (and so hide) any OSError."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """Which addresses may be reached. `public_only` refuses everything that is not a public unicast address."""

    public_only: bool

    def allows(self, address: str) -> bool:
        """Whether a numeric address may be reached; addresses that embed an IPv4 address are judged by that one."""
        if not self.public_only:
            return True
        found = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(found, ipaddress.IPv6Address):
            embedded = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
            if found in _NAT64:
                embedded = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
            if embedded is not None:
                return self.allows(str(embedded))
            if found.is_site_local:
                return False
        return found.is_global and not (
            found.is_private
            or found.is_loopback
            or found.is_link_local
            or found.is_multicast
            or found.is_reserved
            or found.is_unspecified
        )

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """The numeric addresses of a host, every one of them checked.

        Raises AddressRefusedError when one of them is forbidden, socket.gaierror when the name does not resolve.
        """
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not self.allows(address):
                raise AddressRefusedError(
                    f"{host} is at {address}, which is not a public address. Use the shop's public address."
                )
        return addresses


PUBLIC_ONLY = AddressPolicy(public_only=True)
ANY_ADDRESS = AddressPolicy(public_only=False)


class Session(requests.Session):
    """A pooled session that never waits for ever, never follows a redirect unasked and logs each call once.

    timeout: seconds to connect, seconds between two bytes of the answer. event: name of the log event, e.g.
    "qbo.response". The environment (proxies, .netrc) is ignored. One per connection and job; not for several threads.
    """

    def __init__(
        self, *, timeout: tuple[float, float], event: str, guard: AddressPolicy | None = None, pool_size: int = 10
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.timeout = timeout
        self.event = event
        adapter = _Adapter(guard or ANY_ADDRESS, pool_size)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    # Any: the signatures of requests' own verbs, which mypy compares with these.
    def get(self, url: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("allow_redirects", False)
        return super().get(url, **kwargs)

    def options(self, url: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("allow_redirects", False)
        return super().options(url, **kwargs)

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if len(args) < 8:
            kwargs.setdefault("allow_redirects", False)
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send one prepared request and log it. Raises AddressRefusedError and whatever `requests` raises."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        kwargs.setdefault("allow_redirects", False)
        started = time.monotonic()
        try:
            response = super().send(request, **kwargs)
        except _Refusal as refusal:
            self._log(request, started, error="AddressRefusedError")
            raise AddressRefusedError(str(refusal), request=request) from None
        except Exception as error:
            self._log(request, started, error=type(error).__name__)
            raise
        first = response.history[0] if response.history else response
        self._log(request, started, response=first)
        return response

    def _log(
        self,
        request: requests.PreparedRequest,
        started: float,
        *,
        response: requests.Response | None = None,
        error: str = "",
    ) -> None:
        parts = urlsplit(request.url or "")
        status = response.status_code if response is not None else None
        fields: dict[str, Any] = {
            "method": request.method or "",
            "host": parts.hostname or "",
            "path": redact_path(parts.path),
            "status": status,
            "duration_ms": round((time.monotonic() - started) * 1000, 1),
            "request_id": request_id(response.headers) if response is not None else "",
        }
        if error:
            fields["error"] = error
        level = logging.INFO if status is not None and status < 400 else logging.WARNING
        logger.log(level, self.event, extra=fields)


def redact_path(path: str) -> str:
    """A path fit for the log: account numbers (a company's realm id is confidential) keep their last four digits."""
    return "/".join(
        f"…{part[-4:]}" if part.isdigit() and len(part) >= _ACCOUNT_NUMBER_LENGTH else part for part in path.split("/")
    )


def request_id(headers: Mapping[str, str]) -> str:
    """The other side's name for this exchange, "" when it gives none; headers must compare without case."""
    return next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), "")


def retry_after_seconds(response: requests.Response, *, now: datetime | None = None) -> float | None:
    """What Retry-After says, seconds or HTTP date, never negative; None when absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def was_never_sent(error: BaseException) -> bool:
    """True when no byte of the request can have left: no address, no connection, or the policy forbade it."""
    if isinstance(error, AddressRefusedError | requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectionError) and isinstance(reason, NewConnectionError)


@dataclass(frozen=True, slots=True)
class Retry:
    """When and how often one call is repeated at once; longer waits belong to the job's own timetable.

    The answer's Retry-After wins over `wait`; beyond `retry_after_cap_seconds` the answer is handed back instead, so
    that nobody sleeps while holding a worker. Only `methods` are repeated, but a request that never left always is.
    """

    stop: stop_base = field(default_factory=lambda: tenacity.stop_after_attempt(3))
    wait: wait_base = field(default_factory=lambda: tenacity.wait_exponential_jitter(multiplier=0.5, max=5, jitter=0.5))
    statuses: frozenset[int] = frozenset({429, 500, 502, 503, 504})
    methods: frozenset[str] = frozenset({"GET", "HEAD", "OPTIONS"})
    retry_after_cap_seconds: float = 10.0
    sleep: Callable[[float], None] = time.sleep

    def call(self, send: Callable[[], requests.Response], *, method: str) -> requests.Response:
        """The last answer of `send`, or its last exception when there was none."""
        repeatable = method.upper() in self.methods

        def again(state: tenacity.RetryCallState) -> bool:
            outcome = state.outcome
            if outcome is None:
                return False
            error = outcome.exception()
            if error is not None:
                return is_transient(error) and (repeatable or was_never_sent(error))
            response: requests.Response = outcome.result()
            if not repeatable or response.status_code not in self.statuses:
                return False
            advised = retry_after_seconds(response)
            return advised is None or advised <= self.retry_after_cap_seconds

        def seconds(state: tenacity.RetryCallState) -> float:
            outcome = state.outcome
            if outcome is not None and not outcome.failed:
                advised = retry_after_seconds(outcome.result())
                if advised is not None:
                    return advised
            return self.wait(state)

        retrying = tenacity.Retrying(
            stop=self.stop, wait=seconds, retry=again, sleep=self.sleep, retry_error_callback=_last
        )
        return retrying(send)


def _last(state: tenacity.RetryCallState) -> requests.Response:
    if state.outcome is None:
        raise RuntimeError("a call was given up before it was made")
    response: requests.Response = state.outcome.result()
    return response


def is_transient(error: BaseException) -> bool:
    """A failure on the way that may be gone next time, as opposed to a wrong address or certificate."""
    if isinstance(error, AddressRefusedError | requests.exceptions.SSLError):
        return False
    return isinstance(error, requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError)


def _shared_context() -> ssl.SSLContext:
    """One context for all sessions: loading the certificates costs more than the rest of a request."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


_TLS = _shared_context()


class _Guarded(HTTPConnection):
    """Connects to an address that was checked, so that a second, different DNS answer cannot slip in between."""

    guard: AddressPolicy = PUBLIC_ONLY

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            addresses = self.guard.resolve(name, self.port or self.default_port)
        except AddressRefusedError as error:
            raise _Refusal(str(error)) from None
        except OSError as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        failure: NewConnectionError | ConnectTimeoutError | None = None
        for address in addresses:
            self._dns_host = address
            try:
                return super()._new_conn()
            except (NewConnectionError, ConnectTimeoutError) as error:
                failure = error
            finally:
                self._dns_host = name
        raise failure or NewConnectionError(self, f"{name} has no address")


class _GuardedTLS(_Guarded, HTTPSConnection):
    """The same under TLS: certificate and SNI are still those of the name, not of the address."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _Adapter(HTTPAdapter):
    """A pool of connections under one address policy and the shared TLS context."""

    def __init__(self, guard: AddressPolicy, pool_size: int) -> None:
        self.guard = guard
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block=block, ssl_context=_TLS, **pool_kwargs)
        if self.guard.public_only:
            self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Always verify. Raises ValueError otherwise: urllib3 would loosen the shared context for every session."""
        if verify is not True or cert is not None:
            raise ValueError("Certificates are always verified against the public authorities; remove verify and cert.")
        # The shared context has the authorities already; naming their file would load it anew for each connection.
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None
        conn.ca_cert_dir = None

"""A small threaded HTTP/1.1 server on loopback that can also misbehave: wait, or hang up without an answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. Header names are lower case; `raw_query` is the query string undecoded."""

    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query's decoded pairs, in order, repeats kept."""
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @property
    def query(self) -> dict[str, str]:
        """The query's decoded values; of a repeated name the last one."""
        return dict(self.pairs)

    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is not."""
        return json.loads(self.body.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `delay` is waited (seconds) before the first byte leaves."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is closed without a byte of answer, as when an answer is lost on the way."""

    delay: float = 0.0


Handler = Callable[[Request], Response | HangUp]


class Server:
    """Serves one handler on 127.0.0.1; port 0 takes a free one. Each connection has its own thread."""

    def __init__(self, handler: Handler, *, port: int = 0) -> None:
        server = self

        class _Connection(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else b""
                parts = urlsplit(self.path)
                request = Request(
                    method=self.command,
                    path=parts.path,
                    raw_query=parts.query,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=body,
                    base_url=server.url,
                )
                answer = handler(request)
                if answer.delay:
                    time.sleep(answer.delay)
                if isinstance(answer, HangUp):
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response_only(answer.status)
                if "Date" not in answer.headers:
                    self.send_header("Date", self.date_time_string())
                if answer.body or answer.status not in (204, 304):
                    self.send_header("Content-Type", answer.content_type)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = _answer

            def log_message(self, format: str, *args: Any) -> None:
                """Silence: what a sandbox did is read from its own pages."""

        class _Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hung up is no news; anything else must be seen."""
                import sys

                if not isinstance(sys.exc_info()[1], OSError | ValueError):
                    super().handle_error(request, client_address)

        self._server = _Server(("127.0.0.1", port), _Connection)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join(timeout=5)

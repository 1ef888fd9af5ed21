from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import tenacity

from connector.http import (
    ANY_ADDRESS,
    PUBLIC_ONLY,
    AddressRefusedError,
    Retry,
    Session,
    redact_path,
    retry_after_seconds,
    was_never_sent,
)
from sandbox.http import HangUp, Request, Response, Server


@pytest.fixture
def asked() -> list[Request]:
    return []


@pytest.fixture
def server(asked: list[Request]) -> Iterator[Server]:
    def handle(request: Request) -> Response | HangUp:
        asked.append(request)
        if request.path == "/moved":
            return Response(302, headers={"Location": "/here"})
        if request.path == "/silent":
            return HangUp()
        if request.path == "/slow":
            return Response(200, b"{}", delay=1.0)
        return Response(200, b"{}", headers={"intuit_tid": "1-abc"})

    running = Server(handle)
    running.start()
    yield running
    running.stop()


def make_session(guard: Any = None, read: float = 5) -> Session:
    return Session(timeout=(2, read), event="test.response", guard=guard)


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name resolves to these addresses; the list notes which names were asked for."""
    names: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host in addresses or host[0].isdigit():
            return real(host, port, *args, **kwargs)
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not PUBLIC_ONLY.allows(address)
    assert ANY_ADDRESS.allows(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "1.1.1.1", "2606:2800:21f::1", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert PUBLIC_ONLY.allows(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1"])
def test_a_guarded_session_does_not_reach_loopback_however_it_is_written(
    server: Server, asked: list[Request], host: str
) -> None:
    with pytest.raises(AddressRefusedError, match="public address") as caught:
        make_session(PUBLIC_ONLY).get(f"http://{host}:{server.port}/")

    assert asked == []
    assert was_never_sent(caught.value)


def test_a_public_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "93.184.215.14", "127.0.0.1")

    with pytest.raises(AddressRefusedError, match=r"127\.0\.0\.1"):
        make_session(PUBLIC_ONLY).get("http://shop.example/")


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    names = resolving(monkeypatch, "93.184.215.14")
    reached: list[tuple[str, int]] = []

    def create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        reached.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr("urllib3.util.connection.create_connection", create_connection)
    with pytest.raises(requests.ConnectionError):
        make_session(PUBLIC_ONLY).get("https://shop.example/")

    assert reached == [("93.184.215.14", 443)]
    assert names == ["shop.example"]


def test_a_redirect_is_not_followed_unless_asked(server: Server) -> None:
    session = make_session()

    assert session.get(f"{server.url}/moved").status_code == 302
    assert session.request("GET", f"{server.url}/moved").status_code == 302
    assert session.get(f"{server.url}/moved", allow_redirects=True).status_code == 200


def test_a_followed_redirect_is_guarded_too(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    session = make_session(PUBLIC_ONLY)
    first = requests.Response()
    first.status_code, first.url = 302, "http://shop.example/"
    first.headers["Location"] = f"{server.url}/here"
    first.raw, first._content = None, b""
    first.request = session.prepare_request(requests.Request("GET", "http://shop.example/"))

    with pytest.raises(AddressRefusedError):
        list(session.resolve_redirects(first, first.request))


def test_a_silent_server_is_left_after_the_timeout(server: Server) -> None:
    with pytest.raises(requests.ReadTimeout) as caught:
        make_session(read=0.05).get(f"{server.url}/slow")

    assert not was_never_sent(caught.value)


def test_the_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert make_session().get(f"{server.url}/here").status_code == 200


def test_certificates_cannot_be_ignored() -> None:
    with pytest.raises(ValueError, match="always verified"):
        make_session().get("https://127.0.0.1:9/", verify=False)


def test_each_call_is_logged_once_and_tells_no_secret(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    make_session().post(
        f"{server.url}/v3/company/4620816365291234567/batch?token=sesame",
        data="a body",
        headers={"Authorization": "Bearer sesame"},
    )

    (record,) = [record for record in caplog.records if record.getMessage() == "test.response"]
    fields = record.__dict__
    assert (fields["method"], fields["host"], fields["status"]) == ("POST", "127.0.0.1", 200)
    assert (fields["path"], fields["request_id"]) == ("/v3/company/…4567/batch", "1-abc")
    assert fields["duration_ms"] > 0
    assert "sesame" not in str(fields)
    assert "a body" not in str(fields)


def test_a_lost_answer_is_logged_as_a_failure(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    with pytest.raises(requests.ConnectionError) as caught:
        make_session().get(f"{server.url}/silent")

    (record,) = [record for record in caplog.records if record.getMessage() == "test.response"]
    assert (record.levelname, record.__dict__["status"], record.__dict__["error"]) == (
        "WARNING",
        None,
        "ConnectionError",
    )
    assert not was_never_sent(caught.value)


def test_a_refused_connection_was_never_sent() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(requests.ConnectionError) as caught:
        make_session().post(f"http://127.0.0.1:{port}/")

    assert was_never_sent(caught.value)


def test_short_numbers_in_a_path_stay() -> None:
    assert redact_path("/wp-json/wc/v3/orders/1042/refunds") == "/wp-json/wc/v3/orders/1042/refunds"


def response(status: int, retry_after: str = "") -> requests.Response:
    made = requests.Response()
    made.status_code = status
    if retry_after:
        made.headers["Retry-After"] = retry_after
    return made


class Script:
    """Answers or raises one thing after the other, and counts."""

    def __init__(self, *steps: requests.Response | Exception) -> None:
        self.steps = list(steps)
        self.calls = 0

    def __call__(self) -> requests.Response:
        self.calls += 1
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def make_retry(waits: list[float], attempts: int = 3) -> Retry:
    return Retry(stop=tenacity.stop_after_attempt(attempts), wait=tenacity.wait_fixed(0.5), sleep=waits.append)


def test_a_read_is_repeated_until_it_answers() -> None:
    waits: list[float] = []
    script = Script(response(503), requests.ConnectionError("reset"), response(200))

    assert make_retry(waits).call(script, method="GET").status_code == 200
    assert waits == [0.5, 0.5]


def test_the_answer_s_own_advice_wins_up_to_the_cap() -> None:
    waits: list[float] = []

    assert make_retry(waits).call(Script(response(429, "3"), response(200)), method="get").status_code == 200
    assert make_retry(waits).call(Script(response(429, "60")), method="GET").status_code == 429
    assert waits == [3.0]


def test_the_last_answer_or_failure_is_handed_back() -> None:
    waits: list[float] = []

    assert make_retry(waits, attempts=2).call(Script(response(503), response(502)), method="GET").status_code == 502
    with pytest.raises(requests.ReadTimeout):
        make_retry(waits, attempts=2).call(Script(requests.ReadTimeout(), requests.ReadTimeout()), method="GET")


@pytest.mark.parametrize("step", [response(503), requests.ConnectionError("reset"), requests.ReadTimeout()])
def test_a_write_is_never_repeated(step: Any) -> None:
    waits: list[float] = []
    script = Script(step)

    if isinstance(step, Exception):
        with pytest.raises(type(step)):
            make_retry(waits).call(script, method="POST")
    else:
        assert make_retry(waits).call(script, method="POST") is step

    assert (script.calls, waits) == (1, [])


def test_a_write_that_never_left_may_be_repeated() -> None:
    script = Script(requests.ConnectTimeout(), response(200))

    assert make_retry([]).call(script, method="POST").status_code == 200


def test_what_will_not_pass_is_not_repeated() -> None:
    for error in (AddressRefusedError("no"), requests.exceptions.SSLError("bad"), KeyError("ours")):
        with pytest.raises(type(error)):
            make_retry([]).call(Script(error), method="GET")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Mon, 05 Jan 2026 12:00:30 GMT", 30.0),
        ("Mon, 05 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)

    assert retry_after_seconds(response(429, text), now=now) == seconds

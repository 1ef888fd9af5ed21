"""A demo of its own for a test: a process on free ports, its folder, a signed-in visitor."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import requests

from connector.management.stand_in import ROOT

START_SECONDS = 240
"""Seven on a machine of its own; a suite in several processes leaves it a small share."""
STOP_SECONDS = 30
OWNER = "claire@maison-dupont.example"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_until(claim: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:.0f} s still not: {what}")
        time.sleep(0.1)


class DemoProcess:
    """`manage.py demo` in `folder`; a context manager that returns when the login page answers."""

    def __init__(self, folder: Path, *, orders: int = 20, ports: list[int] | None = None) -> None:
        self.folder = folder
        self.ports = ports or free_ports(3)
        self.url = f"http://127.0.0.1:{self.ports[0]}"
        self.store_url = f"http://127.0.0.1:{self.ports[1]}"
        self.company_url = f"http://127.0.0.1:{self.ports[2]}"
        names = ("--port", "--store-port", "--company-port")
        options = [word for name, port in zip(names, self.ports, strict=True) for word in (name, str(port))]
        self.output = folder.with_suffix(".output")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--folder", str(folder), "--orders", str(orders), *options],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, self.said
            return "Ctrl-C stops everything" in self.said

        wait_until(answers, START_SECONDS, "the demo answers")

    def password(self, email: str = OWNER) -> str:
        return json.loads((self.folder / "passwords.json").read_text())[email]

    def sign_in(self, email: str = OWNER) -> requests.Session:
        """A visitor with the session of this person."""
        visitor = requests.Session()
        page = visitor.get(f"{self.url}/accounts/login/", timeout=10)
        form = {"csrfmiddlewaretoken": csrf_token(page.text), "login": email, "password": self.password(email)}
        answer = visitor.post(f"{self.url}/accounts/login/", data=form, timeout=10)
        assert "/accounts/login/" not in answer.url, "the password was refused"
        return visitor

    def ledger(self) -> dict:
        return requests.get(f"{self.company_url}/_sandbox/ledger", timeout=10).json()

    def runs(self) -> list[str]:
        """The states of all runs, oldest first."""
        database = sqlite3.connect(f"file:{self.folder / 'juste.sqlite3'}?mode=ro", uri=True)
        with contextlib.closing(database):
            return [state for (state,) in database.execute("SELECT state FROM sync_run ORDER BY id")]

    def row(self, query: str) -> tuple[object, ...] | None:
        """The first row of an SQL query over the demo's own database."""
        database = sqlite3.connect(f"file:{self.folder / 'juste.sqlite3'}?mode=ro", uri=True)
        with contextlib.closing(database):
            found: tuple[object, ...] | None = database.execute(query).fetchone()
            return found

    def interrupt(self, number: int = signal.SIGINT) -> tuple[int, float]:
        """(exit code, seconds until it ended)."""
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS), time.monotonic() - started

    def __enter__(self) -> DemoProcess:
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]

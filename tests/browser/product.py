"""The whole service and both stand-ins as processes of their own, with nobody in it yet: a first visitor's view.

`python -m tests.browser.product` is the child: web, worker and beat as the demo runs them, over an empty database.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import fcntl
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from connector.management.demo.__main__ import on_signals
from connector.management.demo.environment import demo_environment, enter
from connector.management.stand_in import ROOT, StandIn
from tests.connector.management.demo_process import free_ports, wait_until

START_SECONDS = 240
STOP_SECONDS = 30
READY = "The service answers"


class Product:
    """A context manager that returns when the service answers. `orders`: how many the shop begins with."""

    def __init__(self, folder: Path, *, orders: int = 20, profile: str = "fr") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        port, store_port, company_port = free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self.stand_in = StandIn(
            folder,
            store_port=store_port,
            company_port=company_port,
            options=["--profile", profile, "--orders", str(orders), "--allow-http-callbacks"],
        )
        self.store_url = str(self.stand_in.details["store"]["url"])
        self.company_url = f"http://127.0.0.1:{company_port}"
        self.output = folder / "service.output"
        environment = demo_environment(self.stand_in.details, folder=folder, port=port)
        secrets = {"SECRET_KEY": "only-for-tests-" + "x" * 40, "FIELD_ENCRYPTION_KEYS": KEY}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.product", "--port", str(port), "--folder", str(folder)],
                cwd=ROOT,
                env={**os.environ, **environment, **secrets},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def letters(self, to: str) -> list[Any]:
        """The letters to this address, oldest first."""
        files = sorted((self.folder / "outbox").glob("*.log"), key=lambda path: path.stat().st_mtime)
        texts = [part for path in files for part in path.read_text(encoding="utf-8").split("\n" + "-" * 79 + "\n")]
        found = [email.message_from_string(text, policy=email.policy.default) for text in texts if text.strip()]
        return [letter for letter in found if letter["To"] == to]

    def link_in_letter(self, to: str) -> str:
        """The first link of the newest letter to this address."""
        wait_until(lambda: bool(self.letters(to)), 20, f"a letter to {to}")
        body = self.letters(to)[-1].get_body(preferencelist=("plain",))
        found = re.search(r"https?://\S+", body.get_content())
        assert found is not None
        return found[0]

    def company(self, name: str, **body: Any) -> Any:
        """A control of the stand-in company."""
        url = f"{self.company_url}/_sandbox/{name}"
        answer = requests.post(url, json=body, timeout=30) if body else requests.get(url, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Product:
        def answers() -> bool:
            assert self.process.poll() is None, self.output.read_text(encoding="utf-8")
            return READY in self.output.read_text(encoding="utf-8")

        try:
            wait_until(answers, START_SECONDS, "the service answers")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.stand_in.stop()


KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def serve(port: int, folder: Path) -> None:
    """Until a signal comes."""
    stopped = threading.Event()
    on_signals(stopped.set)
    enter({})
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    with (ROOT / "var" / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call_command("collectstatic", verbosity=0, interactive=False)

    from connector.management.demo.service import Service

    service = Service(port=port, folder=folder)
    service.start()
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    while not stopped.wait(0.5):
        pass
    if not service.stop(2.0):
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    serve(given.port, given.folder)

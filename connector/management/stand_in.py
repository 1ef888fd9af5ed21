"""The stand-in store and company as a child process: started, watched, and stopped again.

The child is `python -m sandbox`, which shares no code with the product; what it prints when it listens is all that is
known of it. Its pid is kept beside its state, so that a child left behind by a killed parent is found and ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 1.0
PID_FILE = "stand-in.pid"
ROOT = Path(__file__).resolve().parents[2]


class StandInFailed(Exception):
    """The child did not start, or ended; the text is what it said."""


class StandIn:
    """A running child. `details` is its JSON line: {"store": {...}, "company": {...}}. A context manager.

    folder: keeps the child's log and pid. options: further arguments of `python -m sandbox`. Raises StandInFailed.
    """

    def __init__(self, folder: Path, *, store_port: int, company_port: int, options: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "stand-in.log"
        self._pid_file = folder / PID_FILE
        end_left_behind(folder)
        ports = ["--store-port", str(store_port), "--company-port", str(company_port)]
        with self._log.open("wb") as log:
            # A session of its own: a Ctrl-C reaches the parent alone, which then stops the two in order.
            self._process = subprocess.Popen(  # noqa: S603  (our own module)
                [sys.executable, "-m", "sandbox", *ports, *options],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._process.pid), encoding="ascii")
        try:
            self.details = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def _wait_until_ready(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        deadline, said = time.monotonic() + START_SECONDS, b""
        while b"\n" not in said:
            said += self._process.stdout.read() or b""
            if self._process.poll() is not None and b"\n" not in said:
                raise StandInFailed(self.last_words())
            if time.monotonic() > deadline:
                raise StandInFailed(f"The stand-ins did not start within {START_SECONDS:.0f} s. {self.last_words()}")
            time.sleep(0.02)
        details: dict[str, Any] = json.loads(said.partition(b"\n")[0])
        return details

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of the child's log, as a reason to show."""
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        return text.splitlines()[-1] if text else f"It ended with code {self._process.returncode} and said nothing."

    def stop(self) -> None:
        """Ends the child, within a second or by force."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._pid_file.unlink(missing_ok=True)

    def __enter__(self) -> StandIn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def end_left_behind(folder: Path) -> None:
    """Ends the child that an earlier parent, killed at once, could not stop; another process's pid is left alone."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / PID_FILE).read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if words[1:3] != [b"-m", b"sandbox"]:
            return
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            os.kill(pid, 0)
            time.sleep(0.02)

"""Starts the stand-in store and company as a child process and waits until they listen."""

from __future__ import annotations

import signal
import subprocess
import sys
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Start the stand-in store and company; prints one JSON line when both listen. Stop with Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--store-port", type=int, default=8101)
        parser.add_argument("--company-port", type=int, default=8201)
        parser.add_argument("--orders", type=int)
        parser.add_argument("--profile", choices=["fr", "us", "ca", "gb"])
        parser.add_argument("--state", help="folder that keeps both sides across restarts")
        parser.add_argument("--latency", type=int, help="milliseconds added to every answer")
        parser.add_argument("--captures", help="folder of captured payloads to serve instead of an invented shop")
        parser.add_argument("--tax", choices=["off", "us_automated", "us_manual", "global"])
        parser.add_argument("--allow-http-callbacks", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        command = [sys.executable, "-m", "sandbox"]
        for name in ("store_port", "company_port", "orders", "profile", "state", "latency", "captures", "tax"):
            if options[name] is not None:
                command += [f"--{name.replace('_', '-')}", str(options[name])]
        if options["allow_http_callbacks"]:
            command.append("--allow-http-callbacks")
        child = subprocess.Popen(command)  # noqa: S603  (our own module, arguments checked above)

        def stop(number: int, _frame: FrameType | None) -> None:
            child.send_signal(number)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        sys.exit(child.wait())

"""`manage.py demo`: becomes the demo's own process, whose environment must stand before the settings are read."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from connector.management.stand_in import ROOT


class Command(BaseCommand):
    help = "The whole service with a stand-in store and company; see `python -m connector.management.demo --help`."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """The options are the demo's own, so its parser reads them."""
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "connector.management.demo", *argv[2:]])  # noqa: S606

    def handle(self, *args: Any, **options: Any) -> None:
        self.run_from_argv(["manage.py", "demo"])

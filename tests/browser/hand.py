"""A person's hand on mouse and keys: counts what it does, and how long a person would take for it.

Typing is not slept through: its keys are counted and charged at the speed of an ordinary typist. Pointing is charged
per click. What the service, the network and the browser need is measured as it passes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page

KEYS_PER_SECOND = 5.0
SECONDS_PER_CLICK = 2.0
"""To see the button and to get there; reading comes on top and is not ours to measure."""


@dataclass
class Hand:
    page: Page
    clicks: int = 0
    keys: int = 0
    started: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, int, float]] = field(default_factory=list)

    def click(self, target: Locator | str) -> None:
        self.clicks += 1
        (self.page.locator(target) if isinstance(target, str) else target).click()

    def type(self, target: str, text: str) -> None:
        """Into a field that has to be clicked first."""
        self.click(target)
        self.keys += len(text)
        self.page.locator(target).fill(text)

    def open(self, url: str) -> None:
        """A link in a letter: one click elsewhere."""
        self.clicks += 1
        self.page.goto(url)

    def done(self, what: str) -> None:
        """Notes how far it is."""
        self.steps.append((what, self.clicks, self.seconds))

    @property
    def machine_seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def seconds(self) -> float:
        """Human time so far: the machine's, the typing and the pointing."""
        return self.machine_seconds + self.keys / KEYS_PER_SECOND + self.clicks * SECONDS_PER_CLICK

    def report(self, title: str) -> str:
        rows, clicks, seconds = [f"\n{title}: step, clicks, seconds"], 0, 0.0
        for what, until, at in self.steps:
            rows.append(f"  {what:<28}{until - clicks:>4}{at - seconds:>8.1f}")
            clicks, seconds = until, at
        rows.append(f"  {'in all':<28}{self.clicks:>4}{self.seconds:>8.1f}   ({self.keys} keys typed, ")
        rows[-1] += f"{self.machine_seconds:.1f} s of it waiting for the service)"
        return "\n".join(rows)

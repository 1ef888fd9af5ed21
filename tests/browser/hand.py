"""A person at the browser: with a mouse or with the keyboard alone, counted as they go.

Typing is not slept through: its keys are counted and charged at the speed of an ordinary typist. Pointing is charged
per click. What the service, the network and the browser need is measured as it passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page

KEYS_PER_SECOND = 5.0
SECONDS_PER_CLICK = 2.0
"""To see the button and to get there; reading comes on top and is not ours to measure."""
MOST_TABS = 120


@dataclass
class Hand:
    """With a mouse. `has_script`: where not, what changes by itself is looked at again."""

    page: Page
    has_script: bool = True
    clicks: int = 0
    keys: int = 0
    started: float = field(default_factory=time.monotonic)
    steps: list[tuple[str, int, float]] = field(default_factory=list)

    def click(self, target: Locator | str) -> None:
        self.clicks += 1
        self.find(target).click()

    def type(self, target: str, text: str) -> None:
        """Into a field that is clicked first, unless it has the focus already or a Tab leads to it."""
        if not self._has_focus(target):
            self.page.keyboard.press("Tab")
            self.keys += 1
        if not self._has_focus(target):
            self.click(target)
        self.keys += len(text)
        self.page.locator(target).fill(text)

    def open(self, url: str) -> None:
        """A link in a letter: one click elsewhere."""
        self.clicks += 1
        self.page.goto(url)

    def find(self, target: Locator | str) -> Locator:
        return self.page.locator(target) if isinstance(target, str) else target

    def wait_for(self, target: str, seconds: float = 60) -> None:
        """Until it is there; without script by asking for the page again."""
        if self.has_script:
            self.page.locator(target).first.wait_for(timeout=seconds * 1000)
            return
        deadline = time.monotonic() + seconds
        while not self.page.locator(target).first.is_visible():
            assert time.monotonic() < deadline, f"After {seconds:.0f} s still no {target} on {self.page.url}"
            time.sleep(0.5)
            self.page.reload()

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
            rows.append(f"  {what:<32}{until - clicks:>4}{at - seconds:>8.1f}")
            clicks, seconds = until, at
        rows.append(f"  {'in all':<32}{self.clicks:>4}{self.seconds:>8.1f}   ({self.keys} keys typed, ")
        rows[-1] += f"{self.machine_seconds:.1f} s of it waiting for the service)"
        return "\n".join(rows)

    def _has_focus(self, selector: str) -> bool:
        return bool(self.page.evaluate("selector => Boolean(document.activeElement?.matches(selector))", selector))


@dataclass
class Keyboard(Hand):
    """Tab, Enter and Space; what has the focus must be seen to have it."""

    def click(self, target: Locator | str) -> None:
        self._tab_to(self.find(target))
        self.keys += 1
        self.page.keyboard.press("Enter")

    def type(self, target: str, text: str) -> None:
        self._tab_to(self.page.locator(target))
        self.keys += len(text)
        self.page.keyboard.type(text)

    def _tab_to(self, target: Locator) -> None:
        target.wait_for()
        has_focus: Callable[[], bool] = lambda: bool(target.evaluate("one => one === document.activeElement"))  # noqa: E731
        for _step in range(MOST_TABS):
            if has_focus():
                outline = target.evaluate("one => getComputedStyle(one).outlineStyle")
                assert outline != "none", f"{target} does not show that it has the focus"
                return
            self.page.keyboard.press("Tab")
            self.keys += 1
        raise AssertionError(f"No way to {target} by keyboard on {self.page.url}")

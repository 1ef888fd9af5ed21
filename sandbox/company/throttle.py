"""The company's rate limits (QBO reference, Rate limits and metering)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

REAL_LIMITS = {"per_minute": 500, "per_second": 10, "batches_per_minute": 40, "concurrent": 10}


class Throttle:
    """Counts calls in sliding windows. `enter` before a call, `leave` after one that was let in. Thread-safe."""

    def __init__(self) -> None:
        self.limits: dict[str, int] | None = dict(REAL_LIMITS)
        self.retry_after: int | None = None
        self.reads_left: int | None = None
        self._calls: deque[float] = deque()
        self._batches: deque[float] = deque()
        self._running = 0
        self._lock = threading.Lock()

    def change(self, wanted: Mapping[str, Any]) -> None:
        """`{"off": true}`, or limits to set (those left out are the real ones).

        `retry_after`: seconds to tell with a 429. `monthly_reads`: how many metered reads are left this month, after
        which every read is blocked (QBO reference, Intuit App Partner Program). Both also go with "off".
        Raises ValueError for a limit that does not exist.
        """
        wanted = dict(wanted)
        off = wanted.pop("off", False)
        retry_after = wanted.pop("retry_after", None)
        reads_left = wanted.pop("monthly_reads", None)
        unknown = sorted(set(wanted) - set(REAL_LIMITS))
        if unknown:
            raise ValueError(
                f"There is no limit {unknown[0]!r}; there are {', '.join(REAL_LIMITS)}, retry_after and off."
            )
        with self._lock:
            self.limits = None if off else {**REAL_LIMITS, **{name: int(value) for name, value in wanted.items()}}
            self.retry_after = None if retry_after is None else int(retry_after)
            self.reads_left = None if reads_left is None else int(reads_left)
            self._calls.clear()
            self._batches.clear()

    def described(self) -> dict[str, Any]:
        more = {"retry_after": self.retry_after, "monthly_reads": self.reads_left}
        limits: dict[str, Any] = {"off": True} if self.limits is None else dict(self.limits)
        return {**limits, **{name: value for name, value in more.items() if value is not None}}

    def enter(self, *, batch: bool, read: bool) -> bool:
        """Whether the call may go on; a call that is turned away does not count."""
        at = time.monotonic()
        with self._lock:
            if read and self.reads_left is not None:
                if self.reads_left <= 0:
                    return False
                self.reads_left -= 1
            if self.limits is not None:
                _forget(self._calls, at - 60)
                _forget(self._batches, at - 60)
                last_second = sum(1 for one in reversed(self._calls) if one > at - 1) if self._calls else 0
                if (
                    self._running >= self.limits["concurrent"]
                    or len(self._calls) >= self.limits["per_minute"]
                    or last_second >= self.limits["per_second"]
                    or (batch and len(self._batches) >= self.limits["batches_per_minute"])
                ):
                    return False
                self._calls.append(at)
                if batch:
                    self._batches.append(at)
            self._running += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._running -= 1


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()

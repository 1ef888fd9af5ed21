"""What was asked of the company: calls, metered reads, batches, creates, throttled calls, replays, faults."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any


class Stats:
    """Counts since the start or the last reset. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        self._creates: Counter[str] = Counter()
        self._updates: Counter[str] = Counter()
        self._deletes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()

    def count(self, what: str, by: int = 1) -> None:
        """`what`: calls | reads | batches | throttled | replays | token_calls | webhooks."""
        with self._lock:
            self._numbers[what] += by

    def count_write(self, operation: str, kind: str) -> None:
        with self._lock:
            kept = {"create": self._creates, "delete": self._deletes}.get(operation, self._updates)
            kept[kind] += 1

    def count_fault(self, code: str) -> None:
        with self._lock:
            self._faults[code] += 1

    def reset(self) -> None:
        with self._lock:
            for counter in (self._numbers, self._creates, self._updates, self._deletes, self._faults):
                counter.clear()

    def described(self) -> dict[str, Any]:
        with self._lock:
            names = ("calls", "reads", "batches", "throttled", "replays", "token_calls", "webhooks")
            return {
                **{name: self._numbers[name] for name in names},
                "creates": dict(self._creates),
                "updates": dict(self._updates),
                "deletes": dict(self._deletes),
                "faults": dict(self._faults),
            }

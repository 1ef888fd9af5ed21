"""The call budget of a company: traffic is shaped before QuickBooks has to say 429 (QBO reference, 3).

Three limits per realm, shared by every tenant and process: requests a minute, requests a second, batches a minute. The
count of the last minute is kept in one-second slots; a second is kept by spacing, a little wider than the limit. In
Redis where it is configured, otherwise on the company's row: an in-process count would be wrong as soon as a command
runs beside the service.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import redis
from django.conf import settings

from tenants.models import Company

CallKind = Literal["read", "write", "batch"]

WINDOW_SECONDS = 61
"""A slot is as long as the clock's grain, so one more than a minute is never less than a minute."""


JITTER = 1.15
"""Calls spaced by a tenth of a second arrive eleven in a second when the first was slow on its way."""


@dataclass(frozen=True, slots=True)
class Limits:
    per_minute: int
    per_second: int
    batches_per_minute: int

    @classmethod
    def from_settings(cls) -> Limits:
        return cls(
            per_minute=settings.QBO_MAX_REQUESTS_PER_MINUTE,
            per_second=settings.QBO_MAX_REQUESTS_PER_SECOND,
            batches_per_minute=settings.QBO_MAX_BATCHES_PER_MINUTE,
        )


def admit(state: dict[str, Any], kind: CallKind, now: float, limits: Limits) -> tuple[dict[str, Any], float]:
    """Counts one call if it may leave now: (new state, 0.0), else (state, seconds to wait). Pure.

    state: {"slots": {second: [requests, batches]}, "next": earliest time of the next call, "closed": time}; times are
    seconds since the epoch."""
    wait = max(float(state.get("closed", 0)) - now, float(state.get("next", 0)) - now, 0.0)
    if wait > 0:
        return state, wait
    first = int(now) - WINDOW_SECONDS + 1
    slots = {second: counts for second, counts in state.get("slots", {}).items() if int(second) >= first}
    for position, limit in ((0, limits.per_minute), (1, limits.batches_per_minute)):
        if position == 1 and kind != "batch":
            continue
        excess = sum(counts[position] for counts in slots.values()) - limit + 1
        for second in sorted(slots, key=int):
            if excess <= 0:
                break
            excess -= slots[second][position]
            wait = max(wait, int(second) + WINDOW_SECONDS - now)
    if wait > 0:
        return state, wait
    requests, batches = slots.get(str(int(now)), [0, 0])
    slots[str(int(now))] = [requests + 1, batches + (kind == "batch")]
    return {"slots": slots, "next": now + JITTER / limits.per_second, "closed": state.get("closed", 0)}, 0.0


class Budget:
    """The budget of one company. `reserve` never sleeps: it answers how long to wait."""

    def __init__(self, company_id: int, *, clock: Callable[[], float] = time.time) -> None:
        self._company_id = company_id
        self._clock = clock
        self._limits = Limits.from_settings()
        self._redis = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5) if settings.REDIS_URL else None

    def reserve(self, kind: CallKind) -> float:
        """0.0 when the call may leave now (and is counted), else the seconds until it may be asked again."""
        wait = 0.0

        def count(state: dict[str, Any]) -> dict[str, Any]:
            nonlocal wait
            changed, wait = admit(state, kind, self._clock(), self._limits)
            return changed

        self._change(count)
        return wait

    def close_for(self, seconds: float) -> None:
        """After a 429: nothing leaves for that long, whatever the count says."""
        until = self._clock() + seconds
        self._change(lambda state: {**state, "closed": max(float(state.get("closed", 0)), until)})

    def _change(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        if self._redis is not None:
            self._change_in_redis(self._redis, change)
        else:
            self._change_on_row(change)

    def _change_on_row(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Optimistic: repeats when another process changed the row in between."""
        while True:
            state, version = Company.objects.values_list("budget", "budget_version").get(pk=self._company_id)
            changed = change(state)
            if changed is state:
                return
            if Company.objects.filter(pk=self._company_id, budget_version=version).update(
                budget=changed, budget_version=version + 1
            ):
                return

    def _change_in_redis(self, server: redis.Redis, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        name = f"budget:{self._company_id}"
        with server.pipeline() as pipe:
            while True:
                try:
                    pipe.watch(name)
                    stored: Any = pipe.get(name)
                    state = json.loads(stored) if stored else {}
                    changed = change(state)
                    if changed is state:
                        pipe.unwatch()
                        return
                    pipe.multi()
                    pipe.set(name, json.dumps(changed), ex=600)
                    pipe.execute()
                except redis.WatchError:
                    continue
                return

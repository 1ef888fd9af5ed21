"""The call budget: traffic is shaped before QuickBooks has to refuse it."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from tenants.budget import Budget, CallKind, Limits, admit
from tenants.models import Company

LIMITS = Limits(per_minute=500, per_second=10, batches_per_minute=40)


def send_all(kind: CallKind, seconds: float, *, limits: Limits = LIMITS) -> list[float]:
    """When calls left, by somebody who asks as often as told, for so many seconds."""
    state: dict[str, Any] = {}
    now, end = 1_000_000.0, 1_000_000.0 + seconds
    left = []
    while now < end:
        state, wait = admit(state, kind, now, limits)
        if wait == 0.0:
            left.append(now)
        now += max(wait, 0.001)
    return left


def most_within(left: list[float], seconds: float) -> int:
    return max(sum(1 for other in left if start <= other < start + seconds) for start in left)


def test_no_second_and_no_minute_holds_more_calls_than_allowed() -> None:
    left = send_all("write", 130)
    assert most_within(left, 0.999) <= 10
    assert most_within(left, 60) <= 500
    assert len(left) > 950


def test_a_call_that_was_slow_on_its_way_does_not_make_a_second_too_full() -> None:
    left = send_all("read", 20)
    arrived = [at + (0.14 if number % 10 == 0 else 0.0) for number, at in enumerate(left)]
    assert most_within(arrived, 1.0) <= 10


def test_no_minute_holds_more_batches_than_allowed() -> None:
    left = send_all("batch", 190)
    assert most_within(left, 60) <= 40
    assert len(left) >= 120


def test_batches_leave_room_for_other_calls() -> None:
    state: dict[str, Any] = {}
    now = 1_000_000.0
    for number in range(40):
        state, wait = admit(state, "batch", now + number * 0.2, LIMITS)
        assert wait == 0.0
    after = now + 40 * 0.2
    _state, batch_wait = admit(state, "batch", after, LIMITS)
    _state, read_wait = admit(state, "read", after, LIMITS)
    assert batch_wait > 50
    assert read_wait == 0.0


@pytest.mark.django_db
def test_a_company_that_was_closed_lets_nothing_leave_until_then() -> None:
    company = Company.objects.create(realm_hash="b" * 64, realm_id="1")
    now = 1_000_000.0
    clock = [now]
    budget = Budget(company.pk, clock=lambda: clock[0])
    budget.close_for(60)
    assert budget.reserve("write") == 60
    clock[0] += 61
    assert budget.reserve("write") == 0.0


@pytest.mark.django_db
def test_two_processes_share_one_count() -> None:
    company = Company.objects.create(realm_hash="c" * 64, realm_id="1")
    clock = [2_000_000.0]
    first, second = (Budget(company.pk, clock=lambda: clock[0]) for _process in range(2))
    for number in range(settings.QBO_MAX_BATCHES_PER_MINUTE):
        assert (first, second)[number % 2].reserve("batch") == 0.0
        clock[0] += 1
    assert first.reserve("batch") > 0
    assert second.reserve("batch") > 0

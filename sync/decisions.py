"""What a person decides about many records at once, row by row: what was done to each, or why it was left as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from sync.models import Record
from sync.models.scoping import TenantQuerySet

AT_ONCE = 200
"""Rows of one transaction: a long list must not hold what a worker wants to write."""


class Outcome(StrEnum):
    DONE = "done"
    IN_FLIGHT = "in_flight"
    SYNCED = "synced"
    SKIPPED = "skipped"
    UNDECIDED = "undecided"
    """Only a decision on its own page ends it: its document was changed or deleted by a person."""

    CHANGED = "changed"
    """It moved on between the look and the act."""


@dataclass(frozen=True, slots=True)
class Result:
    record: Record
    outcome: Outcome


def retry_all(records: TenantQuerySet[Record], *, by: str) -> list[Result]:
    """Queues every record that can be looked at again. `by` names the person."""
    return _each(records, _why_not_retry, lambda record: record.queue_again(by=by))


def skip_all(records: TenantQuerySet[Record], *, by: str, why: str) -> list[Result]:
    """Sets aside, with the person's reason, every record that waits for something."""
    return _each(records, _why_not_skip, lambda record: record.skip_by_hand(by=by, why=why))


def _each(
    records: TenantQuerySet[Record], why_not: Callable[[Record], Outcome | None], act: Callable[[Record], bool]
) -> list[Result]:
    """In the order of the list. The act itself is a conditional update, so a worker's write in between wins."""
    results: list[Result] = []
    chosen = list(records.defer("raw", "proof", "parent__raw", "parent__proof").select_related("parent"))
    for start in range(0, len(chosen), AT_ONCE):
        with transaction.atomic():
            for record in chosen[start : start + AT_ONCE]:
                refused = why_not(record)
                if refused is None and not act(record):
                    refused = Outcome.CHANGED
                results.append(Result(record, refused or Outcome.DONE))
    return results


def _why_not_retry(record: Record) -> Outcome | None:
    if record.state in Record.IN_FLIGHT:
        return Outcome.IN_FLIGHT
    if record.state == Record.State.SYNCED:
        return Outcome.SYNCED
    return Outcome.UNDECIDED if record.reason in Record.NEEDS_DECISION else None


def _why_not_skip(record: Record) -> Outcome | None:
    if record.state in Record.IN_FLIGHT:
        return Outcome.IN_FLIGHT
    if record.state == Record.State.SYNCED:
        return Outcome.SYNCED
    return Outcome.SKIPPED if record.state == Record.State.SKIPPED else None

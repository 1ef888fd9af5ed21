"""How a record changes its state and what is told of it: the only place of the engine that writes record states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.accounting.documents import Held, Notice, Proof, Skipped, Waiting
from sync.models import OptionsVersion, Record, RecordEvent, Run


def tell(record: Record, run: Run, kind: str, /, **details: Any) -> None:
    """One line of the record's history."""
    RecordEvent.objects.create(record=record, run=run, kind=kind, details=details)


def note(record: Record, notices: Sequence[Notice]) -> None:
    """Adds things that the merchant should know though nothing is wrong with the record."""
    if notices:
        record.notices = [*record.notices, *notices_as_json(notices)]
        Record.objects.filter(pk=record.pk).update(notices=record.notices)


def forget(record: Record, reason: str) -> None:
    """Takes a notice off that is true no longer."""
    left = [notice for notice in record.notices if notice["reason"] != reason]
    if left != record.notices:
        record.notices = left
        Record.objects.filter(pk=record.pk).update(notices=left)


def notices_as_json(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    return [{"reason": notice.reason, **notice.details} for notice in notices]


def was_told(record: Record, kind: str, *, posting: int) -> bool:
    """Whether this line about this posting is in the history already; a resumed run tells nothing twice."""
    return any(event.kind == kind and event.details.get("posting") == posting for event in record.events.all())


def end(
    record: Record,
    run: Run,
    outcome: Skipped | Waiting | Held,
    *,
    version: OptionsVersion | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Ends a record that has no (further) document, with its reason; told only when the reason is news."""
    state, kind = {
        Skipped: (Record.State.SKIPPED, "skipped"),
        Waiting: (Record.State.WAITING, "waiting"),
        Held: (Record.State.ATTENTION, "held"),
    }[type(outcome)]
    details = {**outcome.details, **(extra or {})}
    with transaction.atomic():
        before = (record.state, record.reason)
        last = record.events.filter(kind=kind).order_by("-pk").first() if record.pk else None
        move(record, run, state, reason=outcome.reason, details=details, version=version)
        if before != (state, outcome.reason) and (last is None or last.details.get("reason") != outcome.reason):
            tell(record, run, kind, reason=outcome.reason, **outcome.details)


def move(
    record: Record,
    run: Run | None,
    state: str,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    version: OptionsVersion | None = None,
    **fields: Any,
) -> None:
    """Writes the state and what belongs to it in one update."""
    changed: dict[str, Any] = {
        "state": state,
        "reason": reason,
        "details": dict(details or {}),
        "run": run,
        "state_since": timezone.now(),
        **fields,
    }
    if version is not None:
        changed["options_version"] = version
    Record.objects.filter(pk=record.pk).update(**changed)
    for name, value in changed.items():
        setattr(record, name, value)


def proof_as_json(proof: Proof) -> dict[str, Any]:
    return {
        "store_total": str(proof.store_total),
        "document_total": str(proof.document_total),
        "store_tax": str(proof.store_tax),
        "document_tax": str(proof.document_tax),
        "means": str(proof.means),
        "computed_tax": None if proof.computed_tax is None else str(proof.computed_tax),
        "rounding": str(proof.rounding),
        "moved_base": str(proof.moved_base),
        "rates": [
            {"label": rate.label, "rate_id": rate.rate_id, "store": str(rate.store), "document": str(rate.document)}
            for rate in proof.rates
        ],
    }

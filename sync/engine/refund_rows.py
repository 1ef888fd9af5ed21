"""Refunds as rows: an order only lists them, so their lines are read once, and kept with their records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from connector.accounting.commerce import Order, Refund, RefundSummary, Unreadable
from connector.accounting.documents import Held, Skipped
from connector.errors import FaultError, RetryableError
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.standing import CREDITS
from sync.models import Posting, Record, Run

DELETED = "refund_deleted"
PATIENCE = 3
"""So many failures in a row, and the refunds of an order are held for what the store says: those of one order must not
stop all others."""


def take_in_refunds(work: Slice, parent: Record, order: Order) -> None:
    """Refunds as their order lists them; one that has left the list was deleted in the store, which bumps nothing."""
    known = {child.woo_id: child for child in parent.children.filter(source=Record.Source.REFUND)}
    for position, refund in enumerate(sorted(order.refunds, key=lambda refund: refund.id), start=1):
        if refund.id in known:
            _see_again(work, known[refund.id], refund)
            continue
        child = Record.objects.create(
            tenant=work.tenant,
            source=Record.Source.REFUND,
            woo_id=refund.id,
            parent=parent,
            number=f"{order.number}-{position}",
            buyer=parent.buyer,
            currency=order.currency,
            store_total=refund.total,
            ordered_at=None,
            raw={"id": refund.id, "reason": refund.reason, "total": str(refund.total), "order_id": order.id},
            run=work.run,
        )
        journal.tell(child, work.run, "read", status="refund")
    listed = {refund.id for refund in order.refunds}
    for child in known.values():
        if child.woo_id not in listed:
            note_deleted(child, work.run)


def _see_again(work: Slice, child: Record, refund: RefundSummary) -> None:
    Record.objects.filter(pk=child.pk).update(run=work.run)
    child.run = work.run
    if child.store_total != refund.total and not _stands(child) and child.state != Record.State.SENDING:
        Record.objects.filter(pk=child.pk).update(store_total=refund.total, raw_hash="")
    elif not _is_deleted(child):
        return
    if child.reason != "by_hand" and child.state not in Record.IN_FLIGHT:
        journal.move(child, work.run, Record.State.QUEUED)


def note_deleted(child: Record, run: Run) -> None:
    """Deleted in the store: its document needs a person's decision; without one, nothing is left to do."""
    if child.state == Record.State.SENDING or child.reason == "by_hand" or _is_deleted(child):
        return
    if _stands(child):
        journal.end(child, run, Held(DELETED))
    else:
        journal.end(child, run, Skipped("trash", {"problem": DELETED}))


def _is_deleted(child: Record) -> bool:
    return child.reason == DELETED or (child.reason == "trash" and child.details.get("problem") == DELETED)


def _stands(child: Record) -> bool:
    return child.postings.filter(operation="create", state=Posting.State.POSTED, entity__in=CREDITS).exists()


def read_refunds(work: Slice, orders: Iterable[Record]) -> dict[int, Held]:
    """Reads the refunds of those orders that have one whose lines are not kept yet, one call each.

    Order's pk -> why its refunds could not be read. Raises RetryableError and ConnectionLostError like any reading."""
    refused: dict[int, Held] = {}
    for order in orders:
        unread = {child.woo_id: child for child in order.children.filter(raw_hash="") if not _is_deleted(child)}
        if not unread:
            continue
        work.heartbeat()
        try:
            rows = work.store.refunds(order.woo_id)
        except FaultError as error:
            details = {"code": error.code, "message": error.message[:500], "order": order.number}
            refused[order.pk] = Held(f"refused_by_store:{error.code}", details)
            continue
        except RetryableError as error:
            if work.run.failed_attempts < PATIENCE:
                raise
            details = {"code": error.reason, "message": error.detail[:500], "order": order.number}
            refused[order.pk] = Held(f"refused_by_store:{error.reason}"[:80], details)
            continue
        with transaction.atomic():
            for raw, refund in rows:
                if refund.id in unread:
                    _keep(unread.pop(refund.id), raw, refund)
            for child in unread.values():
                note_deleted(child, work.run)
        work.checkpoint("refunds read")
        work.beat()
    return refused


def _keep(child: Record, raw: dict[str, Any], refund: Refund | Unreadable) -> None:
    child.raw, child.raw_removed_at = raw, None
    child.raw_hash = hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()
    changed = ["raw", "raw_hash", "raw_removed_at"]
    if isinstance(refund, Refund):
        child.ordered_at = refund.created_at
        changed.append("ordered_at")
    child.save(update_fields=changed)


def refunds_of(work: Slice, order: Record) -> tuple[Refund, ...]:
    """The order's refunds, with those deleted in the store whose document stands; unreadable ones left out."""
    children = [child for child in order.children.exclude(raw_hash="").order_by("woo_id") if child.reason != "trash"]
    typed = (work.store.parse_refund(child.raw, order.woo_id) for child in children)
    return tuple(refund for refund in typed if isinstance(refund, Refund))

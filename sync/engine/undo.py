"""Takes back what we created for a record, newest first: credits applied and payments, then refunds, then the sale.

Everything is read and checked before the first deletion: what was deposited, lies in a closed period, was changed by a
person or pays for somebody else's document stays as it is, and the person who asked is told why. Each deletion is a
posting, sent in waves, for nothing in a batch may rely on anything else in it; a run that dies goes on from those rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind, Skipped
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.kept import forget
from sync.engine.post import new_posting
from sync.engine.standing import CREDITS
from sync.engine.touched import (
    CLOSED,
    DEPOSITED,
    GONE,
    STALE_OBJECT,
    TRIES,
    is_deposited,
    look,
    read_again,
    remember_token,
    send_again,
)
from sync.models import Posting, Record, Request

UNDO = "undo"
AT_ONCE = 400
LEFT_ALONE = Q(state=Record.State.SKIPPED, reason__in=["by_hand", "trash", "zero_refund"])


@dataclass(frozen=True, slots=True)
class Ours:
    """A document that we created and that stands; `last` is the newest answer about it."""

    create: Posting
    last: Posting

    @property
    def wave(self) -> int:
        """What hangs on others goes first."""
        if self.create.entity in (DocumentKind.PAYMENT, DocumentKind.PURCHASE):
            return 0
        return 1 if self.create.entity in CREDITS else 2

    @property
    def day(self) -> date:
        told = self.last.answer.get("TxnDate") or self.create.answer.get("TxnDate") or self.create.payload["TxnDate"]
        return date.fromisoformat(str(told))


def documents_of(record: Record) -> list[Ours]:
    """Of a record, an order's with those of its refunds: in the order in which they are deleted, newest first. What
    somebody else made and was linked is not ours."""
    return documents_of_all([record])[record.pk]


def documents_of_all(records: Sequence[Record]) -> dict[int, list[Ours]]:
    """As `documents_of`, by record, with one query for every AT_ONCE of them."""
    answered: dict[int, list[Posting]] = {record.pk: [] for record in records}
    ids = list(answered)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        rows = Posting.objects.filter(Q(record__in=some) | Q(record__parent__in=some), state=Posting.State.POSTED)
        rows = rows.filter(operation__in=["create", "update", "void"], is_linked=False).select_related("record")
        for posting in rows.defer("record__raw", "record__proof").order_by("pk"):
            assert posting.record is not None
            for pk in {posting.record_id, posting.record.parent_id} & set(some):
                answered[pk].append(posting)  # type: ignore[index]  # None is none of them
    return {pk: _standing(postings) for pk, postings in answered.items()}


def _standing(answered: Sequence[Posting]) -> list[Ours]:
    last = {(one.entity, one.qbo_id): one for one in answered}
    found = [Ours(one, last[one.entity, one.qbo_id]) for one in answered if one.operation == "create"]
    return sorted(found, key=lambda ours: (ours.wave, -ours.create.pk))


def begin(work: Slice, requests: Sequence[Request]) -> None:
    """Looks at all that is to go, one metered read for each entity, and begins where nothing stands in the way."""
    of_all = documents_of_all([request.record for request in requests])
    wanted = {request.pk: of_all[request.record_id] for request in requests}
    found = read_again(work, [ours.last for documents in wanted.values() for ours in documents])
    work.checkpoint("looked at what goes")
    for request in requests:
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            _begin_one(work, request, wanted[request.pk], found)
        work.checkpoint("undo begun")


def _begin_one(
    work: Slice,
    request: Request,
    documents: Sequence[Ours],
    found: Mapping[tuple[str, str], FoundDocument | None],
) -> None:
    record = request.record
    problem = _problem(work, record, documents, found)
    if not documents:
        request.end(Request.State.DONE, work.run, outcome="nothing")
        return
    if problem is not None:
        _refuse(work, request, record, problem)
        return
    last = Posting.objects.for_tenant(work.tenant).order_by("-pk").values_list("pk", flat=True).first()
    journal.move(
        record,
        work.run,
        Record.State.SENDING,
        version=record.options_version,
        details={UNDO: {"request": request.pk, "since": last or 0, "documents": len(documents)}},
    )
    for ours in documents:
        standing = found[ours.last.entity, ours.last.qbo_id]
        if standing is None:
            _mark_undone(work, ours.create.key)
        else:
            remember_token(ours.last, standing)
    _send_wave(work, [ours for ours in documents if found[ours.last.entity, ours.last.qbo_id] is not None])


def _problem(
    work: Slice,
    record: Record,
    documents: Sequence[Ours],
    found: Mapping[tuple[str, str], FoundDocument | None],
) -> dict[str, str] | None:
    """The first thing that stands in the way, with the document it is about."""
    own = {(ours.create.entity, ours.create.qbo_id) for ours in documents_of(record.parent or record)}
    closed_until = work.policy_for(work.options).closed_until
    for ours in documents:
        standing = found[ours.last.entity, ours.last.qbo_id]
        if standing is None:
            continue
        named = {"number": standing.number or ours.create.doc_number, "entity": ours.create.entity}
        if is_deposited(standing):
            return {"outcome": "deposited", **named}
        if closed_until is not None and (standing.document_date or ours.day) <= closed_until:
            return {"outcome": "closed", **named}
        if look(work, ours.last, standing).state == "edited":
            return {"outcome": "edited", **named}
        if _links(standing) - own:
            return {"outcome": "linked", **named}
    return None


def _links(standing: FoundDocument) -> set[tuple[str, str]]:
    """The payments of an invoice or a credit; the documents that a payment pays."""
    plain = list(standing.raw.get("LinkedTxn") or ())
    paid = [link for line in standing.raw.get("Line") or () for link in line.get("LinkedTxn") or ()]
    kinds = {kind.value for kind in DocumentKind}
    return {(str(link["TxnType"]), str(link["TxnId"])) for link in [*plain, *paid] if link.get("TxnType") in kinds}


def _send_wave(work: Slice, documents: Sequence[Ours]) -> None:
    if not documents:
        return
    wave = documents[0].wave
    for ours in documents:
        if ours.wave == wave:
            posting = new_posting(
                work,
                key=ours.create.key,
                operation="delete",
                entity=ours.create.entity,
                payload={"Id": ours.create.qbo_id, "SyncToken": ours.last.sync_token},
                record=ours.create.record,
            )
            Posting.objects.filter(pk=posting.pk).update(qbo_id=ours.create.qbo_id)


def go_on(work: Slice, record: Record) -> None:
    """A record that is being taken back, all of whose deletions are answered: the next wave, or its end."""
    kept = record.details[UNDO]
    deletions = Posting.objects.filter(Q(record=record) | Q(record__parent=record), operation="delete")
    deletions = deletions.filter(pk__gt=kept["since"]).select_related("record").order_by("pk")
    if deletions.filter(state=Posting.State.PLANNED).exists():
        return
    newest = {posting.key: posting for posting in deletions}
    for refused in newest.values():
        if refused.state == Posting.State.FAULTED and not _settle_refused(work, record, refused):
            return
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        if Posting.objects.filter(pk__in=deletions.values("pk"), state=Posting.State.PLANNED).exists():
            return
        left = documents_of(record)
        if left:
            _send_wave(work, left)
        else:
            _finish(work, record, kept)


def _settle_refused(work: Slice, record: Record, refused: Posting) -> bool:
    """False when the record's undoing has come to its end with this refusal."""
    living = next((ours for ours in documents_of(record) if ours.create.key == refused.key), None)
    if living is None:
        return True
    if refused.fault_code == GONE:
        _mark_undone(work, refused.key)
        return True
    outcome = "refused"
    if refused.fault_code == STALE_OBJECT:
        work.beat()
        standing = work.books.read_document(DocumentKind(refused.entity), refused.qbo_id)
        if standing is None:
            _mark_undone(work, refused.key)
            return True
        if look(work, living.last, standing).state == "same" and refused.generation < TRIES:
            with transaction.atomic():
                work.heartbeat()  # writes nothing once the lease is lost
                remember_token(living.last, standing)
                send_again(work, refused, standing.sync_token)
            return True
        outcome = "edited"
    elif refused.fault_code in DEPOSITED:
        outcome = "deposited"
    elif refused.fault_code in CLOSED:
        outcome = "closed"
    _stop(work, record, refused, living, outcome)
    return False


def _stop(work: Slice, record: Record, refused: Posting, living: Ours, outcome: str) -> None:
    """What went before this refusal is sent again: the books end as they were, and the person is told why."""
    problem = {"outcome": outcome, "number": living.create.doc_number, "entity": living.create.entity,
               "code": refused.fault_code, "message": refused.fault_detail[:500]}  # fmt: skip
    request = Request.objects.filter(pk=record.details[UNDO]["request"]).first()
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        gone = Posting.objects.filter(state=Posting.State.UNDONE, operation="create", record__parent=record)
        gone = gone.filter(key__in=_deleted_keys(record))
        for child in record.children.filter(pk__in=gone.values("record")):
            journal.move(child, work.run, Record.State.QUEUED, version=child.options_version)
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
        if request is not None:
            _refuse(work, request, record, problem)


def _deleted_keys(record: Record) -> list[str]:
    deletions = Posting.objects.filter(Q(record=record) | Q(record__parent=record), operation="delete")
    return list(deletions.filter(pk__gt=record.details[UNDO]["since"]).values_list("key", flat=True))


def _refuse(work: Slice, request: Request, record: Record, problem: Mapping[str, str]) -> None:
    journal.tell(record, work.run, "undo_refused", by=request.who, **problem)
    request.end(Request.State.REFUSED, work.run, **problem)


def _finish(work: Slice, record: Record, kept: Mapping[str, Any]) -> None:
    """Set aside until somebody has it sent again; its refunds with it."""
    request = Request.objects.filter(pk=kept["request"]).first()
    by = request.who if request is not None else ""
    forget(record)
    journal.end(record, work.run, Skipped("undone", {"by": by}), version=record.options_version)
    journal.tell(record, work.run, "undone", by=by, documents=kept["documents"])
    for child in record.children.exclude(LEFT_ALONE).exclude(state=Record.State.SKIPPED, reason="undone"):
        undone = Skipped("undone", {"by": by})
        journal.end(child, work.run, undone, version=child.options_version, extra={"with_sale": True})
    if request is not None:
        request.end(Request.State.DONE, work.run, outcome="undone", documents=kept["documents"])


def _mark_undone(work: Slice, key: str) -> None:
    Posting.objects.for_tenant(work.tenant).filter(
        key=key, state=Posting.State.POSTED, operation__in=["create", "update", "void"]
    ).update(state=Posting.State.UNDONE)

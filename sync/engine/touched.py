"""What somebody else did to a document of ours in QuickBooks: changed, voided or deleted it, or nothing that counts.

The sync token guards every write of ours; when QuickBooks says that it is stale, or when a person asks, the document is
read and what it says is compared with what QuickBooks last answered to us. A token that only rose because something was
linked is remembered; what a person changed is never overwritten (product specification, §1.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction

from connector.accounting.books import Edit, FoundDocument, Payload, PostedSale
from connector.accounting.documents import DocumentKind, Held
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.post import adopt, new_posting
from sync.models import Posting, Record

STALE_OBJECT = "5010"
GONE = "610"
CLOSED = frozenset({"6200", "6210"})
DEPOSITED = frozenset({"6450", "6480", "6540"})
TRIES = 4
"""How often a write whose document only got a new token is sent again in one run."""


@dataclass(frozen=True, slots=True)
class Look:
    """A document as it stands beside what QuickBooks last answered to us. edits: only where it was changed."""

    state: Literal["same", "edited", "voided", "gone"]
    found: FoundDocument | None = None
    edits: tuple[Edit, ...] = ()


def look(work: Slice, answered: Posting, found: FoundDocument | None) -> Look:
    if found is None:
        return Look("gone")
    if work.books.is_voided(found.raw) and answered.total != 0:
        return Look("voided", found)
    edits = tuple(work.books.edits(_last_known(answered, found), found.raw))
    return Look("edited" if edits else "same", found, edits)


def _last_known(answered: Posting, found: FoundDocument) -> Payload:
    """Once what QuickBooks answered is no longer kept, only its number and total are left to compare."""
    if answered.answer.get("Id"):
        return dict(answered.answer)
    kept = {"DocNumber": answered.doc_number}
    return {**found.raw, **kept, "TotalAmt": str(answered.total)}


def read_again(work: Slice, wanted: Sequence[Posting]) -> dict[tuple[str, str], FoundDocument | None]:
    """These documents as they stand, by entity and id; one metered read for each entity among them."""
    ids: dict[str, list[str]] = {}
    for posting in wanted:
        ids.setdefault(posting.entity, []).append(posting.qbo_id)
    found: dict[tuple[str, str], FoundDocument | None] = {}
    for entity, some in ids.items():
        work.beat()
        unique = list(dict.fromkeys(some))
        rows = {one.qbo_id: one for one in work.books.documents_by_id(DocumentKind(entity), unique)}
        found |= {(entity, qbo_id): rows.get(qbo_id) for qbo_id in unique}
    return found


def remember_token(answered: Posting, found: FoundDocument) -> None:
    Posting.objects.filter(pk=answered.pk).update(sync_token=found.sync_token)
    answered.sync_token = found.sync_token


def is_deposited(found: FoundDocument) -> bool:
    """Its money was taken to the bank: QuickBooks refuses every change then (QBO reference, 1.4)."""
    return any(link.get("TxnType") == "Deposit" for link in found.raw.get("LinkedTxn") or ())


def is_replacement(posting: Posting) -> bool:
    """The whole of a document was written over a person's version; other changes leave its date alone."""
    return posting.operation == "update" and "TxnDate" in posting.payload


def hold(work: Slice, record: Record, answered: Posting, seen: Look) -> None:
    """The record waits for a person; a document that is gone stands in our books no longer."""
    details = {"number": answered.doc_number, "order": record.number, "entity": answered.entity}
    if seen.state == "edited" and seen.found is not None:
        hold_edited(work, record, details, seen.edits, seen.found)
    else:
        hold_gone(work, record, answered, details | ({"problem": "voided"} if seen.state == "voided" else {}))


def hold_edited(
    work: Slice, record: Record, details: Mapping[str, Any], edits: Sequence[Edit], found: FoundDocument | None
) -> None:
    """found: the person's version; None where we know it already."""
    shown = [[edit.field, edit.before, edit.after, edit.name] for edit in edits]
    journal.end(
        record,
        work.run,
        Held("edited_in_quickbooks", dict(details)),
        version=record.options_version,
        extra={"edits": shown, **({"found": found.raw, "now": _sums(found)} if found is not None else {})},
    )


def _sums(found: FoundDocument) -> dict[str, Any]:
    return {
        "number": found.number,
        "total": str(found.total),
        "tax": None if found.tax is None else str(found.tax),
        "rates": {rate: str(amount) for rate, amount in found.rates.items()},
    }


def hold_gone(work: Slice, record: Record, answered: Posting, details: Mapping[str, Any]) -> None:
    """A definite answer says that it is gone: what was posted counts as undone, and is never sent again by itself."""
    with transaction.atomic():
        mark_gone(work, answered)
        journal.end(record, work.run, Held("document_gone", dict(details)), version=record.options_version)


def hold_without_document(work: Slice, record: Record, sale: PostedSale) -> None:
    """An order whose invoice a reading has shown to be gone."""
    create = record.postings.filter(
        entity=sale.kind, qbo_id=sale.qbo_id, operation="create", state=Posting.State.POSTED
    ).first()
    if create is not None:
        details = {"number": sale.number, "order": record.number, "entity": str(sale.kind)}
        hold_gone(work, record, create, details)


def mark_gone(work: Slice, answered: Posting) -> None:
    """With it went what set credits against it: those are applied again once it stands anew."""
    ours = Posting.objects.for_tenant(work.tenant).filter(state=Posting.State.POSTED)
    ours.filter(key=answered.key, operation__in=["create", "update", "void"]).update(state=Posting.State.UNDONE)
    ours.filter(key=f"{answered.key}:apply", operation="create").update(state=Posting.State.UNDONE)
    if answered.entity != DocumentKind.INVOICE:
        return
    for applied in ours.filter(key__endswith=":apply", operation="create", record__parent=answered.record_id):
        if any(
            (link["TxnType"], link["TxnId"]) == (answered.entity, answered.qbo_id)
            for line in applied.payload.get("Line", [])
            for link in line.get("LinkedTxn", [])
        ):
            Posting.objects.filter(pk=applied.pk).update(state=Posting.State.UNDONE)
            if applied.record is not None and applied.record.state == Record.State.SYNCED:
                journal.move(applied.record, work.run, Record.State.QUEUED)


def settle_refused_update(work: Slice, record: Record, answered: Posting, refused: Posting) -> None:
    """QuickBooks refused to change a document that stands as we left it: once more, adopted, or a person decides.

    A change whose answer was lost is refused when it is repeated; what the document says tells that it arrived."""
    code = refused.fault_code
    details = {"code": code, "message": refused.fault_detail[:500], "order": record.number,
               "number": answered.doc_number, "entity": answered.entity}  # fmt: skip
    if code not in (STALE_OBJECT, GONE):
        journal.end(record, work.run, _held(code, details, answered), version=record.options_version)
        return
    work.beat()
    found = work.books.read_document(DocumentKind(answered.entity), answered.qbo_id)
    if found is not None and _arrived(work, refused, found):
        adopt(work, refused, found)
        return
    seen = look(work, answered, found)
    if seen.state != "same" or found is None:
        hold(work, record, answered, seen)
    elif code == GONE or _tries(record, refused) >= TRIES:
        journal.end(record, work.run, _held(code, details, answered), version=record.options_version)
    else:
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            remember_token(answered, found)
            send_again(work, refused, found.sync_token)


def _held(code: str, details: Mapping[str, str], answered: Posting) -> Held:
    date = {"date": str(answered.answer.get("TxnDate") or answered.payload.get("TxnDate", ""))}
    if code in CLOSED:
        return Held("closed_period", {**details, **date, "problem": "edited"})
    problem = "deposited" if code in DEPOSITED else "edited"
    return Held(f"refused_by_quickbooks:{code}", {**details, "problem": problem})


def _arrived(work: Slice, refused: Posting, found: FoundDocument) -> bool:
    return found.total == refused.planned_total and work.books.says(refused.payload, found.raw)


def _tries(record: Record, refused: Posting) -> int:
    return sum(
        (one.key, one.operation, one.run_id, one.fingerprint)
        == (refused.key, refused.operation, refused.run_id, refused.fingerprint)
        for one in record.postings.all()
    )


def send_again(work: Slice, refused: Posting, sync_token: str) -> Posting:
    """The same write under another token, as the next generation."""
    again = new_posting(
        work,
        key=refused.key,
        operation=refused.operation,  # type: ignore[arg-type]  # constraint posting_operation_is_known
        entity=refused.entity,
        payload={**refused.payload, "SyncToken": sync_token},
        record=refused.record,
        planned_total=refused.planned_total,
        planned_tax=refused.planned_tax,
        planned_rates=refused.planned_rates,
    )
    Posting.objects.filter(pk=again.pk).update(qbo_id=refused.qbo_id, fingerprint=refused.fingerprint)
    return again

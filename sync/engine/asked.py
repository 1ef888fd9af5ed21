"""Carries out what people asked for, under the company's lease: open requests, whatever run comes first.

A request is read, acted upon and ended in rows, so that a run that dies is followed by one that goes on. Each kind of
request reads what it needs of both systems for all that asked at once: orders in pages, documents once per entity.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from connector.accounting.books import FoundDocument
from connector.accounting.commerce import Order, Unreadable
from connector.accounting.documents import Held, Planned
from connector.accounting.keys import refund_key, sale_key
from sync.engine import journal, undo
from sync.engine.context import Slice
from sync.engine.edited import change, closed_on, outcome_of_edit
from sync.engine.kept import EDITED, forget, is_kept, keep
from sync.engine.linked import compare_linked
from sync.engine.plan import order_fingerprint
from sync.engine.pull import IDS_AT_ONCE, ingest, note_gone
from sync.engine.refunds import credit_again, replace_credit
from sync.engine.standing import last_answer, last_create
from sync.engine.touched import Look, hold, is_deposited, look, read_again, remember_token
from sync.models import Posting, Record, Request

AT_ONCE = 100


def carry_out(work: Slice) -> int:
    """Returns how many requests were looked at; those whose records are just being sent wait for their end."""
    ready = _ready(work)
    _name_their_orders(work, ready)
    by_kind = {kind: [request for request in ready if request.kind == kind] for kind in Request.Kind}
    if by_kind[Request.Kind.RESYNC]:
        _resync(work, by_kind[Request.Kind.RESYNC])
    decided = [*by_kind[Request.Kind.KEEP], *by_kind[Request.Kind.REPLACE]]
    if decided:
        _decide(work, decided)
    if by_kind[Request.Kind.UNDO]:
        undo.begin(work, by_kind[Request.Kind.UNDO])
    return len(ready)


def _name_their_orders(work: Slice, requests: Sequence[Request]) -> None:
    """A run for named orders that is joined deals with these orders too."""
    named = work.run.parameters.get("order_ids")
    wanted = {order_of(request.record).woo_id for request in requests}
    if named and not wanted <= set(named):
        work.run.parameters = {**work.run.parameters, "order_ids": sorted(wanted | set(named))}
        work.run.save(update_fields=["parameters"])


def give_up(work: Slice) -> None:
    """Whoever cancels a run for what was asked takes the wish back, but for what is half done."""
    open_ones = Request.objects.for_tenant(work.tenant).filter(state=Request.State.OPEN).select_related("record")
    for request in open_ones:
        if request.record.state != Record.State.SENDING:
            request.end(Request.State.REFUSED, work.run, outcome="cancelled")


def is_any_open(work: Slice) -> bool:
    return Request.objects.for_tenant(work.tenant).filter(state=Request.State.OPEN).exists()


def _ready(work: Slice) -> list[Request]:
    """Oldest first. An order and its refunds are one family: while one of them is on its way, all of it waits."""
    open_ones = (
        Request.objects.for_tenant(work.tenant)
        .filter(state=Request.State.OPEN)
        .select_related("record", "record__parent")
        .order_by("pk")[:AT_ONCE]
    )
    families = {request.record.parent_id or request.record_id for request in open_ones}
    sending = Record.objects.for_tenant(work.tenant).filter(state=Record.State.SENDING)
    busy = set(sending.filter(pk__in=families).values_list("pk", flat=True))
    busy |= {parent for parent in sending.filter(parent__in=families).values_list("parent", flat=True) if parent}
    return [one for one in open_ones if (one.record.parent_id or one.record_id) not in busy]


def order_of(record: Record) -> Record:
    return record.parent if record.parent is not None else record


def main_key(record: Record) -> str:
    """Of the document that the record is about: an order's sale, a refund's credit."""
    order_id = order_of(record).woo_id
    return sale_key(order_id) if record.parent is None else refund_key(order_id, record.woo_id)


def standing_answer(record: Record) -> Posting | None:
    """The last answer about the record's document, as far as we know that it stands; None for one that we voided. Of
    one that somebody else made, the link."""
    create = last_create(record, main_key(record))
    if create is None or create.state != Posting.State.POSTED:
        return None
    voids = [one for one in record.postings.all() if (one.operation, one.qbo_id) == ("void", create.qbo_id)]
    if any(void.state == Posting.State.POSTED for void in voids):
        return None
    return last_answer(record, create)


def look_at(work: Slice, records: Sequence[Record]) -> dict[int, tuple[Posting, Look]]:
    """The documents of these records as they stand, by record; one metered read for each entity among them."""
    answers = {record.pk: answered for record in records if (answered := standing_answer(record)) is not None}
    found = read_again(work, list(answers.values()))
    return {
        pk: (answered, look(work, answered, found[answered.entity, answered.qbo_id]))
        for pk, answered in answers.items()
    }


# Resync


def _resync(work: Slice, requests: Sequence[Request]) -> None:
    """Order and document are read afresh and compared first; what differs follows the rules of its kind."""
    _read_orders(work, sorted({order_of(request.record).woo_id for request in requests}))
    records = _afresh([request.record_id for request in requests])
    looks = look_at(work, list(records.values()))
    work.checkpoint("compared again")
    for request in requests:
        record = records[request.record_id]
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            outcome = _compare(work, record, *looks.get(record.pk, (None, None)))
            journal.tell(record, work.run, "resynced", by=request.who, outcome=outcome)
            request.end(Request.State.DONE, work.run, outcome=outcome)
        work.checkpoint("resynced")


def _read_orders(work: Slice, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), IDS_AT_ONCE):
        work.beat()
        wanted = ids[start : start + IDS_AT_ONCE]
        rows = work.store.orders_by_id(wanted)
        with transaction.atomic():
            ingest(work, rows, asked_for=True)
            note_gone(work, set(wanted) - {order.id for _raw, order in rows})
    work.checkpoint("orders read again")


def _afresh(ids: Sequence[int]) -> dict[int, Record]:
    records = Record.objects.filter(pk__in=ids).select_related("parent", "options_version")
    return {record.pk: record for record in records.prefetch_related("postings")}


def _compare(work: Slice, record: Record, answered: Posting | None, seen: Look | None) -> str:
    """The word for what was found: same, changed, edited, gone, none or order_gone; of a linked document also followed
    or differs."""
    if record.reason == "order_gone":
        return "order_gone"
    if answered is None or seen is None:
        if record.reason not in (*Record.SET_ASIDE, *Record.NEEDS_DECISION) and record.state in Record.ENDED:
            journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
        return "gone" if record.reason == "document_gone" else "none"
    if answered.is_linked:
        return compare_linked(work, record, answered, seen)
    if seen.found is None or seen.state != "same":
        if record.reason not in Record.SET_ASIDE:
            hold(work, record, answered, seen)
        return "edited" if seen.state == "edited" else "gone"
    remember_token(answered, seen.found)
    if record.state == Record.State.QUEUED:
        return "changed"
    if record.state != Record.State.SYNCED and record.reason not in Record.SET_ASIDE:
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
    return "same"


# Keep QuickBooks' version, or replace it with the store's


def _decide(work: Slice, requests: Sequence[Request]) -> None:
    records = _afresh([request.record_id for request in requests])
    looks = look_at(work, list(records.values()))
    work.checkpoint("looked at")
    for request in requests:
        record = records[request.record_id]
        outcome = _decide_one(work, request, record, *looks.get(record.pk, (None, None)))
        if outcome:
            request.end(Request.State.REFUSED, work.run, outcome=outcome)
        work.checkpoint("decided")


def _decide_one(work: Slice, request: Request, record: Record, answered: Posting | None, seen: Look | None) -> str:
    """Keeps or replaces, and ends the request with it; else the word for why not."""
    is_question = (record.state, record.reason) == (Record.State.ATTENTION, EDITED)
    if answered is None or answered.is_linked or seen is None or not (is_question or is_kept(record)):
        return "moved_on"
    if seen.found is None or seen.state == "voided":
        hold(work, record, answered, seen)
        return "gone"
    if request.kind == Request.Kind.REPLACE:
        return _replace(work, request, record, answered, seen.found)
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        keep(work, record, answered, seen.found, shows=_fingerprint(work, record), by=request.who)
        request.end(Request.State.DONE, work.run, outcome="kept")
    return ""


def _replace(work: Slice, request: Request, record: Record, answered: Posting, found: FoundDocument) -> str:
    if is_deposited(found):
        return "deposited"
    if found.document_date is not None and closed_on(work, answered, found.document_date) is not None:
        return "closed"
    order = work.store.parse(record.raw) if record.parent is None else None
    planned: Planned | Held
    if isinstance(order, Unreadable):
        planned = Held("unreadable", {"problem": order.problem})
    elif order is None:
        planned = credit_again(work, record, answered)
    else:
        planned = outcome_of_edit(work, record, order, answered)
    if isinstance(planned, Held):
        journal.end(record, work.run, planned, version=work.options)
        return "held"
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        forget(record)
        journal.tell(record, work.run, "replaced", by=request.who)
        if isinstance(order, Order):
            change(work, record, order, planned, answered, over=found)
        else:
            replace_credit(work, record, planned, answered, found)
        request.end(Request.State.DONE, work.run, outcome="replaced")
    return ""


def _fingerprint(work: Slice, record: Record) -> str:
    order = work.store.parse(record.raw) if record.parent is None else None
    return order_fingerprint(order) if isinstance(order, Order) else record.fingerprint

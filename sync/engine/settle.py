"""Records in flight whose writes are all answered: each ends, or is brought one step further."""

from __future__ import annotations

from connector.accounting.commerce import Order
from connector.accounting.documents import Held
from sync.engine import journal, undo
from sync.engine.context import Slice
from sync.engine.payloads import read_anew
from sync.engine.posted import SaleOf
from sync.engine.refunds import settle_refund
from sync.engine.verify import settle_document
from sync.models import Posting, Record


def settle_sending(work: Slice) -> int:
    """Returns how many records were looked at; orders first, for refunds wait for them."""
    records = list(
        Record.objects.for_tenant(work.tenant)
        .filter(state=Record.State.SENDING)
        .exclude(postings__state=Posting.State.PLANNED)
        .select_related("options_version", "parent")
        .prefetch_related("postings", "events")
        .order_by("source", "woo_id")
    )
    read_anew(work, [record for record in records if record.source == Record.Source.ORDER])
    for record in records:
        settle(work, record)
        work.checkpoint("settled")
    return len(records)


def settle(work: Slice, record: Record) -> None:
    """One record without unanswered postings: reads its document's last definite answer and decides what follows."""
    if undo.UNDO in record.details:
        undo.go_on(work, record)
        return
    if record.source == Record.Source.REFUND:
        settle_refund(work, record)
    else:
        order = work.store.parse(record.raw)
        if not isinstance(order, Order):
            journal.end(record, work.run, Held("unreadable", {"problem": order.problem}))
            return
        settle_document(work, SaleOf(work, record, order))
    if record.state == Record.State.ATTENTION and record.raw_hash != record.planned_hash:
        # It changed while it was on its way: what was held is not what it is now.
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)

"""A posted order that was cancelled in the store: its unpaid invoice is taken back, by a credit memo or a void."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from connector.accounting.books import PostedSale
from connector.accounting.cancellations import UNDONE_STATUSES, plan_cancellation
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Notice, Outcome, Parties, Planned, Skipped, Void
from connector.accounting.keys import cancel_key, has_marker
from connector.accounting.plan import rehearsal_parties
from connector.accounting.policy import PostingPolicy
from sync.engine import journal, resolve
from sync.engine.context import Slice
from sync.engine.credits import application_of, apply_credit, details_of, send_application
from sync.engine.plan import store_document, with_learning
from sync.engine.post import adopt, new_posting
from sync.engine.refund_rows import read_refunds, refunds_of
from sync.engine.standing import (
    invoice_is_gone,
    last_answer,
    last_create,
    read_invoices_again,
    sale_in_books,
)
from sync.engine.touched import CLOSED, GONE, STALE_OBJECT, hold_without_document
from sync.engine.verify import settle_document
from sync.models import Posting, Record

Decision = Planned | Void | Skipped | Held | None
VOIDED = "Voided - "
"""What QuickBooks puts before the note of a document that was voided."""


def is_undone(order: Order) -> bool:
    return order.status in UNDONE_STATUSES


def look_at_cancelled(work: Slice, records: Sequence[Record]) -> None:
    """Before cancelled orders are considered: their invoices as they stand now, many at once."""
    cancelled = [record for record in records if record.status in UNDONE_STATUSES]
    read_invoices_again(work, [record for record in cancelled if _may_be_taken_back(work, record)])


def _may_be_taken_back(work: Slice, record: Record) -> bool:
    """What is done already, or was paid in the store, is decided without the invoice's balance."""
    done = record.postings.filter(state=Posting.State.POSTED).filter(
        Q(key=cancel_key(record.woo_id), operation="create") | Q(operation="void")
    )
    order = work.store.parse(record.raw)
    return isinstance(order, Order) and order.paid_at is None and not done.exists()


def take_back(work: Slice, record: Record, order: Order, sale: Posting) -> bool:
    """True while the cancellation is on its way, or when it has ended the record; False when nothing is cancelled."""
    void, memo = _last_void(record, sale), last_create(record, cancel_key(order.id))
    if void is not None and void.state == Posting.State.POSTED:
        if not journal.was_told(record, "voided", posting=void.pk):
            journal.tell(record, work.run, "voided", posting=void.pk, entity=sale.entity, number=sale.doc_number)
        _end(work, record, order)
        return True
    if void is not None and void.state == Posting.State.FAULTED and void.run_id == work.run.pk:
        _settle_refused_void(work, record, order, sale, void)
        return True
    is_taken_back = memo is not None and memo.state == Posting.State.UNDONE and record.details.get("taken_back")
    is_refused = memo is not None and memo.state == Posting.State.FAULTED and memo.run_id == work.run.pk
    if memo is not None and (memo.state == Posting.State.POSTED or is_taken_back or is_refused):
        settle_document(work, CancellationOf(work, record, order))
        return True
    if not is_undone(order):
        return False
    return _begin(work, record, order, sale)


@dataclass(frozen=True, slots=True)
class CancellationOf:
    """The credit memo of a cancelled order as a document that the order's record wants in the books."""

    work: Slice
    record: Record
    order: Order

    @property
    def key(self) -> str:
        return cancel_key(self.order.id)

    def policy(self) -> PostingPolicy:
        return with_learning(self.work.policy_for(self.work.options), self.record)

    def plan(self, policy: PostingPolicy) -> Outcome:
        """As if its own memo did not stand yet."""
        standing = sale_in_books(self.work, self.record)
        if standing is None:
            return Held("document_gone", {"order": self.record.number})
        others = tuple(credit for credit in standing.credits if credit.key != self.key)
        outcome = _plan(self.work, self.record, self.order, policy, dataclasses.replace(standing, credits=others))
        return outcome if isinstance(outcome, Planned | Held) else Held("totals_differ", {"order": self.record.number})

    def store(self, outcome: Planned, *, update_of: Posting | None = None) -> None:
        store_document(
            self.work,
            self.record,
            outcome,
            update_of=update_of,
            document_id=update_of.qbo_id if update_of is not None else "",
            details=details_of(outcome),
        )

    def remember(self, answered: Posting) -> None:
        """The record's proof is its sale's; the memo's answer is with its posting."""

    def go_on(self, posting: Posting) -> None:
        work, record = self.work, self.record
        if "to_apply" not in record.details and not _is_applied(record, posting) and is_undone(self.order):
            read_invoices_again(work, [record])
            outcome = self.plan(self.policy())
            application = application_of(outcome) if isinstance(outcome, Planned) else None
            if application is not None and send_application(work, record, posting, application):
                return
        if not apply_credit(work, record, posting):
            _end(work, record, self.order)


def _is_applied(record: Record, memo: Posting) -> bool:
    last = last_create(record, f"{memo.key}:apply")
    return last is not None and last.state == Posting.State.POSTED


def _end(work: Slice, record: Record, order: Order) -> None:
    """Taken back, unless the order lives again: its sale is then missing in the books, and a person decides."""
    if not is_undone(order):
        held = Held("cancelled_but_paid", {"problem": "restored", "order": order.number})
        journal.end(record, work.run, held, version=record.options_version)
    elif record.state != Record.State.SYNCED:
        journal.move(record, work.run, Record.State.SYNCED, version=record.options_version, failed_attempts=0)
        journal.tell(record, work.run, "synced")


def _begin(work: Slice, record: Record, order: Order, sale: Posting) -> bool:
    outcome = _outcome(work, record, order)
    if outcome is None:
        return False
    if isinstance(outcome, Void):
        _send_void(work, record, sale)
    elif isinstance(outcome, Planned):
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            journal.note(record, _news(record, outcome))
            CancellationOf(work, record, order).store(outcome)
    else:
        journal.end(record, work.run, outcome, version=record.options_version)
    return True


def _news(record: Record, outcome: Planned) -> list[Notice]:
    told = {notice["reason"] for notice in record.notices}
    return [notice for notice in outcome.notices if notice.reason not in told]


def _outcome(work: Slice, record: Record, order: Order) -> Decision:
    refused = read_refunds(work, [record])
    if refused:
        return refused[record.pk]
    if _may_be_taken_back(work, record):
        read_invoices_again(work, [record])
    standing = sale_in_books(work, record)
    if standing is None:
        return None
    if invoice_is_gone(work, standing):
        hold_without_document(work, record, standing)
        return Held("document_gone", {"number": standing.number, "order": order.number})
    return _plan(work, record, order, CancellationOf(work, record, order).policy(), standing)


def _plan(work: Slice, record: Record, order: Order, policy: PostingPolicy, standing: PostedSale) -> Decision:
    """First with symbols for what would be created, so that what is held leaves nothing behind."""
    refunds = refunds_of(work, record)
    goods = resolve.Goods(order, policy)
    known = resolve.Resolved(items=resolve.match_items(work, [goods]))
    parties = rehearsal_parties(order, policy, items=known.item_refs(order), customer=standing.customer)
    outcome = plan_cancellation(order, policy, parties, standing, refunds=refunds)
    if not isinstance(outcome, Planned):
        return outcome
    held = known.held_item(order)
    if held is not None:
        return held
    found = resolve.find_parties(work, [goods], buyers=[])
    held = found.held_item(order)
    if held is not None:
        return held
    return plan_cancellation(
        order, policy, Parties(standing.customer, found.item_refs(order)), standing, refunds=refunds
    )


def _last_void(record: Record, sale: Posting) -> Posting | None:
    voids = [posting for posting in record.postings.all() if (posting.key, posting.operation) == (sale.key, "void")]
    return max(voids, key=lambda posting: posting.generation, default=None)


def _send_void(work: Slice, record: Record, sale: Posting) -> None:
    """Guarded by the sync token that we left: an invoice that a person has touched since is not voided."""
    token = last_answer(record, sale).sync_token
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        new_posting(
            work,
            key=sale.key,
            operation="void",
            entity=sale.entity,
            payload={"Id": sale.qbo_id, "SyncToken": token},
            record=record,
        )
        journal.move(record, work.run, Record.State.SENDING, version=record.options_version)


def _settle_refused_void(work: Slice, record: Record, order: Order, sale: Posting, void: Posting) -> None:
    """A void that was carried out although its answer was lost is refused when it is repeated: the document tells."""
    code = void.fault_code
    if code == STALE_OBJECT:
        marker = str(sale.payload.get("PrivateNote", "")).split("\n", 1)[0].strip()
        found = work.books.read_document(DocumentKind(sale.entity), sale.qbo_id)
        if found is not None and found.total == 0 and has_marker(found.private_note.removeprefix(VOIDED), marker):
            adopt(work, void, found)
            void.refresh_from_db()
            take_back(work, record, order, sale)
            return
    details = {"code": code, "message": void.fault_detail[:500], "order": record.number, "number": sale.doc_number}
    reason = f"refused_by_quickbooks:{code}"
    if code == STALE_OBJECT:
        reason = "edited_in_quickbooks"
    elif code == GONE:
        Posting.objects.for_tenant(work.tenant).filter(
            key=sale.key, state=Posting.State.POSTED, operation__in=["create", "update"]
        ).update(state=Posting.State.UNDONE)
        reason = "document_gone"
    elif code in CLOSED:
        reason, details["date"] = "closed_period", str(sale.payload.get("TxnDate", ""))
    journal.end(record, work.run, Held(reason, details), version=record.options_version)

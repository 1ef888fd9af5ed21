"""What follows once an order's sale stands in the books: its payment, its later life in the store, its refunds."""

from __future__ import annotations

from django.db import transaction

from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Skipped, Waiting
from connector.accounting.keys import payment_key
from connector.accounting.money import half_up, smallest_unit
from connector.accounting.payments import invoice_payment
from connector.accounting.policy import Ref
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.plan import order_fingerprint
from sync.engine.post import new_posting
from sync.models import OptionsVersion, Posting, Record

UNDONE_STATUSES = frozenset({"cancelled", "failed"})


def continue_posted(work: Slice, record: Record, order: Order, sale: Posting) -> None:
    """Ends a record whose sale is posted and exact, or plans the payment that is still missing.

    An order that leaves the selected statuses is not undone silently; an edited one is never overwritten silently
    (product specification, §4)."""
    outcome = _trouble_since(record, order, sale)
    if outcome is not None:
        journal.end(record, work.run, outcome, version=record.options_version)
        return
    if sale.entity == DocumentKind.INVOICE and _plan_payment(work, record, order, sale):
        return
    if record.state != Record.State.SYNCED:
        journal.move(record, work.run, Record.State.SYNCED, version=record.options_version, failed_attempts=0)
        journal.tell(record, work.run, "synced")


def _trouble_since(record: Record, order: Order, sale: Posting) -> Held | None:
    if order.status == "trash":
        return Held("order_gone", {"order": order.number})
    if order_fingerprint(order) != record.fingerprint:
        return Held("not_yet_available", {"what": "edited_order", "order": order.number})
    if order.status in UNDONE_STATUSES and not order.refunds:
        was_paid = sale.entity == DocumentKind.SALES_RECEIPT or order.paid_at is not None
        if was_paid:
            return Held("cancelled_but_paid", {"order": order.number})
        return Held("not_yet_available", {"what": "cancelled_order", "order": order.number})
    return None


def _plan_payment(work: Slice, record: Record, order: Order, sale: Posting) -> bool:
    """True when a payment posting is on its way, or the record was held for it; False when none is due.

    The rules of today decide, not those of the day the invoice was sent: a gateway may have been mapped meanwhile."""
    key = payment_key(order.id, 1)
    payments = [posting for posting in record.postings.all() if posting.key == key and posting.operation == "create"]
    last = max(payments, key=lambda posting: posting.generation, default=None)
    if last is not None and last.state == Posting.State.POSTED:
        if not journal.was_told(record, "posted", posting=last.pk):
            journal.tell(
                record, work.run, "posted", posting=last.pk, entity="Payment", qbo_id=last.qbo_id, total=str(last.total)
            )
        return False
    if last is not None and last.state == Posting.State.FAULTED and last.run_id == work.run.pk:
        journal.end(
            record,
            work.run,
            Held(
                f"refused_by_quickbooks:{last.fault_code}",
                {"code": last.fault_code, "message": last.fault_detail[:500], "order": record.number},
            ),
            version=record.options_version,
        )
        return True
    due = invoice_payment(
        order,
        work.policy_for(work.options),
        customer=Ref(str(sale.payload["CustomerRef"]["value"])),
        total=half_up(order.total, smallest_unit(order.currency)),
    )
    if isinstance(due, Held):
        journal.end(record, work.run, due, version=record.options_version)
        return True
    payment, told = due
    journal.note(record, [notice for notice in told if notice.reason not in {n["reason"] for n in record.notices}])
    if payment is None:
        return False
    entity, payload = work.books.encode(payment, paid_id=sale.qbo_id)
    with transaction.atomic():
        new_posting(
            work,
            key=payment.key,
            operation="create",
            entity=entity,
            payload=payload,
            record=record,
            planned_total=payment.total,
        )
        journal.move(record, work.run, Record.State.SENDING, version=record.options_version)
    return True


def settle_refunds(work: Slice, version: OptionsVersion) -> None:
    """Refunds in flight, or waiting for their sale, whose order has reached an end."""
    credit_memos = work.policy_for(version).credit_memos
    waiting = (
        Record.objects.for_tenant(work.tenant)
        .filter(source=Record.Source.REFUND, parent__isnull=False)
        .filter(state__in=[Record.State.QUEUED, Record.State.WAITING])
        .select_related("parent")
    )
    for refund in waiting:
        outcome = _refund_outcome(refund, credit_memos)
        if outcome is not None and (refund.state, refund.reason) != (_state_of(outcome), outcome.reason):
            journal.end(refund, work.run, outcome, version=version)


def _refund_outcome(refund: Record, credit_memos: str) -> Skipped | Waiting | Held | None:
    parent = refund.parent
    if parent is None or parent.state in Record.IN_FLIGHT:
        return None
    if refund.store_total == 0:
        return Skipped("zero_refund", {})
    if credit_memos == "off":
        return Skipped("by_hand", {"why": "credit_memos_off"})
    if parent.postings.filter(operation="create", state=Posting.State.POSTED).exists():
        return Held("not_yet_available", {"what": "refund", "order": parent.number, "refund": str(refund.woo_id)})
    if parent.state == Record.State.SKIPPED:
        return Held("refund_without_sale", {"order": parent.number, "refund": str(refund.woo_id)})
    return Waiting("awaiting_sale", {"order": parent.number})


def _state_of(outcome: Skipped | Waiting | Held) -> str:
    return {Skipped: Record.State.SKIPPED, Waiting: Record.State.WAITING, Held: Record.State.ATTENTION}[type(outcome)]

"""What follows once an order's sale stands in the books: its payment, and its later life in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Notice, Outcome, PaymentDocument, Planned
from connector.accounting.keys import payment_key, sale_key
from connector.accounting.money import ZERO, half_up, smallest_unit
from connector.accounting.payments import invoice_payments, receipt_deposit
from connector.accounting.policy import PostingPolicy, Ref
from sync.engine import journal, linking, mirror
from sync.engine.cancelled import take_back
from sync.engine.context import Slice
from sync.engine.edited import follow_edit, note_payment, plan_edited
from sync.engine.fees import settle_fee
from sync.engine.kept import end_posted, is_kept
from sync.engine.plan import order_fingerprint, policy_of, replan, store_sale
from sync.engine.post import new_posting
from sync.engine.relinked import link_again, pays, was_loosened
from sync.engine.standing import last_answer, last_create, sale_in_books
from sync.engine.verify import STALE_REFERENCES, is_edit, remember_answer
from sync.models import Posting, Record

BALANCE_OPEN = "balance_open"


@dataclass(frozen=True, slots=True)
class SaleOf:
    """An order's sale as a document that its record wants in the books."""

    work: Slice
    record: Record
    order: Order

    @property
    def key(self) -> str:
        return sale_key(self.order.id)

    def policy(self) -> PostingPolicy:
        return policy_of(self.work, self.record)

    def plan(self, policy: PostingPolicy) -> Outcome:
        sale = last_create(self.record, self.key)
        if sale is not None and is_edit(sale, last_answer(self.record, sale)):
            return plan_edited(self.work, self.record, self.order, sale, policy)
        return replan(self.work, self.record, self.order, policy)

    def store(self, outcome: Planned, *, update_of: Posting) -> None:
        store_sale(
            self.work, self.record, self.order, outcome, update_of=update_of, document_id=update_of.qbo_id
        )  # fmt: skip

    def remember(self, answered: Posting) -> None:
        remember_answer(self.record, answered)
        if answered.fingerprint and answered.fingerprint != self.record.fingerprint:
            Record.objects.filter(pk=self.record.pk).update(fingerprint=answered.fingerprint)
            self.record.fingerprint = answered.fingerprint
            note_payment(self.work, self.record)

    def go_on(self, posting: Posting) -> None:
        continue_posted(self.work, self.record, self.order, posting)


def continue_posted(work: Slice, record: Record, order: Order, sale: Posting) -> None:
    """Ends a record whose sale is posted and exact, or plans what is still missing: its payment, the fee of its
    gateway, or taking it back.

    An order that leaves the selected statuses is not undone silently; what a person changed is never overwritten
    (product specification, §4)."""
    outcome = _trouble_since(work, record, order, sale)
    if outcome is not None:
        journal.end(record, work.run, outcome, version=record.options_version)
        return
    if not sale.is_linked and follow_edit(work, record, order, sale):
        return
    if take_back(work, record, order, sale):
        return
    if sale.entity == DocumentKind.INVOICE and _plan_payment(work, record, order, sale):
        return
    if not sale.is_linked and settle_fee(work, record, order):
        return
    end_posted(work, record, last_answer(record, sale))


def _trouble_since(work: Slice, record: Record, order: Order, sale: Posting) -> Held | None:
    if order.status == "trash":
        return Held("order_gone", {"order": order.number})
    if sale.is_linked and order_fingerprint(order) != record.fingerprint:
        return linking.compare_again(work, record, order, sale)
    return None


def _why_refused(work: Slice, record: Record, order: Order, payment: Posting) -> Held:
    """The setting that has gone, where that is why: QuickBooks does not name it."""
    if payment.fault_code in STALE_REFERENCES:
        mirror.refresh(work, at_once=True)
        deposit = receipt_deposit(order, work.policy_for(work.options))
        if isinstance(deposit, Held):
            return Held(deposit.reason, {"order": record.number, **deposit.details})
    details = {"code": payment.fault_code, "message": payment.fault_detail[:500], "order": record.number}
    return Held(f"refused_by_quickbooks:{payment.fault_code}", {"problem": "payment", **details})


def _plan_payment(work: Slice, record: Record, order: Order, sale: Posting) -> bool:
    """True when a payment posting is on its way, or the record was held for it; False when none is due.

    The rules of today decide, not those of the day the invoice was sent: a gateway may have been mapped meanwhile. One
    payment at a time, so that a refused one never leaves a gap in their numbers."""
    recorded = _recorded(record, order)
    for payment in recorded:
        is_loose = not pays(record, payment, sale) or was_loosened(work, record, payment, sale)
        if is_loose and link_again(work, record, payment):
            return True
        _tell_posted(work, record, payment)
    last = last_create(record, payment_key(order.id, len(recorded) + 1))
    if last is not None and last.state == Posting.State.FAULTED and last.run_id == work.run.pk:
        journal.end(record, work.run, _why_refused(work, record, order, last), version=record.options_version)
        return True
    total = half_up(order.total, smallest_unit(order.currency))
    if sale.is_linked:
        total = sale.total or ZERO
    if sale.is_linked and not recorded:
        left = linking.payment_left_to_others(work, record, order, sale)
        if isinstance(left, Held):
            journal.end(record, work.run, left, version=record.options_version)
            return True
        if left is not None:
            _note_news(record, left)
            return False
    standing = sale_in_books(work, record)
    due = invoice_payments(
        order,
        work.policy_for(work.options),
        customer=standing.customer if standing else Ref(str(sale.payload["CustomerRef"]["value"])),
        total=standing.total if standing and is_kept(record) else total,
        credits=standing.applied if standing else ZERO,
        recorded=[payment.total or ZERO for payment in recorded],
    )
    if isinstance(due, Held):
        journal.end(record, work.run, due, version=record.options_version)
        return True
    payments, told = due
    _note_news(record, told)
    if not payments:
        return False
    if BALANCE_OPEN not in {notice.reason for notice in told}:
        journal.forget(record, BALANCE_OPEN)
    _send_payment(work, record, sale, payments[0])
    return True


def _recorded(record: Record, order: Order) -> list[Posting]:
    """Its payments in the books, first to last."""
    found: list[Posting] = []
    while (payment := last_create(record, payment_key(order.id, len(found) + 1))) is not None:
        if payment.state != Posting.State.POSTED:
            break
        found.append(payment)
    return found


def _tell_posted(work: Slice, record: Record, payment: Posting) -> None:
    if not journal.was_told(record, "posted", posting=payment.pk):
        details = {"entity": "Payment", "qbo_id": payment.qbo_id, "total": str(payment.total)}
        journal.tell(record, work.run, "posted", posting=payment.pk, **details)


def _send_payment(work: Slice, record: Record, sale: Posting, payment: PaymentDocument) -> None:
    entity, payload = work.books.encode(payment, paid_id=sale.qbo_id)
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
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


def _note_news(record: Record, notices: Sequence[Notice]) -> None:
    told = {notice["reason"] for notice in record.notices}
    journal.note(record, [notice for notice in notices if notice.reason not in told])

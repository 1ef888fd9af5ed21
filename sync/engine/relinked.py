"""The payment of an invoice that a person deleted: QuickBooks keeps it unapplied, and it pays the invoice sent anew."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from connector.accounting.books import PaymentLink, PostedSale
from connector.accounting.documents import DocumentKind, Held
from connector.accounting.money import ZERO
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.post import new_posting
from sync.engine.standing import last_answer, sale_in_books
from sync.engine.touched import STALE_OBJECT, is_replacement, send_again
from sync.models import Posting, Record


def pays(record: Record, payment: Posting, sale: Posting) -> bool:
    """Whether a payment of ours was linked to this invoice; one whose data are no longer kept was."""
    lines = last_answer(record, payment).payload.get("Line")
    return not lines or any(link["TxnId"] == sale.qbo_id for line in lines for link in line.get("LinkedTxn", []))


def was_loosened(work: Slice, record: Record, payment: Posting, sale: Posting) -> bool:
    """Whether the invoice was below its payment for a while, so that QuickBooks freed what was too much, and is dearer
    again by a change of ours: the freed part then pays it again. What a person took off it stays off."""
    answered = last_answer(record, sale)
    if answered.pk < last_answer(record, payment).pk or answered.operation != "update" or payment.total is None:
        return False
    versions = [one for one in record.postings.all() if one.key == sale.key and one.state == Posting.State.POSTED]
    was_below = any(one.total is not None and one.total < payment.total for one in versions if one.pk < answered.pk)
    standing = sale_in_books(work, record)
    if standing is None or not (was_below or is_replacement(answered)):
        return False
    paid = standing.total - standing.applied - standing.open_balance
    return paid < _due(payment, standing)


def _due(payment: Posting, standing: PostedSale) -> Decimal:
    return min(payment.total or ZERO, standing.total - standing.applied)


def link_again(work: Slice, record: Record, payment: Posting) -> bool:
    """True while the link is on its way, or when the record was held for it; False when nothing is left to pay."""
    tried = [one for one in record.postings.all() if (one.key, one.operation) == (payment.key, "update")]
    newest = max(tried, key=lambda one: one.generation, default=None)
    if newest is not None and newest.state == Posting.State.FAULTED and newest.run_id == work.run.pk:
        _settle_refused(work, record, payment, newest)
        return True
    standing = sale_in_books(work, record)
    if standing is None or _due(payment, standing) <= 0:
        return False
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        _store(work, record, payment, standing)
        journal.move(record, work.run, Record.State.SENDING, version=record.options_version)
    return True


def _store(work: Slice, record: Record, payment: Posting, standing: PostedSale) -> None:
    link = PaymentLink(
        payment_id=payment.qbo_id,
        sync_token=last_answer(record, payment).sync_token,
        customer=standing.customer,
        currency=record.currency,
        total=payment.total or ZERO,
        invoice_id=standing.qbo_id,
        amount=_due(payment, standing),
    )
    posting = new_posting(
        work,
        key=payment.key,
        operation="update",
        entity=payment.entity,
        payload=work.books.encode_payment_link(link),
        record=record,
        planned_total=payment.total,
    )
    Posting.objects.filter(pk=posting.pk).update(qbo_id=payment.qbo_id)


def _settle_refused(work: Slice, record: Record, payment: Posting, refused: Posting) -> None:
    """Deleting its invoice raised its token too; a payment that is gone as well is made anew."""
    work.beat()
    found = work.books.read_document(DocumentKind.PAYMENT, payment.qbo_id)
    if found is None:
        with transaction.atomic():
            ours = Posting.objects.for_tenant(work.tenant).filter(key=payment.key, state=Posting.State.POSTED)
            ours.update(state=Posting.State.UNDONE)
            journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
    elif refused.fault_code == STALE_OBJECT and found.sync_token != refused.payload["SyncToken"]:
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            send_again(work, refused, found.sync_token)
            journal.move(record, work.run, Record.State.SENDING, version=record.options_version)
    else:
        details = {"code": refused.fault_code, "message": refused.fault_detail[:500], "order": record.number}
        held = Held(f"refused_by_quickbooks:{refused.fault_code}", {"problem": "payment", **details})
        journal.end(record, work.run, held, version=record.options_version)

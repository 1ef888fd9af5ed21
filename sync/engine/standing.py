"""An order's sale as it stands in the books, with the money and the credits that went with it: what refunds are planned
against.

What we posted ourselves is known from QuickBooks' answers. Only an invoice whose money we never recorded may have been
paid by somebody else: before a credit is set against one of an earlier run, its balance is read again, many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from connector.accounting.books import PostedCredit, PostedSale, RecordedMoney
from connector.accounting.documents import DocumentKind
from connector.accounting.keys import sale_key
from connector.accounting.money import ZERO
from connector.accounting.policy import Ref
from sync.engine.context import SeenInvoice, Slice
from sync.models import Posting, Record

CREDITS = (DocumentKind.CREDIT_MEMO, DocumentKind.REFUND_RECEIPT)


def last_create(record: Record, key: str) -> Posting | None:
    """The newest generation of a create, whatever became of it."""
    creates = [posting for posting in record.postings.all() if posting.key == key and posting.operation == "create"]
    return max(creates, key=lambda posting: posting.generation, default=None)


def last_answer(record: Record, sale: Posting) -> Posting:
    """The newest answered write to a document: the create itself, or a repair."""
    return _last_answer(list(record.postings.all()), sale)


def sale_in_books(work: Slice, order: Record) -> PostedSale | None:
    """None when nothing was sent for the order, or when it was taken back."""
    postings = _answered(order)
    sale = _living(postings, sale_key(order.woo_id))
    if sale is None:
        return None
    answered = _last_answer(postings, sale)
    seen = work.seen_invoices.get(sale.qbo_id) if sale.entity == DocumentKind.INVOICE else None
    is_void = any(posting.operation == "void" and posting.qbo_id == sale.qbo_id for posting in postings)
    total = seen.found.total if seen is not None and seen.found is not None else answered.total
    return PostedSale(
        kind=DocumentKind(sale.entity),
        qbo_id=sale.qbo_id,
        number=answered.doc_number,
        document_date=date.fromisoformat(str(_told(sale, answered, "TxnDate"))),
        total=ZERO if is_void or total is None else total,
        customer=_ref(_told(sale, answered, "CustomerRef")) or Ref(""),
        money=_money(postings, sale, answered),
        open_balance=ZERO if is_void else _open_balance(postings, sale, answered, seen),
        credits=tuple(_credits(postings)),
        linked_at=sale.answered_at if sale.is_linked else None,
    )


def read_invoices_again(work: Slice, orders: Sequence[Record]) -> None:
    """The invoices of these orders whose balance somebody else may have changed since an earlier run; one metered read
    for all of them, none where there is no such invoice."""
    last: dict[str, int] = {}
    for order in orders:
        postings = _answered(order)
        sale = _living(postings, sale_key(order.woo_id))
        if sale is None or sale.entity != DocumentKind.INVOICE or _money(postings, sale, sale):
            continue
        is_old = all(posting.run_id != work.run.pk for posting in postings if posting.key == sale.key)
        if is_old and sale.qbo_id not in work.seen_invoices:
            last[sale.qbo_id] = postings[-1].pk
    if not last:
        return
    work.heartbeat()
    found = {one.qbo_id: one for one in work.books.documents_by_id(DocumentKind.INVOICE, list(last))}
    work.seen_invoices |= {qbo_id: SeenInvoice(found.get(qbo_id), pk) for qbo_id, pk in last.items()}


def invoice_is_gone(work: Slice, sale: PostedSale) -> bool:
    """Somebody deleted it in QuickBooks, as the reading of this slice has shown."""
    seen = work.seen_invoices.get(sale.qbo_id) if sale.kind is DocumentKind.INVOICE else None
    return seen is not None and seen.found is None


def _answered(order: Record) -> list[Posting]:
    """All answered postings of the order and of its refunds, oldest first."""
    return list(
        Posting.objects.filter(Q(record=order) | Q(record__parent=order), state=Posting.State.POSTED).order_by("pk")
    )


def _living(postings: Sequence[Posting], key: str) -> Posting | None:
    return next((one for one in postings if (one.key, one.operation) == (key, "create")), None)


def _last_answer(postings: Sequence[Posting], sale: Posting) -> Posting:
    updates = [
        posting
        for posting in postings
        if (posting.key, posting.operation, posting.qbo_id) == (sale.key, "update", sale.qbo_id)
        and posting.state == Posting.State.POSTED
    ]
    return max(updates, key=lambda posting: posting.generation, default=sale)


def _told(sale: Posting, answered: Posting, name: str) -> Any:
    """As QuickBooks answered it, else as it was sent."""
    return answered.answer.get(name) or sale.answer.get(name) or sale.payload.get(name)


def _ref(plain: Any) -> Ref | None:
    return Ref(str(plain["value"]), str(plain.get("name") or "")) if plain else None


def _money(postings: Sequence[Posting], sale: Posting, answered: Posting) -> tuple[RecordedMoney, ...]:
    """The deposit of a sales receipt, or our payments of an invoice."""
    if sale.entity == DocumentKind.SALES_RECEIPT:
        account = _ref(_told(sale, answered, "DepositToAccountRef"))
        method = _ref(_told(sale, answered, "PaymentMethodRef"))
        day = date.fromisoformat(str(_told(sale, answered, "TxnDate")))
        return (RecordedMoney(account, answered.total or ZERO, method, day),) if account else ()
    found = []
    for payment in postings:
        account = _ref(payment.payload.get("DepositToAccountRef"))
        if payment.entity == DocumentKind.PAYMENT and account is not None and payment.operation == "create":
            method = _ref(payment.payload.get("PaymentMethodRef"))
            day = date.fromisoformat(str(payment.payload["TxnDate"]))
            found.append(RecordedMoney(account, payment.total or ZERO, method, day))
    return tuple(found)


def _open_balance(postings: Sequence[Posting], sale: Posting, answered: Posting, seen: SeenInvoice | None) -> Decimal:
    """The last word on it, less what we linked to it since."""
    if sale.entity != DocumentKind.INVOICE:
        return ZERO
    if seen is not None and seen.found is not None and seen.found.balance is not None:
        balance, last = seen.found.balance, seen.last_posting
    else:
        left = answered.answer.get("Balance")
        balance, last = Decimal(str(left)) if left is not None else answered.total or ZERO, answered.pk
    return balance - sum((_linked(posting, sale) for posting in postings if posting.pk > last), ZERO)


def _linked(payment: Posting, document: Posting) -> Decimal:
    """What a payment sets against a document."""
    if payment.entity != DocumentKind.PAYMENT or payment.operation not in ("create", "update"):
        return ZERO
    amounts = [
        Decimal(str(line["Amount"]))
        for line in payment.payload.get("Line", [])
        for link in line.get("LinkedTxn", [])
        if (link["TxnType"], link["TxnId"]) == (document.entity, document.qbo_id)
    ]
    return sum(amounts, ZERO)


def linked_since(record: Record, document: Posting) -> Decimal:
    """What payments of ours set against it after we last heard of it."""
    family = record.parent if record.parent is not None else record
    return sum((_linked(posting, document) for posting in _answered(family) if posting.pk > document.pk), ZERO)


def _credits(postings: Sequence[Posting]) -> list[PostedCredit]:
    found = []
    for credit in postings:
        if credit.operation != "create" or credit.entity not in CREDITS:
            continue
        answered = _last_answer(postings, credit)
        applied = sum((_linked(posting, credit) for posting in postings), ZERO)
        total = answered.total or ZERO
        paid_out = total if credit.entity == DocumentKind.REFUND_RECEIPT else ZERO
        found.append(PostedCredit(credit.key, answered.doc_number, total, applied, paid_out))
    return found

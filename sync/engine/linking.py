"""A document that somebody else made becomes the sale of an order, or a refund's credit, instead of a second one.

Linking writes nothing to QuickBooks. From then on the document holds the place that ours would have taken: the order is
never sent beside it, its later payments and refunds follow it, and no write of ours ever changes it. What it shows
otherwise than the store stays visible on the record, and only a person's explicit word links it all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from connector.accounting.books import CompanyFacts, FoundDocument, PostedSale
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Notice
from connector.accounting.facts import facts_from_json
from connector.accounting.keys import MARKER_PREFIX, has_marker, refund_key, refund_marker, sale_key, sale_marker
from connector.accounting.money import ZERO, half_up, smallest_unit
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.plan import order_fingerprint
from sync.engine.post import next_generation
from sync.engine.standing import invoice_is_gone, read_invoices_again, sale_in_books
from sync.models import Posting, Record, RecordEvent
from tenants.models import Tenant

SALES = (DocumentKind.INVOICE, DocumentKind.SALES_RECEIPT)
CREDITS = (DocumentKind.CREDIT_MEMO, DocumentKind.REFUND_RECEIPT)
DIFFERS = "linked_differs"
NOT_PAID = "linked_not_paid"
QUESTION = "totals_differ"
"""Asked where a linked document shows another total; the answer is kept as the store's total that was accepted."""

Differences = Mapping[str, tuple[Decimal, Decimal]]
"""What differs, "total" or "tax" -> (store's, document's)."""


class Refusal(StrEnum):
    """Why a document cannot be linked to a record, or not be taken from it; nothing was changed."""

    ON_ITS_WAY = "on_its_way"
    HAS_DOCUMENT = "has_document"
    WRONG_KIND = "wrong_kind"
    TAKEN = "taken"
    """It is another order's document already, of this workspace or of another one on the same company."""
    CURRENCY = "currency"
    DIFFERS = "differs"
    """Its total or its tax is not the store's, and nobody said that it belongs to the order all the same."""
    NOT_LINKED = "not_linked"
    FOLLOWED = "followed"
    """Documents of ours hang on it: a payment, a credit."""


def kinds_of(record: Record) -> Sequence[DocumentKind]:
    """What a record of this source may be in the books."""
    return {Record.Source.ORDER: SALES, Record.Source.REFUND: CREDITS}.get(Record.Source(record.source), ())


def key_of(record: Record) -> str:
    """Of the document that an order or a refund has in the books."""
    if record.source == Record.Source.REFUND and record.parent is not None:
        return refund_key(record.parent.woo_id, record.woo_id)
    return sale_key(record.woo_id)


def may_be_linked(record: Record, postings: Sequence[Posting]) -> bool:
    """An order or a refund without a document, that is not on its way to one."""
    has_document = any(
        one.operation == "create" and one.state in (Posting.State.POSTED, Posting.State.PLANNED) for one in postings
    )
    return bool(kinds_of(record)) and record.state != Record.State.SENDING and not has_document


def currency_of(tenant: Tenant, found: FoundDocument) -> str:
    named = found.raw.get("CurrencyRef")
    return str(named["value"]) if named else _facts(tenant).home_currency


def differences(tenant: Tenant, record: Record, found: FoundDocument) -> Differences:
    """The document's total, and its tax where the company keeps tax, against the store's."""
    pairs = {"total": (record.store_total, found.total)}
    if _facts(tenant).tax_world != "off" and found.tax is not None:
        pairs["tax"] = (record.store_tax, found.tax)
    unit = smallest_unit(record.currency)
    return {
        name: (half_up(store, unit), books if books is not None else ZERO)
        for name, (store, books) in pairs.items()
        if store is not None and half_up(store, unit) != (books if books is not None else ZERO)
    }


def why_not(tenant: Tenant, record: Record, found: FoundDocument) -> Refusal | None:
    """None when this document may be linked to this record, whatever its amounts."""
    if found.entity not in kinds_of(record):
        return Refusal.WRONG_KIND
    living = record.postings.filter(key=key_of(record), operation="create")
    if record.state == Record.State.SENDING or living.filter(state=Posting.State.PLANNED).exists():
        return Refusal.ON_ITS_WAY
    if living.filter(state=Posting.State.POSTED).exists():
        return Refusal.HAS_DOCUMENT
    if _is_taken(tenant, record, found):
        return Refusal.TAKEN
    return Refusal.CURRENCY if currency_of(tenant, found) != record.currency else None


def link(
    work: Slice, record: Record, found: FoundDocument, *, by: str, accepts_difference: bool = False
) -> Posting | Refusal:
    """Makes the document the record's own; `found` as it was just read. by: the person's name.

    accepts_difference: the person has seen that total or tax differ and says that it is the same sale."""
    with transaction.atomic():
        work.heartbeat()  # takes the company's row: a run of this company cannot plan the record meanwhile
        record = Record.objects.select_for_update(of=("self",)).select_related("parent").get(pk=record.pk)
        refused = why_not(work.tenant, record, found)
        if refused is not None:
            return refused
        apart = differences(work.tenant, record, found)
        if apart and not accepts_difference:
            return Refusal.DIFFERS
        try:
            with transaction.atomic():
                posting = _store(work, record, found)
        except IntegrityError:
            return Refusal.TAKEN
        _end(work, record, found, posting, apart, by=by)
    work.checkpoint("linked")
    return posting


def unlink(work: Slice, record: Record, *, by: str, then: Literal["skip", "send"]) -> Posting | Refusal:
    """Takes the link off again; the document stays in the books as it is. then: whether the order is set aside, or
    sent as a document of its own at the next run."""
    with transaction.atomic():
        work.heartbeat()
        record = Record.objects.select_for_update(of=("self",)).select_related("parent").get(pk=record.pk)
        posting = linked_posting(record)
        if posting is None:
            return Refusal.NOT_LINKED
        if record.state == Record.State.SENDING:
            return Refusal.ON_ITS_WAY
        if _is_followed(record, posting):
            return Refusal.FOLLOWED
        Posting.objects.filter(pk=posting.pk).update(state=Posting.State.UNDONE)
        decisions = {name: one for name, one in record.decisions.items() if name != QUESTION}
        forgotten: dict[str, Any] = {
            "proof": {},
            "notices": [],
            "fingerprint": "",
            "planned_hash": "",
            "decisions": decisions,
        }
        details = {"by": by, "number": posting.doc_number, "entity": posting.entity, "posting": posting.pk}
        RecordEvent.objects.create(record=record, run=work.run, kind="unlinked", details=details)
        if then == "send":
            journal.move(record, work.run or record.run, Record.State.QUEUED, **forgotten)
        else:
            why = {"problem": "unlinked", "by": by, "number": posting.doc_number}
            run, skipped = work.run or record.run, Record.State.SKIPPED
            journal.move(record, run, skipped, reason="by_hand", details=why, **forgotten)
    return posting


def linked_posting(record: Record) -> Posting | None:
    """The living link of a record, None where it has none or its document is ours."""
    living = record.postings.filter(key=key_of(record), operation="create", state=Posting.State.POSTED, is_linked=True)
    return living.first()


def compare_again(work: Slice, record: Record, order: Order, sale: Posting) -> Held | None:
    """A linked order that was edited in the store: held where the document shows another total now, until a person says
    that it belongs together all the same."""
    question = open_question(record, sale)
    if question is not None:
        return question
    unit = smallest_unit(order.currency)
    total, books = half_up(order.total, unit), half_up(sale.total or ZERO, unit)
    record.fingerprint = order_fingerprint(order)
    record.proof = {**record.proof, **proof_of(record, sale.total, sale.tax)}
    Record.objects.filter(pk=record.pk).update(fingerprint=record.fingerprint, proof=record.proof)
    show_difference(record, {"total": (total, books)} if total != books else {}, but_keep=f"{DIFFERS}_tax")
    return None


def open_question(record: Record, linked: Posting) -> Held | None:
    """None where the document shows the store's total, or a person said that it belongs together all the same."""
    unit = smallest_unit(record.currency)
    total, books = half_up(record.store_total or ZERO, unit), half_up(linked.total or ZERO, unit)
    if total == books or record.decisions.get(QUESTION) == str(total):
        return None
    details = {"store_total": str(total), "books_total": str(books), "number": linked.doc_number}
    return Held(QUESTION, {"problem": "linked", "order": record.number, **details})


def show_difference(record: Record, apart: Differences, *, but_keep: str = "") -> None:
    """What the document shows otherwise than the store stands on the record, in place of what stood there."""
    told = {DIFFERS, f"{DIFFERS}_tax"} - {but_keep}
    record.notices = [notice for notice in record.notices if notice["reason"] not in told]
    Record.objects.filter(pk=record.pk).update(notices=record.notices)
    if apart:
        journal.note(record, [_difference(apart)])


def payment_left_to_others(work: Slice, record: Record, order: Order, sale: Posting) -> Sequence[Notice] | Held | None:
    """None when the payment of a linked invoice is ours to record: it came after the link, and nobody recorded any.

    What was paid before is with whoever made the invoice; what they have not recorded yet is told, not done."""
    if not order.is_paid or order.paid_at is None:
        return ()
    if record.proof.get("paid") or (sale.answered_at is not None and order.paid_at <= sale.answered_at):
        left = Decimal(str(sale.answer.get("Balance") or 0))
        return (Notice(NOT_PAID, {"amount": f"{left:f}"}),) if left > 0 else ()
    read_invoices_again(work, [record])
    standing = sale_in_books(work, record)
    if standing is None or invoice_is_gone(work, standing):
        return Held("document_gone", {"number": sale.doc_number, "order": record.number})
    if _is_whole(standing):
        return None
    return (Notice(NOT_PAID, {"amount": f"{standing.open_balance:f}"}),) if standing.open_balance > 0 else ()


def _facts(tenant: Tenant) -> CompanyFacts:
    if tenant.company is None:
        raise LookupError("no company is connected")
    return facts_from_json(tenant.company.facts)


def _is_whole(standing: PostedSale) -> bool:
    """All of it is open but for our own credits."""
    return standing.open_balance == standing.total - standing.applied


def _is_taken(tenant: Tenant, record: Record, found: FoundDocument) -> bool:
    """By a record of any workspace on this company, or by one that a marker of ours names."""
    other = Posting.objects.filter(
        company=tenant.company, entity=found.entity, qbo_id=found.qbo_id, operation="create", record__isnull=False
    ).exclude(state__in=[Posting.State.FAULTED, Posting.State.UNDONE])
    is_marked = found.private_note.lstrip().startswith(MARKER_PREFIX)
    return other.exists() or (is_marked and not _is_ours(tenant, record, found))


def _is_ours(tenant: Tenant, record: Record, found: FoundDocument) -> bool:
    """It bears the marker of this very record: a document of ours that was lost sight of."""
    return has_marker(found.private_note, _marker(tenant, record))


def _marker(tenant: Tenant, record: Record) -> str:
    if record.source == Record.Source.REFUND and record.parent is not None:
        return refund_marker(tenant.key, record.parent.woo_id, record.woo_id)
    return sale_marker(tenant.key, record.woo_id)


def _store(work: Slice, record: Record, found: FoundDocument) -> Posting:
    is_ours = _is_ours(work.tenant, record, found)
    key = key_of(record)
    return Posting.objects.create(
        tenant=work.tenant,
        company=work.company,
        run=work.run,
        record=record,
        options_version=work.options,
        key=key,
        operation="create",
        generation=next_generation(work, key, "create"),
        entity=found.entity,
        payload={"PrivateNote": _marker(work.tenant, record)} if is_ours else {},
        state=Posting.State.POSTED,
        qbo_id=found.qbo_id,
        sync_token=found.sync_token,
        doc_number=found.number[:30],
        total=found.total,
        tax=found.tax,
        rates={rate: str(amount) for rate, amount in found.rates.items()},
        answer=found.raw,
        is_adopted=True,
        is_linked=not is_ours,
        answered_at=timezone.now(),
    )


def _end(work: Slice, record: Record, found: FoundDocument, posting: Posting, apart: Differences, *, by: str) -> None:
    order = work.store.parse(record.raw) if record.source == Record.Source.ORDER else None
    accepted = {QUESTION: str(apart["total"][0])} if "total" in apart else {}
    journal.move(
        record,
        work.run or record.run,
        Record.State.SYNCED,
        version=work.options,
        failed_attempts=0,
        planned_hash=record.raw_hash,
        fingerprint=order_fingerprint(order) if isinstance(order, Order) else "",
        decisions={**record.decisions, **accepted},
        proof={**proof_of(record, found.total, found.tax), "paid": isinstance(order, Order) and order.is_paid},
        notices=journal.notices_as_json([_difference(apart)] if apart else []),
    )
    details = {"by": by, "entity": found.entity, "number": found.number, "qbo_id": found.qbo_id}
    journal.tell(record, work.run, "linked", posting=posting.pk, total=str(found.total), **details)


def _difference(apart: Differences) -> Notice:
    words = {f"{side}_{name}": str(amounts[place]) for name, amounts in apart.items() for place, side in _SIDES}
    return Notice(DIFFERS if "total" in apart else f"{DIFFERS}_tax", words)


_SIDES: Sequence[tuple[int, str]] = ((0, "store"), (1, "books"))


def proof_of(record: Record, total: Decimal | None, tax: Decimal | None) -> dict[str, object]:
    """The store's amounts beside the document's, as they were read."""
    unit = smallest_unit(record.currency)
    store_total, store_tax = half_up(record.store_total or ZERO, unit), half_up(record.store_tax or ZERO, unit)
    return {
        "store_total": str(store_total),
        "document_total": str(total),
        "store_tax": str(store_tax),
        "document_tax": str(tax or ZERO),
        "means": "linked",
        "rates": [],
        "answered": {"total": str(total), "tax": str(tax), "rates": {}},
    }


def _is_followed(record: Record, posting: Posting) -> bool:
    """A payment, a credit or what sets it against the document: ours, and on this one."""
    living = Posting.objects.filter(Q(record=record) | Q(record__parent=record)).exclude(pk=posting.pk)
    standing = living.filter(operation="create", state__in=[Posting.State.PLANNED, Posting.State.POSTED])
    return standing.filter(is_linked=False).exists()

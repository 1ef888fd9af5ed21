"""Does a period add up? What the store sold against what stands in QuickBooks now: fetched, not remembered.

One paged read per kind of document and 1,000 documents. Documents are matched by the marker in their note, so that a
changed number or date in QuickBooks does not hide them; what bears no marker of this workspace is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.db.models import Q

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind
from connector.accounting.keys import MARKER_PREFIX
from connector.accounting.money import currency_decimals
from sync.models import Posting, Record
from tenants.models import Tenant

SALES = (DocumentKind.SALES_RECEIPT, DocumentKind.INVOICE)
CREDITS = (DocumentKind.CREDIT_MEMO, DocumentKind.REFUND_RECEIPT)
VOIDED = "Voided - "
"""What QuickBooks puts before the note of a document that was voided."""
ZERO = Decimal(0)


class Library(Protocol):
    """The part of the company that is read."""

    @property
    def reads(self) -> int: ...
    def documents_between(self, kind: DocumentKind, first: date, last: date) -> Sequence[FoundDocument]: ...


@dataclass(slots=True)
class CurrencySums:
    """Net of what was given back. store: every order and refund of the period that the settings select.

    open_total: those of them without a document yet. Of a cancelled order counts what its credit memo or void left.
    """

    currency: str
    store_total: Decimal = ZERO
    store_tax: Decimal = ZERO
    books_total: Decimal = ZERO
    books_tax: Decimal = ZERO
    open_total: Decimal = ZERO
    orders: int = 0
    documents: int = 0

    @property
    def difference(self) -> Decimal:
        return self.store_total - self.books_total

    @property
    def unexplained(self) -> Decimal:
        return self.difference - self.open_total


@dataclass(slots=True)
class Reconciliation:
    """gaps: what a person should look at, each with kind, number and both amounts. strangers: documents not ours."""

    first: date
    last: date
    sums: dict[str, CurrencySums] = field(default_factory=dict)
    gaps: list[dict[str, str]] = field(default_factory=list)
    strangers: int = 0
    reads: int = 0

    def of(self, currency: str) -> CurrencySums:
        return self.sums.setdefault(currency, CurrencySums(currency))

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "currencies": [
                {
                    "currency": sums.currency,
                    "orders": sums.orders,
                    "documents": sums.documents,
                    **{
                        name: _written(getattr(sums, name), sums.currency)
                        for name in (
                            "store_total", "books_total", "difference", "open_total", "unexplained",
                            "store_tax", "books_tax",
                        )
                    },
                }
                for sums in sorted(self.sums.values(), key=lambda sums: sums.currency)
            ],
            "gaps": self.gaps,
            "strangers": self.strangers,
            "qbo_reads": self.reads,
        }  # fmt: skip


def reconcile(tenant: Tenant, books: Library, first: date, last: date) -> Reconciliation:
    """Sales, refunds and cancellations dated within the days, both included, in the workspace's zone."""
    found = Reconciliation(first, last)
    prefix = f"{MARKER_PREFIX}{tenant.key}:"
    standing: dict[str, FoundDocument] = {}
    for kind in (*SALES, *CREDITS):
        for document in books.documents_between(kind, first, last):
            marker = document.private_note.removeprefix(VOIDED).split("\n", 1)[0].strip()
            if marker.startswith(prefix):
                standing[f"{kind.value}:{document.qbo_id}"] = document
            else:
                found.strangers += 1
    found.reads = books.reads
    creates = _documents_of(tenant)
    for record in _records_of(tenant, creates, first, last):
        _compare(found, record, creates.get(record.pk, []), standing, first, last)
    for key, document in standing.items():
        currency = str((document.raw.get("CurrencyRef") or {}).get("value") or _home_currency(tenant))
        found.gaps.append(
            _gap("document_without_order", document.number or document.qbo_id, None, document.total, currency)
        )
        _add_books(found.of(currency), document, _sign(key.partition(":")[0]))
    return found


@dataclass(frozen=True, slots=True)
class _Ours:
    """A document that we made and that stands, or was voided."""

    posting: Posting
    is_void: bool

    @property
    def entity(self) -> str:
        return self.posting.entity

    def is_dated(self, first: date, last: date) -> bool:
        return first.isoformat() <= str(self.posting.payload.get("TxnDate", "")) <= last.isoformat()


def _documents_of(tenant: Tenant) -> dict[int, list[_Ours]]:
    """The living documents of each record: a sale and, once cancelled, its credit memo; or a refund's credit."""
    voided = set(
        Posting.objects.for_tenant(tenant)
        .filter(operation="void", state=Posting.State.POSTED)
        .values_list("entity", "qbo_id")
    )
    found: dict[int, list[_Ours]] = {}
    for posting in Posting.objects.for_tenant(tenant).filter(
        operation="create",
        state=Posting.State.POSTED,
        entity__in=[kind.value for kind in (*SALES, *CREDITS)],
        record__isnull=False,
    ):
        ours = _Ours(posting, (posting.entity, posting.qbo_id) in voided)
        found.setdefault(posting.record_id or 0, []).append(ours)
    return found


def _records_of(tenant: Tenant, creates: Mapping[int, Sequence[_Ours]], first: date, last: date) -> Iterable[Record]:
    """Orders and refunds with a document dated in the period, and those of the period that have none and are not
    skipped."""
    opening = datetime.combine(first, time(), tzinfo=tenant.zone)
    closing = datetime.combine(last + timedelta(days=1), time(), tzinfo=tenant.zone)
    dated = [pk for pk, postings in creates.items() if any(one.is_dated(first, last) for one in postings)]
    records = Record.objects.for_tenant(tenant).filter(source__in=[Record.Source.ORDER, Record.Source.REFUND])
    without = Q(ordered_at__gte=opening, ordered_at__lt=closing) & ~Q(pk__in=creates.keys())
    return records.filter(Q(pk__in=dated) | without).exclude(state=Record.State.SKIPPED).order_by("source", "woo_id")


def _compare(
    found: Reconciliation,
    record: Record,
    documents: Sequence[_Ours],
    standing: dict[str, FoundDocument],
    first: date,
    last: date,
) -> None:
    sums = found.of(record.currency)
    is_refund = record.source == Record.Source.REFUND
    if not documents:
        sign = -1 if is_refund else 1
        sums.orders += 0 if is_refund else 1
        sums.store_total += sign * (record.store_total or ZERO)
        sums.store_tax += sign * (record.store_tax or ZERO)
        sums.open_total += sign * (record.store_total or ZERO)
        return
    for ours in documents:
        if ours.is_dated(first, last):
            sums.orders += 1 if ours.entity in SALES else 0
            _compare_one(found, sums, record, ours, standing)


def _meant(record: Record, ours: _Ours) -> tuple[Decimal, Decimal]:
    """What the store says of this document: a sale or refund its own total, a cancellation what it took back."""
    if ours.is_void:
        return ZERO, ZERO
    if ours.entity in CREDITS and record.source == Record.Source.ORDER:
        return ours.posting.total or ZERO, ours.posting.tax or ZERO
    return record.store_total or ZERO, record.store_tax or ZERO


def _compare_one(
    found: Reconciliation,
    sums: CurrencySums,
    record: Record,
    ours: _Ours,
    standing: dict[str, FoundDocument],
) -> None:
    sign, (total, tax) = _sign(ours.entity), _meant(record, ours)
    sums.store_total += sign * total
    sums.store_tax += sign * tax
    document = standing.pop(f"{ours.entity}:{ours.posting.qbo_id}", None)
    if document is None:
        found.gaps.append(_gap("document_gone_or_redated", record.number, total, None, record.currency))
        return
    _add_books(sums, document, sign)
    if document.total != total:
        found.gaps.append(_gap("totals_differ", record.number, total, document.total, record.currency))


def _sign(entity: str) -> int:
    """Credit memos and refund receipts bear positive amounts and give back (QBO reference, 5.4)."""
    return -1 if entity in CREDITS else 1


def _add_books(sums: CurrencySums, document: FoundDocument, sign: int) -> None:
    sums.documents += 1
    sums.books_total += sign * (document.total or ZERO)
    sums.books_tax += sign * (document.tax or ZERO)


def _gap(kind: str, number: str, store: Decimal | None, books: Decimal | None, currency: str) -> dict[str, str]:
    return {
        "kind": kind,
        "number": number,
        "store_total": "" if store is None else _written(store, currency),
        "books_total": "" if books is None else _written(books, currency),
        "currency": currency,
    }


def _home_currency(tenant: Tenant) -> str:
    return str((tenant.company.facts or {}).get("home_currency", "")) if tenant.company else ""


def _written(amount: Decimal, currency: str) -> str:
    return f"{amount:.{currency_decimals(currency)}f}"

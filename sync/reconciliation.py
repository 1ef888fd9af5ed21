"""Does a period add up? What the store sold against what stands in QuickBooks now: fetched, not remembered.

One paged read per kind of document and 1,000 documents. Documents are matched by the marker in their note, so that a
changed number or date in QuickBooks does not hide them; what bears no marker of this workspace is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
ZERO = Decimal(0)


class Library(Protocol):
    """The part of the company that is read."""

    @property
    def reads(self) -> int: ...
    def documents_between(self, kind: DocumentKind, first: date, last: date) -> Sequence[FoundDocument]: ...


@dataclass(slots=True)
class CurrencySums:
    """store: every order of the period that the settings select; open_total: those of them without a document yet."""

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
    """Sales dated within the days, both included, in the workspace's zone."""
    found = Reconciliation(first, last)
    prefix = f"{MARKER_PREFIX}{tenant.key}:"
    standing: dict[str, FoundDocument] = {}
    for kind in SALES:
        for document in books.documents_between(kind, first, last):
            marker = document.private_note.split("\n", 1)[0].strip()
            if marker.startswith(prefix):
                standing[f"{kind.value}:{document.qbo_id}"] = document
            else:
                found.strangers += 1
    found.reads = books.reads
    for record, posting in _sales_of(tenant, first, last):
        _compare(found, record, posting, standing)
    for document in standing.values():
        currency = str((document.raw.get("CurrencyRef") or {}).get("value") or _home_currency(tenant))
        found.gaps.append(
            _gap("document_without_order", document.number or document.qbo_id, None, document.total, currency)
        )
        _add_books(found.of(currency), document)
    return found


def _sales_of(tenant: Tenant, first: date, last: date) -> Iterable[tuple[Record, Posting | None]]:
    """Orders whose document is dated in the period, and orders of the period that have none and are not skipped."""
    creates = {
        posting.record_id: posting
        for posting in Posting.objects.for_tenant(tenant).filter(
            operation="create",
            state=Posting.State.POSTED,
            entity__in=[kind.value for kind in SALES],
            record__isnull=False,
        )
    }
    opening = datetime.combine(first, time(), tzinfo=tenant.zone)
    closing = datetime.combine(last + timedelta(days=1), time(), tzinfo=tenant.zone)
    dated = [
        record_id
        for record_id, posting in creates.items()
        if first.isoformat() <= str(posting.payload.get("TxnDate", "")) <= last.isoformat()
    ]
    orders = Record.objects.for_tenant(tenant).filter(source=Record.Source.ORDER).order_by("woo_id")
    without = Q(ordered_at__gte=opening, ordered_at__lt=closing) & ~Q(pk__in=creates.keys())
    for record in orders.filter(Q(pk__in=dated) | without).exclude(state=Record.State.SKIPPED):
        yield record, creates.get(record.pk)


def _compare(
    found: Reconciliation, record: Record, posting: Posting | None, standing: dict[str, FoundDocument]
) -> None:
    sums = found.of(record.currency)
    total, tax = record.store_total or ZERO, record.store_tax or ZERO
    sums.orders += 1
    sums.store_total += total
    sums.store_tax += tax
    if posting is None:
        sums.open_total += total
        return
    document = standing.pop(f"{posting.entity}:{posting.qbo_id}", None)
    if document is None:
        found.gaps.append(_gap("document_gone_or_redated", record.number, total, None, record.currency))
        return
    _add_books(sums, document)
    if document.total != total:
        found.gaps.append(_gap("totals_differ", record.number, total, document.total, record.currency))


def _add_books(sums: CurrencySums, document: FoundDocument) -> None:
    sums.documents += 1
    sums.books_total += document.total or ZERO
    sums.books_tax += document.tax or ZERO


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

"""Linking as a person at a page does it: search the books, look at one document, link it, take the link off.

A search and a look are one metered read each; the link itself is one more, since what it compares must be the present.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind
from connector.errors import ConnectionLostError
from connector.qbo.client import QuickBooksBooks
from sync.engine import linking
from sync.engine.keyed import LINKS, SEARCH, STREAM
from sync.engine.linking import Refusal
from sync.models import Cursor, KeyedDocument, Posting, Record, Run
from sync.models.scoping import TenantQuerySet
from sync.wiring import open_books, slice_at_the_desk
from tenants.audit import log_change
from tenants.models import Tenant, User

MOST_FOUND = 50
FRESH = timedelta(days=1)
"""So long a search is believed: what is keyed after it is found by the next one."""


def search(
    tenant: Tenant, kind: DocumentKind, *, number: str = "", total: Decimal | None = None, day: date | None = None
) -> Sequence[FoundDocument]:
    """At most MOST_FOUND documents; one metered read. Raises what the books raise, ValueError without anything to look
    for."""
    return _books(tenant).documents_like(kind, number=number, total=total, day=day, at_most=MOST_FOUND)


def look_at(tenant: Tenant, kind: DocumentKind, qbo_id: str) -> FoundDocument | None:
    """The document as it stands now, None when it is gone; one metered read."""
    return _books(tenant).read_document(kind, qbo_id)


def why_not(tenant: Tenant, record: Record, found: FoundDocument) -> Refusal | None:
    """None when the document may be linked to the record, whatever its amounts; no call is made."""
    return linking.why_not(tenant, record, found)


def link(
    tenant: Tenant, record: Record, kind: DocumentKind, qbo_id: str, *, user: User, accepts: Decimal | None = None
) -> Posting | Refusal | None:
    """Reads the document once more and links it; None when it is gone. accepts: the total that the person saw and said
    to belong to the order although it differs; a document that has changed since is refused.

    Raises what the books raise, and LeaseTaken while a run is at work for the company."""
    with slice_at_the_desk(tenant) as work:
        found = work.books.read_document(kind, qbo_id)
        if found is None:
            return None
        is_as_seen = accepts is not None and accepts == found.total
        done = linking.link(work, record, found, by=str(user), accepts_difference=is_as_seen)
    if isinstance(done, Posting):
        log_change(tenant, "record.link", {"records": _changed(record, done)}, user=user)
    return done


def unlink(tenant: Tenant, record: Record, *, user: User, then: Literal["skip", "send"]) -> Posting | Refusal:
    """Raises ConnectionLostError without both sides, LeaseTaken while a run is at work for the company."""
    with slice_at_the_desk(tenant) as work:
        done = linking.unlink(work, record, by=str(user), then=then)
    if isinstance(done, Posting):
        log_change(tenant, "record.unlink", {"records": _changed(record, done)}, user=user)
    return done


@dataclass(frozen=True, slots=True)
class Search:
    """What is known of the documents that are in the books already. run: the active one, else the last of these.

    is_covered: a search went back as far as orders are sent, not long ago. certain, doubtful: pairs that nobody decided
    about; chosen: those that wait for the run; linked, linked_refunds and refused: what the last linking did."""

    run: Run | None
    is_covered: bool
    certain: int
    doubtful: int
    chosen: int
    linked: int
    linked_refunds: int
    refused: int

    @property
    def is_busy(self) -> bool:
        return self.run is not None and self.run.is_active

    @property
    def is_open(self) -> bool:
        """Something waits for a person's decision."""
        return bool(self.certain or self.doubtful)


def search_of(tenant: Tenant, *, start_date: date) -> Search:
    runs = Run.objects.for_tenant(tenant)
    rows = KeyedDocument.objects.for_tenant(tenant).filter(company=tenant.company)
    numbers = {name: Count("pk", filter=which) for name, which in _SEARCHED.items()}
    return Search(
        run=runs.filter(state__in=Run.ACTIVE).first() or runs.filter(trigger__in=(SEARCH, LINKS)).first(),
        is_covered=is_covered(tenant, start_date),
        **rows.aggregate(**numbers),
    )


_FOUND, _LINKED = Q(state=KeyedDocument.State.FOUND), Q(state=KeyedDocument.State.LINKED)
_SEARCHED = {
    "certain": _FOUND & Q(is_certain=True),
    "doubtful": _FOUND & Q(is_certain=False),
    "chosen": Q(state=KeyedDocument.State.CHOSEN),
    "linked": _LINKED & Q(refund_id=0),
    "linked_refunds": _LINKED & ~Q(refund_id=0),
    "refused": Q(state=KeyedDocument.State.REFUSED),
}


def is_covered(tenant: Tenant, start_date: date) -> bool:
    fresh = timezone.now() - FRESH
    cursor = Cursor.objects.for_tenant(tenant).filter(stream=STREAM, position__gte=fresh).first()
    return cursor is not None and cursor.covered_from <= start_date


def pairs_of(tenant: Tenant) -> TenantQuerySet[KeyedDocument]:
    """What waits for a decision, doubtful ones first; what was sent or linked meanwhile is left out."""
    sent = Posting.objects.filter(tenant=tenant, operation="create", state=Posting.State.POSTED)
    sale = sent.filter(record__source=Record.Source.ORDER, record__woo_id=OuterRef("woo_id"))
    credit = sent.filter(record__source=Record.Source.REFUND, record__woo_id=OuterRef("refund_id"))
    rows = KeyedDocument.objects.for_tenant(tenant).filter(company=tenant.company, state=KeyedDocument.State.FOUND)
    is_open = Q(refund_id=0) & ~Exists(sale) | ~Q(refund_id=0) & ~Exists(credit)
    return rows.filter(is_open, woo_id__isnull=False).order_by("is_certain", "ordered_at", "pk")


def choose(tenant: Tenant, *, ticked: Collection[int], shown: Collection[int], with_others: bool, user: User) -> int:
    """Marks pairs to be linked by the next run: those ticked among the rows shown, and with_others all certain pairs
    that were not shown; returns how many."""
    pairs = pairs_of(tenant)
    chosen = {"state": KeyedDocument.State.CHOSEN, "chosen_by": str(user)[:255], "refusal": ""}
    with transaction.atomic():
        number = pairs.filter(pk__in=set(ticked) & set(shown)).order_by().update(**chosen)
        if with_others:
            number += pairs.filter(is_certain=True).exclude(pk__in=shown).order_by().update(**chosen)
        if number:
            log_change(tenant, "documents.link", {"records": [0, number]}, user=user)
    return number


def _changed(record: Record, posting: Posting) -> list[Any]:
    return [record.number or str(record.woo_id), posting.doc_number or posting.qbo_id]


def _books(tenant: Tenant) -> QuickBooksBooks:
    if tenant.company is None:
        raise ConnectionLostError("quickbooks_not_connected", f"tenant {tenant.pk}", side="quickbooks")
    return open_books(tenant.company)

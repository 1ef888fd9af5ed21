"""Linking as a person at a page does it: search the books, look at one document, link it, take the link off.

A search and a look are one metered read each; the link itself is one more, since what it compares must be the present.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind
from connector.errors import ConnectionLostError
from connector.qbo.client import QuickBooksBooks
from sync.engine import linking
from sync.engine.linking import Refusal
from sync.models import Posting, Record
from sync.wiring import open_books, slice_at_the_desk
from tenants.audit import log_change
from tenants.models import Tenant, User

MOST_FOUND = 50


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


def _changed(record: Record, posting: Posting) -> list[Any]:
    return [record.number or str(record.woo_id), posting.doc_number or posting.qbo_id]


def _books(tenant: Tenant) -> QuickBooksBooks:
    if tenant.company is None:
        raise ConnectionLostError("quickbooks_not_connected", f"tenant {tenant.pk}", side="quickbooks")
    return open_books(tenant.company)

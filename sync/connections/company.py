"""A company's tokens, facts and name lists: what is read at once, so that a run needs no metered read; and links."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.accounting.books import CompanyFacts, NameKind
from connector.accounting.facts import facts_to_json
from connector.errors import ConnectionLostError
from connector.qbo.client import QuickBooksBooks
from connector.qbo.oauth import refresh_tokens
from sync.choices import latest_version, merge
from sync.engine import mirror
from sync.models import Link, MirrorEntry
from sync.portability import save_options
from sync.wiring import intuit_app, open_books
from tenants.models import Company, Connection, Tenant, User
from tenants.secrets import keyed_hash
from tenants.tokens import access_token, store_tokens

NAME_LISTS: tuple[NameKind, ...] = (
    "Account", "Item", "Customer", "Vendor", "Employee", "PaymentMethod", "Term", "Class", "Department",
)  # fmt: skip
PAGE = 1000
LISTS_KEEP_FOR = timedelta(days=25)
"""Change data capture reaches back 30 days (QBO reference, 7.1): older lists are read whole again."""

Report = Callable[[Mapping[str, Any]], None]


def connect_company(realm_id: str, refresh_token: str) -> Company:
    """The company of this realm with working tokens. Raises ConnectionLostError, RetryableError.

    A refresh token is taken unless it is the one last applied (ours has rotated since) or our own, exported."""
    company = Company.for_realm(realm_id)
    applied = keyed_hash(refresh_token)
    if company.applied_token_hash != applied and company.refresh_token != refresh_token:
        tokens = refresh_tokens(intuit_app(), refresh_token)
        with transaction.atomic():
            store_tokens(company.pk, tokens)
            Company.objects.filter(pk=company.pk).update(applied_token_hash=applied, state_since=timezone.now())
    company.refresh_from_db()
    if company.state != Connection.CONNECTED:
        raise ConnectionLostError(f"quickbooks_{company.state}", f"company {company.pk}", side="quickbooks")
    access_token(company.pk, intuit_app())
    return company


def read_company(company: Company) -> int:
    """Reads facts and all name lists afresh into rows; returns the number of metered reads."""
    books = open_books(company)
    read_facts(company, books)
    read_names(company, books)
    return books.reads


def read_facts(company: Company, books: QuickBooksBooks | None = None) -> CompanyFacts:
    """Four metered reads. Raises ConnectionLostError, RetryableError, FaultError."""
    started = timezone.now()
    facts = (books or open_books(company)).company_facts()
    keep_facts(company, facts_to_json(facts), read_at=started)
    return facts


def keep_facts(company: Company, facts: Mapping[str, Any], *, read_at: datetime) -> None:
    Company.objects.filter(pk=company.pk).update(
        name=str(facts["name"])[:255], facts=dict(facts), facts_read_at=read_at
    )
    company.refresh_from_db()


def lists_to_read(facts: Mapping[str, Any]) -> list[NameKind]:
    """The name lists this company has: classes and locations only where they are tracked."""
    left_out = {"Class": not facts.get("classes"), "Department": not facts.get("locations")}
    return [kind for kind in NAME_LISTS if not left_out.get(kind)]


def needs_names(company: Company) -> bool:
    """Whether the lists were never read, or are too old to be brought up to date by reading changes."""
    return company.names_read_at is None or company.names_read_at < timezone.now() - LISTS_KEEP_FOR


def read_names(company: Company, books: QuickBooksBooks | None = None, *, report: Report = lambda _state: None) -> None:
    """All name lists, page by page; `report` hears after each page which list it is and how many names there are.

    Raises ConnectionLostError, RetryableError, FaultError; what was read stays, the next attempt begins anew."""
    books = books or open_books(company)
    started = timezone.now()
    lists = lists_to_read(company.facts or {})
    rows = 0
    for position, kind in enumerate(lists, start=1):
        seen: set[str] = set()
        start = 1
        while page := books.names(kind, start=start, page_size=PAGE):
            mirror.take_in(company, page)
            seen |= {row.qbo_id for row in page}
            report({"kind": kind, "list": position, "lists": len(lists), "rows": rows + len(seen)})
            if len(page) < PAGE:
                break
            start += PAGE
        rows += len(seen)
        _drop_missing(company, kind, seen)
    Company.objects.filter(pk=company.pk).update(names_read_at=started, names_progress={})
    company.refresh_from_db()


CHOOSABLE: tuple[NameKind, ...] = ("Account", "Item", "PaymentMethod", "Term", "Class", "Department")
"""The lists that settings are chosen from: few rows, unlike customers."""


def refresh_lists(company: Company) -> None:
    """Facts and the lists that settings are chosen from, read again. Raises ConnectionLostError, RetryableError."""
    books = open_books(company)
    facts = read_facts(company, books)
    kept = set(lists_to_read(facts_to_json(facts)))
    for kind in CHOOSABLE:
        if kind in kept:
            _drop_missing(company, kind, _read_list(company, books, kind))


def _read_list(company: Company, books: QuickBooksBooks, kind: NameKind) -> set[str]:
    """One list, page by page; the ids in it."""
    seen: set[str] = set()
    start = 1
    while page := books.names(kind, start=start, page_size=PAGE):
        mirror.take_in(company, page)
        seen |= {row.qbo_id for row in page}
        if len(page) < PAGE:
            break
        start += PAGE
    return seen


def _drop_missing(company: Company, kind: NameKind, seen: set[str]) -> None:
    """Rows that are no longer in the list go."""
    stale = MirrorEntry.objects.filter(company=company, kind=kind)
    gone = [entry.pk for entry in stale.only("pk", "qbo_id") if entry.qbo_id not in seen]
    for position in range(0, len(gone), 500):
        MirrorEntry.objects.filter(pk__in=gone[position : position + 500]).delete()


def link_company(tenant: Tenant, company: Company) -> str:
    """Ties the tenant to the company; returns a sentence when links of another company stay behind, else ""."""
    before = tenant.company
    if before is not None and before.pk == company.pk:
        return ""
    Tenant.objects.filter(pk=tenant.pk).update(company=company)
    tenant.company = company
    if before is not None and Link.objects.for_tenant(tenant).filter(company=before).exists():
        return f"Links to {before.name or 'the earlier company'} stay with it; {company.name} starts without links."
    return ""


# Two workspaces on one company


def save_prefix(tenant: Tenant, prefix: str, *, user: User) -> None:
    """The next options version with this prefix; the first one when nothing was ever saved."""
    version = latest_version(tenant)
    options = merge(tenant, version.document if version else None, {"orders": {"number_prefix": prefix}})
    save_options(tenant, options, user=user)

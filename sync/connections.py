"""Connecting a store and a company: what is checked and read at once, so that a run needs no metered read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from connector.accounting.books import NameKind
from connector.accounting.facts import facts_to_json
from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.qbo.oauth import refresh_tokens
from connector.woo.address import AddressProblem, key_problem, normalise_store_url
from sync.engine import mirror
from sync.models import Link, MirrorEntry
from sync.wiring import intuit_app, open_books, open_store
from tenants.models import Company, Connection, Tenant
from tenants.secrets import keyed_hash
from tenants.tokens import access_token, store_tokens

NAME_LISTS: tuple[NameKind, ...] = (
    "Account", "Item", "Customer", "Vendor", "Employee", "PaymentMethod", "Term", "Class", "Department",
)  # fmt: skip
PAGE = 1000


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What the store answered, or why it cannot be used: `problem` is a sentence with what to do."""

    facts: dict[str, Any]
    problem: str = ""


STORE_PROBLEMS = {
    "store_refused_keys": "The store refused the keys. Create new ones in WooCommerce, under Settings, then Advanced,"
    " then REST API, with Read/Write.",
    "store_no_rest": "There is no WooCommerce REST interface at this address. Check the address and that WooCommerce"
    " is active.",
    "store_not_json": "The store answered with something other than data, which is often an extension's doing.",
}
QUICKBOOKS_PROBLEMS = {
    "quickbooks_expired": "The connection to QuickBooks has expired. Reconnect it and apply the new refresh token.",
    "quickbooks_disconnected": "QuickBooks no longer lets us into this company. Reconnect it.",
    "quickbooks_app_keys": "Intuit refused INTUIT_CLIENT_ID and INTUIT_CLIENT_SECRET. Check the app's keys and"
    " INTUIT_ENVIRONMENT.",
}


def explain(error: SyncError) -> str:
    """A sentence for a person who reads a terminal."""
    known = STORE_PROBLEMS.get(error.reason) or QUICKBOOKS_PROBLEMS.get(error.reason)
    if known:
        return known
    if isinstance(error, RetryableError):
        who = "The store" if error.side == "store" else "QuickBooks"
        return f"{who} did not give a usable answer ({error.reason}: {error.detail}). Nothing is lost; try again later."
    return f"{error.reason}: {error.detail}"


def connect_store(tenant: Tenant, *, url: str, consumer_key: str, consumer_secret: str) -> StoreCheck:
    """Checks address and keys against the live store, then keeps them. Nothing is kept when a check fails."""
    address = normalise_store_url(url, allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
    if isinstance(address, AddressProblem):
        return StoreCheck({}, str(address))
    wrong_keys = key_problem(consumer_key, consumer_secret)
    if wrong_keys is not None:
        return StoreCheck({}, str(wrong_keys))
    candidate = Tenant(
        pk=tenant.pk, store_url=address.url, store_consumer_key=consumer_key, store_consumer_secret=consumer_secret
    )
    try:
        with open_store(candidate) as store:
            facts = store.check()
    except (ConnectionLostError, RetryableError, FaultError) as error:
        return StoreCheck({}, explain(error))
    if not facts.can_write:
        return StoreCheck({}, "The store's key can read but not write. Create one with “Read/Write”.")
    if not facts.is_recent_enough:
        return StoreCheck({}, f"WooCommerce {facts.version} is too old; at least 5.8 is needed. Update it first.")
    plain = {name: _plain(value) for name, value in asdict(facts).items()}
    Tenant.objects.filter(pk=tenant.pk).update(
        store_url=address.url,
        store_facts=plain,
        store_state=Connection.CONNECTED,
        store_state_since=timezone.now(),
        store_state_detail="",
        store_seen_at=timezone.now(),
    )
    tenant.refresh_from_db()
    tenant.store_consumer_key, tenant.store_consumer_secret = consumer_key, consumer_secret
    tenant.save(update_fields=["store_consumer_key", "store_consumer_secret"])
    return StoreCheck(plain)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def connect_company(realm_id: str, refresh_token: str) -> Company:
    """The company of this realm with working tokens. A refresh token is taken only if it is not the one last applied:
    ours has rotated since. Raises ConnectionLostError, RetryableError."""
    company = Company.for_realm(realm_id)
    applied = keyed_hash(refresh_token)
    if company.applied_token_hash != applied:
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
    started = timezone.now()
    facts = books.company_facts()
    with transaction.atomic():
        Company.objects.filter(pk=company.pk).update(
            name=facts.name[:255], facts=facts_to_json(facts), facts_read_at=started
        )
    for kind in NAME_LISTS:
        if (kind == "Class" and not facts.classes) or (kind == "Department" and not facts.locations):
            continue
        _read_list(books, company, kind)
    Company.objects.filter(pk=company.pk).update(names_read_at=started)
    company.refresh_from_db()
    return books.reads


def _read_list(books: Any, company: Company, kind: NameKind) -> None:
    """One list, whole; rows that are no longer in it go."""
    seen: set[str] = set()
    start = 1
    while rows := books.names(kind, start=start, page_size=PAGE):
        mirror.take_in(company, rows)
        seen |= {row.qbo_id for row in rows}
        if len(rows) < PAGE:
            break
        start += PAGE
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

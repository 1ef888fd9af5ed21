"""The only place that turns a tenant into a store, books, rules and an engine's slice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.conf import settings

from connector.accounting.policy import PostingPolicy
from connector.errors import ConnectionLostError, RetryableError
from connector.http import ANY_ADDRESS, PUBLIC_ONLY
from connector.qbo.client import QuickBooksBooks
from connector.qbo.oauth import IntuitApp
from connector.qbo.transport import new_session
from connector.woo.client import WooStore
from connector.woo.session import StoreKeys
from sync.engine.context import Slice
from sync.models import OptionsVersion, Run
from sync.policy import build_policy
from tenants.budget import Budget, CallKind
from tenants.lease import acquire_run_lease, release_run_lease, renew_run_lease
from tenants.models import Company, Tenant
from tenants.tokens import access_token, renew_access_token

SLICE_SECONDS = 30.0
DESK_SECONDS = 20.0
LONGEST_WAIT_IN_A_CALL = 5.0
"""The budget may hold a call back this long inside a worker; longer waits end the slice."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class NotSetUp(LookupError):
    """Nothing was ever saved for this workspace."""


class LeaseTaken(Exception):
    """Another process works for this company just now."""


def intuit_app() -> IntuitApp:
    return IntuitApp(
        client_id=settings.INTUIT_CLIENT_ID,
        client_secret=settings.INTUIT_CLIENT_SECRET,
        discovery_url=settings.INTUIT_DISCOVERY_URL,
        redirect_uri=f"{settings.PUBLIC_URL}/oauth/quickbooks/callback",
    )


def open_store(tenant: Tenant, *, meta_keys: tuple[str, ...] = ()) -> WooStore:
    """The tenant's shop. Raises ConnectionLostError when none is connected."""
    if not tenant.store_url:
        raise ConnectionLostError("store_not_connected", f"tenant {tenant.pk}", side="store")
    return WooStore(
        tenant.store_url,
        StoreKeys(tenant.store_consumer_key, tenant.store_consumer_secret),
        guard=ANY_ADDRESS if settings.ALLOW_PRIVATE_STORE_URLS else PUBLIC_ONLY,
        meta_keys=meta_keys,
    )


def open_books(company: Company, *, waits: Callable[[], None] = lambda: None) -> QuickBooksBooks:
    """The company, with tokens and call budget behind it. `waits` is called before every wait for the budget."""
    app = intuit_app()
    budget = Budget(company.pk)

    def before_call(kind: CallKind, _items: int = 1) -> None:
        waited = 0.0
        while wait := budget.reserve(kind):
            if waited + wait > LONGEST_WAIT_IN_A_CALL:
                raise RetryableError(
                    "budget", f"company {company.pk}", side="quickbooks", retry_after_seconds=max(wait, 1.0)
                )
            waits()
            time.sleep(wait)
            waited += wait

    return QuickBooksBooks(
        realm_id=company.realm_id,
        base_url=settings.QBO_API_BASE_URL,
        access_token=lambda: access_token(company.pk, app),
        refresh=lambda stale: renew_access_token(company.pk, app, stale),
        before_call=before_call,
        session=new_session(),
    )


def open_books_with(realm_id: str, token: str) -> QuickBooksBooks:
    """A company that nobody has linked yet, with the token of a consent just given; it is not refreshed."""
    return QuickBooksBooks(
        realm_id=realm_id,
        base_url=settings.QBO_API_BASE_URL,
        access_token=lambda: token,
        refresh=None,
        before_call=lambda _kind: None,
        session=new_session(),
    )


def current_options(tenant: Tenant) -> OptionsVersion:
    """The newest version. Raises NotSetUp when nothing was ever saved."""
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()
    if version is None:
        raise NotSetUp(f"{tenant.slug} has no options yet; apply a tenant document first.")
    return version


def meta_keys_of(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Meta data of orders that the merchant's choices ask for, besides the keys we know."""
    named = (options.get("orders", {}).get("number_source"), options.get("customers", {}).get("vat_number_source"))
    return tuple(key for key in named if key)


def policy_source(tenant: Tenant, company: Company) -> Callable[[OptionsVersion], PostingPolicy]:
    """Policies by version, built once; anew when an answer taught something about the company or its names."""
    built: dict[tuple[int, str, str, bool, datetime | None, datetime | None], PostingPolicy] = {}

    def policy_for(version: OptionsVersion) -> PostingPolicy:
        learned = (company.learned_overrides, company.learned_rounding, company.learned_prediction_wrong)
        key = (version.pk, *learned, company.names_read_at, company.facts_read_at)
        if key not in built:
            built[key] = build_policy(tenant, version, company)
        return built[key]

    return policy_for


@contextmanager
def slice_at_the_desk(tenant: Tenant, *, seconds: float = DESK_SECONDS) -> Iterator[Slice]:
    """A slice of no run, for a person who waits at a page: what it writes belongs to no run and no options.

    Raises ConnectionLostError without both sides, LeaseTaken while another process works for the company."""
    company = tenant.company
    if company is None:
        raise ConnectionLostError("quickbooks_not_connected", f"tenant {tenant.pk}", side="quickbooks")
    lease = acquire_run_lease(company.pk)
    if lease is None:
        raise LeaseTaken(f"company {company.pk}")

    def heartbeat() -> None:
        renew_run_lease(company.pk, lease)

    try:
        with open_store(tenant) as store:
            yield Slice(
                tenant=tenant,
                company=company,
                run=cast(Run, None),
                store=store,
                books=open_books(company, waits=heartbeat),
                options=cast(OptionsVersion, None),
                policy_for=policy_source(tenant, company),
                clock=SystemClock(),
                heartbeat=heartbeat,
                sleep=time.sleep,
                deadline=datetime.now(UTC) + timedelta(seconds=seconds),
                checkpoint=lambda _name: None,
            )
    finally:
        release_run_lease(company.pk, lease)


@contextmanager
def slice_for_run(
    run_id: int,
    *,
    seconds: float = SLICE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    checkpoint: Callable[[str], None] = lambda _name: None,
) -> Iterator[Slice]:
    """Everything one slice needs, under the company's run lease. Raises LeaseTaken when another process holds it."""
    run = Run.objects.select_related("tenant", "tenant__company").get(pk=run_id)
    tenant = run.tenant
    company = tenant.company
    if company is None:
        raise ConnectionLostError("quickbooks_not_connected", f"tenant {tenant.pk}", side="quickbooks")
    lease = acquire_run_lease(company.pk)
    if lease is None:
        raise LeaseTaken(f"company {company.pk}")
    try:
        run.refresh_from_db()
        company.refresh_from_db()
        options = current_options(tenant)

        def heartbeat() -> None:
            renew_run_lease(company.pk, lease)

        with open_store(tenant, meta_keys=meta_keys_of(options.document)) as store:
            yield Slice(
                tenant=tenant,
                company=company,
                run=run,
                store=store,
                books=open_books(company, waits=heartbeat),
                options=options,
                policy_for=policy_source(tenant, company),
                clock=SystemClock(),
                heartbeat=heartbeat,
                sleep=sleep,
                deadline=datetime.now(UTC) + timedelta(seconds=seconds),
                checkpoint=checkpoint,
            )
    finally:
        release_run_lease(company.pk, lease)

"""Intuit's consent: where a person is sent, what is read with what comes back, and the link once they said yes.

Nothing of the company's row changes before the person confirms: the realm id in the callback is the browser's word, so
the tokens first have to open that very company (otherwise anybody could put their tokens in place of another's).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from connector.accounting.facts import facts_to_json
from connector.errors import ConnectionLostError, RetryableError, SyncError
from connector.qbo.oauth import Tokens, authorization_url, exchange_code, revoke_token
from sync.choices import has_prefix_clash, prefix_of
from sync.connections import attempts
from sync.connections.company import keep_facts, link_company, save_prefix
from sync.connections.ending import revoke_if_unused
from sync.models import Run
from sync.wiring import intuit_app, open_books_with
from tenants.audit import log_change
from tenants.lease import acquire_refresh_lock, release_refresh_lock
from tenants.models import Company, Connection, ConnectionAttempt, Tenant, User
from tenants.models.company import CompanyQuerySet
from tenants.tokens import store_tokens

QUICKBOOKS = ConnectionAttempt.Side.QUICKBOOKS
REALM_DIGITS = 30
LOCK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Consent:
    """A company that somebody may now link. `others`: workspaces that use it already, this one left out."""

    attempt: ConnectionAttempt
    known: Company | None
    others: list[Tenant]

    @property
    def is_another_company(self) -> bool:
        before = self.attempt.tenant.company
        return before is not None and (self.known is None or before.pk != self.known.pk)


class CannotLink(Exception):
    """The person has to change something first. reason: "prefix_taken" or "run_active"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def begin_consent(tenant: Tenant, user: User, *, browser: str) -> str:
    """Intuit's page. Raises RetryableError when Intuit's own addresses cannot be had."""
    return authorization_url(intuit_app(), attempts.begin(QUICKBOOKS, tenant, user, browser=browser))


def receive_code(attempt: ConnectionAttempt, *, code: str, realm_id: str) -> None:
    """Exchanges the code, once, keeps the tokens, then reads what the company is.

    The state has been taken already. Raises SyncError; after a RetryableError with tokens kept, `read_consent` can be
    tried again. Raises attempts.Refused when the answer is not one."""
    if not code or not (realm_id.isascii() and realm_id.isdigit() and len(realm_id) <= REALM_DIGITS):
        attempts.end(attempt, problem="consent_incomplete")
        raise attempts.Refused("consent_incomplete")
    try:
        tokens = exchange_code(intuit_app(), code)
    except SyncError as error:
        attempts.end(attempt, problem=error.reason, detail=error.detail)
        raise
    attempt.realm_id = realm_id
    attempt.access_token, attempt.access_expires_at = tokens.access_token, tokens.access_expires_at
    attempt.refresh_token, attempt.refresh_expires_at = tokens.refresh_token, tokens.refresh_expires_at
    attempt.expires_at = timezone.now() + attempts.CONFIRM_WITHIN
    attempt.save(
        update_fields=[
            "realm_id", "access_token", "access_expires_at", "refresh_token", "refresh_expires_at", "expires_at",
        ]
    )  # fmt: skip
    read_consent(attempt)


def read_consent(attempt: ConnectionAttempt) -> None:
    """Reads the company's facts with the new tokens (four metered reads), unless that was done.

    Raises RetryableError; ConnectionLostError "quickbooks_wrong_company" when the tokens do not open this realm."""
    if attempt.facts:
        return
    try:
        facts = open_books_with(attempt.realm_id, attempt.access_token).company_facts()
    except ConnectionLostError as error:
        decline(attempt)
        ConnectionAttempt.objects.filter(pk=attempt.pk).update(problem="quickbooks_wrong_company")
        raise ConnectionLostError("quickbooks_wrong_company", error.detail, side="quickbooks") from error
    attempt.facts = facts_to_json(facts)
    attempt.save(update_fields=["facts"])


def open_consent(tenant: Tenant, user: User, attempt_id: int) -> Consent | None:
    """The person's own unfinished attempt of this workspace, else None."""
    attempt = (
        ConnectionAttempt.objects.select_related("tenant", "tenant__company", "user")
        .filter(pk=attempt_id, tenant=tenant, user=user, side=QUICKBOOKS, ended_at__isnull=True)
        .filter(answered_at__isnull=False, expires_at__gt=timezone.now())
        .exclude(refresh_token="")
        .first()
    )
    if attempt is None:
        return None
    known = CompanyQuerySet(Company).with_realm(attempt.realm_id).first()
    others = list(Tenant.objects.filter(company=known).exclude(pk=tenant.pk).order_by("name")) if known else []
    return Consent(attempt, known, others)


def confirm(consent: Consent, user: User, *, prefix: str | None = None) -> Company:
    """Gives the tokens to the company and ties the workspace to it. Raises CannotLink, RetryableError.

    prefix: the number prefix of this workspace from now on, needed where others share the company."""
    attempt, tenant = consent.attempt, consent.attempt.tenant
    company = Company.for_realm(attempt.realm_id)
    before = tenant.company
    with _refresh_lock(company.pk), transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        wanted = prefix_of(tenant) if prefix is None else prefix
        if has_prefix_clash(company, tenant, wanted):
            raise CannotLink("prefix_taken")
        if before is not None and before.pk != company.pk and _is_running(tenant):
            raise CannotLink("run_active")
        was_lost = company.state != Connection.CONNECTED
        store_tokens(company.pk, _tokens_of(attempt))
        if was_lost or not company.refreshed_at:
            Company.objects.filter(pk=company.pk).update(state_since=timezone.now())
        keep_facts(company, attempt.facts, read_at=attempt.answered_at or timezone.now())
        link_company(tenant, company)
        if prefix is not None and prefix != prefix_of(tenant):
            log_change(tenant, "options.saved", {"orders.number_prefix": [prefix_of(tenant), prefix]}, user=user)
            save_prefix(tenant, prefix, user=user)
        attempts.end(attempt)
        log_change(
            tenant,
            "company.connected",
            {"company": [before.name if before is not None else None, company.name]},
            user=user,
        )
    if before is not None and before.pk != company.pk:
        revoke_if_unused(before.pk)
    company.refresh_from_db()
    return company


def decline(attempt: ConnectionAttempt) -> None:
    """The person does not want this company. Its new tokens are revoked, unless a workspace lives on the same consent:
    revoking one token ends the whole connection (QBO reference, 2.2)."""
    token, realm_id = attempt.refresh_token, attempt.realm_id
    known = CompanyQuerySet(Company).with_realm(realm_id).first() if realm_id else None
    is_used = known is not None and known.tenants.exists()
    attempts.end(attempt, problem="declined")
    if token and not is_used:
        revoke_token(intuit_app(), token)


def forget_stale(at_once: int = 50) -> None:
    """Attempts nobody finished: tokens that came back are revoked; old rows go after a week."""
    now = timezone.now()
    stale = ConnectionAttempt.objects.filter(ended_at__isnull=True, expires_at__lt=now)
    for attempt in stale.select_related("tenant")[:at_once]:
        try:
            decline(attempt)
        except SyncError:
            # The row has ended and its tokens are forgotten: unused, they die by themselves after 100 days.
            continue
    ConnectionAttempt.objects.filter(ended_at__lt=now - timedelta(days=7)).delete()


def _is_running(tenant: Tenant) -> bool:
    return Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).exists()


def _tokens_of(attempt: ConnectionAttempt) -> Tokens:
    if attempt.access_expires_at is None or attempt.refresh_expires_at is None:
        raise LookupError(f"attempt {attempt.pk} holds no tokens")
    return Tokens(attempt.access_token, attempt.access_expires_at, attempt.refresh_token, attempt.refresh_expires_at)


@contextmanager
def _refresh_lock(company_id: int) -> Iterator[None]:
    """Nobody refreshes the old tokens while the new ones take their place."""
    deadline = time.monotonic() + LOCK_SECONDS
    while (lock := acquire_refresh_lock(company_id)) is None:
        if time.monotonic() > deadline:
            raise RetryableError("quickbooks_busy", "refresh lock held", side="quickbooks", retry_after_seconds=10)
        time.sleep(0.2)
    try:
        yield
    finally:
        release_refresh_lock(company_id, lock)

"""Access tokens of a company: one refresher at a time per realm, and the new refresh token is stored before it is used.

A refresh token rotates; using an old one may end the connection. So a refresh happens under the company's refresh lock,
what came back is written in the same step, and a process that waited for the lock takes what its sibling stored
(QBO reference, 2.2).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from connector.errors import ConnectionLostError, RetryableError
from connector.qbo.oauth import IntuitApp, Tokens, refresh_tokens
from tenants.lease import acquire_refresh_lock, release_refresh_lock
from tenants.models import Company, Connection

FRESH_ENOUGH = timedelta(minutes=3)
WAIT_FOR_SIBLING_SECONDS = 20.0


def access_token(company_id: int, app: IntuitApp) -> str:
    """An access token that lives at least some minutes more; refreshed when needed.

    Raises ConnectionLostError when the connection has expired, RetryableError when Intuit does not answer."""
    company = Company.objects.get(pk=company_id)
    if company.state != Connection.CONNECTED:
        raise ConnectionLostError(f"quickbooks_{company.state}", f"company {company_id}", side="quickbooks")
    if company.access_token and company.access_expires_at and company.access_expires_at > timezone.now() + FRESH_ENOUGH:
        return company.access_token
    return _refresh(company_id, app, stale=company.access_token)


def renew_access_token(company_id: int, app: IntuitApp, stale: str) -> str:
    """A token other than `stale`, which QuickBooks just refused with a 401."""
    return _refresh(company_id, app, stale=stale)


def store_tokens(company_id: int, tokens: Tokens) -> None:
    Company.objects.filter(pk=company_id).update(
        access_token=tokens.access_token,
        access_expires_at=tokens.access_expires_at,
        refresh_token=tokens.refresh_token,
        refresh_expires_at=tokens.refresh_expires_at,
        refreshed_at=timezone.now(),
        state=Connection.CONNECTED,
        state_detail="",
    )


def _refresh(company_id: int, app: IntuitApp, *, stale: str, sleep: Callable[[float], None] = time.sleep) -> str:
    deadline = time.monotonic() + WAIT_FOR_SIBLING_SECONDS
    while (lock := acquire_refresh_lock(company_id)) is None:
        if time.monotonic() > deadline:
            raise RetryableError("quickbooks_busy", "refresh lock held", side="quickbooks", retry_after_seconds=10)
        sleep(0.2)
    try:
        company = Company.objects.get(pk=company_id)
        renewed_meanwhile = (
            company.access_token
            and company.access_token != stale
            and company.access_expires_at is not None
            and company.access_expires_at > timezone.now() + FRESH_ENOUGH
        )
        if renewed_meanwhile:
            return company.access_token
        tokens = _refresh_with_stored_token(company, app)
        store_tokens(company_id, tokens)
        return tokens.access_token
    finally:
        release_refresh_lock(company_id, lock)


def _refresh_with_stored_token(company: Company, app: IntuitApp) -> Tokens:
    """Refreshes; on invalid_grant the stored token is read once more, since another process may have rotated it."""
    used = company.refresh_token
    try:
        return refresh_tokens(app, used)
    except ConnectionLostError as error:
        stored = Company.objects.get(pk=company.pk).refresh_token
        if stored and stored != used:
            return refresh_tokens(app, stored)
        if error.reason == "quickbooks_expired":
            Company.objects.filter(pk=company.pk).exclude(state=Connection.EXPIRED).update(
                state=Connection.EXPIRED, state_since=timezone.now(), state_detail=error.detail[:255]
            )
        raise

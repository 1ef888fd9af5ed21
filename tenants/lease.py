"""Exclusive use of something for a while, by a conditional update on the company's row.

The run lease is held for one slice and renewed between calls; the refresh lock for the seconds of a token call. A dead
holder's lease ends by itself; whoever lost it learns so at the next renewal. Works alike on PostgreSQL and SQLite.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from tenants.models import Company

RUN_LEASE_SECONDS = 45
REFRESH_LOCK_SECONDS = 40


class LeaseLost(Exception):
    """Somebody else holds the lease now; whoever meets this must stop at once and write nothing more."""


def acquire_run_lease(company_id: int) -> str | None:
    """A token when the company is free (or its holder is dead), else None."""
    now = timezone.now()
    token = secrets.token_hex(16)
    taken = (
        Company.objects.filter(pk=company_id)
        .filter(Q(lease_token="") | Q(lease_until__lte=now))
        .update(lease_token=token, lease_until=now + timedelta(seconds=RUN_LEASE_SECONDS))
    )
    return token if taken == 1 else None


def renew_run_lease(company_id: int, token: str) -> None:
    """Raises LeaseLost when the token no longer holds the lease."""
    renewed = Company.objects.filter(pk=company_id, lease_token=token).update(
        lease_until=timezone.now() + timedelta(seconds=RUN_LEASE_SECONDS)
    )
    if renewed != 1:
        raise LeaseLost(f"company {company_id}")


def release_run_lease(company_id: int, token: str) -> None:
    Company.objects.filter(pk=company_id, lease_token=token).update(lease_token="", lease_until=None)


def acquire_refresh_lock(company_id: int) -> str | None:
    now = timezone.now()
    token = secrets.token_hex(16)
    taken = (
        Company.objects.filter(pk=company_id)
        .filter(Q(refresh_lock_token="") | Q(refresh_lock_until__lte=now))
        .update(refresh_lock_token=token, refresh_lock_until=now + timedelta(seconds=REFRESH_LOCK_SECONDS))
    )
    return token if taken == 1 else None


def release_refresh_lock(company_id: int, token: str) -> None:
    Company.objects.filter(pk=company_id, refresh_lock_token=token).update(
        refresh_lock_token="", refresh_lock_until=None
    )

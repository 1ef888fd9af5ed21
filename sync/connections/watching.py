"""Connections over time: kept alive while idle, noticed when lost, and picked up where they stopped once regained."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connector.errors import ConnectionLostError, RetryableError, SyncError
from sync.connections.ending import revoke_if_unused
from sync.models import Run
from sync.wiring import intuit_app
from tenants.models import Company, Connection, Tenant
from tenants.tokens import renew_access_token

logger = logging.getLogger(__name__)

REFRESH_IDLE_AFTER = timedelta(days=7)
CHECK_AGAIN_AFTER = timedelta(minutes=10)
AT_ONCE = 20
LOST_REASONS = (
    "quickbooks_expired", "quickbooks_disconnected", "quickbooks_revoked", "quickbooks_not_connected",
    "quickbooks_no_admin", "quickbooks_subscription", "quickbooks_app_keys", "store_refused_keys", "store_moved",
    "store_no_rest", "store_no_woocommerce", "store_not_connected", "store_address_refused",
)  # fmt: skip
"""Why a run pauses until somebody reconnects."""


def refresh_idle_companies() -> int:
    """A refresh token dies after 100 unused days, so each is used at least weekly; returns how many were refreshed."""
    idle = (
        Company.objects.filter(state=Connection.CONNECTED, tenants__isnull=False)
        .filter(Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=timezone.now() - REFRESH_IDLE_AFTER))
        .exclude(refresh_token="")
        .order_by(F("refreshed_at").asc(nulls_first=True))
        .distinct()
    )
    refreshed = 0
    for company in idle[:AT_ONCE]:
        try:
            renew_access_token(company.pk, intuit_app(), company.access_token)
            refreshed += 1
        except ConnectionLostError as error:
            logger.warning("connection.lost", extra={"company": company.pk, "reason": error.reason})
        except RetryableError as error:
            # Intuit is out of reach or the company is busy: the rest would fare no better this minute.
            logger.warning("connection.not_refreshed", extra={"company": company.pk, "reason": error.reason})
            break
    return refreshed


def check_company(company: Company) -> bool:
    """Whether the consent still stands, found out by using it; a lost one is marked. Raises RetryableError."""
    try:
        renew_access_token(company.pk, intuit_app(), company.access_token)
    except ConnectionLostError:
        return False
    except SyncError as error:
        raise RetryableError(error.reason, error.detail, side="quickbooks") from error
    return True


def revoke_unused_companies() -> None:
    """Consents whose last workspace left while Intuit was out of reach."""
    unused = Company.objects.filter(tenants__isnull=True).exclude(refresh_token="")
    for company_id in unused.values_list("pk", flat=True)[:AT_ONCE]:
        revoke_if_unused(company_id)


def companies_without_names() -> QuerySet[Company]:
    """Linked companies whose name lists nobody is reading just now, though they were never read whole."""
    return Company.objects.filter(
        state=Connection.CONNECTED,
        facts_read_at__isnull=False,
        names_read_at__isnull=True,
        tenants__isnull=False,
    ).distinct()


def owners_to_tell() -> tuple[QuerySet[Tenant], QuerySet[Tenant]]:
    """(workspaces whose store was lost, workspaces whose company was lost) and whose owners do not know yet."""
    stores = (
        Tenant.objects.exclude(store_state=Connection.CONNECTED)
        .exclude(store_url="")
        .filter(Q(store_mail_for__isnull=True) | ~Q(store_mail_for=F("store_state_since")))
    )
    companies = (
        Tenant.objects.filter(company__isnull=False)
        .exclude(company__state=Connection.CONNECTED)
        .filter(Q(company_mail_for__isnull=True) | ~Q(company_mail_for=F("company__state_since")))
    )
    return stores, companies


def to_resume(tenants: Iterable[Tenant]) -> list[Tenant]:
    """Those that stood still because of a connection and have both sides again.

    A workspace that was never turned on stays still: nothing is sent by merely connecting."""
    found = []
    for tenant in tenants:
        if tenant.is_paused or not tenant.is_connected:
            continue
        last = Run.objects.for_tenant(tenant).order_by("-pk").first()
        was_stopped = last is not None and last.state == Run.State.PAUSED and last.error_reason in LOST_REASONS
        if tenant.automatic_sync or was_stopped:
            found.append(tenant)
    return found

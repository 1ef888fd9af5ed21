"""Disconnecting: a workspace is unlinked at once; the last one of a company also ends the consent at Intuit."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from connector.errors import SyncError
from connector.qbo.oauth import revoke_token
from sync.models import Run
from sync.wiring import intuit_app
from tenants.audit import log_change
from tenants.lease import acquire_refresh_lock, release_refresh_lock
from tenants.models import Company, Connection, Tenant, User


def disconnect_company(tenant: Tenant, user: User) -> bool:
    """Unlinks the workspace, stops its run, and revokes when nobody else uses the company.

    True when the consent has ended at Intuit too; when Intuit cannot be reached that is tried again later. Nothing is
    deleted on either side: a later reconnection finds its links again."""
    company = tenant.company
    if company is None:
        return False
    with transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(company=None)
        Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).update(cancel_requested=True)
        log_change(tenant, "company.disconnected", {"company": [company.name, None]}, user=user)
    tenant.company = None
    return revoke_if_unused(company.pk)


def revoke_if_unused(company_id: int) -> bool:
    """Ends the consent of a company that no workspace uses. True when it has ended; False when it is in use, or when
    Intuit did not answer: then the tokens stay, and `watching` tries again."""
    lock = acquire_refresh_lock(company_id)
    if lock is None:
        return False
    try:
        company = Company.objects.get(pk=company_id)
        if company.tenants.exists():
            return False
        if company.refresh_token:
            revoke_token(intuit_app(), company.refresh_token)
        company.access_token = company.refresh_token = ""
        company.state, company.state_since = Connection.REVOKED, timezone.now()
        company.state_detail = "disconnected here"
        company.save(update_fields=["access_token", "refresh_token", "state", "state_since", "state_detail"])
    except SyncError:
        return False
    finally:
        release_refresh_lock(company_id, lock)
    return True

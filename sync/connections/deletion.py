"""The end of a workspace: both connections are given back, then everything of it goes; a shared company is unlinked."""

from __future__ import annotations

import structlog
from django.db import transaction

from sync.archive import delete_rows
from sync.connections.ending import disconnect_company
from sync.connections.store import disconnect_store
from sync.models import MirrorEntry, Run
from tenants.models import Company, Connection, Tenant, User

log = structlog.get_logger(__name__)


class StillRunning(Exception):
    """A run works on this workspace just now; it has been asked to stop."""


def delete_workspace(tenant: Tenant, user: User) -> None:
    """Deletes it for good. Raises StillRunning; nothing of it is deleted then.

    What cannot be given back at once (Intuit does not answer) is tried again later, by the company's row alone."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        Tenant.objects.filter(pk=tenant.pk).update(is_paused=True, automatic_sync=False, next_run_at=None)
        active = Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE)
        is_running = active.update(cancel_requested=True) > 0
    if is_running:
        raise StillRunning(tenant.slug)
    company = tenant.company
    if tenant.store_url:
        disconnect_store(tenant)
    if company is not None:
        disconnect_company(tenant, user)
    with transaction.atomic():
        rows = delete_rows(Tenant.objects.select_for_update().get(pk=tenant.pk))
        if company is not None:
            _forget_if_unused(company.pk)
    log.info("workspace.deleted", slug=tenant.slug, rows=rows)


def _forget_if_unused(company_id: int) -> None:
    """Names and facts of a company that nobody uses go too; its row stays while its consent is still to be ended."""
    company = Company.objects.select_for_update().get(pk=company_id)
    if company.tenants.exists():
        return
    if company.state == Connection.REVOKED and not company.refresh_token:
        company.delete()
        return
    MirrorEntry.objects.filter(company=company).delete()
    Company.objects.filter(pk=company_id).update(
        facts={}, facts_read_at=None, names_read_at=None, names_progress={}, name=""
    )

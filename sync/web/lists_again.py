"""The lists of both systems read afresh, for whoever changed something there a moment ago."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest

from connector.errors import SyncError
from sync import setup
from sync.connections.company import refresh_lists
from sync.web.workspace import Workspace
from tenants.models import Tenant

READ_AGAIN_SECONDS = 20
"""Intuit meters reads: a second click within this time is answered from what the first one read."""


def read_if_wished(request: HttpRequest, workspace: Workspace) -> bool:
    """Whether the address asks for it and the person may. Raises what the adapters raise."""
    is_wished = "refresh" in request.GET and workspace.may_act
    if is_wished:
        read_lists_again(workspace.tenant)
    return is_wished


def read_lists_again(tenant: Tenant) -> None:
    """Raises what the adapters raise."""
    if tenant.store_url:
        setup.store_lists(tenant, fresh=True)
        setup.latest_orders(tenant, setup.options_of(tenant), fresh=True)
    company = tenant.company
    if company is None or not cache.add(f"lists-read-again:{company.pk}", True, READ_AGAIN_SECONDS):
        return
    try:
        refresh_lists(company)
    except SyncError:
        cache.delete(f"lists-read-again:{company.pk}")
        raise

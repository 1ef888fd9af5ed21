"""Who only looks may have a period compared too: it changes nothing, but costs metered reads, so not at will."""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.models import Reconciliation
from sync.reconciliation.periods import Period
from tenants.models import Membership, Role, Tenant

VIEWERS_WAIT = timedelta(minutes=10)
"""Between two comparisons that viewers of a workspace begin, whoever of them it is."""


def viewers_wait_until(tenant: Tenant, period: Period, now: datetime) -> datetime | None:
    """When a viewer may begin a comparison of these days; None for at once, as for joining one that is under way.

    A comparison of other days that is not finished yet is waited for: a viewer adds nothing to what is being read."""
    snapshots = Reconciliation.objects.for_tenant(tenant)
    active = snapshots.filter(state__in=Reconciliation.ACTIVE)
    if active.filter(first=period.first, last=period.last).exists():
        return None
    viewers = Membership.objects.filter(tenant=tenant, role=Role.VIEWER).values("user")
    last = snapshots.filter(requested_by__in=viewers, created_at__gt=now - VIEWERS_WAIT).order_by("-created_at").first()
    if last is not None:
        return last.created_at + VIEWERS_WAIT
    return now + timedelta(minutes=1) if active.exists() else None

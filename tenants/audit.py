"""The one way to leave an audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenants.models import AuditEntry, Tenant, User


def log_change(
    tenant: Tenant, action: str, changes: Mapping[str, Any], *, user: User | None = None, who: str = ""
) -> AuditEntry:
    """`changes`: field -> [from, to], without secrets. `who` names the actor where no person is behind it."""
    return AuditEntry.objects.create(
        tenant=tenant, action=action, changes=dict(changes), user=user, who=who or (str(user) if user else "system")
    )

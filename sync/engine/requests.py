"""Asking for a run: one at a time per tenant, so that a second request joins the one under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction

from sync.models import Run
from tenants.models import Tenant, User


def request_run(
    tenant: Tenant,
    *,
    trigger: str,
    user: User | None = None,
    order_ids: Sequence[int] = (),
    since: date | None = None,
) -> tuple[Run, bool]:
    """(the run, whether it is new). The database allows one active run per tenant, whoever asks at the same time."""
    parameters: dict[str, object] = {}
    if order_ids:
        parameters["order_ids"] = [int(order_id) for order_id in order_ids]
    if since is not None:
        parameters["since"] = since.isoformat()
    for _attempt in range(3):
        active = Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).first()
        if active is not None:
            return active, False
        try:
            with transaction.atomic():
                return (
                    Run.objects.create(tenant=tenant, trigger=trigger, requested_by=user, parameters=parameters),
                    True,
                )
        except IntegrityError:
            continue
    raise RuntimeError("a run was asked for, but one kept starting and ending at the same moment")

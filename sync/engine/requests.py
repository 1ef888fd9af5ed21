"""Asking for a run, and asking a run for something: one run at a time per tenant, one open request per record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import IntegrityError, transaction

from sync.models import Record, Request, Run
from tenants.models import Tenant, User


def request_run(
    tenant: Tenant,
    *,
    trigger: str,
    user: User | None = None,
    order_ids: Sequence[int] = (),
    since: date | None = None,
    asked: bool = False,
    only: str = "",
) -> tuple[Run, bool]:
    """(the run, whether it is new). The database allows one active run per tenant, whoever asks at the same time.

    asked: a new run carries out the open requests about these orders and reads nothing else. only: "stock", "search" or
    "links", what the run is about; nothing else is read or sent."""
    parameters: dict[str, object] = {"asked": True} if asked else {}
    if order_ids:
        parameters["order_ids"] = [int(order_id) for order_id in order_ids]
    if since is not None:
        parameters["since"] = since.isoformat()
    if only:
        parameters["only"] = only
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


def ask(
    records: Sequence[Record], kind: Request.Kind, *, user: User | None = None, undone_run: Run | None = None
) -> list[Request]:
    """One open request for each record; none where one is open already, so that a second click asks nothing twice."""
    made = []
    for record in records:
        try:
            with transaction.atomic():
                made.append(
                    Request.objects.create(
                        tenant_id=record.tenant_id,
                        record=record,
                        kind=kind,
                        undone_run=undone_run,
                        asked_by=user,
                        who=str(user) if user is not None else "",
                    )
                )
        except IntegrityError:
            continue
    return made


def orders_behind(records: Iterable[Record]) -> list[int]:
    """What a run for these records names: their orders; nothing, and so everything, as soon as one is a product."""
    ids: set[int] = set()
    for record in records:
        if record.source == Record.Source.PRODUCT:
            return []
        ids.add(record.parent.woo_id if record.parent is not None else record.woo_id)
    return sorted(ids)

"""Looking again at what a choice may have cured: queued with a line of history, and a run that starts for it."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from sync.engine.requests import orders_behind, request_run
from sync.models import Record, Run
from sync.models.scoping import TenantQuerySet
from sync.tasks import enqueue
from sync.web.workspace import Workspace

AT_ONCE = 500
GRACE_SECONDS = 10
"""So long a choice can be taken back before anything leaves."""


def look_again(workspace: Workspace, records: TenantQuerySet[Record], *, grace: bool = False) -> int:
    """Queues these records, at most AT_ONCE, and starts a run for everything that is queued; returns how many.

    grace: the run starts after GRACE_SECONDS. Without both connections the next run finds them."""
    tenant, who = workspace.tenant, str(workspace.person)
    with transaction.atomic():
        queued = sum(one.queue_again(by=who) for one in records.defer("raw")[:AT_ONCE])
        if tenant.is_connected:
            _start(workspace, grace=grace)
    return queued


def _start(workspace: Workspace, *, grace: bool) -> None:
    tenant = workspace.tenant
    waiting = Record.objects.for_tenant(tenant).filter(state=Record.State.QUEUED).select_related("parent")
    queued = list(waiting.only("source", "woo_id", "parent__woo_id").order_by("-ordered_at")[:AT_ONCE])
    if not queued:
        return
    run, is_new = request_run(tenant, trigger="button", user=workspace.person, order_ids=orders_behind(queued))
    start_at = timezone.now() + timedelta(seconds=GRACE_SECONDS) if grace and is_new else None
    if start_at is not None:
        Run.objects.filter(pk=run.pk).update(not_before=start_at)
    enqueue(run.pk, after=start_at, interactive=True)

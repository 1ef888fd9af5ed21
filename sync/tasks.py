"""Thin Celery tasks: they take ids, wire, call one engine function, and decide what is enqueued next.

The run's row is the truth; a message only says "look at run N". Messages may be lost, late or doubled: the sweep sends
what a dead worker held, and a second delivery finds the lease taken or the run ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from kombu.exceptions import OperationalError

from connector.errors import ConnectionLostError, RetryableError, SyncError
from sync import deliveries, mail, retention, stock
from sync.connections.company import needs_names, read_names
from sync.connections.consent import forget_stale
from sync.connections.hooks import TRY_AGAIN_AFTER, due_hooks, keep_webhooks
from sync.connections.watching import (
    check_company,
    companies_without_names,
    owners_to_tell,
    refresh_idle_companies,
    revoke_unused_companies,
    to_resume,
)
from sync.engine.requests import request_run
from sync.engine.run import Step, advance
from sync.models import Reconciliation, Request, Run, StoreHook
from sync.reconciliation import reading
from sync.reconciliation.periods import Period
from sync.wiring import LeaseTaken, NotSetUp, open_books, slice_for_run
from tenants.budget import Budget
from tenants.lease import LeaseLost
from tenants.models import Company, Connection, Tenant, User

logger = logging.getLogger(__name__)

RESEND_AFTER = timedelta(seconds=90)
DISPATCH_AT_ONCE = 500
FORGET_AT_ONCE = 100
TURN_SECONDS = 5
STOCK_TRIGGER = "stock"
"""A run about the stock alone, for a decision of a person or news of QuickBooks."""
THROTTLED = frozenset({"throttled", "quickbooks_busy"})
"""QuickBooks said 429, about an item or about a whole call: nothing leaves for this company until then."""
COMPARE_SECONDS = 30.0
EVENTS_AT_ONCE = 200
EVENTS_SETTLE_SECONDS = 10
NAMES_STALL_AFTER = timedelta(minutes=3)
NAMES_FIRST_RETRY_SECONDS = 15.0
NAMES_LONGEST_RETRY_SECONDS = 120.0
"""Shorter than the stall: from then on `watch_connections` asks again, and two never read at once."""
CONSENT_SECONDS = 1.0
"""The calls of a consent are not counted: right behind that burst the first list would be answered with 429."""


def start_run(
    tenant: Tenant,
    *,
    trigger: str,
    user: User | None = None,
    order_ids: Sequence[int] = (),
    asked: bool = False,
    only: str = "",
) -> Run:
    """Creates the tenant's run or joins the active one, and enqueues it once the transaction is through."""
    run, _is_new = request_run(tenant, trigger=trigger, user=user, order_ids=order_ids, asked=asked, only=only)
    enqueue(run.pk, interactive=trigger in ("button", "trial", STOCK_TRIGGER, *Run.ASIDE))
    return run


def start_asked(tenant: Tenant, *, trigger: str = "button", user: User | None = None) -> Run | None:
    """A run for what people asked for and nobody has done yet; None where nothing is open."""
    open_ones = Request.objects.for_tenant(tenant).filter(state=Request.State.OPEN).select_related("record__parent")
    records = [request.record for request in open_ones]
    if not records:
        return None
    ids = sorted({one.parent.woo_id if one.parent is not None else one.woo_id for one in records})
    return start_run(tenant, trigger=trigger, user=user, order_ids=ids, asked=True)


def enqueue(run_id: int, *, after: datetime | None = None, interactive: bool = False) -> None:
    """Hands "look at run N" to the broker after commit; a broker that is down is logged, the sweep will send it."""

    def send() -> None:
        Run.objects.filter(pk=run_id).update(sent_at=timezone.now())
        try:
            run_slice.apply_async(args=[run_id], eta=after, queue="interactive" if interactive else "sync", retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("broker.unreachable", extra={"run": run_id, "error": str(error)})

    transaction.on_commit(send)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def run_slice(run_id: int) -> None:
    """Advance a run by one slice. Safe to repeat: a finished run has nothing left to do."""
    step = advance_once(run_id)
    if step.more:
        enqueue(run_id, after=step.not_before)
    else:
        _follow_up(run_id)


def advance_once(run_id: int) -> Step:
    """One slice under the company's lease; a company that is busy gives this run its turn a little later."""
    run = Run.objects.filter(pk=run_id).select_related("tenant__company").first()
    if run is None or not run.is_active:
        return Step(more=False)
    if run.not_before and run.not_before > timezone.now():
        return Step(more=True, not_before=run.not_before)
    if _must_read_names(run.tenant.company):
        return Step(more=True, not_before=timezone.now() + timedelta(seconds=TURN_SECONDS))
    try:
        with slice_for_run(run_id) as work:
            step = advance(work)
            if step.not_before and work.run.waiting_for in THROTTLED:
                Budget(work.company.pk).close_for((step.not_before - timezone.now()).total_seconds())
            return step
    except LeaseTaken:
        return Step(more=True, not_before=timezone.now() + timedelta(seconds=TURN_SECONDS))
    except LeaseLost:
        logger.warning("run.lease_lost", extra={"run": run_id})
        return Step(more=False)
    except (ConnectionLostError, NotSetUp) as error:
        Run.objects.filter(pk=run_id, state__in=Run.ACTIVE).update(
            state=Run.State.PAUSED,
            finished_at=timezone.now(),
            error_reason=getattr(error, "reason", "not_set_up")[:60],
            error_detail=str(error)[:500],
        )
        return Step(more=False)


@shared_task
def dispatch_due_tenants() -> None:
    """Starts a run for every tenant whose hourly slot has come; two dispatchers at once do no harm."""
    now = timezone.now()
    for tenant in Tenant.objects.due(now).select_related("company")[:DISPATCH_AT_ONCE]:  # type: ignore[attr-defined]
        claimed = Tenant.objects.filter(pk=tenant.pk, next_run_at=tenant.next_run_at).update(
            next_run_at=tenant.next_slot(now)
        )
        if claimed and tenant.is_connected:
            start_run(tenant, trigger="schedule")


@shared_task
def sweep() -> None:
    """Sends again what a dead worker held or a broker lost: active runs that are due and were not sent lately."""
    now = timezone.now()
    due = (
        Run.objects.filter(state__in=Run.ACTIVE)
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(Q(sent_at__isnull=True) | Q(sent_at__lt=now - RESEND_AFTER))
        .filter(Q(progressed_at__isnull=True) | Q(progressed_at__lt=now - RESEND_AFTER))
        .order_by(F("sent_at").asc(nulls_first=True))
    )
    for run_id in due.values_list("pk", flat=True)[:DISPATCH_AT_ONCE]:
        enqueue(run_id)
    for tenant_id in deliveries.forgotten_wishes(now).values_list("tenant_id", flat=True)[:DISPATCH_AT_ONCE]:
        _send(pull_forward, tenant_id, queue="sync")
    _sweep_comparisons(now)


@shared_task(acks_late=True)
def forget_old_payloads(after: int = 0) -> None:
    """Some workspaces at a time, in the order of their keys: what their settings no longer keep is removed."""
    now = timezone.now()
    tenants = list(Tenant.objects.filter(pk__gt=after).order_by("pk")[:FORGET_AT_ONCE])
    for tenant in tenants:
        removed = retention.forget_old(tenant, now)
        if removed:
            logger.info("payloads.removed", extra={"tenant": tenant.pk, "records": removed})
    if tenants:
        _send(forget_old_payloads, tenants[-1].pk, queue="backfill")


# Webhooks


def pull_forward_soon(tenant_id: int) -> None:
    """After commit, once the shop's deliveries have settled; a message that is lost is sent again by the sweep."""
    _send(pull_forward, tenant_id, queue="sync", after=timezone.now() + deliveries.SETTLE)


@shared_task
def pull_forward(tenant_id: int) -> None:
    """Starts the run that a shop's deliveries ask for. Safe to repeat; a run under way asks again when it ends."""
    hook = StoreHook.objects.for_tenant(tenant_id).select_related("tenant__company").first()
    now = timezone.now()
    due = deliveries.run_due(hook, now) if hook is not None else None
    if hook is None or due is None:
        return
    if due > now:
        _send(pull_forward, tenant_id, queue="sync", after=due)
    else:
        start_run(hook.tenant, trigger="webhook")


def _follow_up(run_id: int) -> None:
    """What a shop told while the run was reading is read by the next one; what people asked of it too late is done."""
    run = Run.objects.select_related("tenant__company").filter(pk=run_id).first()
    if run is None:
        return
    if run.state != Run.State.PAUSED and run.tenant.is_connected:
        start_asked(run.tenant, trigger=run.trigger)
    waiting = StoreHook.objects.filter(tenant__runs=run_id, wanted_since__isnull=False)
    for tenant_id in waiting.values_list("tenant_id", flat=True):
        pull_forward(tenant_id)
    if run.state == Run.State.FINISHED and stock.waits_for_a_run(run.tenant):
        start_stock_run(run.tenant)
    else:
        pull_stock(run.tenant_id)


def start_stock_run(tenant: Tenant, *, user: User | None = None) -> Run:
    """A run that looks at the stock alone, or the one under way, which comes to the stock at its end."""
    return start_run(tenant, trigger=STOCK_TRIGGER, user=user, only=Run.Phase.STOCK)


@shared_task
def pull_stock(tenant_id: int) -> None:
    """Starts the pass that QuickBooks' events ask for. Safe to repeat; a run under way asks again when it ends."""
    tenant = Tenant.objects.select_related("company").filter(pk=tenant_id).first()
    now = timezone.now()
    due = stock.pull_due(tenant, now) if tenant is not None else None
    if tenant is None or due is None:
        return
    if due > now:
        _send(pull_stock, tenant_id, queue="sync", after=due)
    else:
        start_stock_run(tenant)


def request_webhooks(tenant: Tenant, *, anew: bool = False) -> None:
    """Has the shop's webhooks set up, or written anew, in the background; the row is claimed from the watch."""
    StoreHook.objects.for_tenant(tenant).update(next_check_at=timezone.now() + TRY_AGAIN_AFTER)
    _send(keep_store_webhooks, tenant.pk, anew, queue="interactive")


@shared_task(acks_late=True)
def keep_store_webhooks(tenant_id: int, anew: bool = False) -> None:
    """Registers or repairs the webhooks of one shop. Safe to repeat."""
    tenant = Tenant.objects.filter(pk=tenant_id, store_state=Connection.CONNECTED).exclude(store_url="").first()
    if tenant is not None:
        keep_webhooks(tenant, anew=anew)


def _send_due_hooks() -> None:
    """Each row is claimed before its message leaves, so that two watchers at once ask a shop once."""
    now = timezone.now()
    for hook in due_hooks(now)[:DISPATCH_AT_ONCE]:
        if StoreHook.objects.filter(pk=hook.pk, next_check_at=hook.next_check_at).update(
            next_check_at=now + TRY_AGAIN_AFTER
        ):
            _send(keep_store_webhooks, hook.tenant_id, queue="backfill")


def hand_over_events(company_id: int, told: Sequence[deliveries.Told]) -> None:
    """To the worker, some moments later: what we wrote ourselves is then stored. Raises when the broker is down."""
    for start in range(0, len(told), EVENTS_AT_ONCE):
        events = [deliveries.told_to_json(one) for one in told[start : start + EVENTS_AT_ONCE]]
        take_in_events.apply_async(
            args=[company_id, events], countdown=EVENTS_SETTLE_SECONDS, queue="interactive", retry=False
        )


@shared_task(acks_late=True, reject_on_worker_lost=True)
def take_in_events(company_id: int, events: Sequence[Sequence[str]]) -> None:
    """What Intuit told of a company. Safe to repeat, in any order."""
    company = Company.objects.filter(pk=company_id).first()
    if company is None:
        return
    told = [deliveries.told_from_json(one) for one in events]
    deliveries.note_events(company, told)
    for tenant_id in Tenant.objects.filter(company=company).values_list("pk", flat=True):
        pull_stock(tenant_id)
    if deliveries.ends_consent(told) and company.state == Connection.CONNECTED:
        try:
            check_company(company)
        except RetryableError as error:
            logger.warning("connection.not_checked", extra={"company": company_id, "reason": error.reason})


# Reconciliation


def start_comparison(tenant: Tenant, period: Period, *, user: User | None = None) -> Reconciliation:
    """Has the period read from QuickBooks in the background, or joins who reads it already."""
    snapshot = reading.request(tenant, period, user=user)
    _send_comparison(snapshot.pk)
    return snapshot


def _send_comparison(snapshot_id: int, *, after: datetime | None = None) -> None:
    Reconciliation.objects.filter(pk=snapshot_id).update(sent_at=timezone.now())
    _send(compare_books, snapshot_id, queue="interactive", after=after)


@shared_task(acks_late=True, reject_on_worker_lost=True)
def compare_books(snapshot_id: int) -> None:
    """Reads a snapshot for some seconds and hands on the rest. Safe to repeat: what was read is not read again."""
    snapshot = Reconciliation.objects.select_related("tenant__company", "company").filter(pk=snapshot_id).first()
    if snapshot is None or not snapshot.is_active:
        return
    if snapshot.not_before and snapshot.not_before > timezone.now():
        _send_comparison(snapshot_id, after=snapshot.not_before)
        return
    try:
        deadline = timezone.now() + timedelta(seconds=COMPARE_SECONDS)
        step = reading.advance(snapshot, open_books(snapshot.company), deadline=deadline)
    except reading.ClaimLost:
        logger.info("reconciliation.claimed_elsewhere", extra={"reconciliation": snapshot_id})
        return
    if step.more:
        _send_comparison(snapshot_id, after=step.not_before)


def _sweep_comparisons(now: datetime) -> None:
    """Those whose message a broker lost or whose worker died."""
    waiting = (
        Reconciliation.objects.filter(state__in=Reconciliation.ACTIVE)
        .filter(Q(sent_at__isnull=True) | Q(sent_at__lt=now - RESEND_AFTER))
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
    )
    for snapshot_id in waiting.order_by("created_at").values_list("pk", flat=True)[:DISPATCH_AT_ONCE]:
        _send_comparison(snapshot_id)


# Connections


def resume(tenants: Iterable[Tenant], *, user: User | None = None) -> list[Run]:
    """Starts the runs that a lost connection stopped; everything they had read still waits in its rows."""
    return [start_run(tenant, trigger="reconnect", user=user) for tenant in to_resume(tenants)]


def take_up(company: Company, *, user: User | None = None) -> None:
    """After a company was connected: its lists are read where needed, then whoever stood still goes on."""
    if needs_names(company):
        request_names(company)
    else:
        resume(Tenant.objects.filter(company=company).select_related("company"), user=user)


def request_names(company: Company) -> None:
    """Has the company's name lists read in the background; pages show how far that is."""
    Company.objects.filter(pk=company.pk).update(
        names_read_at=None, names_progress={"at": timezone.now().isoformat(), "list": 0, "lists": 0, "rows": 0}
    )
    Budget(company.pk).close_for(CONSENT_SECONDS)
    _send(read_company_names, company.pk, queue="interactive")


@shared_task(acks_late=True, reject_on_worker_lost=True)
def read_company_names(company_id: int) -> None:
    """Reads all name lists of a company. Safe to repeat; what stops it is shown and tried again a little later.

    When QuickBooks is busy: as soon as it says, else after 15 seconds, doubling; after that it is left to the watch.
    """
    company = Company.objects.filter(pk=company_id, names_read_at__isnull=True).first()
    if company is None:
        return

    def report(state: Mapping[str, object]) -> None:
        Company.objects.filter(pk=company_id).update(names_progress={**state, "at": timezone.now().isoformat()})

    try:
        read_names(company, report=report)
    except SyncError as error:
        logger.warning("names.not_read", extra={"company": company_id, "reason": error.reason})
        tries = int(company.names_progress.get("tries") or 0) + 1
        report({"problem": error.reason, "tries": tries})
        if isinstance(error, RetryableError):
            doubling = NAMES_FIRST_RETRY_SECONDS * 2 ** (tries - 1)
            wait = doubling if error.retry_after_seconds is None else error.retry_after_seconds
            if wait <= NAMES_LONGEST_RETRY_SECONDS:
                after = timezone.now() + timedelta(seconds=wait)
                _send(read_company_names, company_id, queue="interactive", after=after)
        return
    resume(Tenant.objects.filter(company=company_id).select_related("company"))


@shared_task
def watch_connections() -> None:
    """Keeps idle connections alive, tells owners of lost ones once, and finishes what was left half done."""
    forget_stale()
    revoke_unused_companies()
    refresh_idle_companies()
    for company in companies_without_names()[:DISPATCH_AT_ONCE]:
        if _has_stalled(company.names_progress):
            request_names(company)
    _send_due_hooks()
    stores, companies = owners_to_tell()
    for side, tenants in (("store", stores), ("quickbooks", companies)):
        for tenant_id in tenants.values_list("pk", flat=True)[:DISPATCH_AT_ONCE]:
            _send(mail_lost_connection, tenant_id, side, queue="mail")


@shared_task(acks_late=True)
def mail_lost_connection(tenant_id: int, side: str) -> None:
    """One mail for one outage to the owners of a workspace, whoever else is sending it at the same time."""
    tenant = Tenant.objects.select_related("company").filter(pk=tenant_id).first()
    if tenant is not None:
        mail.send_disconnected(tenant, side)


def _must_read_names(company: Company | None) -> bool:
    """Whether a run has to wait for the company's lists: with half of them it would create names that exist already.

    Lists that nobody is reading any more are read here and now."""
    if company is None or not company.names_progress or company.names_read_at is not None:
        return False
    if _has_stalled(company.names_progress):
        read_company_names(company.pk)
    return Company.objects.filter(pk=company.pk, names_read_at__isnull=True).exclude(names_progress={}).exists()


def _has_stalled(progress: Mapping[str, Any]) -> bool:
    at = parse_datetime(str(progress.get("at") or ""))
    return at is None or at < timezone.now() - NAMES_STALL_AFTER


def _send(task: Task, *arguments: int | str, queue: str, after: datetime | None = None) -> None:
    """After commit; a broker that is down is logged: `sweep` and `watch_connections` ask again."""

    def send() -> None:
        try:
            task.apply_async(args=arguments, queue=queue, eta=after, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("broker.unreachable", extra={"task": task.name, "error": str(error)})

    transaction.on_commit(send)

"""The story of a run, top to bottom: read the store, then plan, send and compare until nothing is left to do.

    pull ─▶ [ answer what was lost ─▶ compare ─▶ do what was asked ─▶ plan orders and refunds ─▶ send ]*
         ─▶ products ─▶ stock

Everything between two arrows is rows, so that a run that dies anywhere goes on where it was: an open batch is sent
again identically, a record in *sending* is compared, a queued one is planned. `advance` works for one slice and says
whether there is more to do; it never enqueues anything itself.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F
from django.utils import timezone

from connector.errors import ConnectionLostError, FaultError, RetryableError
from sync.engine import asked, keyed, products, stock
from sync.engine.context import Slice, SliceOver
from sync.engine.gateways import note_gateways
from sync.engine.plan import SLICE_ORDERS, plan_queued, queued
from sync.engine.post import send_everything
from sync.engine.pull import pull
from sync.engine.recheck import recheck
from sync.engine.refunds import plan_refunds
from sync.engine.settle import settle_sending
from sync.models import Batch, Posting, Record, Run
from tenants.models import Company, Connection, Tenant

logger = logging.getLogger(__name__)

LATE_PHASES = (Run.Phase.PRODUCTS, Run.Phase.STOCK)

FIRST_RETRY_SECONDS = 15.0
LONGEST_RETRY_SECONDS = 900.0
RETRIES = 12
"""Doubling from 15 s up to 15 min: about two hours of patience before a run gives up until its next slot."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a slice leaves behind: is there more to do, and from when on."""

    more: bool
    not_before: datetime | None = None


def advance(work: Slice) -> Step:
    """One slice of a run. Safe to repeat: a finished run has nothing left to do."""
    run = work.run
    if not run.is_active:
        return Step(more=False)
    if run.state == Run.State.QUEUED:
        run.state, run.started_at = Run.State.RUNNING, run.started_at or timezone.now()
        run.save(update_fields=["state", "started_at"])
    calls = (work.store.calls, work.books.calls, work.books.reads)
    try:
        _go_on(work)
        step = Step(more=False)
        if run.cancel_requested and run.parameters.get("asked"):
            asked.give_up(work)
        _finish(work, Run.State.CANCELLED if run.cancel_requested else Run.State.FINISHED)
    except SliceOver:
        step = Step(more=True)
    except RetryableError as error:
        step = _wait(work, error)
    except ConnectionLostError as error:
        step = _pause(work, error)
    except FaultError as error:
        _finish(work, Run.State.FAILED, reason=error.reason, detail=error.detail)
        step = Step(more=False)
    finally:
        # Added in the database: a worker that lost its lease still counts its own calls, and nothing else.
        Run.objects.filter(pk=run.pk).update(
            woo_calls=F("woo_calls") + work.store.calls - calls[0],
            qbo_calls=F("qbo_calls") + work.books.calls - calls[1],
            qbo_reads=F("qbo_reads") + work.books.reads - calls[2],
            progressed_at=timezone.now(),
        )
    return step


def _go_on(work: Slice) -> None:
    run = work.run
    only = run.parameters.get("only")
    if only in (keyed.SEARCH, keyed.LINKS):
        _enter(work, Run.Phase.SEARCH)
        keyed.carry_out(work) if only == keyed.LINKS else keyed.search(work)
        return
    if only != Run.Phase.STOCK:
        if run.phase not in LATE_PHASES or _orders_are_due(run) or asked.is_any_open(work):
            _sync_orders(work)
        if run.phase != Run.Phase.STOCK and not run.cancel_requested and _is_whole(run):
            _sync_products(work)
    if not run.cancel_requested and _is_whole(run) and stock.is_wanted(work):
        if run.phase != Run.Phase.STOCK:
            # How far the stock is, not what was read before; the end counts all records again.
            run.done = run.total = 0
            run.save(update_fields=["done", "total"])
        _enter(work, Run.Phase.STOCK)
        stock.update_stock(work)


def _is_whole(run: Run) -> bool:
    """A run for named orders deals with those alone."""
    return not run.parameters.get("order_ids")


def _orders_are_due(run: Run) -> bool:
    """Orders go first: while thousands of products are read, new orders wait a minute at most."""
    read_at = run.reading.get("orders_read_at")
    is_due = read_at is not None and timezone.now() - datetime.fromisoformat(read_at) >= products.ORDERS_FIRST_EVERY
    if run.phase != Run.Phase.PRODUCTS or not is_due or run.parameters:
        return False
    run.phase, run.reading = Run.Phase.READ, {}
    run.save(update_fields=["phase", "reading"])
    return True


def _sync_products(work: Slice) -> None:
    if not products.is_wanted(work):
        products.leave(work)
        return
    if work.run.phase != Run.Phase.PRODUCTS:
        work.run.reading = {"orders_read_at": timezone.now().isoformat()}
        work.run.save(update_fields=["reading"])
    _enter(work, Run.Phase.PRODUCTS)
    products.walk(work)
    _forgive(work)


def _sync_orders(work: Slice) -> None:
    run = work.run
    is_on = work.options.document["orders"]["enabled"]
    if run.phase == Run.Phase.READ and is_on:
        pull(work)
        recheck(work)
        note_gateways(work)
        Tenant.objects.filter(pk=work.tenant.pk).update(store_seen_at=timezone.now())
        _forgive(work)
    while True:
        _enter(work, Run.Phase.POST)
        send_everything(work)
        _enter(work, Run.Phase.VERIFY)
        settle_sending(work)
        if _has_postings(work):
            continue
        _count(work)
        if _is_cancelled(work):
            break
        work.beat()
        _enter(work, Run.Phase.PLAN)
        if asked.carry_out(work):
            continue
        if not is_on:
            break
        keyed.carry_out(work)
        taken = plan_queued(work) + plan_refunds(work)
        if not taken and not _has_postings(work) and not _is_sending(work):
            break
        _forgive(work)


def _enter(work: Slice, phase: str) -> None:
    if work.run.phase != phase:
        work.run.phase = phase
        work.run.phase_at = work.run.progressed_at = timezone.now()
        work.run.save(update_fields=["phase", "phase_at", "progressed_at"])


def _has_postings(work: Slice) -> bool:
    return (
        Posting.objects.for_tenant(work.tenant).filter(company=work.company, state=Posting.State.PLANNED).exists()
        or Batch.objects.for_tenant(work.tenant).filter(company=work.company, state=Batch.State.OPEN).exists()
    )


def _is_sending(work: Slice) -> bool:
    return (
        Record.objects.for_tenant(work.tenant)
        .filter(state=Record.State.SENDING)
        .exclude(postings__state=Posting.State.PLANNED)
        .exists()
    )


def _is_cancelled(work: Slice) -> bool:
    work.run.cancel_requested = Run.objects.values_list("cancel_requested", flat=True).get(pk=work.run.pk)
    return work.run.cancel_requested


def _forgive(work: Slice) -> None:
    """Something worked: earlier failures of this run no longer count."""
    if work.run.failed_attempts or work.run.waiting_for:
        work.run.failed_attempts, work.run.waiting_for, work.run.not_before = 0, "", None
        work.run.save(update_fields=["failed_attempts", "waiting_for", "not_before"])


def _count(work: Slice) -> None:
    """Progress: records of this run that have reached an end, of all that it read."""
    rows = Record.objects.for_tenant(work.tenant).filter(run=work.run)
    states = Counter({row["state"]: row["n"] for row in rows.values("state").annotate(n=Count("pk")).order_by()})
    work.run.total = sum(states.values())
    work.run.done = sum(states[state] for state in Record.ENDED)
    work.run.tally = dict(states)
    work.run.progressed_at = timezone.now()
    work.run.save(update_fields=["total", "done", "tally", "progressed_at"])


def _wait(work: Slice, error: RetryableError) -> Step:
    """The same again later: as the answer advised, else doubling; after too many tries the run fails."""
    run = work.run
    run.failed_attempts += 1
    if run.failed_attempts > RETRIES:
        _finish(work, Run.State.FAILED, reason=error.reason, detail=error.detail)
        return Step(more=False)
    doubling = min(FIRST_RETRY_SECONDS * 2 ** (run.failed_attempts - 1), LONGEST_RETRY_SECONDS)
    seconds = error.retry_after_seconds if error.retry_after_seconds is not None else doubling
    run.not_before = timezone.now() + timedelta(seconds=seconds)
    run.waiting_for = error.reason[:60]
    run.error_detail = error.detail[:500]
    run.save(update_fields=["failed_attempts", "not_before", "waiting_for", "error_detail"])
    logger.warning(
        "run.waits",
        extra={"run": run.pk, "tenant": work.tenant.pk, "reason": error.reason, "detail": error.detail, "s": seconds},
    )
    return Step(more=True, not_before=run.not_before)


def _pause(work: Slice, error: ConnectionLostError) -> Step:
    """The side that refused us is marked; the run ends paused, its records stay queued for the next one.

    Wrong keys of our own app say nothing about the company: no owner is told to reconnect for them."""
    now = timezone.now()
    revoked = error.reason in ("quickbooks_disconnected", "quickbooks_revoked")
    state = Connection.REVOKED if revoked else Connection.EXPIRED
    if error.reason == "quickbooks_app_keys":
        logger.error("intuit.app_keys_refused", extra={"run": work.run.pk})
    elif error.side == "quickbooks":
        Company.objects.filter(pk=work.company.pk, state=Connection.CONNECTED).update(
            state=state, state_since=now, state_detail=error.detail[:255]
        )
    else:
        Tenant.objects.filter(pk=work.tenant.pk, store_state=Connection.CONNECTED).update(
            store_state=state, store_state_since=now, store_state_detail=f"{error.reason}: {error.detail}"[:255]
        )
    _finish(work, Run.State.PAUSED, reason=error.reason, detail=error.detail)
    return Step(more=False)


def _finish(work: Slice, state: str, *, reason: str = "", detail: str = "") -> None:
    run = work.run
    _count(work)
    notices: Counter[str] = Counter()
    for rows in Record.objects.for_tenant(work.tenant).filter(run=run).values_list("notices", flat=True):
        notices.update(notice["reason"] for notice in rows)
    run.notices = {**run.notices, **notices}
    run.state, run.finished_at = state, timezone.now()
    run.error_reason, run.error_detail = reason[:60], detail[:500]
    run.not_before, run.waiting_for = None, ""
    run.save(
        update_fields=[
            "state", "finished_at", "error_reason", "error_detail", "not_before", "waiting_for", "notices",
        ]
    )  # fmt: skip
    logger.info(
        "run.ended",
        extra={"run": run.pk, "tenant": work.tenant.pk, "state": state, "tally": run.tally, "reason": reason},
    )


__all__ = ["SLICE_ORDERS", "Step", "advance", "queued"]

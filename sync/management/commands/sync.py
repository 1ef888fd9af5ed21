"""Runs a tenant's sync in the foreground, through the same engine as the hourly job."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from connector.accounting.documents import ExpenseDocument, Planned, Skipped, Waiting
from connector.errors import SyncError
from sync.connections import explain
from sync.engine.context import Slice
from sync.engine.rehearse import Rehearsal, read_orders, rehearse
from sync.engine.requests import request_run
from sync.models import Run
from sync.summaries import run_summary
from sync.tasks import advance_once
from sync.wiring import SystemClock, current_options, meta_keys_of, open_books, open_store, policy_source
from tenants.models import Tenant

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Sync one tenant until nothing is left to do. Exit code 0 when the run finished, 1 when it could not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--order", type=int, nargs="+", default=[], help="only these WooCommerce order ids")
        parser.add_argument(
            "--since", type=date.fromisoformat, help="re-read orders created from this day (2026-01-31)"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be sent; send nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.select_related("company").filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['slug']}”.")
        if tenant.company is None or not tenant.store_url:
            raise CommandError(
                f"{tenant.slug} is not connected on both sides; apply a tenant document with connections."
            )
        if options["dry_run"]:
            self._rehearse(tenant, options)
            return
        started = time.monotonic()
        run = self._run(tenant, options)
        summary = run_summary(run, seconds=time.monotonic() - started)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
        else:
            self._tell(summary, run)
        if run.state != Run.State.FINISHED:
            why = SyncErrorText(run)
            raise CommandError(f"The run ended {run.state}. {why}")

    def _run(self, tenant: Tenant, options: dict[str, Any]) -> Run:
        """Follows a run that is under way, then runs what was asked for."""
        while True:
            run, is_new = request_run(tenant, trigger="command", order_ids=options["order"], since=options["since"])
            if not is_new:
                self._note("A sync is already running; following it first.")
            self._follow(run.pk)
            run = Run.objects.get(pk=run.pk)
            if is_new:
                return run

    def _follow(self, run_id: int) -> None:
        """Advances the run, or watches another process advance it, until it has ended."""
        shown = 0.0
        while Run.objects.get(pk=run_id).is_active:
            step = advance_once(run_id)
            if time.monotonic() - shown > POLL_SECONDS:
                self._progress(Run.objects.get(pk=run_id))
                shown = time.monotonic()
            if step.more and step.not_before:
                wait = (step.not_before - timezone.now()).total_seconds()
                time.sleep(min(max(wait, 0.0), POLL_SECONDS))
        self._progress(Run.objects.get(pk=run_id))
        if sys.stderr.isatty():
            self.stderr.write("")

    def _progress(self, run: Run) -> None:
        if not sys.stderr.isatty():
            return
        width = 30
        share = run.done / run.total if run.total else 0.0
        bar = "█" * round(share * width)
        waiting = f" waiting: {run.waiting_for}" if run.waiting_for else ""
        sys.stderr.write(f"\r\x1b[K{run.phase:<8} {bar:<{width}} {run.done}/{run.total}{waiting}")
        sys.stderr.flush()

    def _note(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def _tell(self, summary: dict[str, Any], run: Run) -> None:
        states = ", ".join(f"{summary[state]} {state}" for state in ("synced", "skipped", "waiting", "attention"))
        self.stdout.write(f"Run {summary['run']} {summary['state']}: {summary['seen']} seen, {states}.")
        for reason, count in sorted(summary["reasons"].items()):
            self.stdout.write(f"  {count:>5}  {reason}")
        for kind, count in sorted(summary["documents"].items()):
            self.stdout.write(f"  {count:>5}  {kind} sent")
        for notice, count in sorted(summary["notices"].items()):
            self.stdout.write(f"  {count:>5}  notice {notice}")
        self.stdout.write(
            f"{summary['woo_calls']} store calls, {summary['qbo_calls']} QuickBooks calls"
            f" ({summary['qbo_reads']} metered reads), {summary['seconds']} s."
        )

    def _rehearse(self, tenant: Tenant, options: dict[str, Any]) -> None:
        """The exact documents that would be sent; nothing is written on either side, nor in our rows."""
        started = time.monotonic()
        company = tenant.company
        assert company is not None
        try:
            version = current_options(tenant)
            with open_store(tenant, meta_keys=meta_keys_of(version.document)) as store:
                work = Slice(
                    tenant=tenant,
                    company=company,
                    run=Run(tenant=tenant),
                    store=store,
                    books=open_books(company),
                    options=version,
                    policy_for=policy_source(tenant, company),
                    clock=SystemClock(),
                    heartbeat=lambda: None,
                    sleep=time.sleep,
                    deadline=datetime.now(UTC) + timedelta(hours=1),
                    checkpoint=lambda _name: None,
                )
                rehearsals = rehearse(work, read_orders(work, options["order"]))
                calls = store.calls
        except SyncError as error:
            raise CommandError(explain(error)) from error
        except LookupError as error:
            raise CommandError(str(error)) from error
        self._show(rehearsals, calls=calls, seconds=time.monotonic() - started, as_json=options["json"])

    def _show(self, rehearsals: list[Rehearsal], *, calls: int, seconds: float, as_json: bool) -> None:
        states, reasons, documents, notices = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for rehearsal in rehearsals:
            outcome = rehearsal.outcome
            if isinstance(outcome, Planned):
                states["synced"] += 1
                documents.update(str(document.kind) for document in outcome.documents)
                if isinstance(rehearsal.fee, ExpenseDocument):
                    documents[str(rehearsal.fee.kind)] += 1
                elif rehearsal.fee is not None:
                    notices[rehearsal.fee.reason] += 1
            else:
                state = {Skipped: "skipped", Waiting: "waiting"}.get(type(outcome), "attention")
                states[state] += 1
                reasons[outcome.reason] += 1
        summary = {
            "run": None,
            "state": "dry_run",
            "seen": len(rehearsals),
            **{state: states[state] for state in ("synced", "skipped", "waiting", "attention")},
            "reasons": dict(reasons),
            "notices": dict(notices),
            "documents": dict(documents),
            "woo_calls": calls,
            "qbo_calls": 0,
            "qbo_reads": 0,
            "seconds": round(seconds, 2),
        }
        if as_json:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
            return
        for rehearsal in rehearsals:
            self.stdout.write(_line(rehearsal))
        self.stdout.write(f"Dry run: {summary['synced']} of {summary['seen']} orders would be sent. Nothing was sent.")


class SyncErrorText:
    """Why a run did not finish, as a sentence."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __str__(self) -> str:
        error = SyncError(self._run.error_reason or "stopped", self._run.error_detail)
        return explain(error)


def _fee(rehearsal: Rehearsal) -> str:
    """What follows the sale: the expense of its gateway's fee, or why there will be none."""
    fee = rehearsal.fee
    if isinstance(fee, ExpenseDocument):
        return f"  fee {fee.total} {fee.currency}: {fee.kind} from {fee.account.name} on {fee.expense_account.name}"
    return f"  fee not sent: {fee.reason}" if fee is not None else ""


def _line(rehearsal: Rehearsal) -> str:
    outcome = rehearsal.outcome
    if isinstance(outcome, Planned):
        sale = outcome.sale
        return (
            f"{rehearsal.order.number:>10}  {sale.kind} {sale.number}  {sale.document_date}"
            f"  {sale.total} {sale.currency}  tax {outcome.proof.document_tax}  ({outcome.proof.means})"
            f"{_fee(rehearsal)}"
        )
    details = ", ".join(f"{name} {value}" for name, value in outcome.details.items())
    return f"{rehearsal.order.number:>10}  {type(outcome).__name__.lower()}: {outcome.reason}  {details}"

"""Compares a period of the store with what stands in QuickBooks now; 2 as exit code when something is unexplained."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from connector.errors import SyncError
from sync.connections import explain
from sync.models import Reconciliation
from sync.reconciliation import export, files, reading
from sync.reconciliation.periods import LONGEST, NAMED, Period, named
from sync.wiring import open_books
from tenants.models import Tenant

DIFFERS = 2


class Command(BaseCommand):
    help = "Compare the store's sales of some days with the documents in QuickBooks, to the cent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, 2026-01-01")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, 2026-01-31")
        names = ", ".join(name.replace("_", "-") for name in NAMED)
        parser.add_argument("--period", help=f"instead of two days: {names}, 2026, 2026-Q1 or 2026-03")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write every document and the sums to a CSV file")
        parser.add_argument("--xlsx", type=Path, metavar="FILE", help="write sums, documents and gaps to a workbook")
        parser.add_argument(
            "--decimal", choices=["point", "comma"], default="point", help="decimal sign of the CSV; comma: fields by ;"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.select_related("company").filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['slug']}”.")
        if tenant.company is None:
            raise CommandError(f"{tenant.slug} is not connected to QuickBooks; apply a tenant document first.")
        snapshot = self._read(tenant, _period(tenant, options))
        self._tell(snapshot, tenant, as_json=options["json"])
        self._write(snapshot, tenant, options)
        if not export.is_clean(snapshot, tenant):
            raise CommandError("Store and QuickBooks differ; see the gaps above.", returncode=DIFFERS)

    def _read(self, tenant: Tenant, period: Period) -> Reconciliation:
        try:
            snapshot = reading.request(tenant, period)
            reading.read_to_end(snapshot, open_books, time.sleep)
        except SyncError as error:
            raise CommandError(f"QuickBooks could not be read. {explain(error)}") from error
        if snapshot.state != Reconciliation.State.READY:
            raise CommandError(f"QuickBooks could not be read ({snapshot.error_reason}): {snapshot.error_detail}")
        return snapshot

    def _write(self, snapshot: Reconciliation, tenant: Tenant, options: dict[str, Any]) -> None:
        """In the workspace's language and zone: its accountant reads them."""
        try:
            with translation.override(tenant.language), timezone.override(tenant.zone):
                if options["csv"] is not None:
                    with options["csv"].open("wb") as to:
                        files.write_csv(snapshot, tenant, to, decimal=options["decimal"])
                if options["xlsx"] is not None:
                    with options["xlsx"].open("wb") as to:
                        files.write_xlsx(snapshot, tenant, to)
        except OSError as error:
            raise CommandError(f"The file could not be written: {error}") from error

    def _tell(self, snapshot: Reconciliation, tenant: Tenant, *, as_json: bool) -> None:
        told = export.as_json(snapshot, tenant)
        if as_json:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for row in told["currencies"]:
            self.stdout.write(
                f"{row['currency']}: store {row['store_total']}, QuickBooks {row['books_total']},"
                f" open {row['open_total']}, unexplained {row['unexplained']}"
                f" ({row['orders']} orders, {row['documents']} documents)"
            )
            self.stdout.write(
                f"  tax: store {row['store_tax']}, QuickBooks {row['books_tax']};"
                f" payments: store {row['store_payments']}, QuickBooks {row['books_payments']}"
            )
        for account in told["accounts"]:
            self.stdout.write(
                f"  {account['name'] or account['id']}: store {account['store']}, posted {account['posted']},"
                f" QuickBooks {account['quickbooks']} {account['currency']}"
            )
        for gap in told["gaps"]:
            name = f"{gap['document']} {gap['doc_number'] or gap['qbo_id']}"
            self.stdout.write(
                f"  {gap['kind']}: {name}, order {gap['number'] or 'none'},"
                f" store {gap['store_total'] or 'none'}, QuickBooks {gap['books_total'] or 'none'} {gap['currency']}"
            )
        days = told["days"]
        self.stdout.write(
            f"{days['agree']} of {days['all']} days agree to the cent, {days['explained']} more are explained;"
            f" {told['strangers']} documents of others; {told['qbo_reads']} metered reads."
        )


def _period(tenant: Tenant, options: dict[str, Any]) -> Period:
    first, last = options["first"], options["last"]
    if (options["period"] is None) == (first is None and last is None):
        raise CommandError("Say which days: --from and --to, or --period.")
    if options["period"] is not None:
        try:
            return named(options["period"], timezone.localdate(timezone=tenant.zone))
        except ValueError as error:
            raise CommandError(str(error)) from error
    if first is None or last is None:
        raise CommandError("--from and --to go together.")
    if last < first:
        raise CommandError("--to lies before --from; swap them.")
    if (last - first).days >= LONGEST * 5:
        raise CommandError("That is more than fifteen years; compare year by year.")
    return Period(first, last)

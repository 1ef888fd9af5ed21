"""Compares a period of the store with what stands in QuickBooks now."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connector.errors import SyncError
from sync.connections import explain
from sync.reconciliation import reconcile
from sync.wiring import open_books
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Compare the store's sales of some days with the documents in QuickBooks, to the cent."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, required=True, help="first day, 2026-01-01"
        )
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="last day, 2026-01-31")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.select_related("company").filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['slug']}”.")
        if tenant.company is None:
            raise CommandError(f"{tenant.slug} is not connected to QuickBooks; apply a tenant document first.")
        if options["last"] < options["first"]:
            raise CommandError("--to lies before --from; swap them.")
        try:
            found = reconcile(tenant, open_books(tenant.company), options["first"], options["last"])
        except SyncError as error:
            raise CommandError(f"QuickBooks could not be read. {explain(error)}") from error
        told = found.as_json()
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for row in told["currencies"]:
            self.stdout.write(
                f"{row['currency']}: store {row['store_total']}, QuickBooks {row['books_total']},"
                f" open {row['open_total']}, unexplained {row['unexplained']}"
                f" ({row['orders']} orders, {row['documents']} documents)"
            )
        for gap in told["gaps"]:
            self.stdout.write(
                f"  {gap['kind']}: {gap['number']}, store {gap['store_total'] or 'none'},"
                f" QuickBooks {gap['books_total'] or 'none'} {gap['currency']}"
            )
        self.stdout.write(f"{told['strangers']} documents of others; {told['qbo_reads']} metered reads.")

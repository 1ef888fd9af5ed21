"""Lists records, customers and their documents, one JSON object a line."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sync.models import Record
from sync.summaries import customer_rows, record_row
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Print the tenant's records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--state", choices=Record.State.values)
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.select_related("company").filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['slug']}”.")
        records = Record.objects.for_tenant(tenant).prefetch_related("postings").order_by("source", "woo_id")
        if options["state"]:
            records = records.filter(state=options["state"])
        for record in records.iterator(chunk_size=500):
            row = record_row(record)
            self.stdout.write(json.dumps(row, ensure_ascii=False) if options["json"] else _line(row))
        if options["json"] and not options["state"]:
            for row in customer_rows(tenant):
                self.stdout.write(json.dumps(row, ensure_ascii=False))


def _line(row: dict[str, Any]) -> str:
    documents = ", ".join(
        f"{document['type']} {document['doc_number'] or document['id']}" for document in row["documents"]
    )
    return (
        f"{row['source']:<8} {row['number']:>10}  {row['state']:<10} {row['reason'] or '':<28}"
        f" {row['store_total'] or '':>10} {row['currency']}  {documents}"
    )

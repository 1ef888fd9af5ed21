"""Writes a tenant's options and mappings as the document that tenant_apply takes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sync.portability import export_document
from sync.wiring import current_options
from tenants.models import Tenant


class Command(BaseCommand):
    help = "Print a tenant's document. Without --with-secrets the connections are left out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--with-secrets", action="store_true", help="include the store's keys and the refresh token"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.select_related("company").filter(slug=options["slug"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant “{options['slug']}”.")
        try:
            version = current_options(tenant)
        except LookupError as error:
            raise CommandError(str(error)) from error
        document = export_document(tenant, version.document, with_secrets=options["with_secrets"])
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))

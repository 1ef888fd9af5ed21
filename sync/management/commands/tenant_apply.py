"""Creates or updates a tenant, its connections and options from one JSON document."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from connector.accounting.books import CompanyFacts
from connector.accounting.facts import facts_from_json
from connector.errors import RetryableError, SyncError
from sync.choices import has_prefix_clash
from sync.connections import connect_company, connect_store, explain, link_company, read_company
from sync.models import OptionsVersion
from sync.portability import (
    Change,
    NameBook,
    Problem,
    changes_between,
    check_and_resolve,
    complete,
    notices,
    save_options,
)
from sync.schema import check_form
from tenants.audit import log_change
from tenants.models import Company, Membership, Tenant, User
from tenants.web.people import mark_verified

READ_ATTEMPTS = 4
RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 60.0


class Command(BaseCommand):
    help = "Create or update a tenant from a tenant document (the same that tenant_export writes)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the document; - reads standard input")
        parser.add_argument(
            "--dry-run", action="store_true", help="check everything and print what would change; change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        document = self._read(options["file"])
        self._refuse([Problem(path, message) for path, message in check_form(document)])
        slug = document["tenant"]["slug"]
        tenant = Tenant.objects.select_related("company").filter(slug=slug).first()
        if options["dry_run"]:
            self._rehearse(document, tenant)
            return
        created = tenant is None
        if tenant is None:
            tenant = Tenant.objects.create(slug=slug, name=document["tenant"].get("name") or slug)
        try:
            self._apply(document, tenant, created=created)
        except CommandError:
            if created and not OptionsVersion.objects.for_tenant(tenant).exists():
                tenant.delete()
            raise

    def _read(self, name: str) -> Any:
        try:
            text = self.stdin_text() if name == "-" else Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise CommandError(
                f"{name} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
            ) from error

    def stdin_text(self) -> str:
        import sys

        return sys.stdin.read()

    def _refuse(self, problems: list[Problem]) -> None:
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise CommandError(f"The document was not applied; {len(problems)} problem(s):\n{lines}")

    def _rehearse(self, document: Mapping[str, Any], tenant: Tenant | None) -> None:
        """No token is refreshed and nothing is read: references are checked against the lists that are already here."""
        company = tenant.company if tenant else None
        if company is None and "quickbooks" in document:
            from tenants.models.company import CompanyQuerySet

            company = CompanyQuerySet(Company).with_realm(document["quickbooks"]["realm_id"]).first()
        current = self._current(tenant)
        options = complete(document, current, self._start(document, tenant))
        facts = self._facts(company)
        if company is not None and company.names_read_at is not None:
            self._refuse(check_and_resolve(document, options, NameBook.of(company), facts))
        else:
            self.stdout.write(
                "The company has not been read yet: names of accounts, items and tax codes are unchecked."
            )
        self._say(changes_between(current, options), created=tenant is None)
        for notice in notices(options, facts):
            self.stdout.write(f"Notice: {notice}")
        self.stdout.write("Dry run: nothing was changed.")

    def _apply(self, document: Mapping[str, Any], tenant: Tenant, *, created: bool) -> None:
        if "woocommerce" in document:
            self._connect_store(document["woocommerce"], tenant)
        company, was_read = self._connect_company(document, tenant)
        current = self._current(tenant)
        start = self._start(document, tenant)
        options = complete(document, current, start)
        problems = check_and_resolve(document, options, NameBook.of(company), self._facts(company))
        if problems and company is not None and not was_read:
            self._read_company(company)
            options = complete(document, current, start)
            problems = check_and_resolve(document, options, NameBook.of(company), self._facts(company))
        self._refuse(problems or self._prefix_clash(company, tenant, options))
        changes = changes_between(current, options)
        with transaction.atomic():
            fields = {
                "name": document["tenant"].get("name") or tenant.name,
                "language": options["tenant"]["language"],
                "time_zone": options["tenant"]["time_zone"],
                "automatic_sync": options["tenant"]["automatic_sync"],
            }
            for name, value in fields.items():
                setattr(tenant, name, value)
            if tenant.automatic_sync and tenant.next_run_at is None:
                tenant.next_run_at = tenant.next_slot(datetime.now(UTC))
            tenant.save(update_fields=[*fields, "next_run_at"])
            version = save_options(tenant, options, who="tenant_apply")
            people = self._members(document.get("members", []), tenant)
            if changes or created:
                log_change(
                    tenant,
                    "options",
                    {change.path: [change.before, change.after] for change in changes},
                    who="tenant_apply",
                )
        self._say(changes, created=created)
        for line in people:
            self.stdout.write(line)
        self.stdout.write(f"{tenant.slug}: options version {version.number}.")
        for notice in notices(options, self._facts(company)):
            self.stdout.write(f"Notice: {notice}")

    def _prefix_clash(self, company: Company | None, tenant: Tenant, options: Mapping[str, Any]) -> list[Problem]:
        """Two workspaces on one company would number their documents alike."""
        prefix = options["orders"]["number_prefix"]
        if company is None or options["orders"]["automatic_numbers"] or not has_prefix_clash(company, tenant, prefix):
            return []
        message = f"“{prefix}” is the prefix of another workspace of {company.name}. Choose another one."
        return [Problem("orders.number_prefix", message)]

    def _connect_store(self, given: Mapping[str, str], tenant: Tenant) -> None:
        check = connect_store(
            tenant,
            url=given["url"],
            consumer_key=given["consumer_key"],
            consumer_secret=given["consumer_secret"],
        )
        if check.problem:
            raise CommandError(f"The store was not connected. {check.problem}")

    def _connect_company(self, document: Mapping[str, Any], tenant: Tenant) -> tuple[Company | None, bool]:
        """(the company, whether its lists were read just now)."""
        if "quickbooks" not in document:
            return tenant.company, False
        given = document["quickbooks"]
        try:
            company = connect_company(given["realm_id"], given["refresh_token"])
            stay = link_company(tenant, company)
            was_read = company.names_read_at is None or company.facts_read_at is None
            if was_read:
                self._read_company(company)
        except SyncError as error:
            raise CommandError(f"QuickBooks was not connected. {explain(error)}") from error
        if stay:
            self.stdout.write(stay)
        return company, was_read

    def _read_company(self, company: Company) -> None:
        """Somebody waits for this command, and half a document applied helps nobody: a busy company is waited for."""
        for more in reversed(range(READ_ATTEMPTS)):
            try:
                reads = read_company(company)
            except RetryableError as error:
                if not more:
                    raise CommandError(f"The company's lists could not be read. {explain(error)}") from error
                seconds = min(error.retry_after_seconds or RETRY_SECONDS, LONGEST_RETRY_SECONDS)
                self.stderr.write(f"{explain(error)} The lists are read again in {seconds:.0f} seconds.")
                time.sleep(seconds)
            except SyncError as error:
                raise CommandError(f"The company's lists could not be read. {explain(error)}") from error
            else:
                self.stdout.write(f"Read {company.name}: {reads} read calls.")
                return

    def _current(self, tenant: Tenant | None) -> dict[str, Any] | None:
        if tenant is None:
            return None
        version = OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()
        return version.document if version else None

    def _start(self, document: Mapping[str, Any], tenant: Tenant | None) -> dict[str, Any]:
        """Defaults of a new tenant: the store's zone, and the day of connection there."""
        zone = document["tenant"].get("time_zone")
        if not zone:
            zone = ((tenant.store_facts if tenant else {}).get("index") or {}).get("time_zone") or "UTC"
        return {"time_zone": zone, "start_date": datetime.now(ZoneInfo(zone)).date().isoformat()}

    def _facts(self, company: Company | None) -> CompanyFacts | None:
        return facts_from_json(company.facts) if company is not None and company.facts else None

    def _members(self, members: list[Mapping[str, str]], tenant: Tenant) -> list[str]:
        """A password is set only for a person who does not exist yet."""
        lines = []
        for member in members:
            email = member["email"].strip().lower()
            user = User.objects.filter(email__iexact=email).first()
            if user is None:
                user = User.objects.create_user(email, member.get("password"), language=tenant.language)
                mark_verified(user)
                lines.append(f"Created {email}.")
            membership, made = Membership.objects.get_or_create(
                tenant=tenant, user=user, defaults={"role": member["role"]}
            )
            if not made and membership.role != member["role"]:
                Membership.objects.filter(pk=membership.pk).update(role=member["role"])
                lines.append(f"{email}: {membership.role} -> {member['role']}.")
        return lines

    def _say(self, changes: list[Change], *, created: bool) -> None:
        if created:
            self.stdout.write("New tenant.")
        elif not changes:
            self.stdout.write("Nothing changed.")
        for change in changes:
            self.stdout.write(f"  {change}")

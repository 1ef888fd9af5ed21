"""Saving a person's choices: checked as a whole, told apart from what another saved meanwhile, kept with who and why.

A save names the version it was made from. When that is no longer the newest one, nothing is written: the person is told
what changed in between, and decides again with everything in front of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from connector.accounting.facts import facts_from_json
from connector.accounting.keys import normalise
from sync.models import OptionsVersion
from sync.portability import Change, NameBook, Problem, changes_between, check_and_resolve, complete, save_options
from sync.schema import with_defaults
from tenants.audit import log_change
from tenants.models import Company, Tenant, User


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save. `version` is None when nothing was written: because of `problems`, or because another
    person saved since (`newer`)."""

    version: OptionsVersion | None
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    newer: OptionsVersion | None = None


def latest_version(tenant: Tenant) -> OptionsVersion | None:
    return OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()


def start_values(tenant: Tenant) -> dict[str, Any]:
    """Defaults of a workspace whose options were never saved: the store's zone, and today there."""
    zone = (tenant.store_facts.get("index") or {}).get("time_zone") or tenant.time_zone
    today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    return {"time_zone": zone, "start_date": today.isoformat(), "language": tenant.language}


def options_of(tenant: Tenant, version: OptionsVersion | None) -> dict[str, Any]:
    """The options of a version, completed; those that a new workspace begins with where there is none."""
    return with_defaults(version.document) if version else complete({}, None, start_values(tenant))


def merge(tenant: Tenant, before: Mapping[str, Any] | None, sections: Mapping[str, Any]) -> dict[str, Any]:
    """The whole options document with `sections` (part of a tenant document) laid over it; nothing is looked up."""
    return complete(sections, before, start_values(tenant))


def check(
    tenant: Tenant, before: Mapping[str, Any] | None, sections: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The whole document as it would be saved, and everything that is wrong with it.

    A reference that nobody touches and that has vanished from QuickBooks is no reason to refuse another choice: those
    who repair two of them one after the other would never get through. It is shown where it stands.
    """
    named = {"slug": tenant.slug, "name": tenant.name}
    document = {**sections, "tenant": {**named, **sections.get("tenant", {})}}
    options = merge(tenant, before, sections)
    company = tenant.company
    facts = facts_from_json(company.facts) if company is not None and company.facts else None
    problems = check_and_resolve(document, options, NameBook.of(company), facts)
    touched = {path for section in sections for path in _paths(section, sections[section])}
    kept = [problem for problem in problems if not problem.is_reference or _is_at(problem.path, touched)]
    if touched & {"orders.number_prefix", "orders.automatic_numbers"}:
        kept += _prefix_clash(tenant, options)
    return options, kept


def save_choices(
    tenant: Tenant,
    sections: Mapping[str, Any],
    *,
    user: User | None = None,
    who: str = "",
    action: str = "options",
    base: int | None = None,
    helps: Collection[str] | None = None,
) -> Saved:
    """The next options version with an audit entry, or the reasons why there is none; never half of it.

    A step of the wizard leaves its entry even where nothing changed: it says that the step was answered.

    sections: part of a tenant document, e.g. {"orders": {...}}. base: number of the version the choices were made from;
    None saves over whatever is newest. helps: as of `save_options`."""
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        newest = latest_version(tenant)
        if base is not None and (newest.number if newest else 0) != base:
            return Saved(None, newer=newest)
        before = newest.document if newest else None
        options, problems = check(tenant, before, sections)
        if problems:
            return Saved(None, problems=tuple(problems))
        changes = tuple(changes_between(with_defaults(before) if before else None, options))
        version = save_options(tenant, options, user=user, who=who, helps=helps)
        _follow(row, options)
        if changes or newest is None or action.startswith("setup."):
            told = {change.path: [change.before, change.after] for change in changes}
            log_change(tenant, action, told, user=user, who=who)
    tenant.refresh_from_db()
    return Saved(version, changes)


def _follow(row: Tenant, options: Mapping[str, Any]) -> None:
    """The workspace's own row keeps what is asked for without opening its options."""
    wanted = options["tenant"]
    row.time_zone, row.language = wanted["time_zone"], wanted["language"]
    if row.automatic_sync != wanted["automatic_sync"]:
        row.automatic_sync = wanted["automatic_sync"]
        row.next_run_at = row.next_slot(datetime.now(UTC)) if row.automatic_sync else None
    row.save(update_fields=["time_zone", "language", "automatic_sync", "next_run_at"])


def _paths(section: str, value: Any) -> Iterable[str]:
    return [f"{section}.{name}" for name in value] if isinstance(value, Mapping) else [section]


def _is_at(path: str, touched: Iterable[str]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in touched)


# Two workspaces on one company


def prefix_of(tenant: Tenant) -> str:
    """The number prefix in force, "" while nothing was ever saved."""
    version = latest_version(tenant)
    return str((version.document.get("orders") or {}).get("number_prefix") or "") if version else ""


def has_prefix_clash(company: Company, tenant: Tenant, prefix: str) -> bool:
    """Whether another workspace of this company numbers its documents with the same prefix."""
    others = Tenant.objects.filter(company=company).exclude(pk=tenant.pk)
    return any(normalise(prefix_of(other)) == normalise(prefix) for other in others)


def _prefix_clash(tenant: Tenant, options: Mapping[str, Any]) -> list[Problem]:
    company, prefix = tenant.company, options["orders"]["number_prefix"]
    if company is None or options["orders"]["automatic_numbers"] or not has_prefix_clash(company, tenant, prefix):
        return []
    message = _("“%(prefix)s” is the prefix of another workspace of %(company)s. Choose another one.")
    return [Problem("orders.number_prefix", message % {"prefix": prefix, "company": company.name})]

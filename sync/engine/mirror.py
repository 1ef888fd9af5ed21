"""The company's name lists as local rows: look-ups cost no metered read.

Loaded whole when the company is connected. Before something must be created, and only then, one change read brings the
mirror up to date when it is older than some minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from connector.accounting.books import NameKind, NameRow
from connector.accounting.keys import normalise
from connector.errors import RetryableError
from sync.engine.context import Slice
from sync.models import MirrorEntry
from tenants.models import Company

FRESH_FOR = timedelta(minutes=10)
CHANGE_OVERLAP = timedelta(minutes=5)
LOOK_BACK = timedelta(days=29)


def take_in(company: Company, rows: Iterable[NameRow]) -> None:
    """Adds or replaces rows; those deleted in QuickBooks go."""
    rows = list(rows)
    entries = _with_quantities(company, [_entry(company, row) for row in rows if not row.deleted])
    gone = [row for row in rows if row.deleted]
    with transaction.atomic():
        for row in gone:
            MirrorEntry.objects.filter(company=company, kind=row.kind, qbo_id=row.qbo_id).delete()
        MirrorEntry.objects.bulk_create(
            {(entry.kind, entry.qbo_id): entry for entry in entries}.values(),
            update_conflicts=True,
            unique_fields=["company", "kind", "qbo_id"],
            update_fields=[
                "name", "name_key", "full_name", "email_key", "sku", "sku_key", "is_active", "currency", "type",
                "subtype", "sync_token", "inventory_start", "quantity", "quantity_changed_at", "had_stock",
                "is_untouched", "lacks",
            ],
            batch_size=500,
        )  # fmt: skip


def _with_quantities(company: Company, entries: list[MirrorEntry]) -> list[MirrorEntry]:
    """What answers leave out about an item's stock stays known, and when it changed is noted."""
    items = {entry.qbo_id: entry for entry in entries if entry.kind == "Item"}
    known = {
        entry.qbo_id: entry
        for entry in MirrorEntry.objects.filter(company=company, kind="Item", qbo_id__in=items).only(
            "qbo_id", "quantity", "quantity_changed_at", "had_stock"
        )
    }
    now = timezone.now()
    for qbo_id, entry in items.items():
        before = known.get(qbo_id)
        if before is not None:
            entry.had_stock = before.had_stock
            entry.quantity_changed_at = before.quantity_changed_at
            if entry.quantity is None and entry.type in ("", "Inventory"):
                entry.quantity = before.quantity
        if entry.quantity is not None:
            entry.had_stock = entry.had_stock or entry.quantity > 0
            if before is None or before.quantity != entry.quantity:
                entry.quantity_changed_at = now
    return entries


def refresh(work: Slice, *, at_once: bool = False) -> bool:
    """Brings the mirror up to date when it is old, or `at_once`; True when something was read (one metered read).

    Raises RetryableError when more changed than one answer holds, or reaches back to: the lists are then read whole
    before the run goes on.
    """
    company = work.company
    read_at = company.names_read_at
    now = timezone.now()
    if read_at is not None and now - read_at < FRESH_FOR and not at_once and not _is_outdated(company, read_at):
        return False
    since = (read_at or now) - CHANGE_OVERLAP
    work.beat()
    changes = work.books.changes(since) if now - since < LOOK_BACK else None
    if changes is None or not changes.complete:
        Company.objects.filter(pk=company.pk).update(names_read_at=None, names_progress={"list": 0})
        raise RetryableError("names_outdated", f"company {company.pk}", side="quickbooks", retry_after_seconds=1)
    take_in(company, _with_known_skus(company, changes.rows))
    Company.objects.filter(pk=company.pk).update(names_read_at=changes.as_of)
    company.names_read_at = changes.as_of
    return True


def _is_outdated(company: Company, read_at: datetime) -> bool:
    """Whether Intuit told of a change by other hands since; its clock and ours may differ by moments."""
    return company.names_changed_at is not None and company.names_changed_at > read_at


def _with_known_skus(company: Company, rows: Sequence[NameRow]) -> list[NameRow]:
    """A change read may leave a SKU out (QBO reference, trap 11): what is known stays known."""
    silent = {row.qbo_id for row in rows if row.kind == "Item" and not row.sku}
    known = {row.qbo_id: row.sku for row in by_ids(company, "Item", silent).values()}
    return [replace(row, sku=known[row.qbo_id]) if row.kind == "Item" and row.qbo_id in known else row for row in rows]


def by_names(company: Company, kinds: Sequence[NameKind], names: Iterable[str]) -> list[NameRow]:
    keys = {normalise(name) for name in names if name}
    return rows_from(MirrorEntry.objects.filter(company=company, kind__in=kinds, name_key__in=keys))


def by_emails(company: Company, emails: Iterable[str]) -> list[NameRow]:
    keys = {normalise(email) for email in emails if email}
    return rows_from(MirrorEntry.objects.filter(company=company, kind="Customer", email_key__in=keys))


def by_skus(company: Company, skus: Iterable[str]) -> list[NameRow]:
    keys = {normalise(sku) for sku in skus if sku}
    return rows_from(MirrorEntry.objects.filter(company=company, kind="Item", sku_key__in=keys))


def all_of(company: Company, kind: str) -> list[NameRow]:
    """One whole list by name, inactive rows included."""
    return rows_from(MirrorEntry.objects.filter(company=company, kind=kind).order_by("name_key", "qbo_id"))


def by_ids(company: Company, kind: NameKind, ids: Iterable[str]) -> dict[str, NameRow]:
    return {
        row.qbo_id: row
        for row in rows_from(MirrorEntry.objects.filter(company=company, kind=kind, qbo_id__in=set(ids)))
    }


def rows_from(entries: Iterable[MirrorEntry]) -> list[NameRow]:
    """Rows of the table as values."""
    return [
        NameRow(
            kind=entry.kind,  # type: ignore[arg-type]  # written from NameRow.kind only
            qbo_id=entry.qbo_id,
            name=entry.name,
            active=entry.is_active,
            sync_token=entry.sync_token,
            full_name=entry.full_name,
            email=entry.email_key,
            sku=entry.sku,
            currency=entry.currency,
            type=entry.type,
            subtype=entry.subtype,
            inventory_start=entry.inventory_start,
            lacks=frozenset(entry.lacks.split()),
            quantity=entry.quantity,
            untouched=entry.is_untouched,
        )
        for entry in entries
    ]


def _entry(company: Company, row: NameRow) -> MirrorEntry:
    return MirrorEntry(
        company=company,
        kind=row.kind,
        qbo_id=row.qbo_id,
        name=row.name[:500],
        name_key=normalise(row.name)[:500],
        full_name=row.full_name[:600],
        email_key=normalise(row.email)[:254],
        sku=row.sku[:120],
        sku_key=normalise(row.sku)[:120],
        is_active=row.active,
        currency=row.currency,
        type=row.type,
        subtype=row.subtype,
        sync_token=row.sync_token,
        inventory_start=row.inventory_start,
        lacks=" ".join(sorted(row.lacks)),
        quantity=row.quantity,
        is_untouched=row.untouched,
    )

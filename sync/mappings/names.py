"""Finding one of thousands of items or customers: by what somebody typed, on the local lists alone."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from connector.accounting.books import NameKind, NameRow
from connector.accounting.keys import normalise
from sync.engine import mirror
from sync.models import MirrorEntry
from tenants.models import Company

SELLABLE = frozenset({"Service", "NonInventory", "Inventory"})
SHOWN = 20
LONGEST = 100


def search_items(
    company: Company, text: str, *, types: Collection[str] = SELLABLE, limit: int = SHOWN
) -> list[NameRow]:
    """Active items whose name or SKU holds the text, the closest first; by name where nothing was typed."""
    rows = MirrorEntry.objects.filter(company=company, kind="Item", is_active=True, type__in=types)
    return _found(rows, text, ("name_key", "full_name", "sku_key"), limit)


def search_customers(company: Company, text: str, *, currency: str = "", limit: int = SHOWN) -> list[NameRow]:
    """Active customers whose name or e-mail holds the text, the closest first. currency: no others, "" for any."""
    rows = MirrorEntry.objects.filter(company=company, kind="Customer", is_active=True)
    if currency:
        rows = rows.filter(currency__in=["", currency])
    return _found(rows, text, ("name_key", "email_key"), limit)


def active_row(company: Company, kind: NameKind, qbo_id: str) -> NameRow | None:
    """The row that bears this id, where it may be chosen."""
    row = mirror.by_ids(company, kind, [qbo_id]).get(qbo_id) if qbo_id else None
    is_fit = row is not None and row.active and (kind != "Item" or row.type in SELLABLE)
    return row if is_fit else None


def _found(rows: QuerySet[MirrorEntry], text: str, fields: Collection[str], limit: int) -> list[NameRow]:
    key = normalise(text)[:LONGEST]
    if key:
        holds, is_it, begins = Q(), Q(), Q()
        for name in fields:
            holds |= Q(**{f"{name}__icontains": key})
            is_it |= Q(**{f"{name}__iexact": key})
            begins |= Q(**{f"{name}__istartswith": key})
        rank = Case(When(is_it, then=Value(0)), When(begins, then=Value(1)), default=2, output_field=IntegerField())
        rows = rows.filter(holds).annotate(rank=rank).order_by("rank", "name_key", "qbo_id")
    else:
        rows = rows.order_by("name_key", "qbo_id")
    return mirror.rows_from(rows[:limit])

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
ITEM_FIELDS = ("name_key", "full_name", "sku_key")
SHOWN = 20
LONGEST = 100


def items_of(company: Company, types: Collection[str] = SELLABLE) -> QuerySet[MirrorEntry]:
    """The items that may be chosen."""
    return MirrorEntry.objects.filter(company=company, kind="Item", is_active=True, type__in=types)


def search_customers(company: Company, text: str, *, currency: str = "", limit: int = SHOWN) -> list[NameRow]:
    """Active customers whose name or e-mail holds the text, the closest first. currency: no others, "" for any."""
    rows = MirrorEntry.objects.filter(company=company, kind="Customer", is_active=True)
    if currency:
        rows = rows.filter(currency__in=["", currency])
    return mirror.rows_from(matching(rows, text, ("name_key", "email_key"))[:limit])


def active_row(company: Company, kind: NameKind, qbo_id: str) -> NameRow | None:
    """The row that bears this id, where it may be chosen."""
    row = mirror.by_ids(company, kind, [qbo_id]).get(qbo_id) if qbo_id else None
    is_fit = row is not None and row.active and (kind != "Item" or row.type in SELLABLE)
    return row if is_fit else None


def matching(rows: QuerySet[MirrorEntry], text: str, fields: Collection[str]) -> QuerySet[MirrorEntry]:
    """Rows whose fields hold every word of the text; those that are or begin with it first."""
    key = normalise(text)[:LONGEST]
    if not key:
        return rows.order_by("name_key", "qbo_id")
    for word in key.split():
        rows = rows.filter(_any(fields, "icontains", word))
    is_it, begins = _any(fields, "iexact", key), _any(fields, "istartswith", key)
    rank = Case(When(is_it, then=Value(0)), When(begins, then=Value(1)), default=2, output_field=IntegerField())
    return rows.annotate(rank=rank).order_by("rank", "name_key", "qbo_id")


def _any(fields: Collection[str], how: str, text: str) -> Q:
    found = Q()
    for name in fields:
        found |= Q(**{f"{name}__{how}": text})
    return found

"""QuickBooks' query language, as far as we speak it (QBO reference, 1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from connector.accounting.books import NameKind
from connector.accounting.documents import DocumentKind

PAGE = 1000
"""The largest page; also the most objects that one answer may hold."""


def literal(text: str) -> str:
    """A quoted value. The package escapes the quote only, so the backslash is ours too."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def names(kind: NameKind, *, start: int, page_size: int, changed_since: datetime | None = None) -> str:
    """One page of a name list, inactive rows included; an item's Sku only comes when it is asked for by name."""
    what = "*, Sku" if kind == "Item" else "*"
    conditions = ["Active IN (true,false)"]
    if changed_since is not None:
        conditions.append(f"MetaData.LastUpdatedTime >= {literal(changed_since.isoformat(timespec='seconds'))}")
    return _select(what, kind, conditions, start=start, page_size=page_size)


def name_called(kind: NameKind, spellings: Sequence[str]) -> str:
    """Rows of one list whose display name is one of these, inactive rows included."""
    chosen = ",".join(literal(spelling) for spelling in spellings)
    return _select("*", kind, [f"DisplayName IN ({chosen})", "Active IN (true,false)"], start=1, page_size=PAGE)


def documents_numbered(kind: DocumentKind, number: str, *, start: int) -> str:
    return _select("*", kind.value, [f"DocNumber = {literal(number)}"], start=start, page_size=PAGE)


def documents_dated(kind: DocumentKind, document_date: date, *, customer_id: str, start: int) -> str:
    conditions = [f"TxnDate = {literal(document_date.isoformat())}"]
    if customer_id:
        conditions.append(f"CustomerRef = {literal(customer_id)}")
    return _select("*", kind.value, conditions, start=start, page_size=PAGE)


def documents_between(kind: DocumentKind, first: date, last: date, *, start: int) -> str:
    conditions = [f"TxnDate >= {literal(first.isoformat())}", f"TxnDate <= {literal(last.isoformat())}"]
    return _select("*", kind.value, conditions, start=start, page_size=PAGE)


def documents_like(kind: DocumentKind, *, number: str, total: Decimal | None, day: date | None, at_most: int) -> str:
    """At most so many documents whose number holds these characters, with this total, of this day; what is empty does
    not count."""
    conditions = []
    if number:
        wanted = literal(f"%{number.replace('%', '')}%")
        conditions.append(f"DocNumber LIKE {wanted}")
    if total is not None:
        conditions.append(f"TotalAmt = {literal(f'{total:f}')}")
    if day is not None:
        conditions.append(f"TxnDate = {literal(day.isoformat())}")
    if not conditions:
        raise ValueError("A search needs something to search for.")
    return _select("*", kind.value, conditions, start=1, page_size=at_most)


def documents_with_ids(kind: DocumentKind, ids: Sequence[str], *, start: int) -> str:
    chosen = ",".join(literal(one) for one in ids)
    return _select("*", kind.value, [f"Id IN ({chosen})"], start=start, page_size=PAGE)


def tax_list(entity: str, *, start: int) -> str:
    """TaxCode or TaxRate, inactive rows included: a mapping may still name one."""
    return _select("*", entity, ["Active IN (true,false)"], start=start, page_size=PAGE)


def _select(what: str, entity: str, conditions: Sequence[str], *, start: int, page_size: int) -> str:
    where = " AND ".join(conditions)
    # Not SQL, and every value in it went through literal().
    page = f"STARTPOSITION {start} MAXRESULTS {page_size}"
    return f"SELECT {what} FROM {entity} WHERE {where} ORDERBY Id {page}"  # noqa: S608  # nosec B608

"""Document numbers: kept, given, ignored or refused as the company's settings say (QBO reference, DocNumber)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import duplicate_number
from sandbox.company.schema import SALES

_FIRST_NUMBER = 1001


def number_for(
    books: Books, kind: str, sent: str | None, old: Mapping[str, Any] | None, *, any_number: bool
) -> str | None:
    """The number a document gets. Raises 6140 for one that is taken."""
    before = (old or {}).get("DocNumber")
    if sent == "AUTO_GENERATE" and kind in ("Invoice", "SalesReceipt"):
        return str(before or _next_number(books, kind))
    if not books.preference("SalesFormsPrefs", "CustomTxnNumbers"):
        return str(before or _next_number(books, kind))
    if sent is None or sent == before:
        return sent
    if books.behaviour.duplicate_numbers == "refuse" and not any_number:
        holder = _holder(books, kind, sent, str((old or {}).get("Id", "")))
        if holder is not None:
            raise duplicate_number(sent, *holder)
    return sent


def _next_number(books: Books, kind: str) -> str:
    while True:
        number = str(books.storage.next(f"number:{kind}", _FIRST_NUMBER))
        if _holder(books, kind, number, "") is None:
            return number


def _holder(books: Books, kind: str, number: str, but: str) -> tuple[str, str] | None:
    """Type and Id of another document of the family with this number."""
    family = (kind,) if books.behaviour.number_family == "type" else SALES
    for one in family:
        row = books.storage.row(
            "SELECT id FROM object WHERE type = ? AND number = ? AND id <> ? AND deleted = 0",
            (one, number.casefold(), but),
        )
        if row is not None:
            return one, str(row[0])
    return None

"""A snapshot as CSV (RFC 4180, UTF-8 with a byte order mark) and as XLSX, written row by row into a file.

What comes from the shop or from QuickBooks is text: where it begins like a formula it gets an apostrophe, else a
spreadsheet would run it. Amounts are numbers; with a decimal comma the fields of a CSV are kept apart by semicolons, as
spreadsheets in those countries expect.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any, Literal

from babel.lists import format_list
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from connector.accounting.money import ZERO, currency_decimals
from sync.models import Reconciliation, ReconciliationLine
from sync.reconciliation import export
from sync.reconciliation.sums import FEES, PAYMENTS, REFUNDS, REFUNDS_TAX, SALES_TAX, SALES_TOTAL, Measure, Sums
from sync.reconciliation.words import CHANGES, ENTITIES, FINDINGS
from tenants.models import Tenant

Separator = Literal["point", "comma"]
AT_ONCE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | date | Decimal | None
Row = list[Cell]
SheetCell = Any
"""openpyxl has no types."""
Tell = Callable[[ReconciliationLine], tuple[str, str]]
"""State and reason of a line as the reader's pages call them."""


def codes_of(line: ReconciliationLine) -> tuple[str, str]:
    """As the command line prints them."""
    return line.state, line.reason


def safe(text: str) -> str:
    """Never a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_csv(
    snapshot: Reconciliation,
    tenant: Tenant,
    to: IO[bytes],
    *,
    decimal: Separator = "point",
    tell: Tell = codes_of,
) -> None:
    """One row for each document, then the sums of each currency; every row has the same fields."""
    to.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";" if decimal == "comma" else ",", lineterminator="\r\n")
    headings = _headings()
    writer.writerow(headings)
    for line in _lines(snapshot, tenant):
        writer.writerow([_as_text(cell, line.currency, decimal) for cell in _row(line, tell)])
    for sums in export.sums_of(snapshot):
        for name, measure in measures_of(sums):
            row: Row = [_("Total"), name, *[None] * (len(headings) - 2)]
            row[headings.index(_("Currency"))] = sums.currency
            row[headings.index(_("Store"))] = measure.store
            row[headings.index("QuickBooks")] = measure.books
            row[headings.index(_("Difference"))] = measure.difference
            writer.writerow([_as_text(cell, sums.currency, decimal) for cell in row])
    text.detach()


def write_xlsx(snapshot: Reconciliation, tenant: Tenant, to: IO[bytes], *, tell: Tell = codes_of) -> None:
    """Three sheets: the sums, every document, and the gaps. Rows are streamed; the heading stays in sight."""
    book = Workbook(write_only=True)
    _write_sums(book, snapshot)
    lines = export.lines_of(snapshot, tenant)
    _write_lines(book, _("Documents"), lines.iterator(AT_ONCE), tell)
    _write_lines(book, _("Gaps"), lines.exclude(finding="").iterator(AT_ONCE), tell)
    book.save(to)


def measures_of(sums: Sums) -> Iterator[tuple[str, Measure]]:
    """With the names that pages give them."""
    yield _("Sales, tax included"), sums[SALES_TOTAL]
    yield _("of which tax"), sums[SALES_TAX]
    yield _("Refunds"), sums[REFUNDS]
    yield _("of which tax on refunds"), sums[REFUNDS_TAX]
    yield _("Net sales"), sums.net
    yield _("Payments received"), sums[PAYMENTS]
    if sums[FEES].store or sums[FEES].books:
        yield _("Gateway fees"), sums[FEES]


def _headings() -> list[str]:
    return [
        _("Kind"), _("Order"), _("Document"), _("Number"), _("QuickBooks id"), _("Date"), _("Date in QuickBooks"),
        _("Currency"), _("Store"), _("Tax in the store"), "QuickBooks", _("Tax in QuickBooks"), _("Difference"),
        _("Account"), _("Account in QuickBooks"), _("State"), _("Reason"), _("Finding"), _("Changed"),
    ]  # fmt: skip


def _row(line: ReconciliationLine, tell: Tell) -> Row:
    state, reason = tell(line)
    finding = FINDINGS.get(line.finding)
    return [
        str(line.get_kind_display()),
        safe(line.order_number),
        str(ENTITIES.get(line.entity, line.entity)),
        safe(line.doc_number),
        line.qbo_id,
        line.store_day,
        line.books_day,
        line.currency,
        line.store_total,
        line.store_tax,
        line.books_total,
        line.books_tax,
        (line.store_total or ZERO) - (line.books_total or ZERO),
        safe(line.account_name),
        safe(line.books_account_name),
        state,
        reason,
        str(finding.title) if finding is not None else "",
        format_list([str(CHANGES[one]) for one in line.changes], locale=(get_language() or "en")[:2]),
    ]


def _lines(snapshot: Reconciliation, tenant: Tenant) -> Iterator[ReconciliationLine]:
    return export.lines_of(snapshot, tenant).iterator(AT_ONCE)


def _as_text(cell: Cell, currency: str, decimal: Separator) -> str:
    if isinstance(cell, Decimal):
        text = export.written(cell, currency)
        return text.replace(".", ",") if decimal == "comma" else text
    return cell.isoformat() if isinstance(cell, date) else cell or ""


def _write_sums(book: Workbook, snapshot: Reconciliation) -> None:
    sheet = book.create_sheet(_("Summary"))
    sheet.freeze_panes = "A2"
    for column, width in zip("ABCDE", (12, 34, 18, 18, 18), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.append(_bold(sheet, [_("Currency"), _("Measure"), _("Store"), "QuickBooks", _("Difference")]))
    for sums in export.sums_of(snapshot):
        for name, measure in measures_of(sums):
            amounts = (measure.store, measure.books, measure.difference)
            sheet.append([sums.currency, name, *[_cell(sheet, amount, sums.currency) for amount in amounts]])
        for account in sums.accounts.values():
            name = _("Account: %(name)s") % {"name": account.name or account.account_id}
            amounts = (account.store, account.books, account.store - account.books)
            row = [_cell(sheet, name, sums.currency), *[_cell(sheet, amount, sums.currency) for amount in amounts]]
            sheet.append([sums.currency, *row])
    read = timezone.localtime(snapshot.finished_at).strftime("%Y-%m-%d %H:%M") if snapshot.finished_at else ""
    period = f"{snapshot.first.isoformat()} – {snapshot.last.isoformat()}"
    for name, value in ((_("Period"), period), (_("Read from QuickBooks"), read)):
        sheet.append(["", name, value])


def _write_lines(book: Workbook, title: str, lines: Iterator[ReconciliationLine], tell: Tell) -> None:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    headings = _headings()
    for place, width in enumerate((12, 14, 18, 14, 12, 12, 12, 9, 14, 14, 14, 14, 14, 24, 24, 12, 24, 28, 22)):
        sheet.column_dimensions[chr(ord("A") + place)].width = width
    sheet.append(_bold(sheet, headings))
    for line in lines:
        sheet.append([_cell(sheet, cell, line.currency) for cell in _row(line, tell)])


def _bold(sheet: Any, texts: Sequence[str]) -> list[SheetCell]:
    cells = []
    for text in texts:
        cell = WriteOnlyCell(sheet, value=text)
        cell.font = Font(bold=True)
        cells.append(cell)
    return cells


def _cell(sheet: Any, value: Cell, currency: str) -> SheetCell:
    """Texts as they are: none of them begins like a formula any more."""
    if value is None or isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, Decimal):
        places = currency_decimals(currency)
        cell.number_format = f"#,##0{'.' + '0' * places if places else ''} [${currency}]"
    else:
        cell.number_format = "yyyy-mm-dd"
    return cell

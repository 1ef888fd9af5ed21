"""What a person changed in a document of ours, side by side: as QuickBooks last answered us, and as it stands now."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from sync.models import Posting, Record
from sync.templatetags.formats import as_decimal, long_date, money, quantity, unit_price
from sync.web.reason_texts import Text

FIELDS: dict[str, Text] = {
    "number": _("Number"),
    "date": _("Date"),
    "due_date": _("Due date"),
    "note": _("Memo"),
    "reference": _("Reference"),
    "customer": _("Customer"),
    "account": _("Account"),
    "method": _("Payment method"),
    "terms": _("Terms"),
    "class": _("Class"),
    "location": _("Location"),
    "message": _("Message to the customer"),
    "total": _("Total with tax"),
    "tax": _("Tax"),
    "line": _("Line"),
}


@dataclass(frozen=True, slots=True)
class EditLine:
    """`name`: what a line is for, "" for all else."""

    label: Text
    name: str
    before: str
    after: str


def edits_of(record: Record) -> list[EditLine]:
    """Oldest knowledge left, QuickBooks' own version right; none where nothing was changed by hand."""
    if record.reason != "edited_in_quickbooks":
        return []
    return [
        EditLine(FIELDS.get(field, field), name, _shown(record, field, before), _shown(record, field, after))
        for field, before, after, name in record.details.get("edits", [])
    ]


def shown_version(record: Record, posting: Posting | None) -> Posting | None:
    """The document as it stands in QuickBooks: a person's version of it, where one was read."""
    found, now = record.details.get("found"), record.details.get("now")
    if record.reason != "edited_in_quickbooks" or posting is None or not found or not now:
        return posting
    version = copy.copy(posting)
    version.answer, version.doc_number = found, now.get("number") or posting.doc_number
    version.total, version.tax = as_decimal(now.get("total")), as_decimal(now.get("tax"))
    none = {str(rate.get("rate_id")): "0" for rate in record.proof.get("rates") or [] if rate.get("rate_id")}
    version.rates = none | (now.get("rates") or {})
    return version


def _line(record: Record, text: str) -> str:
    """ "2 × 9.47 = 18.94", or the amount alone, as people write it."""
    made_of, _sign, total = text.rpartition(" = ")
    pieces, _times, price = made_of.partition(" × ")
    amount, number, each = as_decimal(total), as_decimal(pieces), as_decimal(price)
    if amount is None:
        return text
    if number is None or each is None:
        return money(amount, record.currency)
    return f"{quantity(number)} × {unit_price(each, record.currency)} = {money(amount, record.currency)}"


def _shown(record: Record, field: str, value: str) -> str:
    if not value:
        return "—"
    if field in ("total", "tax"):
        return money(value, record.currency)
    if field == "line":
        return _line(record, value)
    return long_date(value) if field in ("date", "due_date") else value

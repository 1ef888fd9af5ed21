"""What a person changed in a document of ours, side by side: as QuickBooks last answered us, and as it stands now."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from sync.models import Posting, Record
from sync.templatetags.formats import as_decimal, long_date, money
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
    version.rates = now.get("rates") or {}
    return version


def _shown(record: Record, field: str, value: str) -> str:
    if not value:
        return "—"
    if field in ("total", "tax"):
        return money(value, record.currency)
    return long_date(value) if field in ("date", "due_date") else value

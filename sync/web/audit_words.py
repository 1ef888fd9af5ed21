"""The audit trail in words: what each entry did, and its values as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.lists import format_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.models import StockPass
from sync.templatetags.formats import current_locale
from sync.web.labels import HEADING
from sync.web.manage.words import label_of, row_changes, subject_of, value_words
from sync.web.reason_texts import Text
from sync.web.reasons import fill, order_label
from tenants.models import AuditEntry, Role

ACTIONS: Mapping[str, Text] = {
    "workspace_created": gettext_lazy("Created the workspace"),
    "options": gettext_lazy("Changed settings"),
    "data_exported": gettext_lazy("Exported all data"),
    "options.imported": gettext_lazy("Imported settings from a file"),
    "options.saved": gettext_lazy("Changed settings"),
    "choice_taken_back": gettext_lazy("Took the last choice back"),
    "options.restored": gettext_lazy("Went back to earlier settings"),
    "setup.orders": gettext_lazy("Chose what happens to orders"),
    "setup.mappings": gettext_lazy("Matched taxes and payments"),
    "setup.extras": gettext_lazy("Chose what happens to products and stock"),
    "setup.rehearsal": gettext_lazy("Looked at the dry run"),
    "setup.trial": gettext_lazy("Sent one order as a test"),
    "setup.on": gettext_lazy("Turned on automatic sync"),
    "setup.off": gettext_lazy("Turned off automatic sync"),
    "mappings.taxes": gettext_lazy("Matched taxes"),
    "mappings.payments": gettext_lazy("Matched payment methods"),
    "mappings.products": gettext_lazy("Matched products with items"),
    "mappings.customers": gettext_lazy("Matched buyers with customers"),
    "names_created": gettext_lazy("Created items or accounts in QuickBooks"),
    "store.connected": gettext_lazy("Connected the store"),
    "store.disconnected": gettext_lazy("Disconnected the store"),
    "company.connected": gettext_lazy("Connected QuickBooks"),
    "company.disconnected": gettext_lazy("Disconnected QuickBooks"),
    "records.retry": gettext_lazy("Had records looked at again"),
    "records.skip": gettext_lazy("Skipped records"),
    "documents.link": gettext_lazy("Chose documents in QuickBooks to be linked to their orders"),
    "record.link": gettext_lazy("Linked a record to a document that was in QuickBooks already"),
    "record.unlink": gettext_lazy("Took the link to a document off"),
    "record.keep_link": gettext_lazy("Kept links to documents that show another total"),
    "records.renumber": gettext_lazy("Chose other document numbers"),
    "records.resync": gettext_lazy("Had records read and compared again"),
    "records.keep": gettext_lazy("Kept QuickBooks’ version of documents"),
    "records.replace": gettext_lazy("Had documents replaced with the store’s version"),
    "records.post_again": gettext_lazy("Had documents sent again"),
    "records.accept": gettext_lazy("Accepted that documents no longer stand in QuickBooks"),
    "records.undo": gettext_lazy("Had records removed from QuickBooks"),
    "books.compared": gettext_lazy("Had a period compared with QuickBooks"),
    "runs.undo": gettext_lazy("Had what a run sent removed from QuickBooks"),
    "refunds.alone": gettext_lazy("Had refunds sent without their sale"),
    "refunds.ignore": gettext_lazy("Left refunds out whose sale was never sent"),
    "member_invited": gettext_lazy("Invited somebody"),
    "invitation_sent_again": gettext_lazy("Sent an invitation again"),
    "invitation_revoked": gettext_lazy("Took an invitation back"),
    "member_joined": gettext_lazy("Joined the workspace"),
    "member_role": gettext_lazy("Changed a role"),
    "member_removed": gettext_lazy("Removed somebody"),
    "member_left": gettext_lazy("Left the workspace"),
    "report_options": gettext_lazy("Changed who gets reports, or when"),
    "stock": gettext_lazy("Decided about the stock"),
    "report_confirmed": gettext_lazy("Confirmed an address for reports"),
    "report_unsubscribed": gettext_lazy("Ended the reports to an address"),
    "report_resubscribed": gettext_lazy("Asked for the reports again"),
}
FIELDS: Mapping[str, Text] = {
    "email": gettext_lazy("Person"),
    "role": gettext_lazy("Role"),
    "name": gettext_lazy("Name"),
    "language": gettext_lazy("Language"),
    "time_zone": gettext_lazy("Time zone"),
    "store_url": gettext_lazy("Store"),
    "company": gettext_lazy("QuickBooks company"),
    "records": gettext_lazy("Records"),
    "why": gettext_lazy("Reason"),
    "period": gettext_lazy("Period"),
    "order": gettext_lazy("Order"),
    "asked": gettext_lazy("Asked for"),
    "decision": gettext_lazy("Decision"),
    "aside": gettext_lazy("Products set aside"),
    "automatic_sync": gettext_lazy("Automatic sync"),
    "left_out": gettext_lazy("Left out of the stock"),
    "zero_taken_in": gettext_lazy("Zero sent to the store"),
    "follows_again": gettext_lazy("Follows QuickBooks’ stock again"),
    "report.when": gettext_lazy("When reports are sent"),
    "report.language": gettext_lazy("Language of reports"),
    "report.recipients": gettext_lazy("Recipients"),
    "report.languages": gettext_lazy("Languages of recipients"),
}
_SHOWN = 60
_MACHINES: Mapping[str, Text] = {
    "system": "Juste",
    "tenant_apply": gettext_lazy("The command line"),
}
_STOCK: Mapping[str, Text] = {
    **{str(one.value): one.label for one in StockPass.Kind},
    **{str(one.value): one.label for one in StockPass.Decision},
    "nothing": gettext_lazy("Nothing sent"),
}


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """`before` is "" where there was nothing to compare with, or nothing changed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    at: datetime
    who: str
    what: str
    changes: list[ChangeLine]


def lines_of(entries: Iterable[AuditEntry]) -> list[AuditLine]:
    """What a store calls its rates and payment methods is known inside `rows_called`."""
    return [
        AuditLine(
            entry.at,
            str(_MACHINES.get(entry.who, entry.who)),
            str(ACTIONS.get(entry.action, entry.action)),
            _changes(entry.changes),
        )
        for entry in entries
    ]


def _changes(changes: Mapping[str, Any]) -> list[ChangeLine]:
    return [line for field, pair in changes.items() for line in _change(field, pair)]


def _change(field: str, pair: Any) -> list[ChangeLine]:
    name = str(FIELDS[field]) if field in FIELDS else label_of(field)
    if not (isinstance(pair, list) and len(pair) == 2):
        return [ChangeLine(name, "", _value(field, pair))]
    rows = row_changes(field, pair[0], pair[1])
    if rows:
        return [ChangeLine(f"{name} · {row}", before, after) for row, before, after in rows]
    before, after = (_value(field, value) for value in pair)
    is_first = pair[0] is None or pair[0] == []
    return [ChangeLine(name, "" if before == after or (is_first and not subject_of(field)) else before, after)]


def _value(field: str, value: Any) -> str:
    if subject_of(field):
        return value_words(field, value)
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping) and "name" in value:
        return str(value["name"])
    if field == "role" and value in Role.values:
        return str(Role(value).label)
    if isinstance(value, list):
        text = format_list([_record(str(one)) for one in value], locale=current_locale()) if value else "—"
    else:
        text = str(_STOCK.get(str(value), value)) if field in ("asked", "decision") else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _record(text: str) -> str:
    """“order 1234”, as entries keep it, in the reader's language; bare numbers as orders."""
    source, _space, number = text.rpartition(" ")
    heading = HEADING.get(source)
    return fill(heading, {"number": order_label(number)}) if heading else text

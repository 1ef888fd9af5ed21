"""A record's history as sentences: one for each kind of event, with what it proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from babel import lists
from django.utils.translation import gettext_lazy as _

from sync.models import Record, RecordEvent
from sync.templatetags.formats import current_locale, money
from sync.web.labels import record_badge
from sync.web.reason_texts import Text
from sync.web.reasons import fill, tell
from sync.web.statuses import status_name

Look = Literal["", "ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Kind:
    icon: str
    title: Text
    detail: Text = ""
    look: Look = ""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    icon: str
    look: Look
    title: str
    detail: str


KINDS: dict[str, Kind] = {
    "read": Kind("store", _("Read from the store"), _("Status “%(status)s”")),
    "read/refund": Kind("undo-2", _("Refund read from the store")),
    "read_again": Kind("store", _("Changed in the store and read again"), _("Status “%(status)s”")),
    "held": Kind("triangle-alert", "", "%(sentence)s", "warn"),
    "skipped": Kind("circle-slash", "", "%(sentence)s"),
    "waiting": Kind("hourglass", "", "%(sentence)s"),
    "planned": Kind("file-text", _("Document prepared")),
    "planned/Invoice": Kind("file-text", _("Invoice prepared")),
    "planned/SalesReceipt": Kind("receipt-text", _("Sales receipt prepared")),
    "planned/CreditMemo": Kind("file-text", _("Credit memo prepared")),
    "planned/RefundReceipt": Kind("receipt-text", _("Refund receipt prepared")),
    "customer_found": Kind("users-round", _("Customer found in QuickBooks"), "%(name)s"),
    "customer_created": Kind("users-round", _("Customer created in QuickBooks"), "%(name)s"),
    "item_created": Kind("package", _("Items created in QuickBooks"), "%(names)s"),
    "posted": Kind("arrow-right", _("Sent to QuickBooks")),
    "posted/Invoice": Kind("arrow-right", _("Invoice %(number)s sent to QuickBooks")),
    "posted/SalesReceipt": Kind("arrow-right", _("Sales receipt %(number)s sent to QuickBooks")),
    "posted/CreditMemo": Kind("arrow-right", _("Credit memo %(number)s sent to QuickBooks")),
    "posted/RefundReceipt": Kind("arrow-right", _("Refund receipt %(number)s sent to QuickBooks")),
    "posted/Payment": Kind("credit-card", _("Payment sent to QuickBooks")),
    "posted/Purchase": Kind("receipt-text", _("Gateway fee sent to QuickBooks")),
    "applied": Kind("link", _("Credit applied to the invoice"), "%(total)s"),
    "voided": Kind("undo-2", _("Invoice %(number)s voided in QuickBooks")),
    "renumbered": Kind(
        "info", _("Number %(number)s belongs to a voided document"), _("Sent with number %(following)s instead")
    ),
    "decided": Kind("circle-check", _("Decided by %(by)s")),
    "decided/duplicate_number": Kind("circle-check", _("%(by)s chose another number"), "%(number)s"),
    "decided/number_too_long": Kind("circle-check", _("%(by)s chose another number"), "%(number)s"),
    "decided/totals_differ": Kind("circle-check", _("%(by)s kept the link as it is")),
    "decided/refund_without_sale:alone": Kind("circle-check", _("%(by)s had the refund sent alone")),
    "adopted": Kind(
        "link", _("Found in QuickBooks and linked"), _("An earlier answer had been lost; nothing was sent twice.")
    ),
    "linked": Kind("link", _("Linked to document %(number)s by %(by)s"), _("Nothing was sent to QuickBooks.")),
    "unlinked": Kind("undo-2", _("Link to document %(number)s taken off by %(by)s")),
    "compared": Kind("equal", _("Total compared with QuickBooks’ answer"), "%(total)s = %(total)s", "ok"),
    "repaired": Kind("pencil", _("Corrected at once to the store’s amounts"), "%(from)s → %(to)s"),
    "repaired/answered": Kind("pencil", _("Corrected at once to the store’s amounts"), "%(total)s"),
    "taken_back": Kind(
        "undo-2",
        _("Removed from QuickBooks"),
        _("Its amounts differed from the store’s and could not be corrected."),
        "warn",
    ),
    "refused": Kind("circle-x", _("Refused by QuickBooks"), _("Code %(code)s: %(message)s"), "bad"),
    "synced": Kind("circle-check", "", "", "ok"),
    "edited": Kind(
        "pencil",
        _("Edited in the store after it was sent"),
        _("Planned again with version %(version)s of the settings"),
    ),
    "edit_changes_nothing": Kind(
        "equal",
        _("Edited in the store after it was sent"),
        _("Its document says the same with version %(version)s of the settings; nothing was sent"),
    ),
    "updated": Kind("pencil", _("Document %(number)s changed in QuickBooks"), "%(total)s"),
    "updated/Invoice": Kind("pencil", _("Invoice %(number)s changed in QuickBooks"), "%(total)s"),
    "updated/SalesReceipt": Kind("pencil", _("Sales receipt %(number)s changed in QuickBooks"), "%(total)s"),
    "updated/CreditMemo": Kind("pencil", _("Credit memo %(number)s changed in QuickBooks"), "%(total)s"),
    "updated/RefundReceipt": Kind("pencil", _("Refund receipt %(number)s changed in QuickBooks"), "%(total)s"),
    "resynced": Kind("refresh-cw", _("Read and compared again for %(by)s")),
    "resynced/same": Kind("equal", _("Read and compared again for %(by)s"), _("Nothing differs"), "ok"),
    "resynced/changed": Kind(
        "refresh-cw", _("Read and compared again for %(by)s"), _("The order has changed in the store")
    ),
    "resynced/edited": Kind(
        "git-compare", _("Read and compared again for %(by)s"), _("The document was changed in QuickBooks"), "warn"
    ),
    "resynced/followed": Kind(
        "git-compare", _("Read and compared again for %(by)s"), _("The linked document was changed in QuickBooks")
    ),
    "resynced/differs": Kind(
        "git-compare",
        _("Read and compared again for %(by)s"),
        _("The linked document shows another total than the store"),
        "warn",
    ),
    "resynced/gone": Kind(
        "trash-2", _("Read and compared again for %(by)s"), _("The document no longer stands in QuickBooks"), "warn"
    ),
    "resynced/order_gone": Kind(
        "trash-2", _("Read and compared again for %(by)s"), _("The order no longer exists in the store"), "warn"
    ),
    "posted_again": Kind("rotate-cw", _("Sent again at the wish of %(by)s")),
    "deletion_accepted": Kind("circle-check", _("%(by)s accepted that it no longer stands in QuickBooks")),
    "kept": Kind("book-open-check", _("%(by)s kept QuickBooks’ version"), "%(total)s"),
    "undone": Kind("undo-2", _("Removed from QuickBooks for %(by)s"), "", "warn"),
    "undo_refused": Kind("lock", _("Not removed from QuickBooks"), _("QuickBooks refused it: “%(message)s”"), "warn"),
    "undo_refused/deposited": Kind(
        "lock", _("Not removed from QuickBooks"), _("The money of %(number)s stands in a bank deposit"), "warn"
    ),
    "undo_refused/closed": Kind(
        "lock", _("Not removed from QuickBooks"), _("%(number)s lies in a closed period"), "warn"
    ),
    "undo_refused/edited": Kind(
        "lock", _("Not removed from QuickBooks"), _("%(number)s was changed by hand in QuickBooks"), "warn"
    ),
    "undo_refused/linked": Kind(
        "lock", _("Not removed from QuickBooks"), _("%(number)s is linked to something else in QuickBooks"), "warn"
    ),
    "replaced": Kind("store", _("%(by)s had QuickBooks’ version replaced with the store’s")),
    "queued_again": Kind("rotate-cw", _("Queued again by %(by)s")),
    "skipped_by_hand": Kind("circle-slash", _("Skipped by %(by)s"), "%(why)s"),
}

_STATES = {
    "held": Record.State.ATTENTION,
    "skipped": Record.State.SKIPPED,
    "waiting": Record.State.WAITING,
    "synced": Record.State.SYNCED,
}
"""Events that end a record are called like its badge."""

MEANS: dict[str, Text] = {
    "none": _("Total %(total)s, without tax"),
    "computed": _("Total %(total)s; QuickBooks computes the same tax"),
    "stated": _("Total %(total)s, with the store’s own tax amounts"),
    "cancelling": _("Total %(total)s, made exact by two lines that cancel out"),
    "rounding": _("Total %(total)s, made exact by a rounding line"),
}


def tell_history(record: Record, events: Iterable[RecordEvent]) -> list[Line]:
    """Oldest first, as the rows come."""
    return [_line(record, event) for event in events]


def _line(record: Record, event: RecordEvent) -> Line:
    kind = _kind(event)
    words = _words(record, event)
    detail = fill(kind.detail, words)
    if event.kind == "planned":
        detail = fill(MEANS.get(str(event.details.get("means")), _("Total %(total)s")), words)
    elif event.kind in ("posted", "adopted") and not detail and words.get("total"):
        detail = words["total"]
    state = _STATES.get(event.kind)
    title = str(record_badge(state, record.source).word) if state else fill(kind.title, words)
    return Line(event.at, kind.icon, kind.look, title, detail)


def _kind(event: RecordEvent) -> Kind:
    details = event.details
    closer = str(details.get("entity", ""))
    if event.kind == "read":
        closer = str(details.get("status", ""))
    if event.kind == "decided":
        closer = str(details.get("choice", ""))
        closer = closer if f"decided/{closer}" in KINDS else closer.partition(":")[0]
    if event.kind in ("resynced", "undo_refused"):
        closer = str(details.get("outcome", ""))
    if event.kind == "repaired" and "from" not in details:
        closer = "answered"
    fallback = Kind("info", event.kind.replace("_", " ").capitalize())
    if event.kind == "posted" and closer not in ("Payment", "Purchase") and not details.get("number"):
        return KINDS["posted"]
    return KINDS.get(f"{event.kind}/{closer}") or KINDS.get(event.kind) or fallback


def _words(record: Record, event: RecordEvent) -> dict[str, str]:
    details: Mapping[str, Any] = event.details
    words = {key: _written(record, key, value) for key, value in details.items() if value is not None}
    if "choice" in words:
        words["number"] = words["choice"].partition(":")[2]
    if "status" in words:
        words["status"] = status_name(words["status"])
    if "reason" in details:
        told = tell(
            str(details["reason"]), details, number=record.number, currency=record.currency, source=record.source
        )
        words["sentence"] = told.sentence
    return words


def _written(record: Record, key: str, value: Any) -> str:
    if key in ("total", "from", "to") and isinstance(value, str | int):
        return money(str(value), record.currency)
    if isinstance(value, list | tuple):
        return lists.format_list([str(part) for part in value], locale=current_locale())
    return str(value)

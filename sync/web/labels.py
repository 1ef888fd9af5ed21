"""States and kinds as badges and names: one look for each, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from sync.models import Record, Run
from sync.web.reason_texts import Text
from sync.web.reasons import fill, order_label


@dataclass(frozen=True, slots=True)
class Badge:
    look: str
    icon: str
    word: Text


_FOR_ORDERS = {
    Record.State.QUEUED: Badge("", "circle-dashed", pgettext_lazy("order", "Queued")),
    Record.State.SENDING: Badge("run", "loader", pgettext_lazy("order", "Sending")),
    Record.State.SYNCED: Badge("ok", "circle-check", pgettext_lazy("order", "Synced")),
    Record.State.SKIPPED: Badge("", "circle-slash", pgettext_lazy("order", "Skipped")),
    Record.State.WAITING: Badge("", "hourglass", pgettext_lazy("order", "Awaiting payment")),
    Record.State.ATTENTION: Badge("warn", "triangle-alert", pgettext_lazy("order", "Needs attention")),
}
_FOR_REFUNDS = {
    **_FOR_ORDERS,
    Record.State.SYNCED: Badge("ok", "circle-check", pgettext_lazy("refund", "Synced")),
    Record.State.SKIPPED: Badge("", "circle-slash", pgettext_lazy("refund", "Skipped")),
    Record.State.WAITING: Badge("", "hourglass", pgettext_lazy("refund", "Awaiting its sale")),
}
_FOR_PRODUCTS = {
    **_FOR_ORDERS,
    Record.State.SYNCED: Badge("ok", "circle-check", pgettext_lazy("product", "Synced")),
    Record.State.SKIPPED: Badge("", "circle-slash", pgettext_lazy("product", "Skipped")),
}
_FOR_COUNTS = {
    Record.State.QUEUED: Badge("", "circle-dashed", pgettext_lazy("count", "Queued")),
    Record.State.SENDING: Badge("run", "loader", pgettext_lazy("count", "Sending")),
    Record.State.SYNCED: Badge("ok", "circle-check", pgettext_lazy("count", "Synced")),
    Record.State.SKIPPED: Badge("", "circle-slash", pgettext_lazy("count", "Skipped")),
    Record.State.WAITING: Badge("", "hourglass", pgettext_lazy("count", "Awaiting payment")),
    Record.State.ATTENTION: Badge("warn", "triangle-alert", pgettext_lazy("count", "Needs attention")),
}
_RECORD_BADGES = {
    Record.Source.ORDER: _FOR_ORDERS,
    Record.Source.REFUND: _FOR_REFUNDS,
    Record.Source.PRODUCT: _FOR_PRODUCTS,
}
_RUN_BADGES = {
    Run.State.QUEUED: Badge("run", "loader", pgettext_lazy("run", "About to start")),
    Run.State.RUNNING: Badge("run", "loader", pgettext_lazy("run", "Running")),
    Run.State.FINISHED: Badge("ok", "circle-check", pgettext_lazy("run", "Finished")),
    Run.State.PAUSED: Badge("bad", "circle-pause", pgettext_lazy("run", "Paused")),
    Run.State.CANCELLED: Badge("", "circle-slash", pgettext_lazy("run", "Cancelled")),
    Run.State.FAILED: Badge("bad", "circle-x", pgettext_lazy("run", "Failed")),
}
FINISHED_WITH_OPEN_POINTS = Badge("warn", "triangle-alert", pgettext_lazy("run", "Finished with open points"))

SOURCES: dict[str, Text] = {
    Record.Source.ORDER: _("Order"),
    Record.Source.REFUND: _("Refund"),
    Record.Source.PRODUCT: _("Product"),
}
ENTITIES: dict[str, Text] = {
    "Invoice": _("Invoice"),
    "SalesReceipt": _("Sales receipt"),
    "CreditMemo": _("Credit memo"),
    "RefundReceipt": _("Refund receipt"),
    "Payment": _("Payment"),
    "Purchase": _("Gateway fee"),
}
_PAGES = {
    "Invoice": "invoice",
    "SalesReceipt": "salesreceipt",
    "CreditMemo": "creditmemo",
    "RefundReceipt": "refundreceipt",
    "Payment": "recvpayment",
    "Purchase": "expense",
}

HEADING: dict[str, Text] = {
    Record.Source.ORDER: _("Order %(number)s"),
    Record.Source.REFUND: _("Refund %(number)s"),
    Record.Source.PRODUCT: _("Product %(number)s"),
}
SKIP_QUESTION: dict[str, Text] = {
    Record.Source.ORDER: _("Skip order %(number)s?"),
    Record.Source.REFUND: _("Skip refund %(number)s?"),
    Record.Source.PRODUCT: _("Skip product %(number)s?"),
}
SKIP: dict[str, Text] = {
    Record.Source.ORDER: _("Skip order %(number)s"),
    Record.Source.REFUND: _("Skip refund %(number)s"),
    Record.Source.PRODUCT: _("Skip product %(number)s"),
}
WHY_SKIP: dict[str, Text] = {
    Record.Source.ORDER: _("Why skip this order? (You can come back to it.)"),
    Record.Source.REFUND: _("Why skip this refund? (You can come back to it.)"),
    Record.Source.PRODUCT: _("Why skip this product? (You can come back to it.)"),
}
SKIPPED: dict[str, Text] = {
    Record.Source.ORDER: _("Order %(number)s skipped."),
    Record.Source.REFUND: _("Refund %(number)s skipped."),
    Record.Source.PRODUCT: _("Product %(number)s skipped."),
}
RETRIED: dict[str, Text] = {
    Record.Source.ORDER: _("Order %(number)s is looked at again now."),
    Record.Source.REFUND: _("Refund %(number)s is looked at again now."),
    Record.Source.PRODUCT: _("Product %(number)s is looked at again now."),
}
"""Whole sentences for each source: in French they agree with it."""


def named(record: Record, texts: dict[str, Text]) -> str:
    """The sentence for this record's source, with its number."""
    return fill(texts[record.source], {"number": record_label(record)})


def record_label(record: Record) -> str:
    """An order or refund by its number, a product by its name."""
    if record.source == Record.Source.PRODUCT and (record.buyer or record.number):
        return record.buyer or record.number
    return order_label(record.number or str(record.woo_id))


def record_badge(state: str, source: str = Record.Source.ORDER) -> Badge:
    return _RECORD_BADGES[Record.Source(source)][Record.State(state)]


def count_badge(state: str) -> Badge:
    """For a number of records of any source."""
    return _FOR_COUNTS[Record.State(state)]


def run_badge(run: Run) -> Badge:
    if run.state == Run.State.FINISHED and run.tally.get(Record.State.ATTENTION):
        return FINISHED_WITH_OPEN_POINTS
    return _RUN_BADGES[Run.State(run.state)]


def quickbooks_link(entity: str, qbo_id: str) -> str:
    """The document's own page in QuickBooks; "" for what has none, and where the books are not Intuit's own."""
    page = _PAGES.get(entity)
    is_intuit = (urlsplit(settings.QBO_API_BASE_URL).hostname or "").endswith(".intuit.com")
    if not page or not qbo_id or not is_intuit:
        return ""
    host = "app.qbo.intuit.com" if settings.INTUIT_ENVIRONMENT == "production" else "app.sandbox.qbo.intuit.com"
    return f"https://{host}/app/{page}?txnId={qbo_id}"

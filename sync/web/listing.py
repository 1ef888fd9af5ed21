"""Records as rows of a table, ready to print."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from sync.models import Record, RecordEvent
from sync.templatetags.formats import short_date, to_currency
from sync.web.forms import RecordFilter
from sync.web.labels import SOURCES, Badge, record_badge, record_label
from sync.web.reason_texts import Text
from sync.web.reasons import fill, short_of


@dataclass(frozen=True, slots=True)
class Row:
    """`books` is None without a document; `agrees` None where there is nothing to compare. Of products: the item it
    is sold as, and where that came from."""

    record: Record
    label: str
    source: Text
    badge: Badge
    short: str
    document: str
    books: Decimal | None
    agrees: bool | None
    item: str = ""
    action: str = ""


def rows_of(records: Iterable[Any]) -> list[Row]:
    """Records from `sync.reports.with_documents`."""
    found = list(records)
    products = [record.pk for record in found if record.source == Record.Source.PRODUCT]
    made: set[int] = set()
    if products:
        events = RecordEvent.objects.filter(record__in=products, kind="item_created")
        made = set(events.values_list("record", flat=True))
    return [_product_row(one, one.pk in made) if one.pk in products else _row(one) for one in found]


def _product_row(record: Any, is_made: bool) -> Row:
    """A product has no amounts: what counts is its item, and whether we made it."""
    is_synced = record.state == Record.State.SYNCED
    action = _("Created in QuickBooks") if is_made else _("Was there already")
    return Row(
        record=record,
        label=record_label(record),
        source=SOURCES[record.source],
        badge=record_badge(record.state, record.source),
        short=short_of(record.reason, record.details),
        document="",
        books=None,
        agrees=None,
        item=str(record.details.get("item") or "") if is_synced else "",
        action=action if is_synced else "",
    )


def _row(record: Any) -> Row:
    books: Decimal | None = record.books
    agrees = None
    if books is not None and record.store_total is not None:
        agrees = to_currency(record.store_total, record.currency) == to_currency(books, record.currency)
    return Row(
        record=record,
        label=record_label(record),
        source=SOURCES[record.source],
        badge=record_badge(record.state, record.source),
        short=short_of(record.reason, record.details),
        document=(record.doc_number or record.doc_id or "") if books is not None else "",
        books=books,
        agrees=agrees,
    )


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter; `query` is the address without it."""

    text: str
    query: str


def chips_of(wanted: RecordFilter) -> list[Chip]:
    chips: list[Chip] = []
    if wanted.q:
        chips.append(Chip(fill(_("“%(text)s”"), {"text": wanted.q}), wanted.without("q")))
    if wanted.state:
        chips.append(Chip(str(record_badge(wanted.state).word), wanted.without("state", "reason", "subject")))
    if wanted.source:
        chips.append(Chip(str(SOURCES[wanted.source]), wanted.without("source")))
    if wanted.reason:
        chips.append(Chip(short_of(wanted.reason, {}), wanted.without("reason", "subject")))
    if wanted.since:
        text = fill(_("From %(date)s"), {"date": short_date(wanted.since)})
        chips.append(Chip(text, wanted.without("since")))
    if wanted.until:
        text = fill(_("Until %(date)s"), {"date": short_date(wanted.until)})
        chips.append(Chip(text, wanted.without("until")))
    return chips

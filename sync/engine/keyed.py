"""Finds what stands in the books already: one paged read of the company's sales documents since the start date, matched
with the store's orders since then, page by page; and links in bulk what a person chose.

Documents are rows before the first order is read, so that neither side is ever held whole. Nothing is written to
QuickBooks, and no order becomes a record before it is linked: a search commits nobody to anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from connector.accounting.books import FoundDocument
from connector.accounting.commerce import DRAFT_STATUSES, Order
from connector.accounting.dates import local_date
from connector.accounting.documents import DocumentKind
from connector.accounting.facts import facts_from_json
from connector.accounting.keyed import CERTAIN, NEAR_DAYS, SCORES, Sale, Why, compare_sales, note_key, number_key
from connector.accounting.keys import MARKER_PREFIX, sale_key
from connector.accounting.money import half_up, smallest_unit
from sync.engine import linking
from sync.engine.context import Slice
from sync.engine.pull import PAGE_SIZES, ingest, start_of
from sync.models import Cursor, KeyedDocument, Posting, Record

SEARCH, LINKS = "search", "links"
"""What a run may be asked for alone, in its parameters."""
STREAM = KeyedDocument.STREAM
PAGE = 1000
AT_ONCE = 100
"""Documents linked in one go: one read of the store, one metered read for each kind."""


def search(work: Slice) -> None:
    """Goes on where the run stands. Raises SliceOver between pages; at the end the cursor says what was covered."""
    reading = work.run.reading or _begin(work)
    while reading["step"] == "documents":
        work.beat()
        reading = _read_documents(work, reading)
        work.checkpoint("documents read")
    while reading["step"] == "orders":
        work.beat()
        reading = _read_orders(work, reading)
        work.checkpoint("orders matched")
    with transaction.atomic():
        _settle_doubts(work)
        _mine(work).filter(woo_id__isnull=True).delete()
        first_day = work.policy_for(work.options).start_date
        now = timezone.now()
        Cursor.objects.update_or_create(
            tenant=work.tenant, stream=STREAM, defaults={"position": now, "covered_from": first_day}
        )


def carry_out(work: Slice) -> None:
    """Links what people chose, before anything is planned: a chosen order is never sent beside its document."""
    while chosen := list(_mine(work, KeyedDocument.State.CHOSEN).order_by("pk")[:AT_ONCE]):
        work.beat()
        _link_these(work, chosen)
        work.checkpoint("linked in bulk")


def _begin(work: Slice) -> dict[str, Any]:
    KeyedDocument.objects.for_tenant(work.tenant).exclude(state=KeyedDocument.State.CHOSEN).delete()
    return _save(work, {"step": "documents", "kind": 0, "start": 1}, done=0, total=0)


def _mine(work: Slice, state: str = KeyedDocument.State.FOUND) -> Any:
    return KeyedDocument.objects.for_tenant(work.tenant).filter(state=state)


def _read_documents(work: Slice, reading: dict[str, Any]) -> dict[str, Any]:
    """One page of 1,000: one metered read. Documents are dated some days from their order now and then."""
    kind = linking.SALES[reading["kind"]]
    first = work.policy_for(work.options).start_date - timedelta(days=NEAR_DAYS)
    page = work.books.page_between(kind, first, date.max, start=reading["start"])
    is_last = len(page) < PAGE
    following = {**reading, "start": reading["start"] + len(page)}
    if is_last:
        following = {**reading, "kind": reading["kind"] + 1, "start": 1}
    with transaction.atomic():
        work.heartbeat()
        _keep(work, kind, page)
        if following["kind"] == len(linking.SALES):
            has_any = _mine(work).exists()
            following = {"step": "orders" if has_any else "over", "page": None}
        return _save(work, following, done=0, total=0)


def _keep(work: Slice, kind: DocumentKind, page: Sequence[FoundDocument]) -> None:
    """All but our own: by their marker, and by the rows of any workspace on this company."""
    known = set(
        Posting.objects.filter(company=work.company, entity=kind, qbo_id__in=[one.qbo_id for one in page])
        .filter(operation="create", state=Posting.State.POSTED, record__isnull=False)
        .values_list("qbo_id", flat=True)
    )
    keeps_tax = facts_from_json(work.company.facts).tax_world != "off"
    KeyedDocument.objects.bulk_create(
        [
            _row(work, one, keeps_tax=keeps_tax)
            for one in page
            if one.qbo_id not in known and not one.private_note.lstrip().startswith(MARKER_PREFIX)
        ],
        ignore_conflicts=True,
    )


def _row(work: Slice, found: FoundDocument, *, keeps_tax: bool) -> KeyedDocument:
    memo = str((found.raw.get("CustomerMemo") or {}).get("value") or "")
    return KeyedDocument(
        tenant=work.tenant,
        company=work.company,
        entity=found.entity,
        qbo_id=found.qbo_id,
        number=found.number[:30],
        customer=str((found.raw.get("CustomerRef") or {}).get("name") or "")[:255],
        document_date=found.document_date,
        currency=linking.currency_of(work.tenant, found)[:3],
        total=found.total or Decimal(0),
        tax=found.tax if keeps_tax else None,
        number_key=number_key(found.number) if found.number else "",
        note_key=note_key(found.private_note) or note_key(memo),
    )


def _read_orders(work: Slice, reading: dict[str, Any]) -> dict[str, Any]:
    """The last page first, as whenever orders are read: one that leaves the list moves none past the reader."""
    policy = work.policy_for(work.options)
    page = work.store.orders(
        page=reading["page"] or 1,
        per_page=PAGE_SIZES[0],
        created_after=start_of(policy.start_date, policy.time_zone) - timedelta(seconds=1),
        status="any",
    )
    if reading["page"] is None and page.pages > 1:
        return _save(work, {**reading, "page": page.pages}, done=0, total=page.total)
    here = reading["page"] or 1
    with transaction.atomic():
        work.heartbeat()
        _match(work, [order for _raw, order in page.rows if isinstance(order, Order)])
        following = {**reading, "page": here - 1} if here > 1 else {"step": "over"}
        return _save(work, following, done=max(page.total - (here - 1) * PAGE_SIZES[0], 0), total=page.total)


def _match(work: Slice, orders: Sequence[Order]) -> None:
    """Each order stands by the documents that speak loudest for it, each document by the order that does."""
    sent = set(
        Posting.objects.for_tenant(work.tenant)
        .filter(key__in=[sale_key(order.id) for order in orders], operation="create", state=Posting.State.POSTED)
        .values_list("key", flat=True)
    )
    zone = work.policy_for(work.options).time_zone
    open_ones = [one for one in orders if one.status not in DRAFT_STATUSES and sale_key(one.id) not in sent]
    sales = {order.id: _sale_of(order, zone) for order in open_ones}
    pairs = [
        (row, order, why)
        for row in _candidates(work, list(sales.values()))
        for order in open_ones
        if (why := compare_sales(sales[order.id], _document_of(row))) is not None
    ]
    loudest: dict[int, int] = {}
    for row, _order, why in pairs:
        loudest[row.pk] = max(loudest.get(row.pk, row.score), SCORES[why])
    pairs = [(row, order, why) for row, order, why in pairs if SCORES[why] == loudest[row.pk]]
    best: dict[int, int] = {}
    for _document, order, why in pairs:
        best[order.id] = max(best.get(order.id, 0), SCORES[why])
    changed: dict[int, KeyedDocument] = {}
    for row, order, why in pairs:
        if SCORES[why] == best[order.id] and _takes(row, order, why):
            changed[row.pk] = row
    KeyedDocument.objects.bulk_update(
        list(changed.values()),
        ["woo_id", "order_number", "order_total", "ordered_at", "buyer", "score", "why", "is_certain"],
        batch_size=200,
    )


def _candidates(work: Slice, sales: Sequence[Sale]) -> Any:
    keys = [sale.number_key for sale in sales if sale.number_key]
    days = [sale.day for sale in sales if sale.day is not None]
    if not days:
        return ()
    near = timedelta(days=NEAR_DAYS)
    by_sum = Q(total__in={sale.total for sale in sales}, document_date__range=(min(days) - near, max(days) + near))
    by_number = Q(number_key__in=keys) | Q(note_key__in=keys)
    return _mine(work).filter(by_number | by_sum).order_by("pk").iterator(chunk_size=500)


def _takes(row: KeyedDocument, order: Order, why: Why) -> bool:
    """True where the row changed: by a better order, or by a second one that fits as well as the first."""
    score = SCORES[why]
    if row.woo_id == order.id or score < row.score:
        return False
    if score == row.score:
        row.why, row.is_certain = Why.SEVERAL_ORDERS, False
        return True
    row.woo_id, row.order_number, row.order_total = order.id, order.number[:100], order.total
    row.ordered_at, row.buyer = order.created_at, _name_of(order)[:255]
    row.score, row.why, row.is_certain = score, why, why in CERTAIN
    return True


def _sale_of(order: Order, zone: str) -> Sale:
    unit = smallest_unit(order.currency)
    billing = order.billing
    names = (f"{billing.first_name} {billing.last_name}".strip(), billing.company, billing.email)
    return Sale(
        total=half_up(order.total, unit),
        tax=half_up(order.total_tax, unit),
        currency=order.currency,
        day=local_date(order.created_at, zone),
        names=tuple(name for name in names if name),
        number_key=number_key(order.number or str(order.id)),
    )


def _document_of(row: KeyedDocument) -> Sale:
    return Sale(
        total=row.total,
        tax=row.tax,
        currency=row.currency,
        day=row.document_date,
        names=(row.customer,),
        number_key=row.number_key,
        note_key=row.note_key,
    )


def _name_of(order: Order) -> str:
    name = f"{order.billing.first_name} {order.billing.last_name}".strip()
    return name or order.billing.company or order.billing.email


def _settle_doubts(work: Slice) -> None:
    """Several documents for one order: the surest keeps it; where two are as sure, a person says which."""
    crowded = _mine(work).filter(woo_id__isnull=False).values("woo_id").annotate(n=Count("pk")).filter(n__gt=1)
    for woo_id in crowded.order_by().values_list("woo_id", flat=True).iterator():
        rows = list(_mine(work).filter(woo_id=woo_id).order_by("-score", "pk"))
        best = [row.pk for row in rows if row.score == rows[0].score]
        _mine(work).filter(woo_id=woo_id).exclude(pk__in=best).update(woo_id=None)
        if len(best) > 1:
            _mine(work).filter(pk__in=best).update(is_certain=False, why=Why.SEVERAL_DOCUMENTS)


def _save(work: Slice, reading: dict[str, Any], *, done: int, total: int) -> dict[str, Any]:
    run = work.run
    run.reading, run.done, run.total, run.progressed_at = reading, done, total, timezone.now()
    run.save(update_fields=["reading", "done", "total", "progressed_at"])
    return reading


def _link_these(work: Slice, chosen: Sequence[KeyedDocument]) -> None:
    rows = work.store.orders_by_id([row.woo_id for row in chosen if row.woo_id is not None])
    found: dict[tuple[str, str], FoundDocument] = {}
    for kind in linking.SALES:
        ids = [row.qbo_id for row in chosen if row.entity == kind]
        if ids:
            work.beat()
            found |= {(kind.value, one.qbo_id): one for one in work.books.documents_by_id(kind, ids)}
    with transaction.atomic():
        ingest(work, rows)
    woo_ids = [row.woo_id for row in chosen if row.woo_id is not None]
    orders = Record.objects.for_tenant(work.tenant).filter(source=Record.Source.ORDER, woo_id__in=woo_ids)
    records = {record.woo_id: record for record in orders}
    for row in chosen:
        refused = _link_one(work, row, records.get(row.woo_id or 0), found.get((row.entity, row.qbo_id)))
        state = KeyedDocument.State.REFUSED if refused else KeyedDocument.State.LINKED
        KeyedDocument.objects.filter(pk=row.pk).update(state=state, refusal=refused)


def _link_one(work: Slice, row: KeyedDocument, record: Record | None, found: FoundDocument | None) -> str:
    """ "" when it is linked now, else why not: only what the person saw is linked."""
    if record is None or found is None:
        return "gone"
    as_seen = found.total == row.total and (row.tax is None or found.tax == row.tax)
    done = linking.link(work, record, found, by=row.chosen_by, accepts_difference=as_seen)
    return "" if isinstance(done, Posting) else str(done)

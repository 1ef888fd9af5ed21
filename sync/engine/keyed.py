"""Finds what stands in the books already: one paged read of the company's documents since the start date, matched with
the store's orders and refunds since then, page by page; and links in bulk what a person chose.

Documents are rows before the first order is read, so that neither side is ever held whole. Nothing is written to
QuickBooks, and no order becomes a record before it is linked: a search commits nobody to anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.accounting.books import FoundDocument
from connector.accounting.commerce import DRAFT_STATUSES, Order, Refund
from connector.accounting.documents import DocumentKind
from connector.accounting.facts import facts_from_json
from connector.accounting.keyed import NEAR_DAYS, note_key, number_key
from connector.accounting.keys import MARKER_PREFIX
from connector.errors import FaultError
from sync.engine import keyed_pairs as pairs
from sync.engine import linking
from sync.engine.context import Slice
from sync.engine.pull import PAGE_SIZES, ingest, start_of
from sync.engine.refund_rows import read_refunds
from sync.models import Cursor, KeyedDocument, Posting, Record

SEARCH, LINKS = "search", "links"
"""What a run may be asked for alone, in its parameters."""
STREAM = KeyedDocument.STREAM
PAGE = 1000
GONE, NOT_IN_STORE = "gone", "not_in_store"
"""Why a chosen pair is not linked after all, beside the refusals of linking."""
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
        pairs.settle_doubts(work)
        pairs.found_by(work).filter(woo_id__isnull=True).delete()
        first_day = work.policy_for(work.options).start_date
        now = timezone.now()
        Cursor.objects.update_or_create(
            tenant=work.tenant, stream=STREAM, defaults={"position": now, "covered_from": first_day}
        )


def carry_out(work: Slice) -> None:
    """Links what people chose, before anything is planned: a chosen order is never sent beside its document."""
    while chosen := list(pairs.found_by(work, KeyedDocument.State.CHOSEN).order_by("pk")[:AT_ONCE]):
        work.beat()
        _link_these(work, chosen)
        work.checkpoint("linked in bulk")


def _begin(work: Slice) -> dict[str, Any]:
    KeyedDocument.objects.for_tenant(work.tenant).exclude(state=KeyedDocument.State.CHOSEN).delete()
    return _save(work, {"step": "documents", "kinds": list(_kinds(work)), "kind": 0, "start": 1}, done=0, total=0)


def _kinds(work: Slice) -> Sequence[DocumentKind]:
    """What is read: without credit memos no refund is ever sent, so none can be sent twice."""
    sends_refunds = work.policy_for(work.options).credit_memos != "off"
    return (*linking.SALES, *linking.CREDITS) if sends_refunds else linking.SALES


def _read_documents(work: Slice, reading: dict[str, Any]) -> dict[str, Any]:
    """One page of 1,000: one metered read. Documents are dated some days from their order now and then."""
    kinds = reading.get("kinds") or linking.SALES  # a search that an older version began
    kind = DocumentKind(kinds[reading["kind"]])
    first = work.policy_for(work.options).start_date - timedelta(days=NEAR_DAYS)
    page = work.books.page_between(kind, first, date.max, start=reading["start"])
    is_last = len(page) < PAGE
    following = {**reading, "start": reading["start"] + len(page)}
    if is_last:
        following = {**reading, "kind": reading["kind"] + 1, "start": 1}
    with transaction.atomic():
        work.heartbeat()
        _keep(work, kind, page)
        if following["kind"] == len(kinds):
            has_any = pairs.found_by(work).exists()
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
    orders = [order for _raw, order in page.rows if isinstance(order, Order) and order.status not in DRAFT_STATUSES]
    refunds = _read_refunds(work, orders)
    with transaction.atomic():
        work.heartbeat()
        pairs.match(work, orders, refunds)
        following = {**reading, "page": here - 1} if here > 1 else {"step": "over"}
        return _save(work, following, done=max(page.total - (here - 1) * PAGE_SIZES[0], 0), total=page.total)


def _read_refunds(work: Slice, orders: Sequence[Order]) -> dict[int, Refund]:
    """Day and tax of refunds, by id: one call to the shop for each order of which a document may be a refund. What the
    shop refuses to tell is matched without.

    The lease is kept, but the slice not given up: a page of orders is matched whole."""
    found: dict[int, Refund] = {}
    for order in pairs.orders_with_credits(work, orders):
        work.heartbeat()
        try:
            rows = work.store.refunds(order.id)
        except FaultError:
            continue
        found |= {refund.id: refund for _raw, refund in rows if isinstance(refund, Refund)}
    return found


def _save(work: Slice, reading: dict[str, Any], *, done: int, total: int) -> dict[str, Any]:
    run = work.run
    run.reading, run.done, run.total, run.progressed_at = reading, done, total, timezone.now()
    run.save(update_fields=["reading", "done", "total", "progressed_at"])
    return reading


def _link_these(work: Slice, chosen: Sequence[KeyedDocument]) -> None:
    ids = sorted({row.woo_id for row in chosen if row.woo_id is not None})
    rows = work.store.orders_by_id(ids)
    found: dict[tuple[str, str], FoundDocument] = {}
    for kind in (*linking.SALES, *linking.CREDITS):
        wanted = [row.qbo_id for row in chosen if row.entity == kind]
        if wanted:
            work.beat()
            found |= {(kind.value, one.qbo_id): one for one in work.books.documents_by_id(kind, wanted)}
    with transaction.atomic():
        ingest(work, rows)
    records = _records(work, ids)
    read_refunds(work, [records[row.woo_id or 0, 0] for row in chosen if row.refund_id and (row.woo_id, 0) in records])
    records = _records(work, ids)
    for row in chosen:
        record = records.get((row.woo_id or 0, row.refund_id))
        refused = _link_one(work, row, record, found.get((row.entity, row.qbo_id)))
        state = KeyedDocument.State.REFUSED if refused else KeyedDocument.State.LINKED
        KeyedDocument.objects.filter(pk=row.pk).update(state=state, refusal=refused)


def _records(work: Slice, order_ids: Sequence[int]) -> dict[tuple[int, int], Record]:
    """(order's id, refund's id or 0) -> record; a refund that was deleted in the store is none."""
    mine = Record.objects.for_tenant(work.tenant).select_related("parent")
    orders = mine.filter(source=Record.Source.ORDER, woo_id__in=order_ids)
    refunds = mine.filter(source=Record.Source.REFUND, parent__woo_id__in=order_ids).exclude(reason="trash")
    found = {(record.woo_id, 0): record for record in orders}
    return found | {(child.parent.woo_id, child.woo_id): child for child in refunds if child.parent is not None}


def _link_one(work: Slice, row: KeyedDocument, record: Record | None, found: FoundDocument | None) -> str:
    """ "" when it is linked now, else why not: only what the person saw is linked."""
    if found is None:
        return GONE
    if record is None:
        return NOT_IN_STORE
    as_seen = found.total == row.total and (row.tax is None or found.tax == row.tax)
    done = linking.link(work, record, found, by=row.chosen_by, accepts_difference=as_seen)
    return "" if isinstance(done, Posting) else str(done)

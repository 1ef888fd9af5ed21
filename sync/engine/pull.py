"""Reads a window of changed orders and makes every one of them a row before anything else happens to it.

The window has an upper bound, so it only shrinks while it is read: an order that changes leaves it. Pages are therefore
read by id from the last one to the first: a row that leaves moves others into pages still to come, where they repeat,
never into pages already behind, where they would be lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connector.accounting.commerce import DRAFT_STATUSES, Order, Unreadable
from connector.accounting.keys import item_key
from connector.accounting.rates import rates_on_lines
from connector.errors import RetryableError
from sync.engine import gateways, journal
from sync.engine.context import Slice
from sync.engine.refund_rows import take_in_refunds
from sync.models import Cursor, Mapping, Record, Run

OVERLAP = timedelta(minutes=10)
PAGE_SIZES = (100, 50, 25, 5, 1)
"""Each divides the one before, so that a page of the old size is a whole number of pages of the new one."""
SLOW_SECONDS = 20.0
TOO_MUCH_AT_ONCE = frozenset({"store_timeout", "store_failed", "store_hung_up", "store_answer_cut", "store_not_json"})
"""How a shop that runs out of time or memory over a page sounds: a smaller page may pass."""
QUICK_SECONDS = 5.0
QUICK_PAGES = 5
"""After so many quick pages in a row a larger size is tried again: the shop may only have been down for a minute."""
ORDERS = "orders"
KEPT = (*Record.SET_ASIDE, *Record.NEEDS_DECISION)
"""A person decides about these, or did: a change in the store alone does not send them again."""
IDS_AT_ONCE = 100


def pull(work: Slice) -> None:
    """Reads on where the run stands until the window is read; then the cursor moves and the phase changes.

    Raises SliceOver between pages, RetryableError when the store does not answer at the smallest page size."""
    if work.run.parameters.get("asked"):
        _leave_reading(work)
    elif work.run.parameters.get("order_ids"):
        _pull_named(work)
    else:
        _pull_window(work)
    work.checkpoint("pulled")


def _pull_named(work: Slice) -> None:
    ids = [int(woo_id) for woo_id in work.run.parameters["order_ids"]]
    for start in range(0, len(ids), IDS_AT_ONCE):
        work.beat()
        wanted = ids[start : start + IDS_AT_ONCE]
        rows = work.store.orders_by_id(wanted)
        with transaction.atomic():
            ingest(work, rows, asked_for=True)
            note_gone(work, set(wanted) - {_id_of(row) for row in rows})
            _try_again(work, wanted)
    _leave_reading(work)


def _try_again(work: Slice, ids: Sequence[int]) -> None:
    """Whoever names an order wants it looked at, though nothing about it changed; what a person set aside stays so."""
    ended = (Record.State.ATTENTION, Record.State.SKIPPED, Record.State.WAITING)
    order = Q(source=Record.Source.ORDER, woo_id__in=ids)
    refund = Q(source=Record.Source.REFUND, parent__woo_id__in=ids) & ~Q(reason="trash")
    named = Record.objects.for_tenant(work.tenant).filter(order | refund, state__in=ended)
    for record in named.exclude(reason__in=[*Record.SET_ASIDE, "order_gone", "refund_deleted"]):
        record.queue_again(by=work.run.trigger)


def _pull_window(work: Slice) -> None:
    reading = work.run.reading or _open_window(work)
    while reading["page"] != 0:
        work.beat()
        try:
            page = work.store.orders(
                page=reading["page"] or 1,
                per_page=reading["per_page"],
                modified_after=_moment(reading["modified_after"]),
                modified_before=_moment(reading["modified_before"]),
                created_after=_moment(reading["created_after"]),
                status="any,trash",
            )
        except RetryableError as error:
            if error.reason in TOO_MUCH_AT_ONCE:
                _save_reading(work, _with_smaller_pages(reading))
            raise
        if reading["page"] is None and page.pages > 1:
            reading = _save_reading(work, {**reading, "page": page.pages, "total": page.total})
            continue
        reading = {**reading, "page": (reading["page"] or 1) - 1, "total": reading["total"] or page.total}
        if page.seconds > SLOW_SECONDS and reading["page"]:
            reading = _with_smaller_pages(reading)
        else:
            reading = _with_larger_pages(reading, quick=page.seconds < QUICK_SECONDS)
        with transaction.atomic():
            ingest(work, page.rows)
            done = max(0, reading["total"] - reading["page"] * reading["per_page"])
            reading = _save_reading(work, reading, done=min(done, reading["total"]))
        work.checkpoint("page")
    _close_window(work, reading)


def _open_window(work: Slice) -> dict[str, Any]:
    """Fixes the bounds once per run, by the store's clock."""
    policy = work.policy_for(work.options)
    now = work.store.now().astimezone(UTC).replace(microsecond=0)
    first_day = policy.start_date
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=ORDERS).first()
    since = work.run.parameters.get("since")
    modified_after = created_after = None
    if since:
        created_after = start_of(max(date.fromisoformat(since), first_day), policy.time_zone)
    elif cursor is None or cursor.covered_from > first_day:
        created_after = start_of(first_day, policy.time_zone)
    else:
        modified_after = cursor.position - OVERLAP
    return _save_reading(
        work,
        {
            "modified_after": modified_after.isoformat() if modified_after else None,
            "modified_before": now.isoformat(),
            "created_after": (created_after - timedelta(seconds=1)).isoformat() if created_after else None,
            "first_day": first_day.isoformat(),
            "moves_cursor": not since,
            "per_page": PAGE_SIZES[0],
            "page": None,
            "total": 0,
        },
    )


def _close_window(work: Slice, reading: dict[str, Any]) -> None:
    """The checkpoint: everything before the upper bound is a row, so the cursor may move there."""
    with transaction.atomic():
        if reading["moves_cursor"]:
            Cursor.objects.update_or_create(
                tenant=work.tenant,
                stream=ORDERS,
                defaults={
                    "position": datetime.fromisoformat(reading["modified_before"]),
                    "covered_from": date.fromisoformat(reading["first_day"]),
                },
            )
        _leave_reading(work)


def _leave_reading(work: Slice) -> None:
    work.run.phase = Run.Phase.RESOLVE
    work.run.reading = {}
    work.run.save(update_fields=["phase", "reading"])


def _save_reading(work: Slice, reading: dict[str, Any], *, done: int = 0) -> dict[str, Any]:
    work.run.reading = reading
    if done:
        work.run.failed_attempts = 0  # the store answers
    work.run.total = max(reading["total"], 0)
    work.run.done = done
    work.run.progressed_at = timezone.now()
    work.run.save(update_fields=["reading", "failed_attempts", "total", "done", "progressed_at"])
    return reading


def _with_smaller_pages(reading: dict[str, Any]) -> dict[str, Any]:
    size = reading["per_page"]
    if size == PAGE_SIZES[-1]:
        return reading
    smaller = PAGE_SIZES[PAGE_SIZES.index(size) + 1]
    page = reading["page"]
    return {**reading, "per_page": smaller, "page": page * (size // smaller) if page is not None else None, "quick": 0}


def _with_larger_pages(reading: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    """Counts quick pages, and one size up after enough of them; rows may repeat by that, none is left out."""
    size, page = reading["per_page"], reading["page"]
    quick_pages = reading.get("quick", 0) + 1 if quick else 0
    if quick_pages < QUICK_PAGES or size == PAGE_SIZES[0]:
        return {**reading, "quick": quick_pages}
    larger = PAGE_SIZES[PAGE_SIZES.index(size) - 1]
    return {**reading, "per_page": larger, "page": -(-page * size // larger), "quick": 0}


def start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def ingest(work: Slice, rows: Sequence[tuple[dict[str, Any], Order | Unreadable]], *, asked_for: bool = False) -> None:
    """Makes each row a record. A changed order is looked at again; an unchanged one is only counted as seen.

    asked_for: a person named these orders: one whose payload was removed gets it back, though nothing changed."""
    ids = [_id_of(row) for row in rows]
    known = {
        record.woo_id: record
        for record in Record.objects.for_tenant(work.tenant).filter(source=Record.Source.ORDER, woo_id__in=ids)
    }
    for (raw, order), woo_id in zip(rows, ids, strict=True):
        if isinstance(order, Order) and order.status in DRAFT_STATUSES:
            continue
        record = known.get(woo_id) or Record(tenant=work.tenant, source=Record.Source.ORDER, woo_id=woo_id)
        known[woo_id] = record
        _take_in(work, record, raw, order, asked_for=asked_for)
        if isinstance(order, Order):
            take_in_refunds(work, record, order)
    _note_occurrences(work, [order for _raw, order in rows if isinstance(order, Order)])


def _id_of(row: tuple[dict[str, Any], Order | Unreadable]) -> int:
    return row[1].id


def _take_in(work: Slice, record: Record, raw: dict[str, Any], order: Order | Unreadable, *, asked_for: bool) -> None:
    digest = _digest(raw)
    if record.pk and record.raw_hash == digest:
        Record.objects.filter(pk=record.pk).update(run=work.run)
        if asked_for and not record.raw:
            keep_payload(record, raw)
        return
    is_new = record.pk is None
    record.raw, record.raw_hash, record.run, record.raw_removed_at = raw, digest, work.run, None
    record.number = order.number[:100]
    record.modified_at = order.modified_at
    if isinstance(order, Order):
        record.status = order.status[:60]
        record.gateway = order.payment_method[:100]
        record.currency = order.currency[:3]
        record.store_total, record.store_tax = order.total, order.total_tax
        record.ordered_at = order.created_at
        name = f"{order.billing.first_name} {order.billing.last_name}".strip()
        record.buyer = (name or order.billing.company or order.billing.email)[:255]
    keeps_its_state = record.state == Record.State.SENDING or record.reason in KEPT
    if not keeps_its_state:
        record.state, record.reason, record.details = Record.State.QUEUED, "", {}
    record.save()
    if isinstance(order, Unreadable):
        if record.state == Record.State.QUEUED:
            journal.move(
                record, work.run, Record.State.ATTENTION, reason="unreadable", details={"problem": order.problem}
            )
            journal.tell(record, work.run, "held", reason="unreadable", problem=order.problem)
    else:
        journal.tell(record, work.run, "read" if is_new else "read_again", status=order.status)


def keep_payload(record: Record, raw: dict[str, Any]) -> None:
    """Of a record whose payload was removed: what the store says now, without any change of its state."""
    record.raw, record.raw_hash, record.raw_removed_at = raw, _digest(raw), None
    record.save(update_fields=["raw", "raw_hash", "raw_removed_at"])


def _digest(raw: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()


def note_gone(work: Slice, ids: Iterable[int]) -> None:
    """Orders asked for by id that the store no longer has: posted ones need a decision."""
    for record in Record.objects.for_tenant(work.tenant).filter(source=Record.Source.ORDER, woo_id__in=list(ids)):
        if record.state == Record.State.SYNCED:
            journal.move(record, work.run, Record.State.ATTENTION, reason="order_gone")
            journal.tell(record, work.run, "held", reason="order_gone")


def _note_occurrences(work: Slice, orders: Sequence[Order]) -> None:
    """Which gateways, tax rates, combinations of rates and products occur, so that they can be announced and mapped."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    products: dict[str, tuple[str, str]] = {}
    for order in orders:
        if order.payment_method:
            seen[(Mapping.Kind.GATEWAY, order.payment_method[:200])] = (order.payment_method_title, "")
        labels = {line.rate_id: line.label for line in order.tax_lines}
        for rates in {*rates_on_lines(order), *(frozenset({rate_id}) for rate_id in labels)} - {frozenset()}:
            ids = sorted(rates)
            name = " + ".join(labels.get(rate_id, "") for rate_id in ids)
            seen[(Mapping.Kind.TAX_RATE, ",".join(map(str, ids))[:200])] = (name, "")
        for line in order.lines:
            if line.product_id:
                products[item_key(*line.product)] = (line.name, line.sku)
    if seen:
        is_news = gateways.is_known(work)
        Mapping.objects.bulk_create(
            [
                Mapping(
                    tenant=work.tenant,
                    kind=kind,
                    store_key=key,
                    label=label[:255],
                    sku=sku[:120],
                    is_news=is_news and kind == Mapping.Kind.GATEWAY,
                )
                for (kind, key), (label, sku) in seen.items()
            ],
            ignore_conflicts=True,
        )
    Mapping.see_products(work.tenant, products)

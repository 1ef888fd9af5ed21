"""Products of the store as items of the books: every published one, or the sold ones that follow changes.

Read like orders, in windows by modification time from the last page back, but at leisure: the window stands in the
cursor's row and outlives a run, and orders that come in meanwhile go first. Every product becomes a Record; its item is
found or made by the same rules and under the same keys as for an order's lines.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from connector.accounting.books import ItemChange, NameRow, Payload
from connector.accounting.commerce import Product, ProductKey, Unreadable
from connector.accounting.documents import Held, Skipped
from connector.accounting.items import ReactivateItem, UseItem, possible_item_names, unit_price
from connector.accounting.keys import item_key
from connector.accounting.policy import PostingPolicy
from connector.errors import RetryableError
from sync.engine import journal, mirror, resolve
from sync.engine.context import Slice
from sync.engine.post import new_posting, send_everything
from sync.engine.pull import OVERLAP, PAGE_SIZES, TOO_MUCH_AT_ONCE
from sync.models import Cursor, Link, Posting, Record
from sync.models import Mapping as SeenInStore

STREAM = "products"
AT_ONCE = 90
"""Three batches of creations."""
WHOLE_EVERY = timedelta(days=7)
"""A variation may change without its parent, which is all that the list shows: now and then all are read."""
ORDERS_FIRST_EVERY = timedelta(seconds=60)
PUBLISHED = "publish"
PARTED = frozenset({"variable", "variable-subscription", "grouped", "bundle", "composite"})
"""Kinds that are sold by their parts only."""
WITH_VARIATIONS = frozenset({"variable", "variable-subscription"})
CHANGED_MEANWHILE = "5010"
UNHASHED = ("date_modified_gmt", "stock_quantity", "manage_stock")
"""What our own stock writes change; a product that differs in nothing else is not looked at again."""


def is_wanted(work: Slice) -> bool:
    """All products, or changes of those that are linked; a run for named orders leaves them alone."""
    products = work.options.document["products"]
    return bool(products["enabled"]) and (products["scope"] == "all" or products["update"])


def leave(work: Slice) -> None:
    """What was queued when the option was switched off ends here."""
    queued = Record.objects.for_tenant(work.tenant).filter(source=Record.Source.PRODUCT, state=Record.State.QUEUED)
    for record in queued:
        _end(work, record, Skipped("products_off", {}))


def walk(work: Slice) -> None:
    """Reads on in the window and deals with what is queued, until both are done. Raises SliceOver between calls."""
    send_everything(work)
    while True:
        if not _deal(work) and not _read_page(work):
            return
        _show_progress(work)
        if work.run.cancel_requested:
            return
        work.beat()


# Reading


def _read_page(work: Slice) -> bool:
    """The next page of the window as records; False when nothing is left to read."""
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).first()
    reading = dict(cursor.reading) if cursor is not None else {}
    is_read = reading.get("page") == 0 and reading.get("read_by") != work.run.pk
    if is_read or reading.get("rules") != _rules(work):
        reading = _open_window(work, cursor)
    if reading["page"] == 0:
        return False
    try:
        page = work.store.products(
            page=reading["page"] or 1,
            per_page=reading["per_page"],
            modified_after=_moment(reading["modified_after"]),
            modified_before=_moment(reading["modified_before"]),
            status=reading["statuses"][0],
        )
    except RetryableError as error:
        if error.reason in TOO_MUCH_AT_ONCE:
            _save(work, _with_smaller_pages(reading))
        raise
    if reading["page"] is None and page.pages > 1:
        _save(work, {**reading, "page": page.pages, "left": page.total})
        return True
    behind = (reading["page"] or 1) - 1
    with transaction.atomic():
        _ingest(work, page.rows)
        _save(work, _after_page({**reading, "page": behind, "left": behind * reading["per_page"]}))
    work.checkpoint("products page")
    return True


def _open_window(work: Slice, cursor: Cursor | None) -> dict[str, Any]:
    """Bounds by the store's clock. Other rules than last time, or a week gone by, and everything is read again."""
    now = work.store.now().astimezone(UTC).replace(microsecond=0)
    before = cursor.reading if cursor is not None else {}
    whole_at = _moment(before.get("whole_at"))
    is_whole = (
        cursor is None or before.get("rules") != _rules(work) or whole_at is None or now - whole_at >= WHOLE_EVERY
    )
    return {
        "rules": _rules(work),
        "statuses": ["any", "trash"] if work.options.document["products"]["update"] else ["any"],
        "modified_after": None if is_whole or cursor is None else (cursor.position - OVERLAP).isoformat(),
        "modified_before": now.isoformat(),
        "whole_at": now.isoformat() if is_whole else before.get("whole_at"),
        "read_by": work.run.pk,
        "per_page": PAGE_SIZES[0],
        "page": None,
        "left": 0,
    }


def _after_page(reading: dict[str, Any]) -> dict[str, Any]:
    """The next status begins where one is read to its first page; after the last one the window is read."""
    if reading["page"] == 0 and len(reading["statuses"]) > 1:
        return {**reading, "statuses": reading["statuses"][1:], "page": None}
    return reading


def _save(work: Slice, reading: Mapping[str, Any]) -> None:
    """The checkpoint: once the window is read, the next one begins at its end."""
    end = datetime.fromisoformat(reading["modified_before"])
    position = {"position": end} if reading["page"] == 0 else {}
    Cursor.objects.update_or_create(
        tenant=work.tenant,
        stream=STREAM,
        defaults={"reading": dict(reading), **position},
        create_defaults={
            "reading": dict(reading),
            "position": end,
            "covered_from": timezone.now().date(),
        },
    )


def _with_smaller_pages(reading: dict[str, Any]) -> dict[str, Any]:
    size = reading["per_page"]
    if size == PAGE_SIZES[-1]:
        return reading
    smaller = PAGE_SIZES[PAGE_SIZES.index(size) + 1]
    page = reading["page"]
    return {**reading, "per_page": smaller, "page": page * (size // smaller) if page is not None else None}


def _rules(work: Slice) -> list[Any]:
    products, items = work.options.document["products"], work.options.document["items"]
    return [products["scope"], products["update"], items["match_by"], work.company.pk]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ingest(
    work: Slice, rows: Sequence[tuple[dict[str, Any], Product | Unreadable]], *, parent_status: str = PUBLISHED
) -> None:
    """Each product a record; one that is as it was is only counted as seen."""
    if work.options.document["products"]["scope"] != "all":
        rows = _linked_only(work, rows)
    ids = [product.id for _raw, product in rows]
    known = {
        record.woo_id: record
        for record in Record.objects.for_tenant(work.tenant).filter(source=Record.Source.PRODUCT, woo_id__in=ids)
    }
    sold = [product for _raw, product in rows if isinstance(product, Product) and product.kind not in PARTED]
    SeenInStore.see_products(work.tenant, {item_key(*one.product): (one.name, one.sku) for one in sold})
    for raw, product in rows:
        record = known.get(product.id) or Record(tenant=work.tenant, source=Record.Source.PRODUCT, woo_id=product.id)
        known[product.id] = record
        _take_in(work, record, {**raw, "parent_status": parent_status}, product)


def _take_in(work: Slice, record: Record, raw: dict[str, Any], product: Product | Unreadable) -> None:
    hashed = {name: value for name, value in raw.items() if name not in UNHASHED}
    digest = hashlib.sha256(json.dumps(hashed, sort_keys=True, default=str).encode()).hexdigest()
    is_new = record.pk is None
    # Variations are asked for anew whenever their parent is listed: the list does not tell which of them changed.
    is_same = record.raw_hash == digest and not (isinstance(product, Product) and product.kind in WITH_VARIATIONS)
    if not is_new and is_same:
        Record.objects.filter(pk=record.pk).update(run=work.run)
        return
    record.raw, record.raw_hash, record.run = raw, digest, work.run
    record.modified_at = product.modified_at
    if isinstance(product, Product):
        record.number, record.buyer, record.status = product.sku[:100], product.name[:255], product.status[:60]
    if record.reason != "by_hand":
        record.state, record.reason, record.details = Record.State.QUEUED, "", {}
    record.save()
    if is_new:
        journal.tell(record, work.run, "read", status=record.status)


def _linked_only(
    work: Slice, rows: Sequence[tuple[dict[str, Any], Product | Unreadable]]
) -> list[tuple[dict[str, Any], Product | Unreadable]]:
    """Products that are sold already, and the parents of such variations."""
    linked: set[int] = set()
    for key in (
        Link.objects.for_tenant(work.tenant)
        .filter(company=work.company, kind=Link.Kind.ITEM)
        .values_list("store_key", flat=True)
    ):
        linked |= {int(part) for part in key.split(":")[1:] if part.isdigit()}
    return [row for row in rows if row[1].id in linked]


# Dealing


def _deal(work: Slice) -> bool:
    """Some queued products: parents hand in their variations, others find or get an item. False when none is left."""
    queued = list(
        Record.objects.for_tenant(work.tenant)
        .filter(source=Record.Source.PRODUCT, state=Record.State.QUEUED)
        .order_by("woo_id")[:AT_ONCE]
    )
    policy = _policy(work)
    wanted: dict[ProductKey, tuple[Record, Product]] = {}
    for record in queued:
        product = work.store.parse_product(record.raw)
        if isinstance(product, Unreadable):
            journal.end(record, work.run, Held("unreadable", {"problem": product.problem}))
        elif product.kind in PARTED:
            _end_parent(work, record, product)
        elif _is_offered(record, product) or work.options.document["products"]["update"]:
            wanted[product.product] = (record, product)
        else:
            _skip(work, record, product)
    if wanted:
        _find(work, wanted, policy)
    return bool(queued)


def _policy(work: Slice) -> PostingPolicy:
    """All products are to become items, whatever the choice for those that orders bring."""
    policy = work.policy_for(work.options)
    is_all = work.options.document["products"]["scope"] == "all"
    return replace(policy, create_items=is_all or policy.create_items)


def _is_offered(record: Record, product: Product) -> bool:
    return product.status == PUBLISHED and record.raw.get("parent_status", PUBLISHED) == PUBLISHED


def _end_parent(work: Slice, record: Record, product: Product) -> None:
    if product.kind in WITH_VARIATIONS and (product.status == PUBLISHED or work.options.document["products"]["update"]):
        work.beat()
        rows = work.store.variations(product.id, product.name)
        with transaction.atomic():
            _ingest(work, rows, parent_status=product.status)
            _end(work, record, Skipped("sold_by_parts", {"name": product.name}))
        work.checkpoint("variations")
    elif product.status == PUBLISHED:
        _end(work, record, Skipped("sold_by_parts", {"name": product.name}))
    else:
        _skip(work, record, product)


def _skip(work: Slice, record: Record, product: Product) -> None:
    status = product.status if product.status != PUBLISHED else record.raw.get("parent_status", PUBLISHED)
    _end(work, record, Skipped("trash", {}) if status == "trash" else Skipped(f"status:{status}", {"status": status}))


def _end(work: Slice, record: Record, outcome: Skipped | Held) -> None:
    journal.end(record, work.run, outcome, version=work.options)


def _find(work: Slice, wanted: Mapping[ProductKey, tuple[Record, Product]], policy: PostingPolicy) -> None:
    offered = [product for record, product in wanted.values() if _is_offered(record, product)]
    withdrawn = [product for record, product in wanted.values() if not _is_offered(record, product)]
    found = resolve.find_items(work, offered, policy)
    # What is no longer offered gets no item any more; one that it has may follow.
    found.items |= resolve.find_items(work, withdrawn, replace(policy, create_items=False)).items
    ready: list[tuple[Record, Product, str]] = []
    for key, (record, product) in wanted.items():
        decision = found.items.get(key)
        if isinstance(decision, Held):
            _end(work, record, decision)
        elif not isinstance(decision, UseItem | ReactivateItem):
            if _is_offered(record, product):
                _end(work, record, Skipped(_why_no_item(work, product), {"name": product.name}))
            else:
                _skip(work, record, product)
        else:
            made = found.created.get(item_key(*key))
            if made is not None:
                journal.tell(record, work.run, "item_created", names=made)
            ready.append((record, product, decision.ref.id))
    if work.options.document["products"]["update"]:
        ready = _follow(work, ready, policy, created=set(found.created))
    for record, product, qbo_id in ready:
        _synced(work, record, product, qbo_id)
    work.checkpoint("products dealt with")


def _why_no_item(work: Slice, product: Product) -> str:
    links = Link.objects.for_tenant(work.tenant).filter(
        company=work.company, kind=Link.Kind.ITEM, store_key=item_key(*product.product)
    )
    return "default_product" if links.filter(made_by=Link.DEFAULT).exists() else "no_sku"


def _synced(work: Slice, record: Record, product: Product, qbo_id: str) -> None:
    row = mirror.by_ids(work.company, "Item", [qbo_id]).get(qbo_id)
    details = {"item_id": qbo_id, "item": row.name if row is not None else product.name}
    told = record.events.filter(kind="synced").exists()
    journal.move(record, work.run, Record.State.SYNCED, details=details, version=work.options, failed_attempts=0)
    if not told:
        journal.tell(record, work.run, "synced")


# Following changes


def _follow(
    work: Slice, ready: Sequence[tuple[Record, Product, str]], policy: PostingPolicy, *, created: set[str]
) -> list[tuple[Record, Product, str]]:
    """Name, description, price and whether it is offered, where they changed in the store since they were last sent.

    Returns the products that are through; one that QuickBooks refuses is held. What a person changes there stays until
    the store changes the same product."""
    changed = [
        (record, product, qbo_id)
        for record, product, qbo_id in ready
        if record.fingerprint != _fingerprint(record, product, policy)
    ]
    open_ones = [one for one in changed if item_key(*one[1].product) not in created]
    refused: dict[int, Held] = {}
    for attempt in (1, 2):
        if not open_ones:
            break
        _send_changes(work, open_ones, policy)
        again = []
        for record, product, qbo_id in open_ones:
            last = _last_update(work, product.product)
            if last is None or last.state == Posting.State.POSTED:
                continue
            if last.fault_code == CHANGED_MEANWHILE and attempt == 1:
                work.beat()
                row = work.books.read_name("Item", qbo_id)
                mirror.take_in(work.company, [row] if row is not None else [])
                again.append((record, product, qbo_id))
            else:
                refused[record.pk] = Held(
                    f"refused_by_quickbooks:{last.fault_code}",
                    {"code": last.fault_code, "message": last.fault_detail[:500], "name": product.name},
                )
        open_ones = again
    for record, product, _qbo_id in changed:
        if record.pk in refused:
            _end(work, record, refused[record.pk])
        else:
            record.fingerprint = _fingerprint(record, product, policy)
            Record.objects.filter(pk=record.pk).update(fingerprint=record.fingerprint)
    return [one for one in ready if one[0].pk not in refused]


def _send_changes(work: Slice, changed: Sequence[tuple[Record, Product, str]], policy: PostingPolicy) -> None:
    rows = mirror.by_ids(work.company, "Item", (qbo_id for _record, _product, qbo_id in changed))
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        for record, product, qbo_id in changed:
            row = rows.get(qbo_id)
            if row is None:
                continue
            entity, payload = work.books.encode_item_change(_change(record, product, policy, row))
            last = _last_update(work, product.product)
            if last is not None and last.state == Posting.State.POSTED and _is_same(last.payload, payload):
                continue  # sent before this slice was cut short
            new_posting(work, key=item_key(*product.product), operation="update", entity=entity, payload=payload)
    send_everything(work)


def _last_update(work: Slice, key: ProductKey) -> Posting | None:
    rows = Posting.objects.for_tenant(work.tenant).filter(company=work.company, key=item_key(*key), operation="update")
    return rows.order_by("-generation").first()


def _is_same(sent: Payload, wanted: Payload) -> bool:
    return {**sent, "SyncToken": ""} == {**wanted, "SyncToken": ""}


def _change(record: Record, product: Product, policy: PostingPolicy, row: NameRow) -> ItemChange:
    """What follows. An item with stock stays active: making it inactive would write its stock off, which is the
    merchant's to do. A name that is matched with SKUs stays, and one that told it apart from a namesake too."""
    names = list(possible_item_names(product, policy))
    return ItemChange(
        qbo_id=row.qbo_id,
        sync_token=row.sync_token,
        name=row.name if policy.match_items_by == "name" or row.name in names else names[0],
        description=product.description or product.name,
        active=_is_offered(record, product) or bool(row.quantity),
        unit_price=unit_price(product, policy),
        price_includes_tax=policy.prices_include_tax,
    )


def _fingerprint(record: Record, product: Product, policy: PostingPolicy) -> str:
    price = unit_price(product, policy)
    parts = (product.name, product.description, str(price), str(_is_offered(record, product)))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _show_progress(work: Slice) -> None:
    """Records of this run, and as many as the store still has to list."""
    rows = Record.objects.for_tenant(work.tenant).filter(run=work.run)
    tally = Counter({row["state"]: row["n"] for row in rows.values("state").annotate(n=Count("pk")).order_by()})
    seen, ended = sum(tally.values()), sum(tally[state] for state in Record.ENDED)
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).first()
    work.run.total = seen + int((cursor.reading if cursor else {}).get("left") or 0)
    work.run.done, work.run.tally, work.run.progressed_at = ended, dict(tally), timezone.now()
    work.run.save(update_fields=["total", "done", "tally", "progressed_at"])
    work.run.refresh_from_db(fields=["cancel_requested"])

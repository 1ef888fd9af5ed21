"""The way back: what the books have on hand becomes what the store may sell.

    quantities of the books ─▶ lines, 100 products at a time ─▶ brake ─▶ read the store again, write, 100 at a time

A pass is rows: lines are stored before anything is sent, each is marked once the store took it, and just before a write
the store is read again, so that a sale made meanwhile is not written over. A write is an absolute number: repeating it
changes nothing. Our own sales lower both stocks by the same pieces, so a pass after them finds nothing to do.

The first pass after stock is turned on, by whatever way, is a preview: it waits until a person has seen it. Somebody
may end a pass at any moment (`sync.stock`); a worker notices before its next write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Max
from django.db.models.functions import Coalesce
from django.utils import timezone

from connector.accounting.commerce import Product, ProductKey
from connector.accounting.facts import facts_from_json
from connector.accounting.money import ZERO
from connector.accounting.stock import WRITTEN, Outcome, brakes, chosen, decide_stock, was_ever_set
from sync.engine import mirror
from sync.engine.context import Slice
from sync.engine.sold import sold_just_now, sold_not_sent
from sync.models import Cursor, Link, MirrorEntry, OptionsVersion, Posting, StockLine, StockPass
from sync.models.scoping import TenantQuerySet
from tenants.models import Company, Tenant

STREAM = "stock"
STOCK_SENT, STOCK_WAITS = "stock_sent", "stock_waits"
"""What a run says of the stock among its notices: quantities sent; a pass that waits for a decision."""
WAITING = (StockPass.State.READY, StockPass.State.STOPPED)
"""A person decides; until then only a newer pass that is due takes the place of this one."""
CHANGES_EVERY = timedelta(hours=6)
FULL_EVERY = timedelta(days=1)
AT_ONCE = 100
NAMES_PAGE = 1000
FRESH_FOR = timedelta(minutes=10)
"""A decision taken later than this is carried out with quantities read anew."""
KEEP_FOR = timedelta(days=90)
_SIGNS = {"Invoice": 1, "SalesReceipt": 1, "CreditMemo": -1, "RefundReceipt": -1}


class PassEnded(Exception):
    """A person ended the pass, or decided about it, while it was worked on."""


def keeps_stock(company: Company) -> bool:
    return bool(company.facts) and facts_from_json(company.facts).inventory


def is_confirmed(tenant: Tenant, company: Company) -> bool:
    """Whether somebody saw what the first pass into this store would write, since stock was last turned on.

    Every pass that is no preview comes after that: the first one is a preview that was turned on."""
    passes = StockPass.objects.for_tenant(tenant).filter(company=company).exclude(kind=StockPass.Kind.PREVIEW)
    seen_at = passes.aggregate(at=Max(Coalesce("decided_at", "created_at")))["at"]
    if seen_at is None:
        return False
    versions = OptionsVersion.objects.for_tenant(tenant).filter(created_at__gt=seen_at)
    return not versions.filter(document__stock__enabled=False).exists()


def is_wanted(work: Slice) -> bool:
    """A pass is open, or due, in a company that keeps stock."""
    if not keeps_stock(work.company):
        return False
    current = _open_pass(work)
    return (current is not None and current.state not in WAITING) or _due(work, current) is not None


def update_stock(work: Slice) -> None:
    """Goes on with the pass that is open, or begins the one that is due. Raises SliceOver between calls."""
    try:
        _update_stock(work)
    except PassEnded:
        return


def _update_stock(work: Slice) -> None:
    current = _open_pass(work)
    if current is not None and _is_obsolete(work, current):
        _mark(current, StockPass.State.DECLINED, ended_at=timezone.now())
        current = None
    if current is None or current.state in WAITING:
        kind = _due(work, current)
        if kind is None:
            return
        current = _begin(work, current, kind)
    if current.state == StockPass.State.WANTED:
        _mark(current, StockPass.State.COUNTING, run=work.run)
    if current.state == StockPass.State.COUNTING and not _count_lines(work, current):
        return
    if current.state == StockPass.State.SENDING:
        _send(work, current)


def _open_pass(work: Slice) -> StockPass | None:
    return StockPass.objects.for_tenant(work.tenant).filter(state__in=StockPass.OPEN).first()


def _is_obsolete(work: Slice, one: StockPass) -> bool:
    """Of another company, or of an option that was switched off since; what is only looked at needs no option."""
    is_off = not work.options.document["stock"]["enabled"]
    return one.company_id != work.company.pk or (is_off and one.kind != StockPass.Kind.PREVIEW)


def _due(work: Slice, current: StockPass | None) -> str | None:
    """The kind of pass that is due by the clock, or by what Intuit told of the company's items."""
    if not work.options.document["stock"]["enabled"]:
        return None
    if not is_confirmed(work.tenant, work.company):
        waits = current is not None and current.company_id == work.company.pk
        return None if waits else StockPass.Kind.PREVIEW
    now = timezone.now()
    passes = StockPass.objects.for_tenant(work.tenant).filter(company=work.company).exclude(kind="preview")
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).first()
    last_full = passes.filter(kind=StockPass.Kind.FULL).first()
    if cursor is None or cursor.reading.get("company") != work.company.pk or last_full is None:
        return StockPass.Kind.FULL if last_full is None or _has_rested(last_full, now) else None
    if now - last_full.created_at >= FULL_EVERY:
        return StockPass.Kind.FULL
    last = passes.first()
    told = work.company.items_changed_at
    if last is not None and (_has_rested(last, now) or (told is not None and told > last.created_at)):
        return StockPass.Kind.CHANGES
    return None


def _has_rested(last: StockPass, now: datetime) -> bool:
    return now - last.created_at >= CHANGES_EVERY


def _begin(work: Slice, replaced: StockPass | None, kind: str) -> StockPass:
    """A pass that waits for a decision gives way to newer numbers; whoever was told of it is not told again."""
    with transaction.atomic():
        if replaced is not None:
            _mark(replaced, StockPass.State.REPLACED, ended_at=timezone.now())
        StockPass.objects.for_tenant(work.tenant).filter(created_at__lt=timezone.now() - KEEP_FOR).delete()
        cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).first()
        return StockPass.objects.create(
            tenant=work.tenant,
            company=work.company,
            run=work.run,
            kind=kind,
            state=StockPass.State.COUNTING,
            changed_since=cursor.position if cursor is not None and kind == StockPass.Kind.CHANGES else None,
            told_at=replaced.told_at if replaced is not None else None,
        )


def _mark(one: StockPass, state: str, **fields: object) -> None:
    """Raises PassEnded when the pass is no longer where we believe it to be."""
    changed = {"state": state, **fields}
    if not StockPass.objects.filter(pk=one.pk, state=one.state).update(**changed):
        raise PassEnded
    for name, value in changed.items():
        setattr(one, name, value)


def _is_stopped(work: Slice, *, done: int, total: int) -> bool:
    """Shows how far it is; True when somebody stopped the run. The pass stays open for the next one."""
    run = work.run
    run.done, run.total, run.progressed_at = done, total, timezone.now()
    run.save(update_fields=["done", "total", "progressed_at"])
    run.refresh_from_db(fields=["cancel_requested"])
    return run.cancel_requested


# Counting


def _count_lines(work: Slice, one: StockPass) -> bool:
    """Quantities once, then lines chunk by chunk behind `last_key`; the brake looks at all of them together.

    False when the run was stopped before the last of them."""
    if one.pulled_at is None:
        _pull_quantities(work, one)
    sold: Mapping[ProductKey, Decimal] | None = None
    counted, total = one.lines.count(), _links_of(work, one).count()
    while links := list(_links_of(work, one).filter(store_key__gt=one.last_key).order_by("store_key")[:AT_ONCE]):
        if _is_stopped(work, done=counted, total=total):
            return False
        counted += len(links)
        work.beat()
        sold = sold_not_sent(work) if sold is None else sold
        _store_lines(work, one, links, sold)
        work.checkpoint("stock counted")
    counts = _counts(one)
    _mark(one, one.state, counts=dict(counts), linked=_linked(work).count(), counted_at=timezone.now())
    if one.kind == StockPass.Kind.PREVIEW:
        _mark(one, StockPass.State.READY)
        _tell(work, STOCK_WAITS, 1)
    elif brakes(one.linked, counts[Outcome.TO_ZERO]):
        _mark(one, StockPass.State.STOPPED)
        _tell(work, STOCK_WAITS, 1)
    else:
        _mark(one, StockPass.State.SENDING)
    return True


def _tell(work: Slice, notice: str, number: int) -> None:
    """On the run's own line: it has no record that could tell of the stock."""
    if number:
        work.run.notices = {**work.run.notices, notice: number}
        work.run.save(update_fields=["notices"])


def _counts(one: StockPass) -> Counter[str]:
    return Counter({row["outcome"]: row["n"] for row in one.lines.values("outcome").annotate(n=Count("pk")).order_by()})


def _pull_quantities(work: Slice, one: StockPass) -> None:
    """Into the mirror: the whole list on a full pass, else what changed. Our own writes before it are in the answer."""
    if one.kind == StockPass.Kind.CHANGES:
        # More changes than one answer holds have the lists read whole; these quantities are then newer than the pass.
        read_at = work.company.names_read_at
        if read_at is None or read_at < one.created_at:
            mirror.refresh(work, at_once=True)
    else:
        start = 1
        while True:
            work.beat()
            rows = work.books.names("Item", start=start, page_size=NAMES_PAGE)
            mirror.take_in(work.company, rows)
            if len(rows) < NAMES_PAGE:
                break
            start += NAMES_PAGE
    _mark(one, one.state, pulled_at=timezone.now())
    work.checkpoint("stock pulled")


def _linked(work: Slice) -> TenantQuerySet[Link]:
    """Links to active items whose stock the books keep."""
    items = MirrorEntry.objects.filter(
        company=work.company, kind="Item", type="Inventory", is_active=True, quantity__isnull=False
    )
    links = Link.objects.for_tenant(work.tenant).filter(
        company=work.company, kind=Link.Kind.ITEM, qbo_id__in=items.values("qbo_id")
    )
    return links.exclude(made_by=Link.DEFAULT)  # the default item's stock is not the product's


def _links_of(work: Slice, one: StockPass) -> TenantQuerySet[Link]:
    """All that the pass looks at."""
    links = _linked(work)
    if one.changed_since is not None:
        changed = MirrorEntry.objects.filter(
            company=work.company, kind="Item", quantity_changed_at__gte=one.changed_since
        )
        links = links.filter(qbo_id__in=changed.values("qbo_id"))
    return links


def _store_lines(work: Slice, one: StockPass, links: Sequence[Link], sold: Mapping[ProductKey, Decimal]) -> None:
    products = work.store.stock_of([product_of(link.store_key) for link in links])
    items = _items(work, links)
    by_item = _sold_by_item(work, sold)
    ours = _our_sales(work, items)
    empty = _made_empty(work, links)
    lines = []
    for link in links:
        key, item = product_of(link.store_key), items[link.qbo_id]
        product = products.get(key)
        pieces = by_item.get(link.qbo_id, ZERO)
        quantity = item.quantity or ZERO
        ever_set = was_ever_set(
            quantity,
            had_stock=item.had_stock,
            is_untouched=item.is_untouched,
            made_empty=link.store_key in empty,
            our_sales=ours.get(link.qbo_id, ZERO),
        )
        decision = decide_stock(
            product.stock if product is not None else None,
            quantity,
            pieces,
            ever_set=ever_set,
            set_aside=link.stock_aside,
        )
        lines.append(
            StockLine(
                stock_pass=one,
                tenant=work.tenant,
                store_key=link.store_key,
                product_id=key[0],
                variation_id=key[1],
                qbo_id=link.qbo_id,
                name=_name(product, link)[:255],
                sku=(product.sku if product is not None else "")[:120],
                store_quantity=product.stock if product is not None else None,
                books_quantity=quantity,
                sold=pieces,
                target=decision.target,
                counted_as=decision.outcome,
                outcome=Outcome.GONE if product is None else chosen(decision.outcome, link.stock_choice),
            )
        )
    with transaction.atomic():
        StockLine.objects.bulk_create(lines, ignore_conflicts=True)
        held_again = [line.store_key for line in lines if line.target]
        _linked(work).filter(store_key__in=held_again, stock_aside=True).update(stock_aside=False)
        _mark(one, one.state, last_key=links[-1].store_key)


def product_of(store_key: str) -> ProductKey:
    """The product of a link's key; a variation's id is 0 where there is none."""
    _kind, product_id, variation_id = store_key.split(":")
    return int(product_id), int(variation_id)


def _name(product: Product | None, link: Link) -> str:
    """A variation by its item's name: the store names only its options."""
    return product.name if product is not None and not product.parent_id and product.name else link.name


def _items(work: Slice, links: Sequence[Link]) -> dict[str, MirrorEntry]:
    rows = MirrorEntry.objects.filter(company=work.company, kind="Item", qbo_id__in={link.qbo_id for link in links})
    return {row.qbo_id: row for row in rows}


def _sold_by_item(work: Slice, sold: Mapping[ProductKey, Decimal]) -> dict[str, Decimal]:
    """Several products may share one item: what any of them sold is missing from it."""
    keys = {f"item:{product}:{variation}": pieces for (product, variation), pieces in sold.items()}
    found: dict[str, Decimal] = {}
    for store_key, qbo_id in _linked(work).filter(store_key__in=keys).values_list("store_key", "qbo_id"):
        found[qbo_id] = found.get(qbo_id, ZERO) + keys[store_key]
    return found


def _our_sales(work: Slice, items: Mapping[str, MirrorEntry]) -> dict[str, Decimal]:
    """Pieces that our documents took out of items that stand at or below zero and were never seen above it."""
    wanted = {qbo_id for qbo_id, item in items.items() if (item.quantity or ZERO) <= 0 and not item.had_stock}
    found: dict[str, Decimal] = {}
    if not wanted:
        return found
    rows = Posting.objects.for_tenant(work.tenant).filter(
        company=work.company, state=Posting.State.POSTED, operation="create", entity__in=_SIGNS
    )
    for entity, payload in rows.values_list("entity", "payload").iterator(chunk_size=500):
        for line in payload.get("Line") or ():
            detail = line.get("SalesItemLineDetail") or {}
            qbo_id = str((detail.get("ItemRef") or {}).get("value", ""))
            if qbo_id in wanted:
                pieces = Decimal(str(detail.get("Qty", 1))) * _SIGNS[entity]
                found[qbo_id] = found.get(qbo_id, ZERO) + pieces
    return found


def _made_empty(work: Slice, links: Sequence[Link]) -> set[str]:
    """Items that we made ourselves with nothing on hand."""
    rows = Posting.objects.for_tenant(work.tenant).filter(
        company=work.company,
        entity="Item",
        operation="create",
        state=Posting.State.POSTED,
        key__in=[link.store_key for link in links],
    )
    return {key for key, payload in rows.values_list("key", "payload") if not payload.get("QtyOnHand")}


# Sending


def _send(work: Slice, one: StockPass) -> None:
    """Writes what is to be written and not yet taken by the store; then the cursor moves.

    Before each write the pass is looked at again: somebody may have switched it off."""
    if timezone.now() - (one.counted_at or one.created_at) > FRESH_FOR:
        mirror.refresh(work, at_once=True)
        _mark(one, one.state, counted_at=timezone.now())
    total = one.lines.filter(outcome__in=WRITTEN).count()
    while lines := list(one.lines.filter(outcome__in=WRITTEN, sent_at=None).order_by("store_key")[:AT_ONCE]):
        left = one.lines.filter(outcome__in=WRITTEN, sent_at=None).count()
        if _is_stopped(work, done=max(total - left, 0), total=total):
            return
        work.beat()
        _mark(one, one.state)
        _send_lines(work, lines)
        work.checkpoint("stock sent")
    _close(work, one)


def _send_lines(work: Slice, lines: Sequence[StockLine]) -> None:
    """The store is read again first: what it sold since the lines were counted is subtracted, too."""
    keys = {(line.product_id, line.variation_id): line for line in lines}
    products = work.store.stock_of(list(keys))
    sold = sold_not_sent(work)
    for key, pieces in sold_just_now(work).items():
        sold[key] = sold.get(key, ZERO) + pieces
    by_item = _sold_by_item(work, sold)
    quantities = dict(
        MirrorEntry.objects.filter(
            company=work.company, kind="Item", qbo_id__in={line.qbo_id for line in lines}
        ).values_list("qbo_id", "quantity")
    )
    wanted: dict[ProductKey, int] = {}
    now = timezone.now()
    for key, line in keys.items():
        product = products.get(key)
        known = quantities.get(line.qbo_id)
        line.books_quantity = line.books_quantity if known is None else known
        line.sold = by_item.get(line.qbo_id, ZERO)
        line.store_quantity = product.stock if product is not None else None
        decision = decide_stock(line.store_quantity, line.books_quantity, line.sold, ever_set=True)
        line.target = decision.target
        if product is None:
            line.outcome = Outcome.GONE
        elif decision.outcome not in WRITTEN:
            line.outcome = decision.outcome
        elif decision.target == 0 and line.outcome == Outcome.CHANGED and line.books_quantity <= 0:
            # Nobody agreed to this zero: the books changed since, so the next pass counts it, brake and all.
            line.outcome, line.target = Outcome.ASIDE, None
        elif decision.target is not None:
            wanted[key] = decision.target
    work.heartbeat()  # writes nothing once the lease is lost
    answers = work.store.set_stock(wanted)
    for key, line in keys.items():
        answer = answers.get(key)
        if key not in wanted:
            line.sent_at = now
        elif answer is not None and not answer.code:
            line.sent_at = now
            line.outcome = Outcome.UNMANAGED if answer.quantity is None else line.outcome
        else:
            line.outcome = Outcome.FAILED
            line.detail = (f"{answer.code}: {answer.message}" if answer is not None else "no answer")[:300]
    StockLine.objects.bulk_update(
        lines, ["books_quantity", "sold", "store_quantity", "target", "outcome", "sent_at", "detail"]
    )


def _close(work: Slice, one: StockPass) -> None:
    """The checkpoint. Products that stay as they are need no row once a newer pass stands."""
    counts = _counts(one)
    _tell(work, STOCK_SENT, sum(counts[outcome] for outcome in WRITTEN))
    pulled_at = one.pulled_at or one.created_at
    with transaction.atomic():
        _mark(one, StockPass.State.DONE, ended_at=timezone.now(), counts=dict(counts))
        Cursor.objects.update_or_create(
            tenant=work.tenant,
            stream=STREAM,
            defaults={"position": pulled_at, "reading": {"company": work.company.pk}},
            create_defaults={
                "position": pulled_at,
                "covered_from": timezone.now().date(),
                "reading": {"company": work.company.pk},
            },
        )
        StockLine.objects.for_tenant(work.tenant).filter(outcome=Outcome.SAME).exclude(stock_pass=one).delete()

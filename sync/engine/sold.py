"""What the store has sold and the books do not know yet: the difference between the two stocks at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from connector.accounting.commerce import Order, ProductKey
from connector.accounting.keys import sale_key
from connector.accounting.stock import NO_STOCK_TAKEN, pieces_ordered
from sync.engine.context import Slice
from sync.engine.pull import ORDERS, start_of
from sync.models import Cursor, Posting, Record
from sync.models.scoping import TenantQuerySet

SALES = ("Invoice", "SalesReceipt")
SAME_SECOND = timedelta(seconds=2)
PAGE = 100


def sold_not_sent(work: Slice) -> dict[ProductKey, Decimal]:
    """Pieces on orders that hold stock in the store and have no sale in the books, by product.

    Orders left out for their status count: they are sent once it changes. Those from before the start date, or skipped
    by hand, never reach the books through us, so the books are taken to know them."""
    if not work.options.document["orders"]["enabled"]:
        return {}
    return dict(pieces_ordered(_orders(work)))


def sold_just_now(work: Slice) -> dict[ProductKey, Decimal]:
    """Pieces on orders that changed in the store after the last reading: no row of ours holds them yet. One call, as a
    rule; the products have to be read before it, so that no sale falls between the two."""
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=ORDERS).first()
    if cursor is None or not work.options.document["orders"]["enabled"]:
        return {}
    found: dict[int, Order] = {}
    page, pages = 1, 1
    while page <= pages:
        answer = work.store.orders(page=page, per_page=PAGE, modified_after=cursor.position - SAME_SECOND, status="any")
        pages = answer.pages
        found |= {order.id: order for _raw, order in answer.rows if isinstance(order, Order)}
        page += 1
        if page <= pages:
            work.beat()
    known = set(_open_records(work).filter(woo_id__in=found).values_list("woo_id", flat=True))
    sent = set(
        Posting.objects.for_tenant(work.tenant)
        .filter(key__in=[sale_key(woo_id) for woo_id in found], operation="create", state=Posting.State.POSTED)
        .values_list("record__woo_id", flat=True)
    )
    return dict(pieces_ordered(order for woo_id, order in found.items() if woo_id not in known | sent))


def _open_records(work: Slice) -> TenantQuerySet[Record]:
    policy = work.policy_for(work.options)
    rows = Record.objects.for_tenant(work.tenant).filter(
        source=Record.Source.ORDER, ordered_at__gte=start_of(policy.start_date, policy.time_zone)
    )
    is_sent = Posting.objects.filter(
        record=OuterRef("pk"), entity__in=SALES, operation="create", state=Posting.State.POSTED
    )
    is_open = ~Q(state__in=[Record.State.SKIPPED, Record.State.SYNCED])
    return rows.filter(is_open | Q(state=Record.State.SKIPPED, reason__startswith="status:")).exclude(Exists(is_sent))


def _orders(work: Slice) -> Iterator[Order]:
    rows = _open_records(work).exclude(status__in=NO_STOCK_TAKEN)
    for raw in rows.values_list("raw", flat=True).iterator(chunk_size=500):
        order = work.store.parse(raw)
        if isinstance(order, Order):
            yield order

"""Payloads that retention removed are read anew when their order is to be planned again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from connector.accounting.documents import Held
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.pull import IDS_AT_ONCE, keep_payload
from sync.models import Record


def read_anew(work: Slice, orders: Sequence[Record]) -> list[Record]:
    """The orders that have a payload, with those that had none read from the store, at most 100 a call.

    One that the store no longer has ends as `order_gone` and is left out. Raises what reading the store raises; what
    was read before it is kept."""
    missing = {order.woo_id: order for order in orders if not order.raw}
    ids = sorted(missing)
    gone: set[int] = set()
    for start in range(0, len(ids), IDS_AT_ONCE):
        wanted = ids[start : start + IDS_AT_ONCE]
        work.beat()
        found = {order.id: raw for raw, order in work.store.orders_by_id(wanted)}
        with transaction.atomic():
            for woo_id in wanted:
                if woo_id in found:
                    keep_payload(missing[woo_id], found[woo_id])
                else:
                    gone.add(woo_id)
                    held = Held("order_gone", {"order": missing[woo_id].number})
                    journal.end(missing[woo_id], work.run, held, version=work.options)
        work.checkpoint("payloads read")
    return [order for order in orders if order.woo_id not in gone]

"""The slow pass: deleted orders and deleted refunds bump nothing in the store, so posted orders are read again by id.

Once a day a round begins; every run takes a few pages of it until all posted orders of the last year were seen. What is
no longer there needs a person; a refund that has left its order is found by the same reading.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from sync.engine.context import Slice
from sync.engine.pull import IDS_AT_ONCE, ingest, note_gone
from sync.models import Cursor, Posting, Record

STREAM = "recheck"
EVERY = timedelta(days=1)
HOW_FAR_BACK = timedelta(days=365)
PAGES_A_RUN = 3


def recheck(work: Slice) -> None:
    """Some pages of the round that is due; nothing when the last one is younger than a day."""
    if work.run.parameters:
        return
    now = timezone.now()
    cursor, is_new = Cursor.objects.get_or_create(
        tenant=work.tenant, stream=STREAM, defaults={"position": now, "covered_from": now.date()}
    )
    if is_new or now - cursor.position < EVERY:
        return
    for _page in range(PAGES_A_RUN):
        ids = list(
            Record.objects.for_tenant(work.tenant)
            .filter(source=Record.Source.ORDER, woo_id__gt=cursor.last_id, ordered_at__gte=now - HOW_FAR_BACK)
            .filter(postings__state=Posting.State.POSTED, postings__operation="create")
            .distinct()
            .order_by("woo_id")
            .values_list("woo_id", flat=True)[:IDS_AT_ONCE]
        )
        if not ids:
            Cursor.objects.filter(pk=cursor.pk).update(position=now, last_id=0)
            return
        work.beat()
        rows = work.store.orders_by_id(ids)
        with transaction.atomic():
            ingest(work, rows)
            note_gone(work, set(ids) - {order.id for _raw, order in rows})
            Cursor.objects.filter(pk=cursor.pk).update(last_id=ids[-1])
        cursor.last_id = ids[-1]
        work.checkpoint("rechecked")

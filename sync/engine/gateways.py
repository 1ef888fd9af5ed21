"""Payment methods that come up in the store: what is there at the first sync is known, what comes later is news.

An order may show one first (`pull` notes that); one that was only switched on is found by asking the shop once a day.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from connector.errors import FaultError
from sync.engine.context import Slice
from sync.models import Cursor, Mapping

logger = logging.getLogger(__name__)

STREAM = "gateways"
EVERY = timedelta(days=1)


def is_known(work: Slice) -> bool:
    """Whether the shop's payment methods were looked at before: from then on a new one is news."""
    return Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).exists()


def note_gateways(work: Slice) -> None:
    """Once a day, in a whole run: payment methods that are switched on get a row; nothing is read otherwise.

    A shop that refuses the list, for its keys or a plugin, is asked again a day later: orders still show what is used.
    """
    if work.run.parameters:
        return
    now = timezone.now()
    cursor = Cursor.objects.for_tenant(work.tenant).filter(stream=STREAM).first()
    if cursor is not None and now - cursor.position < EVERY:
        return
    work.beat()
    try:
        found = [gateway for gateway in work.store.payment_gateways() if gateway.enabled]
    except FaultError as error:
        logger.warning("gateways.not_read", extra={"tenant": work.tenant.pk, "reason": error.reason})
        found = []
    rows = [
        Mapping(
            tenant=work.tenant,
            kind=Mapping.Kind.GATEWAY,
            store_key=gateway.id[:200],
            label=gateway.title[:255],
            is_news=cursor is not None,
        )
        for gateway in found
    ]
    with transaction.atomic():
        Mapping.objects.bulk_create(rows, ignore_conflicts=True)
        Cursor.objects.update_or_create(
            tenant=work.tenant,
            stream=STREAM,
            defaults={"position": now},
            create_defaults={"position": now, "covered_from": now.date()},
        )
    work.checkpoint("gateways noted")

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.models import Q

AFRESH: dict[str, Any] = {"state": "queued", "reason": "", "details": {}}


def queue_again(apps: Any, _schema: Any) -> None:
    """Refunds and cancelled orders were held while nothing could be sent for them."""
    records = apps.get_model("sync", "Record").objects.filter(state="attention", reason="not_yet_available")
    records.filter(Q(source="refund") | Q(details__what="cancelled_order")).update(**AFRESH)


class Migration(migrations.Migration):
    dependencies = [("sync", "0008_record_decisions")]

    operations = [migrations.RunPython(queue_again, migrations.RunPython.noop, elidable=True)]

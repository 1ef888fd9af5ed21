from __future__ import annotations

from typing import Any

from django.db import migrations

AFRESH: dict[str, Any] = {"state": "queued", "reason": "", "details": {}}


def queue_again(apps: Any, _schema: Any) -> None:
    """Edited orders were held while their documents could not follow."""
    held = apps.get_model("sync", "Record").objects.filter(state="attention", reason="not_yet_available")
    held.filter(details__what="edited_order").update(**AFRESH)


class Migration(migrations.Migration):
    dependencies = [("sync", "0014_requests")]

    operations = [migrations.RunPython(queue_again, migrations.RunPython.noop, elidable=True)]

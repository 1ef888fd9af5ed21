from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_queue_refunds_and_cancellations")]

    operations = [
        migrations.AddField(
            model_name="posting",
            name="is_linked",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

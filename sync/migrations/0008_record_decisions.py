from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0007_stock")]

    operations = [
        migrations.AddField(model_name="record", name="decisions", field=models.JSONField(blank=True, default=dict)),
    ]

"""The local mirror of a company's name lists: look-ups cost no metered read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class MirrorEntry(models.Model):
    """name_key, email_key and sku_key are compare-ready (case folded, trimmed). Shared by the company's tenants.

    lacks: the customer's details that it has none of, by name with blanks between (NameRow.lacks).
    """

    company = models.ForeignKey("tenants.Company", on_delete=models.CASCADE, related_name="mirror")
    kind = models.CharField(max_length=20)
    qbo_id = models.CharField(max_length=30)
    name = models.CharField(max_length=500)
    name_key = models.CharField(max_length=500)
    full_name = models.CharField(max_length=600, blank=True)
    email_key = models.CharField(max_length=254, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    sku_key = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, blank=True)
    type = models.CharField(max_length=60, blank=True)
    subtype = models.CharField(max_length=60, blank=True)
    sync_token = models.CharField(max_length=20, default="0")
    lacks = models.CharField(max_length=80, blank=True)
    inventory_start = models.DateField(null=True, blank=True)
    quantity = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    """On hand, of an inventory item, as last read."""
    quantity_changed_at = models.DateTimeField(null=True, blank=True)
    """By our clock: when another quantity than before was read."""
    had_stock = models.BooleanField(default=False, db_default=False)
    """It was above zero whenever we looked: somebody did enter a quantity."""
    is_untouched = models.BooleanField(default=False, db_default=False)

    objects: ClassVar[models.Manager[MirrorEntry]]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "kind", "qbo_id"], name="mirror_row_once_per_object"),
        ]
        indexes = [
            models.Index(fields=["company", "kind", "name_key"], name="mirror_by_name"),
            models.Index(fields=["company", "kind", "email_key"], name="mirror_by_email"),
            models.Index(fields=["company", "kind", "sku_key"], name="mirror_by_sku"),
        ]

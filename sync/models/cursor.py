"""How far a stream of the store has been read; it only moves once everything before it is safe in rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from sync.models.scoping import TenantQuerySet


class Cursor(models.Model):
    """position: modification time (the store's clock, UTC) up to which all orders are rows. covered_from: the first
    creation day (ISO date) that was ever read from."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="cursors")
    stream = models.CharField(max_length=20)
    position = models.DateTimeField()
    covered_from = models.DateField()
    last_id = models.BigIntegerField(default=0)
    """Of the slow pass: the last order id that was looked at in this round."""

    reading = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()), blank=True)
    """Of a stream that outlives a run: the window being read, its page size and the next page, counting down."""

    objects: ClassVar[TenantQuerySet[Cursor]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "stream"], name="one_cursor_per_stream")]

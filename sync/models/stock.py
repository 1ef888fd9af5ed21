"""One calculation of the store's stock from the books, line by line, and what was sent of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet


class StockPass(models.Model):
    """`pulled_at`: when the books' quantities were read, by our clock. `linked`: linked products with tracked stock at
    that time. `counts`: lines by outcome, those that are not stored included."""

    class Kind(models.TextChoices):
        PREVIEW = "preview", _("Preview")
        CHANGES = "changes", _("Changes")
        FULL = "full", _("Full pass")

    class State(models.TextChoices):
        WANTED = "wanted", _("Asked for")
        COUNTING = "counting", _("Calculating")
        READY = "ready", _("Ready")
        STOPPED = "stopped", _("Stopped by the brake")
        SENDING = "sending", _("Sending")
        DONE = "done", _("Sent")
        DECLINED = "declined", _("Nothing sent")
        REPLACED = "replaced", _("Replaced by a newer one")

    ACTIVE = (State.COUNTING, State.SENDING)
    OPEN = (State.WANTED, State.COUNTING, State.READY, State.STOPPED, State.SENDING)

    class Decision(models.TextChoices):
        ASIDE = "aside", _("Zeros set aside")
        COUNTED = "counted", _("Sent, but for quantities never entered")
        ALL = "all", _("Everything sent")

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="stock_passes")
    company = models.ForeignKey("tenants.Company", on_delete=models.CASCADE, related_name="stock_passes")
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="stock_passes")
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    created_at = models.DateTimeField(default=timezone.now)
    pulled_at = models.DateTimeField(null=True, blank=True)
    counted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    changed_since = models.DateTimeField(null=True, blank=True)
    """Of a pass over changes: only items whose quantity changed after this moment."""
    last_key = models.CharField(max_length=400, blank=True)
    """The store key of the last link that was counted; counting goes on behind it."""
    linked = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    decided_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    """When a report first told that it waits for a decision."""

    objects: ClassVar[TenantQuerySet[StockPass]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["preview", "changes", "full"]), name="stock_kind_is_known"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "wanted", "counting", "ready", "stopped", "sending", "done", "declined", "replaced",
                    ]
                ),
                name="stock_state_is_known",
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(state__in=["wanted", "counting", "ready", "stopped", "sending"]),
                name="one_open_stock_pass_per_tenant",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"stock {self.kind} {self.pk} ({self.state})"


class StockLine(models.Model):
    """One product in a pass: store_quantity -> target = books_quantity - sold. `sent_at` is set once the store took it;
    until then a line to be sent is sent again, always as a number, so that repeating it changes nothing."""

    stock_pass = models.ForeignKey(StockPass, on_delete=models.CASCADE, related_name="lines")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="stock_lines")
    store_key = models.CharField(max_length=400)
    product_id = models.BigIntegerField()
    variation_id = models.BigIntegerField(default=0)
    qbo_id = models.CharField(max_length=30)
    name = models.CharField(max_length=255, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    store_quantity = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    books_quantity = models.DecimalField(max_digits=20, decimal_places=5)
    sold = models.DecimalField(max_digits=20, decimal_places=5, default=0)
    target = models.BigIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=10)
    counted_as = models.CharField(max_length=10, blank=True, default="", db_default="")
    """The outcome before anybody chose for this product; "" on lines from before that could be chosen."""
    detail = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet[StockLine]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stock_pass", "store_key"], name="stock_line_once_per_product"),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=[
                        "same", "changed", "to_zero", "never_set", "aside", "left_out", "unmanaged", "gone", "failed",
                    ]
                ),
                name="stock_outcome_is_known",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["stock_pass", "outcome"], name="stock_by_outcome")]

    def __str__(self) -> str:
        return f"{self.sku or self.store_key}: {self.store_quantity} -> {self.target} ({self.outcome})"

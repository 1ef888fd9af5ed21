"""A period of the store beside what stood in QuickBooks when it was read: a snapshot, so that looking costs no call."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet


class Reconciliation(models.Model):
    """`first` to `last`, both included, as document dates. `reads`: metered reads it took. `documents`: of ours found.

    strangers: other documents of the company in these days; neighbours: those of them that another workspace of this
    service made. tallies: sums by currency and day, see `sync.reconciliation.sums`."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        READING = "reading", _("Reading")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    ACTIVE = (State.QUEUED, State.READING)
    CLAIM = timedelta(seconds=150)
    """Longer than the longest call, so that a claim only runs out when its worker is dead."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="reconciliations")
    company = models.ForeignKey("tenants.Company", on_delete=models.CASCADE, related_name="reconciliations")
    first = models.DateField()
    last = models.DateField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reading = models.JSONField(default=dict, blank=True)
    """Where the reading stands: {"kinds": [those to come], "start": row of the next page, "step"}."""
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    """How many documents of ours are expected; only for the progress."""
    documents = models.PositiveIntegerField(default=0)
    strangers = models.PositiveIntegerField(default=0)
    neighbours = models.PositiveIntegerField(default=0)
    reads = models.PositiveIntegerField(default=0)
    tallies = models.JSONField(default=dict, blank=True)
    claim = models.CharField(max_length=40, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    failed_attempts = models.PositiveIntegerField(default=0)
    error_reason = models.CharField(max_length=60, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    """When a task message for it was last handed to the broker."""

    objects: ClassVar[TenantQuerySet[Reconciliation]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "first", "last"],
                condition=Q(state__in=["queued", "reading"]),
                name="one_active_reconciliation_per_period",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "reading", "ready", "failed"]), name="reconciliation_state_is_known"
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="reconciliation_has_days"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "reading"]) | Q(finished_at__isnull=False),
                name="reconciliation_that_ended_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "-created_at"], name="reconciliation_by_tenant"),
            models.Index(
                fields=["created_at"], name="reconciliation_in_flight", condition=Q(state__in=["queued", "reading"])
            ),
        ]

    def __str__(self) -> str:
        return f"reconciliation {self.first} to {self.last} ({self.state})"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE


class ReconciliationLine(models.Model):
    """One document of ours, or one order or refund that has none. Amounts are positive whatever they do to the sums;
    None where a side has nothing, or where the company keeps no tax.

    store_day: the date it bears by our books; books_day: the date it bears in QuickBooks. posted_total: what QuickBooks
    answered when it was written. finding: "" when both sides agree; changes: the fields that differ."""

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        REFUND = "refund", _("Refund")
        PAYMENT = "payment", _("Payment")
        FEE = "fee", _("Gateway fee")

    class Finding(models.TextChoices):
        NOT_SENT = "not_sent"
        DELETED = "deleted"
        VOIDED = "voided"
        AMOUNT = "amount"
        REDATED = "redated"
        OTHER_ACCOUNT = "other_account"
        EDITED = "edited"
        STORE_CHANGED = "store_changed"
        COPY = "copy"
        WITHOUT_ORDER = "without_order"

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="lines")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="reconciliation_lines")
    record = models.ForeignKey("sync.Record", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    entity = models.CharField(max_length=30, blank=True)
    qbo_id = models.CharField(max_length=30, blank=True)
    doc_number = models.CharField(max_length=30, blank=True)
    order_number = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    store_day = models.DateField(null=True, blank=True)
    books_day = models.DateField(null=True, blank=True)
    store_total = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    store_tax = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    posted_total = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    books_total = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    books_tax = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    account_id = models.CharField(max_length=30, blank=True)
    account_name = models.CharField(max_length=255, blank=True)
    books_account_id = models.CharField(max_length=30, blank=True)
    books_account_name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    is_explained = models.BooleanField(default=False)
    """The record says itself why both sides differ: it is on its way, waits, or needs attention."""
    finding = models.CharField(max_length=20, blank=True, choices=Finding)
    changes = models.JSONField(default=list, blank=True)

    objects: ClassVar[TenantQuerySet[ReconciliationLine]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reconciliation", "entity", "qbo_id"],
                condition=~Q(qbo_id=""),
                name="reconciliation_line_once_per_document",
            ),
            models.UniqueConstraint(
                fields=["reconciliation", "record"],
                condition=Q(qbo_id=""),
                name="reconciliation_line_once_without_document",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["sale", "refund", "payment", "fee"]), name="reconciliation_line_kind_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["reconciliation", "currency", "store_day"], name="reconciliation_line_by_day"),
            models.Index(
                fields=["reconciliation", "finding"], name="reconciliation_line_found", condition=~Q(finding="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.doc_number or self.order_number} ({self.finding or 'agrees'})"

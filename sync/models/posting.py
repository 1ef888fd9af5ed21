"""One write to QuickBooks with its identity, and the batch it travels in. Rows exist before the call leaves."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sync.models.scoping import TenantQuerySet


class Batch(models.Model):
    """Up to 30 writes that travel together. A batch whose answer was lost is sent again exactly as it was."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="batches")
    company = models.ForeignKey("tenants.Company", on_delete=models.PROTECT, related_name="batches")
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="batches")
    request_id = models.CharField(max_length=36, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Batch]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["open", "answered"]), name="batch_state_is_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "company"], name="batch_open", condition=Q(state="open")),
        ]


class Posting(models.Model):
    """Unique by (tenant, key, operation, generation); the generation rises only after a definite answer."""

    class State(models.TextChoices):
        PLANNED = "planned"
        POSTED = "posted"
        FAULTED = "faulted"
        UNDONE = "undone"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="postings")
    company = models.ForeignKey("tenants.Company", on_delete=models.PROTECT, related_name="postings")
    record = models.ForeignKey("sync.Record", null=True, blank=True, on_delete=models.PROTECT, related_name="postings")
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="postings")
    options_version = models.ForeignKey("sync.OptionsVersion", null=True, blank=True, on_delete=models.PROTECT)
    key = models.CharField(max_length=400)
    operation = models.CharField(max_length=10)
    generation = models.PositiveIntegerField(default=0)
    entity = models.CharField(max_length=30)
    payload = models.JSONField()
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.PROTECT, related_name="postings")
    bid = models.CharField(max_length=10, blank=True)
    travels_alone = models.BooleanField(default=False)
    """Set when its batch went without an answer too often: it then travels in a batch of its own."""

    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    planned_total = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    planned_tax = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    planned_rates = models.JSONField(default=dict, blank=True)
    """QuickBooks tax rate id -> amount as planned, as strings."""
    qbo_id = models.CharField(max_length=30, blank=True)
    sync_token = models.CharField(max_length=20, blank=True)
    doc_number = models.CharField(max_length=30, blank=True)
    total = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    tax = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    rates = models.JSONField(default=dict, blank=True)
    answer = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of the order as this write shows it (`Record.fingerprint`); "" where no order is shown."""
    fault_code = models.CharField(max_length=20, blank=True)
    fault_detail = models.CharField(max_length=1000, blank=True)
    is_adopted = models.BooleanField(default=False)
    is_linked = models.BooleanField(default=False, db_default=False)
    """Its document was made by somebody else: it belongs to its record, and no write of ours ever changes it."""

    created_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Posting]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key", "operation", "generation"], name="posting_key_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=["tenant", "key"],
                condition=Q(operation="create", state__in=["planned", "posted"]),
                name="one_living_create_per_key",
            ),
            models.UniqueConstraint(fields=["batch", "bid"], name="posting_place_in_its_batch"),
            models.UniqueConstraint(
                fields=["company", "entity", "qbo_id"],
                condition=Q(operation="create", state="posted", record__isnull=False),
                name="one_record_per_document",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["planned", "posted", "faulted", "undone"]), name="posting_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(operation__in=["create", "update", "void", "delete"]), name="posting_operation_is_known"
            ),
            models.CheckConstraint(condition=~Q(state="posted") | ~Q(qbo_id=""), name="posted_means_qbo_id"),
            models.CheckConstraint(condition=~Q(state="faulted") | ~Q(fault_code=""), name="faulted_means_fault_code"),
            models.CheckConstraint(condition=Q(batch__isnull=True) | ~Q(bid=""), name="posting_in_batch_has_a_place"),
        ]
        indexes = [
            models.Index(fields=["tenant", "key"], name="posting_by_key"),
            models.Index(fields=["tenant"], name="posting_to_send", condition=Q(state="planned")),
        ]

    @property
    def is_standing(self) -> bool:
        """It made a document that stands in the books, as far as we know."""
        return self.operation == "create" and self.state == self.State.POSTED

    def __str__(self) -> str:
        return f"{self.operation} {self.key} g{self.generation} ({self.state})"

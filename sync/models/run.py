"""One execution of the sync, from the first page read to the last total compared."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet


class Run(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        PAUSED = "paused", _("Paused")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    class Phase(models.TextChoices):
        READ = "read", _("Read the store")
        RESOLVE = "resolve", _("Find customers and items")
        PLAN = "plan", _("Prepare")
        POST = "post", _("Send")
        VERIFY = "verify", _("Compare")
        PRODUCTS = "products", _("Send products")
        STOCK = "stock", _("Update the stock")
        SEARCH = "search", _("Look for existing documents")

    ACTIVE = (State.QUEUED, State.RUNNING)
    ASIDE = ("search", "links")
    """Triggers of runs that send nothing: they look for documents that are in the books already, and link them."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=20, default="schedule")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    parameters = models.JSONField(default=dict, blank=True)
    """order_ids: only these; since: re-read orders created from that ISO date; only: "stock", "search" or
    "links", nothing else."""

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.READ)
    phase_at = models.DateTimeField(null=True, blank=True)
    """When the phase began: of products and of stock the time that is left is told by it."""
    reading = models.JSONField(default=dict, blank=True)
    """Where the reading of the window stands: bounds, page size and the next page, counting down."""
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    tally = models.JSONField(default=dict, blank=True)
    notices = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    waiting_for = models.CharField(max_length=60, blank=True)
    failed_attempts = models.PositiveIntegerField(default=0)
    error_reason = models.CharField(max_length=60, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)
    cancel_requested = models.BooleanField(default=False)
    woo_calls = models.PositiveIntegerField(default=0)
    qbo_calls = models.PositiveIntegerField(default=0)
    qbo_reads = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    progressed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    """When a task message for this run was last handed to the broker."""

    objects: ClassVar[TenantQuerySet[Run]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state__in=["queued", "running"]), name="one_active_run_per_tenant"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "finished", "paused", "cancelled", "failed"]),
                name="run_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"]) | Q(finished_at__isnull=False),
                name="run_that_ended_has_an_end",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "not_before"], name="run_in_flight", condition=Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["tenant", "-created_at"], name="run_by_tenant"),
            models.Index(fields=["finished_at"], name="run_by_end"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.state})"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

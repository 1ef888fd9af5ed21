"""What a person asked of the engine for one record, or for all that a run posted: who, when, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sync.models.scoping import TenantQuerySet


class Request(models.Model):
    """Written by a page, carried out by a run under the company's lease. Open ones outlive the run that dies."""

    class Kind(models.TextChoices):
        RESYNC = "resync"
        """Read order and document again, compare, and follow what differs."""
        KEEP = "keep"
        """Leave the document as a person made it in QuickBooks."""
        REPLACE = "replace"
        """Make the document say again what the store says."""
        UNDO = "undo"
        """Delete what we created."""

    class State(models.TextChoices):
        OPEN = "open"
        DONE = "done"
        REFUSED = "refused"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="requests")
    record = models.ForeignKey("sync.Record", on_delete=models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=10, choices=Kind)
    undone_run = models.ForeignKey(
        "sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="undo_requests"
    )
    """The run that is undone as a whole; it is asked for record by record."""
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    who = models.CharField(max_length=255, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    """The run that carried it out."""
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    result = models.JSONField(default=dict, blank=True)
    """What came of it: {"outcome": word of a closed list, and what its sentence names}."""
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantQuerySet[Request]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record"], condition=Q(state="open"), name="one_open_request_per_record"),
            models.CheckConstraint(condition=Q(state__in=["open", "done", "refused"]), name="request_state_is_known"),
            models.CheckConstraint(
                condition=Q(kind__in=["resync", "keep", "replace", "undo"]), name="request_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(ended_at__isnull=False), name="request_that_ended_has_an_end"
            ),
        ]
        indexes = [models.Index(fields=["tenant"], name="request_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.kind} of record {self.record_id} ({self.state})"

    def end(self, state: str, run: models.Model | None, **result: object) -> None:
        """Once: an ended request stays as it ended."""
        Request.objects.filter(pk=self.pk, state=self.State.OPEN).update(
            state=state, result=result, run=run, ended_at=timezone.now()
        )

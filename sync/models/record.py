"""The life of one source object (an order, a refund, a product) in our books, and its history in sentences."""

from __future__ import annotations

from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet


class Record(models.Model):
    class Source(models.TextChoices):
        ORDER = "order", _("Order")
        REFUND = "refund", _("Refund")
        PRODUCT = "product", _("Product")

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SYNCED = "synced", _("Synced")
        SKIPPED = "skipped", _("Skipped")
        WAITING = "waiting", _("Waiting")
        ATTENTION = "attention", _("Needs attention")

    IN_FLIGHT = (State.QUEUED, State.SENDING)
    ENDED = (State.SYNCED, State.SKIPPED, State.WAITING, State.ATTENTION)
    NEEDS_DECISION = ("edited_in_quickbooks", "document_gone")
    """Reasons that looking again cannot end: a person touched the document, and a person says what becomes of it."""
    SET_ASIDE = ("by_hand", "undone", "deletion_accepted")
    """Skipped by a person: neither a change in the store nor new settings bring it back, only a person."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="records")
    source = models.CharField(max_length=10, choices=Source)
    woo_id = models.BigIntegerField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    number = models.CharField(max_length=100, blank=True)
    buyer = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=60, blank=True)
    gateway = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    store_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    store_tax = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    ordered_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    raw = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    raw_hash = models.CharField(max_length=64, blank=True)
    raw_removed_at = models.DateTimeField(null=True, blank=True)
    """When retention removed the payload; None again once it was read anew."""
    planned_hash = models.CharField(max_length=64, blank=True)
    """raw_hash of the payload that was last planned: another one means that the order changed on the way."""

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=80, blank=True)
    details = models.JSONField(default=dict, blank=True)
    notices = models.JSONField(default=list, blank=True)
    proof = models.JSONField(default=dict, blank=True)
    """The plan's proof and, once posted, what QuickBooks answered; amounts as strings."""
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of the order as its document in QuickBooks shows it: an edited order differs from it."""
    learning = models.JSONField(default=dict, blank=True)
    """What answers to this document taught about the company's tax amounts: it is planned with that from then on."""
    decisions = models.JSONField(default=dict, blank=True)
    """What people decided about this record, by reason; unlike `details` it outlives every retry."""
    options_version = models.ForeignKey(
        "sync.OptionsVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="records"
    )
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="records")
    failed_attempts = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField(default=timezone.now)
    state_since = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantQuerySet[Record]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "source", "woo_id"], name="one_record_per_source_object"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "synced", "skipped", "waiting", "attention"]),
                name="record_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["skipped", "waiting", "attention"]) | ~Q(reason=""),
                name="record_that_is_not_synced_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "sending", "synced"]) | Q(reason=""),
                name="record_without_trouble_has_no_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "woo_id"], name="record_queue"),
            models.Index(fields=["tenant", "-ordered_at"], name="record_by_date"),
            models.Index(fields=["run", "state"], name="record_by_run"),
            models.Index(
                fields=["tenant", "state_since"], name="record_payload_by_age", condition=Q(raw_removed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.number or self.woo_id}"

    def queue_again(self, *, by: str) -> bool:
        """Lets the next run look at it afresh; False when it is in flight, already synced or waits for a decision.

        `by` names who asked."""
        again = Record.objects.filter(
            pk=self.pk, state__in=[self.State.ATTENTION, self.State.SKIPPED, self.State.WAITING]
        ).exclude(reason__in=self.NEEDS_DECISION)
        queued = again.update(
            state=self.State.QUEUED, reason="", details={}, failed_attempts=0, state_since=timezone.now()
        )
        if queued:
            self.refresh_from_db()
            RecordEvent.objects.create(record=self, kind="queued_again", details={"by": by})
        return bool(queued)

    def post_again(self, *, by: str) -> bool:
        """Lets the next run send a new document for one that is gone. False when none is missing."""
        again = Record.objects.filter(pk=self.pk, state=self.State.ATTENTION, reason="document_gone").update(
            state=self.State.QUEUED, reason="", details={}, failed_attempts=0, state_since=timezone.now()
        )
        if again:
            self.refresh_from_db()
            RecordEvent.objects.create(record=self, kind="posted_again", details={"by": by})
            return True
        is_set_aside = self.state == self.State.SKIPPED and self.reason in ("undone", "deletion_accepted")
        return is_set_aside and self.queue_again(by=by)

    def accept_deletion(self, *, by: str) -> bool:
        """Leaves it without its document; reversible by `post_again`. False when none is missing."""
        accepted = Record.objects.filter(pk=self.pk, state=self.State.ATTENTION, reason="document_gone").update(
            state=self.State.SKIPPED,
            reason="deletion_accepted",
            details={"by": by, **{key: self.details[key] for key in ("number",) if key in self.details}},
            state_since=timezone.now(),
        )
        if accepted:
            self.refresh_from_db()
            RecordEvent.objects.create(record=self, kind="deletion_accepted", details={"by": by})
        return bool(accepted)

    def decide(self, reason: str, choice: str, *, by: str) -> bool:
        """Keeps a person's answer to the question that `reason` is, and lets the next run act on it. False when it is
        not held for that reason any more."""
        decisions = {**self.decisions, reason: choice}
        decided = Record.objects.filter(pk=self.pk, state=self.State.ATTENTION, reason=reason).update(
            decisions=decisions,
            state=self.State.QUEUED,
            reason="",
            details={},
            failed_attempts=0,
            state_since=timezone.now(),
        )
        if decided:
            self.refresh_from_db()
            RecordEvent.objects.create(record=self, kind="decided", details={"by": by, "choice": f"{reason}:{choice}"})
        return bool(decided)

    def skip_by_hand(self, *, by: str, why: str) -> bool:
        """Sets it aside with the person's reason; reversible by `queue_again`. False when there is nothing to skip."""
        skipped = Record.objects.filter(pk=self.pk, state__in=[self.State.ATTENTION, self.State.WAITING]).update(
            state=self.State.SKIPPED,
            reason="by_hand",
            details={"by": by, "why": why[:500]},
            state_since=timezone.now(),
        )
        if skipped:
            self.refresh_from_db()
            RecordEvent.objects.create(record=self, kind="skipped_by_hand", details={"by": by, "why": why[:500]})
        return bool(skipped)


class RecordEvent(models.Model):
    """One thing that happened to a record. `kind` names the sentence, `details` fill it and open the evidence."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=40)
    details = models.JSONField(default=dict, blank=True)
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["record", "at"], name="event_by_record")]

"""Documents that are not ours, keyed by hand or by another connector, and the order or refund that each may be."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from sync.models.scoping import TenantQuerySet


class KeyedDocument(models.Model):
    """One document as the last search found it, with the order, or the refund, that fits it best; what fits none is
    forgotten."""

    STREAM = "keyed"
    """Of the cursor that says how far back, and when, the books were last looked through."""

    class State(models.TextChoices):
        FOUND = "found"
        CHOSEN = "chosen"
        LINKED = "linked"
        REFUSED = "refused"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="keyed_documents")
    company = models.ForeignKey("tenants.Company", on_delete=models.CASCADE, related_name="+")
    entity = models.CharField(max_length=30)
    qbo_id = models.CharField(max_length=30)
    number = models.CharField(max_length=30, blank=True)
    customer = models.CharField(max_length=255, blank=True)
    document_date = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=5)
    tax = models.DecimalField(max_digits=20, decimal_places=5, null=True, blank=True)
    number_key = models.CharField(max_length=60, blank=True)
    note_key = models.CharField(max_length=60, blank=True)
    """An order's number as the document's own number, or its note, seems to tell it."""

    woo_id = models.BigIntegerField(null=True, blank=True)
    refund_id = models.BigIntegerField(default=0, db_default=0)
    """The order, and which of its refunds; 0 for its sale."""

    order_number = models.CharField(max_length=100, blank=True)
    order_total = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    ordered_at = models.DateTimeField(null=True, blank=True)
    buyer = models.CharField(max_length=255, blank=True)
    score = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=30, blank=True)
    """What the pair rests on, or why it is not certain; a key of the words that the page shows."""

    is_certain = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.FOUND)
    chosen_by = models.CharField(max_length=255, blank=True)
    refusal = models.CharField(max_length=30, blank=True)

    objects: ClassVar[TenantQuerySet[KeyedDocument]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "entity", "qbo_id"], name="keyed_document_once_per_tenant"),
            models.CheckConstraint(
                condition=Q(state__in=["found", "chosen", "linked", "refused"]), name="keyed_state_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "number_key"], name="keyed_by_number"),
            models.Index(fields=["tenant", "note_key"], name="keyed_by_note"),
            models.Index(fields=["tenant", "total", "document_date"], name="keyed_by_total"),
            models.Index(fields=["tenant", "woo_id"], name="keyed_by_order"),
            models.Index(fields=["tenant"], name="keyed_chosen", condition=Q(state="chosen")),
        ]

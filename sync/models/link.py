"""The stored pair store object ↔ QuickBooks object, so that known buyers and products cost no look-up."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sync.models.scoping import TenantQuerySet


class Link(models.Model):
    """store_key: `customer:…` or `item:…` of connector.accounting.keys. Links belong to one company.

    details_sign: of the customer's details that were last sent along, so that the same are not sent again.
    made_by: how the pair was found: MATCHED, "sku", "name", "email", "created", BY_HAND, or DEFAULT: a product that is
    sold as whatever the default item is, because somebody said so.
    """

    MATCHED = "match"
    BY_HAND = "hand"
    DEFAULT = "default"

    class Kind(models.TextChoices):
        CUSTOMER = "customer"
        ITEM = "item"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="links")
    company = models.ForeignKey("tenants.Company", on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=10, choices=Kind)
    store_key = models.CharField(max_length=400)
    qbo_id = models.CharField(max_length=30)
    name = models.CharField(max_length=500, blank=True)
    details_sign = models.CharField(max_length=64, blank=True)
    made_by = models.CharField(max_length=20, default=MATCHED)
    stock_aside = models.BooleanField(default=False, db_default=False)
    """A person set this product's zero aside; the store keeps its stock until the books hold some again."""
    stock_choice = models.CharField(max_length=3, blank=True, default="", db_default="")
    """What somebody chose for this product's stock: "out" or "in" of connector.accounting.stock."""
    may_reactivate = models.BooleanField(default=False, db_default=False)
    """A person asked for its object to be made active again; it is asked once, and spent by the write that does it."""
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantQuerySet[Link]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "company", "kind", "store_key"], name="link_once_per_store_key"),
            models.CheckConstraint(condition=~Q(qbo_id=""), name="link_has_a_target"),
            models.CheckConstraint(condition=Q(kind__in=["customer", "item"]), name="link_kind_is_known"),
        ]

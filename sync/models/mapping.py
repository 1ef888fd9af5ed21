"""Things of the store that need a counterpart in the books, as the orders show them: rates, gateways, products.

The merchant's choices for rates and gateways are part of the options document (immutable versions); these rows say what
occurs and what still lacks a choice, and remember choices about single products ("this SKU means that item").
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from sync.models.scoping import TenantQuerySet

if TYPE_CHECKING:
    from tenants.models import Tenant


class Mapping(models.Model):
    class Kind(models.TextChoices):
        TAX_RATE = "tax_rate"
        GATEWAY = "gateway"
        PRODUCT = "product"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="mappings")
    kind = models.CharField(max_length=10, choices=Kind)
    store_key = models.CharField(max_length=200)
    label = models.CharField(max_length=255, blank=True)
    sku = models.CharField(max_length=120, blank=True, db_default="")
    """Of a product, as it was last read."""
    qbo_id = models.CharField(max_length=30, blank=True)
    may_create = models.BooleanField(default=False, db_default=False)
    """Somebody asked for an item to be made for this product, whether or not the settings create items."""
    is_news = models.BooleanField(default=False, db_default=False)
    """Of a gateway: it came up in the store after the first sync, so it is announced until somebody chooses for it."""
    told_at = models.DateTimeField(null=True, blank=True)
    """When a report told of it; it is told of once."""
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantQuerySet[Mapping]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind", "store_key"], name="mapping_once_per_store_key"),
            models.CheckConstraint(
                condition=Q(kind__in=["tax_rate", "gateway", "product"]), name="mapping_kind_is_known"
            ),
        ]

    @classmethod
    def see_products(cls, tenant: Tenant, products: Dict[str, tuple[str, str]]) -> None:
        """Store key -> (name, SKU) of products as they were just read; a person's choices stay as they are."""
        now = timezone.now()
        rows = [
            cls(tenant=tenant, kind=cls.Kind.PRODUCT, store_key=key, label=name[:255], sku=sku[:120], last_seen_at=now)
            for key, (name, sku) in sorted(products.items())
        ]
        cls.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "kind", "store_key"],
            update_fields=["label", "sku", "last_seen_at"],
        )

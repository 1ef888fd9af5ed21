"""The merchant's choices, as immutable versions of the tenant document's options."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from sync.models.scoping import TenantQuerySet


class OptionsVersion(models.Model):
    """`document` holds the sections of the tenant document but connections and members; references as {id, name}."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="options_versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    who = models.CharField(max_length=150, blank=True)

    objects: ClassVar[TenantQuerySet[OptionsVersion]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="options_version_once_per_tenant"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="options_version_from_one"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Versions are written once; whoever changes a choice writes the next one."""
        if self.pk is not None:
            raise TypeError("An options version never changes; save a new one.")
        super().save(*args, **kwargs)

"""One attempt to connect a side: a single-use state, bound to a person, a tenant and a browser, and what came back."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.secrets import EncryptedTextField


class ConnectionAttempt(models.Model):
    """Tokens stay here, encrypted, until the person has seen which company they belong to and said yes."""

    class Side(models.TextChoices):
        STORE = "store"
        QUICKBOOKS = "quickbooks"

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="connection_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connection_attempts")
    side = models.CharField(max_length=10, choices=Side)
    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    """When the other side answered: from then on the state is used up."""
    ended_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=60, blank=True)
    problem_detail = models.CharField(max_length=255, blank=True)

    store_url = models.CharField(max_length=500, blank=True)
    is_same_shop = models.BooleanField(default=False)
    """The person said that the new address is the shop that was connected before."""

    realm_id = EncryptedTextField(blank=True, default="")
    access_token = EncryptedTextField(blank=True, default="")
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token = EncryptedTextField(blank=True, default="")
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    objects: ClassVar[models.Manager[ConnectionAttempt]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(side__in=["store", "quickbooks"]), name="attempt_side_is_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(refresh_token=""), name="attempt_that_ended_keeps_no_token"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="attempt_open", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk} ({self.side})"

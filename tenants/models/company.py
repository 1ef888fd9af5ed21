"""One QuickBooks company: tokens, facts, lease, refresh lock and call budget, shared by its tenants."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.secrets import EncryptedTextField, keyed_hash, keyed_hashes


class Connection(models.TextChoices):
    CONNECTED = "connected", _("Connected")
    EXPIRED = "expired", _("Expired")
    REVOKED = "revoked", _("Disconnected")


class CompanyQuerySet(models.QuerySet["Company"]):
    def with_realm(self, realm_id: str) -> CompanyQuerySet:
        """Found by the keyed hash, under any configured key: the realm id itself is encrypted."""
        return self.filter(realm_hash__in=keyed_hashes(realm_id))


class Company(models.Model):
    """`facts` holds what `CompanyFacts` says, as JSON; `learned_*` what its answers taught about tax amounts."""

    realm_hash = models.CharField(max_length=64, unique=True)
    realm_id = EncryptedTextField()
    name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=Connection, default=Connection.CONNECTED)
    state_since = models.DateTimeField(default=timezone.now)
    state_detail = models.CharField(max_length=255, blank=True)

    access_token = EncryptedTextField(blank=True, default="")
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token = EncryptedTextField(blank=True, default="")
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    applied_token_hash = models.CharField(max_length=64, blank=True)

    facts = models.JSONField(default=dict, blank=True)
    facts_read_at = models.DateTimeField(null=True, blank=True)
    names_read_at = models.DateTimeField(null=True, blank=True)
    names_progress = models.JSONField(default=dict, blank=True)
    """While the name lists are read: {"kind", "list", "lists", "rows", "at"}; {"problem"} when it has to wait."""
    heard_at = models.DateTimeField(null=True, blank=True)
    """When Intuit's webhooks last told something of this company, our own writes included."""
    names_changed_at = models.DateTimeField(null=True, blank=True)
    """By Intuit's clock: a name list changed, by other hands than ours, after this much was read."""
    items_changed_at = models.DateTimeField(null=True, blank=True)
    """By Intuit's clock: an item, or a document that moves stock, was written by other hands than ours."""
    learned_overrides = models.CharField(max_length=10, default="unknown")
    learned_rounding = models.CharField(max_length=10, default="per_rate")
    learned_prediction_wrong = models.BooleanField(default=False)

    lease_token = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    refresh_lock_token = models.CharField(max_length=40, blank=True)
    refresh_lock_until = models.DateTimeField(null=True, blank=True)
    budget = models.JSONField(default=dict, blank=True)
    budget_version = models.BigIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Company]] = CompanyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=Connection.values), name="company_state_is_known"),
            models.CheckConstraint(
                condition=Q(learned_overrides__in=["unknown", "kept", "ignored", "refused"]),
                name="company_learned_overrides_is_known",
            ),
            models.CheckConstraint(
                condition=Q(learned_rounding__in=["per_rate", "per_line"]), name="company_learned_rounding_is_known"
            ),
            models.CheckConstraint(
                condition=Q(lease_token="") | Q(lease_until__isnull=False), name="company_lease_has_an_end"
            ),
        ]
        indexes = [
            models.Index(fields=["state_since"], name="company_lost", condition=~Q(state="connected")),
            models.Index(fields=["refreshed_at"], name="company_idle", condition=Q(state="connected")),
        ]

    def __str__(self) -> str:
        return self.name or f"company {self.pk}"

    @classmethod
    def for_realm(cls, realm_id: str) -> Company:
        """The one row of this realm, made on first sight."""
        found = CompanyQuerySet(cls).with_realm(realm_id).first()
        if found is not None:
            return found
        company, _created = cls.objects.get_or_create(realm_hash=keyed_hash(realm_id), defaults={"realm_id": realm_id})
        return company

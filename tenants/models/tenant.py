"""The workspace: one shop, one company, and when it is next due."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.company import Company, Connection
from tenants.secrets import EncryptedTextField


def new_tenant_key() -> str:
    """Eight characters, fixed for ever: part of the marker in every document (product specification §1, Identity)."""
    return secrets.token_hex(4)


class TenantQuerySet(models.QuerySet["Tenant"]):
    def due(self, now: datetime) -> TenantQuerySet:
        """Tenants whose hour has come; an index scan over next_run_at."""
        return self.filter(automatic_sync=True, is_paused=False, next_run_at__lte=now).order_by("next_run_at")


class Tenant(models.Model):
    key = models.CharField(max_length=16, unique=True, default=new_tenant_key, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=64, default="UTC")
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.PROTECT, related_name="tenants")

    store_url = models.CharField(max_length=500, blank=True)
    store_consumer_key = EncryptedTextField(blank=True, default="")
    store_consumer_secret = EncryptedTextField(blank=True, default="")
    store_state = models.CharField(max_length=10, choices=Connection, default=Connection.CONNECTED)
    store_state_since = models.DateTimeField(default=timezone.now)
    store_state_detail = models.CharField(max_length=255, blank=True)
    store_facts = models.JSONField(default=dict, blank=True)
    store_seen_at = models.DateTimeField(null=True, blank=True)

    store_mail_for = models.DateTimeField(null=True, blank=True)
    company_mail_for = models.DateTimeField(null=True, blank=True)
    """The `state_since` of the outage that the owners were told of; the claim is made before the mail leaves."""

    automatic_sync = models.BooleanField(default=False)
    is_paused = models.BooleanField(default=False)
    next_run_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Tenant]] = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(store_state__in=Connection.values), name="tenant_store_state_is_known"),
            models.CheckConstraint(condition=~Q(slug=""), name="tenant_has_a_slug"),
        ]
        indexes = [
            models.Index(
                fields=["next_run_at"], name="tenant_due", condition=Q(automatic_sync=True) & Q(is_paused=False)
            ),
            models.Index(fields=["store_state_since"], name="tenant_store_lost", condition=~Q(store_state="connected")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """For showing times; what dates a document is decided by the options version that rules it."""
        return ZoneInfo(self.time_zone)

    @property
    def is_connected(self) -> bool:
        return bool(
            self.company
            and self.company.state == Connection.CONNECTED
            and self.store_url
            and self.store_state == Connection.CONNECTED
        )

    def next_slot(self, after: datetime) -> datetime:
        """The next hourly slot of this tenant: its second within the hour comes from a stable hash of its key."""
        offset = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:4]) % 3600
        slot = after.replace(minute=0, second=0, microsecond=0) + timedelta(seconds=offset)
        return slot if slot > after else slot + timedelta(hours=1)

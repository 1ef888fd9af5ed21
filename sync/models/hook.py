"""The webhooks of one shop: where they are delivered, how they are signed, and what the shop last asked for."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet
from tenants.secrets import EncryptedTextField


def new_address() -> str:
    """The last part of the delivery address. It cannot be guessed, but is no secret: the signature is what counts."""
    return secrets.token_urlsafe(16)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


class StoreHook(models.Model):
    """One row per connected shop. A delivery only sets `heard_at` and `wanted_since`: what changed is read from the
    shop itself, by the run that follows."""

    class State(models.TextChoices):
        UNCHECKED = "unchecked", _("Not set up yet")
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused in the store")
        REFUSED = "refused", _("Refused by the store")
        UNREACHABLE = "unreachable", _("Not possible here")

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="store_hook")
    address = models.CharField(max_length=40, unique=True, default=new_address)
    secret = EncryptedTextField(default=new_secret)
    state = models.CharField(max_length=12, choices=State, default=State.UNCHECKED)
    state_detail = models.CharField(max_length=255, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(default=timezone.now)
    repaired_at = models.DateTimeField(null=True, blank=True)
    """When webhooks that the shop had disabled or lost were last put right."""

    delivered_at = models.DateTimeField(null=True, blank=True)
    deliveries = models.PositiveBigIntegerField(default=0)
    refused_at = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveBigIntegerField(default=0)
    """Deliveries whose signature was wrong or missing."""

    heard_at = models.DateTimeField(null=True, blank=True)
    """The last delivery that asked for a run."""
    wanted_since = models.DateTimeField(null=True, blank=True)
    """The first delivery that no run has answered yet; empty once one began after all of them."""

    objects: ClassVar[TenantQuerySet[StoreHook]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["unchecked", "active", "paused", "refused", "unreachable"]),
                name="store_hook_state_is_known",
            ),
            models.CheckConstraint(condition=~Q(secret=""), name="store_hook_has_a_secret"),
            models.CheckConstraint(
                condition=Q(wanted_since__isnull=True) | Q(heard_at__isnull=False),
                name="store_hook_wants_what_it_heard",
            ),
        ]
        indexes = [
            models.Index(fields=["wanted_since"], name="store_hook_wanted", condition=Q(wanted_since__isnull=False)),
            models.Index(fields=["next_check_at"], name="store_hook_due"),
        ]

    def __str__(self) -> str:
        return f"webhooks of tenant {self.tenant_id} ({self.state})"

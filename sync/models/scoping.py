"""Rows that belong to a tenant are only ever asked for through it."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

from tenants.models import Tenant

Row = TypeVar("Row", bound=models.Model)


class TenantQuerySet(models.QuerySet[Row]):
    def for_tenant(self, tenant: Tenant | int) -> Self:
        return self.filter(tenant=tenant)

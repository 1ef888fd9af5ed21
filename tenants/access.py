"""The one door to a tenant for people: whoever is not a member meets a 404."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404

from tenants.models import Membership, Role, Tenant, User


def get_membership(user: User, slug: str, *, role: Role = Role.VIEWER) -> Membership:
    """The person's membership in the tenant `slug`. Raises Http404 for strangers, PermissionDenied below `role`."""
    membership = (
        Membership.objects.select_related("tenant", "tenant__company").filter(user=user, tenant__slug=slug).first()
    )
    if membership is None:
        raise Http404
    if not membership.may(role):
        raise PermissionDenied
    return membership


def get_tenant_for(user: User, slug: str, *, role: Role = Role.VIEWER) -> Tenant:
    return get_membership(user, slug, role=role).tenant

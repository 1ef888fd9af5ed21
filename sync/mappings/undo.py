"""Taking the newest choice back while nobody has chosen anything since."""

from __future__ import annotations

from django.db import transaction

from sync.models import OptionsVersion
from sync.portability import changes_between, save_options
from tenants.audit import log_change
from tenants.models import Tenant, User


def take_back(tenant: Tenant, number: int, *, user: User) -> bool:
    """The settings as they were before version `number`, as a new version; False when that is not the newest one."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        newest, *earlier = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[:2]
        if newest.number != number or not earlier:
            return False
        changes = changes_between(newest.document, earlier[0].document)
        save_options(tenant, earlier[0].document, user=user, helps=())
        told = {change.path: [change.before, change.after] for change in changes}
        log_change(tenant, "choice_taken_back", told, user=user)
    return True

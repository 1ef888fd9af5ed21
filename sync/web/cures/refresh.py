"""Reading QuickBooks' preferences, tax codes and lists afresh, for whoever changed something there."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from connector.errors import SyncError
from sync.connections.company import read_facts
from sync.tasks import request_names
from sync.web.connect_texts import sentences
from sync.web.cures.offer import Refused, Taken
from tenants.models import Tenant

READ_AGAIN_AFTER = timedelta(seconds=20)
"""Intuit meters reads: a second click within this time is answered from what the first one read."""


def read_company_again(tenant: Tenant, *, with_lists: bool) -> Taken | Refused:
    """Four metered reads; with_lists reads the name lists too, in the background, and runs wait for them."""
    company = tenant.company
    if company is None:
        return Refused(_("Connect QuickBooks first."))
    if company.facts_read_at is None or company.facts_read_at < timezone.now() - READ_AGAIN_AFTER:
        try:
            read_facts(company)
        except SyncError as error:
            return Refused(sentences(error.reason))
    if with_lists:
        request_names(company)
    return Taken(_("QuickBooks’ settings were read again."))

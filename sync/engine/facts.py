"""The company's preferences and tax lists, read again when an answer shows that what is known of them is old.

Tax codes are in no change read: one that somebody made inactive shows only in a refusal.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from connector.accounting.facts import facts_to_json
from sync.engine.context import Slice
from tenants.models import Company

FRESH_FOR = timedelta(minutes=10)


def read_again(work: Slice) -> None:
    """Unless that was done within minutes; four metered reads."""
    company, now = work.company, timezone.now()
    if company.facts_read_at is not None and now - company.facts_read_at < FRESH_FOR:
        return
    work.beat()
    facts = facts_to_json(work.books.company_facts())
    Company.objects.filter(pk=company.pk).update(name=str(facts["name"])[:255], facts=facts, facts_read_at=now)
    company.refresh_from_db(fields=["name", "facts", "facts_read_at"])

"""A linked document that shows another total than the store does now: kept as it is, or let go."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from sync.models import Record
from sync.reports import Cause, records_of_cause
from sync.web.cures.offer import Answers, Button, Offer, Refused, Taken, Way
from sync.web.workspace import Workspace
from tenants.audit import log_change

REASON = "totals_differ"


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    record = cause.sample
    if record is None or not _is_linked(record):
        return None
    ways = [Way(_("Take the link off…"), reverse("record_unlink", args=[workspace.tenant.slug, record.pk]), True)]
    buttons = [Button(_("Keep the link, the difference stays visible"), action="keep")]
    return Offer(buttons=buttons, ways=ways if cause.records == 1 else [], replaces_retry=False)


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    records = [one for one in records_of_cause(workspace.tenant, cause.reason, cause.subject) if _is_linked(one)]
    if answers.get("action") != "keep":
        return Refused(_("Choose what happens to the link."))
    who = str(workspace.person)
    kept = [one for one in records if one.decide(REASON, str(one.details["store_total"]), by=who)]
    if not kept:
        return Refused(_("It moved on meanwhile. Look at its record."))
    changes = {"records": [[], [one.number or str(one.woo_id) for one in kept]]}
    log_change(workspace.tenant, "record.keep_link", changes, user=workspace.person)
    return Taken(_("The link is kept. The difference stays visible on the record."))


def _is_linked(record: Record) -> bool:
    return bool(record.details.get("problem") == "linked")

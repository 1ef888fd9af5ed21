"""A refund whose sale was never sent: alone into the books, or left out of them; each refund is asked for by itself."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from sync.models import Record
from sync.reports import Cause, records_of_cause
from sync.web.cures.offer import Answers, Button, Offer, Refused, Taken, Way
from sync.web.workspace import Workspace
from tenants.audit import log_change

REASON = "refund_without_sale"


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    record = cause.sample
    if record is not None and record.details.get("problem") == "linked":
        way = Way(_("Link to existing document"), reverse("record_link", args=[workspace.tenant.slug, record.pk]))
        return Offer(
            buttons=[Button(_("Send it"), action="alone"), Button(_("Ignore it"), action="ignore")], ways=[way]
        )
    return Offer(buttons=[Button(_("Send it alone"), action="alone"), Button(_("Ignore it"), action="ignore")])


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    tenant, who = workspace.tenant, str(workspace.person)
    action = answers.get("action")
    records = list(records_of_cause(tenant, cause.reason, cause.subject).defer("raw"))
    if action == "alone":
        decided = [one for one in records if one.decide(REASON, "alone", by=who)]
        has_sale = cause.sample is not None and cause.sample.details.get("problem") == "linked"
        sentence = _("The refund is sent.") if has_sale else _("The refund is sent alone, without its sale.")
        said = Taken(sentence)
    elif action == "ignore":
        decided = [one for one in records if one.skip_by_hand(by=who, why=_("Its sale is not in the books."))]
        said = Taken(_("The refund is left out. Retry it on its record to change that."), looks_again=False)
    else:
        return Refused(_("Choose what happens to the refund."))
    if not decided:
        return Refused(_("It moved on meanwhile. Look at its record."))
    _note(workspace, decided, str(action))
    return said


def _note(workspace: Workspace, decided: list[Record], action: str) -> None:
    changes = {"records": [[], [str(one.woo_id) for one in decided]]}
    log_change(workspace.tenant, f"refunds.{action}", changes, user=workspace.person)

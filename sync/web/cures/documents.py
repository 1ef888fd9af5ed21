"""A document that a person changed or deleted in QuickBooks: theirs, or the store's again; each decided by itself."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from connector.accounting.numbers import next_number
from sync.engine.requests import ask
from sync.models import Record, Request
from sync.reports import Cause, records_of_cause
from sync.setup import options_of
from sync.tasks import start_asked, start_run
from sync.web.cures.offer import Answers, Button, Offer, Refused, Taken
from sync.web.workspace import Workspace
from tenants.audit import log_change

KINDS = {"keep": Request.Kind.KEEP, "replace": Request.Kind.REPLACE}


def offer_edited(workspace: Workspace, cause: Cause) -> Offer | None:
    return Offer(
        note=_("Replacing writes the store’s lines, amounts, number and date over the document. The customer stays."),
        buttons=[
            Button(_("Keep QuickBooks’ version"), action="keep"),
            Button(_("Replace with the store’s"), action="replace"),
        ],
    )


def take_edited(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    kind = KINDS.get(answers.get("action", ""))
    if kind is None:
        return Refused(_("Choose which version is right."))
    if not workspace.tenant.is_connected:
        return Refused(_("Connect the store and QuickBooks first."))
    with transaction.atomic():
        asked = ask(_records(workspace, cause), kind, user=workspace.person)
        if not asked:
            return Refused(_("It moved on meanwhile. Look at its record."))
        _log(workspace, str(kind), [one.record for one in asked])
        start_asked(workspace.tenant, user=workspace.person)
    if kind == Request.Kind.KEEP:
        return Taken(_("QuickBooks’ version is kept."), looks_again=False)
    return Taken(_("The document is replaced with the store’s version now."), looks_again=False)


def offer_gone(workspace: Workspace, cause: Cause) -> Offer | None:
    buttons = [Button(_("Send it again"), action="post_again"), Button(_("Accept"), action="accept")]
    return Offer(note=_about_the_number(workspace, cause), buttons=buttons)


def _about_the_number(workspace: Workspace, cause: Cause) -> str:
    """A voided document keeps its number, so that what is sent again cannot have it."""
    details = cause.sample.details if cause.sample is not None else {}
    if details.get("problem") != "voided" or options_of(workspace.tenant)["orders"]["automatic_numbers"]:
        return ""
    following = next_number(str(details.get("number") or ""), chosen_before=_chosen(cause))
    if not following:
        return ""
    text = _(
        "A voided document keeps its number in QuickBooks. What is sent again takes the next one, such as %(number)s."
    )
    return text % {"number": following}


def _chosen(cause: Cause) -> str:
    return str(cause.sample.decisions.get("duplicate_number", "")) if cause.sample is not None else ""


def take_gone(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    who, action = str(workspace.person), answers.get("action")
    if action not in ("post_again", "accept"):
        return Refused(_("Choose what becomes of it."))
    records = _records(workspace, cause)
    with transaction.atomic():
        if action == "accept":
            decided = [one for one in records if one.accept_deletion(by=who)]
        else:
            decided = [one for one in records if one.post_again(by=who)]
        if not decided:
            return Refused(_("It moved on meanwhile. Look at its record."))
        _log(workspace, action, decided)
        if action == "post_again" and workspace.tenant.is_connected:
            ids = sorted({one.parent.woo_id if one.parent is not None else one.woo_id for one in decided})
            start_run(workspace.tenant, trigger="button", user=workspace.person, order_ids=ids)
    if action == "accept":
        return Taken(_("It is left as it is. You can still send it again."), looks_again=False)
    return Taken(_("It is sent again now."), looks_again=False)


def _records(workspace: Workspace, cause: Cause) -> list[Record]:
    found = records_of_cause(workspace.tenant, cause.reason, cause.subject)
    return list(found.select_related("parent").defer("raw", "proof", "parent__raw", "parent__proof"))


def _log(workspace: Workspace, action: str, records: list[Record]) -> None:
    changes = {"records": [[], [f"{one.source} {one.number or one.woo_id}" for one in records]]}
    log_change(workspace.tenant, f"records.{action}", changes, user=workspace.person)

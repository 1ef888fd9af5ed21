"""A number that QuickBooks cannot take: only what makes this one fit is offered, or the record is left out."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.numbers import NUMBER_LIMIT
from sync.choices import save_choices
from sync.models import Record
from sync.reports import Cause, records_of_cause
from sync.setup import facts_of, options_of
from sync.templatetags.formats import count
from sync.web.cures.offer import Answers, Button, Field, Offer, Refused, Taken, Way
from sync.web.workspace import Workspace
from tenants.audit import log_change

REASON = "number_too_long"
SHORTEN, NUMBER, AUTOMATIC, SKIP = "shorten", "number", "automatic", "skip"
_AFTER_SALE = "sale"
"""The cause in which the number follows that of a sale in the books; the other one that no prefix helps is "own"."""
_PREFIX_LIMIT = 15


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    fields, buttons = [], []
    if not cause.subject:
        fields.append(_prefix_field(workspace, cause))
        label = ngettext("Save and send %(count)s record", "Save and send %(count)s records", cause.records)
        buttons.append(Button(label % {"count": count(cause.records)}, action=SHORTEN, look="primary"))
    elif _takes_number(cause):
        number = str(cause.sample.details.get("number", "")) if cause.sample else ""
        hint = _("Proposed: the end of its number.")
        fields.append(Field(NUMBER, _("Number of this document"), "text", value=_end_of(number), hint=hint, limit=21))
        buttons.append(Button(_("Send it with this number"), action=NUMBER, look="primary"))
    buttons.append(Button(_("Let QuickBooks number"), action=AUTOMATIC))
    buttons.append(Button(_("Skip"), action=SKIP, look="quiet"))
    return Offer(fields=fields, buttons=buttons, ways=_ways(workspace, cause), note=_meaning(workspace))


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    action = answers.get("action")
    if action == SHORTEN and not cause.subject:
        return _shorten(workspace, cause, answers.get("prefix", "").strip())
    if action == NUMBER and _takes_number(cause):
        return _give(workspace, cause, answers.get(NUMBER, "").strip())
    if action == AUTOMATIC:
        return _let_quickbooks_number(workspace)
    if action == SKIP:
        return _skip(workspace, cause)
    return Refused(_("Choose what happens to the order."))


# What is offered


def _prefix_field(workspace: Workspace, cause: Cause) -> Field:
    number, prefix = _longest(workspace, cause), _prefix(workspace)
    room = max(NUMBER_LIMIT - (len(number) - len(prefix)), 0)
    hint = ngettext(
        "At most %(count)s character leaves room for %(number)s.",
        "At most %(count)s characters leave room for %(number)s.",
        room,
    ) % {"count": count(room), "number": _renumbered(number, prefix, "")}
    label = _("Order number prefix")
    return Field("prefix", label, "text", value=prefix[:room], hint=hint, limit=_PREFIX_LIMIT)


def _meaning(workspace: Workspace) -> str:
    facts = facts_of(workspace.tenant)
    if facts is not None and facts.custom_numbers:
        return _(
            "If QuickBooks numbers, that holds for all later documents; the order’s number stands in the memo. First"
            " turn off “Custom transaction numbers” there (Account and settings, then Sales), else numbers stay blank."
        )
    return _("If QuickBooks numbers, that holds for all later documents; the order’s number stands in the memo.")


def _ways(workspace: Workspace, cause: Cause) -> list[Way]:
    """A sale in the books keeps its number, wherever later ones come from."""
    if cause.subject == _AFTER_SALE:
        return []
    address = reverse("manage_orders", args=[workspace.tenant.slug])
    return [Way(_("Take the number from another field"), f"{address}#row-orders-number_source")]


def _takes_number(cause: Cause) -> bool:
    """One record, whose own document it is: a cancellation's credit memo is numbered after its sale."""
    record = cause.sample
    if record is None or cause.records != 1 or not cause.subject:
        return False
    return record.source == Record.Source.REFUND or cause.subject != _AFTER_SALE


def _end_of(number: str) -> str:
    """Where numbers differ most; of a refund's, with the letter that tells it from its sale's."""
    return number[-NUMBER_LIMIT:].lstrip("-./ _")


def _longest(workspace: Workspace, cause: Cause) -> str:
    numbers = records_of_cause(workspace.tenant, cause.reason, cause.subject).values_list("details__number", flat=True)
    return max((str(number or "") for number in numbers), key=len, default="")


def _prefix(workspace: Workspace) -> str:
    return str(options_of(workspace.tenant)["orders"]["number_prefix"])


def _renumbered(number: str, before: str, after: str) -> str:
    """A refund's number begins with a letter of its own, so the prefix is not always first."""
    return number.replace(before, after, 1) if before and before in number else f"{after}{number}"


# What is decided


def _shorten(workspace: Workspace, cause: Cause, prefix: str) -> Taken | Refused:
    whole = _renumbered(_longest(workspace, cause), _prefix(workspace), prefix)
    if len(whole) > NUMBER_LIMIT:
        return _too_long(whole)
    saved = save_choices(workspace.tenant, {"orders": {"number_prefix": prefix}}, user=workspace.person, helps=())
    if saved.problems:
        return Refused(" ".join(problem.message for problem in saved.problems))
    return Taken(_("New documents are numbered like %(number)s.") % {"number": whole}, True)


def _give(workspace: Workspace, cause: Cause, number: str) -> Taken | Refused:
    record = cause.sample
    if not number:
        return Refused(_("Type the number that the document shall bear."))
    if len(number) > NUMBER_LIMIT:
        return _too_long(number)
    if record is None or not record.decide(REASON, number, by=str(workspace.person)):
        return Refused(_("It moved on meanwhile. Look at its record."))
    _note(workspace, "records.renumber", [record], number)
    return Taken(_("It is sent with number %(number)s.") % {"number": number})


def _let_quickbooks_number(workspace: Workspace) -> Taken | Refused:
    saved = save_choices(workspace.tenant, {"orders": {"automatic_numbers": True}}, user=workspace.person, helps=())
    if saved.problems:
        return Refused(" ".join(problem.message for problem in saved.problems))
    return Taken(_("From now on QuickBooks numbers the documents; the order’s number stands in the memo."), True)


def _skip(workspace: Workspace, cause: Cause) -> Taken | Refused:
    why = _("Its number is too long for QuickBooks.")
    records = list(records_of_cause(workspace.tenant, cause.reason, cause.subject).defer("raw"))
    skipped = [one for one in records if one.skip_by_hand(by=str(workspace.person), why=why)]
    if not skipped:
        return Refused(_("It moved on meanwhile. Look at its record."))
    _note(workspace, "records.skip", skipped, "")
    return Taken(_("It is left out. Retry it on its record to change that."), looks_again=False)


def _too_long(number: str) -> Refused:
    message = _("%(number)s has %(length)s characters; QuickBooks accepts %(limit)s.")
    return Refused(message % {"number": number, "length": count(len(number)), "limit": count(NUMBER_LIMIT)})


def _note(workspace: Workspace, action: str, records: list[Record], what: str) -> None:
    changes = {"records": [[one.number or str(one.woo_id) for one in records], what]}
    log_change(workspace.tenant, action, changes, user=workspace.person)

"""A tax rate without a usable code: the code is chosen in the card, and only codes at its percentage are offered."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.commerce import Order
from connector.woo.parse import parse_order
from sync.mappings.taxes import TaxRow, choose_code, rate_row
from sync.reports import Cause
from sync.templatetags.formats import count, percent
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.cures.ways import mappings_way, read_again
from sync.web.suggestion_texts import LONG, OTHERS_FIT
from sync.web.workspace import Workspace


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    row = _row(workspace, cause)
    if row is None or row.percent is None:
        return None
    if not row.fitting:
        note = _("QuickBooks has no tax code at %(percent)s. Create one there, then read the lists again.")
        return Offer(
            note=note % {"percent": percent(row.percent)},
            buttons=[read_again()],
            ways=[mappings_way(workspace, "taxes")],
        )
    suggestion = row.suggestion
    hint = "" if suggestion is None else str(LONG[suggestion.reason] if suggestion.is_only else OTHERS_FIT)
    label = ngettext("Match and send %(count)s record", "Match and send %(count)s records", cause.records)
    return Offer(
        fields=[
            Field(
                name="code",
                label=_("Tax code"),
                options=[Option("", _("Choose…")), *(Option(code.id, code.name) for code in row.fitting)],
                value=suggestion.ref.id if suggestion else "",
                hint=hint,
                is_suggested=bool(hint),
            )
        ],
        buttons=[Button(label % {"count": count(cause.records)}, action="match", look="primary")],
        ways=[mappings_way(workspace, "taxes")],
    )


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    row = _row(workspace, cause)
    if row is None:
        return Refused(_("These rates are no longer known. Open the record and retry it."))
    code = next((code for code in row.fitting if code.id == answers.get("code")), None)
    if code is None:
        return Refused(_("Choose the tax code of this rate first."))
    problems = choose_code(workspace.tenant, row.key, code.id, percent=row.percent, user=workspace.person)
    if problems:
        return Refused(" ".join(problem.message for problem in problems))
    return Taken(_("“%(rate)s” leads to the tax code “%(code)s”.") % {"rate": row.name, "code": code.name}, True)


def _row(workspace: Workspace, cause: Cause) -> TaxRow | None:
    """From the newest held record alone; a rate that was deleted in the store has no percentage to match."""
    sample = cause.sample
    if sample is None or sample.details.get("problem") == "rate_deleted":
        return None
    order = parse_order(dict(cause.raw)) if cause.raw else None
    if not isinstance(order, Order):
        return None
    return rate_row(workspace.tenant, sample.details, {line.rate_id: line for line in reversed(order.tax_lines)})

"""A payment method without an account: the account is chosen in the card."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.mappings.payments import choose_gateway, money_accounts, propose
from sync.reports import Cause
from sync.templatetags.formats import count
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.cures.ways import mappings_way
from sync.web.suggestion_texts import LONG
from sync.web.workspace import Workspace


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    company, gateway, title = workspace.tenant.company, *_gateway(cause)
    if company is None or not gateway:
        return None
    proposed = propose(company, gateway, title).account
    accounts = [Option(row.qbo_id, row.full_name or row.name) for row in money_accounts(company)]
    label = ngettext("Record there and send %(count)s record", "Record there and send %(count)s records", cause.records)
    return Offer(
        fields=[
            Field(
                name="account",
                label=_("Clearing account"),
                options=[Option("", _("Choose…")), *accounts],
                value=proposed.ref.id if proposed else "",
                hint=str(LONG[proposed.reason]) if proposed else "",
                is_suggested=proposed is not None,
            )
        ],
        buttons=[Button(label % {"count": count(cause.records)}, action="record", look="primary")],
        ways=[mappings_way(workspace, "payments")],
    )


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    company, gateway, title = workspace.tenant.company, *_gateway(cause)
    if company is None or not gateway:
        return Refused(_("Connect QuickBooks first."))
    account = next((row for row in money_accounts(company) if row.qbo_id == answers.get("account")), None)
    if account is None:
        return Refused(_("Choose the account of this payment method first."))
    method = propose(company, gateway, title).method
    problems = choose_gateway(
        workspace.tenant,
        gateway,
        account_id=account.qbo_id,
        method_id=method.ref.id if method else "",
        record=True,
        user=workspace.person,
    )
    if problems:
        return Refused(" ".join(problem.message for problem in problems))
    words = {"gateway": title or gateway, "account": account.full_name or account.name}
    return Taken(_("Money paid with “%(gateway)s” goes to the account “%(account)s”.") % words, True)


def _gateway(cause: Cause) -> tuple[str, str]:
    details = cause.sample.details if cause.sample is not None else {}
    return str(details.get("gateway") or ""), str(details.get("title") or "")

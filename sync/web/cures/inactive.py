"""An item or a customer that is inactive in QuickBooks: made active again, once or always, or another one is chosen."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.books import NameRow
from sync.choices import save_choices
from sync.engine import mirror
from sync.mappings.customers import buyers_held, link_customers, namesakes
from sync.mappings.products import link_products, products_of_item, sellable_items
from sync.reports import Cause, records_of_cause
from sync.templatetags.formats import count
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.cures.ways import read_again
from sync.web.workspace import Workspace

ITEM = "inactive_item"
SHOWN_AT_MOST = 300
"""A list of thousands is no choice, and weighs more than a page may."""


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    if _row(workspace, cause) is None:
        return Offer(buttons=[read_again()], replaces_retry=False)
    label = ngettext("Reactivate and send %(count)s record", "Reactivate and send %(count)s records", cause.records) % {
        "count": count(cause.records)
    }
    always = _("Always reactivate items") if cause.reason == ITEM else _("Always reactivate customers")
    buttons = [Button(label, action="reactivate", look="primary"), Button(always, action="always")]
    choices = _choices(workspace, cause)
    if not choices:
        return Offer(buttons=[*buttons, read_again(look="quiet")])
    options = [Option(row.qbo_id, f"{_name(row)} ({row.sku})" if row.sku else _name(row)) for row in choices]
    name = _("Another item") if cause.reason == ITEM else _("Another customer")
    return Offer(
        fields=[Field(name="other", label=name, options=[Option("", _("Choose…")), *options])],
        buttons=[*buttons, Button(_("Use the other one"), action="other"), read_again(look="quiet")],
    )


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    row, action = _row(workspace, cause), answers.get("action")
    if row is None:
        return Refused(_("QuickBooks’ lists were read again since. Retry the record."))
    if action == "always":
        return _always(workspace, cause)
    if action == "reactivate":
        done = Taken(_("“%(name)s” is made active again in QuickBooks.") % {"name": _name(row)})
        return _use(workspace, cause, row, row, may_reactivate=True) or done
    other = next((one for one in _choices(workspace, cause) if one.qbo_id == answers.get("other")), None)
    if other is None:
        return Refused(_("Choose the other one first."))
    done = Taken(_("“%(name)s” is used instead from now on.") % {"name": _name(other)})
    return _use(workspace, cause, row, other) or done


def _always(workspace: Workspace, cause: Cause) -> Taken | Refused:
    section = "items" if cause.reason == ITEM else "customers"
    saved = save_choices(workspace.tenant, {section: {"reactivate": True}}, user=workspace.person, helps=())
    if saved.problems:
        return Refused(" ".join(problem.message for problem in saved.problems))
    if cause.reason == ITEM:
        return Taken(_("An inactive item is made active again from now on, whenever an order needs it."), True)
    return Taken(_("An inactive customer is made active again from now on, whenever an order needs it."), True)


def _use(
    workspace: Workspace, cause: Cause, row: NameRow, chosen: NameRow, *, may_reactivate: bool = False
) -> Refused | None:
    """Links what the held records were looking for when they found `row`."""
    tenant, person = workspace.tenant, workspace.person
    records = records_of_cause(tenant, cause.reason, cause.subject)
    company = tenant.company
    assert company is not None
    if cause.reason == ITEM:
        found = products_of_item(tenant, records, company, row)
        link_products(tenant, found, chosen, user=person, may_reactivate=may_reactivate)
    else:
        found = buyers_held(tenant, records)
        link_customers(tenant, found, chosen, user=person, may_reactivate=may_reactivate)
    return None if found else Refused(_("The orders ask for something else by now. Open the record and retry it."))


def _row(workspace: Workspace, cause: Cause) -> NameRow | None:
    company = workspace.tenant.company
    details = cause.sample.details if cause.sample is not None else {}
    kind, name = ("Item", "item_id") if cause.reason == ITEM else ("Customer", "customer_id")
    qbo_id = str(details.get(name) or "")
    if company is None or not qbo_id:
        return None
    return mirror.by_ids(company, kind, [qbo_id]).get(qbo_id)  # type: ignore[arg-type]


def _choices(workspace: Workspace, cause: Cause) -> list[NameRow]:
    company, row = workspace.tenant.company, _row(workspace, cause)
    if company is None or row is None:
        return []
    if cause.reason != ITEM:
        return namesakes(company, row)
    return sellable_items(company)[:SHOWN_AT_MOST]


def _name(row: NameRow) -> str:
    return row.full_name or row.name

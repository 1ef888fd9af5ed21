"""An item or a customer that is inactive in QuickBooks: made active again, once or always, or another one is chosen."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.books import NameRow
from sync.choices import save_choices
from sync.engine import mirror
from sync.mappings.customers import buyers_held, link_customers, namesakes
from sync.mappings.products import link_products, products_of_item
from sync.mappings.shortlist import Hint, ItemList
from sync.reports import Cause, records_of_cause
from sync.templatetags.formats import count
from sync.web.cures.items import item_field
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.cures.ways import read_again
from sync.web.workspace import Workspace

ITEM = "inactive_item"


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    if _row(workspace, cause) is None:
        return Offer(buttons=[read_again()], replaces_retry=False)
    label = ngettext("Reactivate and send %(count)s record", "Reactivate and send %(count)s records", cause.records) % {
        "count": count(cause.records)
    }
    always = _("Always reactivate items") if cause.reason == ITEM else _("Always reactivate customers")
    buttons = [Button(label, action="reactivate", look="primary"), Button(always, action="always")]
    field = _field(workspace, cause)
    if field is None:
        return Offer(buttons=[*buttons, read_again(look="quiet")])
    return Offer(
        fields=[field],
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
    other = _other(workspace, cause, row, answers.get("other", ""))
    if isinstance(other, Refused):
        return other
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


def _field(workspace: Workspace, cause: Cause) -> Field | None:
    """Another item is one of thousands; another customer bears the same name or e-mail."""
    company, row = workspace.tenant.company, _row(workspace, cause)
    if company is None or row is None:
        return None
    if cause.reason != ITEM:
        options = [Option(one.qbo_id, _name(one)) for one in namesakes(company, row)]
        none = Option("", _("Choose…"))
        return Field(name="other", label=_("Another customer"), options=[none, *options]) if options else None
    items = ItemList(company)
    if not items.total:
        return None
    newest = records_of_cause(workspace.tenant, cause.reason, cause.subject).filter(pk=cause.sample_id)
    key = next(iter(products_of_item(workspace.tenant, newest, company, row)), "")
    return item_field(workspace, items, name="other", label=_("Another item"), hint=Hint(row.sku, row.name), key=key)


def _other(workspace: Workspace, cause: Cause, row: NameRow, qbo_id: str) -> NameRow | Refused:
    company = workspace.tenant.company
    if not qbo_id or company is None:
        return Refused(_("Choose the other one first."))
    if cause.reason != ITEM:
        found = next((one for one in namesakes(company, row) if one.qbo_id == qbo_id), None)
        return found or Refused(_("Choose the other one first."))
    items = ItemList(company)
    return items.get(qbo_id) or Refused(items.why_not(qbo_id))


def _name(row: NameRow) -> str:
    return row.full_name or row.name

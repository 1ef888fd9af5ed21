"""A product without its item: one is chosen in the card and remembered, or made in QuickBooks."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.books import NameRow
from sync.mappings.products import (
    allow_creation,
    items_with_sku,
    link_products,
    products_held,
    sellable_items,
)
from sync.reports import Cause, records_of_cause
from sync.templatetags.formats import count
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken
from sync.web.workspace import Workspace


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    """Items that share the SKU are few and shown; else any item may be the one."""
    choices = _choices(workspace, cause)
    if not choices:
        return None
    label = ngettext("Link and send %(count)s record", "Link and send %(count)s records", cause.records)
    buttons = [Button(label % {"count": count(cause.records)}, action="link", look="primary")]
    if _may_create(cause):
        label = ngettext(
            "Create the item and send %(count)s record", "Create the item and send %(count)s records", cause.records
        )
        buttons.append(Button(label % {"count": count(cause.records)}, action="create"))
    options = [
        Option(row.qbo_id, f"{row.full_name or row.name} ({row.sku})" if row.sku else row.name) for row in choices
    ]
    field = Field(name="item", label=_("Item"), options=[Option("", _("Choose…")), *options])
    return Offer(fields=[field], buttons=buttons, replaces_retry=False)


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    tenant, details = workspace.tenant, cause.sample.details if cause.sample is not None else {}
    sku, name = str(details.get("sku") or ""), str(details.get("name") or "")
    products = products_held(records_of_cause(tenant, cause.reason, cause.subject), sku=sku, name=name)
    if not products:
        return Refused(_("The product is no longer on these orders. Open the record and retry it."))
    if answers.get("action") == "create" and _may_create(cause):
        allow_creation(tenant, products, sku=sku, user=workspace.person)
        return Taken(_("The item for %(sku)s is made in QuickBooks.") % {"sku": sku})
    item = next((row for row in _choices(workspace, cause) if row.qbo_id == answers.get("item")), None)
    if item is None:
        return Refused(_("Choose the item first."))
    link_products(tenant, products, item, user=workspace.person)
    words = {"product": next(iter(products.values())), "item": item.full_name or item.name}
    return Taken(_("“%(product)s” is sold as the item “%(item)s” from now on.") % words)


def _may_create(cause: Cause) -> bool:
    details = cause.sample.details if cause.sample is not None else {}
    return cause.reason == "unmatched_product" and bool(details.get("sku"))


def _choices(workspace: Workspace, cause: Cause) -> list[NameRow]:
    company = workspace.tenant.company
    details = cause.sample.details if cause.sample is not None else {}
    if company is None:
        return []
    if cause.reason == "ambiguous_sku":
        return items_with_sku(company, str(details.get("sku") or ""))
    return sellable_items(company)

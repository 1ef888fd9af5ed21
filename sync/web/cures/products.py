"""A product without its item: one is chosen in the card and remembered, made in QuickBooks, or the default product."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.books import NameRow
from connector.accounting.documents import Held
from connector.accounting.items import CreateItem
from connector.accounting.policy import Ref
from sync.mappings.catalogue import ProductRow, would_create
from sync.mappings.products import allow_creation, items_with_sku, link_products, products_held, products_in
from sync.mappings.shortlist import Hint, ItemList
from sync.models import Link
from sync.reports import Cause, records_of_cause
from sync.setup import options_of
from sync.templatetags.formats import count
from sync.web.cures.items import item_field
from sync.web.cures.offer import Answers, Button, Field, Offer, Option, Refused, Taken, Way
from sync.web.picking import label_of
from sync.web.reasons import tell
from sync.web.workspace import Workspace

AMBIGUOUS = "ambiguous_sku"


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    """Items that share the SKU are few and shown; else any item may be the one."""
    hint = _hint(cause)
    products = products_in([cause.raw], sku=hint.sku, name=hint.name)
    field = _field(workspace, cause, products)
    if field is None:
        return None
    label = ngettext("Link and send %(count)s record", "Link and send %(count)s records", cause.records)
    buttons = [Button(label % {"count": count(cause.records)}, action="link", look="primary")]
    if cause.reason == AMBIGUOUS:
        return Offer(fields=[field], buttons=buttons, replaces_retry=False)
    would = _would_create(workspace, cause, products)
    if isinstance(would, CreateItem):
        label = ngettext(
            "Create the item and send %(count)s record", "Create the item and send %(count)s records", cause.records
        )
        buttons.append(Button(label % {"count": count(cause.records)}, action="create"))
    ways, default = [], _default_item(workspace)
    if default is not None:
        buttons.append(Button(_("Use the default product “%(item)s”") % {"item": default.name}, action="default"))
    else:
        place = f"{reverse('manage_products', args=[workspace.tenant.slug])}#row-orders-default_item"
        ways.append(Way(_("Choose a default product"), place))
    note = str(tell(would.reason, would.details).sentence) if isinstance(would, Held) else ""
    return Offer(fields=[field], buttons=buttons, ways=ways, note=note, replaces_retry=False)


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    tenant, person, hint = workspace.tenant, workspace.person, _hint(cause)
    company = tenant.company
    products = products_held(records_of_cause(tenant, cause.reason, cause.subject), sku=hint.sku, name=hint.name)
    if not products or company is None:
        return Refused(_("The product is no longer on these orders. Open the record and retry it."))
    product, action = next(iter(products.values())), answers.get("action")
    if action == "create" and isinstance(_would_create(workspace, cause, products), CreateItem):
        allow_creation(tenant, products, sku=hint.sku, user=person)
        return Taken(_("The item for %(sku)s is made in QuickBooks.") % {"sku": hint.sku})
    if action == "default":
        default = _default_item(workspace)
        if default is None or cause.reason == AMBIGUOUS:
            return Refused(_("No default product is chosen yet."))
        target = NameRow(kind="Item", qbo_id=default.id, name=default.name, active=True)
        link_products(tenant, products, target, user=person, made_by=Link.DEFAULT)
        return Taken(_("“%(product)s” is sold as the default product from now on.") % {"product": product})
    item = _chosen(workspace, cause, answers.get("item", ""))
    if isinstance(item, Refused):
        return item
    link_products(tenant, products, item, user=person)
    words = {"product": product, "item": item.full_name or item.name}
    return Taken(_("“%(product)s” is sold as the item “%(item)s” from now on.") % words)


def _chosen(workspace: Workspace, cause: Cause, qbo_id: str) -> NameRow | Refused:
    """Looked up in the whole list, since a select shows but a few of it."""
    company = workspace.tenant.company
    if not qbo_id or company is None:
        return Refused(_("Choose the item first."))
    items = ItemList(company)
    item = items.get(qbo_id)
    if item is None:
        return Refused(items.why_not(qbo_id))
    if cause.reason == AMBIGUOUS and item not in items_with_sku(company, _hint(cause).sku):
        return Refused(_("Choose the item first."))
    return item


def _field(workspace: Workspace, cause: Cause, products: Mapping[str, str]) -> Field | None:
    company, hint = workspace.tenant.company, _hint(cause)
    if company is None:
        return None
    if cause.reason == AMBIGUOUS:
        options = [Option(row.qbo_id, label_of(row)) for row in items_with_sku(company, hint.sku)]
        return Field(name="item", label=_("Item"), options=[Option("", _("Choose…")), *options]) if options else None
    items = ItemList(company)
    if not items.total:
        return None
    return item_field(workspace, items, name="item", label=_("Item"), hint=hint, key=next(iter(products), ""))


def _would_create(workspace: Workspace, cause: Cause, products: Mapping[str, str]) -> CreateItem | Held | None:
    """The item that would be made for the held product; None where it has no SKU."""
    hint, key = _hint(cause), next(iter(products), "")
    if cause.reason == AMBIGUOUS or not hint.sku or not key:
        return None
    return would_create(workspace.tenant, ProductRow(key, products[key], hint.sku))


def _hint(cause: Cause) -> Hint:
    details = cause.sample.details if cause.sample is not None else {}
    return Hint(str(details.get("sku") or ""), str(details.get("name") or ""))


def _default_item(workspace: Workspace) -> Ref | None:
    default = options_of(workspace.tenant)["orders"]["default_item"]
    return Ref(str(default["id"]), str(default.get("name") or "")) if default else None

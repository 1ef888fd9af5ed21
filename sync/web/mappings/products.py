"""Is every product of the store sold as an item, and what waits for one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connector.accounting.books import ItemWanted, NameRow
from connector.accounting.documents import Held
from connector.accounting.items import CreateItem
from connector.accounting.policy import Ref
from connector.errors import SyncError
from sync.mappings.catalogue import Catalogue, ProductRow, matching, read_catalogue, records_waiting, would_create
from sync.mappings.links import LinkChange, set_link
from sync.mappings.names import SHOWN
from sync.mappings.products import allow_creation
from sync.mappings.shortlist import Hint, ItemList
from sync.models import Link, Record
from sync.templatetags.formats import count
from sync.web.again import look_again
from sync.web.labels import Badge
from sync.web.lists_again import read_if_wished
from sync.web.mappings.frame import Shown, Verdict, show_trouble
from sync.web.mappings.taking_back import token_of
from sync.web.reason_texts import Text
from sync.web.reasons import tell
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

PAGE = "sync/mappings/products.html"
ROWS_A_PAGE = 50
FILTERS: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "open": (gettext_lazy("To match"), ("ambiguous", "open", "inactive", "gone", "unsellable")),
    "ambiguous": (gettext_lazy("Several items"), ("ambiguous",)),
    "inactive": (gettext_lazy("Item inactive"), ("inactive",)),
    "linked": (gettext_lazy("Linked"), ("linked",)),
    "found": (gettext_lazy("Found at the next order"), ("found",)),
    "default": (gettext_lazy("Default product"), ("default",)),
}
BADGES: Mapping[str, Badge] = {
    "linked": Badge("ok", "circle-check", pgettext_lazy("product", "Linked")),
    "found": Badge("", "circle-dashed", pgettext_lazy("product", "Found at the next order")),
    "default": Badge("", "circle-dashed", pgettext_lazy("product", "As the default product")),
    "open": Badge("warn", "triangle-alert", pgettext_lazy("product", "No item")),
    "ambiguous": Badge("warn", "triangle-alert", pgettext_lazy("product", "Several items")),
    "inactive": Badge("warn", "triangle-alert", pgettext_lazy("product", "Item inactive")),
    "gone": Badge("warn", "triangle-alert", pgettext_lazy("product", "Item gone")),
    "unsellable": Badge("warn", "triangle-alert", pgettext_lazy("product", "Not sellable")),
}
TO_BE_MADE = Badge("", "circle-dashed", pgettext_lazy("product", "Created at the next order"))
HOW: Mapping[str, Text] = {
    "sku": pgettext_lazy("item found", "by its SKU"),
    "name": pgettext_lazy("item found", "by its name"),
    "hand": pgettext_lazy("item found", "chosen by hand"),
    "created": pgettext_lazy("item found", "created by us"),
    "match": pgettext_lazy("item found", "by the rule of that time"),
}
TYPES: Mapping[str, Text] = {
    "Service": gettext_lazy("Service"),
    "NonInventory": gettext_lazy("Non-inventory product"),
    "Inventory": gettext_lazy("Inventory product"),
}


@dataclass(frozen=True, slots=True)
class Line:
    row: ProductRow
    badge: Badge
    how: Text

    @property
    def detail(self) -> Text:
        if self.row.state == "unsellable":
            return _("Only a category or a bundle in QuickBooks has this SKU.")
        if self.row.state == "gone":
            return _("The item is no longer in QuickBooks.")
        if not self.row.sku and self.row.state == "open":
            return _("It has no SKU in the store.")
        return self.how


@require_safe
@in_workspace()
def products(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Search and filter live in the address; pages of 50, what waits first."""
    try:
        read_if_wished(request, workspace)
        catalogue = read_catalogue(workspace.tenant)
    except (SyncError, LookupError) as error:
        return show_trouble(request, workspace, "products", error)
    text, shown = request.GET.get("q", "").strip()[:100], request.GET.get("show", "")
    found = matching(catalogue.rows, text)
    wanted = [row for row in found if _is_in(row, shown, catalogue)]
    page = Paginator(wanted, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_key": "products",
        "verdict": _verdict(catalogue),
        "lines": [_line(row, catalogue) for row in page.object_list],
        "page": page,
        "filters": _filters(found, shown, catalogue),
        "q": text,
        "shown": shown,
        "address": urlencode({"show": shown, "q": text}),
        "is_empty": not catalogue.rows,
    }
    is_part = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "results"
    return show(request, workspace, f"{PAGE}#results" if is_part else PAGE, "mappings", context)


@require_safe
@in_workspace(Role.ADMIN)
def choose(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One product: search its item, see what would be created, or take another way."""
    found = _find(workspace, request.GET.get("key", ""))
    if found is None:
        return redirect("mapping_products", slug=workspace.tenant.slug)
    catalogue, row = found
    return _show_choice(request, workspace, catalogue, row)


@require_POST
@in_workspace(Role.ADMIN)
def save(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One decision about one product, and about those that share its SKU and wait for the same one."""
    found = _find(workspace, request.POST.get("key", ""))
    if found is None:
        return redirect("mapping_products", slug=workspace.tenant.slug)
    catalogue, row = found
    rows = [row, *(one for one in catalogue.rows if one.key != row.key and row.sku and _waits_alike(one, row))]
    wish = request.POST.get("do", "")
    if wish == "link":
        return _link(request, workspace, rows, request.POST.get("item", ""))
    if wish == "default" and catalogue.default_item is not None:
        return _as_default(request, workspace, rows, catalogue.default_item)
    if wish == "create":
        return _create(request, workspace, row)
    if wish == "reactivate" and row.state == "inactive" and row.item is not None:
        return _reactivate(request, workspace, row, row.item)
    if wish == "unlink":
        changes = [set_link(workspace.tenant, Link.Kind.ITEM, row.key, None, label=row.name, user=workspace.person)]
        text = _("“%(product)s” is unlinked. Its next order looks for the item anew.")
        return _done(request, workspace, [], changes, text % {"product": row.name})
    return redirect(_address(workspace, row))


def choose_address(workspace: Workspace, key: str) -> str:
    return f"{reverse('mapping_product_choose', args=[workspace.tenant.slug])}?key={key}"


def _address(workspace: Workspace, row: ProductRow) -> str:
    return choose_address(workspace, row.key)


def _find(workspace: Workspace, key: str) -> tuple[Catalogue, ProductRow] | None:
    try:
        catalogue = read_catalogue(workspace.tenant)
    except LookupError:
        return None
    row = catalogue.row(key)
    return (catalogue, row) if row is not None else None


def _waits_alike(one: ProductRow, row: ProductRow) -> bool:
    return one.needs_choice and one.sku.casefold().strip() == row.sku.casefold().strip()


def _link(request: HttpRequest, workspace: Workspace, rows: Sequence[ProductRow], qbo_id: str) -> HttpResponse:
    items = ItemList(workspace.tenant.company)
    item = items.get(qbo_id)
    if item is None:
        messages.error(request, items.why_not(qbo_id) if qbo_id else _("Choose an item of the list."))
        return redirect(_address(workspace, rows[0]))
    changes = [
        set_link(workspace.tenant, Link.Kind.ITEM, row.key, item, label=row.name, user=workspace.person) for row in rows
    ]
    words = {"product": rows[0].name, "item": item.full_name or item.name}
    return _done(
        request, workspace, rows, changes, _("“%(product)s” is sold as the item “%(item)s” from now on.") % words
    )


def _as_default(request: HttpRequest, workspace: Workspace, rows: Sequence[ProductRow], default: Ref) -> HttpResponse:
    target = NameRow(kind="Item", qbo_id=default.id, name=default.name, active=True)
    changes = [
        set_link(
            workspace.tenant,
            Link.Kind.ITEM,
            row.key,
            target,
            label=row.name,
            user=workspace.person,
            made_by=Link.DEFAULT,
        )
        for row in rows
    ]
    text = _("“%(product)s” is sold as the default product from now on.") % {"product": rows[0].name}
    return _done(request, workspace, rows, changes, text)


def _create(request: HttpRequest, workspace: Workspace, row: ProductRow) -> HttpResponse:
    if not isinstance(would_create(workspace.tenant, row), CreateItem):
        messages.error(request, _("No item can be created for this product. The page says why."))
        return redirect(_address(workspace, row))
    allow_creation(workspace.tenant, {row.key: row.name}, sku=row.sku, user=workspace.person)
    text = _("The item for “%(product)s” is created in QuickBooks together with its next order.")
    return _done(request, workspace, [row], [], text % {"product": row.name})


def _reactivate(request: HttpRequest, workspace: Workspace, row: ProductRow, item: Ref) -> HttpResponse:
    """The run that needs it writes it, so that nothing is made active that nothing is sold as."""
    found = NameRow(kind="Item", qbo_id=item.id, name=item.name, active=False)
    change = set_link(
        workspace.tenant,
        Link.Kind.ITEM,
        row.key,
        found,
        label=row.name,
        user=workspace.person,
        made_by=row.how or Link.BY_HAND,
        may_reactivate=True,
    )
    text = _("“%(item)s” is made active again in QuickBooks with the next order that needs it.")
    return _done(request, workspace, [row], [change], text % {"item": item.name})


def _done(
    request: HttpRequest,
    workspace: Workspace,
    rows: Sequence[ProductRow],
    changes: Sequence[LinkChange],
    sentence: str,
) -> HttpResponse:
    """Says it, with Undo where it can be undone; what waited for these products is looked at again."""
    token = token_of(workspace, changes, back="mapping_products")
    waiting = Record.objects.none()
    for row in rows:
        waiting |= records_waiting(workspace.tenant, row)
    queued = look_again(workspace, waiting, grace=bool(token)) if rows else 0
    if queued:
        text = ngettext("%(count)s record is looked at again.", "%(count)s records are looked at again.", queued)
        sentence = f"{sentence} {text % {'count': count(queued)}}"
    messages.success(request, sentence, extra_tags=f"take-back:{token}" if token else "")
    return redirect("mapping_products", slug=workspace.tenant.slug)


# What the pages show


def _show_choice(request: HttpRequest, workspace: Workspace, catalogue: Catalogue, row: ProductRow) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    company = workspace.tenant.company
    if company is None:
        return redirect("mapping_products", slug=workspace.tenant.slug)
    known, hint = ItemList(company), Hint(row.sku, row.name)
    found = known.find(text, limit=SHOWN) if text else known.suggest(hint, limit=SHOWN)
    items, more = list(found.rows), found.more
    if row.fitting and not text:
        items, more = [one for ref in row.fitting if (one := known.get(ref.id)) is not None], 0
    would = would_create(workspace.tenant, row) if row.state == "open" else None
    template = "sync/mappings/product.html"
    is_part = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "choices"
    context = {
        "page_key": "products",
        "line": _line(row, catalogue),
        "row": row,
        "items": [(one, TYPES.get(one.type, one.type)) for one in items],
        "is_fitting": bool(row.fitting) and not text,
        "more": more,
        "q": text,
        "would": _wanted(would),
        "why_not": _why_not(would),
        "default_item": catalogue.default_item,
        "may_create": catalogue.may_create,
    }
    return show(request, workspace, f"{template}#choices" if is_part else template, "mappings", context)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that would be made."""

    item: ItemWanted
    type: Text


def _wanted(would: CreateItem | Held | None) -> Wanted | None:
    return Wanted(would.wanted, TYPES[would.wanted.type]) if isinstance(would, CreateItem) else None


def _why_not(would: CreateItem | Held | None) -> str:
    return str(tell(would.reason, would.details).sentence) if isinstance(would, Held) else ""


def _line(row: ProductRow, catalogue: Catalogue) -> Line:
    badge = BADGES[row.state]
    if row.state == "open" and row.sku and (catalogue.may_create or row.is_wished):
        badge = TO_BE_MADE
    return Line(row, badge, HOW.get(row.how, "") if row.state in ("linked", "inactive") else "")


def _is_in(row: ProductRow, shown: str, catalogue: Catalogue) -> bool:
    if shown == "open":
        return _is_open(row, catalogue)
    return shown not in FILTERS or row.state in FILTERS[shown][1]


def _is_open(row: ProductRow, catalogue: Catalogue) -> bool:
    """Nothing happens by itself: a person has to choose."""
    return row.needs_choice and not (row.state == "open" and row.sku and catalogue.may_create)


def _filters(rows: Sequence[ProductRow], shown: str, catalogue: Catalogue) -> list[Shown]:
    found = [Shown("", _("All"), len(rows), shown)]
    for value, (label, _states) in FILTERS.items():
        number = sum(_is_in(row, value, catalogue) for row in rows)
        if number or value in ("open", "linked", shown):
            found.append(Shown(value, str(label), number, shown))
    return found


def _verdict(catalogue: Catalogue) -> Verdict:
    if not catalogue.rows:
        return Verdict(_("No product yet."), _("Products appear here as soon as an order with them was read."))
    waiting = [row for row in catalogue.rows if row.waiting]
    is_open = sum(_is_open(row, catalogue) for row in catalogue.rows)
    if waiting:
        title = ngettext("%(count)s product waits for its item", "%(count)s products wait for their item", len(waiting))
        text = _("Choose it once; it is remembered, whatever becomes of the SKU.")
        return Verdict(title % {"count": count(len(waiting))}, text)
    if is_open:
        title = ngettext("%(count)s product has no item", "%(count)s products have no item", is_open)
        text = _("Nothing waits for them today. Their next order would take the default product, or wait.")
        if catalogue.default_item is None:
            text = _("Nothing waits for them today. Their next order would wait for your choice.")
        return Verdict(title % {"count": count(is_open)}, text)
    return Verdict(
        _("Every product is sold as an item."), _("A product keeps its item when its SKU or its name changes later.")
    )

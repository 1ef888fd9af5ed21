"""One item of thousands in a select: few options, the whole list behind them, and a search with and without script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from connector.accounting.books import NameRow
from sync.mappings.names import SELLABLE
from sync.mappings.shortlist import SHOWN_AT_MOST, Hint, ItemList
from sync.missing import ITEMS
from sync.setup import options_of
from sync.templatetags.formats import count
from sync.web.manage.places import Place, value_at
from sync.web.manage.table import TABLE
from sync.web.reason_texts import Text
from sync.web.reasons import fill
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Company, Role, Tenant

_FEES = "orders.fee_items"
_LONGEST = 100
OF_A_LIST = 12
"""Options of each select where there are dozens of them on a page."""


@dataclass(frozen=True, slots=True)
class Picker:
    """A select of items. name: of its field. role: path of the option that is chosen, "" for a product's item.

    hint: what is probably meant. gone: how the chosen item was called, should it be in the list no longer. none: the
    name of the empty option. limit: how many are shown."""

    name: str
    role: str = ""
    hint: Hint = field(default_factory=Hint)
    chosen: str = ""
    gone: str = ""
    none: Text = ""
    limit: int = SHOWN_AT_MOST
    text: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """The search beside a select. url: answers the options. name, text: of its field. total: how many items there are.
    found: what is said of what was typed.

    way, fields: a page with the same search, for browsers without script; else the form itself is sent."""

    url: str
    name: str
    text: str
    total: int
    found: str
    way: str = ""
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """choices: (id, label) with the chosen one among them. kept: its id where it does not fit what was typed."""

    choices: list[tuple[str, str]]
    more: int
    kept: str = ""


def pick(items: ItemList, picker: Picker) -> Picked:
    text = picker.text.strip()[:_LONGEST]
    if text:
        shown = items.find(text, limit=picker.limit)
    else:
        is_for_a_product = bool(picker.hint.sku or picker.hint.name)
        hint = picker.hint if items.is_long or is_for_a_product else Hint()
        shown = items.suggest(hint, limit=picker.limit)
    choices = [(row.qbo_id, label_of(row)) for row in shown.rows]
    if not picker.chosen or any(value == picker.chosen for value, _label in choices):
        return Picked(choices, shown.more)
    row = items.get(picker.chosen)
    gone = fill(_("%(name)s (not in this list any more)"), {"name": picker.gone or picker.chosen})
    return Picked([(picker.chosen, label_of(row) if row else gone), *choices], shown.more, picker.chosen)


def options_with_none(picked: Picked, none: Text) -> list[tuple[str, Any]]:
    return [("", none), *picked.choices] if none else [*picked.choices]


def search_for(
    tenant: Tenant, items: ItemList, picker: Picker, picked: Picked, *, own_name: str = "", way: str = "", **fields: str
) -> Search | None:
    """None while the list is short enough to be read. own_name: of the search's field, else <name>-q."""
    if not items.is_long:
        return None
    asked = {
        "field": picker.name,
        "role": picker.role,
        "sku": picker.hint.sku,
        "name": picker.hint.name,
        "choose": "1" if picker.none == _("Choose…") else "",
    }
    url = f"{reverse('item_options', args=[tenant.slug])}?{urlencode({k: v for k, v in asked.items() if v})}"
    found = found_words(picked, picker.text)
    return Search(url, own_name or f"{picker.name}-q", picker.text, items.total, found, way, fields)


def found_words(picked: Picked, text: str) -> str:
    if not text.strip():
        return ""
    if picked.more:
        words = ngettext("%(count)s more: type more letters.", "%(count)s more: type more letters.", picked.more)
        return words % {"count": count(picked.more)}
    shown = len(picked.choices) - bool(picked.kept)
    if not shown:
        return _("No active item of QuickBooks matches.")
    return ngettext("%(count)s item matches.", "%(count)s items match.", shown) % {"count": count(shown)}


def label_of(row: NameRow) -> str:
    name = row.full_name or row.name
    return f"{name} ({row.sku})" if row.sku else name


def list_of(company: Company | None, role: str) -> ItemList:
    """The items that an option may be: any that can be sold, or services alone."""
    located = TABLE.by_path.get(role)
    is_service = located is not None and located.place.list_name == "Service"
    return ItemList(company, frozenset({"Service"}) if is_service else SELLABLE)


def hint_for(role: str) -> Hint:
    plan = ITEMS.get("orders.fee_item" if role == _FEES else role)
    return Hint(words=plan.words) if plan else Hint()


class ItemField(forms.ChoiceField):
    """Shows few items and takes any of the whole list; one that may not be chosen is refused with the reason."""

    search: Search | None = None
    items: ItemList | None = None

    def __init__(self, *, keeps: str = "", **kwargs: Any) -> None:
        """keeps: the one in force; what became of it in QuickBooks is said elsewhere, and is no reason to refuse."""
        super().__init__(**kwargs)
        self.keeps = keeps

    def serve(self, tenant: Tenant, items: ItemList, picker: Picker) -> None:
        picked = pick(items, picker)
        self.items = items
        self.choices = options_with_none(picked, picker.none)
        self.search = search_for(tenant, items, picker, picked)

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        if not value or str(value) == self.keeps:
            return
        if self.items is not None and (reason := self.items.why_not(str(value))):
            raise forms.ValidationError(reason, code="invalid_choice")


@require_safe
@in_workspace(Role.ADMIN)
def item_options(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The options of a select for what was typed beside it; what was chosen stays chosen."""
    tenant, asked = workspace.tenant, request.GET
    name, role = asked.get("field", "")[:_LONGEST], asked.get("role", "")[:_LONGEST]
    located, chosen = TABLE.by_path.get(role), asked.get(name, "")[:_LONGEST]
    picker = Picker(
        name,
        role,
        hint_for(role) if role else Hint(asked.get("sku", ""), asked.get("name", "")),
        chosen=chosen,
        gone=_saved_name(tenant, role, chosen),
        none=_("Choose…") if asked.get("choose") or located is None else none_of(located.place),
        text=asked.get("q", asked.get(f"{name}-q", "")),
    )
    picked = pick(list_of(tenant.company, role), picker)
    context = {
        "choices": options_with_none(picked, picker.none),
        "chosen": picker.chosen,
        "kept": picked.kept,
        "found": found_words(picked, picker.text),
        "target": request.headers.get("HX-Target", ""),
    }
    return show(request, workspace, "components/item_options.html#options", "mappings", context)


def none_of(place: Place) -> Text:
    """What the empty choice of an option is called; "" where it has none."""
    return (place.none or _("None")) if place.is_nullable or place.none else ""


def _saved_name(tenant: Tenant, role: str, qbo_id: str) -> str:
    value = value_at(options_of(tenant), role) if role and qbo_id else None
    refs = value.values() if role == _FEES and value else [value]
    return next((str(ref.get("name") or "") for ref in refs if ref and str(ref.get("id")) == qbo_id), "")

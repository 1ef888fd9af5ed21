"""The question for an item in a card: the few that are probably meant, and a search for all others."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from sync.mappings.shortlist import Hint, ItemList, is_called
from sync.web.cures.offer import Field, Option
from sync.web.picking import Picker, options_with_none, pick, search_for
from sync.web.workspace import Workspace


def item_field(workspace: Workspace, items: ItemList, *, name: str, label: str, hint: Hint, key: str = "") -> Field:
    """The field of a product's item. key: of the product, on whose page the search works without script."""
    picked = pick(items, picker := Picker(name, hint=hint, none=_("Choose…")))
    page, fields = ("mapping_product_choose", {"key": key}) if key else ("mapping_products", {})
    way = reverse(page, args=[workspace.tenant.slug])
    search = search_for(workspace.tenant, items, picker, picked, own_name="q", way=way, **fields)
    options = [Option(value, str(text)) for value, text in options_with_none(picked, picker.none)]
    best = items.get(picked.choices[0][0]) if picked.choices else None
    is_meant = best is not None and is_called(best, hint)
    return Field(
        name=name,
        label=label,
        options=options,
        value=best.qbo_id if best is not None and is_meant else "",
        hint=_("Suggested: same name.") if is_meant else "",
        is_suggested=is_meant,
        search=search,
    )

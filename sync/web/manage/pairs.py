"""A small editable list: a name the merchant writes, and what it stands for. Emptied rows go, two stay free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from sync.mappings.shortlist import SHOWN_AT_MOST, ItemList
from sync.web.manage.places import Place
from sync.web.picking import OF_A_LIST, Picker, Search, hint_for, options_with_none, pick, search_for
from sync.web.reasons import fill
from tenants.models import Tenant

FREE_ROWS = 2
MOST_ROWS = 60
Pair = tuple[str, str]


class PairsWidget(forms.Widget):
    """Fields <name>-<n>-name and <name>-<n>-item; drawn by the page's own template from `rows`."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Pair]:
        found = []
        for place in range(MOST_ROWS):
            if f"{name}-{place}-name" not in data:
                break
            found.append((str(data[f"{name}-{place}-name"]).strip(), str(data.get(f"{name}-{place}-item", ""))))
        return [pair for pair in found if any(pair)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-0-name" not in data

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        raise NotImplementedError("a list of pairs is drawn by components/pairs.html")


@dataclass(frozen=True, slots=True)
class PairRow:
    """One row as it is drawn; the items of its own select, the chosen one among them."""

    name: str
    field: str
    chosen: str
    choices: list[tuple[str, Any]]
    search: Search | None

    @property
    def id(self) -> str:
        return f"id_{self.field}"


class PairsField(forms.Field):
    """Clean value: [(name, id)], each name once. saved: name -> item of the document the form begins from."""

    widget = PairsWidget

    def __init__(
        self,
        tenant: Tenant,
        items: ItemList,
        place: Place,
        saved: Mapping[str, Mapping[str, Any]],
        data: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.tenant, self.items, self.place, self.typed = tenant, items, place, data
        self.saved = {str(ref["id"]): str(ref.get("name") or "") for ref in saved.values() if ref}

    def clean(self, value: Any) -> list[Pair]:
        pairs = [(str(name), str(qbo_id)) for name, qbo_id in value or ()]
        seen: set[str] = set()
        for name, qbo_id in pairs:
            if not name:
                raise forms.ValidationError(_("Write the name of the fee as it stands on the order, or empty its row."))
            if not qbo_id:
                message = _("Choose an item for “%(fee)s”, or empty its row.")
                raise forms.ValidationError(message, params={"fee": name})
            if qbo_id not in self.saved and (reason := self.items.why_not(qbo_id)):
                raise forms.ValidationError(f"{fill(_('“%(fee)s”:'), {'fee': name})} {reason}")
            if name.casefold() in seen:
                raise forms.ValidationError(_("“%(fee)s” stands here twice. Keep one row."), params={"fee": name})
            seen.add(name.casefold())
        return pairs

    def rows(self, key: str, pairs: Iterable[Pair]) -> list[PairRow]:
        """What is shown: the pairs, then free rows."""
        return [self._row(f"{key}-{n}-item", *pair) for n, pair in enumerate([*pairs, *[("", "")] * FREE_ROWS])]

    def _row(self, field: str, name: str, chosen: str) -> PairRow:
        picker = Picker(
            field,
            self.place.path,
            hint_for(self.place.path),
            chosen=chosen,
            gone=self.saved.get(chosen, ""),
            none=_("Choose…"),
            limit=OF_A_LIST if self.items.is_long else SHOWN_AT_MOST,
            text=str(self.typed.get(f"{field}-q", "")),
        )
        picked = pick(self.items, picker)
        search = search_for(self.tenant, self.items, picker, picked)
        return PairRow(name, field, chosen, options_with_none(picked, picker.none), search)

    @staticmethod
    def as_data(name: str, pairs: Iterable[Pair]) -> dict[str, str]:
        found: dict[str, str] = {}
        for place, (fee, qbo_id) in enumerate(pairs):
            found |= {f"{name}-{place}-name": fee, f"{name}-{place}-item": qbo_id}
        return found

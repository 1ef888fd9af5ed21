"""A small editable list: a name the merchant writes, and what it stands for. Emptied rows go, two stay free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from sync.web.manage.lists import Choices

FREE_ROWS = 2
MOST_ROWS = 60
Pair = tuple[str, str]


class PairsWidget(forms.Widget):
    """Fields <name>-<n>-name and <name>-<n>-item; drawn by the page's own template from `rows`."""

    choices: Choices = []

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


class PairsField(forms.Field):
    """Clean value: [(name, id)], each name once. choices: the items, an empty one first."""

    widget = PairsWidget

    def __init__(self, choices: Choices, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = [("", _("Choose…")), *(one for one in choices if one[0])]

    def clean(self, value: Any) -> list[Pair]:
        pairs = [(str(name), str(qbo_id)) for name, qbo_id in value or ()]
        known = {one for one, _label in self.choices if one}
        seen: set[str] = set()
        for name, qbo_id in pairs:
            if not name:
                raise forms.ValidationError(_("Write the name of the fee as it stands on the order, or empty its row."))
            if qbo_id not in known:
                message = _("Choose an item for “%(fee)s”, or empty its row.")
                raise forms.ValidationError(message, params={"fee": name})
            if name.casefold() in seen:
                raise forms.ValidationError(_("“%(fee)s” stands here twice. Keep one row."), params={"fee": name})
            seen.add(name.casefold())
        return pairs

    @staticmethod
    def as_data(name: str, pairs: Iterable[Pair]) -> dict[str, str]:
        found: dict[str, str] = {}
        for place, (fee, qbo_id) in enumerate(pairs):
            found |= {f"{name}-{place}-name": fee, f"{name}-{place}-item": qbo_id}
        return found


def rows_of(pairs: Iterable[Pair]) -> list[Pair]:
    """What is shown: the pairs, then free rows."""
    return [*pairs, *[("", "")] * FREE_ROWS]

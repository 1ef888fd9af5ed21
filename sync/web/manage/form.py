"""A page's form, built from its places: what stands in the document as a control, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from sync.web.manage.lists import Choices, Lists
from sync.web.manage.locks import locked_choices, why_locked
from sync.web.manage.pairs import PairsField
from sync.web.manage.places import Place, Subject, put, value_at
from sync.web.picking import ItemField, Picker, hint_for, none_of

Raw = Any
"""A value as its control holds it: text, bool, list of texts, or list of (name, id)."""


def raw_of(place: Place, value: Any) -> Raw:
    """A document's value as the control shows it."""
    if place.control == "switch":
        return bool(value)
    if place.control == "pairs":
        return [(name, str((ref or {}).get("id", ""))) for name, ref in (value or {}).items()]
    if place.control == "ticks":
        return list(value or ())
    if place.is_reference:
        return str((value or {}).get("id", ""))
    return "" if value is None else str(value)


def value_of(place: Place, clean: Any) -> Any:
    """A clean value as the document keeps it."""
    if place.control == "switch":
        return bool(clean)
    if place.control == "pairs":
        return {name: {"id": qbo_id} for name, qbo_id in clean}
    if place.control == "days":
        return int(clean)
    if isinstance(clean, date):
        return clean.isoformat()
    if place.is_reference:
        return {"id": clean} if clean else None
    if place.is_nullable and clean in ("", None):
        return None
    return clean


class OptionsForm(forms.Form):
    """All places of a subject. document: the options it begins from. may_act False: everything is only shown."""

    def __init__(
        self, data: Any = None, *, subject: Subject, document: Mapping[str, Any], lists: Lists, may_act: bool = True
    ) -> None:
        self.subject, self.document, self.lists = subject, document, lists
        self.reasons = {place.key: why_locked(place.lock, lists.facts, document) for place in subject.places}
        super().__init__(data, initial={p.key: raw_of(p, value_at(document, p.path)) for p in subject.places})
        for place in subject.places:
            is_locked = not may_act or bool(self.reasons[place.key])
            field = self._item_field(place, is_locked=is_locked) or _field(place, self._choices(place))
            field.disabled = is_locked
            self.fields[place.key] = field

    def _choices(self, place: Place) -> Choices:
        return self.lists.choices(place, value_at(self.document, place.path)) if _is_listed(place) else []

    def _item_field(self, place: Place, *, is_locked: bool) -> forms.Field | None:
        """A select of few of the company's items, or several of them; None where the list is another one."""
        items, saved = self.lists.items(place.list_name), value_at(self.document, place.path)
        if items is None:
            return None
        if place.control == "pairs":
            return PairsField(self.lists.tenant, items, place, saved or {}, self.data, **_shared(place))
        saved_id = str((saved or {}).get("id", ""))
        picker = Picker(
            place.key,
            place.path,
            hint_for(place.path),
            chosen=str(self.data.get(place.key, "")) if self.is_bound and not is_locked else saved_id,
            gone=str(saved.get("name") or "") if saved else "",
            none=none_of(place),
            text=str(self.data.get(f"{place.key}-q", "")),
        )
        field = ItemField(keeps=saved_id, **_required(place, _shared(place)))
        field.serve(self.lists.tenant, items, picker)
        return field

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        for place in self.subject.places:
            chosen = clean.get(place.key)
            is_locked = isinstance(chosen, str) and chosen in locked_choices(place.path, self.lists.facts)
            if is_locked and chosen != self.initial[place.key]:
                self.add_error(place.key, why_locked("inventory", self.lists.facts, self.document))
        return clean

    def is_changed(self, place: Place) -> bool:
        """Whether a clean value differs from the document's."""
        if place.key not in self.cleaned_data:
            return False
        value = value_of(place, self.cleaned_data[place.key])
        return bool(raw_of(place, value) != raw_of(place, value_at(self.document, place.path)))

    def sections(self) -> dict[str, Any]:
        """What differs from the document, as part of a tenant document; values with errors stay out."""
        found: dict[str, Any] = {}
        for place in self.subject.places:
            if self.is_changed(place):
                put(found, place.path, value_of(place, self.cleaned_data[place.key]))
        return found


def merged_data(form: OptionsForm, newest: Mapping[str, Any]) -> dict[str, Any]:
    """The person's own changes on top of what another has saved meanwhile, as data for a form on `newest`."""
    data: dict[str, Any] = {}
    for place in form.subject.places:
        keep = place.key in form.errors or form.is_changed(place)
        raw = form[place.key].data if keep else raw_of(place, value_at(newest, place.path))
        data |= _as_data(place, raw)
    return data


def _as_data(place: Place, raw: Raw) -> dict[str, Any]:
    if place.control == "switch":
        return {place.key: "on"} if raw and raw != "False" else {}
    if place.control == "pairs":
        return PairsField.as_data(place.key, raw)
    return {place.key: raw}


def _is_listed(place: Place) -> bool:
    return place.control in ("select", "radio", "ticks", "pairs")


def _shared(place: Place) -> dict[str, Any]:
    return {"label": place.label, "help_text": place.help, "required": False}


def _required(place: Place, shared: dict[str, Any]) -> dict[str, Any]:
    required = bool(place.missing) or (not place.is_nullable and place.control in ("radio", "select", "date"))
    if place.none and not place.is_nullable:
        required = False
    return shared | {"required": required, "error_messages": {"required": place.missing or _("Choose one.")}}


def _field(place: Place, choices: Choices) -> forms.Field:
    shared = _shared(place)
    if place.control == "switch":
        return forms.BooleanField(widget=forms.CheckboxInput(attrs={"role": "switch"}), **shared)
    shared = _required(place, shared)
    if place.control == "ticks":
        return forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, choices=choices, **shared)
    if place.control == "radio":
        return forms.ChoiceField(widget=forms.RadioSelect, choices=choices, **shared)
    if place.control == "select":
        gone = {"invalid_choice": _("This is no longer in the list. Choose another one.")}
        return forms.ChoiceField(choices=choices, **{**shared, "error_messages": shared["error_messages"] | gone})
    if place.control == "date":
        wrong = _("Write the day as 2026-01-31.")
        return forms.DateField(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            input_formats=["%Y-%m-%d"],
            **{**shared, "error_messages": {"required": wrong, "invalid": wrong}},
        )
    if place.control == "days":
        wrong = _("Write a number of days from 1 to 3650.")
        words = dict.fromkeys(("required", "invalid", "min_value", "max_value"), wrong)
        return forms.IntegerField(min_value=1, max_value=3650, **{**shared, "required": True, "error_messages": words})
    return forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}), **shared)

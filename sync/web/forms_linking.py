"""What the pages of linking take from their address and their forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from connector.accounting.documents import DocumentKind
from sync.engine.linking import kinds_of
from sync.models import Record
from sync.web.labels import ENTITIES


class DocumentSearchForm(forms.Form):
    """What a document in the books is searched by: each search is one metered read, so one kind at a time."""

    kind = forms.ChoiceField(label=_("Kind of document"))
    number = forms.CharField(
        label=_("Number, or a part of it"),
        required=False,
        max_length=21,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    total = forms.DecimalField(
        label=_("Total"),
        required=False,
        max_digits=20,
        decimal_places=5,
        localize=True,
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "decimal", "autocomplete": "off"}),
    )
    day = forms.DateField(
        label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date", "class": "input"})
    )

    def __init__(self, data: Any = None, *, record: Record, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["kind"].choices = [(kind.value, ENTITIES[kind.value]) for kind in kinds_of(record)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and not any(found.get(name) for name in ("number", "total", "day")):
            self.add_error("number", _("Give a number, a total or a date."))
        return found

    @property
    def wanted(self) -> DocumentKind:
        return DocumentKind(self.cleaned_data["kind"])

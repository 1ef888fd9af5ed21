"""What a new workspace needs: a name, an address, a language and a time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant

LANGUAGES = [("en", _("English")), ("fr", _("French")), ("fr-ca", _("Canadian French"))]
ZONES = {"fr": "Europe/Paris", "fr-ca": "America/Toronto", "en": "Europe/London", "en-us": "America/New_York"}
"""Proposed where the browser does not say; keys are languages as browsers send them."""
_CONTINENTS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_SLUG_LENGTH = 50


@lru_cache(maxsize=1)
def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """By continent, as people look for a city: [("Europe", [("Europe/Paris", "Paris"), …])]."""
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in _CONTINENTS)
    groups: Iterable[tuple[str, Iterable[str]]] = groupby(names, key=lambda name: name.partition("/")[0])
    listed = [(area, [(name, name.partition("/")[2].replace("_", " ")) for name in found]) for area, found in groups]
    return [*listed, ("UTC", [("UTC", "UTC")])]


def proposed_zone(accept_language: str) -> str:
    """From what the browser prefers to read; a script on the page knows better."""
    for part in accept_language.lower().split(","):
        code = part.partition(";")[0].strip()
        if found := ZONES.get(code) or ZONES.get(code.partition("-")[0]):
            return found
    return "UTC"


def free_slug(name: str) -> str:
    """maison-dupont, or maison-dupont-2 where that is taken."""
    base = slugify(name)[:_SLUG_LENGTH].strip("-") or "workspace"
    taken = set(Tenant.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for number in range(2, len(taken) + 3) if (slug := f"{base}-{number}") not in taken)


class WorkspaceForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("As you call the shop, for example Maison Dupont."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": _("Give the workspace a name.")},
    )
    slug = forms.CharField(
        label=_("Short name for addresses"),
        required=False,
        max_length=_SLUG_LENGTH,
        help_text=_("Small letters, digits and hyphens. Left empty, it is made from the name."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, help_text=_("For reports and new people."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        help_text=_("It decides on which day a sale at 23:30 falls."),
        widget=forms.Select(attrs={"data-zone": ""}),
    )

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).strip()
        if not slug:
            return ""
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
            raise forms.ValidationError(_("Use small letters, digits and single hyphens, for example maison-dupont."))
        if Tenant.objects.filter(slug=slug).exists():
            raise forms.ValidationError(
                _("This short name is taken. Free is, for example: %(slug)s."), params={"slug": free_slug(slug)}
            )
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("name") and "slug" in cleaned and not cleaned["slug"]:
            cleaned["slug"] = free_slug(cleaned["name"])
        return cleaned

"""What the rows of the tax page say."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from connector.accounting.policy import TaxWorld
from sync.mappings.taxes import UNTAXED, TaxRow
from sync.templatetags.formats import count, current_locale, percent
from sync.web.labels import Badge
from sync.web.reason_texts import Text

_UNTAXED_NAMES: Mapping[str, Text] = {
    UNTAXED: gettext_lazy("Lines without tax"),
    "vat_exempt": gettext_lazy("Exempt customers"),
    "export": gettext_lazy("Shipped to other countries"),
}
_UNTAXED_NOTES: Mapping[str, Text] = {
    UNTAXED: gettext_lazy("exempt goods, and countries without a rate"),
    "vat_exempt": gettext_lazy("lines of buyers the store marks as exempt, such as companies with a VAT number"),
    "export": gettext_lazy("lines without tax that leave the country"),
}
_CLASSES: Mapping[str, Text] = {
    "standard": gettext_lazy("standard class"),
    "reduced-rate": gettext_lazy("reduced rate"),
    "zero-rate": gettext_lazy("zero rate"),
}


def name_of(row: TaxRow) -> str:
    return str(_UNTAXED_NAMES[row.key]) if row.is_untaxed else row.name


def note_of(row: TaxRow, world: TaxWorld) -> str:
    """France · reduced rate · 10 %. In the US manual world a document has one code, so rates meet on a whole order."""
    if row.is_untaxed:
        return str(_UNTAXED_NOTES[row.key])
    parts = [_place(place) for place in row.countries] or ([] if not row.is_in_store else [_("everywhere")])
    if row.tax_class:
        known = _CLASSES.get(row.tax_class)
        parts.append(str(known) if known is not None else row.tax_class)
    if len(row.rate_ids) > 1:
        parts.append(_("together on one order") if world == "us_manual" else _("together on one line"))
    if row.percent is not None:
        parts.append(percent(row.percent))
    if not row.is_in_store:
        parts.append(_("no longer in the store"))
    return " · ".join(parts)


def badge_of(row: TaxRow) -> tuple[Badge, str]:
    """The state, and what it means for orders."""
    if row.state == "matched":
        return Badge("ok", "circle-check", pgettext("mapping", "Matched")), ""
    if row.state == "blocking":
        text = ngettext("%(count)s record waits", "%(count)s records wait", row.orders)
        return Badge("warn", "triangle-alert", pgettext("mapping", "To match")), text % {"count": count(row.orders)}
    if row.state == "stale":
        return Badge("warn", "triangle-alert", pgettext("mapping", "Gone")), _("deleted or inactive in QuickBooks")
    if row.state == "differs":
        return Badge("warn", "triangle-alert", pgettext("mapping", "To match")), _("the code is at another rate")
    if row.is_optional:
        return Badge("", "circle-dashed", pgettext("mapping", "As usual")), _("as lines without tax")
    return Badge("", "circle-dashed", pgettext("mapping", "To match")), _("blocks nothing")


def _place(place: str) -> str:
    """FR -> France; with the state's code, as in Canada QC."""
    country, _space, state = place.partition(" ")
    name = current_locale().territories.get(country, country)
    return f"{name} {state}".strip()

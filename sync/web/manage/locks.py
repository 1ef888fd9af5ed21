"""Why an option cannot be chosen now, and what to switch on where; "" where it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from connector.accounting.books import CompanyFacts

Lock = Callable[[CompanyFacts, Mapping[str, Any]], str]


def _world(facts: CompanyFacts, options: Mapping[str, Any]) -> str:
    mode = str(options["taxes"]["mode"])
    return facts.tax_world if mode == "auto" else mode


def _classes(facts: CompanyFacts, _options: Mapping[str, Any]) -> str:
    if facts.classes:
        return ""
    return _(
        "Class tracking is off in QuickBooks. Turn it on there under Account and settings, then Advanced, then"
        " Categories; then refresh the lists."
    )


def _locations(facts: CompanyFacts, _options: Mapping[str, Any]) -> str:
    if facts.locations:
        return ""
    return _(
        "Location tracking is off in QuickBooks. Turn it on there under Account and settings, then Advanced, then"
        " Categories; then refresh the lists."
    )


def _inventory(facts: CompanyFacts, _options: Mapping[str, Any]) -> str:
    if facts.inventory:
        return ""
    return _(
        "Stock is not tracked in this company. Turn on quantity tracking in QuickBooks, under Account and settings,"
        " then Sales; it takes the plan Plus or Advanced. Then refresh the lists."
    )


def _stock(facts: CompanyFacts, options: Mapping[str, Any]) -> str:
    """What is on may be turned off, whatever the company became."""
    return "" if options["stock"]["enabled"] else _inventory(facts, options)


def _multicurrency(facts: CompanyFacts, _options: Mapping[str, Any]) -> str:
    if facts.multicurrency:
        return ""
    return _("Multicurrency is off in QuickBooks. Turning it on cannot be undone: ask your accountant first.")


def _tax_off(facts: CompanyFacts, options: Mapping[str, Any]) -> str:
    if _world(facts, options) == "off":
        return ""
    return _("Only used where tax is off in QuickBooks. This company keeps tax by codes.")


def _tax_on(facts: CompanyFacts, options: Mapping[str, Any]) -> str:
    if _world(facts, options) != "off":
        return ""
    return _("Tax is off in QuickBooks, so it computes none that could differ.")


def _lists(_facts: CompanyFacts, _options: Mapping[str, Any]) -> str:
    return ""


LOCKS: Mapping[str, Lock] = {
    "lists": _lists,
    "classes": _classes,
    "locations": _locations,
    "inventory": _inventory,
    "stock": _stock,
    "multicurrency": _multicurrency,
    "tax_off": _tax_off,
    "tax_on": _tax_on,
}


def why_locked(lock: str, facts: CompanyFacts | None, options: Mapping[str, Any]) -> str:
    """facts: None while no company is connected: then nothing of its lists can be chosen."""
    if not lock:
        return ""
    if facts is None:
        return _("No QuickBooks company is connected yet. Connect it first; then its lists can be chosen from.")
    return LOCKS[lock](facts, options)


def locked_choices(path: str, facts: CompanyFacts | None) -> frozenset[str]:
    """Choices of a place that stay locked though the place is open."""
    if path == "items.type" and (facts is None or not facts.inventory):
        return frozenset({"inventory"})
    return frozenset()

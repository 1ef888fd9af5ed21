"""Where QuickBooks' own switches and the workspace's choices contradict each other, with both ways out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sync.web.reason_texts import Text


@dataclass(frozen=True, slots=True)
class Conflict:
    """`there`: what to change in QuickBooks; `here`: what to choose in the workspace instead."""

    key: str
    title: Text
    there: Text
    here: Text


def find_conflicts(
    facts: Mapping[str, Any], options: Mapping[str, Any], store_facts: Mapping[str, Any]
) -> list[Conflict]:
    """facts: the company's, as JSON. options: a version's document. store_facts: what the store said last."""
    orders = options.get("orders") or {}
    found = [
        _classes(facts, orders),
        _locations(facts, orders),
        _credits(facts, orders),
        _numbers(facts, orders),
        _currency(facts, store_facts),
        _stock(facts, options),
    ]
    return [conflict for conflict in found if conflict is not None]


def _classes(facts: Mapping[str, Any], orders: Mapping[str, Any]) -> Conflict | None:
    if not orders.get("class") or facts.get("classes"):
        return None
    return Conflict(
        "classes",
        _("You chose a class, but class tracking is off in QuickBooks."),
        _("Turn it on under Account and settings, then Advanced, then Categories."),
        _("Or choose no class here; documents are sent without one meanwhile."),
    )


def _locations(facts: Mapping[str, Any], orders: Mapping[str, Any]) -> Conflict | None:
    if not orders.get("location") or facts.get("locations"):
        return None
    return Conflict(
        "locations",
        _("You chose a location, but location tracking is off in QuickBooks."),
        _("Turn it on under Account and settings, then Advanced, then Categories."),
        _("Or choose no location here; documents are sent without one meanwhile."),
    )


def _credits(facts: Mapping[str, Any], orders: Mapping[str, Any]) -> Conflict | None:
    if not facts.get("auto_apply_credit") or orders.get("credit_memos", "off") == "off":
        return None
    return Conflict(
        "auto_apply_credit",
        _("QuickBooks applies credits by itself, so it may use a refund’s credit memo for another invoice."),
        _("Turn off “Automatically apply credits” under Account and settings, then Advanced, then Automation."),
        _("Or send refunds as refund receipts, which nothing can apply elsewhere."),
    )


def _numbers(facts: Mapping[str, Any], orders: Mapping[str, Any]) -> Conflict | None:
    automatic, custom = bool(orders.get("automatic_numbers")), bool(facts.get("custom_numbers"))
    if automatic and custom:
        return Conflict(
            "numbers_blank",
            _("QuickBooks leaves numbers blank while “Custom transaction numbers” is on."),
            _("Turn it off there, under Account and settings, then Sales."),
            _("Or turn off automatic invoice numbers here, so that the order’s number is sent."),
        )
    if not automatic and not custom:
        return Conflict(
            "numbers_ignored",
            _("We send the order’s number, but “Custom transaction numbers” is off in QuickBooks: it may be ignored."),
            _("Turn it on there, under Account and settings, then Sales."),
            _("Or turn on automatic invoice numbers here; the order’s number then stands in the memo."),
        )
    return None


def _currency(facts: Mapping[str, Any], store_facts: Mapping[str, Any]) -> Conflict | None:
    home, shop = str(facts.get("home_currency") or ""), str(store_facts.get("currency") or "")
    if not home or not shop or home == shop or facts.get("multicurrency"):
        return None
    return Conflict(
        "multicurrency",
        _("The store sells in %(store)s and the books are in %(books)s, but multicurrency is off in QuickBooks.")
        % {"store": shop, "books": home},
        _("Turning it on cannot be undone: ask your accountant first."),
        _("Or connect a company whose currency is the store’s."),
    )


def _stock(facts: Mapping[str, Any], options: Mapping[str, Any]) -> Conflict | None:
    wants = (options.get("stock") or {}).get("enabled") or (options.get("items") or {}).get("type") == "inventory"
    if not wants or facts.get("inventory"):
        return None
    return Conflict(
        "inventory",
        _("Stock is not tracked by your QuickBooks subscription, but it is asked for here."),
        _("Turn on quantity tracking in QuickBooks; it takes the plan Plus or Advanced."),
        _("Or turn stock off here and create items without it."),
    )

"""The choices that ruled a record, in the merchant's words, with the version they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.models import OptionsVersion
from sync.templatetags.formats import long_date
from sync.web.reason_texts import Text
from sync.web.reasons import fill

_DOCUMENTS: dict[str, Text] = {"invoice": gettext_lazy("Invoice"), "sales_receipt": gettext_lazy("Sales receipt")}
_DATES: dict[str, Text] = {
    "created": gettext_lazy("Creation of the order"),
    "paid": gettext_lazy("Payment of the order"),
    "completed": gettext_lazy("Completion of the order"),
}
_CUSTOMERS: dict[str, Text] = {
    "original": gettext_lazy("Original customer"),
    "organisation": gettext_lazy("Customer’s organisation"),
    "generic": gettext_lazy("Generic online-sales customer"),
}
_MATCHING: dict[str, Text] = {"sku": gettext_lazy("By SKU"), "name": gettext_lazy("By name")}


@dataclass(frozen=True, slots=True)
class Rules:
    number: int
    saved_at: datetime
    saved_by: str
    choices: list[tuple[str, str]]


def rules_of(version: OptionsVersion | None) -> Rules | None:
    if version is None:
        return None
    document: Mapping[str, Any] = version.document
    orders = _section(document, "orders")
    items = _section(document, "items")
    tenant = _section(document, "tenant")
    choices = [
        (_("Document"), _named(_DOCUMENTS, orders.get("document"))),
        (_("Date"), _named(_DATES, orders.get("date"))),
        (_("Number"), _number(orders)),
        (_("Customer"), _named(_CUSTOMERS, orders.get("customer_mode"))),
        (_("Items"), _named(_MATCHING, items.get("match_by"))),
        (_("Start date"), long_date(tenant["start_date"]) if tenant.get("start_date") else ""),
        (_("Time zone"), str(tenant.get("time_zone") or "")),
    ]
    who = version.who or (str(version.created_by) if version.created_by else "")
    return Rules(version.number, version.created_at, who, [(name, value) for name, value in choices if value])


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, Mapping) else {}


def _named(names: Mapping[str, Text], value: Any) -> str:
    return str(names.get(str(value), value)) if value else ""


def _number(orders: Mapping[str, Any]) -> str:
    if orders.get("automatic_numbers"):
        return _("Numbered by QuickBooks")
    prefix = orders.get("number_prefix")
    return fill(_("Prefix “%(prefix)s”"), {"prefix": prefix}) if prefix else _("The order’s number")

"""What can be chosen, read live from the two systems and kept for minutes; a value that is gone stays choosable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from connector.accounting.books import CompanyFacts, NameRow
from connector.errors import SyncError
from connector.woo.facts import StoreStatus
from sync import setup
from sync.engine import mirror
from sync.mappings.names import SELLABLE
from sync.mappings.shortlist import ItemList
from sync.web.manage.places import Place
from sync.web.reasons import fill
from sync.web.statuses import status_name
from tenants.models import Tenant
from tenants.web.forms_workspace import zone_choices

Choices = list[tuple[str, Any]]

PARTIALLY_REFUNDED = "partially-refunded"
USUAL_STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
"""WooCommerce's own, for the time the store does not answer."""
_MONEY_TYPES = frozenset({"Bank", "Other Current Asset"})
ITEM_LISTS: Mapping[str, frozenset[str]] = {"Item": SELLABLE, "Service": frozenset({"Service"})}
"""List of a place -> types of item that may be chosen (picking.py)."""
_KINDS: Mapping[str, tuple[str, Callable[[NameRow], bool]]] = {
    "Term": ("Term", lambda row: True),
    "Class": ("Class", lambda row: True),
    "Department": ("Department", lambda row: True),
    "money": ("Account", lambda row: row.type in _MONEY_TYPES),
    "income": ("Account", lambda row: row.type in ("Income", "Other Income")),
    "expense": ("Account", lambda row: row.type in ("Expense", "Other Expense", "Cost of Goods Sold")),
    "asset": ("Account", lambda row: row.type == "Other Current Asset"),
    "cogs": ("Account", lambda row: row.type == "Cost of Goods Sold"),
}
"""List of a place -> (QuickBooks list, which of its rows may be chosen)."""


@dataclass(slots=True)
class Lists:
    """Everything a page may offer. store: None while the store does not answer; `trouble` then says why."""

    tenant: Tenant
    facts: CompanyFacts | None
    store: setup.StoreLists | None = None
    trouble: SyncError | None = None
    _rows: dict[str, list[NameRow]] = field(default_factory=dict)
    _items: dict[str, ItemList] = field(default_factory=dict)

    def items(self, list_name: str) -> ItemList | None:
        """The list where it is one of items: thousands, of which a select shows few."""
        if list_name not in ITEM_LISTS:
            return None
        return self._items.setdefault(list_name, ItemList(self.tenant.company, ITEM_LISTS[list_name]))

    def name_of(self, list_name: str, qbo_id: str) -> str:
        """How QuickBooks calls it; the id where the list does not know it."""
        company = self.tenant.company
        if list_name in ITEM_LISTS:
            row = mirror.by_ids(company, "Item", [qbo_id]).get(qbo_id) if company is not None else None
        else:
            row = next((one for one in self.rows(list_name) if one.qbo_id == qbo_id), None)
        return (row.full_name or row.name) if row is not None else qbo_id

    def rows(self, list_name: str) -> list[NameRow]:
        kind, fits = _KINDS[list_name]
        company = self.tenant.company
        if company is None:
            return []
        if kind not in self._rows:
            self._rows[kind] = setup.rows_of(company, kind)
        return [row for row in self._rows[kind] if fits(row)]

    def choices(self, place: Place, value: Any) -> Choices:
        """The choices of a place, the empty one first where it may be empty; `value` stays among them."""
        if place.choices:
            found: Choices = [(one.value, one.label) for one in place.choices]
        elif place.list_name == "zones":
            return [*zone_choices()] if value in _all_zones() else [(value, value), *zone_choices()]
        elif place.list_name == "statuses":
            return self._statuses(value or ())
        else:
            found = [(row.qbo_id, row.full_name or row.name) for row in self.rows(place.list_name)]
            found = _with_chosen(found, value)
        if place.is_nullable or place.none:
            found.insert(0, ("", place.none or _("None")))
        return found

    def _statuses(self, chosen: Sequence[str]) -> Choices:
        read = self.store.statuses if self.store else tuple(StoreStatus(slug, "") for slug in USUAL_STATUSES)
        found = {one.slug: status_name(one.slug, other=one.name) for one in read}
        for slug in chosen:
            found.setdefault(slug, status_name(slug))
        found[PARTIALLY_REFUNDED] = status_name(PARTIALLY_REFUNDED)
        return list(found.items())


def read_lists(tenant: Tenant, *, fresh: bool = False) -> Lists:
    """Never raises: without the store, what was chosen and what every store has can still be chosen."""
    lists = Lists(tenant, setup.facts_of(tenant))
    if not tenant.store_url:
        return lists
    try:
        lists.store = setup.store_lists(tenant, fresh=fresh)
    except SyncError as error:
        lists.trouble = error
    return lists


def _with_chosen(found: Choices, value: Any) -> Choices:
    """What was chosen and is no longer offered (inactive, deleted, of another kind) is shown as such."""
    if not isinstance(value, Mapping) or not value.get("id") or any(one == str(value["id"]) for one, _name in found):
        return found
    name = str(value.get("name") or value["id"])
    return [(str(value["id"]), fill(_("%(name)s (not in this list any more)"), {"name": name})), *found]


def _all_zones() -> set[str]:
    return {zone for _area, zones in zone_choices() for zone, _name in zones}

"""Every product of the store that was ever seen, and what it is sold as.

Rows are made from local lists alone (products as orders and product records showed them, links, the mirror of the
company's items): no call leaves, and the number of queries does not grow with the shop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from django.db.models import Count, Q
from django.db.models.fields.json import KeyTextTransform

from connector.accounting.books import NameRow
from connector.accounting.commerce import ProductKey
from connector.accounting.documents import Held
from connector.accounting.items import CreateItem, match_item, possible_item_names
from connector.accounting.keys import normalise
from connector.accounting.policy import Ref
from sync.choices import latest_version
from sync.engine import mirror
from sync.mappings.names import SELLABLE
from sync.models import Link, MirrorEntry, Record
from sync.models import Mapping as SeenInStore
from sync.models.scoping import TenantQuerySet
from sync.setup import options_of
from sync.wiring import policy_source
from tenants.models import Company, Tenant

State = Literal["ambiguous", "open", "inactive", "gone", "unsellable", "found", "default", "linked"]
"""found: the next order links it by itself. gone: its item is no longer in QuickBooks. unsellable: only a category or
a bundle bears its SKU. default: a person chose that it is sold as the default item."""
NEEDS_CHOICE: frozenset[str] = frozenset({"ambiguous", "open", "inactive", "gone", "unsellable"})
REASONS = ("unmatched_product", "ambiguous_sku", "inactive_item")
_URGENCY: Mapping[str, int] = {
    "ambiguous": 0, "open": 1, "inactive": 0, "gone": 0, "unsellable": 1, "found": 2, "default": 3, "linked": 4
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProductRow:
    """key: as of `item_key`. item: what it is sold as, or would be. how: as of `Link.made_by`. fitting: the items that
    share its SKU. waiting: orders and product records held for it. is_wished: an item is made at the next run."""

    key: str
    name: str
    sku: str
    state: State = "open"
    item: Ref | None = None
    how: str = ""
    fitting: tuple[Ref, ...] = ()
    waiting: int = 0
    is_wished: bool = False

    @property
    def needs_choice(self) -> bool:
        return self.state in NEEDS_CHOICE and not self.is_wished

    @property
    def product_id(self) -> int:
        return int(self.key.split(":")[1])

    @property
    def variation_id(self) -> int:
        return int(self.key.split(":")[2])

    @property
    def product(self) -> ProductKey:
        return (self.product_id, self.variation_id)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rows, those that wait first. may_create: the settings make items for products that have none."""

    rows: tuple[ProductRow, ...]
    default_item: Ref | None
    may_create: bool

    def row(self, key: str) -> ProductRow | None:
        return next((row for row in self.rows if row.key == key), None)


@dataclass(slots=True)
class _Items:
    """Items of the company by what is asked for; each a plain tuple, since there are thousands of them."""

    by_id: dict[str, tuple[str, bool, str]] = field(default_factory=dict)
    by_text: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """("sku" or "name", normalised) -> ids."""


def read_catalogue(tenant: Tenant) -> Catalogue:
    """Raises LookupError while no company is connected."""
    company = tenant.company
    if company is None:
        raise LookupError("no company is connected")
    options = options_of(tenant)
    links = {
        key: (qbo_id, name, made_by)
        for key, qbo_id, name, made_by in _item_links(tenant).values_list("store_key", "qbo_id", "name", "made_by")
    }
    seen = SeenInStore.objects.for_tenant(tenant).filter(kind=SeenInStore.Kind.PRODUCT)
    products = {
        key: (label, sku, may_create)
        for key, label, sku, may_create in seen.values_list("store_key", "label", "sku", "may_create")
    }
    items, waiting = _items(company), _waiting(tenant)
    rows = []
    for key in {**products, **dict.fromkeys(links)}:
        label, sku, wished = products.get(key, ("", "", False))
        row = ProductRow(key, label or links.get(key, ("", "", ""))[1], sku, is_wished=wished)
        row = _linked(row, links[key], items) if key in links else _unlinked(row, items, options["items"])
        rows.append(replace(row, waiting=_count(row, waiting)) if waiting else row)
    rows.sort(key=lambda row: (-row.waiting, _URGENCY[row.state], normalise(row.name), row.key))
    default = options["orders"]["default_item"]
    return Catalogue(
        tuple(rows),
        Ref(str(default["id"]), str(default.get("name") or "")) if default else None,
        bool(options["items"]["create"]),
    )


def matching(rows: Iterable[ProductRow], text: str) -> list[ProductRow]:
    """Those whose name, SKU or item holds the text."""
    key = normalise(text)
    return [
        row
        for row in rows
        if not key
        or key in normalise(row.name)
        or key in normalise(row.sku)
        or (row.item is not None and key in normalise(row.item.name))
    ]


def records_waiting(tenant: Tenant, row: ProductRow) -> TenantQuerySet[Record]:
    """Held records that name this product, and its own product record."""
    named = Q(details__sku__iexact=row.sku) if row.sku else Q(details__sku="", details__name=row.name)
    if row.item is not None:
        named |= Q(reason="inactive_item", details__item_id=row.item.id)
    own = Q(source=Record.Source.PRODUCT, woo_id=row.variation_id or row.product_id)
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION)
    return held.filter((Q(reason__in=REASONS) & named) | own).order_by("-ordered_at", "-pk")


def would_create(tenant: Tenant, row: ProductRow) -> CreateItem | Held | None:
    """The item as it would be made by the settings; None where the product has no SKU, or has an item already."""
    company, version = tenant.company, latest_version(tenant)
    if company is None or version is None:
        return None
    policy = replace(policy_source(tenant, company)(version), create_items=True)
    line = _Line(row.name, row.sku, row.product_id, row.product)
    names = [*possible_item_names(line, policy), row.sku]
    found = [*mirror.by_skus(company, [row.sku]), *mirror.by_names(company, ("Item",), names)]
    rows: Sequence[NameRow] = list({one.qbo_id: one for one in found}.values())
    decision = match_item(line, rows, policy)
    return decision if isinstance(decision, CreateItem | Held) else None


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    sku: str
    product_id: int
    product: ProductKey


def _item_links(tenant: Tenant) -> TenantQuerySet[Link]:
    return Link.objects.for_tenant(tenant).filter(company=tenant.company, kind=Link.Kind.ITEM)


def _items(company: Company) -> _Items:
    found = _Items()
    rows = MirrorEntry.objects.filter(company=company, kind="Item").order_by("name_key", "qbo_id")
    for qbo_id, name, full_name, name_key, sku_key, is_active, kind in rows.values_list(
        "qbo_id", "name", "full_name", "name_key", "sku_key", "is_active", "type"
    ):
        found.by_id[qbo_id] = (full_name or name, is_active, kind)
        for text in {("sku", sku_key), ("name", name_key), ("name", full_name.casefold())}:
            found.by_text.setdefault(text, []).append(qbo_id)
    return found


def _linked(row: ProductRow, link: tuple[str, str, str], items: _Items) -> ProductRow:
    qbo_id, name, made_by = link
    if made_by == Link.DEFAULT:
        return replace(row, state="default", how=made_by)
    known = items.by_id.get(qbo_id)
    if known is None:
        return replace(row, state="gone", item=Ref(qbo_id, name), how=made_by)
    return replace(row, state="linked" if known[1] else "inactive", item=Ref(qbo_id, known[0]), how=made_by)


def _unlinked(row: ProductRow, items: _Items, options: Mapping[str, Any]) -> ProductRow:
    """What the next order would find, by the rule of the settings."""
    if row.sku:
        text = (options["match_by"], normalise(row.sku))
    else:
        text = ("name", normalise(row.name) if options["name_fallback"] else "")
    bearers = items.by_text.get(text, []) if text[1] else []
    sellable = [one for one in bearers if items.by_id[one][2] in SELLABLE]
    active = [one for one in sellable if items.by_id[one][1]]
    if len(active) == 1:
        return replace(row, state="found", item=Ref(active[0], items.by_id[active[0]][0]))
    if active or len(sellable) > 1:
        return replace(row, state="ambiguous", fitting=tuple(Ref(one, items.by_id[one][0]) for one in active))
    if sellable:
        return replace(row, state="inactive", item=Ref(sellable[0], items.by_id[sellable[0]][0]))
    if bearers:
        return replace(row, state="unsellable", item=Ref(bearers[0], items.by_id[bearers[0]][0]))
    return row


def _waiting(tenant: Tenant) -> dict[tuple[str, str], int]:
    """Held records by what they name: ("sku", …), ("name", …) of products without one, ("item", …) of inactive ones."""
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION, reason__in=REASONS)
    named = held.annotate(
        sku=KeyTextTransform("sku", "details"),
        product=KeyTextTransform("name", "details"),
        item=KeyTextTransform("item_id", "details"),
    )
    found: dict[tuple[str, str], int] = {}
    for one in named.order_by().values("reason", "sku", "product", "item").annotate(records=Count("pk")):
        if one["sku"]:
            key = ("sku", normalise(one["sku"]))
        elif one["reason"] == "inactive_item":
            key = ("item", one["item"] or "")
        else:
            key = ("name", one["product"] or "")
        found[key] = found.get(key, 0) + one["records"]
    return found


def _count(row: ProductRow, waiting: Mapping[tuple[str, str], int]) -> int:
    if row.sku:
        return waiting.get(("sku", normalise(row.sku)), 0)
    return waiting.get(("name", row.name), 0) + (waiting.get(("item", row.item.id), 0) if row.item else 0)

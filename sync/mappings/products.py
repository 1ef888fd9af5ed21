"""Products of the store against items of the company: a person's choice is a link, or leave to make an item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.accounting.books import NameRow
from connector.accounting.commerce import Order, Product
from connector.accounting.items import Sold
from connector.accounting.keys import item_key, normalise
from connector.woo.parse import parse_order, parse_product
from sync.engine import mirror
from sync.mappings.links import LinkChange, set_link
from sync.mappings.names import SELLABLE
from sync.models import Link, Record
from sync.models import Mapping as SeenInStore
from sync.models.scoping import TenantQuerySet
from tenants.audit import log_change
from tenants.models import Company, Tenant, User

LOOKED_AT = 500


def items_with_sku(company: Company, sku: str) -> list[NameRow]:
    """Active items that bear this SKU, by name."""
    rows = [row for row in mirror.by_skus(company, [sku]) if row.active and row.type in SELLABLE]
    return sorted(rows, key=lambda row: (normalise(row.name), row.qbo_id))


def products_held(records: TenantQuerySet[Record], *, sku: str, name: str) -> dict[str, str]:
    """Store key -> name of the products that held orders name: those of this SKU, of this name where there is none."""
    return products_in(records.values_list("raw", flat=True)[:LOOKED_AT], sku=sku, name=name)


def products_in(raws: Iterable[Any], *, sku: str, name: str) -> dict[str, str]:
    """The same of orders as the store gave them."""
    found: dict[str, str] = {}
    for raw in raws:
        order = parse_order(raw) if raw else None
        for line in order.lines if isinstance(order, Order) else ():
            same = normalise(line.sku) == normalise(sku) if sku else not line.sku and line.name == name
            if line.product_id and same:
                found.setdefault(item_key(*line.product), line.name)
    return found


def products_of_item(
    tenant: Tenant, records: TenantQuerySet[Record], company: Company, item: NameRow
) -> dict[str, str]:
    """Store key -> name of the products of held orders and products that this item is found for: by link, SKU, name."""
    seen: dict[str, tuple[str, str]] = {}
    for raw in records.values_list("raw", flat=True)[:LOOKED_AT]:
        for line in _sold(raw):
            seen.setdefault(item_key(*line.product), (line.name, line.sku))
    links = Link.objects.for_tenant(tenant).filter(company=company, kind=Link.Kind.ITEM, store_key__in=seen)
    linked = dict(links.values_list("store_key", "qbo_id"))
    names = {normalise(item.sku), normalise(item.name)} - {""}
    return {
        key: name
        for key, (name, sku) in seen.items()
        if (linked[key] == item.qbo_id if key in linked else names & {normalise(sku), normalise(name)})
    }


def _sold(raw: Any) -> list[Sold]:
    """What a held record is about: an order's lines, or the product and its variations themselves."""
    order = parse_order(raw) if raw else None
    if isinstance(order, Order):
        return [line for line in order.lines if line.product_id]
    product = parse_product(raw) if raw else None
    return [product] if isinstance(product, Product) else []


def link_products(
    tenant: Tenant,
    products: Mapping[str, str],
    item: NameRow,
    *,
    user: User,
    made_by: str = Link.BY_HAND,
    may_reactivate: bool = False,
) -> list[LinkChange]:
    """These products (store key -> name) are sold as this item from now on, whatever their SKU says.

    may_reactivate: it is inactive, and made active again by the next run."""
    return [
        set_link(
            tenant, Link.Kind.ITEM, key, item, label=name, user=user, made_by=made_by, may_reactivate=may_reactivate
        )
        for key, name in products.items()
    ]


def allow_creation(tenant: Tenant, products: dict[str, str], *, sku: str, user: User) -> None:
    """An item is made for these products at the next run, whether or not the settings create items."""
    for key, name in products.items():
        SeenInStore.objects.update_or_create(
            tenant=tenant,
            kind=SeenInStore.Kind.PRODUCT,
            store_key=key,
            defaults={"may_create": True},
            create_defaults={"may_create": True, "label": name[:255], "sku": sku[:120]},
        )
        log_change(tenant, "mappings.products", {name or key: [None, sku or name]}, user=user)

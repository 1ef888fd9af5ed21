"""Products of the store against items of the company: a person's choice is a link, or leave to make an item."""

from __future__ import annotations

from collections.abc import Collection

from connector.accounting.books import NameRow
from connector.accounting.commerce import Order
from connector.accounting.keys import item_key, normalise
from connector.woo.parse import parse_order
from sync.engine import mirror
from sync.models import Link, Record
from sync.models import Mapping as SeenInStore
from sync.models.scoping import TenantQuerySet
from sync.setup import rows_of
from tenants.audit import log_change
from tenants.models import Company, Tenant, User

SELLABLE = frozenset({"Service", "NonInventory", "Inventory"})
LOOKED_AT = 500


def sellable_items(company: Company) -> list[NameRow]:
    return [row for row in rows_of(company, "Item") if row.type in SELLABLE]


def items_with_sku(company: Company, sku: str) -> list[NameRow]:
    """Active items that bear this SKU, by name."""
    rows = [row for row in mirror.by_skus(company, [sku]) if row.active and row.type in SELLABLE]
    return sorted(rows, key=lambda row: (normalise(row.name), row.qbo_id))


def products_held(records: TenantQuerySet[Record], *, sku: str, name: str) -> dict[str, str]:
    """Store key -> name of the products that held orders name: those of this SKU, of this name where there is none."""
    found: dict[str, str] = {}
    for raw in records.values_list("raw", flat=True)[:LOOKED_AT]:
        order = parse_order(raw) if raw else None
        for line in order.lines if isinstance(order, Order) else ():
            same = normalise(line.sku) == normalise(sku) if sku else not line.sku and line.name == name
            if line.product_id and same:
                found.setdefault(item_key(*line.product), line.name)
    return found


def link_products(tenant: Tenant, keys: Collection[str], item: NameRow, *, user: User) -> None:
    """These products are sold as this item from now on, whatever their SKU says."""
    for key in keys:
        known = Link.objects.for_tenant(tenant).filter(company=tenant.company, kind=Link.Kind.ITEM, store_key=key)
        before = known.values_list("name", flat=True).first()
        Link.objects.update_or_create(
            tenant=tenant,
            company=tenant.company,
            kind=Link.Kind.ITEM,
            store_key=key,
            defaults={"qbo_id": item.qbo_id, "name": item.name[:500], "made_by": "hand"},
        )
        log_change(tenant, "mappings.products", {key: [before, item.name]}, user=user)


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
        log_change(tenant, "mappings.products", {key: [None, name]}, user=user)

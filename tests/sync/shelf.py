"""Goods on both sides, as a person keeps them: inventory items in the books, products with stock in the shop."""

from __future__ import annotations

from typing import Any

import requests

from connector.accounting.keys import item_key
from sync.models import Link
from tenants.models import Tenant
from tests.sync.world import World, _OAuth

INVENTORY = {
    "type": "inventory",
    "inventory_asset_account": "Inventory Asset",
    "cogs_account": "Cost of Goods Sold",
}


def shop_rows(world: World, path: str = "products", **params: Any) -> list[dict[str, Any]]:
    """A list of the shop's REST API, all pages of it."""
    rows: list[dict[str, Any]] = []
    while True:
        page = {"per_page": 100, "page": len(rows) // 100 + 1, "orderby": "id", "order": "asc", **params}
        found = requests.get(_url(world, path), params=page, auth=_auth(world), timeout=30).json()
        rows += found
        if len(found) < 100:
            return rows


def shop_product(world: World, product_id: int, variation_id: int = 0) -> dict[str, Any]:
    path = f"products/{product_id}/variations/{variation_id}" if variation_id else f"products/{product_id}"
    found: dict[str, Any] = requests.get(_url(world, path), auth=_auth(world), timeout=30).json()
    return found


def change_product(world: World, product_id: int, variation_id: int = 0, **body: Any) -> None:
    """By the shopkeeper."""
    path = f"products/{product_id}/variations/{variation_id}" if variation_id else f"products/{product_id}"
    requests.put(_url(world, path), json=body, auth=_auth(world), timeout=30).raise_for_status()
    world.tick()


def stock(world: World, product_id: int, variation_id: int = 0) -> int | None:
    found: int | None = shop_product(world, product_id, variation_id)["stock_quantity"]
    return found


def product_with(world: World, sku: str) -> dict[str, Any]:
    return shop_rows(world, sku=sku)[0]


def stocked_products(world: World, count: int) -> list[dict[str, Any]]:
    """The first simple products whose stock the shop keeps."""
    rows = [row for row in shop_rows(world) if row["type"] == "simple" and row["manage_stock"] is True]
    return rows[:count]


def account(world: World, name: str) -> dict[str, str]:
    return next({"value": str(one["Id"])} for one in world.names("Account") if one["Name"] == name)


def inventory_item(world: World, name: str, sku: str, on_hand: float = 0) -> str:
    """An inventory item that a person made in QuickBooks; returns its id."""
    body = {
        "Name": name.replace(":", " ")[:100],
        "Sku": sku,
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": on_hand,
        "InvStartDate": "2018-01-01",
        "IncomeAccountRef": account(world, "Sales of Product Income"),
        "ExpenseAccountRef": account(world, "Cost of Goods Sold"),
        "AssetAccountRef": account(world, "Inventory Asset"),
    }
    made = world.edit_books("Item", create=body)
    return str((made.get("Item") or made)["Id"])


def count_in_books(world: World, item_id: str, quantity: float) -> None:
    """Somebody counts the goods and says so in QuickBooks."""
    world.company_control("stock", id=item_id, quantity=quantity)


def on_hand(world: World, item_id: str) -> float:
    return next(float(one["QtyOnHand"]) for one in world.names("Item") if str(one["Id"]) == item_id)


def link(tenant: Tenant, product_id: int, item_id: str, *, variation_id: int = 0, name: str = "") -> Link:
    """As an order that sold the product left it."""
    assert tenant.company is not None
    return Link.objects.create(
        tenant=tenant,
        company=tenant.company,
        kind=Link.Kind.ITEM,
        store_key=item_key(product_id, variation_id),
        qbo_id=item_id,
        name=name,
    )


def _url(world: World, path: str) -> str:
    return f"{world.details['store']['url']}/wp-json/wc/v3/{path}"


def _auth(world: World) -> _OAuth:
    return _OAuth(world.details["store"]["consumer_key"], world.details["store"]["consumer_secret"])

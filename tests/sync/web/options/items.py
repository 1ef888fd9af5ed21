"""The options of the page Products."""

from __future__ import annotations

from typing import Any

from tests.sync.shelf import account, change_product, shop_rows
from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World

SKU = TEA[0]["sku"]


def has_item(world: World, name: str, sku: str = "") -> str:
    income = account(world, "Sales of Product Income")
    more = {"Sku": sku} if sku else {}
    made = world.edit_books("Item", create={"Name": name, "Type": "Service", "IncomeAccountRef": income, **more})
    return str((made.get("Item") or made)["Id"])


def has_one_item_by_sku_and_one_by_name(world: World) -> None:
    has_item(world, "Sencha", str(SKU))
    has_item(world, str(SKU))
    world.add_order(line_items=TEA)


def sells_a_product_without_sku(world: World) -> None:
    product = next(row for row in shop_rows(world) if row["sku"] == SKU)
    change_product(world, product["id"], sku="")
    has_item(world, product["name"])
    world.add_order(line_items=[{"product_id": product["id"], "quantity": 1}])


def has_an_inactive_item(world: World) -> None:
    item = has_item(world, "Sencha", str(SKU))
    world.edit_books("Item", id=item, change={"Active": False})
    world.add_order(line_items=TEA)


def item_of(books: Books) -> Any:
    """The item that the only line bears."""
    return books.held_or(lambda: books.lines(books.sale)[0][0])


def made(books: Books) -> dict[str, Any]:
    return books.row("Item", str(SKU), "Sku")


def income_of(books: Books) -> tuple[str, bool]:
    """The account of the item made, and whether the sale's net stands there."""
    name = str(made(books)["IncomeAccountRef"]["name"])
    return name, books.balance(name) == f"-{books.lines(books.sale)[0][1]}"


PROOFS = {
    "items.create": Proof(
        "A product that QuickBooks does not have becomes an item, or its order waits.",
        lambda books: books.held_or(lambda: made(books)["Sku"]),
        (("on", SKU), (None, {"unmatched_product"})),
        along={"orders-default_item": ""},
    ),
    "items.type": Proof(
        "What a new item is: goods without a quantity, a service, or stock.",
        lambda books: made(books)["Type"],
        (("non_inventory", "NonInventory"), ("service", "Service"), ("inventory", "Inventory")),
        along={
            "items-inventory_asset_account": Named("Account", "Inventory Asset"),
            "items-cogs_account": Named("Account", "Cost of Goods Sold"),
        },
    ),
    "items.income_account": Proof(
        "The income account of new items: their sales are counted there.",
        income_of,
        (
            (Named("Account", "Sales of Product Income"), ("Sales of Product Income", True)),
            (Named("Account", "Services"), ("Services", True)),
        ),
    ),
    "items.expense_account": Proof(
        "The expense account of new items.",
        lambda books: (made(books).get("ExpenseAccountRef") or {}).get("name"),
        (
            (Named("Account", "Cost of Goods Sold"), "Cost of Goods Sold"),
            (Named("Account", "Bank charges"), "Bank charges"),
        ),
    ),
    "items.match_by": Proof(
        "Which item a line bears: the one whose SKU, or the one whose name, is the store's SKU.",
        item_of,
        (("sku", "Sencha"), ("name", SKU)),
        given=has_one_item_by_sku_and_one_by_name,
    ),
    "items.name_fallback": Proof(
        "A product without SKU is booked on the item of the same name, or on the default product.",
        lambda books: item_of(books) == "Online sale",
        (("on", False), (None, True)),
        given=sells_a_product_without_sku,
    ),
    "items.reactivate": Proof(
        "An inactive item becomes active and bears the line, or the order waits.",
        lambda books: books.held_or(lambda: made(books)["Active"]),
        (("on", True), (None, {"inactive_item"})),
        given=has_an_inactive_item,
    ),
    "orders.default_item": Proof(
        "A line without an item of its own is booked on the default product; without one its order waits.",
        item_of,
        (
            (Named("Item", "Online sale"), "Online sale"),
            (Named("Item", "Fee"), "Fee"),
            ("", {"unmatched_product"}),
        ),
        along={"items-create": None},
    ),
}

"""The options of the page Products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sync.shelf import account, change_product, product_with, stock, stocked_products
from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World, run_to_end

SKU = TEA[0]["sku"]
ASSET, COGS = Named("Account", "Inventory Asset"), Named("Account", "Cost of Goods Sold")


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
    product = product_with(world, str(SKU))
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


def has_a_second_account_of(kind: str, name: str, **more: str) -> Callable[[World], None]:
    def given(world: World) -> None:
        world.edit_books("Account", create={"Name": name, "AccountType": kind, **more})
        world.add_order(line_items=TEA)

    return given


def sells_what_the_store_counts(world: World) -> None:
    world.add_order(line_items=[{"product_id": stocked_products(world, 1)[0]["id"], "quantity": 3}])


def has_the_stores_quantity(books: Books) -> bool:
    """What is on hand once the sale took its goods out."""
    product = stocked_products(books.world, 1)[0]
    return bool(float(books.row("Item", product["sku"], "Sku")["QtyOnHand"]) == stock(books.world, product["id"]))


def is_renamed_after_the_first_sync(books: Books) -> None:
    run_to_end(books.tenant)
    change_product(books.world, product_with(books.world, str(SKU))["id"], name="Brand new name")
    run_to_end(books.tenant)


def has_unsold_items(books: Books) -> bool:
    return len([one for one in books.world.names("Item") if one.get("Sku")]) > 1


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
        along={"items-inventory_asset_account": ASSET, "items-cogs_account": COGS},
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
    "items.inventory_asset_account": Proof(
        "The account of the value of new stock items.",
        lambda books: made(books)["AssetAccountRef"]["name"],
        (
            (Named("Account", "Inventory Asset"), "Inventory Asset"),
            (Named("Account", "Goods in Lyon"), "Goods in Lyon"),
        ),
        given=has_a_second_account_of("Other Current Asset", "Goods in Lyon", AccountSubType="Inventory"),
        along={"items-type": "inventory", "items-cogs_account": COGS},
    ),
    "items.cogs_account": Proof(
        "The account of the cost of new stock items.",
        lambda books: made(books)["ExpenseAccountRef"]["name"],
        ((COGS, "Cost of Goods Sold"), (Named("Account", "Cost of tea"), "Cost of tea")),
        given=has_a_second_account_of("Cost of Goods Sold", "Cost of tea", AccountSubType="SuppliesMaterialsCogs"),
        along={"items-type": "inventory", "items-inventory_asset_account": ASSET},
    ),
    "items.initial_quantity": Proof(
        "The quantity that a new stock item begins with: none, or the store's.",
        has_the_stores_quantity,
        (("zero", False), ("store", True)),
        given=sells_what_the_store_counts,
        along={"items-type": "inventory", "items-inventory_asset_account": ASSET, "items-cogs_account": COGS},
    ),
    "products.enabled": Proof(
        "Products become items without having been sold, or only with their orders.",
        has_unsold_items,
        (("on", True), (None, False)),
        along={"products-scope": "all"},
    ),
    "products.scope": Proof(
        "Every published product with a SKU becomes an item, or only those sold.",
        has_unsold_items,
        (("all", True), ("sold", False)),
        along={"products-enabled": "on"},
    ),
    "products.update": Proof(
        "Name, description, price and active state of an item follow the store, or stay.",
        lambda books: made(books)["Name"] == "Brand new name",
        (("on", True), (None, False)),
        along={"products-enabled": "on"},
        then=is_renamed_after_the_first_sync,
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

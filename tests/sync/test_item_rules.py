"""What a product is sold as, rule by rule, through whole runs (docs/customers-and-items.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sync.models import Link
from tests.sync.shelf import INVENTORY, account, change_product, product_with, shop_rows
from tests.sync.world import World, buyer, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

SKU = "THE-SEN-100"
TEA = [{"sku": SKU, "quantity": 1}]
NO_CREATION: dict[str, Any] = {"items": {"create": False}}


def add_item(world: World, name: str, sku: str = "", **body: Any) -> str:
    """By a person in QuickBooks."""
    income = {"IncomeAccountRef": account(world, "Sales of Product Income")}
    made = world.edit_books("Item", create={"Name": name, "Sku": sku, "Type": "Service", **income, **body})
    return str((made.get("Item") or made)["Id"])


def own_items(world: World) -> list[dict[str, Any]]:
    """Those with a SKU: what stands for products."""
    return [one for one in world.names("Item") if one.get("Sku")]


def items_on(document: dict[str, Any]) -> list[str]:
    """The ids on the document's lines."""
    details = [line.get("SalesItemLineDetail") for line in document["Line"]]
    return [str(one["ItemRef"]["value"]) for one in details if one]


def sale_of(world: World, order_id: int) -> dict[str, Any]:
    number = f"Wio{world.number_of(order_id)}"
    return next(one for one in world.documents("SalesReceipt") if one["DocNumber"] == number)


def without_sku(world: World, kind: str, product_id: int) -> None:
    """As a shopkeeper who empties the field."""
    database = world.box.store.shop.database
    with database.change():
        row = database.get(kind, product_id)
        assert row is not None
        database.put(kind, product_id, {**row.document, "sku": ""}, row.parent)


def variations(world: World, sku: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    parent = product_with(world, sku)
    return parent, shop_rows(world, f"products/{parent['id']}/variations")


# Matching


@pytest.mark.parametrize("sku", ["the-sen-100", "  THE-sen-100 "])
@pytest.mark.parametrize("by", ["sku", "name"])
def test_the_chosen_rule_ignores_case_and_outer_blanks(world: World, by: str, sku: str) -> None:
    named, other = (("Sencha", sku), (sku.strip(), "other"))
    wanted = add_item(world, *(named if by == "sku" else other))
    add_item(world, *(other if by == "sku" else named))
    order_id = world.add_order(line_items=TEA)
    run_to_end(world.connect(items={"create": False, "match_by": by}))
    assert items_on(sale_of(world, order_id)) == [wanted]


def test_a_variation_goes_by_its_own_sku_before_its_parents(world: World) -> None:
    _parent, (first, second, *_others) = variations(world, "MUG-GRE")
    own = add_item(world, "Sand mug", first["sku"])
    add_item(world, "Any mug", "MUG-GRE")
    one = world.add_order(line_items=[{"product_id": first["id"]}])
    other = world.add_order(line_items=[{"product_id": second["id"]}])
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert items_on(sale_of(world, one)) == [own]
    made = next(str(item["Id"]) for item in own_items(world) if item["Sku"] == second["sku"])
    assert items_on(sale_of(world, other)) == [made]


@pytest.mark.parametrize("has_item", [True, False])
def test_variations_without_a_sku_are_sold_as_their_parents_item(world: World, has_item: bool) -> None:
    parent, rows = variations(world, "MUG-GRE")
    known = add_item(world, "Any mug", "MUG-GRE") if has_item else ""
    for row in rows:
        without_sku(world, "variation", row["id"])
    orders = [world.add_order(line_items=[{"product_id": row["id"]}]) for row in rows]
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": len(rows)}
    [item] = [one for one in own_items(world) if one["Sku"] == "MUG-GRE"]
    assert not known or str(item["Id"]) == known
    assert {name for one in orders for name in items_on(sale_of(world, one))} == {str(item["Id"])}
    keys = set(Link.objects.filter(kind="item").values_list("store_key", flat=True))
    assert keys == {f"item:{parent['id']}:{row['id']}" for row in rows}


def test_a_sku_changed_in_the_store_keeps_its_item(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    [before] = own_items(world)
    change_product(world, product_with(world, SKU)["id"], sku="SENCHA-NEW")
    world.add_order(line_items=[{"sku": "SENCHA-NEW"}])
    world.make_names_old(tenant)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert [one["Id"] for one in own_items(world)] == [before["Id"]]
    assert {name for one in world.documents() for name in items_on(one)} == {str(before["Id"])}


def test_an_item_renamed_in_quickbooks_keeps_its_product_and_loses_its_old_sku_to_nobody(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    [before] = own_items(world)
    world.edit_books("Item", id=before["Id"], change={"Sku": "another", "Name": "Another name"})
    second = add_item(world, "A newcomer", SKU)
    world.add_order(line_items=TEA)
    world.make_names_old(tenant)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert {name for one in world.documents() for name in items_on(one)} == {str(before["Id"])}
    assert second != str(before["Id"])
    assert len(own_items(world)) == 2


def test_a_category_is_no_match_and_its_name_is_left_to_it(world: World) -> None:
    name = product_with(world, SKU)["name"]
    made = world.edit_books("Item", create={"Name": name, "Type": "Category", "Sku": SKU})
    category = str((made.get("Item") or made)["Id"])
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    [sold_as] = items_on(sale_of(world, order_id))
    assert sold_as != category
    assert next(one for one in own_items(world) if str(one["Id"]) == sold_as)["Name"] == f"{name} ({SKU})"


def test_a_bundle_with_the_sku_is_no_match(world: World) -> None:
    bundle = add_item(world, "Tea set", SKU)
    with world.box.company.storage.transaction():
        books = world.box.company.books
        row = books.get("Item", bundle)
        assert row is not None
        books.save("Item", {**row, "Type": "Group"}, row)
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect(**NO_CREATION)
    run_to_end(tenant)
    assert items_on(sale_of(world, order_id)) != [bundle]
    assert states(tenant) == {"synced": 1}


# Creation


@pytest.mark.parametrize(("chosen", "kind"), [("service", "Service"), ("non_inventory", "NonInventory")])
def test_what_is_missing_is_made_before_its_document_with_the_chosen_accounts(
    world: World, chosen: str, kind: str
) -> None:
    order_id = world.add_order(line_items=TEA)
    run_to_end(world.connect(items={"type": chosen}))
    [item] = own_items(world)
    assert items_on(sale_of(world, order_id)) == [str(item["Id"])]
    assert (item["Type"], item["Sku"]) == (kind, SKU)
    assert item["IncomeAccountRef"]["value"] == account(world, "Sales of Product Income")["value"]
    assert item["ExpenseAccountRef"]["value"] == account(world, "Cost of Goods Sold")["value"]


def test_a_stock_item_begins_on_the_start_date_with_nothing(world: World) -> None:
    for day in ("2024-05-01T10:00:00", "2023-02-01T10:00:00"):
        world.store_control(
            "orders", add={**buyer(), "line_items": TEA, "status": "processing", "set_paid": True}, at=day
        )
    world.tick()
    tenant = world.connect(tenant={**world.document()["tenant"], "start_date": "2023-01-15"}, items=INVENTORY)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    [item] = own_items(world)
    assert (item["Type"], item["InvStartDate"]) == ("Inventory", "2023-01-15")
    [sent] = tenant.postings.filter(entity="Item", operation="create").values_list("payload", flat=True)
    assert sent["QtyOnHand"] == 0
    assert float(item["QtyOnHand"]) == -2


@pytest.mark.parametrize("chosen", ["service", "non_inventory", "inventory"])
def test_no_cost_is_ever_sent(world: World, chosen: str) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect(items=INVENTORY if chosen == "inventory" else {"type": chosen})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    sent = [one.payload for one in tenant.postings.filter(entity="Item", operation="create")]
    assert len(sent) == 1
    assert not {"PurchaseCost", "PurchaseDesc"} & set(sent[0])


def test_a_long_name_is_shortened_and_a_taken_one_bears_the_sku(world: World) -> None:
    long = product_with(world, "COF-INC-12")
    assert len(long["name"]) > 100
    world.add_order(line_items=[{"sku": "COF-INC-12"}])
    world.add_order(line_items=[{"sku": "BOI-WAS-100"}, {"sku": "BOI-WAS-100B"}])
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    names = {one["Sku"]: one["Name"] for one in own_items(world)}
    assert long["name"].startswith(names["COF-INC-12"].removesuffix("…"))
    assert len(names["COF-INC-12"]) <= 100
    twin = names["BOI-WAS-100"]
    assert names["BOI-WAS-100B"] == f"{twin} (BOI-WAS-100B)"


def test_two_long_names_with_one_beginning_keep_their_skus(world: World) -> None:
    for sku in ("COF-INC-12", SKU):
        change_product(world, product_with(world, sku)["id"], name="Coffret " + "très " * 20 + sku)
    world.add_order(line_items=[{"sku": "COF-INC-12"}, {"sku": SKU}])
    tenant = world.connect()
    run_to_end(tenant)
    names = {one["Sku"]: one["Name"] for one in own_items(world)}
    assert names[SKU].endswith(f" ({SKU})")
    assert all(len(name) <= 100 for name in names.values())
    assert len(set(names.values())) == 2


def test_colons_emoji_and_entities_become_names_that_quickbooks_takes(world: World) -> None:
    for sku in ("ABO:EVA", "PLA-BAM-G", "INF-NUI-60"):
        world.add_order(line_items=[{"sku": sku}])
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 3}
    names = {one["Sku"]: one["Name"] for one in own_items(world)}
    assert names == {
        "ABO:EVA": "Abonnement Mensuel Évasion",
        "PLA-BAM-G": "Plateau bambou 🎋 grand modèle",
        "INF-NUI-60": "Infusion « Nuit calme » tilleul & verveine",
    }


# Products without a SKU


@pytest.mark.parametrize("by_name", [True, False])
def test_without_a_sku_a_product_goes_by_name_only_where_the_option_allows(world: World, by_name: bool) -> None:
    candle = next(row for row in shop_rows(world) if row["name"].startswith("Bougie"))
    known = add_item(world, candle["name"])
    orders = [world.add_order(line_items=[{"product_id": candle["id"]}]) for _number in range(2)]
    tenant = world.connect(items={"name_fallback": by_name})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    default = next(str(one["Id"]) for one in world.names("Item") if one["Name"] == "Online sale")
    assert {one for order in orders for one in items_on(sale_of(world, order))} == {known if by_name else default}
    assert own_items(world) == [], "no SKU is invented"


def test_a_product_that_lost_its_sku_is_still_remembered_by_its_id(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    [item] = own_items(world)
    product = product_with(world, SKU)["id"]
    without_sku(world, "product", product)
    order_id = world.add_order(line_items=[{"product_id": product}])
    run_to_end(tenant)
    assert items_on(sale_of(world, order_id)) == [str(item["Id"])]


def test_without_a_sku_and_a_default_the_order_waits_and_nothing_is_made_up(world: World) -> None:
    candle = next(row for row in shop_rows(world) if row["name"].startswith("Bougie"))
    order_id = world.add_order(line_items=[{"product_id": candle["id"]}])
    tenant = world.connect(orders={"default_item": None})
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "unmatched_product"
    assert own_items(world) == []


# Quantities


@pytest.mark.parametrize("quantity", [1.5, 0.5])
def test_a_fractional_or_no_quantity_is_one_piece_at_the_amount(world: World, quantity: float) -> None:
    """The store shows 1.5 as 1 and 0.5 as 0; the amount is right."""
    order_id = world.add_order(line_items=[{"sku": SKU, "quantity": quantity}])
    tenant = world.connect()
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert record.raw["line_items"][0]["quantity"] == int(quantity)
    [line] = [one for one in sale_of(world, order_id)["Line"] if "SalesItemLineDetail" in one]
    assert Decimal(str(line["SalesItemLineDetail"]["Qty"])) == 1
    assert line["SalesItemLineDetail"]["UnitPrice"] == line["Amount"]
    assert record.store_total == Decimal(sale_of(world, order_id)["TotalAmt"])


def test_a_line_edited_to_no_quantity_is_one_piece_at_the_amount_too(world: World) -> None:
    order_id = world.add_order(line_items=[{"sku": SKU, "quantity": 2}], **buyer("Ana", "Lopez", "ana@lopez.example"))
    database = world.box.store.shop.database
    with database.change():
        row = database.get("order", order_id)
        assert row is not None
        lines = [{**line, "quantity": 0} for line in row.document["line_items"]]
        database.put("order", order_id, {**row.document, "line_items": lines})
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    [line] = [one for one in sale_of(world, order_id)["Line"] if "SalesItemLineDetail" in one]
    assert Decimal(str(line["SalesItemLineDetail"]["Qty"])) == 1

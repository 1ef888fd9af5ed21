"""Products of the shop as items of the books: each once, by the rules that order lines follow."""

from __future__ import annotations

from typing import Any

import pytest

from sync.engine.requests import request_run
from sync.models import Cursor, Link, Posting, Record
from tests.sync.shelf import (
    INVENTORY,
    account,
    change_product,
    inventory_item,
    on_hand,
    shop_rows,
    stock,
    stocked_products,
)
from tests.sync.world import (
    Crash,
    World,
    assert_all_ended,
    die_holding_the_lease,
    finish,
    one_slice,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

ALL: dict[str, Any] = {"products": {"enabled": True, "scope": "all"}}


def sellable(world: World) -> list[dict[str, Any]]:
    """Everything with a SKU that a buyer can put into the basket."""
    rows = [row for row in shop_rows(world) if row["type"] != "variable"]
    for parent in shop_rows(world):
        if parent["type"] == "variable":
            rows += shop_rows(world, f"products/{parent['id']}/variations")
    return [row for row in rows if row["sku"]]


def skus(world: World) -> list[str]:
    return sorted(one["Sku"] for one in world.names("Item") if one.get("Sku"))


def test_every_published_product_and_variation_becomes_an_item(world: World) -> None:
    before = set(skus(world))
    tenant = world.connect(**ALL)
    run = run_to_end(tenant)
    assert run.state == "finished"
    wanted = {row["sku"] for row in sellable(world)}
    assert set(skus(world)) - before == wanted - before
    assert len(skus(world)) == len(set(skus(world)))
    parents = sum(1 for row in shop_rows(world) if row["type"] == "variable")
    assert states(tenant, "product")["synced"] == len(sellable(world))
    assert states(tenant, "product")["skipped:sold_by_parts"] == parents
    assert_all_ended(tenant)


def test_a_second_run_finds_nothing_to_do(world: World) -> None:
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    made = skus(world)
    world.tick(60)
    run = run_to_end(tenant)
    assert (run.qbo_calls, skus(world)) == (0, made)


def test_an_item_that_exists_is_linked_and_not_made_again(world: World) -> None:
    product = stocked_products(world, 1)[0]
    item = inventory_item(world, "Known for long", product["sku"].lower(), 3)
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    assert Link.objects.get(tenant=tenant, store_key=f"item:{product['id']}:0").qbo_id == item
    assert record_of(tenant, product["id"], "product").details["item_id"] == item
    assert sum(1 for sku in skus(world) if sku.lower() == product["sku"].lower()) == 1


def test_two_items_of_one_sku_are_a_question(world: World) -> None:
    product = stocked_products(world, 1)[0]
    for name in ("One", "Two"):
        inventory_item(world, name, product["sku"])
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    record = record_of(tenant, product["id"], "product")
    assert (record.state, record.reason) == ("attention", "ambiguous_sku")


def test_a_product_without_sku_and_a_draft_are_left_out_and_say_why(world: World) -> None:
    bare, draft = stocked_products(world, 2)
    change_product(world, bare["id"], sku="")
    with world.box.store.shop.database.change():
        row = world.box.store.shop.database.get("product", bare["id"])
        assert row is not None
        world.box.store.shop.database.put("product", bare["id"], {**row.document, "sku": ""})
    change_product(world, draft["id"], status="draft")
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    assert record_of(tenant, bare["id"], "product").reason == "no_sku"
    assert record_of(tenant, draft["id"], "product").reason == "status:draft"


def test_an_order_and_the_walk_share_one_item(world: World) -> None:
    product = stocked_products(world, 1)[0]
    world.add_order(line_items=[{"product_id": product["id"], "quantity": 1}])
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    creates = Posting.objects.for_tenant(tenant).filter(key=f"item:{product['id']}:0", operation="create")
    assert creates.count() == 1
    assert skus(world).count(product["sku"]) == 1


@pytest.mark.parametrize(
    "place", ["products page", "variations", "names planned", "batched", "called", "products dealt with"]
)
def test_a_dead_worker_loses_and_doubles_nothing(world: World, place: str) -> None:
    tenant = world.connect(**ALL)
    run, _is_new = request_run(tenant, trigger="test")

    def die(name: str) -> None:
        if name == place:
            raise Crash

    with pytest.raises(Crash):
        one_slice(run, checkpoint=die)
    assert tenant.company_id is not None
    die_holding_the_lease(tenant.company_id)
    assert finish(run).state == "finished"
    assert set(skus(world)) >= {row["sku"] for row in sellable(world)}
    assert len(skus(world)) == len(set(skus(world)))
    assert_all_ended(tenant)


def test_the_walk_goes_on_in_the_next_slice(world: World) -> None:
    tenant = world.connect(**ALL)
    run, _is_new = request_run(tenant, trigger="test")
    for _slice in range(60):
        if not one_slice(run, beats=4).more:
            break
    run.refresh_from_db()
    assert run.state == "finished"
    assert set(skus(world)) >= {row["sku"] for row in sellable(world)}


def test_stock_items_begin_with_what_the_shop_has_and_what_is_still_to_be_taken_out(world: World) -> None:
    product = stocked_products(world, 1)[0]
    world.add_order(line_items=[{"product_id": product["id"], "quantity": 3}])
    left = stock(world, product["id"])
    tenant = world.connect(items={**INVENTORY, "initial_quantity": "store"}, **ALL)
    run_to_end(tenant)
    item = Link.objects.get(tenant=tenant, store_key=f"item:{product['id']}:0").qbo_id
    assert on_hand(world, item) == left


def test_stock_items_bear_the_accounts_that_are_chosen(world: World) -> None:
    tenant = world.connect(items=INVENTORY, **ALL)
    run_to_end(tenant)
    made = next(one for one in world.names("Item") if one.get("Sku") == stocked_products(world, 1)[0]["sku"])
    assert (made["Type"], float(made["QtyOnHand"])) == ("Inventory", 0)
    assert made["AssetAccountRef"]["value"] == account(world, "Inventory Asset")["value"]
    assert made["ExpenseAccountRef"]["value"] == account(world, "Cost of Goods Sold")["value"]


def test_name_price_and_withdrawal_follow_when_that_is_chosen(world: World) -> None:
    product = stocked_products(world, 1)[0]
    tenant = world.connect(products={"enabled": True, "scope": "all", "update": True})
    run_to_end(tenant)
    change_product(world, product["id"], name="Brand new name", regular_price="33.30", sale_price="")
    run_to_end(tenant)
    item = next(one for one in world.names("Item") if one.get("Sku") == product["sku"])
    assert (item["Name"], float(item["UnitPrice"])) == ("Brand new name", 33.3)
    change_product(world, product["id"], status="draft")
    run_to_end(tenant)
    item = next(one for one in world.names("Item") if one.get("Sku") == product["sku"])
    assert item["Active"] is False


def test_nothing_follows_by_default(world: World) -> None:
    product = stocked_products(world, 1)[0]
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    change_product(world, product["id"], name="Brand new name")
    run = run_to_end(tenant)
    assert run.qbo_calls == 0
    assert "Brand new name" not in {one["Name"] for one in world.names("Item")}


def test_named_orders_leave_the_products_alone(world: World) -> None:
    order = world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    tenant = world.connect(**ALL)
    run_to_end(tenant, order_ids=[order])
    assert not Record.objects.for_tenant(tenant).filter(source="product").exists()
    assert not Cursor.objects.for_tenant(tenant).filter(stream="products").exists()


def test_switching_it_off_leaves_nothing_in_flight(world: World) -> None:
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    Record.objects.for_tenant(tenant).filter(source="product", state="synced").update(state="queued")
    world.apply(world.document(products={"enabled": False}))
    run_to_end(tenant)
    assert_all_ended(tenant)
    assert states(tenant, "product")["skipped:products_off"] > 0

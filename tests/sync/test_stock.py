"""The way back: what the books have on hand becomes what the shop sells, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from sync.connections.company import read_names
from sync.engine.requests import request_run
from sync.models import Cursor, Link, MirrorEntry, StockLine, StockPass
from tenants.models import Company, Tenant
from tests.sync.conftest import NewWorld
from tests.sync.shelf import (
    change_product,
    count_in_books,
    inventory_item,
    link,
    on_hand,
    shop_rows,
    stock,
    stocked_products,
)
from tests.sync.world import Crash, World, die_holding_the_lease, finish, one_slice, record_of, run_to_end

pytestmark = pytest.mark.django_db

ON: dict[str, Any] = {"stock": {"enabled": True}}


def shelf(world: World, quantities: list[float], **wanted: Any) -> tuple[Tenant, list[dict[str, Any]], list[str]]:
    """A connected tenant and as many linked products as there are quantities in the books."""
    products = stocked_products(world, len(quantities))
    items = [
        inventory_item(world, product["name"], product["sku"], quantity)
        for product, quantity in zip(products, quantities, strict=True)
    ]
    tenant = world.connect(**{**ON, **wanted})
    for product, item in zip(products, items, strict=True):
        link(tenant, product["id"], item, name=product["name"])
    agreed(tenant)
    return tenant, products, items


def agreed(tenant: Tenant) -> StockPass:
    """Somebody saw a first pass and had it sent, a day ago: the next full one is due."""
    day_ago = timezone.now() - timedelta(hours=25)
    return StockPass.objects.create(
        tenant=tenant, company=tenant.company, kind="full", state="done", created_at=day_ago, ended_at=day_ago,
        decision="counted", decided_at=timezone.now(),
    )  # fmt: skip


def hours_go_by(tenant: Tenant, hours: float) -> None:
    """Everything about stock, and the mirror, happened that much earlier."""
    back = timedelta(hours=hours)
    for one in StockPass.objects.for_tenant(tenant):
        StockPass.objects.filter(pk=one.pk).update(
            created_at=one.created_at - back, pulled_at=one.pulled_at - back if one.pulled_at else None
        )
    for cursor in Cursor.objects.for_tenant(tenant).filter(stream="stock"):
        Cursor.objects.filter(pk=cursor.pk).update(position=cursor.position - back)
    company = Company.objects.get(tenants=tenant)
    MirrorEntry.objects.filter(company=company).update(quantity_changed_at=F("quantity_changed_at") - back)
    Company.objects.filter(pk=company.pk).update(names_read_at=(company.names_read_at or timezone.now()) - back)


def passes(tenant: Tenant) -> list[str]:
    """The states of all passes after the first agreement, the newest first."""
    return list(StockPass.objects.for_tenant(tenant).values_list("state", flat=True))[:-1]


def last_pass(tenant: Tenant) -> StockPass:
    found = StockPass.objects.for_tenant(tenant).first()
    assert found is not None
    return found


def test_the_shop_gets_what_the_books_have_on_hand(world: World) -> None:
    tenant, products, _items = shelf(world, [12, 7.9, 40])
    run = run_to_end(tenant)
    assert run.state == "finished"
    assert [stock(world, product["id"]) for product in products] == [12, 7, 40]
    done = last_pass(tenant)
    assert (done.state, done.kind, done.linked) == ("done", "full", 3)
    assert all(line.sent_at for line in done.lines.exclude(outcome="same"))


def test_a_pass_of_nothing_new_writes_nothing(world: World) -> None:
    tenant, products, _items = shelf(world, [12, 7, 40])
    run_to_end(tenant)
    before = [row["date_modified_gmt"] for row in shop_rows(world)]
    hours_go_by(tenant, 25)
    world.tick(60)
    run_to_end(tenant)
    assert [row["date_modified_gmt"] for row in shop_rows(world)] == before
    assert last_pass(tenant).counts == {"same": 3}
    assert len(products) == 3


def test_an_hour_later_nothing_is_asked_of_either_side(world: World) -> None:
    tenant, _products, _items = shelf(world, [12])
    run_to_end(tenant)
    run = run_to_end(tenant)
    assert (run.qbo_calls, passes(tenant)) == (0, ["done"])


def test_six_hours_later_only_what_changed_is_looked_at(world: World) -> None:
    tenant, products, items = shelf(world, [12, 7, 40])
    run_to_end(tenant)
    hours_go_by(tenant, 6.1)
    count_in_books(world, items[1], 9)
    run = run_to_end(tenant)
    assert run.qbo_reads == 1
    assert stock(world, products[1]["id"]) == 9
    done = last_pass(tenant)
    assert (done.kind, done.lines.count(), done.counts) == ("changes", 1, {"changed": 1})


def test_news_of_an_item_pulls_the_next_pass_forward(world: World) -> None:
    tenant, products, items = shelf(world, [12, 7])
    run_to_end(tenant)
    count_in_books(world, items[0], 3)
    Company.objects.update(items_changed_at=timezone.now() + timedelta(seconds=5))
    run_to_end(tenant)
    assert stock(world, products[0]["id"]) == 3


def test_lists_that_were_read_whole_since_the_pass_began_are_not_read_again(world: World) -> None:
    """As after more changes than one answer holds: asking for the same changes would fail the same way."""
    tenant, products, items = shelf(world, [12, 7])
    run_to_end(tenant)
    count_in_books(world, items[0], 3)
    StockPass.objects.create(tenant=tenant, company=tenant.company, kind="changes", state="wanted")
    assert tenant.company is not None
    read_names(tenant.company)
    run = run_to_end(tenant, only="stock")
    assert (run.state, run.qbo_reads, stock(world, products[0]["id"])) == ("finished", 0, 3)


def test_what_is_sold_and_not_sent_yet_is_not_sold_twice(world: World) -> None:
    """A sales receipt waits for its money; the shop has given its pieces away all the same."""
    tenant, products, _items = shelf(world, [12])
    run_to_end(tenant)
    line = [{"product_id": products[0]["id"], "quantity": 5}]
    world.add_order(line_items=line, set_paid=False, status="on-hold", payment_method="bacs")
    assert stock(world, products[0]["id"]) == 7
    hours_go_by(tenant, 25)
    run_to_end(tenant)
    assert stock(world, products[0]["id"]) == 7
    found = last_pass(tenant).lines.get()
    assert (found.books_quantity, found.sold, found.target, found.outcome) == (12, 5, 7, "same")


def test_our_own_sales_do_not_make_the_stock_swing(world: World) -> None:
    tenant, products, items = shelf(world, [12, 30])
    run_to_end(tenant)
    first = last_pass(tenant)
    seen = []
    for number in range(3):
        world.add_order(line_items=[{"product_id": products[0]["id"], "quantity": 2}])
        seen.append(stock(world, products[0]["id"]))
        hours_go_by(tenant, 7 if number else 25)
        run_to_end(tenant)
        seen.append(stock(world, products[0]["id"]))
    assert seen == [10, 10, 8, 8, 6, 6]
    assert on_hand(world, items[0]) == 6
    written = StockLine.objects.for_tenant(tenant).exclude(outcome="same").filter(sent_at__isnull=False)
    assert set(written.values_list("stock_pass", flat=True)) == {first.pk}


def test_a_sale_between_reading_and_writing_is_not_written_over(world: World) -> None:
    tenant, products, _items = shelf(world, [30])
    run, _is_new = request_run(tenant, trigger="test")

    def sell(name: str) -> None:
        if name == "stock counted":
            world.add_order(line_items=[{"product_id": products[0]["id"], "quantity": 4}])

    one_slice(run, checkpoint=sell)
    assert stock(world, products[0]["id"]) == 26


def test_less_than_nothing_is_zero_and_fractions_are_whole_pieces(world: World) -> None:
    tenant, products, items = shelf(world, [12, 12, *[9] * 10])
    run_to_end(tenant)
    count_in_books(world, items[0], -3)
    count_in_books(world, items[1], 0.75)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert [stock(world, product["id"]) for product in products[:2]] == [0, 0]


def test_a_quantity_nobody_ever_entered_empties_nothing(world: World) -> None:
    tenant, products, _items = shelf(world, [0, 12])
    before = stock(world, products[0]["id"])
    assert before
    run_to_end(tenant)
    assert [stock(world, product["id"]) for product in products] == [before, 12]
    assert last_pass(tenant).counts == {"never_set": 1, "changed": 1}


def test_not_even_when_our_own_sales_made_it_negative(world: World) -> None:
    tenant, products, items = shelf(world, [0, 12])
    world.add_order(line_items=[{"product_id": products[0]["id"], "quantity": 2}])
    before = stock(world, products[0]["id"])
    run_to_end(tenant)
    assert on_hand(world, items[0]) == -2
    assert stock(world, products[0]["id"]) == before
    assert last_pass(tenant).lines.get(qbo_id=items[0]).outcome == "never_set"


def test_the_brake_stops_before_a_fifth_of_the_shop_is_emptied(world: World) -> None:
    tenant, products, items = shelf(world, [*[9] * 10])
    run_to_end(tenant)
    for item in items[:3]:
        count_in_books(world, item, 0)
    count_in_books(world, items[5], 4)
    hours_go_by(tenant, 7)
    run = run_to_end(tenant)
    assert run.state == "finished"
    stopped = last_pass(tenant)
    assert (stopped.state, stopped.counts) == ("stopped", {"to_zero": 3, "changed": 1})
    assert [stock(world, product["id"]) for product in products] == [9] * 10
    run_to_end(tenant)
    assert last_pass(tenant) == stopped


def test_what_was_stopped_goes_by_itself_once_the_books_are_put_right(world: World) -> None:
    tenant, products, items = shelf(world, [*[9] * 10])
    run_to_end(tenant)
    for item in items[:3]:
        count_in_books(world, item, 0)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    for item in items[:3]:
        count_in_books(world, item, 8)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert [stock(world, product["id"]) for product in products[:3]] == [8] * 3
    assert passes(tenant) == ["done", "replaced", "done"]


def test_variations_are_written_below_their_parents(world: World) -> None:
    parent = next(row for row in shop_rows(world) if row["type"] == "variable")
    kept = [row for row in shop_rows(world, f"products/{parent['id']}/variations") if row["manage_stock"] is True]
    items = [inventory_item(world, f"V {row['id']}", row["sku"], 20 + n) for n, row in enumerate(kept)]
    tenant = world.connect(**ON)
    for row, item in zip(kept, items, strict=True):
        link(tenant, parent["id"], item, variation_id=row["id"])
    agreed(tenant)
    run = run_to_end(tenant)
    assert run.state == "finished"
    assert [stock(world, parent["id"], row["id"]) for row in kept] == [20 + n for n in range(len(kept))]


def test_products_that_keep_no_stock_or_are_gone_are_told_apart(world: World) -> None:
    loose = next(row for row in shop_rows(world) if row["type"] == "simple" and row["manage_stock"] is False)
    tenant, _products, _items = shelf(world, [12])
    link(tenant, loose["id"], inventory_item(world, "Loose", "LOOSE", 5))
    link(tenant, 999_999, inventory_item(world, "Gone", "GONE", 5))
    run_to_end(tenant)
    assert last_pass(tenant).counts == {"changed": 1, "unmanaged": 1, "gone": 1}
    assert stock(world, loose["id"]) is None


def test_items_that_are_no_inventory_are_left_alone(world: World) -> None:
    tenant, products, _items = shelf(world, [12])
    body = {
        "Name": "Plain", "Sku": "PLAIN", "Type": "NonInventory",
        "IncomeAccountRef": {"value": str(next(a["Id"] for a in world.names("Account") if "Income" in a["Name"]))},
    }  # fmt: skip
    plain = world.edit_books("Item", create=body)
    link(tenant, stocked_products(world, 2)[1]["id"], str((plain.get("Item") or plain)["Id"]))
    run_to_end(tenant)
    assert last_pass(tenant).linked == 1
    assert len(products) == 1


def test_a_company_without_stock_is_asked_nothing(world: World) -> None:
    world.company_control("preferences", inventory=False)
    tenant = world.connect(**ON)
    run_to_end(tenant)
    assert not StockPass.objects.for_tenant(tenant).exists()


def test_one_refused_product_does_not_stop_the_others(world: World) -> None:
    tenant, products, _items = shelf(world, [12, 7])
    answer = {
        "update": [
            {"id": products[0]["id"], "error": {"code": "woocommerce_rest_x", "message": "No &amp; no", "data": {}}},
            {"id": products[1]["id"], "manage_stock": True, "stock_quantity": 7},
        ]
    }
    world.break_store(path_contains="products/batch", method="POST", action="status", status=200, body=answer)
    run_to_end(tenant)
    failed = last_pass(tenant).lines.get(outcome="failed")
    assert (failed.product_id, failed.detail) == (products[0]["id"], "woocommerce_rest_x: No & no")


@pytest.mark.parametrize("place", ["stock pulled", "stock counted", "stock sent"])
def test_a_dead_worker_leaves_a_pass_that_another_ends(world: World, place: str) -> None:
    tenant, products, _items = shelf(world, [12, 7, 40])
    run, _is_new = request_run(tenant, trigger="test")

    def die(name: str) -> None:
        if name == place:
            raise Crash

    with pytest.raises(Crash):
        one_slice(run, checkpoint=die)
    assert tenant.company_id is not None
    die_holding_the_lease(tenant.company_id)
    finish(run)
    assert [stock(world, product["id"]) for product in products] == [12, 7, 40]
    assert last_pass(tenant).state == "done"


def test_the_call_dies_before_its_answer_and_is_made_again(world: World) -> None:
    tenant, products, _items = shelf(world, [12, 7])
    world.break_store(path_contains="products/batch", method="POST", action="hang_up_after")
    run = run_to_end(tenant)
    assert run.state == "finished"
    assert [stock(world, product["id"]) for product in products] == [12, 7]


def test_stock_writes_touch_no_order(world: World) -> None:
    tenant, products, items = shelf(world, [12])
    order = world.add_order(line_items=[{"product_id": products[0]["id"], "quantity": 1}])
    run_to_end(tenant)
    told = record_of(tenant, order).events.count()
    count_in_books(world, items[0], 50)
    hours_go_by(tenant, 7)
    run = run_to_end(tenant)
    assert stock(world, products[0]["id"]) == 50
    assert (run.tally, record_of(tenant, order).events.count()) == ({"synced": 1}, told)


def test_two_products_of_one_item_share_its_stock(world: World) -> None:
    tenant, products, items = shelf(world, [12, 9])
    Link.objects.for_tenant(tenant).filter(qbo_id=items[1]).update(qbo_id=items[0])
    run_to_end(tenant)
    assert [stock(world, product["id"]) for product in products] == [12, 12]


def test_another_hand_in_the_shop_is_put_right_once_a_day(world: World) -> None:
    tenant, products, _items = shelf(world, [12])
    run_to_end(tenant)
    change_product(world, products[0]["id"], stock_quantity=99)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert stock(world, products[0]["id"]) == 99
    hours_go_by(tenant, 18)
    run_to_end(tenant)
    assert stock(world, products[0]["id"]) == 12


def test_named_orders_leave_the_stock_alone(new_world: NewWorld) -> None:
    world = new_world("fr")
    tenant, products, _items = shelf(world, [12])
    order = world.add_order(line_items=[{"product_id": products[0]["id"], "quantity": 1}])
    run_to_end(tenant, order_ids=[order])
    assert passes(tenant) == []

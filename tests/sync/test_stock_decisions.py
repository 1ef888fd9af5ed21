"""Who decides what becomes of the shop's stock: nothing is written unseen, and a brake waits for its answer."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync import stock as decisions
from sync.choices import save_choices
from sync.deliveries import Told, note_delivery, told_to_json
from sync.engine.requests import request_run
from sync.engine.stock import is_confirmed
from sync.models import Link, OptionsVersion, Run, StockPass, StoreHook
from sync.tasks import pull_stock, take_in_events
from tenants.models import AuditEntry, Company, Tenant, User
from tests.sync.shelf import change_product, count_in_books, inventory_item, link, shop_product, stock, stocked_products
from tests.sync.test_stock import hours_go_by, last_pass
from tests.sync.world import World, finish, one_slice, run_to_end

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user(email="alice@example.com", password="correct horse battery")


def shop_of(
    world: World, quantities: list[float], *, is_on: bool = True, **wanted: Any
) -> tuple[Tenant, list[dict[str, Any]], list[str]]:
    products = stocked_products(world, len(quantities))
    items = [
        inventory_item(world, product["name"], product["sku"], quantity)
        for product, quantity in zip(products, quantities, strict=True)
    ]
    tenant = world.connect(stock={"enabled": is_on}, **wanted)
    for product, item in zip(products, items, strict=True):
        link(tenant, product["id"], item, name=product["name"])
    return tenant, products, items


def stocks(world: World, products: list[dict[str, Any]]) -> list[int | None]:
    return [stock(world, product["id"]) for product in products]


def before(products: list[dict[str, Any]]) -> list[int | None]:
    return [product["stock_quantity"] for product in products]


def turn_on(tenant: Tenant, alice: User, decision: str = "counted") -> None:
    run_to_end(tenant)
    assert decisions.decide(tenant, last_pass(tenant), decision, user=alice) == []
    run_to_end(tenant)


def test_a_document_that_turns_stock_on_writes_nothing_unseen(world: World) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    run_to_end(tenant)
    seen = last_pass(tenant)
    assert (seen.kind, seen.state, seen.counts) == ("preview", "ready", {"changed": 2})
    hours_go_by(tenant, 30)
    run = run_to_end(tenant)
    assert stocks(world, products) == before(products)
    assert (run.qbo_calls, last_pass(tenant)) == (0, seen)


def test_turned_on_it_is_sent_and_goes_on_by_itself(world: World, alice: User) -> None:
    tenant, products, items = shop_of(world, [12, 7], is_on=False)
    decisions.ask(tenant, user=alice)
    run_to_end(tenant, only="stock")
    seen = last_pass(tenant)
    assert (seen.kind, seen.state) == ("preview", "ready")
    assert not decisions.is_on(tenant)
    assert decisions.decide(tenant, seen, "counted", user=alice) == []
    assert decisions.is_on(tenant)
    run_to_end(tenant, only="stock")
    seen.refresh_from_db()
    assert (seen.kind, seen.state, seen.decision, seen.decided_by) == ("full", "done", "counted", alice)
    assert stocks(world, products) == [12, 7]
    count_in_books(world, items[0], 5)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert stocks(world, products) == [5, 7]
    assert AuditEntry.objects.filter(tenant=tenant, action="stock").count() == 2


def test_what_nobody_entered_is_sent_only_when_asked_for(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [0, 12])
    run_to_end(tenant)
    seen = last_pass(tenant)
    assert [(way.decision, way.written, way.zeros, way.kept) for way in decisions.ways_of(seen)] == [
        ("counted", 1, 0, 1),
        ("all", 2, 1, 0),
    ]
    decisions.decide(tenant, seen, "all", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [0, 12]


def choose(tenant: Tenant, product: dict[str, Any], choice: str, alice: User) -> bool:
    found = Link.objects.for_tenant(tenant).get(store_key=f"item:{product['id']}:0")
    return decisions.choose(tenant, found, choice, user=alice)


def test_one_product_is_left_out_of_the_first_pass_and_of_all_later_ones(world: World, alice: User) -> None:
    tenant, products, items = shop_of(world, [12, 7, 9])
    run_to_end(tenant)
    assert choose(tenant, products[1], "out", alice)
    assert not choose(tenant, products[1], "out", alice), "chosen already"
    assert last_pass(tenant).counts == {"changed": 2, "left_out": 1}
    assert [way.written for way in decisions.ways_of(last_pass(tenant))] == [2]
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [12, before(products)[1], 9]
    count_in_books(world, items[1], 3)
    hours_go_by(tenant, 25)
    run_to_end(tenant)
    assert (last_pass(tenant).state, last_pass(tenant).counts["left_out"]) == ("done", 1)
    assert stocks(world, products)[1] == before(products)[1]
    assert [one.store_key for one in decisions.left_out(tenant)] == [f"item:{products[1]['id']}:0"]
    assert choose(tenant, products[1], "", alice)
    hours_go_by(tenant, 25)
    run_to_end(tenant)
    assert stocks(world, products) == [12, 3, 9]


def test_one_zero_that_nobody_entered_is_sent_where_a_person_says_so(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [0, 0, 12])
    run_to_end(tenant)
    assert last_pass(tenant).counts == {"never_set": 2, "changed": 1}
    assert choose(tenant, products[0], "in", alice)
    assert last_pass(tenant).counts == {"never_set": 1, "to_zero": 1, "changed": 1}
    assert choose(tenant, products[1], "in", alice)
    assert choose(tenant, products[1], "", alice), "taken back before it is sent"
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [0, before(products)[1], 12]


def test_products_left_out_no_longer_pull_the_brake(world: World, alice: User) -> None:
    tenant, products, _items = braked(world, alice)
    assert choose(tenant, products[0], "out", alice)
    assert last_pass(tenant).counts["to_zero"] == 2
    assert not decisions.is_braked(last_pass(tenant))
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [9, 0, 0, 9, 9, 4, 9, 9, 9, 9]
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert (last_pass(tenant).state, stocks(world, products)[0]) == ("done", 9)


def test_left_out_while_it_is_being_sent_it_is_not_written(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    run_to_end(tenant)
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    assert choose(tenant, products[0], "out", alice)
    run_to_end(tenant)
    assert stocks(world, products) == [before(products)[0], 7]
    assert last_pass(tenant).counts == {"changed": 1, "left_out": 1}


def test_a_decision_counts_once(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12])
    run_to_end(tenant)
    seen = last_pass(tenant)
    assert decisions.decline(tenant, seen, user=alice)
    assert decisions.decide(tenant, seen, "counted", user=alice) is None
    assert not decisions.is_on(tenant)
    run_to_end(tenant)
    assert stocks(world, products) == before(products)


def braked(world: World, alice: User) -> tuple[Tenant, list[dict[str, Any]], list[str]]:
    """Ten products on the shelf, three of them gone from the books: one more than a fifth."""
    tenant, products, items = shop_of(world, [9] * 10)
    turn_on(tenant, alice)
    for item in items[:3]:
        count_in_books(world, item, 0)
    count_in_books(world, items[5], 4)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert last_pass(tenant).state == "stopped"
    return tenant, products, items


def test_send_anyway_sends_the_zeros(world: World, alice: User) -> None:
    tenant, products, _items = braked(world, alice)
    ways = {way.decision: way for way in decisions.ways_of(last_pass(tenant))}
    assert set(ways) == {"aside", "counted"}
    assert (ways["counted"].zeros, ways["counted"].must_type) == (3, True)
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [0, 0, 0, 9, 9, 4, 9, 9, 9, 9]


def test_zeros_set_aside_stay_out_until_the_books_hold_some_again(world: World, alice: User) -> None:
    tenant, products, items = braked(world, alice)
    decisions.decide(tenant, last_pass(tenant), "aside", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [9, 9, 9, 9, 9, 4, 9, 9, 9, 9]
    assert decisions.set_aside(tenant).count() == 3
    hours_go_by(tenant, 25)
    run_to_end(tenant)
    assert (last_pass(tenant).state, last_pass(tenant).counts["aside"]) == ("done", 3)
    count_in_books(world, items[0], 6)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert stocks(world, products)[:3] == [6, 9, 9]
    assert decisions.set_aside(tenant).count() == 2


def test_zeros_taken_back_are_asked_about_again(world: World, alice: User) -> None:
    tenant, products, _items = braked(world, alice)
    decisions.decide(tenant, last_pass(tenant), "aside", user=alice)
    run_to_end(tenant)
    assert decisions.take_back(tenant, user=alice) == 3
    decisions.ask(tenant, user=alice)
    run_to_end(tenant, only="stock")
    stopped = last_pass(tenant)
    assert (stopped.kind, stopped.state, stopped.counts["to_zero"]) == ("full", "stopped", 3)
    assert stocks(world, products)[:3] == [9, 9, 9]


def test_left_as_it_is_the_same_question_comes_again(world: World, alice: User) -> None:
    tenant, products, _items = braked(world, alice)
    assert decisions.decline(tenant, last_pass(tenant), user=alice)
    assert decisions.is_on(tenant)
    run_to_end(tenant)
    assert last_pass(tenant).state == "declined"
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert (last_pass(tenant).state, last_pass(tenant).counts["to_zero"]) == ("stopped", 3)
    assert stocks(world, products) == [9] * 10


def test_a_preview_that_would_empty_the_shop_offers_to_set_the_zeros_aside_first(world: World, alice: User) -> None:
    tenant, products, items = shop_of(world, [9] * 6)
    for item in items[:3]:
        count_in_books(world, item, 0)
    run_to_end(tenant)
    ways = decisions.ways_of(last_pass(tenant))
    assert [(way.decision, way.written, way.zeros) for way in ways] == [("aside", 3, 0), ("counted", 6, 3)]
    decisions.decide(tenant, last_pass(tenant), "aside", user=alice)
    run_to_end(tenant)
    assert stocks(world, products) == [*before(products)[:3], 9, 9, 9]


def test_turned_off_in_the_middle_nothing_more_is_written(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    run_to_end(tenant)
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run, _is_new = request_run(tenant, trigger="stock", only="stock")
    Run.objects.filter(pk=run.pk).update(phase="stock")
    decisions.turn_off(tenant, user=alice)
    finish(run)
    assert stocks(world, products) == before(products)
    assert last_pass(tenant).state == "declined"


def test_turned_off_by_a_document_what_was_open_ends(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    run_to_end(tenant)
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    world.apply(world.document(stock={"enabled": False}))
    run_to_end(tenant)
    assert (last_pass(tenant).state, stocks(world, products)) == ("declined", before(products))


def test_turned_off_and_on_again_it_is_looked_at_first(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    turn_on(tenant, alice)
    decisions.turn_off(tenant, user=alice)
    change_product(world, products[0]["id"], stock_quantity=99)
    save_choices(tenant, {"stock": {"enabled": True}}, user=alice)
    assert not is_confirmed(tenant, tenant.company)  # type: ignore[arg-type]
    run_to_end(tenant)
    assert (last_pass(tenant).kind, last_pass(tenant).state) == ("preview", "ready")
    assert stocks(world, products) == [99, 7]


def test_another_option_saved_meanwhile_asks_for_no_second_preview(world: World, alice: User) -> None:
    tenant, _products, _items = shop_of(world, [12, 7])
    turn_on(tenant, alice)
    save_choices(tenant, {"orders": {"number_prefix": "Neu"}}, user=alice)
    assert OptionsVersion.objects.for_tenant(tenant).count() > 1
    assert is_confirmed(tenant, tenant.company)  # type: ignore[arg-type]


def test_a_run_that_is_stopped_leaves_the_pass_to_the_next_one(world: World, alice: User) -> None:
    tenant, products, _items = shop_of(world, [12, 7])
    run_to_end(tenant)
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run, _is_new = request_run(tenant, trigger="stock", only="stock")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    assert finish(run).state == "cancelled"
    assert (last_pass(tenant).state, stocks(world, products)) == ("sending", before(products))
    run_to_end(tenant)
    assert stocks(world, products) == [12, 7]


def test_how_far_a_pass_is_shows_while_it_works(world: World) -> None:
    tenant, _products, _items = shop_of(world, [12, 7, 3])
    run, _is_new = request_run(tenant, trigger="stock", only="stock")
    shown: list[tuple[str, int, int]] = []

    def look(_name: str) -> None:
        row = Run.objects.get(pk=run.pk)
        shown.append((row.phase, row.done, row.total))

    one_slice(run, checkpoint=look)
    assert ("stock", 0, 3) in shown


# Webhooks


def told(item: str) -> list[str]:
    return told_to_json(Told("item", item, "updated", timezone.now()))


def test_quickbooks_tells_and_the_shop_follows_at_once(world: World, alice: User) -> None:
    tenant, products, items = shop_of(world, [12, 7], tenant={"automatic_sync": True})
    turn_on(tenant, alice)
    hours_go_by(tenant, 1)
    hour_ago = timezone.now() - timedelta(hours=1)
    Run.objects.update(finished_at=hour_ago, created_at=hour_ago)
    count_in_books(world, items[0], 5)
    take_in_events(tenant.company_id, [told(items[0])])
    run = Run.objects.for_tenant(tenant).order_by("-pk").first()
    assert run is not None
    assert (run.trigger, run.parameters) == ("stock", {"only": "stock"})
    run = finish(run)
    assert stocks(world, products) == [5, 7]
    assert run.qbo_reads == 1


def test_events_of_a_minute_become_one_pass(world: World, alice: User) -> None:
    tenant, _products, items = shop_of(world, [12, 7], tenant={"automatic_sync": True})
    turn_on(tenant, alice)
    StockPass.objects.update(created_at=timezone.now() - timedelta(seconds=10))
    Company.objects.update(items_changed_at=timezone.now())
    due = decisions.pull_due(Tenant.objects.select_related("company").get(pk=tenant.pk), timezone.now())
    assert due is not None
    assert due > timezone.now() + timedelta(seconds=30)
    assert items


@pytest.mark.parametrize("off", ["stock", "automatic", "unconfirmed"])
def test_news_start_nothing_where_nothing_may_be_written(world: World, alice: User, off: str) -> None:
    tenant, _products, _items = shop_of(
        world, [12, 7], is_on=off != "stock", tenant={"automatic_sync": off != "automatic"}
    )
    if off == "automatic":
        turn_on(tenant, alice)
    runs = Run.objects.count()
    Company.objects.update(items_changed_at=timezone.now() + timedelta(minutes=1))
    pull_stock(tenant.pk)
    assert Run.objects.count() == runs


@pytest.fixture
def hook(world: World) -> StoreHook:
    tenant = world.connect(products={"enabled": True, "scope": "all"}, tenant={"automatic_sync": True})
    run_to_end(tenant)
    return StoreHook.objects.get_or_create(tenant=tenant)[0]


def test_a_new_price_in_the_shop_asks_for_a_run(world: World, hook: StoreHook) -> None:
    product = stocked_products(world, 1)[0]
    change_product(world, product["id"], regular_price="99.00")
    body = json.dumps(shop_product(world, product["id"])).encode()
    assert note_delivery(hook, topic="product.updated", body=body)


def test_our_own_stock_write_asks_for_none(world: World, hook: StoreHook) -> None:
    product = stocked_products(world, 1)[0]
    change_product(world, product["id"], stock_quantity=3)
    body = json.dumps(shop_product(world, product["id"])).encode()
    assert not note_delivery(hook, topic="product.updated", body=body)


def test_products_ask_for_nothing_where_none_are_sent(world: World) -> None:
    tenant = world.connect(tenant={"automatic_sync": True})
    hook = StoreHook.objects.get_or_create(tenant=tenant)[0]
    body = json.dumps(shop_product(world, stocked_products(world, 1)[0]["id"])).encode()
    assert not note_delivery(hook, topic="product.created", body=body)
    assert not Link.objects.for_tenant(tenant).exists()

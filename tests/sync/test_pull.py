"""Reading the store: nothing that changes is missed, nothing that is unchanged costs anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sync.engine.pull import PAGE_SIZES, _with_larger_pages, _with_smaller_pages
from sync.engine.requests import request_run
from sync.models import Cursor, Record, Run
from tests.sync.conftest import NewWorld
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    finish,
    merged,
    one_slice,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]
NOTHING_SKIPPED = {"tenant": {"start_date": "2018-01-01"}}


def seen_ids(world: World) -> set[int]:
    """Every order the shop has, but open checkouts."""
    return {int(one["id"]) for one in world.store_control("orders") if one["status"] != "checkout-draft"}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten orders a page, so that a few dozen make many pages."""
    monkeypatch.setattr("sync.engine.pull.PAGE_SIZES", (10, 5, 1))


# The window


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("move", ["random", "first", "last", "next"])
@pytest.mark.parametrize("storage", ["hpos", "posts"])
def test_a_store_that_changes_between_every_two_pages_loses_no_order(
    new_world: NewWorld, storage: str, move: str
) -> None:
    world = new_world("fr", orders=60)
    world.store_control("options", storage=storage)
    tenant = world.connect()
    world.tick()
    world.store_control("change_between_pages", on=True, move=move)
    for _run in range(3):
        run_to_end(tenant)
        world.tick()
    world.store_control("change_between_pages", on=False)
    run_to_end(tenant)
    assert set(Record.objects.filter(source="order").values_list("woo_id", flat=True)) == seen_ids(world)
    assert_all_ended(tenant)
    assert_no_duplicates(world)


def test_the_cursor_moves_only_when_the_window_is_read(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    world.break_store(path_contains="modified_before", action="maintenance", times=None)
    run, _ = request_run(tenant, trigger="test")
    assert one_slice(run).more
    assert not Cursor.objects.filter(stream="orders").exists()
    world.heal()
    finish(run)
    assert Cursor.objects.filter(stream="orders").exists()


def test_an_order_modified_just_before_the_last_reading_is_read_again_by_the_overlap(world: World) -> None:
    """A clock that steps back, or a row that is committed late, bears a time before the cursor."""
    world.add_order(line_items=TEA)
    tenant = world.connect()
    world.tick(600)
    run_to_end(tenant)
    late = world.add_order(line_items=TEA)
    world.tick(-600)
    world.change_order(late, customer_note="committed late")
    world.tick(700)
    run_to_end(tenant)
    assert record_of(tenant, late).state == "synced"


def test_an_unchanged_order_that_is_read_again_costs_nothing(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    events = record.events.count()
    world.forget_stats()
    run = run_to_end(tenant, order_ids=[order_id])
    assert (run.qbo_calls, world.stats()["calls"]) == (0, 0)
    record.refresh_from_db()
    assert (record.state, record.events.count(), record.run_id) == ("synced", events, run.pk)


@pytest.mark.usefixtures("small_pages")
def test_a_run_that_stops_between_two_pages_goes_on_where_it_was(new_world: NewWorld) -> None:
    world = new_world("fr", orders=60)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    pages: list[int] = []
    while run.phase == Run.Phase.READ:
        one_slice(run, beats=2)
        run.refresh_from_db()
        pages.append(run.reading.get("page") or 0)
    assert pages == sorted(pages, reverse=True)
    assert len(set(pages)) > 3
    finish(run)
    assert set(Record.objects.filter(source="order").values_list("woo_id", flat=True)) == seen_ids(world)


# Page sizes


@pytest.mark.parametrize("accident", [
    {"action": "status", "status": 500}, {"action": "hang_up_before"}, {"action": "truncated_json"},
])  # fmt: skip
def test_a_page_that_is_too_much_for_the_store_is_asked_for_in_smaller_ones(
    new_world: NewWorld, accident: dict[str, object]
) -> None:
    world = new_world("fr", orders=30)
    tenant = world.connect()
    world.break_store(path_contains="per_page=100", method="GET", times=None, **accident)
    run, _ = request_run(tenant, trigger="test")
    one_slice(run)
    run.refresh_from_db()
    assert run.reading["per_page"] == 50
    assert finish(run).state == Run.State.FINISHED
    assert set(Record.objects.filter(source="order").values_list("woo_id", flat=True)) == seen_ids(world)


@pytest.mark.parametrize("accident", [
    {"action": "maintenance"}, {"action": "status", "status": 429, "headers": {"Retry-After": "30"}, "body": {}},
    {"action": "status", "status": 403, "body": "<html>blocked by a firewall</html>"},
])  # fmt: skip
def test_a_store_that_refuses_for_other_reasons_keeps_its_page_size(
    new_world: NewWorld, accident: dict[str, object]
) -> None:
    world = new_world("fr", orders=30)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    world.break_store(path_contains="modified_before", times=3, **accident)
    one_slice(run)
    run.refresh_from_db()
    assert run.reading["per_page"] == 100
    assert run.state == Run.State.RUNNING
    assert run.waiting_for in ("store_maintenance", "store_busy", "store_blocked")
    world.heal()
    assert finish(run).state == Run.State.FINISHED


def test_changing_the_size_never_skips_a_row() -> None:
    for page in range(1, 40):
        for size in PAGE_SIZES:
            reading = {"page": page, "per_page": size, "quick": 4}
            smaller = _with_smaller_pages(reading)
            larger = _with_larger_pages(reading, quick=True)
            assert smaller["page"] * smaller["per_page"] == page * size
            assert larger["page"] * larger["per_page"] >= page * size


# What is chosen to be read


def test_an_earlier_start_date_brings_older_orders_in_and_a_later_one_touches_nothing(world: World) -> None:
    old_day = (timezone.now() - timedelta(days=20)).strftime("%Y-%m-%dT10:00:00")
    old = int(
        world.store_control(
            "orders", add={"line_items": TEA, "set_paid": True, "status": "processing", "payment_method": "stripe"},
            at=old_day,
        )["orders"][0]["id"]
    )  # fmt: skip
    new = world.add_order(line_items=TEA)
    start = (timezone.now() - timedelta(days=5)).date()
    document = world.document(tenant={"start_date": start.isoformat()})
    world.apply(document)
    tenant = world.document_tenant()
    run_to_end(tenant)
    assert not Record.objects.filter(woo_id=old).exists()
    assert record_of(tenant, new).state == "synced"

    world.apply(merged(document, tenant={"start_date": (start - timedelta(days=30)).isoformat()}))
    run_to_end(tenant)
    assert record_of(tenant, old).state == "synced"

    before = world.books(tenant)
    world.apply(merged(document, tenant={"start_date": timezone.now().date().isoformat()}))
    run_to_end(tenant)
    assert world.books(tenant) == before
    assert record_of(tenant, old).state == "synced"


def test_since_reads_orders_created_from_that_day_again_and_moves_no_cursor(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    position = Cursor.objects.get(stream="orders").position
    world.tick(600)
    run = run_to_end(tenant, since=timezone.now().date() - timedelta(days=1))
    assert record_of(tenant, order_id).run_id == run.pk
    assert Cursor.objects.get(stream="orders").position == position


def test_since_never_reaches_before_the_start_date(world: World) -> None:
    world.store_control("orders", add={"line_items": TEA}, at="2026-01-05T10:00:00")
    tenant = world.connect(tenant={"start_date": "2026-11-01"})
    run_to_end(tenant, since=timezone.now().date() - timedelta(days=900))
    assert not Record.objects.exists()


def test_a_run_for_named_orders_takes_only_those(world: World) -> None:
    wanted, other = world.add_order(line_items=TEA), world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant, order_ids=[wanted, 999_999])
    assert record_of(tenant, wanted).state == "synced"
    assert not Record.objects.filter(woo_id=other).exists()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}


def test_a_held_order_named_in_a_run_is_tried_again(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    world.break_company(item_body_contains="SalesReceipt", fault={"code": "2040", "message": "Invalid"})
    run_to_end(tenant)
    assert states(tenant) == {"attention:refused_by_quickbooks:2040": 1}
    run_to_end(tenant)
    assert states(tenant) == {"attention:refused_by_quickbooks:2040": 1}
    run_to_end(tenant, order_ids=[order_id])
    assert states(tenant) == {"synced": 1}


def test_drafts_are_no_orders_and_trash_is_skipped_with_its_reason(world: World) -> None:
    world.add_order(line_items=TEA, status="checkout-draft", set_paid=False)
    trashed = world.add_order(line_items=TEA)
    world.store_control("orders", trash=trashed)
    world.tick()
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"skipped:trash": 1}


# Orders that change on the way


def test_an_order_that_changes_while_it_is_being_sent_is_looked_at_again_afterwards(world: World) -> None:
    order_id = world.add_order(line_items=TEA, payment_method="bacs", status="on-hold", set_paid=False)
    tenant = world.connect(document="invoice")
    run, _ = request_run(tenant, trigger="test")
    world.break_company(path_contains="/batch", body_contains='"Invoice"', action="hang_up_after", times=3)
    one_slice(run)
    assert record_of(tenant, order_id).state == Record.State.SENDING
    Run.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now())
    world.change_order(order_id, set_paid=True, status="processing")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert sorted(one["type"] for one in world.documents()) == ["Invoice", "Payment"]


def test_an_order_refused_while_it_changed_is_planned_again_as_it_is_now(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    world.break_company(path_contains="/batch", body_contains='"SalesReceipt"', action="hang_up_before", times=3)
    one_slice(run)
    Run.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now())
    world.break_company(item_body_contains="SalesReceipt", fault={"code": "2040", "message": "Invalid"})
    world.change_order(order_id, line_items=[{"sku": "THI-FON-08", "quantity": 1}])
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("synced", "")
    (sale,) = world.documents()
    assert sale["TotalAmt"] == f"{record.store_total:.2f}"


def test_an_unreadable_order_is_kept_raw_and_needs_attention_until_it_can_be_read(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    world.add_order(line_items=TEA)
    tenant = world.connect()
    world.break_store(path_contains="modified_before", action="wrong_type", field="total", times=None)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "unreadable")
    assert record.raw["id"] == order_id
    assert states(tenant)["synced"] == 1
    world.heal()
    run_to_end(tenant, order_ids=[order_id])
    assert states(tenant) == {"synced": 2}


def test_refunds_become_rows_of_their_own_and_a_deleted_one_is_seen(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    refund = world.store_control("refunds", order=order_id, amount="5.00")
    world.tick()
    tenant = world.connect()
    run_to_end(tenant)
    record = record_of(tenant, int(refund["id"]), source="refund")
    assert record.parent == record_of(tenant, order_id)
    assert record.state == "synced"
    world.store_control("refunds", delete=refund["id"])
    run_to_end(tenant, order_ids=[order_id])
    record.refresh_from_db()
    assert (record.state, record.reason) == ("attention", "refund_deleted")


def test_an_order_deleted_in_the_store_is_found_by_the_slow_pass(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    run_to_end(tenant)
    world.store_control("orders", delete=order_id)
    Cursor.objects.filter(stream="recheck").update(position=timezone.now() - timedelta(days=2))
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "order_gone")
    assert len(world.documents()) == 1

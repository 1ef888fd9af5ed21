"""Several workers, several tenants, one company: turns are taken, runs are joined, the dead are relieved."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from sync import tasks
from sync.engine.requests import request_run
from sync.models import Posting, Run
from sync.wiring import LeaseTaken, slice_for_run
from tenants import lease
from tenants.budget import Budget
from tenants.lease import LeaseLost
from tenants.models import Company, Tenant
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    buyer,
    die_holding_the_lease,
    finish,
    one_slice,
    run_to_end,
    states,
)

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]


def at_once(*works: Callable[[], object]) -> list[BaseException]:
    """Runs everything in threads that start together; returns what went wrong."""
    barrier = threading.Barrier(len(works))
    problems: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=10)
            work()
        except BaseException as error:  # looked at by the test
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return problems


def _share_one_database() -> None:
    """Threads of a test on SQLite share the memory database; PostgreSQL gives each its own connection."""
    if connection.vendor == "sqlite":
        pytest.skip("threads need PostgreSQL (TEST_DATABASE_URL); the kill harness covers processes on SQLite")


def _two_tenants(world: World) -> tuple[Tenant, Tenant]:
    first = world.connect()
    document = world.document(slug="second", orders={"number_prefix": "Zwo"})
    document["quickbooks"]["refresh_token"] = world.details["company"]["refresh_token"]
    world.apply(document)
    return first, world.document_tenant("second")


# One run


@pytest.mark.django_db
def test_a_second_request_joins_the_run_under_way(world: World) -> None:
    tenant = world.connect()
    first, is_new = request_run(tenant, trigger="button")
    second, is_also_new = request_run(tenant, trigger="schedule")
    assert (first.pk, is_new, is_also_new) == (second.pk, True, False)
    run_to_end(tenant)
    third, is_new = request_run(tenant, trigger="button")
    assert is_new
    assert third.pk != first.pk


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_that_ask_at_once_get_the_same_run(world: World) -> None:
    _share_one_database()
    tenant = world.connect()
    found: list[int] = []
    problems = at_once(*[lambda: found.append(request_run(tenant, trigger="button")[0].pk)] * 4)
    assert problems == []
    assert len(set(found)) == 1
    assert Run.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_one_run_post_everything_once(world: World) -> None:
    _share_one_database()
    for number in range(12):
        world.add_order(line_items=TEA, **buyer("Buyer", f"Number {number}", f"b{number}@example.com"))
    tenant = world.connect(document="invoice")
    run, _ = request_run(tenant, trigger="test")

    def work() -> None:
        for _slice in range(50):
            if not tasks.advance_once(run.pk).more:
                return

    assert at_once(work, work, work) == []
    finish(run)
    assert states(tenant) == {"synced": 12}
    assert len(world.documents()) == 24
    assert_no_duplicates(world)


# The lease


@pytest.mark.django_db
def test_while_one_holds_the_company_nobody_else_begins_a_slice(world: World) -> None:
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    with slice_for_run(run.pk):
        step = tasks.advance_once(run.pk)
        assert step.more
        assert step.not_before is not None
        with pytest.raises(LeaseTaken), slice_for_run(run.pk):
            pass
    assert not finish(run).is_active


@pytest.mark.django_db
def test_whoever_lost_the_lease_stops_and_writes_nothing_more(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")

    def steal(name: str) -> None:
        if name == "considered":
            Company.objects.update(lease_token="thief", lease_until=timezone.now() + timedelta(minutes=1))

    with pytest.raises(LeaseLost):
        one_slice(run, checkpoint=steal)
    assert not Posting.objects.exists()
    assert world.documents() == []
    assert Company.objects.get().lease_token == "thief"
    assert tasks.advance_once(run.pk).more
    Company.objects.update(lease_token="", lease_until=None)
    finish(run)
    assert states(tenant) == {"synced": 1}


@pytest.mark.django_db
def test_a_dead_workers_company_is_free_when_its_lease_is_over(world: World) -> None:
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    assert tenant.company is not None
    assert lease.acquire_run_lease(tenant.company.pk) is not None
    assert lease.acquire_run_lease(tenant.company.pk) is None
    assert tasks.advance_once(run.pk).more
    die_holding_the_lease(tenant.company.pk)
    assert not finish(run).is_active


@pytest.mark.django_db
def test_a_lease_lasts_less_than_the_minute_in_which_a_foreground_sync_takes_over() -> None:
    assert lease.RUN_LEASE_SECONDS == 45


# Two tenants on one company


@pytest.mark.django_db
def test_two_tenants_on_one_company_take_turns_and_share_customers(world: World) -> None:
    for number in range(4):
        world.add_order(line_items=TEA, **buyer("Buyer", f"Number {number}", f"b{number}@example.com"))
    first, second = _two_tenants(world)
    runs = [request_run(tenant, trigger="test")[0] for tenant in (first, second)]
    for _turn in range(200):
        more = [one_slice(run, beats=2).more for run in runs if _is_active(run)]
        if not any(more):
            break
    for run, tenant in zip(runs, (first, second), strict=True):
        assert finish(run).state == Run.State.FINISHED
        assert states(tenant) == {"synced": 4}
        assert_all_ended(tenant)
    numbers = [one["DocNumber"] for one in world.documents()]
    assert len(set(numbers)) == len(numbers) == 8
    assert len(world.names("Customer")) == 4
    assert_no_duplicates(world)


def _is_active(run: Run) -> bool:
    run.refresh_from_db()
    return run.is_active


@pytest.mark.django_db
def test_the_same_refresh_token_serves_two_documents_of_one_company(world: World) -> None:
    first, second = _two_tenants(world)
    assert first.company == second.company
    assert Company.objects.count() == 1


# Sending and resending


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Run ids that were handed to the broker."""
    found: list[int] = []

    def apply_async(*, args: list[int], **_options: object) -> None:
        found.append(args[0])

    monkeypatch.setattr(tasks.run_slice, "apply_async", apply_async)
    return found


@pytest.mark.django_db(transaction=True)
def test_a_slot_that_has_come_starts_one_run_however_often_it_is_looked_at(world: World, sent: list[int]) -> None:
    tenant = world.connect(tenant={"automatic_sync": True})
    Tenant.objects.filter(pk=tenant.pk).update(next_run_at=timezone.now() - timedelta(minutes=1))
    tasks.dispatch_due_tenants()
    tasks.dispatch_due_tenants()
    assert len(sent) == Run.objects.count() == 1
    tenant.refresh_from_db()
    assert tenant.next_run_at is not None
    assert timedelta(0) < tenant.next_run_at - timezone.now() <= timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("why", ["paused", "not automatic", "store lost", "company lost", "not due"])
def test_nobody_is_dispatched_who_should_not_be(world: World, sent: list[int], why: str) -> None:
    tenant = world.connect(tenant={"automatic_sync": why != "not automatic"})
    changes: dict[str, object] = {"next_run_at": timezone.now() - timedelta(minutes=1)}
    if why == "paused":
        changes["is_paused"] = True
    elif why == "store lost":
        changes["store_state"] = "expired"
    elif why == "not due":
        changes["next_run_at"] = timezone.now() + timedelta(minutes=1)
    elif why == "company lost":
        Company.objects.update(state="revoked")
    Tenant.objects.filter(pk=tenant.pk).update(**changes)
    tasks.dispatch_due_tenants()
    assert sent == []
    assert not Run.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_at_once_start_one_run(world: World, sent: list[int]) -> None:
    _share_one_database()
    tenant = world.connect(tenant={"automatic_sync": True})
    Tenant.objects.filter(pk=tenant.pk).update(next_run_at=timezone.now() - timedelta(minutes=1))
    assert at_once(*[tasks.dispatch_due_tenants] * 3) == []
    assert len(sent) == Run.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("sent_ago", "progress_ago", "waits_for", "is_sent"),
    [
        (None, None, None, True),
        (100, 100, None, True),
        (10, 100, None, False),
        (100, 10, None, False),
        (100, 100, 60, False),
        (100, 100, -1, True),
    ],
)
def test_the_sweep_sends_what_nobody_works_on(
    world: World,
    sent: list[int],
    sent_ago: int | None,
    progress_ago: int | None,
    waits_for: int | None,
    is_sent: bool,
) -> None:
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    now = timezone.now()
    Run.objects.filter(pk=run.pk).update(
        sent_at=None if sent_ago is None else now - timedelta(seconds=sent_ago),
        progressed_at=None if progress_ago is None else now - timedelta(seconds=progress_ago),
        not_before=None if waits_for is None else now + timedelta(seconds=waits_for),
    )
    tasks.sweep()
    assert sent == ([run.pk] if is_sent else [])


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = world.connect()

    def refuse(**_options: object) -> None:
        raise ConnectionRefusedError("broker")

    monkeypatch.setattr(tasks.run_slice, "apply_async", refuse)
    run = tasks.start_run(tenant, trigger="button")
    assert Run.objects.get(pk=run.pk).is_active
    assert not finish(run).is_active


@pytest.mark.django_db
def test_a_doubled_or_late_message_finds_nothing_to_do(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run = run_to_end(tenant)
    world.forget_stats()
    assert not tasks.advance_once(run.pk).more
    assert not tasks.advance_once(999_999).more
    assert world.stats()["calls"] == 0


def test_hourly_slots_are_spread_over_the_hour() -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    slots = [Tenant(key=f"{number:08x}").next_slot(now) for number in range(2000)]
    assert all(now < slot <= now + timedelta(hours=1) for slot in slots)
    quarters = [sum(slot.minute // 15 == quarter for slot in slots) for quarter in range(4)]
    assert all(abs(count - 500) < 90 for count in quarters)
    assert Tenant(key="0000002a").next_slot(now) == Tenant(key="0000002a").next_slot(now)


# Time and money


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{}, None], ids=["with a fault", "as a page"])
def test_a_429_closes_the_company_for_as_long_as_it_says(world: World, body: dict[str, object] | None) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    rule = {"action": "status", "status": 429, "headers": {"Retry-After": "40"}}
    world.break_company(path_contains="/batch", **rule, **({} if body is not None else {"body": "<html>429</html>"}))
    run, _ = request_run(tenant, trigger="test")
    step = tasks.advance_once(run.pk)
    assert step.more
    assert step.not_before is not None
    assert 30 < (step.not_before - timezone.now()).total_seconds() <= 40
    assert tenant.company is not None
    assert Budget(tenant.company.pk).reserve("write") > 30
    assert finish(run).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 1}


@pytest.mark.django_db
def test_a_cancelled_run_ends_and_what_it_had_read_waits_for_the_next(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="button")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    assert finish(run).state == Run.State.CANCELLED
    assert states(tenant) == {"queued": 1}
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}


@pytest.mark.django_db
def test_a_run_of_a_tenant_that_was_never_set_up_pauses_and_says_so(world: World) -> None:
    tenant = world.connect()
    Tenant.objects.filter(pk=tenant.pk).update(company=None)
    run, _ = request_run(tenant, trigger="test")
    assert finish(run).state == Run.State.PAUSED
    assert run.error_reason == "quickbooks_not_connected"


@pytest.mark.django_db
def test_a_defect_of_ours_is_never_taken_for_a_lost_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")

    def broken(_work: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr("sync.engine.run.pull", broken)
    with pytest.raises(KeyError):
        tasks.advance_once(run.pk)
    run.refresh_from_db()
    assert run.is_active
    assert Company.objects.get().lease_token == ""

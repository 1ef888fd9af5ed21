"""Answers that never arrive: QuickBooks may have carried the request out, and it is never carried out again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync.engine.requests import request_run
from sync.models import Batch, Posting, Run
from tenants.models import Tenant
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    buyer,
    finish,
    one_slice,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

LOST = {"path_contains": "/batch", "action": "hang_up_after"}
KINDS = {
    "customers and items": {"body_contains": "DisplayName"},
    "invoices": {"body_contains": '"Invoice"'},
    "payments": {"body_contains": '"Payment"'},
}


def sell(world: World) -> None:
    """Two paid orders of two new buyers, one of a new product."""
    world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 2}])
    world.add_order(line_items=[{"sku": "THI-FON-08", "quantity": 1}], **buyer("Ana", "Lopez", "ana@lopez.example"))


def assert_two_paid_invoices(world: World, tenant: Tenant) -> None:
    kinds = sorted(one["type"] for one in world.documents())
    assert kinds == ["Invoice", "Invoice", "Payment", "Payment"]
    assert {one["Balance"] for one in world.documents("Invoice")} == {"0.00"}
    assert len(world.names("Customer")) == 2
    assert states(tenant) == {"synced": 2}
    assert_no_duplicates(world)
    assert_all_ended(tenant)


@pytest.mark.parametrize("times", [1, 2, 3, 7])
@pytest.mark.parametrize("what", KINDS)
def test_an_answer_lost_some_times_posts_once(world: World, what: str, times: int) -> None:
    sell(world)
    tenant = world.connect(document="invoice")
    world.break_company(**LOST, **KINDS[what], times=times)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)


@pytest.mark.parametrize("accident", [
    {"action": "hang_up_before"},
    {"action": "status", "status": 500},
    {"action": "html", "status": 503},
    {"action": "html", "status": 502, "carry_out": True},
    {"action": "status", "status": 200, "body": "<html>proxy</html>", "carry_out": True},
    {"action": "status", "status": 200, "body": {"time": "now"}, "carry_out": True},
])  # fmt: skip
def test_whatever_stands_for_the_answer_the_batch_is_repeated_identically(
    world: World, accident: dict[str, Any]
) -> None:
    sell(world)
    tenant = world.connect(document="invoice")
    world.break_company(path_contains="/batch", times=2, skip=1, **accident)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)


def test_answers_that_never_arrive_end_in_a_look_at_the_books(world: World) -> None:
    """One write may make QuickBooks choke: after many tries the batch is looked up and its writes travel alone."""
    sell(world)
    tenant = world.connect(document="invoice")
    world.break_company(**LOST, **KINDS["invoices"], times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)
    assert Posting.objects.filter(entity="Invoice", is_adopted=True).count() == 2


def test_a_company_that_never_answers_fails_the_run_and_the_next_one_finishes_it(world: World) -> None:
    sell(world)
    tenant = world.connect(document="invoice")
    world.break_company(path_contains="/company/", action="html", status=503, times=None)
    run = run_to_end(tenant)
    assert run.state == Run.State.FAILED
    assert run.error_reason.startswith("quickbooks_")
    world.heal()
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)


def test_a_refusal_after_a_lost_answer_is_no_proof_that_nothing_was_posted(world: World) -> None:
    """The first attempt was carried out; the second meets a 400. Posting afresh would pay the invoice twice."""
    sell(world)
    tenant = world.connect(document="invoice")
    world.break_company(**LOST, **KINDS["payments"], times=1)
    world.break_company(path_contains="/batch", body_contains='"Payment"', action="status", status=400, times=1)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)


def test_a_batch_refused_as_a_whole_holds_its_orders_and_they_can_be_tried_again(world: World) -> None:
    sell(world)
    tenant = world.connect()
    world.break_company(path_contains="/batch", body_contains='"SalesReceipt"', action="status", status=400, times=1)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"attention:refused_by_quickbooks:2010": 2}
    for record in tenant.records.all():
        record.queue_again(by="a person")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert_no_duplicates(world)


def _lose_and_forget(world: World, tenant: Tenant, body_contains: str) -> Run:
    """An answer is lost, and QuickBooks has forgotten the request id when the batch is looked at again."""
    run, _ = request_run(tenant, trigger="test")
    world.break_company(**LOST, body_contains=body_contains, times=3)
    for _slice in range(6):
        if not one_slice(run).more:
            break
        if Batch.objects.filter(state=Batch.State.OPEN, attempts__gte=3).exists():
            break
    assert Batch.objects.filter(state=Batch.State.OPEN).exists()
    world.heal()
    world.company_control("behaviour", keep_request_ids=False)
    Batch.objects.filter(state=Batch.State.OPEN).update(first_sent_at=timezone.now() - timedelta(hours=13))
    return run


@pytest.mark.parametrize("what", KINDS)
def test_after_the_replay_horizon_what_stands_in_the_books_is_adopted(world: World, what: str) -> None:
    sell(world)
    tenant = world.connect(document="invoice")
    run = _lose_and_forget(world, tenant, KINDS[what]["body_contains"])
    assert finish(run).state == Run.State.FINISHED
    assert_two_paid_invoices(world, tenant)
    if what != "customers and items":
        assert Posting.objects.filter(is_adopted=True, state=Posting.State.POSTED).count() == 2


def test_after_the_horizon_documents_without_numbers_are_found_by_date(world: World) -> None:
    sell(world)
    world.company_control("preferences", custom_transaction_numbers=False)
    tenant = world.connect(orders={"automatic_numbers": True})
    run = _lose_and_forget(world, tenant, '"SalesReceipt"')
    assert finish(run).state == Run.State.FINISHED
    assert len(world.documents("SalesReceipt")) == 2
    assert Posting.objects.filter(is_adopted=True).count() == 2
    assert states(tenant) == {"synced": 2}
    assert_no_duplicates(world)


def test_after_the_horizon_what_never_arrived_is_sent_in_a_new_batch(world: World) -> None:
    sell(world)
    tenant = world.connect()
    run, _ = request_run(tenant, trigger="test")
    world.break_company(path_contains="/batch", body_contains='"SalesReceipt"', action="hang_up_before", times=3)
    one_slice(run)
    Batch.objects.filter(state=Batch.State.OPEN).update(first_sent_at=timezone.now() - timedelta(hours=13))
    assert finish(run).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 2}
    assert len(world.documents("SalesReceipt")) == 2


def test_a_write_that_is_never_answered_holds_its_own_order_only(world: World) -> None:
    stuck = world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 2}])
    world.add_order(line_items=[{"sku": "THI-FON-08", "quantity": 1}])
    tenant = world.connect()
    world.break_company(path_contains="/batch", body_contains=f":{stuck}", action="hang_up_before", times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 1, "attention:refused_by_quickbooks:10000": 1}
    world.heal()
    record_of(tenant, stuck).queue_again(by="a person")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert_no_duplicates(world)


@pytest.mark.parametrize("is_in_the_books", [True, False])
def test_an_uncertain_fault_inside_a_good_batch_is_looked_up_before_it_is_sent_again(
    world: World, is_in_the_books: bool
) -> None:
    """Fault 10000 says nothing about whether the write happened (QBO reference, Faults)."""
    world.company_control("preferences", custom_transaction_numbers=False)
    world.company_control("behaviour", keep_request_ids=False)
    order_id = world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 2}])
    tenant = world.connect(orders={"automatic_numbers": True})
    if is_in_the_books:
        world.break_company(**LOST, body_contains=f":{order_id}")
    world.break_company(item_body_contains=f":{order_id}", skip=int(is_in_the_books), fault={"code": "10000"})
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 1}
    assert len(world.documents("SalesReceipt")) == 1


def test_a_reset_in_the_middle_of_connecting_tokens_repeats_nothing_wrong(world: World) -> None:
    sell(world)
    tenant = world.connect()
    world.company_control("expire_access_tokens", now=True)
    assert tenant.company is not None
    world.break_company(path_contains="/tokens/bearer", action="hang_up_before", times=1)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 2}

"""Personal data go after the days that the settings say; the books, and what proves them, do not notice."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync.engine.requests import request_run
from sync.models import Posting, Record, RecordEvent, Request
from sync.portability import save_options
from sync.tasks import forget_old_payloads
from sync.wiring import current_options
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.asking import carried_out
from tests.sync.test_fees import with_fees
from tests.sync.test_refunds import TEA, refund, total_of, unpaid
from tests.sync.web.conftest import signed_in
from tests.sync.world import (
    World,
    assert_no_duplicates,
    buyer,
    finish,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

JEANNE = ("jeanne", "moreau", "rue du port", "ring twice")
"""What tells of the buyer of these tests' orders, in small letters."""


def bought(world: World, **body: Any) -> int:
    return world.add_order(**{"line_items": [TEA], "customer_note": "Ring twice", **body})


def days_go_by(tenant: Tenant, days: int) -> None:
    ago = timedelta(days=days)
    Record.objects.for_tenant(tenant).update(state_since=F("state_since") - ago)
    Posting.objects.for_tenant(tenant).update(answered_at=F("answered_at") - ago)


def forget() -> None:
    forget_old_payloads.apply(throw=True)


def everything_kept(tenant: Tenant) -> str:
    """Records, postings and events of orders and refunds as one text."""
    records = Record.objects.for_tenant(tenant).exclude(source="product")
    rows: list[Any] = [
        list(records.values("raw", "buyer", "details", "notices", "proof")),
        list(Posting.objects.for_tenant(tenant).values("payload", "answer", "fault_detail")),
        list(RecordEvent.objects.filter(record__in=records).values("details")),
    ]
    return json.dumps(rows, default=str).lower()


def test_nothing_of_the_buyer_is_left_and_all_of_the_books(world: World) -> None:
    order_id = bought(world)
    refund(world, order_id, whole=True)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    before, books = record_of(tenant, order_id), world.books(tenant)
    assert all(word in everything_kept(tenant) for word in JEANNE)
    days_go_by(tenant, 91)
    forget()
    kept = everything_kept(tenant)
    assert [word for word in JEANNE if word in kept] == []
    after = record_of(tenant, order_id)
    assert (after.raw, after.buyer) == ({}, "")
    assert after.raw_removed_at is not None
    for name in ("proof", "number", "store_total", "raw_hash", "fingerprint", "state", "gateway"):
        assert getattr(after, name) == getattr(before, name), name
    sale = Posting.objects.get(record=after, key=f"order:{order_id}:sale")
    assert sale.payload["PrivateNote"] == f"woo:{tenant.key}:{order_id}"
    assert sale.answer["Line"]
    again = run_to_end(tenant)
    assert (again.tally, again.qbo_calls) == ({"synced": 2}, 0)
    assert world.books(tenant) == books


@pytest.mark.parametrize(("days", "gone"), [(89, False), (91, True)])
def test_ninety_days_unless_chosen_otherwise(world: World, days: int, gone: bool) -> None:
    order_id = bought(world)
    tenant = world.connect()
    run_to_end(tenant)
    days_go_by(tenant, days)
    forget()
    assert (record_of(tenant, order_id).raw == {}) is gone


def test_the_settings_say_how_many_days(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    save_options(tenant, {**current_options(tenant).document, "retention_days": 10}, who="Alice")
    days_go_by(tenant, 9)
    forget()
    assert record_of(tenant, order_id).raw
    days_go_by(tenant, 2)
    forget()
    assert record_of(tenant, order_id).raw == {}


def test_what_is_still_open_keeps_what_it_needs(world: World) -> None:
    waiting = bought(world, set_paid=False, payment_method="cod")
    held = bought(world)
    sold = bought(world)
    back = refund(world, sold, whole=True)
    tenant = world.connect()
    run_to_end(tenant)
    assert record_of(tenant, waiting).state == Record.State.WAITING
    Record.objects.filter(woo_id__in=[held, back]).update(state="attention", reason="totals_differ")
    days_go_by(tenant, 400)
    forget()
    assert all(record_of(tenant, one).raw for one in (waiting, held, sold))
    assert record_of(tenant, back, "refund").raw


def test_a_refund_of_an_old_order_is_planned_as_ever(world: World) -> None:
    """Its order changes by it and is read anew, the earlier refund's lines too: never more than the sale."""
    order_id = bought(world)
    half = total_of(world, order_id) / 2
    refund(world, order_id, amount=f"{half:.2f}")
    tenant = world.connect()
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    refund(world, order_id, amount=f"{total_of(world, order_id) - half:.2f}")
    run_to_end(tenant)
    receipts = world.documents("RefundReceipt")
    assert sorted(one["DocNumber"][-2:] for one in receipts)[0] == "-2"
    assert sum(Decimal(one["TotalAmt"]) for one in receipts) == Decimal(world.documents("SalesReceipt")[0]["TotalAmt"])
    assert states(tenant, "refund") == {"synced": 2}
    assert_no_duplicates(world)


def test_an_old_invoice_that_is_cancelled_is_taken_back_less_its_refunds(world: World) -> None:
    order_id = unpaid(world)
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    world.change_order(order_id, status="cancelled")
    run_to_end(tenant)
    [invoice] = world.documents("Invoice")
    assert invoice["Balance"] == "0.00"
    assert sum(Decimal(one["TotalAmt"]) for one in world.documents("CreditMemo")) == Decimal(invoice["TotalAmt"])


def test_a_skipped_order_that_new_settings_want_is_read_anew(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect(orders={**world.document()["orders"], "statuses": ["completed"]})
    run_to_end(tenant)
    assert record_of(tenant, order_id).state == Record.State.SKIPPED
    days_go_by(tenant, 91)
    forget()
    document = current_options(tenant).document
    orders = {**document["orders"], "statuses": ["completed", "processing"]}
    save_options(tenant, {**document, "orders": orders}, who="Alice")
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.raw_removed_at, record.raw["id"]) == ("synced", None, order_id)


def test_a_skipped_order_that_the_store_has_no_more_is_told(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect(orders={**world.document()["orders"], "statuses": ["completed"]})
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    world.store_control("orders", delete=order_id)
    record = record_of(tenant, order_id)
    assert record.queue_again(by="Alice")
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "order_gone"


def test_a_named_order_gets_its_payload_back(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect()
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    run, _is_new = request_run(tenant, trigger="test", order_ids=[order_id])
    finish(run)
    record = record_of(tenant, order_id)
    assert (record.raw["id"], record.raw_removed_at, record.state) == (order_id, None, "synced")
    assert len(world.documents("SalesReceipt")) == 1


def test_an_old_order_is_resynced_and_edited_as_ever(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect()
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    _run, [outcome] = carried_out(tenant, Request.Kind.RESYNC, record_of(tenant, order_id))
    assert outcome == "same"
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.raw["id"]) == ("synced", "", order_id)
    days_go_by(tenant, 91)
    forget()
    world.change_order(order_id, line_items=[{"sku": "THI-FON-08", "quantity": 1}])
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("synced", "")
    assert Decimal(world.documents("SalesReceipt")[0]["TotalAmt"]) == total_of(world, order_id)


def test_fees_and_their_accounts_survive(world: World) -> None:
    order_id = bought(world, meta_data=[{"key": "_stripe_fee", "value": "1.17"}])
    tenant = with_fees(world)
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    world.change_order(order_id, status="completed")
    run_to_end(tenant)
    assert len(world.documents("Purchase")) == 1


def test_other_buyers_and_younger_orders_are_left_alone(world: World) -> None:
    old, young = bought(world), bought(world, **buyer("Paul", "Petit", "paul@petit.example"))
    tenant = world.connect()
    run_to_end(tenant)
    Record.objects.filter(woo_id=old).update(state_since=timezone.now() - timedelta(days=91))
    forget()
    assert (record_of(tenant, old).raw, record_of(tenant, young).buyer) == ({}, "Paul Petit")
    assert record_of(tenant, young).raw


def test_the_page_says_when_and_why_it_is_gone(world: World) -> None:
    order_id = bought(world)
    tenant = world.connect()
    run_to_end(tenant)
    days_go_by(tenant, 91)
    forget()
    client: Client = signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))
    page = client.get(reverse("record", args=[tenant.slug, record_of(tenant, order_id).pk])).content.decode()
    assert "your settings keep the store’s data for 90 days after the end" in page
    assert "Jeanne" not in page

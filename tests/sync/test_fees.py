"""Gateway fees in the books: beside the sale, from the account of its money, once, and only when asked for."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sync.engine.requests import request_run
from sync.models import Posting, Record
from sync.setup import rehearse_latest
from sync.web.rehearsed import rows_of
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.test_refunds import balance, only, refund, total_of, unpaid
from tests.sync.world import (
    Crash,
    World,
    assert_all_ended,
    assert_no_duplicates,
    die_holding_the_lease,
    merged,
    one_slice,
    record_of,
    run_to_end,
)

pytestmark = pytest.mark.django_db

TEA = {"sku": "THE-SEN-100", "quantity": 2}
FEES = {"gateway_fees": True, "fee_account": "Bank charges"}


def stripe_fee(amount: str = "1.17", currency: str = "EUR", captured: str = "yes") -> list[dict[str, Any]]:
    values = {"_stripe_fee": amount, "_stripe_currency": currency, "_stripe_charge_captured": captured}
    return [{"key": key, "value": value} for key, value in values.items()]


def sold(world: World, **body: Any) -> int:
    return world.add_order(**{"line_items": [TEA], "meta_data": stripe_fee(), **body})


def with_fees(world: World, **wanted: Any) -> Tenant:
    payments = {**world.document()["payments"], **FEES, **wanted.pop("payments", {})}
    return world.connect(payments=payments, **wanted)


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_the_sale_keeps_its_total_and_the_clearing_account_what_is_paid_out(world: World, document: str) -> None:
    order_id = sold(world)
    tenant = with_fees(world, document=document)
    run_to_end(tenant)
    sale, fee = only(world, "Invoice" if document == "invoice" else "SalesReceipt"), only(world, "Purchase")
    assert sale["TotalAmt"] == f"{total_of(world, order_id):.2f}"
    assert (fee["TotalAmt"], fee["TxnDate"], fee["AccountRef"]["name"]) == ("1.17", sale["TxnDate"], "Stripe clearing")
    assert fee["PrivateNote"].startswith(f"woo:{tenant.key}:{order_id}:fee\n")
    assert balance(world, "Bank charges") == "1.17"
    assert balance(world, "Stripe clearing") == f"{total_of(world, order_id) - Decimal('1.17'):.2f}"
    record = record_of(tenant, order_id)
    assert (record.state, record.proof["document_total"]) == ("synced", record.proof["store_total"])
    assert [event.details.get("entity") for event in record.events.filter(kind="posted")][-1] == "Purchase"


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_the_dry_run_shows_the_fee_as_it_will_be_posted(world: World, document: str) -> None:
    sold(world)
    sold(world, payment_method="bacs")
    tenant = with_fees(world, document=document)
    command: dict[str, Any] = json.loads(told("sync", "shop", "--dry-run", "--json"))
    lines = told("sync", "shop", "--dry-run").splitlines()
    assert (command["documents"]["Purchase"], command["notices"]) == (1, {"fee_needs_bank_account": 1})
    assert [line.partition("  fee ")[2] for line in lines[:2]] == [
        "1.17 EUR: Purchase from Stripe clearing on Bank charges",
        "not sent: fee_needs_bank_account",
    ]
    rows = rows_of(rehearse_latest(tenant), start_date=date(2018, 1, 1))
    assert {(row.fee_is_sent, row.fee.split(",")[0].split(":")[0][:12]) for row in rows} == {
        (True, "Fee of €1.17"),
        (False, "The gateway’"),
    }
    assert world.documents() == []
    run = run_to_end(tenant)
    assert only(world, "Purchase")["TotalAmt"] == "1.17"
    assert run.notices == command["notices"]


def test_the_dry_run_knows_no_fee_where_the_option_is_off(world: World) -> None:
    sold(world)
    world.connect()
    assert "Purchase" not in json.loads(told("sync", "shop", "--dry-run", "--json"))["documents"]


def told(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_off_means_off(world: World) -> None:
    sold(world)
    run_to_end(world.connect())
    assert world.documents("Purchase") == []


def test_a_fee_is_sent_once_whatever_the_order_says_later(world: World) -> None:
    order_id = sold(world)
    tenant = with_fees(world)
    run_to_end(tenant)
    world.change_order(order_id, status="completed", meta_data=stripe_fee("2.50"))
    run_to_end(tenant)
    refund(world, order_id, whole=True)
    run_to_end(tenant)
    assert only(world, "Purchase")["TotalAmt"] == "1.17"
    assert balance(world, "Stripe clearing") == "-1.17"
    assert_no_duplicates(world)
    assert_all_ended(tenant)


def test_a_fee_that_the_plugin_writes_later_follows(world: World) -> None:
    order_id = sold(world, meta_data=stripe_fee(captured="no"))
    tenant = with_fees(world)
    run_to_end(tenant)
    assert world.documents("Purchase") == []
    world.change_order(order_id, meta_data=stripe_fee())
    run_to_end(tenant)
    assert only(world, "Purchase")["TotalAmt"] == "1.17"


def test_the_fee_of_an_invoice_waits_for_its_money(world: World) -> None:
    order_id = unpaid(world, payment_method="stripe", meta_data=stripe_fee())
    tenant = with_fees(world, document="invoice")
    run_to_end(tenant)
    assert world.documents("Purchase", "Payment") == []
    world.change_order(order_id, set_paid=True, status="processing")
    run_to_end(tenant)
    assert only(world, "Purchase")["TxnDate"] == only(world, "Payment")["TxnDate"]


@pytest.mark.parametrize(("changes", "notice"), [
    ({"meta_data": stripe_fee(currency="USD")}, "fee_in_other_currency"),
    ({"meta_data": stripe_fee("117000")}, "fee_unusable"),
    ({"payment_method": "bacs"}, "fee_needs_bank_account"),
])  # fmt: skip
def test_a_fee_that_cannot_be_booked_is_told_and_holds_nothing(
    world: World, changes: dict[str, Any], notice: str
) -> None:
    order_id = sold(world, **changes)
    tenant = with_fees(world)
    run = run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, [one["reason"] for one in record.notices]) == ("synced", [notice])
    assert run.notices == {notice: 1}
    assert world.documents("Purchase") == []


def test_a_refused_fee_is_held_beside_its_sale_and_follows_when_it_may(world: World) -> None:
    order_id = sold(world)
    tenant = with_fees(world)
    fault = {"code": "6430", "message": "Invalid account type used", "detail": "Select another type of account"}
    world.break_company(item_body_contains=":fee", fault=fault, times=None)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason, record.details["problem"]) == (
        "attention",
        "refused_by_quickbooks:6430",
        "fee",
    )
    world.heal()
    assert record.queue_again(by="Alice")
    run_to_end(tenant)
    assert record_of(tenant, order_id).state == "synced"
    assert len(world.documents("SalesReceipt")) == len(world.documents("Purchase")) == 1


def test_a_process_that_dies_at_any_step_of_a_fee_leaves_one_fee(new_world: NewWorld) -> None:
    steps = ["batched", "about to call", "called", "answer stored", "batch answered", "settled"]
    for step in steps:
        world = new_world("fr")
        order_id = sold(world)
        tenant = with_fees(world, slug=f"shop-{step.replace(' ', '-')}")
        run = _run_that_dies(tenant, step)
        run_to_end(tenant)
        assert only(world, "Purchase")["TotalAmt"] == "1.17", step
        assert record_of(tenant, order_id).state == Record.State.SYNCED, step
        assert Posting.objects.for_tenant(tenant).filter(entity="Purchase", operation="create").count() == 1, step
        assert run.pk


def _run_that_dies(tenant: Tenant, at: str) -> Any:
    """In the step after the fee was planned."""
    run, _is_new = request_run(tenant, trigger="test")

    def listen(step: str) -> None:
        if step == at and Posting.objects.for_tenant(tenant).filter(entity="Purchase").exists():
            raise Crash

    with pytest.raises(Crash):
        one_slice(run, checkpoint=listen)
    assert tenant.company_id is not None
    die_holding_the_lease(tenant.company_id)
    return run


def test_settings_ask_for_the_account_of_the_fees(world: World) -> None:
    with pytest.raises(CommandError, match="needs an account to book them on"):
        world.apply(merged(world.document(), payments={"gateway_fees": True}))

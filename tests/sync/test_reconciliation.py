"""A period is compared with what stands in QuickBooks now, and every gap is named."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from sync.reports import period_of
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.test_refunds import refund
from tests.sync.world import World, run_to_end, states

pytestmark = pytest.mark.django_db

SALES, CREDITS = ("Invoice", "SalesReceipt"), ("CreditMemo", "RefundReceipt")
TEA = [{"sku": "THE-SEN-100", "quantity": 2}]


def net_in_the_ledger(world: World) -> Decimal:
    sales = sum((Decimal(one["TotalAmt"]) for one in world.documents(*SALES)), Decimal(0))
    return sales - sum((Decimal(one["TotalAmt"]) for one in world.documents(*CREDITS)), Decimal(0))


@pytest.mark.parametrize("cancelled", ["credit_memo", "void"])
def test_refunds_and_cancelled_orders_count_for_what_is_left_of_them(world: World, cancelled: str) -> None:
    """One order stands, one was refunded in part, one was cancelled unpaid: the ledger has the last word."""
    unpaid: dict[str, Any] = {"status": "on-hold", "set_paid": False, "payment_method": "bacs"}
    world.add_order(line_items=TEA)
    refunded = world.add_order(line_items=TEA)
    withdrawn = world.add_order(line_items=TEA, **unpaid)
    tenant = world.connect(
        document="invoice", orders={**world.document(document="invoice")["orders"], "cancelled": cancelled}
    )
    run_to_end(tenant)
    world.store_control("refunds", order=refunded, amount="5.00")
    world.change_order(withdrawn, status="cancelled")
    run_to_end(tenant)
    assert len(world.documents("CreditMemo", "RefundReceipt")) == (2 if cancelled == "credit_memo" else 1)

    [sums] = reconciled(tenant)["currencies"]
    assert Decimal(sums["books_total"]) == Decimal(sums["store_total"]) == net_in_the_ledger(world) > 0
    assert (sums["difference"], sums["unexplained"], sums["open_total"]) == ("0.00", "0.00", "0.00")
    assert reconciled(tenant)["gaps"] == []

    [shown] = period_of(tenant, days=3650, now=timezone.now()).currencies
    assert shown.store == shown.books == net_in_the_ledger(world)
    assert shown.unexplained == 0


def test_a_refund_deleted_in_the_store_is_a_difference_until_somebody_decides(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    refund_id = refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    world.store_control("refunds", delete=refund_id)
    world.change_order(order_id, customer_note="called")
    run_to_end(tenant)
    assert states(tenant, "refund") == {"attention:refund_deleted": 1}
    [shown] = period_of(tenant, days=3650, now=timezone.now()).currencies
    assert (shown.store - shown.books, shown.to_resolve, shown.unexplained) == (5, 5, 0)


def reconciled(tenant: Tenant, first: str = "2020-01-01", last: str = "2030-12-31") -> dict[str, Any]:
    out = io.StringIO()
    call_command("reconcile", tenant.slug, "--from", first, "--to", last, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_a_synced_shop_has_nothing_unexplained(new_world: NewWorld) -> None:
    world = new_world("fr", orders=30)
    tenant = world.connect()
    run_to_end(tenant)
    found = reconciled(tenant)
    [sums] = [row for row in found["currencies"] if row["currency"] == "EUR"]
    assert sums["unexplained"] == "0.00"
    assert Decimal(sums["difference"]) == Decimal(sums["open_total"])
    assert sums["documents"] == len(world.documents(*SALES, *CREDITS)) > 10
    assert found["gaps"] == []
    assert found["qbo_reads"] == 4


def test_documents_deleted_changed_or_added_by_hand_are_gaps(world: World) -> None:
    for _order in range(3):
        world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    first, second, _third = sorted(world.documents("SalesReceipt"), key=lambda one: int(one["Id"]))
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    line = {**second["Line"][0], "Amount": 1.0}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 1.0}
    world.edit_books("SalesReceipt", id=second["Id"], change={"Line": [line], "TxnTaxDetail": None})
    found = reconciled(tenant)
    kinds = sorted(gap["kind"] for gap in found["gaps"])
    assert kinds == ["document_gone_or_redated", "totals_differ"]
    [sums] = found["currencies"]
    assert Decimal(sums["unexplained"]) > 0


def test_another_period_is_empty_and_a_turned_one_refused(world: World) -> None:
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    assert reconciled(tenant, "2021-01-01", "2021-01-31")["currencies"] == []
    with pytest.raises(CommandError, match="swap"):
        reconciled(tenant, "2021-02-01", "2021-01-31")

"""A period is compared with what stands in QuickBooks now, and every gap is named."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.world import World, run_to_end

pytestmark = pytest.mark.django_db


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
    assert sums["documents"] == len(world.documents("SalesReceipt")) > 10
    assert found["gaps"] == []
    assert found["qbo_reads"] == 2


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

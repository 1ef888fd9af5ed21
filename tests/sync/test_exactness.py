"""Whatever a company does with amounts: no record ends synced with another total or tax, and what it does is learned.

All captured orders, refunds and cancellations, in the tax worlds that the other tests of the engine do not know. Each
habit of a company meets one of the worlds; `make properties` sends every habit through each.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sync.models import Posting, Record, Run
from tenants.models import Company, Tenant
from tests.canada import write_shop
from tests.sync.conftest import NewWorld
from tests.sync.world import World, assert_all_ended, assert_no_duplicates, run_to_end

pytestmark = [pytest.mark.django_db, pytest.mark.properties]

HABITS = [
    (overrides, rounding, document)
    for rounding, document in (("per_rate", "sales_receipt"), ("per_line", "invoice"))
    for overrides in ("keep", "tolerance", "ignore", "refuse")
]
IS_NIGHT = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
BY_HAND, CANADIAN = (HABITS, HABITS) if IS_NIGHT else (HABITS[::3], [one for one in HABITS if one not in HABITS[::3]])
LEARNED = {"ignore": "ignored", "refuse": "refused"}
DOCUMENTS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")


def standing(world: World) -> dict[str, dict[str, Any]]:
    """Every document of ours in the books by its marker."""
    return {str(one["PrivateNote"]).split("\n", 1)[0].strip(): one for one in world.documents(*DOCUMENTS)}


def tax_of(document: dict[str, Any]) -> Decimal:
    """QuickBooks' own, and the lines of the tax item where the tax is a line."""
    lines = [line for line in document["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    on_lines = [line for line in lines if line["SalesItemLineDetail"]["ItemRef"].get("name") == "Sales Tax"]
    return Decimal(document["TotalTax"] or 0) + sum((Decimal(str(line["Amount"])) for line in on_lines), Decimal(0))


def assert_exact(world: World, tenant: Tenant) -> dict[str, int]:
    """Synced orders and refunds stand exactly; the others do not stand. Returns how many ended in each state."""
    books = standing(world)
    found: dict[str, int] = {}
    for record in Record.objects.for_tenant(tenant).filter(source__in=["order", "refund"]).select_related("parent"):
        found[record.state] = found.get(record.state, 0) + 1
        own = f"woo:{tenant.key}:{record.woo_id}"
        if record.source == "refund":
            assert record.parent is not None
            own = f"woo:{tenant.key}:{record.parent.woo_id}:refund:{record.woo_id}"
        document = books.pop(own, None)
        if record.state != Record.State.SYNCED:
            assert document is None or record.reason == "cancelled_but_paid", (record.number, record.reason)
            continue
        assert document is not None, record.number
        assert Decimal(document["TotalAmt"]) == record.store_total, record.number
        if not record.proof.get("rounding") or Decimal(record.proof["rounding"]) == 0:
            assert tax_of(document) == record.store_tax, record.number
    for marker, document in books.items():
        assert marker.endswith(":cancel"), marker
        sale = standing(world)[marker.removesuffix(":cancel")]
        assert document["TotalAmt"] == sale["TotalAmt"], marker
        assert sale["Balance"] == "0.00", marker
    assert_no_duplicates(world)
    assert_all_ended(tenant)
    return found


def assert_nothing_is_left_to_do(world: World, tenant: Tenant) -> None:
    before = world.books(tenant)
    world.forget_stats()
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert world.stats()["calls"] == 0
    assert world.books(tenant) == before


@pytest.mark.parametrize(("overrides", "rounding", "document"), BY_HAND)
def test_rates_set_by_hand_in_every_kind_of_company(
    new_world: NewWorld, overrides: str, rounding: str, document: str
) -> None:
    world = new_world("us", captured=True, tax_world="us_manual")
    tenant = world.connect(document=document)
    world.company_control("behaviour", overrides=overrides, rounding=rounding)
    run_to_end(tenant)
    found = assert_exact(world, tenant)
    assert found["synced"] >= (160 if overrides == "keep" else 135), found
    assert_nothing_is_left_to_do(world, tenant)
    assert_learned(overrides, rounding)


@pytest.mark.parametrize(("overrides", "rounding", "document"), CANADIAN)
def test_canadian_taxes_in_every_kind_of_company(
    new_world: NewWorld, tmp_path: Path, overrides: str, rounding: str, document: str
) -> None:
    shop = "fr" if overrides in ("keep", "ignore") else "us"
    world = new_world("ca", captures=write_shop(tmp_path / "shop", shop))
    tenant = world.connect(document=document)
    world.company_control("behaviour", overrides=overrides, rounding=rounding)
    run_to_end(tenant)
    found = assert_exact(world, tenant)
    assert found["synced"] >= 160, found
    assert_nothing_is_left_to_do(world, tenant)
    assert_learned(overrides, rounding)


@pytest.mark.parametrize(("automated", "document"), [("keep", "invoice"), ("ignore", "sales_receipt")])
def test_automated_sales_tax_in_both_kinds_of_company(new_world: NewWorld, automated: str, document: str) -> None:
    world = new_world("us", captured=True, tax_world="us_automated")
    tenant = world.connect(document=document)
    world.company_control("behaviour", automated=automated)
    run_to_end(tenant)
    found = assert_exact(world, tenant)
    assert found["synced"] >= (120 if automated == "keep" else 20), found
    assert Company.objects.get().learned_overrides == ("unknown" if automated == "keep" else "ignored")


def assert_learned(overrides: str, rounding: str) -> None:
    company = Company.objects.get()
    if overrides != "tolerance":  # a difference beyond its tolerance may never have come up
        assert company.learned_overrides == LEARNED.get(overrides, "unknown")
    assert (company.learned_rounding, company.learned_prediction_wrong) == (rounding, False)
    taught = Posting.objects.filter(operation__in=["update", "delete"]).count()
    taught += Posting.objects.filter(state=Posting.State.FAULTED).count()
    assert taught or (overrides, rounding) == ("keep", "per_rate"), "no answer taught anything: the test proves nothing"

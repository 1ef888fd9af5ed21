"""What the product promises in numbers, measured on every captured order against the company's own books."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from sync.models import Posting, Record, Run
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.world import World, _code_name, assert_all_ended, assert_no_duplicates, buyer, run_to_end, states

pytestmark = pytest.mark.django_db

ZERO = Decimal(0)


def sales_by_order(world: World) -> dict[int, dict[str, Any]]:
    """The sale that stands in the books for each order id, by its marker."""
    found = {}
    for one in world.documents("Invoice", "SalesReceipt"):
        marker = str(one["PrivateNote"]).split("\n", 1)[0].strip()
        found[int(marker.split(":")[2].split(" ")[0])] = one
    return found


def tax_in_the_books(sale: dict[str, Any], profile: str) -> Decimal:
    """The document's tax: QuickBooks' own, or the tax item's lines where the company keeps none."""
    if profile == "fr":
        return Decimal(sale["TotalTax"])
    lines = (line for line in sale["Line"] if line["DetailType"] == "SalesItemLineDetail")
    amounts = (
        Decimal(str(line["Amount"]))
        for line in lines
        if line["SalesItemLineDetail"]["ItemRef"].get("name") == "Sales Tax"
    )
    return sum(amounts, ZERO)


def tax_by_code(raw: dict[str, Any], codes: dict[int, str]) -> Counter[str]:
    """The store's tax per code in cents; where its rows miss its total tax, the largest row takes the rest."""
    found: Counter[str] = Counter()
    for line in raw["tax_lines"]:
        amount = Decimal(line["tax_total"]) + Decimal(line["shipping_tax_total"])
        found[codes[line["rate_id"]]] += amount  # type: ignore[assignment]
    rounded = Counter({name: round(amount, 2) for name, amount in found.items()})
    rest = Decimal(raw["total_tax"]) - sum(rounded.values(), ZERO)
    if rounded and rest:
        rounded[max(rounded, key=lambda name: abs(rounded[name]))] += round(rest, 2)
    return Counter({name: amount for name, amount in rounded.items() if amount})


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
@pytest.mark.parametrize("profile", ["fr", "us"])
def test_every_synced_captured_order_stands_in_the_books_to_the_cent(
    new_world: NewWorld, profile: str, document: str
) -> None:
    world = new_world(profile, captured=True)
    tenant = world.connect(document=document)
    run = run_to_end(tenant)
    assert run.state == Run.State.FINISHED
    assert run.qbo_reads == 0
    assert_all_ended(tenant)
    assert_no_duplicates(world)
    _assert_exact(world, tenant, profile)
    _assert_nothing_is_left_to_do(world, tenant)


def _assert_exact(world: World, tenant: Tenant, profile: str) -> None:
    sales = sales_by_order(world)
    orders = Record.objects.for_tenant(tenant).filter(source="order")
    synced = list(orders.filter(state="synced"))
    assert {record.woo_id for record in synced} == set(sales)
    assert len(synced) > 100
    codes = {rate["id"]: _code_name(rate) for rate in world.store_taxes()} if profile == "fr" else {}
    for record in synced:
        sale = sales[record.woo_id]
        assert Decimal(sale["TotalAmt"]) == record.store_total, record.number
        assert tax_in_the_books(sale, profile) == record.store_tax, record.number
        if profile == "fr":
            by_rate = {tax["name"]: Decimal(tax["tax"]) for tax in sale["taxes"] if Decimal(tax["tax"])}
            assert by_rate == dict(tax_by_code(record.raw, codes)), record.number
    held = Counter(orders.filter(state="attention").values_list("reason", flat=True))
    assert set(held) <= {"unmapped_tax_rate", "currency_off", "not_yet_available"}, held


def _assert_nothing_is_left_to_do(world: World, tenant: Tenant) -> None:
    before = world.books(tenant)
    world.forget_stats()
    again = run_to_end(tenant)
    assert (again.state, again.qbo_calls) == (Run.State.FINISHED, 0)
    assert world.stats()["calls"] == 0
    assert world.books(tenant) == before


def test_an_invoice_paid_in_the_store_has_no_balance_left(new_world: NewWorld) -> None:
    world = new_world("fr", captured=True)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    sales = sales_by_order(world)
    paid = {
        posting.record.woo_id
        for posting in Posting.objects.filter(entity="Payment", state="posted").select_related("record")
        if posting.record is not None
    }
    assert len(paid) > 80
    assert {sales[order_id]["Balance"] for order_id in paid} == {"0.00"}
    for order_id, sale in sales.items():
        if order_id not in paid:
            assert sale["Balance"] == sale["TotalAmt"]


def _hundred(world: World, *, new_buyers: bool) -> None:
    goods = ("THE-SEN-100", "THI-FON-08", "LIV-OKA", "PAS-INO")
    for number in range(100):
        who = buyer("Buyer", f"Number {number}", f"b{number}@example.com") if new_buyers else buyer()
        world.add_order(line_items=[{"sku": goods[number % 4], "quantity": 1 + number % 3}], **who)


@pytest.mark.parametrize(("document", "new_buyers", "most_calls"), [("sales_receipt", False, 5), ("invoice", True, 16)])
def test_a_hundred_orders_cost_few_calls_and_no_metered_read(
    world: World, document: str, new_buyers: bool, most_calls: int
) -> None:
    world.add_order(line_items=[{"sku": sku} for sku in ("THE-SEN-100", "THI-FON-08", "LIV-OKA", "PAS-INO")])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    _hundred(world, new_buyers=new_buyers)
    world.forget_stats()
    run = run_to_end(tenant)
    assert states(tenant) == {"synced": 101}
    stats = world.stats()
    assert run.qbo_calls == stats["calls"] <= most_calls
    assert run.qbo_reads == stats["reads"] == 0


def test_a_name_list_that_is_not_fresh_costs_one_metered_read_and_only_to_create(world: World) -> None:
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    assert tenant.company is not None
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    world.make_names_old(tenant)
    assert run_to_end(tenant).qbo_reads == 0
    world.add_order(line_items=[{"sku": "THE-SEN-100"}], **buyer("Ana", "Lopez", "ana@lopez.example"))
    world.make_names_old(tenant)
    assert run_to_end(tenant).qbo_reads == 1


def test_the_command_says_the_same_as_the_rows(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    world.connect()
    call_command("sync", "shop")
    assert "1 seen, 1 synced" in capsys.readouterr().out


AMERICAN_REASONS = {
    "us_manual": {"currency_off", "unmapped_tax_rate"},
    "us_automated": {"currency_off", "refused_by_quickbooks:6470"},
}


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
@pytest.mark.parametrize("tax_world", AMERICAN_REASONS)
def test_american_taxes_stand_in_the_books_to_the_cent(new_world: NewWorld, tax_world: str, document: str) -> None:
    """The company has no code for Canadian taxes and its engine knows no Canadian address: those orders are held."""
    world = new_world("us", captured=True, tax_world=tax_world)
    tenant = world.connect(document=document)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_no_duplicates(world)
    sales = sales_by_order(world)
    orders = Record.objects.for_tenant(tenant).filter(source="order")
    held = orders.filter(state="attention")
    assert set(held.values_list("reason", flat=True)) == AMERICAN_REASONS[tax_world]
    synced = list(orders.filter(state="synced"))
    assert {record.woo_id for record in synced} == set(sales)
    assert len(synced) > 135
    for record in synced:
        sale = sales[record.woo_id]
        assert Decimal(sale["TotalAmt"]) == record.store_total, record.number
        assert Decimal(sale["TotalTax"]) == record.store_tax, record.number
    _assert_nothing_is_left_to_do(world, tenant)


@pytest.mark.parametrize(("habit", "least"), [("ignore", 110), ("refuse", 110)])
def test_a_company_that_takes_no_amounts_still_shows_the_stores_totals(
    new_world: NewWorld, habit: str, least: int
) -> None:
    """What cannot be reached there is held; what was sent before the company was known is repaired or taken back."""
    world = new_world("us", captured=True, tax_world="us_manual")
    world.company_control("behaviour", overrides=habit)
    tenant = world.connect()
    assert run_to_end(tenant).state == Run.State.FINISHED
    sales = sales_by_order(world)
    synced = list(Record.objects.for_tenant(tenant).filter(source="order", state="synced"))
    assert {record.woo_id for record in synced} == set(sales)
    assert len(synced) >= least
    assert all(Decimal(sales[record.woo_id]["TotalAmt"]) == record.store_total for record in synced)


def test_an_engine_that_drops_the_amount_is_noticed_at_the_first_answer(new_world: NewWorld) -> None:
    """The shop lays 2 % on food, the engine 7 % on everything in that state."""
    world = new_world("us", tax_world="us_automated")
    world.company_control("behaviour", automated="ignore")
    address = {"country": "US", "state": "NC", "city": "Charlotte", "postcode": "28202"}
    who = buyer()
    for _number in range(3):
        parts = {part: {**who[part], **address} for part in ("billing", "shipping")}
        world.add_order(line_items=[{"sku": "TEA-SEN-4"}], **parts)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"attention:tax_not_representable": 3}
    assert sales_by_order(world) == {}

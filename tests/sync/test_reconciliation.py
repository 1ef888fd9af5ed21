"""A period is compared with what stands in QuickBooks now, and every gap is named."""

from __future__ import annotations

import io
import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from openpyxl import load_workbook

from sync.engine.requests import ask
from sync.models import Posting, Reconciliation, ReconciliationLine, Record, Request
from sync.reconciliation import export, reading
from sync.reconciliation.periods import Period, named
from sync.reports import period_of
from sync.tasks import compare_books, start_comparison
from sync.wiring import open_books
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.test_fees import sold, with_fees
from tests.sync.test_measured import tax_by_code
from tests.sync.test_refunds import balance, refund
from tests.sync.world import World, _code_name, buyer, run_to_end, states

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
    """What the command says, whether it finds a difference or not."""
    out = io.StringIO()
    try:
        call_command("reconcile", tenant.slug, "--from", first, "--to", last, "--json", stdout=out)
    except CommandError as error:
        if error.returncode != 2:
            raise
    found: dict[str, Any] = json.loads(out.getvalue())
    found["exit"] = 0 if Reconciliation.objects.latest("pk").pk and export.is_clean(_newest(), tenant) else 2
    return found


def _newest() -> Reconciliation:
    return Reconciliation.objects.latest("pk")


def kinds(found: dict[str, Any]) -> list[str]:
    return sorted(gap["kind"] for gap in found["gaps"])


def three_orders(world: World, **sections: Any) -> tuple[Tenant, list[dict[str, Any]]]:
    """A synced shop of three sales; its documents, oldest first."""
    for _order in range(3):
        world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect(**sections)
    run_to_end(tenant)
    return tenant, sorted(world.documents("Invoice", "SalesReceipt"), key=lambda one: int(one["Id"]))


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
    assert found["days"]["agree"] + found["days"]["explained"] == found["days"]["all"] > 5
    assert found["exit"] == 0


def test_documents_deleted_changed_or_added_by_hand_are_gaps(world: World) -> None:
    tenant, (first, second, third) = three_orders(world)
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    line = {**second["Line"][0], "Amount": 1.0}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 1.0}
    world.edit_books("SalesReceipt", id=second["Id"], change={"Line": [line], "TxnTaxDetail": None})
    world.edit_books("SalesReceipt", create=_copy_of(third))
    unknown = {**_copy_of(third), "PrivateNote": f"woo:{tenant.key}:999999\nfrom an older database"}
    world.edit_books("SalesReceipt", create=unknown)
    found = reconciled(tenant)
    assert kinds(found) == ["amount", "copy", "deleted", "without_order"]
    by_kind = {gap["kind"]: gap for gap in found["gaps"]}
    assert set(by_kind["amount"]["changes"]) == {"total", "tax", "lines"}
    assert by_kind["deleted"]["books_total"] == ""
    assert by_kind["copy"]["number"] == Posting.objects.get(qbo_id=third["Id"], operation="create").record.number  # type: ignore[union-attr]
    [sums] = found["currencies"]
    assert Decimal(sums["books_total"]) == net_in_the_ledger(world)
    assert sums["documents"] == 4
    assert found["exit"] == 2
    # The deleted one was asked for by its id: one read more.
    assert found["qbo_reads"] == 5


def _copy_of(document: dict[str, Any]) -> dict[str, Any]:
    """As a person copies a document in QuickBooks: everything but its identity, our marker with it."""
    kept = ("TxnDate", "PrivateNote", "CustomerRef", "CurrencyRef", "DepositToAccountRef", "Line")
    lines = [one for one in document["Line"] if one["DetailType"] == "SalesItemLineDetail"]
    copy = {name: document[name] for name in kept if name in document}
    return copy | {"Line": lines, "GlobalTaxCalculation": "TaxExcluded"}


@pytest.mark.parametrize(
    ("change", "finding", "field"),
    [
        ({"TxnDate": "2021-05-31"}, "redated", "date"),
        ({"DocNumber": "MINE-1"}, "edited", "number"),
        ({"DepositToAccountRef": {"value": "35"}}, "other_account", "account"),
    ],
)
def test_a_change_by_hand_that_leaves_the_amount_is_found_all_the_same(
    world: World, change: dict[str, Any], finding: str, field: str
) -> None:
    tenant, (first, *_others) = three_orders(world)
    if "DepositToAccountRef" in change:
        other = next(one["Id"] for one in world.ledger()["accounts"] if one["Name"] == "Undeposited Funds")
        change = {"DepositToAccountRef": {"value": other}}
    world.edit_books("SalesReceipt", id=first["Id"], change=change)
    found = reconciled(tenant)
    [gap] = found["gaps"]
    assert (gap["kind"], gap["changes"], gap["store_total"]) == (finding, [field], gap["books_total"])
    assert found["exit"] == 2


@pytest.mark.parametrize("document", ["invoice", "sales_receipt"])
def test_a_voided_document_is_found(world: World, document: str) -> None:
    """Its payment stays in the books, and stays a payment of the order."""
    tenant, (first, *_others) = three_orders(world, document=document)
    if document == "invoice":
        for payment in world.documents("Payment"):
            if any(link["TxnId"] == first["Id"] for link in payment["LinkedTxn"]):
                world.edit_books("Payment", id=payment["Id"], delete=True)
    world.edit_books(first["type"], id=first["Id"], void=True)
    found = reconciled(tenant)
    assert kinds(found) == (["deleted", "voided"] if document == "invoice" else ["voided"])
    [sums] = found["currencies"]
    assert Decimal(sums["difference"]) == Decimal(first["TotalAmt"]) == Decimal(sums["unexplained"])
    assert Decimal(sums["store_payments"]) - Decimal(sums["books_payments"]) == Decimal(first["TotalAmt"])


def test_a_document_moved_over_the_end_of_the_period_is_missed_there_and_found_where_it_went(world: World) -> None:
    world.store_control("orders", add={**buyer(), **PAID}, at="2026-01-31T12:00:00")
    world.store_control("orders", add={**buyer(), **PAID}, at="2026-02-10T12:00:00")
    tenant = world.connect()
    run_to_end(tenant)
    january, february = sorted(world.documents("SalesReceipt"), key=lambda one: one["TxnDate"])
    world.edit_books("SalesReceipt", id=january["Id"], change={"TxnDate": "2026-02-01"})

    first = reconciled(tenant, "2026-01-01", "2026-01-31")
    assert kinds(first) == ["redated"]
    assert (first["gaps"][0]["date"], first["gaps"][0]["date_in_quickbooks"]) == ("2026-01-31", "2026-02-01")
    assert first["currencies"][0]["books_total"] == "0.00"
    assert Decimal(first["currencies"][0]["unexplained"]) == Decimal(january["TotalAmt"])

    second = reconciled(tenant, "2026-02-01", "2026-02-28")
    assert kinds(second) == ["redated"]
    assert Decimal(second["currencies"][0]["books_total"]) == sum(
        Decimal(one["TotalAmt"]) for one in (january, february)
    )
    assert Decimal(second["currencies"][0]["store_total"]) == Decimal(february["TotalAmt"])

    both = reconciled(tenant, "2026-01-01", "2026-02-28")
    assert both["currencies"][0]["difference"] == "0.00"
    assert (both["days"]["all"], both["days"]["agree"]) == (3, 1)


PAID: dict[str, Any] = {
    "set_paid": True,
    "status": "processing",
    "payment_method": "stripe",
    "line_items": [{"sku": "THE-SEN-100", "quantity": 2}],
}


def test_an_order_at_half_past_eleven_belongs_to_its_day_in_the_workspaces_zone(world: World) -> None:
    """23:30 in Paris on 31 January and 0:30 on 1 February; the first is 22:30 in London, the second 23:30."""
    world.store_control("orders", add={**buyer(), **PAID}, at="2026-01-31T22:30:00")
    world.store_control("orders", add={**buyer(), **PAID}, at="2026-01-31T23:30:00")
    waiting = {"set_paid": False, "status": "pending", "payment_method": "bacs", "line_items": TEA}
    world.store_control("orders", add={**buyer(), **waiting}, at="2026-01-31T23:30:00")
    tenant = world.connect(orders={**world.document()["orders"], "statuses": ["processing", "pending"]})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2, "waiting:awaiting_payment": 1}
    january, february = reconciled(tenant, "2026-01-01", "2026-01-31"), reconciled(tenant, "2026-02-01", "2026-02-28")
    assert [one["currencies"][0]["orders"] for one in (january, february)] == [1, 2]
    assert january["days"] == {"all": 1, "agree": 1, "explained": 0}
    assert february["days"] == {"all": 1, "agree": 0, "explained": 1}
    assert february["currencies"][0]["unexplained"] == "0.00" != february["currencies"][0]["open_total"]
    assert january["exit"] == february["exit"] == 0


def test_a_refund_counts_in_its_own_month(world: World) -> None:
    added = world.store_control("orders", add={**buyer(), **PAID}, at="2026-01-15T12:00:00")
    tenant = world.connect()
    run_to_end(tenant)
    refund(world, int(added["orders"][0]["id"]), whole=True)
    run_to_end(tenant)
    [receipt] = world.documents("RefundReceipt")
    january = reconciled(tenant, "2026-01-01", "2026-01-31")["currencies"][0]
    month = str(receipt["TxnDate"])
    later = reconciled(tenant, month, month)["currencies"][0]
    assert january["store_total"] == january["books_total"] == receipt["TotalAmt"]
    assert later["store_total"] == later["books_total"] == f"-{receipt['TotalAmt']}"
    assert (january["orders"], january["refunds"], later["orders"], later["refunds"]) == (1, 0, 0, 1)


def test_every_currency_adds_up_by_itself(world: World) -> None:
    world.company_control("preferences", multicurrency=True, currencies={"USD": "0.92"})
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, currency="USD")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    dollars = next(one for one in world.documents("Invoice") if one["CurrencyRef"]["value"] == "USD")
    for payment in world.documents("Payment"):
        if any(link["TxnId"] == dollars["Id"] for link in payment["LinkedTxn"]):
            world.edit_books("Payment", id=payment["Id"], delete=True)
    found = {row["currency"]: row for row in reconciled(tenant)["currencies"]}
    assert found["EUR"]["store_payments"] == found["EUR"]["books_payments"]
    assert found["USD"]["books_payments"] == "0.00" != found["USD"]["store_payments"]
    assert found["USD"]["difference"] == found["EUR"]["difference"] == "0.00"


def test_documents_of_others_are_counted_and_left_alone(world: World) -> None:
    tenant, (first, *_others) = three_orders(world)
    theirs = {**_copy_of(first), "PrivateNote": "typed at the counter"}
    neighbours = {**_copy_of(first), "PrivateNote": "woo:0badcafe:12\nOrder #12"}
    world.edit_books("SalesReceipt", create=theirs)
    world.edit_books("SalesReceipt", create=neighbours)
    found = reconciled(tenant)
    assert (found["strangers"], found["gaps"], found["exit"]) == (2, [], 0)
    assert _newest().neighbours == 1
    assert found["currencies"][0]["documents"] == 3


def test_a_tax_that_the_company_rounds_its_own_way_is_no_change_in_the_store(world: World) -> None:
    world.company_control("behaviour", overrides="ignore")
    soap = {"sku": "BOI-WAS-100", "quantity": 3, "subtotal": "24.975", "total": "24.975"}
    post = {"method_id": "flat_rate", "method_title": "Colissimo", "total": "4.90"}
    world.add_order(line_items=[soap], shipping_lines=[post])
    tenant = world.connect(taxes={"cancelling_lines": False})
    run_to_end(tenant)
    assert Record.objects.for_tenant(tenant).get().proof["rounding"] == "-0.01"
    found = reconciled(tenant)
    [sums] = found["currencies"]
    assert (sums["store_tax"], sums["books_tax"], sums["difference"]) == ("5.97", "5.98", "0.00")
    assert (found["gaps"], found["exit"]) == ([], 0)
    assert (found["days"]["agree"], found["days"]["explained"]) == (found["days"]["all"] - 1, 1)


def test_an_order_changed_in_the_store_since_differs_though_nobody_touched_its_document(world: World) -> None:
    tenant, _documents = three_orders(world)
    record = Record.objects.for_tenant(tenant).earliest("pk")
    Record.objects.filter(pk=record.pk).update(store_total=(record.store_total or 0) + 1)
    [gap] = reconciled(tenant)["gaps"]
    assert (gap["kind"], gap["changes"]) == ("store_changed", [])


# The snapshot


def test_looking_again_costs_nothing_and_reading_again_replaces_what_was_read(world: World) -> None:
    tenant, _documents = three_orders(world)
    period = Period(date(2020, 1, 1), date(2030, 12, 31))
    snapshot = start_comparison(tenant, period)
    assert start_comparison(tenant, period).pk == snapshot.pk
    compare_books(snapshot.pk)
    world.forget_stats()
    today = timezone.localdate(timezone=tenant.zone)
    held = reading.newest(tenant, Period(today, today))
    assert held is not None
    assert held.pk == snapshot.pk
    [sums] = export.sums_of(held, Period(today, today))
    assert sums.agrees
    assert sums.net.books == net_in_the_ledger(world)
    assert world.stats()["calls"] == 0
    assert reading.sent_since(held) == 0
    world.add_order(line_items=TEA)
    run_to_end(tenant)
    assert reading.sent_since(held) == 1
    again = start_comparison(tenant, period)
    compare_books(again.pk)
    assert list(Reconciliation.objects.values_list("pk", "state")) == [(again.pk, "ready")]


def test_a_reading_that_is_cut_short_goes_on_where_it_was(world: World) -> None:
    """A slice of no time at all makes one step: however it is cut, the outcome is the same."""
    tenant, (first, *_others) = three_orders(world, document="invoice")
    world.edit_books("Invoice", id=first["Id"], change={"DocNumber": "MINE-1"})
    whole = reconciled(tenant)
    snapshot = reading.request(tenant, Period(date(2020, 1, 1), date(2030, 12, 31)))
    steps = 0
    while reading.advance(snapshot, open_books(snapshot.company), deadline=timezone.now()).more:
        steps += 1
        snapshot = Reconciliation.objects.get(pk=snapshot.pk)
    assert steps >= 7
    cut = export.as_json(Reconciliation.objects.get(pk=snapshot.pk), tenant)
    assert cut == {name: value for name, value in whole.items() if name != "exit"}


def test_a_company_that_is_busy_is_waited_for_and_one_that_is_gone_is_said(world: World) -> None:
    tenant, _documents = three_orders(world)
    period = Period(date(2020, 1, 1), date(2030, 12, 31))
    world.break_company(path_contains="query", action="status", status=429, times=50, headers={"Retry-After": "7"})
    snapshot = start_comparison(tenant, period)
    compare_books(snapshot.pk)
    snapshot.refresh_from_db()
    assert (snapshot.state, snapshot.failed_attempts) == ("reading", 1)
    assert snapshot.not_before is not None
    assert snapshot.not_before > timezone.now()
    world.heal()
    Reconciliation.objects.update(not_before=None)
    world.company_control("disconnect", now=True)
    compare_books(snapshot.pk)
    snapshot.refresh_from_db()
    assert (snapshot.state, snapshot.error_reason) == ("failed", "quickbooks_disconnected")


def test_two_workers_never_read_one_snapshot_at_once(world: World) -> None:
    tenant, _documents = three_orders(world)
    snapshot = reading.request(tenant, Period(date(2026, 1, 1), date(2026, 1, 31)))
    Reconciliation.objects.update(claim="other", claimed_until=timezone.now() + Reconciliation.CLAIM)
    with pytest.raises(reading.ClaimLost):
        reading.advance(snapshot, open_books(snapshot.company), deadline=timezone.now())


# Clearing accounts and tax rates, on captured shops


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
@pytest.mark.parametrize("profile", ["fr", "us"])
def test_captured_shops_add_up_in_every_measure_account_and_rate(
    new_world: NewWorld, profile: str, document: str
) -> None:
    world = new_world(profile, captured=True)
    tenant = world.connect(document=document)
    run_to_end(tenant)
    found = reconciled(tenant, "2018-01-01", "2030-12-31")
    assert found["gaps"] == []
    assert found["exit"] == 0
    for sums in found["currencies"]:
        assert Decimal(sums["unexplained"]) == 0
        assert sums["store_payments"] == sums["books_payments"]
    _assert_the_ledger_says_the_same(world, found)
    if profile == "fr":
        _assert_rates(world, tenant, found)


def _assert_the_ledger_says_the_same(world: World, found: dict[str, Any]) -> None:
    accounts = [one for one in found["accounts"] if one["currency"] in ("EUR", "USD")]
    assert {one["name"] for one in accounts} >= {"Stripe clearing"}
    for account in accounts:
        assert account["store"] == account["posted"] == account["quickbooks"], account
        assert Decimal(balance(world, account["name"])) == Decimal(account["quickbooks"])


def _assert_rates(world: World, tenant: Tenant, found: dict[str, Any]) -> None:
    """The store's own tax lines of all that stands in the books, refunds taken off, against QuickBooks' rates."""
    [sums] = [row for row in found["currencies"] if row["currency"] == "EUR"]
    names = {one["rate_id"]: one["name"] for doc in world.documents(*SALES, *CREDITS) for one in doc["taxes"]}
    in_books: Counter[str] = Counter()
    for doc in world.documents(*SALES, *CREDITS):
        for tax in doc["taxes"]:
            in_books[tax["name"]] += Decimal(tax["tax"]) * (-1 if doc["type"] in CREDITS else 1)  # type: ignore[assignment]
    told = {names[rate]: Decimal(pair["books"]) for rate, pair in sums["tax_rates"].items()}
    assert told == {name: amount for name, amount in in_books.items() if name in told}
    assert all(pair["store"] == pair["books"] for pair in sums["tax_rates"].values())
    codes = {rate["id"]: _code_name(rate) for rate in world.store_taxes()}
    in_store: Counter[str] = Counter()
    orders = Record.objects.for_tenant(tenant).filter(source="order", state="synced", currency="EUR")
    for record in orders:
        in_store.update(tax_by_code(record.raw, codes))
    refunds = Record.objects.for_tenant(tenant).filter(source="refund", state="synced", currency="EUR")
    refunded = sum((record.store_tax or Decimal(0) for record in refunds), Decimal(0))
    assert len(orders) > 100
    assert sum(told.values()) == sum(in_store.values()) - refunded


def test_clearing_is_sales_less_refunds(new_world: NewWorld) -> None:
    world = new_world("fr")
    orders = [world.add_order(line_items=TEA) for _order in range(3)]
    tenant = world.connect()
    run_to_end(tenant)
    refund(world, orders[0], whole=True)
    refund(world, orders[1], amount="4.00")
    run_to_end(tenant)
    found = reconciled(tenant)
    [account] = found["accounts"]
    assert (account["name"], found["exit"]) == ("Stripe clearing", 0)
    assert account["store"] == account["posted"] == account["quickbooks"] == balance(world, "Stripe clearing")
    assert Decimal(account["store"]) == net_in_the_ledger(world)


# The command and its periods


def test_another_period_is_empty_and_a_turned_one_refused(world: World) -> None:
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    assert reconciled(tenant, "2021-01-01", "2021-01-31")["currencies"] == []
    with pytest.raises(CommandError, match="swap"):
        reconciled(tenant, "2021-02-01", "2021-01-31")


def test_the_command_ends_with_2_when_something_is_unexplained(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    tenant, (first, *_others) = three_orders(world)
    call_command("reconcile", tenant.slug, "--period", "this-year")
    assert "1 of 1 days agree to the cent" in capsys.readouterr().out
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    with pytest.raises(CommandError) as raised:
        call_command("reconcile", tenant.slug, "--period", "this-year")
    assert raised.value.returncode == 2
    assert f"deleted: SalesReceipt {first['DocNumber']}" in capsys.readouterr().out
    for wrong in (["--period", "soon"], ["--from", "2026-01-01"], []):
        with pytest.raises(CommandError) as raised:
            call_command("reconcile", tenant.slug, *wrong)
        assert raised.value.returncode == 1


def test_the_command_writes_files_and_the_difference_still_ends_it_with_2(world: World, tmp_path: Path) -> None:
    tenant, (first, *_others) = three_orders(world)
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    csv_file, xlsx_file = tmp_path / "month.csv", tmp_path / "month.xlsx"
    with pytest.raises(CommandError) as raised:
        call_command("reconcile", tenant.slug, period="this-year", csv=csv_file, xlsx=xlsx_file, decimal="comma")
    assert raised.value.returncode == 2
    rows = csv_file.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].split(";")[:4] == ["Kind", "Order", "Document", "Number"]
    assert sum(row.startswith("Sale;") for row in rows) == 3
    assert load_workbook(xlsx_file)["Gaps"].max_row == 2
    with pytest.raises(CommandError, match="could not be written"):
        call_command("reconcile", tenant.slug, period="this-year", csv=tmp_path / "no" / "month.csv")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("this-month", "2026-02-01", "2026-02-28"),
        ("last_month", "2026-01-01", "2026-01-31"),
        ("this-quarter", "2026-01-01", "2026-03-31"),
        ("last-quarter", "2025-10-01", "2025-12-31"),
        ("last-year", "2025-01-01", "2025-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-Q4", "2025-10-01", "2025-12-31"),
        ("2026", "2026-01-01", "2026-12-31"),
    ],
)
def test_periods_by_name(name: str, first: str, last: str) -> None:
    found = named(name, datetime(2026, 2, 14).date())
    assert (found.first.isoformat(), found.last.isoformat()) == (first, last)


def test_a_period_falls_into_whole_buckets_and_has_neighbours() -> None:
    quarter = named("2026-Q1", date(2026, 2, 14))
    weeks = list(quarter.buckets("week"))
    assert (weeks[0].last, weeks[-1]) == (date(2026, 1, 4), Period(date(2026, 3, 30), date(2026, 3, 31)))
    assert sum(one.days for one in weeks) == sum(one.days for one in quarter.buckets("month")) == quarter.days == 90
    assert (quarter.before(), quarter.after()) == (named("2025-Q4", date.min), named("2026-Q2", date.min))
    days = Period(date(2026, 1, 5), date(2026, 1, 9))
    assert (days.before().last, days.after().first) == (date(2026, 1, 4), date(2026, 1, 10))


def test_lines_belong_to_their_workspace_alone(world: World) -> None:
    tenant, _documents = three_orders(world)
    reconciled(tenant)
    other = Tenant.objects.create(slug="other", name="Other")
    assert export.lines_of(_newest(), tenant).count() == 3
    assert export.lines_of(_newest(), other).count() == 0
    assert set(ReconciliationLine.objects.values_list("tenant", flat=True)) == {tenant.pk}


def test_reads_are_one_for_each_kind_and_full_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pages of four instead of 1,000 documents: nine receipts are three pages, the other kinds one each."""
    monkeypatch.setattr("connector.qbo.statements.PAGE", 4)
    monkeypatch.setattr(reading, "PAGE", 4)
    for _order in range(9):
        world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    tenant = world.connect()
    run_to_end(tenant)
    world.forget_stats()
    found = reconciled(tenant)
    assert found["qbo_reads"] == world.stats()["reads"] == 3 + 3
    assert found["currencies"][0]["documents"] == 9
    assert found["exit"] == 0


@pytest.mark.parametrize("document", ["invoice", "sales_receipt"])
def test_gateway_fees_are_compared_and_leave_the_clearing_account(world: World, document: str) -> None:
    sold(world)
    tenant = with_fees(world, document=document)
    run_to_end(tenant)
    found = reconciled(tenant)
    [sums] = found["currencies"]
    assert (sums["store_fees"], sums["books_fees"], found["gaps"]) == ("1.17", "1.17", [])
    [account] = [one for one in found["accounts"] if one["name"] == "Stripe clearing"]
    assert account["store"] == account["posted"] == account["quickbooks"] == balance(world, "Stripe clearing")
    world.edit_books("Purchase", id=world.documents("Purchase")[0]["Id"], delete=True)
    found = reconciled(tenant)
    assert [(gap["kind"], gap["document"]) for gap in found["gaps"]] == [("deleted", "Purchase")]
    assert (found["currencies"][0]["books_fees"], found["exit"]) == ("0.00", 2)


def test_a_version_that_somebody_decided_to_keep_is_explained(world: World) -> None:
    tenant, (first, *_others) = three_orders(world)
    line = {**first["Line"][0], "Amount": 1.0}
    line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": 1.0}
    world.edit_books("SalesReceipt", id=first["Id"], change={"Line": [line], "TxnTaxDetail": None})
    assert kinds(reconciled(tenant)) == ["amount"]
    for kind in (Request.Kind.RESYNC, Request.Kind.KEEP):
        record = Posting.objects.get(qbo_id=first["Id"], operation="create").record
        assert record is not None
        ask([record], kind)
        run_to_end(tenant)
    assert states(tenant) == {"synced": 2, "skipped:kept_in_quickbooks": 1}
    found = reconciled(tenant)
    assert (found["gaps"], found["exit"]) == ([], 0)
    [sums] = found["currencies"]
    assert sums["unexplained"] == "0.00" != sums["difference"]
    assert Decimal(sums["books_total"]) == net_in_the_ledger(world)
    assert sums["store_tax"] != sums["books_tax"]

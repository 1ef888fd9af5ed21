"""The figures of a report: what went to the books in the period, what waits, what was left out, and that it adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.digests import documents_total, figures_of_period, figures_of_run
from sync.models import Posting, Record, Run
from sync.reports import sums_of
from tenants.models import Tenant
from tests.factories import busy_month, captured, ended_run, hold, record_of, workspace
from tests.sync.world import World, buyer, run_to_end

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def add_up(figures: dict[str, Any]) -> None:
    for one in figures["sums"]:
        parts = [Decimal(one[name]) for name in ("books", "to_resolve", "on_the_way", "unexplained")]
        assert Decimal(one["store"]) == sum(parts)


def test_a_month_adds_up_whatever_days_it_is_cut_into() -> None:
    tenant = workspace()
    busy_month(tenant, NOW)
    whole = figures_of_period(tenant, "weekly", NOW - timedelta(days=31), NOW)
    days = [figures_of_period(tenant, "daily", NOW - timedelta(days=n + 1), NOW - timedelta(days=n)) for n in range(31)]
    for figures in (whole, *days):
        add_up(figures)
    [sums] = whole["sums"]
    of_days = [one for figures in days for one in figures["sums"]]
    assert sum(Decimal(one["store"]) for one in of_days) == Decimal(sums["store"])
    assert sum(one["sales"] for one in of_days) == sums["sales"]
    assert sum(documents_total(figures["posted"]) for figures in days) == documents_total(whole["posted"])
    posted = Posting.objects.filter(tenant=tenant, operation="create", state="posted")
    assert documents_total(whole["posted"]) == posted.count()
    held = Record.objects.filter(tenant=tenant, state="attention").count()
    assert sum(cause["records"] for cause in whole["causes"]) == whole["open"]["order"] == held


def test_the_last_answer_counts_not_the_first() -> None:
    """A repaired document tells its present total."""
    tenant = workspace()
    record = record_of(tenant, captured(240, created=NOW - timedelta(hours=3)))
    create = record.postings.get()
    create.total = (create.total or Decimal(0)) + 1
    create.save(update_fields=["total"])
    Posting.objects.create(
        tenant=tenant, company=tenant.company, record=record, key=create.key, operation="update", generation=1,
        entity=create.entity, payload={}, state="posted", qbo_id=create.qbo_id, total=record.store_total,
        tax=create.tax, answered_at=(create.answered_at or NOW) + timedelta(seconds=1),
    )  # fmt: skip
    figures = figures_of_period(tenant, "daily", NOW - timedelta(days=1), NOW)
    [row] = figures["posted"]
    assert Decimal(row["total"]) == record.store_total
    assert figures["updated"] == 0, "made and repaired in one go is one document sent"
    later = figures_of_period(tenant, "daily", (create.answered_at or NOW) + timedelta(milliseconds=500), NOW)
    assert (later["posted"], later["updated"]) == ([], 1)


def test_another_workspace_is_never_counted() -> None:
    tenant, other = workspace(), workspace("other", "Other")
    busy_month(other, NOW)
    figures = figures_of_period(tenant, "weekly", NOW - timedelta(days=31), NOW)
    assert (figures["sums"], figures["posted"], figures["causes"], figures["skipped"], figures["open"]) == (
        [], [], [], [], {},
    )  # fmt: skip


def test_only_what_is_held_since_is_new() -> None:
    tenant = workspace()
    old = hold(record_of(tenant, captured(271, created=NOW - timedelta(days=3))), "totals_differ")
    Record.objects.filter(pk=old.pk).update(state_since=NOW - timedelta(days=2))
    young = hold(record_of(tenant, captured(111, created=NOW - timedelta(hours=3))), "totals_differ")
    Record.objects.filter(pk=young.pk).update(state_since=NOW - timedelta(hours=2))
    [cause] = figures_of_period(tenant, "daily", NOW - timedelta(days=1), NOW)["causes"]
    assert (cause["records"], cause["new"]) == (2, 1)


def test_many_causes_are_cut_and_the_rest_is_counted() -> None:
    tenant = workspace()
    for number, order_id in enumerate((271, 111, 235, 240, 257, 222, 172, 158, 201, 186)):
        record = record_of(tenant, captured(order_id, created=NOW - timedelta(hours=number + 1)))
        hold(record, "unmapped_tax_rate", rate=f"Rate {number}")
    figures = figures_of_period(tenant, "daily", NOW - timedelta(days=1), NOW)
    assert (len(figures["causes"]), figures["more_causes"]) == (8, 2)


def test_a_real_run_is_told_of_as_the_books_have_it(world: World) -> None:
    """Through both stand-ins: what the report says stands in the company's ledger, to the cent."""
    for number in range(3):
        world.add_order(
            line_items=[{"sku": "THE-SEN-100", "quantity": number + 1}],
            **buyer("Buyer", f"Number {number}", f"b{number}@example.com"),
        )
    world.add_order(status="failed", set_paid=False, line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    tenant = world.connect()
    run = run_to_end(tenant)
    figures = figures_of_run(Run.objects.select_related("tenant__company").get(pk=run.pk))
    [row] = figures["posted"]
    ledger = world.documents("SalesReceipt")
    assert (row["entity"], row["count"], row["currency"]) == ("SalesReceipt", 3, "EUR")
    assert Decimal(row["total"]) == sum(Decimal(one["TotalAmt"]) for one in ledger)
    assert Decimal(row["tax"]) == sum(Decimal(one["TotalTax"]) for one in ledger)
    [skipped] = figures["skipped"]
    assert (skipped["reason"], skipped["records"]) == ("status:failed", 1)
    add_up(figures)
    assert Decimal(figures["sums"][0]["unexplained"]) == 0


def test_payments_are_told_of_but_are_no_sale(world: World) -> None:
    world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 2}])
    tenant = world.connect(document="invoice")
    run = run_to_end(tenant)
    figures = figures_of_run(Run.objects.select_related("tenant__company").get(pk=run.pk))
    assert [(row["entity"], row["count"]) for row in figures["posted"]] == [("Invoice", 1), ("Payment", 1)]
    assert documents_total(figures["posted"]) == 1


def test_sums_are_made_by_the_database_in_one_query(django_assert_num_queries: Any) -> None:
    tenant: Tenant = workspace()
    ended_run(tenant, NOW)
    busy_month(tenant, NOW)
    with django_assert_num_queries(1):
        sums_of(Record.objects.for_tenant(tenant))

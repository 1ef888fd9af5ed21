"""The sums of a period are computed from QuickBooks' answers, add up, and cost the same for every size of shop."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sync.models import Posting, Record
from sync.reports import Period, open_causes, period_of, records_of_cause, sums_by_tenant
from tenants.models import Tenant
from tests.factories import busy_month, captured, hold, record_of, workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return workspace()


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def order(tenant: Tenant, order_id: int, **changes: object) -> Record:
    raw = captured(order_id, created=yesterday())
    raw.update(changes)
    return record_of(tenant, raw)


def month(tenant: Tenant) -> Period:
    return period_of(tenant, days=30, now=timezone.now())


def test_store_equals_books_plus_what_is_open(tenant: Tenant) -> None:
    busy_month(tenant)
    period = month(tenant)
    main = period.main
    assert main is not None
    assert main.store == main.books + main.to_resolve + main.on_the_way
    assert main.unexplained == 0
    assert main.to_resolve > 0
    first_day = datetime.combine(period.since, time.min, tzinfo=tenant.zone)
    assert sum(period.states.values()) == Record.objects.filter(ordered_at__gte=first_day).count()
    assert period.exact == period.synced


def test_a_synced_record_with_another_total_in_the_books_is_unexplained(tenant: Tenant) -> None:
    record = order(tenant, 240)
    Posting.objects.filter(record=record).update(total=Decimal("14.50"))
    period = month(tenant)
    assert period.main is not None
    assert period.main.unexplained == Decimal("0.08")
    assert period.exact == 0


def test_a_skipped_order_is_counted_but_no_sale(tenant: Tenant) -> None:
    order(tenant, 240, status="failed")
    period = month(tenant)
    assert period.states == {"skipped": 1}
    assert period.main is not None
    assert (period.main.store, period.main.sales) == (0, 0)


def test_refunds_count_against_sales(tenant: Tenant) -> None:
    sale = order(tenant, 240)
    Record.objects.create(
        tenant=tenant, source="refund", woo_id=9, parent=sale, currency="EUR", store_total=Decimal("4.58"),
        ordered_at=yesterday(), state="attention", reason="not_yet_available", details={"what": "refund"},
    )  # fmt: skip
    main = month(tenant).main
    assert main is not None
    assert (main.store, main.books, main.to_resolve) == (Decimal("10.00"), Decimal("14.58"), Decimal("-4.58"))
    assert (main.sales, main.refunds, main.unexplained) == (1, 1, 0)


def test_the_last_answered_version_stands_in_the_books(tenant: Tenant) -> None:
    record = order(tenant, 240)
    posting = record.postings.get()
    posting.pk, posting.operation, posting.total = None, "update", Decimal("20.00")
    posting.save()
    assert month(tenant).main.books == Decimal("20.00")  # type: ignore[union-attr]


def test_a_document_that_was_taken_back_stands_nowhere(tenant: Tenant) -> None:
    record = order(tenant, 240)
    Posting.objects.filter(record=record).update(state="undone")
    hold(record, "totals_differ")
    main = month(tenant).main
    assert main is not None
    assert (main.books, main.documents, main.to_resolve) == (0, 0, Decimal("14.58"))


def test_days_are_the_tenants_own(tenant: Tenant) -> None:
    """23:30 UTC is the next day in Paris."""
    late = timezone.now().replace(hour=23, minute=30) - timedelta(days=3)
    record_of(tenant, captured(240, created=late))
    sold = [day.day for day in month(tenant).days if day.books]
    assert sold == [timezone.localtime(late, tenant.zone).date()]


def test_each_currency_is_summed_by_itself(tenant: Tenant) -> None:
    order(tenant, 240)
    order(tenant, 241, currency="CHF")
    assert [one.currency for one in month(tenant).currencies] == ["EUR", "CHF"]


def test_other_tenants_rows_are_not_summed(tenant: Tenant) -> None:
    order(tenant, 240)
    assert month(workspace("other", "Other")).seen == 0


def test_held_records_are_grouped_by_cause_with_the_largest_amount_first(tenant: Tenant) -> None:
    for order_id, rate in ((240, "TVA 10%"), (241, "TVA 10%"), (242, "TVA 2%")):
        hold(Record.objects.get(pk=order(tenant, order_id, status="failed").pk), "unmapped_tax_rate", rate=rate)
    causes = open_causes(tenant)
    assert [(cause.subject, cause.records) for cause in causes] == [("TVA 2%", 1), ("TVA 10%", 2)]
    assert records_of_cause(tenant, "unmapped_tax_rate", "TVA 10%").count() == 2
    assert causes[0].sample is not None


def test_the_amount_of_a_cause_is_the_difference_to_the_books(tenant: Tenant) -> None:
    record = order(tenant, 240)
    Posting.objects.filter(record=record).update(total=Decimal("9.58"))
    hold(record, "edited_in_quickbooks")
    assert open_causes(tenant)[0].amounts == {"EUR": Decimal("5.00")}


def test_sums_and_causes_cost_the_same_for_one_order_and_for_many(tenant: Tenant) -> None:
    hold(order(tenant, 240), "totals_differ")
    busy_month(workspace("large", "Large"))
    assert _queries("large") == _queries(tenant.slug) == 4


def test_all_tenants_sums_are_one_query(tenant: Tenant) -> None:
    other = workspace("other", "Other")
    order(tenant, 240)
    order(other, 241)
    with CaptureQueriesContext(connection) as queries:
        sums = sums_by_tenant([tenant, other], since=timezone.now() - timedelta(days=30))
    assert len(queries) == 1
    assert sums[tenant.pk][0].store == Decimal("14.58")


def _queries(slug: str) -> int:
    tenant = Tenant.objects.get(slug=slug)
    with CaptureQueriesContext(connection) as queries:
        month(tenant)
        open_causes(tenant)
    return len(queries)

"""The page of a comparison: what it says, what it costs, who may ask for it, and the files it gives away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from sync.models import Reconciliation, ReconciliationLine, Record, Run
from sync.reconciliation import export
from sync.reconciliation.asking import VIEWERS_WAIT
from sync.reconciliation.files import safe
from sync.reconciliation.periods import Period
from sync.tasks import compare_books, start_comparison
from tenants.models import AuditEntry, Membership, Role, Tenant
from tests.factories import member, workspace
from tests.sync.test_reconciliation import TEA, three_orders
from tests.sync.test_refunds import refund
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, finish, run_to_end, states

pytestmark = pytest.mark.django_db
LONG = Period(date(2024, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def page(client: Client, tenant: Tenant, **query: str) -> str:
    answer = client.get(reverse("reconciliation", args=[tenant.slug]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def compared(tenant: Tenant, period: Period) -> Reconciliation:
    snapshot = start_comparison(tenant, period)
    compare_books(snapshot.pk)
    snapshot.refresh_from_db()
    assert snapshot.state == "ready", snapshot.error_detail
    return snapshot


def today_of(tenant: Tenant) -> Period:
    today = timezone.localdate(timezone=tenant.zone)
    return Period(today, today)


def test_nothing_is_read_until_somebody_asks(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    world.forget_stats()
    html = page(alice, tenant)
    assert "This period has not been compared yet." in html
    assert world.stats()["calls"] == 0
    asked = alice.post(reverse("reconciliation_compare", args=[tenant.slug]), {"period": "this_year"})
    assert asked.status_code == 302
    [snapshot] = Reconciliation.objects.all()
    assert (snapshot.state, snapshot.requested_by.email) == ("queued", "alice@shop.example")  # type: ignore[union-attr]
    assert "Reading QuickBooks." in page(alice, tenant, period="this_year")
    compare_books(snapshot.pk)
    world.forget_stats()
    html = page(alice, tenant, period="this_year")
    assert "1 of 1 day agrees to the cent." in html
    assert "with 4 metered reads." in html
    assert world.stats()["calls"] == 0


def test_the_page_follows_the_reading_and_shows_the_outcome_at_its_end(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    snapshot = start_comparison(tenant, today_of(tenant))
    url = reverse("reconciliation", args=[tenant.slug])
    poll: dict[str, Any] = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "reading"}
    during = alice.get(url, **poll)
    assert "Reading QuickBooks" in during.content.decode()
    assert "<html" not in during.content.decode()
    assert "HX-Refresh" not in during.headers
    compare_books(snapshot.pk)
    assert alice.get(url, **poll).headers["HX-Refresh"] == "true"


def test_what_was_done_by_hand_is_listed_with_its_record_and_what_to_do(world: World) -> None:
    tenant, (first, second, _third) = three_orders(world)
    bob = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER))
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    world.edit_books("SalesReceipt", id=second["Id"], change={"DocNumber": "MINE-1"})
    compared(tenant, today_of(tenant))
    html = page(bob, tenant)
    assert "0 of 1 day agrees to the cent." in html
    assert "2 things found in QuickBooks" in html
    assert "Deleted in QuickBooks" in html
    assert "Changed: number" in html
    for line in ReconciliationLine.objects.exclude(finding=""):
        assert line.record_id is not None
        assert reverse("record", args=[tenant.slug, line.record_id]) in html
    assert reverse("reconciliation_compare", args=[tenant.slug]) in html
    assert "up for decision" not in html


def test_a_figure_leads_to_the_orders_behind_it(world: World) -> None:
    tenant, (first, *_others) = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    snapshot = compared(tenant, today_of(tenant))
    url = reverse("reconciliation_documents", args=[tenant.slug, snapshot.pk])
    assert f"{url}?" in page(alice, tenant)
    every = alice.get(url)
    assert len(every.context["rows"]) == 3
    differs = alice.get(url, {"only": "differs", "kind": "sale", "currency": "EUR"})
    [row] = differs.context["rows"]
    assert (row.line.qbo_id, row.line.books_total, row.agrees) == (first["Id"], None, False)
    assert len(alice.get(url, {"kind": "payment"}).context["rows"]) == 3
    assert alice.get(url, {"since": "2020-01-01", "until": "2020-01-31"}).context["rows"] == []


def test_what_is_not_sent_yet_is_no_mystery(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    record = Record.objects.for_tenant(tenant).latest("pk")
    record.pk, record.woo_id, record.number = None, 999, "999"
    record.state, record.reason = Record.State.WAITING, "awaiting_payment"
    record.save(force_insert=True)
    compared(tenant, today_of(tenant))
    html = page(alice, tenant)
    assert "1 order or refund is not in QuickBooks" in html
    assert "Everything is explained" in html
    assert "differs only by orders that are on their way" in html


def test_a_snapshot_that_is_behind_says_so(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    compared(tenant, today_of(tenant))
    assert "since this was read" not in page(alice, tenant)
    world.add_order(line_items=TEA)
    run_to_end(tenant)
    assert "1 document was sent or changed by us since this was read." in page(alice, tenant)


def test_a_reading_that_failed_says_why(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    world.company_control("disconnect", now=True)
    compare_books(start_comparison(tenant, today_of(tenant)).pk)
    assert "QuickBooks has been disconnected." in page(alice, tenant)


@pytest.mark.parametrize(
    ("query", "first", "last", "by"),
    [
        ({"period": "2026"}, None, None, "day"),
        ({"since": "2026-01-01", "until": "2026-03-31"}, "2026-01-01", "2026-03-31", "day"),
        ({"since": "2026-01-01", "until": "2026-12-31", "by": "day"}, "2026-01-01", "2026-12-31", "week"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, None, None, "day"),
        ({"since": "soon", "by": "hour", "currency": "<b>"}, None, None, "day"),
    ],
)
def test_days_in_the_address_that_make_no_sense_are_left_out(
    query: dict[str, str], first: str | None, last: str | None, by: str
) -> None:
    tenant = workspace("plain", "Plain")
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    answer = alice.get(reverse("reconciliation", args=[tenant.slug]), query)
    choice = answer.context["choice"]
    today = timezone.localdate(timezone=tenant.zone)
    assert choice.period.first == (date.fromisoformat(first) if first else today.replace(day=1))
    assert choice.by == by
    if last:
        assert choice.period.last == date.fromisoformat(last)


# Files


def test_csv_has_a_row_for_each_document_and_the_sums_that_the_page_shows(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant, _documents = three_orders(world)
    refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    snapshot = compared(tenant, today_of(tenant))
    url = reverse("reconciliation_csv", args=[tenant.slug, snapshot.pk])
    answer = alice.get(url)
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert body.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in body
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    documents = [row for row in rows if row["Kind"] != "Total"]
    assert [row["Kind"] for row in documents].count("Sale") == 4
    assert [row["Kind"] for row in documents].count("Refund") == 1
    net = next(row for row in rows if row["Order"] == "Net sales")
    sign = {"Sale": 1, "Refund": -1}
    assert Decimal(net["QuickBooks"]) == sum(sign[row["Kind"]] * Decimal(row["QuickBooks"]) for row in documents)
    assert Decimal(net["Store"]) == Decimal(net["QuickBooks"])
    assert net["Difference"] == "0.00"

    french = b"".join(alice.get(url, {"decimal": "comma"}).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    again = list(csv.DictReader(io.StringIO(french), delimiter=";"))
    assert [row["QuickBooks"].replace(",", ".") for row in again] == [row["QuickBooks"] for row in rows]
    assert "," in again[0]["QuickBooks"]


def test_xlsx_holds_numbers_dates_and_three_sheets(world: World) -> None:
    tenant, (first, *_others) = three_orders(world)
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    snapshot = compared(tenant, today_of(tenant))
    answer = alice.get(reverse("reconciliation_xlsx", args=[tenant.slug, snapshot.pk]))
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert book.sheetnames == ["Summary", "Documents", "Gaps"]
    sheet = book["Documents"]
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == 4
    headings = {cell.value: place for place, cell in enumerate(sheet[1])}
    row = sheet[2]
    assert isinstance(row[headings["Store"]].value, float)
    assert row[headings["Store"]].number_format == "#,##0.00 [$EUR]"
    assert row[headings["Date"]].is_date
    assert book["Gaps"].max_row == 2


def test_text_that_a_spreadsheet_would_run_is_text() -> None:
    for wicked in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert safe(wicked) == f"'{wicked}"
    assert safe("Wio1234") == "Wio1234"


def test_a_wicked_order_number_is_no_formula_in_any_file(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    Record.objects.for_tenant(tenant).update(number='=HYPERLINK("http://evil.example")')
    snapshot = compared(tenant, today_of(tenant))
    for name in ("reconciliation_csv", "reconciliation_xlsx"):
        body = b"".join(alice.get(reverse(name, args=[tenant.slug, snapshot.pk])).streaming_content)  # type: ignore[attr-defined]
        if name.endswith("csv"):
            assert "'=HYPERLINK" in body.decode()
        else:
            cell = load_workbook(io.BytesIO(body))["Documents"]["B2"]
            assert (cell.data_type, cell.value[:2]) == ("s", "'=")


# Access


def test_another_workspaces_snapshot_is_not_found(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = member(tenant, "alice@shop.example", Role.OWNER)
    other = workspace("other", "Other")
    Membership.objects.create(tenant=other, user=alice, role=Role.OWNER)
    snapshot = compared(tenant, today_of(tenant))
    for name in ("reconciliation_documents", "reconciliation_csv", "reconciliation_xlsx"):
        assert signed_in(alice).get(reverse(name, args=[tenant.slug, snapshot.pk])).status_code == 200
        assert signed_in(alice).get(reverse(name, args=[other.slug, snapshot.pk])).status_code == 404
    assert "not been compared" in page(signed_in(alice), other)


def test_a_viewer_compares_now_and_then_and_never_floods_quickbooks(world: World) -> None:
    tenant, _documents = three_orders(world)
    viewers = [signed_in(member(tenant, f"{name}@cabinet.example", Role.VIEWER)) for name in ("bob", "bea")]
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    url = reverse("reconciliation_compare", args=[tenant.slug])
    assert url in page(viewers[0], tenant, period="this_year")
    viewers[0].post(url, {"period": "this_year"})
    viewers[1].post(url, {"period": "this_year"})
    [first] = Reconciliation.objects.all()
    assert first.requested_by is not None
    entries = AuditEntry.objects.filter(tenant=tenant, action="books.compared")
    assert [entry.user for entry in entries] == [first.requested_by], "who joins a reading begins none"

    said = viewers[1].post(url, {"period": "last_month"}, follow=True).content.decode()
    assert "You can ask for another one at" in said
    assert url not in said
    assert Reconciliation.objects.count() == 1
    compare_books(first.pk)
    viewers[1].post(url, {"period": "this_year"})
    assert Reconciliation.objects.count() == 1, "the wait holds for all viewers together, read or not"
    alice.post(url, {"period": "last_month"})
    assert Reconciliation.objects.count() == 2, "whoever may change things waits for nobody"
    second = Reconciliation.objects.latest("pk")
    with time_machine.travel(timezone.now() + VIEWERS_WAIT):
        viewers[1].post(url, {"period": "this_year"})
        assert Reconciliation.objects.count() == 2, "one reading at a time"
        compare_books(second.pk)
        viewers[1].post(url, {"period": "this_year"})
        assert Reconciliation.objects.count() == 3


def test_a_viewer_puts_nothing_up_for_decision_and_a_stranger_finds_nothing(world: World) -> None:
    tenant, _documents = three_orders(world)
    snapshot = compared(tenant, today_of(tenant))
    bob = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER))
    assert bob.post(reverse("reconciliation_decide", args=[tenant.slug, snapshot.pk])).status_code == 403
    charlie = signed_in(member(workspace("other", "Other"), "charlie@elsewhere.example", Role.OWNER))
    assert charlie.post(reverse("reconciliation_compare", args=[tenant.slug])).status_code == 404


def test_the_page_takes_as_many_queries_for_one_document_as_for_many(world: World) -> None:
    tenant, _documents = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    compared(tenant, today_of(tenant))
    page(alice, tenant)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(alice, tenant)
    for _order in range(5):
        world.add_order(line_items=TEA)
    run_to_end(tenant)
    compared(tenant, today_of(tenant))
    with CaptureQueriesContext(connection) as many:
        page(alice, tenant)
    assert len(many) == len(few) < 30


def test_the_overview_says_what_the_newest_comparison_found(world: World) -> None:
    tenant, (first, *_others) = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    url = reverse("overview", args=[tenant.slug])
    assert "Not compared with QuickBooks yet." in alice.get(url).content.decode()
    compared(tenant, today_of(tenant))
    comparison = alice.get(url).context["comparison"]
    assert (comparison.differences, comparison.findings) == ([], 0)
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    compared(tenant, today_of(tenant))
    comparison = alice.get(url).context["comparison"]
    assert comparison.differences == [("EUR", Decimal(first["TotalAmt"]))]
    assert comparison.findings == 1


def test_what_was_found_can_be_put_up_for_decision(world: World) -> None:
    tenant, (first, second, _third) = three_orders(world)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    bob = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER))
    world.edit_books("SalesReceipt", id=first["Id"], delete=True)
    world.edit_books("SalesReceipt", id=second["Id"], change={"DocNumber": "MINE-1"})
    snapshot = compared(tenant, today_of(tenant))
    url = reverse("reconciliation_decide", args=[tenant.slug, snapshot.pk])
    assert bob.post(url).status_code == 403
    assert "Put 2 records up for decision" in page(alice, tenant)
    assert alice.post(url).status_code == 302
    assert alice.post(url).status_code == 302
    assert tenant.requests.count() == 2
    finish(Run.objects.latest("pk"))
    assert states(tenant) == {"attention:document_gone": 1, "attention:edited_in_quickbooks": 1, "synced": 1}
    again = compared(tenant, today_of(tenant))
    assert not export.records_to_decide(again, tenant).exists()
    [sums] = export.sums_of(again)
    assert not sums.agrees
    assert sums.is_explained

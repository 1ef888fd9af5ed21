"""Which line of the order stands beside which line of the document."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Posting, Record
from sync.web.compare import Row, Side, compare, pair
from tests.factories import Cast, captured, record_of


def sides(*names: str) -> list[Side]:
    return [Side(name, "", Decimal(1)) for name in names]


def names(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.left.name if row.left else "", row.right.name if row.right else "") for row in rows]


def test_as_many_lines_as_lines_stand_in_their_order() -> None:
    assert names(pair(sides("Tea", "Post"), sides("Thé", "Port"))) == [("Tea", "Thé"), ("Post", "Port")]


def test_a_rounding_line_stands_alone() -> None:
    assert names(pair(sides("Tea"), sides("Tea, green", "Rounding"))) == [("Tea", "Tea, green"), ("", "Rounding")]


def test_a_line_that_was_left_out_keeps_its_place() -> None:
    rows = pair(sides("Tea", "Gift", "Post"), sides("Tea", "Post"))
    assert names(rows) == [("Tea", "Tea"), ("Gift", ""), ("Post", "Post")]


def test_a_discount_is_no_counterpart_of_what_was_sold() -> None:
    left = [*sides("Tea", "Mug"), Side("Free shipping", "", Decimal(0))]
    off = [Side("Discount", "", Decimal(-2)), Side("Discount", "", Decimal(-1))]
    expected = [("Tea", "Tea"), ("Mug", "Mug"), ("Free shipping", "")]
    assert names(pair(left, [*sides("Tea", "Mug"), off[0]])) == [*expected, ("", "Discount")]
    assert names(pair(left, [*sides("Tea", "Mug"), *off])) == [*expected, ("", "Discount"), ("", "Discount")]


def test_a_fee_that_takes_away_stands_beside_its_line() -> None:
    left, right = (
        [*sides("Tea"), Side("Gift card", "", Decimal(-5))],
        [*sides("Tea"), Side("Geschenk", "", Decimal(-5))],
    )
    assert names(pair(left, right)) == [("Tea", "Tea"), ("Gift card", "Geschenk")]


@pytest.fixture
def refund(people: Cast) -> Record:
    """Of the whole order but its shipping, sent as a refund receipt."""
    sale = record_of(people.tenant, captured(240))
    line = copy.deepcopy(sale.raw["line_items"][0])
    for amount in (line, *line["taxes"]):
        for key in ("quantity", "subtotal", "subtotal_tax", "total", "total_tax"):
            if key in amount and amount[key] != "":
                amount[key] = str(-Decimal(str(amount[key])))
    whole = -Decimal(line["total"]) - Decimal(line["total_tax"])
    raw = {
        "id": 9001,
        "date_created_gmt": "2026-11-20T10:00:00",
        "amount": str(whole),
        "reason": "Broken",
        "line_items": [line],
    }
    return Record.objects.create(
        tenant=people.tenant,
        source=Record.Source.REFUND,
        woo_id=9001,
        number=f"{sale.number}-1",
        parent=sale,
        currency=sale.currency,
        store_total=whole,
        ordered_at=sale.ordered_at,
        raw=raw,
    )


def posted(refund: Record) -> Posting:
    net = Decimal(refund.raw["line_items"][0]["total"])
    detail = {"ItemRef": {"value": "7", "name": "SAVON"}, "Qty": 1, "UnitPrice": float(-net)}
    line = {"Amount": float(-net), "Description": "Savon", "SalesItemLineDetail": detail}
    return Posting.objects.create(
        tenant=refund.tenant,
        company=refund.tenant.company,
        record=refund,
        key="refund:9001",
        operation="create",
        entity="RefundReceipt",
        payload={},
        state=Posting.State.POSTED,
        qbo_id="77",
        doc_number="CWio1",
        total=refund.store_total,
        answer={"Line": [line]},
    )


@pytest.mark.django_db
def test_a_refund_stands_beside_its_document(refund: Record) -> None:
    sent = posted(refund)
    shown = compare(refund, [sent])
    assert shown is not None
    assert (shown.left_title, shown.right_title) == (f"Refund #{refund.number}", "Refund receipt CWio1")
    [row] = shown.rows
    assert row.left is not None
    assert row.right is not None
    assert row.left.amount == refund.store_total
    assert "TVA" in row.left.note or "VAT" in row.left.note
    assert row.right.amount == -Decimal(refund.raw["line_items"][0]["total"]) < row.left.amount
    assert (shown.totals[-1].left_amount, shown.totals[-1].agrees) == (refund.store_total, True)


@pytest.mark.django_db
def test_a_refund_of_an_amount_alone_says_so(refund: Record) -> None:
    refund.raw = {**refund.raw, "line_items": [], "reason": ""}
    shown = compare(refund, [])
    assert shown is not None
    assert names(shown.rows) == [("An amount without lines", "")]
    assert shown.rows[0].left is not None
    assert shown.rows[0].left.amount == refund.store_total


@pytest.mark.django_db
def test_the_page_of_a_refund_shows_both_sides_and_leads_to_its_order(alice: Client, refund: Record) -> None:
    posted(refund)
    page = alice.get(reverse("record", args=[refund.tenant.slug, refund.pk])).content.decode()
    assert "Refund and document, line by line" in page
    assert f'href="{reverse("record", args=[refund.tenant.slug, refund.parent_id])}"' in page


def test_a_split_fee_keeps_both_parts() -> None:
    rows = pair(sides("Tea", "Fee"), sides("Tea", "Fee (20%)", "Fee (5.5%)"))
    assert names(rows) == [("Tea", "Tea"), ("Fee", "Fee (20%)"), ("", "Fee (5.5%)")]


def test_nothing_on_the_right_leaves_the_left_alone() -> None:
    assert names(pair(sides("Tea"), [])) == [("Tea", "")]

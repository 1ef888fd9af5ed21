from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.qbo import decode
from tests.connector.qbo.support import body, text

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_stored_receipt_is_read_to_the_cent_and_per_rate() -> None:
    posted = decode.posted("b1", "SalesReceipt", body("salesreceipt_created.json")["SalesReceipt"])

    assert (posted.qbo_id, posted.sync_token, posted.number) == ("181", "0", "Wio1234")
    assert (posted.total, posted.tax) == (Decimal("338.73"), Decimal("56.04"))
    assert posted.rates == {"11": Decimal("55.54"), "12": Decimal("0.50")}


def test_the_kept_answer_is_plain_json() -> None:
    posted = decode.posted("b1", "SalesReceipt", body("salesreceipt_created.json")["SalesReceipt"])

    assert json.loads(json.dumps(posted.raw)) == json.loads(text("salesreceipt_created.json"))["SalesReceipt"]


def test_an_answer_without_tax_states_none() -> None:
    posted = decode.posted("b1", "Payment", {"Id": "5", "TotalAmt": 3})

    assert (posted.total, posted.tax, posted.rates) == (Decimal(3), None, {})


def test_a_deleted_document_is_a_posted_one() -> None:
    posted = decode.posted("d1", "Invoice", body("invoice_deleted.json")["Invoice"])

    assert posted.qbo_id == "98"


def test_an_answer_without_an_id_is_unreadable() -> None:
    with pytest.raises(decode.UnreadableAnswerError):
        decode.posted("b1", "Invoice", {"TotalAmt": 3})


@pytest.mark.parametrize("value", [True, "12,50", "NaN", {"value": 3}])
def test_what_is_no_amount_is_unreadable(value: object) -> None:
    with pytest.raises(decode.UnreadableAnswerError):
        decode.amount(value)


def test_an_amount_may_come_as_a_text() -> None:
    assert decode.amount("12.50") == Decimal("12.50")
    assert decode.amount(None) is None


def test_a_found_document_can_be_compared() -> None:
    found = decode.found_document("SalesReceipt", body("salesreceipt_created.json")["SalesReceipt"])

    assert found.private_note.startswith("woo:t-7f3a:1234\n")
    assert (found.document_date, found.customer_id) == (date(2026, 1, 5), "58")


def test_an_inactive_name_is_given_back_as_it_is_held() -> None:
    rows = [decode.name_row("Customer", row) for row in decode.rows_of(body("customer_query.json"), "Customer")]

    assert [(row.name, row.active) for row in rows] == [("Ada Byron (WC)", True), ("Charles Babbage", False)]
    assert (rows[0].email, rows[0].currency) == ("ada@example.org", "GBP")


def test_an_item_row_has_sku_type_and_first_day() -> None:
    row = decode.name_row("Item", body("item_read.json")["Item"])

    assert (row.sku, row.type, row.inventory_start) == ("MUG-1", "Inventory", date(2025, 12, 1))


def test_changes_list_every_kind_and_what_was_deleted() -> None:
    changes = decode.changes(body("cdc.json"), fallback=SINCE)

    assert [(row.kind, row.qbo_id, row.deleted) for row in changes.rows] == [
        ("Customer", "59", False),
        ("Item", "206", False),
        ("Item", "979", True),
        ("Account", "88", False),
    ]
    assert changes.rows[-1].type == "Bank"
    assert changes.as_of == datetime(2026, 1, 5, 18, 48, 27, 82000, tzinfo=UTC)
    assert changes.complete


def test_no_change_and_no_time_means_to_ask_again_from_the_same_moment() -> None:
    changes = decode.changes({"CDCResponse": [{"QueryResponse": [{}]}]}, fallback=SINCE)

    assert (changes.rows, changes.as_of) == ((), SINCE)


def test_a_full_answer_about_changes_is_incomplete() -> None:
    many = [{"Id": str(number), "DisplayName": f"C{number}"} for number in range(1000)]

    changes = decode.changes({"CDCResponse": [{"QueryResponse": [{"Customer": many}]}]}, fallback=SINCE)

    assert not changes.complete


def test_an_empty_query_has_no_rows_and_something_else_is_unreadable() -> None:
    assert decode.rows_of(body("query_empty.json"), "Customer") == ()
    with pytest.raises(decode.UnreadableAnswerError):
        decode.rows_of({"time": "now"}, "Customer")

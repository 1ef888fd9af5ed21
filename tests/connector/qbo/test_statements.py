from __future__ import annotations

from datetime import UTC, date, datetime

from connector.accounting.documents import DocumentKind
from connector.qbo import statements


def test_quote_and_backslash_are_escaped() -> None:
    assert statements.literal(r"Adam's \ Eve") == r"'Adam\'s \\ Eve'"


def test_an_item_page_asks_for_sku_and_inactive_rows() -> None:
    assert statements.names("Item", start=1001, page_size=1000) == (
        "SELECT *, Sku FROM Item WHERE Active IN (true,false) ORDERBY Id STARTPOSITION 1001 MAXRESULTS 1000"
    )


def test_a_page_of_what_changed_since() -> None:
    since = datetime(2026, 1, 5, 10, tzinfo=UTC)

    statement = statements.names("Customer", start=1, page_size=10, changed_since=since)

    assert "MetaData.LastUpdatedTime >= '2026-01-05T10:00:00+00:00'" in statement


def test_documents_are_found_by_day_and_customer() -> None:
    statement = statements.documents_dated(DocumentKind.PAYMENT, date(2026, 1, 5), customer_id="58", start=1)

    assert "FROM Payment WHERE TxnDate = '2026-01-05' AND CustomerRef = '58' ORDERBY Id" in statement

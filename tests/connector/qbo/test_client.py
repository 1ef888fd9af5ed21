from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from connector.accounting.books import Posted, Refused, Write
from connector.accounting.documents import DocumentKind
from connector.errors import AnswerLostError, ConnectionLostError, FaultError, RetryableError
from tests.connector.qbo.support import COMPANY, REALM, make_books, receipt, sent_text, text

REQUEST_ID = "a" * 32


@pytest.fixture
def web() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def answer(web: responses.RequestsMock, path: str, payload: str = "", *, method: str = "POST", **more: Any) -> None:
    headers = {"intuit_tid": "1-abc", **more.pop("headers", {})}
    content = text(payload) if payload else more.pop("body", "")
    web.add(method, f"{COMPANY}/{path}", body=content, headers=headers, content_type="application/json", **more)


def sale(bid: str = "b1") -> Write:
    entity, payload = make_books().encode(receipt())
    return Write(bid, "create", entity, payload)


def query_of(call: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(call.request.url).query)


def test_a_single_write_carries_request_id_version_and_bytes(web: responses.RequestsMock) -> None:
    answer(web, "salesreceipt", "salesreceipt_created.json")
    books = make_books()

    posted = books.post_one(REQUEST_ID, sale())

    assert (posted.qbo_id, posted.total) == ("181", Decimal("338.73"))
    assert query_of(web.calls[0]) == {"requestid": [REQUEST_ID], "minorversion": ["75"]}
    headers = web.calls[0].request.headers
    assert headers["Authorization"] == "Bearer old-token"
    assert (headers["Accept"], headers["Content-Type"]) == ("application/json", "application/json; charset=utf-8")
    assert json.loads(sent_text(web.calls[0]))["DocNumber"] == "Wio1234"
    assert (books.calls, books.reads) == (1, 0)


def test_a_refused_write_says_why(web: responses.RequestsMock) -> None:
    answer(web, "salesreceipt", "fault_2050.json", status=400)

    with pytest.raises(FaultError) as caught:
        make_books().post_one(REQUEST_ID, sale())

    assert (caught.value.code, caught.value.element) == ("2050", "DocNumber")
    assert caught.value.reason == "refused_by_quickbooks:2050"
    assert "1-abc" in caught.value.detail


def test_a_fault_inside_a_200_is_a_refusal(web: responses.RequestsMock) -> None:
    answer(web, "salesreceipt", "fault_6140.json", status=200)

    with pytest.raises(FaultError, match="duplicate_number"):
        make_books().post_one(REQUEST_ID, sale())


@pytest.mark.parametrize(
    ("entity", "operation", "params"),
    [
        ("Invoice", "delete", {"operation": ["delete"]}),
        ("Invoice", "void", {"operation": ["void"]}),
        ("SalesReceipt", "void", {"operation": ["update"], "include": ["void"]}),
        ("Payment", "void", {"operation": ["update"], "include": ["void"]}),
        ("Invoice", "update", {}),
    ],
)
def test_each_operation_has_its_own_spelling(
    web: responses.RequestsMock, entity: str, operation: Any, params: dict[str, list[str]]
) -> None:
    answer(web, entity.lower(), body=json.dumps({entity: {"Id": "98", "SyncToken": "1"}}))

    make_books().post_one(REQUEST_ID, Write("b", operation, entity, {"Id": "98", "SyncToken": "0"}))

    sent = query_of(web.calls[0])
    assert {key: sent[key] for key in sent if key not in ("requestid", "minorversion")} == params


def test_a_credit_memo_cannot_be_voided() -> None:
    with pytest.raises(ValueError, match="delete it"):
        make_books().post_one(REQUEST_ID, Write("b", "void", "CreditMemo", {}))


def test_batch_answers_are_matched_by_bid_whatever_their_order(web: responses.RequestsMock) -> None:
    answer(web, "batch", "batch_mixed.json")
    kinds: list[str] = []
    books = make_books(before_call=kinds.append)
    customer = Write("b2", "create", "Customer", {"DisplayName": "Ada Byron"})

    answers = books.post_batch(REQUEST_ID, [sale(), customer])

    posted, refused = answers
    assert isinstance(posted, Posted)
    assert isinstance(refused, Refused)
    assert (refused.bid, refused.code, refused.existing_id, refused.retryable) == ("b2", "6240", "58", False)
    assert (kinds, books.calls, books.reads) == (["batch"], 1, 0)


def test_the_same_batch_has_the_same_bytes(web: responses.RequestsMock) -> None:
    answer(web, "batch", "batch_mixed.json")
    first, again = (
        Write("b1", "create", "SalesReceipt", {"A": 1, "B": 2.5}),
        Write("b2", "create", "Customer", {"C": "é"}),
    )
    books = make_books()

    books.post_batch(REQUEST_ID, [first, again])
    books.post_batch(REQUEST_ID, [Write("b1", "create", "SalesReceipt", {"B": 2.5, "A": 1}), again])

    assert web.calls[0].request.body == web.calls[1].request.body
    assert web.calls[0].request.url == web.calls[1].request.url


def test_a_missing_item_makes_the_batch_uncertain(web: responses.RequestsMock) -> None:
    answer(web, "batch", "batch_without_an_item.json")

    with pytest.raises(AnswerLostError):
        make_books().post_batch(REQUEST_ID, [sale("b1"), sale("b2")])


def test_a_company_out_of_reach_is_told_once_for_the_batch(web: responses.RequestsMock) -> None:
    fault = json.loads(text("fault_6190.json"))["Fault"]
    items = [{"bId": bid, "Fault": fault} for bid in ("b1", "b2")]
    answer(web, "batch", body=json.dumps({"BatchItemResponse": items}))

    with pytest.raises(ConnectionLostError, match="quickbooks_subscription"):
        make_books().post_batch(REQUEST_ID, [sale("b1"), sale("b2")])


@pytest.mark.parametrize(
    ("request_id", "writes"),
    [
        ("x" * 37, [sale()]),
        (REQUEST_ID, []),
        (REQUEST_ID, [sale("b1"), sale("b1")]),
        (REQUEST_ID, [sale("b" * 11)]),
        (REQUEST_ID, [sale(f"b{number}") for number in range(31)]),
        (REQUEST_ID, [Write("b1", "void", "Invoice", {})]),
    ],
)
def test_a_batch_that_quickbooks_would_not_recognise_never_leaves(request_id: str, writes: list[Write]) -> None:
    with pytest.raises(ValueError):
        make_books().post_batch(request_id, writes)


@pytest.mark.parametrize(
    "failure",
    [
        requests.ReadTimeout("slow"),
        requests.ConnectionError("Connection aborted"),
        requests.exceptions.ChunkedEncodingError("cut off"),
    ],
)
def test_a_write_that_left_without_an_answer_is_uncertain(web: responses.RequestsMock, failure: Exception) -> None:
    answer(web, "batch", body=failure)

    with pytest.raises(AnswerLostError):
        make_books().post_batch(REQUEST_ID, [sale()])


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, text("gateway_503.html")), (504, ""), (200, "<html></html>"), (200, ""), (200, "[1]"), (200, '{"a": '),
     (500, text("fault_10000.json")), (400, text("fault_10000.json"))],
)  # fmt: skip
def test_a_write_answered_by_junk_is_uncertain(web: responses.RequestsMock, status: int, body: str) -> None:
    answer(web, "batch", body=body, status=status)

    with pytest.raises(AnswerLostError) as caught:
        make_books().post_batch(REQUEST_ID, [sale()])

    assert "html" not in str(caught.value)


def test_a_write_that_never_left_is_plainly_retryable(web: responses.RequestsMock) -> None:
    refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    answer(web, "batch", body=requests.ConnectionError(MaxRetryError(None, "/", refused)))  # type: ignore[arg-type]

    with pytest.raises(RetryableError) as caught:
        make_books().post_batch(REQUEST_ID, [sale()])

    assert not isinstance(caught.value, AnswerLostError)


def test_a_read_is_repeated_at_once_and_then_later(web: responses.RequestsMock) -> None:
    answer(web, "invoice/98", "gateway_503.html", method="GET", status=503)
    kinds: list[str] = []
    books = make_books(before_call=kinds.append)

    with pytest.raises(RetryableError) as caught:
        books.read_document(DocumentKind.INVOICE, "98")

    assert not isinstance(caught.value, AnswerLostError)
    assert (kinds, books.calls, books.reads) == (["read"] * 3, 3, 3)


@pytest.mark.parametrize(("headers", "seconds"), [({}, 60), ({"Retry-After": "7"}, 7)])
@pytest.mark.parametrize("payload", ["fault_429.json", "gateway_503.html"])
def test_a_throttled_write_waits_as_told(
    web: responses.RequestsMock, payload: str, headers: dict[str, str], seconds: float
) -> None:
    answer(web, "batch", payload, status=429, headers=headers)
    books = make_books()

    with pytest.raises(RetryableError) as caught:
        books.post_batch(REQUEST_ID, [sale()])

    assert not isinstance(caught.value, AnswerLostError)
    assert (caught.value.reason, caught.value.retry_after_seconds) == ("quickbooks_busy", seconds)
    assert books.calls == 1


def test_a_401_refreshes_once_and_goes_on(web: responses.RequestsMock) -> None:
    answer(web, "batch", "fault_401.json", status=401)
    answer(web, "batch", "batch_mixed.json")
    refused: list[str] = []

    def refresh(stale: str) -> str:
        refused.append(stale)
        return "new-token"

    books = make_books(refresh=refresh)
    books.post_batch(REQUEST_ID, [sale("b1"), Write("b2", "create", "Customer", {})])

    assert refused == ["old-token"]
    assert web.calls[1].request.headers["Authorization"] == "Bearer new-token"
    assert web.calls[0].request.body == web.calls[1].request.body
    assert books.calls == 2


@pytest.mark.parametrize("refresh", [None, lambda stale: "new-token"])
def test_a_second_401_means_to_reconnect(web: responses.RequestsMock, refresh: Any) -> None:
    answer(web, "batch", "fault_401.json", status=401)

    with pytest.raises(ConnectionLostError) as caught:
        make_books(refresh=refresh).post_batch(REQUEST_ID, [sale()])

    assert (caught.value.reason, caught.value.side) == ("quickbooks_expired", "quickbooks")


def test_a_403_means_the_app_was_disconnected(web: responses.RequestsMock) -> None:
    answer(web, "batch", "fault_403.json", status=403)

    with pytest.raises(ConnectionLostError, match="quickbooks_disconnected"):
        make_books().post_batch(REQUEST_ID, [sale()])


def test_a_403_of_a_gateway_disconnects_nobody(web: responses.RequestsMock) -> None:
    answer(web, "batch", "gateway_503.html", status=403)

    with pytest.raises(RetryableError):
        make_books().post_batch(REQUEST_ID, [sale()])


def test_a_document_is_found_by_its_number(web: responses.RequestsMock) -> None:
    answer(web, "query", "salesreceipt_query.json")
    books = make_books()

    found = books.find_by_number(DocumentKind.SALES_RECEIPT, "Wio'1234 é")

    assert [document.qbo_id for document in found] == ["181"]
    statement = sent_text(web.calls[0])
    assert "WHERE DocNumber = 'Wio\\'1234 é' ORDERBY Id" in statement
    assert web.calls[0].request.headers["Content-Type"] == "application/text; charset=utf-8"
    assert (books.calls, books.reads) == (1, 1)


def test_a_payment_has_no_number_to_be_found_by() -> None:
    with pytest.raises(ValueError, match="find_by_date"):
        make_books().find_by_number(DocumentKind.PAYMENT, "1")


def test_a_busy_day_is_read_page_after_page(web: responses.RequestsMock) -> None:
    page = [{"Id": str(number)} for number in range(1000)]
    answer(web, "query", body=json.dumps({"QueryResponse": {"Payment": page}}))
    answer(web, "query", body=json.dumps({"QueryResponse": {"Payment": [{"Id": "1000"}]}}))

    found = make_books().find_by_date(DocumentKind.PAYMENT, date(2026, 1, 5), customer_id="58")

    assert len(found) == 1001
    assert "STARTPOSITION 1001 MAXRESULTS 1000" in sent_text(web.calls[1])


def test_a_deleted_document_reads_as_none(web: responses.RequestsMock) -> None:
    answer(web, "invoice/98", "fault_610.json", method="GET", status=400)
    answer(web, "invoice/99", "invoice_deleted.json", method="GET")
    books = make_books()

    assert books.read_document(DocumentKind.INVOICE, "98") is None
    assert books.read_document(DocumentKind.INVOICE, "99") is None


def test_a_name_is_read_by_its_id(web: responses.RequestsMock) -> None:
    answer(web, "item/206", "item_read.json", method="GET")

    row = make_books().read_name("Item", "206")

    assert row is not None
    assert row.sku == "MUG-1"


def test_the_holder_of_a_name_may_be_anybody_active_or_not(web: responses.RequestsMock) -> None:
    answer(web, "query", "customer_query.json")
    answer(web, "query", "query_empty.json")
    answer(web, "query", "query_empty.json")

    rows = make_books().names_called("charles babbage")

    assert [(row.qbo_id, row.active) for row in rows] == [("60", False)]
    statements = [sent_text(call) for call in web.calls]
    assert [statement.split()[3] for statement in statements] == ["Customer", "Vendor", "Employee"]
    assert "DisplayName IN ('charles babbage','charles babbage (deleted)')" in statements[0]


def test_changes_are_asked_for_with_an_offset(web: responses.RequestsMock) -> None:
    answer(web, "cdc", "cdc.json", method="GET")
    since = datetime.now(UTC) - timedelta(days=2)

    changes = make_books().changes(since)

    sent = query_of(web.calls[0])
    assert sent["entities"] == ["Customer,Vendor,Employee,Item,Account,PaymentMethod,Term"]
    assert sent["changedSince"] == [since.isoformat(timespec="seconds")]
    assert len(changes.rows) == 4


def test_changes_beyond_reach_are_incomplete_without_a_call() -> None:
    books = make_books()

    changes = books.changes(datetime.now(UTC) - timedelta(days=31))

    assert (changes.rows, changes.complete, books.calls) == ((), False, 0)


def test_a_page_of_names(web: responses.RequestsMock) -> None:
    answer(web, "query", "item_query.json")

    rows = make_books().names("Item", start=1)

    assert [(row.kind, row.name, row.sku) for row in rows] == [("Item", "Mug", "MUG-1")]


def test_company_facts_take_four_reads(web: responses.RequestsMock) -> None:
    answer(web, f"companyinfo/{REALM}", "companyinfo_gb.json", method="GET")
    answer(web, "preferences", "preferences_gb.json", method="GET")
    answer(web, "query", "taxcode_query.json")
    answer(web, "query", "taxrate_query.json")
    books = make_books()

    facts = books.company_facts(on=date(2026, 1, 5))

    assert facts.tax_world == "global"
    assert (books.calls, books.reads) == (4, 4)


def test_each_answer_s_request_id_is_logged_and_the_realm_is_not(
    web: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    answer(web, "salesreceipt", "salesreceipt_created.json")
    caplog.set_level(logging.INFO)

    make_books().post_one(REQUEST_ID, sale())

    (record,) = [record for record in caplog.records if record.getMessage() == "qbo.response"]
    assert (record.request_id, record.status, record.method) == ("1-abc", 200, "POST")  # type: ignore[attr-defined]
    assert record.path == "/v3/company/…4567/salesreceipt"  # type: ignore[attr-defined]
    assert REALM not in str(record.__dict__)
    assert "old-token" not in str(record.__dict__)

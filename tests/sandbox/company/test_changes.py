"""Change data capture and webhooks."""

import base64
import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.http import Request, Response, Server
from tests.sandbox.company.desk import Desk, error_of, parsed


def changed(desk: Desk, entities: str, since: str) -> list[dict[str, Any]]:
    answer = desk.call("GET", "cdc", entities=entities, changedSince=since)
    assert answer.status == 200, answer.body.decode()
    return parsed(answer)["CDCResponse"][0]["QueryResponse"]


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def test_changed_objects_come_whole_and_deleted_ones_as_stubs(desk: Desk) -> None:
    customer = desk.customer()
    kept, gone = (desk.post("SalesReceipt", desk.sale(customer)) for _ in range(2))
    desk.post("SalesReceipt", {"Id": gone["Id"], "SyncToken": "0"}, operation="delete")
    blocks = changed(desk, "Customer,SalesReceipt,Invoice", ago(minutes=1))
    assert [set(block) - {"startPosition", "maxResults"} for block in blocks] == [{"Customer"}, {"SalesReceipt"}]
    first, last = blocks[1]["SalesReceipt"]
    assert first["Id"] == kept["Id"]
    assert (last["Id"], last["status"], set(last)) == (gone["Id"], "Deleted", {"Id", "status", "domain", "MetaData"})


def test_nothing_changed_is_an_empty_block(desk: Desk) -> None:
    desk.customer()
    assert changed(desk, "Customer", (datetime.now(UTC) + timedelta(hours=1)).isoformat()) == [{}]


def test_inactive_names_and_paid_invoices_count_as_changed(desk: Desk) -> None:
    ident = desk.customer()
    desk.post("Customer", {"Id": ident, "SyncToken": "0", "sparse": True, "Active": False})
    assert changed(desk, "Customer", ago(minutes=1))[0]["Customer"][0]["Active"] is False


@pytest.mark.parametrize(
    ("entities", "since", "code"),
    [
        ("TaxCode", ago(days=1), "2000"),
        ("Customer,TaxRate", ago(days=1), "2000"),
        ("Customer", ago(days=31), "2070"),
        ("Customer", "yesterday", "2060"),
        ("", ago(days=1), "2020"),
    ],
    ids=["tax codes", "tax rates", "too long ago", "no time", "nothing asked"],
)
def test_what_is_not_captured_is_refused(desk: Desk, entities: str, since: str, code: str) -> None:
    assert error_of(desk.call("GET", "cdc", entities=entities, changedSince=since))["code"] == code


def test_a_thousand_objects_at_most_are_given_over_all_entities(desk: Desk) -> None:
    for start in range(0, 990, 30):
        items = [
            {"bId": f"c{n}", "operation": "create", "Customer": {"DisplayName": f"C{n}"}}
            for n in range(start, start + 30)
        ]
        desk.batch(*items)
    blocks = changed(desk, "Customer,Account", ago(minutes=10))
    assert [block["maxResults"] for block in blocks] == [990, 10]


@pytest.mark.parametrize("shape", ["cloudevents", "legacy"])
def test_webhooks_are_signed_and_name_what_changed(desk: Desk, shape: str) -> None:
    received: list[Request] = []
    arrived = threading.Event()

    def listen(request: Request) -> Response:
        received.append(request)
        arrived.set()
        return Response(200)

    server = Server(listen)
    server.start()
    try:
        desk.control("webhooks", {"url": f"{server.url}/hook", "format": shape, "seconds": 0.01})
        ident = desk.customer()
        assert arrived.wait(5)
    finally:
        desk.control("webhooks", {"url": ""})
        server.stop()
    request = received[0]
    key = desk.company.webhook_verifier_token.encode()
    digest = hmac.new(key, request.body, hashlib.sha256).digest()
    assert request.headers["intuit-signature"] == base64.b64encode(digest).decode()
    body = json.loads(request.body)
    if shape == "cloudevents":
        assert (body[0]["type"], body[0]["intuitentityid"]) == ("qbo.customer.created.v1", ident)
        assert body[0]["intuitaccountid"] == desk.company.realm_id
    else:
        entity = body["eventNotifications"][0]["dataChangeEvent"]["entities"][0]
        assert (entity["name"], entity["operation"], entity["id"]) == ("Customer", "Create", ident)


def test_times_have_whole_seconds_and_the_pacific_offset(desk: Desk) -> None:
    made = desk.get("Customer", desk.customer())["MetaData"]["LastUpdatedTime"]
    assert datetime.fromisoformat(made).utcoffset() in (timedelta(hours=-8), timedelta(hours=-7))
    assert abs(datetime.fromisoformat(made).timestamp() - time.time()) < 5
    assert "." not in made

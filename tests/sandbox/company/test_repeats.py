"""Request ids and batches: an answer that was lost can be had again, and nothing is done twice."""

import threading
from typing import Any

from tests.sandbox.company.desk import Desk, error_of, parsed


def new_customer(name: str, bid: str) -> dict[str, Any]:
    return {"bId": bid, "operation": "create", "Customer": {"DisplayName": name}}


def test_a_repeated_request_id_gets_the_original_answer(desk: Desk) -> None:
    first = desk.call("POST", "customer", {"DisplayName": "Alice"}, requestid="r1")
    assert desk.call("POST", "customer", {"DisplayName": "Alice"}, requestid="r1").body == first.body
    assert desk.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 1}
    change = {"Id": parsed(first)["Customer"]["Id"], "SyncToken": "0", "sparse": True, "Notes": "x"}
    second = desk.call("POST", "customer", change, requestid="r2")
    assert desk.call("POST", "customer", change, requestid="r2").body == second.body
    assert desk.read_control("stats")["replays"] == 2


def test_a_refused_request_is_tried_anew_under_the_same_id(desk: Desk) -> None:
    assert desk.refused("SalesReceipt", desk.sale("999"), requestid="r1")["code"] == "2500"
    assert desk.post("SalesReceipt", desk.sale(desk.customer()), requestid="r1")["TotalAmt"] == 120


def test_request_ids_have_their_lengths(desk: Desk) -> None:
    assert desk.refused("Customer", {"DisplayName": "Alice"}, requestid="x" * 51)["code"] == "2130"
    items = [new_customer("Alice", "c1")]
    long_id = desk.call("POST", "batch", {"BatchItemRequest": items}, requestid="x" * 37)
    long_bid = desk.call("POST", "batch", {"BatchItemRequest": [new_customer("Bob", "x" * 11)]}, requestid="r")
    assert [error_of(long_id)["code"], error_of(long_bid)["code"]] == ["2130", "2130"]
    assert desk.batch(new_customer("Bob", "x" * 36))[0]["Customer"]["DisplayName"] == "Bob"


def test_a_company_can_forget_its_request_ids(desk: Desk) -> None:
    desk.control("behaviour", {"keep_request_ids": False})
    desk.post("Customer", {"DisplayName": "Alice"}, requestid="r1")
    assert desk.refused("Customer", {"DisplayName": "Alice"}, requestid="r1")["code"] == "6240"


def test_a_company_may_refuse_a_repeated_request_id(desk: Desk) -> None:
    desk.post("Customer", {"DisplayName": "Alice"}, requestid="r1")
    desk.batch(new_customer("Bob", "c1"), requestid="r2")
    desk.control("behaviour", {"repeats": "600"})
    assert desk.refused("Customer", {"DisplayName": "Alice"}, requestid="r1")["code"] == "600"
    again = desk.batch(new_customer("Bob", "c1"), new_customer("Eve", "c2"), requestid="r2")
    assert again[0]["Fault"]["Error"][0]["code"] == "600"
    assert "Customer" in again[1]
    desk.control("behaviour", {"repeats": "replay"})
    assert "Customer" in desk.batch(new_customer("Bob", "c1"), requestid="r2")[0]


def test_batch_items_stand_alone_and_mix(desk: Desk) -> None:
    ident = desk.customer("Alice")
    receipt = desk.post("SalesReceipt", desk.sale(ident))
    answers = desk.batch(
        new_customer("Alice", "c1"),
        {"bId": "u1", "operation": "update", "Customer": {"Id": ident, "SyncToken": "0", "sparse": True, "Notes": "x"}},
        {"bId": "d1", "operation": "delete", "SalesReceipt": {"Id": receipt["Id"], "SyncToken": "0"}},
        {"bId": "q1", "Query": "SELECT * FROM Customer"},
        {"bId": "x1", "operation": "merge", "Customer": {"DisplayName": "Eve"}},
    )
    assert [answer["bId"] for answer in answers] == ["c1", "u1", "d1", "q1", "x1"]
    assert answers[0]["Fault"]["Error"][0]["code"] == "6240"
    assert answers[1]["Customer"]["Notes"] == "x"
    assert answers[2]["SalesReceipt"]["status"] == "Deleted"
    assert answers[3]["QueryResponse"]["maxResults"] == 1
    assert answers[4]["Fault"]["Error"][0]["code"] == "500"


def test_a_batch_takes_thirty_items(desk: Desk) -> None:
    items = [new_customer(f"C{n}", f"c{n}") for n in range(31)]
    assert error_of(desk.call("POST", "batch", {"BatchItemRequest": items}))["code"] == "1040"
    assert len(desk.batch(*items[:30])) == 30


def test_a_repeated_batch_does_only_what_is_new(desk: Desk) -> None:
    first = desk.batch(new_customer("Alice", "c1"), new_customer("Alice", "c2"), requestid="r1")
    assert "Fault" in first[1]
    again = desk.batch(
        new_customer("Alice", "c1"), new_customer("Bob", "c2"), new_customer("Eve", "c3"), requestid="r1"
    )
    assert again[0] == first[0]
    assert [answer["Customer"]["DisplayName"] for answer in again] == ["Alice", "Bob", "Eve"]
    assert desk.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 3}


def test_one_of_two_concurrent_repeats_acts_and_both_get_its_answer(desk: Desk) -> None:
    bodies: list[bytes] = []

    def create() -> None:
        bodies.append(desk.call("POST", "customer", {"DisplayName": "Alice"}, requestid="r1").body)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(bodies)) == 1
    assert desk.query("SELECT COUNT(*) FROM Customer") == {"totalCount": 1}


def test_an_item_may_carry_options(desk: Desk) -> None:
    body = desk.sale(desk.customer(), DocNumber="W1")
    desk.post("Invoice", body)
    item = {"bId": "i1", "operation": "create", "Invoice": body}
    assert desk.batch(item)[0]["Fault"]["Error"][0]["code"] == "6140"
    assert "Invoice" in desk.batch({**item, "optionsData": "include=allowduplicatedocnum"})[0]

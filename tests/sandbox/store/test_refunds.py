"""Refunds by line, by amount and by hand (WooCommerce behaviour, Refunds)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.store.conftest import Client


def _paid_order(client: Client) -> dict[str, Any]:
    order: dict[str, Any] = client.post(
        "orders",
        {
            "line_items": [{"product_id": 41, "quantity": 3}],
            "shipping_lines": [{"method_id": "flat_rate", "total": "4.90"}],
            "billing": {"country": "FR"},
            "payment_method": "stripe",
            "set_paid": True,
        },
    ).json
    return order


def _part(order: dict[str, Any]) -> dict[str, Any]:
    line = order["line_items"][0]
    tax = {"id": 1, "refund_total": 11.11}
    return {"id": line["id"], "quantity": 2, "refund_total": 55.55, "refund_tax": [tax]}


def test_a_line_refund_is_negative_and_knows_its_line(fr: Client) -> None:
    order = _paid_order(fr)
    body = {"line_items": [_part(order)], "reason": "Retour", "api_refund": False}
    refund = fr.post(f"orders/{order['id']}/refunds", body)
    assert refund.status == 201
    line = refund.json["line_items"][0]
    assert (refund.json["amount"], line["quantity"], line["total"], line["total_tax"]) == (
        "66.66",
        -2,
        "-55.55",
        "-11.11",
    )
    assert line["meta_data"][0]["value"] == str(order["line_items"][0]["id"])
    assert refund.json["tax_lines"][0]["tax_total"] == "-11.11"
    assert "parent_id" not in refund.json
    after = fr.get(f"orders/{order['id']}").json
    assert (after["status"], after["total"]) == ("processing", order["total"])
    assert after["refunds"] == [{"id": refund.json["id"], "reason": "Retour", "total": "-66.66"}]
    assert fr.get("refunds", "per_page=1").json[0]["parent_id"] == order["id"]


def test_refunding_everything_changes_the_status(fr: Client) -> None:
    order = _paid_order(fr)
    refund = fr.post(f"orders/{order['id']}/refunds", {"amount": order["total"]}).json
    assert refund["refunded_payment"] is True
    assert refund["line_items"] == []
    assert refund["meta_data"][0]["value"] == "full"
    assert fr.get(f"orders/{order['id']}").json["status"] == "refunded"


def test_setting_the_status_by_hand_refunds_the_rest_without_lines(fr: Client) -> None:
    order = _paid_order(fr)
    fr.post(f"orders/{order['id']}/refunds", {"amount": "1.50", "api_refund": False})
    fr.put(f"orders/{order['id']}", {"status": "refunded"})
    refunds = fr.get(f"orders/{order['id']}/refunds").json
    assert [row["reason"] for row in refunds] == ["Order fully refunded.", ""]
    assert sum(float(row["amount"]) for row in refunds) == pytest.approx(float(order["total"]))


@pytest.mark.parametrize("amount", ["9999.00", "abc"])
def test_impossible_amounts_are_a_500_with_a_number_as_data(fr: Client, amount: str) -> None:
    order = _paid_order(fr)
    answer = fr.post(f"orders/{order['id']}/refunds", {"amount": amount, "api_refund": False})
    assert (answer.status, answer.json["code"]) == (500, "woocommerce_rest_cannot_create_order_refund")
    assert answer.json["data"] == 500


def test_a_gateway_that_cannot_refund_refuses_and_changes_nothing(fr: Client) -> None:
    order = _paid_order(fr)
    fr.put(f"orders/{order['id']}", {"payment_method": "bacs"})
    assert fr.post(f"orders/{order['id']}/refunds", {"amount": "1.00"}).status == 500
    assert fr.get(f"orders/{order['id']}/refunds").json == []


def test_an_empty_body_refunds_nothing_at_all(fr: Client) -> None:
    order = _paid_order(fr)
    assert fr.post(f"orders/{order['id']}/refunds", {"api_refund": False}).json["amount"] == "0.00"


def test_restocking_is_the_default(fr: Client) -> None:
    order = _paid_order(fr)
    stock = fr.get("products/41").json["stock_quantity"]
    fr.post(f"orders/{order['id']}/refunds", {"line_items": [_part(order)], "api_refund": False})
    assert fr.get("products/41").json["stock_quantity"] == stock + 2


def test_a_deleted_refund_is_invisible_afterwards(fr: Client) -> None:
    order = _paid_order(fr)
    refund = fr.post(f"orders/{order['id']}/refunds", {"amount": "2.00", "api_refund": False}).json
    before = fr.get(f"orders/{order['id']}").json["date_modified_gmt"]
    assert fr.delete(f"orders/{order['id']}/refunds/{refund['id']}").status == 501
    assert fr.delete(f"orders/{order['id']}/refunds/{refund['id']}", "force=true").status == 200
    after = fr.get(f"orders/{order['id']}").json
    assert (after["refunds"], after["date_modified_gmt"]) == ([], before)


def test_a_refund_is_no_order(fr_captured: Client) -> None:
    assert fr_captured.get("orders/94").status == 404

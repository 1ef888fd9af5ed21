"""Orders made and changed through the API: amounts, dates, stock, and what counts as a modification."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.store.conftest import Client

LONG_AGO = "2026-08-03T08:25:42"


def _line(product_id: int, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"product_id": product_id, "quantity": quantity, **more}


def _bumped(client: Client, order_id: int, before: str) -> bool:
    return bool(client.get(f"orders/{order_id}").json["date_modified_gmt"] != before)


def test_an_order_by_api_is_computed_and_pending(fr: Client) -> None:
    order = fr.post("orders", {"line_items": [_line(23, 7)]}).json
    assert (order["status"], order["total"], order["created_via"]) == ("pending", "30.45", "rest-api")
    assert fr.get(f"orders/{order['id']}", "dp=6").json["line_items"][0]["total"] == "28.862559"
    assert order["tax_lines"][0]["rate_code"] == "FR-TVA 5.5%-1"
    assert order["needs_payment"] is True


def test_the_same_body_twice_makes_two_orders(fr: Client) -> None:
    body = {"line_items": [_line(18)]}
    assert fr.post("orders", body).json["id"] != fr.post("orders", body).json["id"]


def test_shipping_fees_and_coupons_are_taxed_as_at_the_checkout(fr: Client) -> None:
    order = fr.post(
        "orders",
        {
            "line_items": [_line(31, 2), _line(43, 3)],
            "shipping_lines": [{"method_id": "flat_rate", "method_title": "Colissimo", "total": "4.90"}],
            "fee_lines": [
                {"name": "Avoir n° 12", "total": "-3.50", "tax_status": "none"},
                {"name": "Pourboire", "total": "2.00", "tax_status": "none"},
            ],
            "billing": {"country": "FR", "postcode": "69003"},
        },
    ).json
    assert (order["total"], order["total_tax"]) == ("209.69", "34.62")
    assert [fee["total_tax"] for fee in order["fee_lines"]] == ["-0.69", "0.00"]
    with_coupon = fr.post("orders", {"line_items": [_line(18, 3)], "coupon_lines": [{"code": "bienvenue10"}]}).json
    assert (with_coupon["discount_total"], with_coupon["total"]) == ("2.50", "26.97")


def test_wrong_lines_are_refused(fr: Client) -> None:
    missing = fr.post("orders", {"line_items": [{"quantity": 1}]})
    assert (missing.status, missing.json["code"]) == (400, "woocommerce_rest_required_product_reference")
    none = fr.post("orders", {"line_items": [_line(18, 0)]})
    assert (none.status, none.json["code"]) == (500, "internal_server_error")
    assert fr.post("orders", {"line_items": [_line(424242)]}).status == 201


def test_a_line_set_above_its_subtotal_makes_a_negative_discount(fr: Client) -> None:
    line = _line(18, total="26.00", subtotal="20.00")
    order = fr.post("orders", {"line_items": [line]}).json
    assert (order["discount_total"], order["line_items"][0]["subtotal"]) == ("-6.00", "26.00")


@pytest.mark.parametrize(
    ("gateway", "status", "paid"),
    [
        ("bacs", "processing", True),
        ("cod", "processing", False),
        ("cod", "completed", True),
        ("bacs", "on-hold", False),
    ],
)
def test_the_status_decides_whether_an_order_is_paid(fr: Client, gateway: str, status: str, paid: bool) -> None:
    order = fr.post("orders", {"line_items": [_line(18)], "payment_method": gateway, "status": status}).json
    assert (order["date_paid"] is not None) is paid


def test_a_cancelled_order_keeps_its_paid_date(fr: Client) -> None:
    order = fr.post("orders", {"line_items": [_line(18)], "set_paid": True}).json
    assert order["status"] == "processing"
    assert fr.put(f"orders/{order['id']}", {"status": "cancelled"}).json["date_paid"] == order["date_paid"]


def test_any_put_bumps_with_hpos_but_only_real_changes_with_posts(fr: Client, us: Client) -> None:
    for client, idle in ((fr, True), (us, False)):
        order = client.get("orders", "status=processing&per_page=1&order=asc").json[0]
        before = order["date_modified_gmt"]
        for body in ({}, {"status": "processing"}, {"meta_data": [{"key": "_mark", "value": "1"}]}):
            client.put(f"orders/{order['id']}", body)
            assert _bumped(client, order["id"], before) is idle
        client.put(f"orders/{order['id']}", {"customer_note": "Ring twice."})
        assert _bumped(client, order["id"], before)


def test_products_and_deleted_refunds_bump_no_order(fr: Client) -> None:
    before = fr.get("orders/91").json["date_modified_gmt"]
    fr.put("products/18", {"name": "Savon"})
    fr.delete("products/18", "force=true")
    fr.delete("orders/91/refunds/94", "force=true")
    order = fr.get("orders/91").json
    assert (order["refunds"], order["date_modified_gmt"]) == ([], before)


def test_a_deleted_product_leaves_its_name_on_the_lines(fr: Client) -> None:
    order = fr.get("orders", "product=18&per_page=1").json[0]
    fr.delete("products/18", "force=true")
    line = next(row for row in fr.get(f"orders/{order['id']}").json["line_items"] if row["product_id"] == 0)
    assert (line["sku"], line["name"][:5]) == (None, "Savon")


def test_trash_deletion_and_return(fr: Client) -> None:
    order_id = fr.post("orders", {"line_items": [_line(18)], "status": "processing"}).json["id"]
    assert fr.delete(f"orders/{order_id}").json["status"] == "processing"
    assert fr.get(f"orders/{order_id}").json["status"] == "trash"
    assert fr.delete(f"orders/{order_id}").status == 410
    assert fr.put(f"orders/{order_id}", {"status": "processing"}).json["status"] == "processing"
    fr.delete(f"orders/{order_id}", "force=true")
    assert fr.get(f"orders/{order_id}").json["code"] == "woocommerce_rest_shop_order_invalid_id"
    assert fr.get("orders", f"include={order_id}&status=any,trash").json == []


def test_stock_is_taken_once_and_given_back_on_cancellation(fr: Client) -> None:
    stock = fr.get("products/18").json["stock_quantity"]
    order_id = fr.post("orders", {"line_items": [_line(18, 3)]}).json["id"]
    assert fr.get("products/18").json["stock_quantity"] == stock
    for status, left in (("on-hold", 3), ("processing", 3), ("completed", 3), ("cancelled", 0)):
        fr.put(f"orders/{order_id}", {"status": status})
        assert fr.get("products/18").json["stock_quantity"] == stock - left


def test_lines_can_be_changed_and_removed(fr: Client) -> None:
    order = fr.post("orders", {"line_items": [_line(18, 2), _line(43, 1)]}).json
    first, second = (line["id"] for line in order["line_items"])
    changed = fr.put(
        f"orders/{order['id']}", {"line_items": [{"id": first, "quantity": 0}, {"id": second, "total": "40"}]}
    )
    assert (changed.json["total"], len(changed.json["line_items"])) == ("48.00", 1)
    assert fr.put(f"orders/{order['id']}", {"line_items": [{"id": 1}]}).status == 400


def test_rounding_at_subtotal_moves_the_cent(fr: Client) -> None:
    body = {"line_items": [_line(18, 3)], "billing": {"country": "FR"}}
    by_line = fr.post("orders", body).json
    fr.control("options", {"tax_round_at_subtotal": True})
    at_subtotal = fr.post("orders", body).json
    assert (by_line["total_tax"], by_line["total"]) == ("4.99", "29.97")
    assert (at_subtotal["cart_tax"], at_subtotal["total"]) == ("5.00", "29.97")


def test_a_batch_answers_item_by_item(fr: Client) -> None:
    answer = fr.post(
        "orders/batch",
        {
            "create": [{"line_items": [_line(18)]}],
            "update": [{"id": 81, "status": "completed"}, {"id": 9}],
            "delete": [82],
        },
    ).json
    assert answer["create"][0]["total"] == "9.99"
    assert answer["update"][0]["status"] == "completed"
    assert answer["update"][1] == {
        "id": 9,
        "error": {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 400}},
    }
    assert fr.get("orders/82").status == 404

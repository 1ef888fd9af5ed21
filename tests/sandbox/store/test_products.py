"""Stock and products as a connector changes them (WooCommerce behaviour, Stock)."""

from __future__ import annotations

import pytest

from tests.sandbox.store.conftest import Client


def test_stock_is_set_absolutely_and_bumps(fr: Client) -> None:
    before = fr.get("products/18").json
    after = fr.put("products/18", {"stock_quantity": 7}).json
    assert (after["stock_quantity"], after["stock_status"]) == (7, "instock")
    assert after["date_modified_gmt"] > before["date_modified_gmt"]
    negative = fr.put("products/18", {"stock_quantity": -2}).json
    assert (negative["stock_quantity"], negative["stock_status"]) == (-2, "outofstock")
    assert fr.put("products/18", {"stock_quantity": None}).json["stock_quantity"] == 0


@pytest.mark.parametrize("value", [1.5, "2.5", "many"])
def test_only_whole_stock_is_taken(fr_captured: Client, value: object) -> None:
    assert fr_captured.put("products/18", {"stock_quantity": value}).status == 400


def test_stock_is_ignored_where_none_is_kept(fr: Client) -> None:
    product = next(row for row in fr.walk("products", "") if row["manage_stock"] is False and row["type"] == "simple")
    answer = fr.put(f"products/{product['id']}", {"stock_quantity": 5})
    assert (answer.status, answer.json["stock_quantity"]) == (200, None)


def test_a_taken_sku_is_refused(fr: Client) -> None:
    answer = fr.put("products/18", {"sku": "SAV-LAV-101"})
    assert (answer.status, answer.json["code"], answer.json["data"]["resource_id"]) == (400, "product_invalid_sku", 19)


def test_variations_are_changed_below_their_parent_and_in_batches(fr: Client) -> None:
    assert fr.put("products/62/variations/63", {"stock_quantity": 3}).json["stock_quantity"] == 3
    body = {"update": [{"id": 63, "stock_quantity": 4}, {"id": 18, "stock_quantity": 4}]}
    first, second = fr.post("products/62/variations/batch", body).json["update"]
    assert first["stock_quantity"] == 4
    assert second["error"]["code"] == "woocommerce_rest_product_variation_invalid_id"


def test_a_variation_without_own_stock_shows_its_parents(invented: Client) -> None:
    rows = invented.store.database.rows("variation").values()
    shared = next(row for row in rows if row.document["manage_stock"] == "parent")
    parent = invented.get(f"products/{shared.parent}").json
    shown = invented.get(f"products/{shared.parent}/variations/{shared.id}").json
    assert shown["stock_quantity"] == parent["stock_quantity"]
    path = f"products/{shared.parent}/variations/{shared.id}"
    assert invented.put(path, {"stock_quantity": 1}).json["stock_quantity"] == parent["stock_quantity"]


def test_webhooks_are_kept_without_showing_their_secret(fr: Client) -> None:
    body = {"topic": "order.updated", "delivery_url": "http://127.0.0.1:9/hook", "secret": "s3cret"}
    made = fr.post("webhooks", body)
    assert (made.status, made.json["status"], made.json["resource"]) == (201, "active", "order")
    assert "secret" not in made.json
    assert fr.get("webhooks").ids == [made.json["id"]]
    assert fr.post("webhooks", {**body, "topic": "order.refunded"}).status == 400
    assert fr.delete(f"webhooks/{made.json['id']}", "force=true").status == 200
    assert fr.get("webhooks").json == []

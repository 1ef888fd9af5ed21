"""Invented shops: enough of everything, amounts that add up, the same from the same seed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from sandbox.store.app import Store
from tests.sandbox.store.conftest import Client


def _orders(client: Client) -> list[dict[str, Any]]:
    return client.walk("orders", "status=any,trash&orderby=id&order=asc")


def test_numbers_differ_from_ids_and_ids_grow_irregularly(invented: Client) -> None:
    orders = [order for order in _orders(invented) if order["status"] != "checkout-draft"]
    assert all(order["number"] != str(order["id"]) for order in orders)
    steps = {after["id"] - before["id"] for before, after in pairwise(orders)}
    assert len(steps) > 2
    assert [order["date_created_gmt"] for order in orders] == sorted(order["date_created_gmt"] for order in orders)


def test_every_kind_of_order_is_there(invented: Client) -> None:
    orders = _orders(invented)
    assert len(orders) == 200
    statuses = Counter(order["status"] for order in orders)
    assert statuses["completed"] + statuses["processing"] > 120
    for status in ("on-hold", "pending", "cancelled", "failed", "refunded", "checkout-draft", "trash"):
        assert statuses[status], status
    assert set(statuses) & {"expedie-partiel", "partially-shipped"}
    assert {order["payment_method"] for order in orders} == {"stripe", "ppcp-gateway", "bacs", "cheque", "cod", ""}
    assert any(order["customer_id"] for order in orders)
    assert any(not order["customer_id"] for order in orders)
    assert any(order["total"] == "0.00" for order in orders)
    assert any(order["coupon_lines"] for order in orders)
    fees = [Decimal(fee["total"]) for order in orders for fee in order["fee_lines"]]
    assert min(fees) < 0 < max(fees)
    assert any(len(order["refunds"]) > 1 for order in orders)
    refunds = invented.walk("refunds", "")
    assert any(not refund["line_items"] for refund in refunds)
    assert any(refund["line_items"] for refund in refunds)
    assert any(refund["shipping_lines"] and not refund["line_items"] for refund in refunds)


def test_some_lines_hold_more_than_two_decimals(invented: Client) -> None:
    lines = [line for order in invented.walk("orders", "dp=6") for line in order["line_items"]]
    assert any(Decimal(line["total"]) % Decimal("0.01") for line in lines)


def test_totals_are_what_the_lines_and_their_tax_come_to(invented: Client) -> None:
    for order in _orders(invented):
        items = [line for name in ("line_items", "shipping_lines", "fee_lines") for line in order[name]]
        total = sum((Decimal(line["total"]) + Decimal(line["total_tax"]) for line in items), Decimal(0))
        assert abs(total - Decimal(order["total"])) <= Decimal("0.01"), order["number"]
        tax = sum(Decimal(line["tax_total"]) + Decimal(line["shipping_tax_total"]) for line in order["tax_lines"])
        assert tax == Decimal(order["total_tax"])
        refunded = -sum(Decimal(refund["total"]) for refund in order["refunds"])
        assert refunded <= Decimal(order["total"])


def test_the_goods_are_awkward_enough(invented: Client) -> None:
    products = invented.walk("products", "")
    assert 40 <= len(products) <= 60
    assert sum(not product["sku"] for product in products) >= 2
    assert any("&amp;" in product["name"] for product in products)
    assert max(len(product["name"]) for product in products) > 150
    names = Counter(product["name"] for product in products)
    assert max(names.values()) == 2
    assert len(invented.store.database.rows("variation")) >= 10


@pytest.mark.parametrize("profile", ["fr", "us"])
def test_the_same_seed_gives_the_same_orders(profile: str) -> None:
    stores = [Store(profile=profile, orders=40) for _ in range(2)]
    first, second = (
        [(row.id, row.document["number"], row.document["total"], row.document["status"], row.document["billing"])
         for row in store.database.rows("order").values()]
        for store in stores
    )  # fmt: skip
    assert first == second
    for store in stores:
        store.close()


def test_small_shops_and_unknown_profiles() -> None:
    store = Store(profile="fr", orders=3)
    assert len(store.database.rows("order")) == 3
    store.close()
    with pytest.raises(ValueError, match="choose one of fr, us, ca, gb"):
        Store(profile="xx")


def test_a_quebec_order_has_gst_and_qst_and_an_ontario_one_hst() -> None:
    store = Store(profile="ca", orders=120)
    orders = Client(store).walk("orders", "")
    labels = {order["shipping"]["state"]: {line["label"] for line in order["tax_lines"]} for order in orders}
    assert {"GST", "QST"} <= labels["QC"]
    assert {"HST ON"} <= labels["ON"] <= {"HST ON", "Zero-rated", "GST books", "GST"}
    store.close()

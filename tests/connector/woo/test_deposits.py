from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connector.accounting.commerce import Order
from connector.accounting.instalments import Receipt, receipts_of
from connector.woo.parse import parse_order

CAPTURED = Path(__file__).parents[2] / "golden" / "deposit_and_balance" / "order.json"


def raw(**fields: Any) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(CAPTURED.read_text(encoding="utf-8"))
    return order | {"meta_data": []} | fields


def metas(**values: Any) -> list[dict[str, Any]]:
    return [{"id": place, "key": key, "value": value} for place, (key, value) in enumerate(values.items(), 1)]


def read(**fields: Any) -> Order:
    found = parse_order(raw(**fields))
    assert isinstance(found, Order)
    return found


def lines_with(**values: Any) -> list[dict[str, Any]]:
    return [{**raw()["line_items"][0], "meta_data": metas(**values)}]


@pytest.mark.parametrize(("fields", "part", "parent"), [
    ({}, "whole", 0),
    ({"meta_data": metas(_wc_deposits_order_has_deposit="yes")}, "whole", 0),
    ({"line_items": lines_with(_is_deposit="yes", _deposit_full_amount_ex_tax="400")}, "deposit", 0),
    ({"line_items": lines_with(_is_deposit="no")}, "whole", 0),
    ({"meta_data": metas(_has_deposit="1")}, "deposit", 0),
    ({"created_via": "wc_deposits", "parent_id": 11}, "balance", 11),
    ({"line_items": lines_with(_original_order_id="11")}, "balance", 11),
    ({"line_items": lines_with(_original_order_id="eleven")}, "balance", 0),
    ({"created_via": "yith_wcdp_balance_order", "parent_id": 11}, "balance", 11),
    ({"meta_data": metas(_has_full_payment="1"), "parent_id": 11}, "balance", 11),
    ({"meta_data": metas(_wc_deposits_payment_type="second_payment"), "parent_id": 11}, "payment", 11),
    ({"meta_data": metas(_awcdp_deposits_payment_type="deposit"), "parent_id": 11}, "payment", 11),
    ({"parent_id": 11}, "whole", 0),
])  # fmt: skip
def test_each_part_of_a_sale_is_recognised(fields: dict[str, Any], part: str, parent: int) -> None:
    order = read(**fields)
    assert (order.part, order.parent_id) == (part, parent)


def test_the_line_of_a_balance_is_no_piece_of_its_product() -> None:
    [line] = read(created_via="wc_deposits", parent_id=11).lines
    assert (line.product, line.sku, line.total, line.name) == ((0, 0), "", Decimal("100.00"), "Sofa")


@pytest.mark.parametrize("amount", [30.1, "30.1", Decimal("30.1")])
def test_amounts_are_read_as_numbers_and_as_texts(amount: Any) -> None:
    """JSON numbers are Decimals when they come and floats once they were stored and read again."""
    keys = metas(
        _wc_deposits_order_has_deposit="yes",
        _wc_deposits_deposit_amount=amount,
        _wc_deposits_second_payment="89.9",
        _wc_deposits_deposit_paid="yes",
        _wc_deposits_deposit_payment_time=1772359200,
    )
    order = read(meta_data=keys)
    assert order.paid_at is not None
    assert receipts_of(order) == (Receipt(Decimal("30.10"), order.paid_at),)


def test_a_nested_schedule_does_no_harm() -> None:
    schedule = {"deposit": {"id": 13, "type": "deposit", "total": 30}, "unlimited": {"id": 14, "total": 70}}
    order = read(meta_data=metas(_wc_deposits_payment_schedule=schedule, _wc_deposits_order_has_deposit="yes"))
    assert set(order.meta) == {"_wc_deposits_order_has_deposit"}

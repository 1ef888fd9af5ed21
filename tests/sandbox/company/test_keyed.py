"""Documents keyed by hand or by another connector: to the cent, of a customer of that name, under any number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.sandbox.company.desk import Desk


@pytest.mark.parametrize("percent", ["0", "5.5", "10", "20"])
@pytest.mark.parametrize("total", ["19.98", "0.01", "100.00", "1234.57"])
def test_the_total_comes_out_to_the_cent(desk: Desk, total: str, percent: str) -> None:
    document = desk.control("keyed", {"type": "SalesReceipt", "total": total, "percent": percent, "number": "A-1"})
    assert Decimal(str(document["TotalAmt"])) == Decimal(total)
    assert document["DocNumber"] == "A-1"


def test_one_name_is_one_customer_and_numbers_may_repeat(desk: Desk) -> None:
    body = {"type": "Invoice", "total": "12.00", "customer": "Jane Doe", "number": "7", "note": "WC-7"}
    first, second = desk.control("keyed", {"many": [body, body | {"customer": "jane doe", "paid": True}]})
    assert first["CustomerRef"]["value"] == second["CustomerRef"]["value"]
    assert (Decimal(str(first["Balance"])), Decimal(str(second["Balance"]))) == (12, 0)
    assert first["PrivateNote"] == "WC-7"

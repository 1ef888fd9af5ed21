from __future__ import annotations

from typing import Any

from connector.accounting.books import Edit
from connector.qbo.edits import edits


def sale(class_id: str, name: str, amount: int = 5) -> dict[str, Any]:
    detail = {"ItemRef": {"value": "7"}, "ClassRef": {"value": class_id, "name": name}}
    line = {"DetailType": "SalesItemLineDetail", "Description": "Tea", "Amount": amount, "SalesItemLineDetail": detail}
    return {"TotalAmt": 5, "Line": [line]}


def test_another_class_of_a_line_is_told_by_its_name() -> None:
    assert edits(sale("1", "Web shop"), sale("2", "Market")) == (Edit("class", "Web shop", "Market", name="Tea"),)


def test_a_line_that_also_costs_something_else_is_told_by_its_amount() -> None:
    assert edits(sale("1", "Web shop"), sale("2", "Market", 6)) == (Edit("line", "5", "6", name="Tea"),)

"""Which line of the order stands beside which line of the document."""

from __future__ import annotations

from decimal import Decimal

from sync.web.compare import Row, Side, pair


def sides(*names: str) -> list[Side]:
    return [Side(name, "", Decimal(1)) for name in names]


def names(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.left.name if row.left else "", row.right.name if row.right else "") for row in rows]


def test_as_many_lines_as_lines_stand_in_their_order() -> None:
    assert names(pair(sides("Tea", "Post"), sides("Thé", "Port"))) == [("Tea", "Thé"), ("Post", "Port")]


def test_a_rounding_line_stands_alone() -> None:
    assert names(pair(sides("Tea"), sides("Tea, green", "Rounding"))) == [("Tea", "Tea, green"), ("", "Rounding")]


def test_a_line_that_was_left_out_keeps_its_place() -> None:
    rows = pair(sides("Tea", "Gift", "Post"), sides("Tea", "Post"))
    assert names(rows) == [("Tea", "Tea"), ("Gift", ""), ("Post", "Post")]


def test_a_split_fee_keeps_both_parts() -> None:
    rows = pair(sides("Tea", "Fee"), sides("Tea", "Fee (20%)", "Fee (5.5%)"))
    assert names(rows) == [("Tea", "Tea"), ("Fee", "Fee (20%)"), ("", "Fee (5.5%)")]


def test_nothing_on_the_right_leaves_the_left_alone() -> None:
    assert names(pair(sides("Tea"), [])) == [("Tea", "")]

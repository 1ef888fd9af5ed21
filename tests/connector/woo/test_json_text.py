from __future__ import annotations

from decimal import Decimal

import pytest

from connector.woo.json_text import loads


def test_numbers_with_a_point_never_become_floats() -> None:
    assert loads('{"price": 8.325000000000001, "id": 3}') == {"price": Decimal("8.325000000000001"), "id": 3}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "", "<html>", '[{"id":1}', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


def test_texts_that_no_database_takes_are_mended() -> None:
    assert loads(r'[{"a\u0000": ["x\u0000y", "\ud83d", "\ud83d\ude00", "\\u0000"]}]') == [
        {"a": ["xy", "\ufffd", "😀", "\\u0000"]}
    ]

"""Every option that does nothing yet is said to do nothing yet, and no other."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sync.portability import notices
from sync.schema import DEFAULTS


def changed(path: str, value: Any) -> dict[str, Any]:
    options = copy.deepcopy(DEFAULTS)
    section, _dot, name = path.partition(".")
    if name:
        options[section][name] = value
    else:
        options[section] = value
    return options


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("retention_days", 30),
    ],
)
def test_an_option_that_is_not_built_yet_is_kept_and_said(path: str, value: Any) -> None:
    usual = set(notices(DEFAULTS, None))
    [told] = set(notices(changed(path, value), None)) - usual
    assert told.startswith(f"{path}: ")


@pytest.mark.parametrize(("path", "value"), [
    ("orders.document", "invoice"), ("items.match_by", "name"), ("orders.cancelled", "void"),
    ("orders.credit_memos", "off"), ("refunds.whole_order", "amount"),
])  # fmt: skip
def test_an_option_that_works_needs_no_word(path: str, value: Any) -> None:
    assert notices(changed(path, value), None) == notices(DEFAULTS, None)

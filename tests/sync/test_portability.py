"""What an option asks for and a company does not support is said; all others need no word."""

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


@pytest.mark.parametrize(("path", "value"), [
    ("orders.document", "invoice"), ("items.match_by", "name"), ("orders.cancelled", "void"),
    ("orders.credit_memos", "off"), ("refunds.whole_order", "amount"), ("payments.gateway_fees", True),
    ("retention_days", 30),
])  # fmt: skip
def test_an_option_that_works_needs_no_word(path: str, value: Any) -> None:
    assert notices(changed(path, value), None) == notices(DEFAULTS, None)

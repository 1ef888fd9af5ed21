"""Guards of docs/quickbooks-unconfirmed.md that no other test proves, and that the page names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Means, Planned
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, TaxPolicy
from tests.connector.accounting.build import line, order, rate
from tests.connector.accounting.shops import (
    EXEMPT,
    captured_order,
    fr_policy,
    mapping,
    parties_of,
    single_rate_code,
)
from tests.connector.accounting.till import End, settle

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "quickbooks-unconfirmed.md").read_text(encoding="utf-8")
A_CENT_LESS = captured_order("fr", 161)
"""Its 5.97 is a cent less than QuickBooks computes."""


def end_of(wanted: Order, policy: PostingPolicy, **behaviour: str) -> End:
    return settle(lambda known: plan_order(wanted, known, parties_of(wanted)), policy, behaviour)


@pytest.mark.parametrize(("path", "name"), re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
def test_every_guard_of_the_page_has_its_test(path: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_question_of_the_page_has_a_guard() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("| ") and "?" in row.split("|")[1]]
    assert len(rows) >= 20
    assert all(re.search(r"`tests/[\w/]+\.py::\w+` \|$", row) for row in rows)


def test_a_tolerance_smaller_than_we_take_it_to_be_costs_no_exactness() -> None:
    end = end_of(A_CENT_LESS, fr_policy(), overrides="tolerance", override_tolerance="0.001")
    assert isinstance(end.outcome, Planned)
    assert end.answer is not None
    assert (end.answer.total, end.answer.tax) == (A_CENT_LESS.total, A_CENT_LESS.total_tax)
    assert (end.outcome.proof.means, end.taxes.overrides, len(end.answers)) == (Means.CANCELLING, "refused", 2)


def test_small_differences_that_are_dropped_are_noticed() -> None:
    end = end_of(A_CENT_LESS, fr_policy(), overrides="keep", ignored_below="0.02")
    assert isinstance(end.outcome, Planned)
    assert end.answer is not None
    assert (end.answer.total, end.answer.tax) == (A_CENT_LESS.total, A_CENT_LESS.total_tax)
    assert (end.outcome.proof.means, end.taxes.overrides, len(end.answers)) == (Means.CANCELLING, "ignored", 2)


@pytest.mark.parametrize("three_decimals", ["keep", "round"])
def test_a_company_without_a_third_decimal_gets_nothing_wrong(three_decimals: str) -> None:
    wanted = order(line("3.705", "3", r1="0.185"), rate(1, "5", "0.185"), total="3.890", tax="0.185", currency="KWD")
    taxes = TaxPolicy("global", (mapping([1], single_rate_code("32", "5 %", "5")),), EXEMPT)
    end = end_of(wanted, fr_policy(home_currency="KWD", taxes=taxes), three_decimals=three_decimals)
    if three_decimals == "keep":
        assert end.answer is not None
        assert (end.answer.total, end.answer.tax) == (wanted.total, wanted.total_tax)
    else:
        assert isinstance(end.outcome, Held)
        assert end.outcome.reason == "refused_by_quickbooks:6070"

"""What must hold for every order and every policy, not only for those that somebody thought of."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.checks import find_mistakes
from connector.accounting.commerce import Order
from connector.accounting.compare import fingerprint
from connector.accounting.documents import Held, Means, Outcome, Parties, Planned, Skipped, Waiting
from connector.accounting.money import currency_decimals, half_up, smallest_unit
from connector.accounting.plan import plan_order, rehearsal_parties
from connector.accounting.policy import PostingPolicy, Ref, TaxPolicy
from tests.connector.accounting.qbo_model import answered_taxes, company_taxes
from tests.strategies import EXEMPT, MAPPINGS, orders, parties, policies, spoilt_orders, whole_policy

SKIPPED = r"draft|trash|before_start_date|status:.+|empty_order|zero_total"
WAITING = r"awaiting_payment"
ATTENTION = (
    r"unmapped_tax_rate|unmapped_gateway|unmatched_product|missing_setting:\w+|currency_off|number_too_long|closed_period"
    r"|totals_differ|tax_not_representable|too_many_lines|not_yet_available"
)
CLOSED_LIST = {Skipped: SKIPPED, Waiting: WAITING, Held: ATTENTION}
any_order = st.one_of(orders(), spoilt_orders())
pytestmark = pytest.mark.properties


def cents_of(sale_total: Decimal, order: Order) -> bool:
    return sale_total == half_up(order.total, smallest_unit(order.currency))


@given(order=any_order, policy=policies(), known=parties(), selected=st.booleans())
def test_a_plan_is_a_document_that_adds_up_or_a_reason_of_the_closed_list(
    order: Order, policy: PostingPolicy, known: Parties, selected: bool
) -> None:
    outcome = plan_order(order, policy, known, include_selection=selected)
    if isinstance(outcome, Planned):
        assert_adds_up(order, policy, outcome)
    else:
        assert re.fullmatch(CLOSED_LIST[type(outcome)], outcome.reason), outcome
        assert outcome.details.get("problem") != "check_failed", outcome
        assert all(isinstance(value, str) for value in outcome.details.values())


@given(order=any_order, policy=policies(), known=parties())
def test_planning_twice_gives_the_same(order: Order, policy: PostingPolicy, known: Parties) -> None:
    first, second = (plan_order(order, policy, known) for _ in range(2))
    assert first == second
    assert repr(first) == repr(second)


@given(order=any_order, policy=policies())
def test_a_rehearsal_plans_as_the_real_thing_does(order: Order, policy: PostingPolicy) -> None:
    symbols = rehearsal_parties(order, policy)
    real = Parties(Ref("58"), {key: Ref(f"i{key[0]}") for key in symbols.items})
    rehearsed, posted = plan_order(order, policy, symbols), plan_order(order, policy, real)
    assert type(rehearsed) is type(posted)
    if isinstance(rehearsed, Planned) and isinstance(posted, Planned):
        assert rehearsed.proof == posted.proof


@given(
    order=orders(),
    override=st.sampled_from(["auto", "always", "never"]),
    overrides=st.sampled_from(["unknown", "kept", "ignored", "refused"]),
    rounding=st.sampled_from(["per_rate", "per_line"]),
)
def test_every_order_the_store_computed_is_posted_whatever_the_company_does_with_stated_amounts(
    order: Order, override: Any, overrides: Any, rounding: Any
) -> None:
    taxes = TaxPolicy("global", MAPPINGS, EXEMPT, override=override, overrides=overrides, rounding=rounding)
    outcome = plan_order(order, whole_policy(taxes), Parties(Ref("58")), include_selection=False)
    assert is_whole(outcome), outcome


@given(order=orders())
def test_every_order_the_store_computed_is_posted_exactly_without_tax_in_the_books(order: Order) -> None:
    policy = whole_policy(TaxPolicy("off", tax_item=Ref("90")))
    assert is_whole(plan_order(order, policy, Parties(Ref("58")), include_selection=False))


@given(order=orders(), discount=st.sampled_from([Ref("85"), None]))
def test_list_prices_and_discounts_come_to_the_same_total(order: Order, discount: Ref | None) -> None:
    policy = PostingPolicy(**{**_fields(whole_policy()), "discount_item": discount})
    outcome = plan_order(order, policy, Parties(Ref("58")), include_selection=False)
    assert is_whole(outcome), outcome


@given(order=orders(), policy=policies())
def test_the_buyers_identity_is_not_in_the_fingerprint(order: Order, policy: PostingPolicy) -> None:
    one = plan_order(order, policy, Parties(Ref("58")), include_selection=False)
    other = plan_order(order, policy, Parties(Ref("59")), include_selection=False)
    if isinstance(one, Planned) and isinstance(other, Planned):
        assert [fingerprint(document) for document in one.documents] == [fingerprint(d) for d in other.documents]


def is_whole(outcome: Outcome) -> bool:
    """Posted, or a free or negative order, which is left to other rules."""
    return isinstance(outcome, Planned) or outcome.details.get("problem") == "negative_total"


def assert_adds_up(order: Order, policy: PostingPolicy, planned: Planned) -> None:
    sale, proof = planned.sale, planned.proof
    assert find_mistakes(order, planned) == ()
    assert cents_of(sale.total, order)
    assert proof.store_total == proof.document_total == sale.total
    if policy.taxes.world == "off":
        assert sale.tax is None
        return
    if policy.taxes.world == "us_automated":
        assert {line.tax_code.id for line in sale.lines if line.tax_code} <= {"TAX", "NON"}
        assert sale.tax is None or sale.tax.total == half_up(order.total_tax, smallest_unit(order.currency))
        return
    answered = answered_taxes(sale, policy, currency_decimals(order.currency))
    lines = sum((line.amount for line in sale.lines), Decimal(0))
    assert lines + sum(answered.values(), Decimal(0)) == sale.total
    if proof.means is Means.ROUNDING:
        assert abs(proof.rounding) <= Decimal("0.02") * max(1, len(answered)) + Decimal("0.02")
        return
    assert sum(answered.values(), Decimal(0)) == half_up(order.total_tax, smallest_unit(order.currency))
    for rate in proof.rates:
        assert (
            rate.store == rate.document == sum((answered[rate_id] for rate_id in rate.rate_id.split("+")), Decimal(0))
        )
    if proof.means is Means.CANCELLING:
        moved = [line.amount for line in sale.lines if line.source == "cancelling"]
        assert sum(moved, Decimal(0)) == 0
        assert answered == company_taxes(sale, policy, currency_decimals(order.currency))


def _fields(policy: PostingPolicy) -> dict[str, object]:
    return {name: getattr(policy, name) for name in PostingPolicy.__dataclass_fields__}

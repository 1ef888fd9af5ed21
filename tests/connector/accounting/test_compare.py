from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.accounting.books import Posted
from connector.accounting.commerce import Address, Order
from connector.accounting.compare import Difference, compare, fingerprint, learn, learn_refusal
from connector.accounting.documents import Means, Planned, SaleDocument
from connector.accounting.plan import plan_order
from connector.accounting.policy import PostingPolicy, Ref, TaxPolicy
from tests.connector.accounting.build import line, order, rate
from tests.connector.accounting.qbo_model import answered_taxes, company_taxes
from tests.connector.accounting.shops import captured_order, fr_policy, fr_taxes, parties_of, us_policy

D = Decimal
COMPUTED = order(line("10.00", r1="2.00"), rate(1, "20", "2.00"), total="12.00", tax="2.00")
STATED = captured_order("fr", 161)
"""Its 5.97 is stated; QuickBooks itself computes 5.98."""


def planned(wanted: Order, taxes: TaxPolicy | None = None) -> Planned:
    outcome = plan_order(wanted, fr_policy(taxes=taxes or fr_taxes()), parties_of(wanted))
    assert isinstance(outcome, Planned), outcome
    return outcome


def answer(sale: SaleDocument, *, keeps: bool = True, off: str = "0") -> Posted:
    """What a company answers that keeps or ignores stated amounts, or computes otherwise by `off`."""
    policy: PostingPolicy = fr_policy()
    rates = answered_taxes(sale, policy) if keeps else company_taxes(sale, policy)
    rates = {rate_id: amount + D(off) for rate_id, amount in rates.items()}
    tax = sum(rates.values(), D(0))
    return Posted(
        "1", "SalesReceipt", "145", "0", total=sum((li.amount for li in sale.lines), tax), tax=tax, rates=rates
    )


def test_an_answer_as_planned_shows_no_difference() -> None:
    sale = planned(STATED).sale
    assert compare(sale, answer(sale)) == ()


def test_total_tax_and_rate_are_told_apart() -> None:
    sale = planned(STATED).sale
    assert compare(sale, answer(sale, keeps=False)) == (
        Difference("total", D("35.85"), D("35.86")),
        Difference("tax", D("5.97"), D("5.98")),
        Difference("rate:r2", D("5.97"), D("5.98")),
    )


def test_a_rate_that_the_answer_leaves_out_counts_as_nothing() -> None:
    sale = planned(captured_order("fr", 118)).sale
    assert compare(sale, Posted("1", "SalesReceipt", "1", "0", total=D(0), tax=D(0), rates={})) == ()
    odd = Posted("1", "SalesReceipt", "1", "0", total=D(0), tax=D(0), rates={"r2": D("0.01")})
    assert compare(sale, odd) == (Difference("rate:r2", D(0), D("0.01")),)


def test_an_answer_without_tax_differs_from_a_taxed_plan() -> None:
    sale = planned(COMPUTED).sale
    assert compare(sale, Posted("1", "SalesReceipt", "1", "0", total=D("12.00"))) == (
        Difference("tax", D("2.00"), None),
    )


def test_a_company_that_keeps_a_differing_amount_is_remembered() -> None:
    plan = planned(STATED)
    lesson = learn(fr_taxes(), plan, answer(plan.sale))
    assert (lesson.taxes.overrides, lesson.try_again) == ("kept", False)


def test_an_amount_that_is_computed_anyway_proves_nothing() -> None:
    taxes = fr_taxes(override="always")
    plan = planned(COMPUTED, taxes)
    assert plan.proof.means is Means.STATED
    assert learn(taxes, plan, answer(plan.sale)).taxes == taxes


def test_after_an_ignored_amount_the_next_plan_is_exact_in_that_company() -> None:
    first = planned(STATED)
    lesson = learn(fr_taxes(), first, answer(first.sale, keeps=False))
    assert (lesson.taxes.overrides, lesson.try_again) == ("ignored", True)
    second = planned(STATED, lesson.taxes)
    assert second.proof.means is Means.CANCELLING
    assert compare(second.sale, answer(second.sale, keeps=False)) == ()


def test_after_a_refused_amount_no_amount_is_stated() -> None:
    lesson = learn_refusal(fr_taxes(), planned(STATED))
    assert (lesson.taxes.overrides, lesson.try_again) == ("refused", True)
    assert planned(STATED, lesson.taxes).proof.means is Means.CANCELLING
    assert not learn_refusal(fr_taxes(), planned(COMPUTED)).try_again


def test_after_a_wrong_prediction_amounts_are_always_stated() -> None:
    first = planned(COMPUTED)
    lesson = learn(fr_taxes(), first, answer(first.sale, off="0.01"))
    assert (lesson.taxes.prediction_wrong, lesson.try_again) == (True, True)
    assert planned(COMPUTED, lesson.taxes).proof.means is Means.STATED


@pytest.mark.parametrize(
    ("taxes", "wanted"),
    [
        (fr_taxes(prediction_wrong=True), COMPUTED),
        (fr_taxes(overrides="ignored"), STATED),
        (fr_taxes(override="never"), COMPUTED),
    ],
)
def test_when_nothing_is_left_to_try_the_document_is_taken_back(taxes: TaxPolicy, wanted: Order) -> None:
    plan = planned(wanted, taxes)
    assert not learn(taxes, plan, answer(plan.sale, off="0.07")).try_again


def test_a_company_that_ignores_amounts_and_computes_otherwise_leaves_nothing_to_try() -> None:
    plan = planned(STATED)
    lesson = learn(fr_taxes(), plan, answer(plan.sale, off="0.07"))
    assert (lesson.taxes.overrides, lesson.taxes.prediction_wrong, lesson.try_again) == ("ignored", True, False)


SMALL = order(line("0.13", r1="0.03"), line("0.13", r1="0.03"), rate(1, "20", "0.06"), total="0.32", tax="0.06")
"""The store rounds by line: 2 × 0.026 → 0.06, which is 0.05 on the sum."""


def small_answer(tax: str, net: str = "0.26") -> Posted:
    return Posted("1", "SalesReceipt", "1", "0", total=D(net) + D(tax), tax=D(tax), rates={"r2": D(tax)})


def test_a_company_that_rounds_by_line_is_recognised_and_predicted_from_then_on() -> None:
    round_order = replace(SMALL, total=D("0.31"), total_tax=D("0.05"), tax_lines=(rate(1, "20", "0.05"),))
    first = planned(round_order)
    assert first.proof.means is Means.COMPUTED
    lesson = learn(fr_taxes(), first, small_answer("0.06"))
    assert (lesson.taxes.rounding, lesson.taxes.prediction_wrong, lesson.try_again) == ("per_line", False, True)
    assert planned(round_order, lesson.taxes).proof.means is Means.STATED
    assert planned(SMALL, lesson.taxes).proof.means is Means.COMPUTED


def test_a_company_that_ignores_amounts_and_rounds_by_line_is_made_to_compute_the_stores_tax() -> None:
    round_order = replace(SMALL, total=D("0.31"), total_tax=D("0.05"), tax_lines=(rate(1, "20", "0.05"),))
    taxes = fr_taxes(override="always")
    lesson = learn(taxes, planned(round_order, taxes), small_answer("0.06"))
    assert (lesson.taxes.overrides, lesson.taxes.rounding, lesson.try_again) == ("ignored", "per_line", True)
    second = planned(round_order, lesson.taxes)
    assert second.proof.means is Means.CANCELLING
    moved = [line.amount for line in second.sale.lines if line.source == "cancelling"]
    assert moved == [D("-0.03"), D("0.03")]  # −0.006 → −0.01


def test_a_company_that_turns_to_the_other_rounding_is_followed() -> None:
    by_line = fr_taxes(rounding="per_line", overrides="ignored")
    lesson = learn(by_line, planned(SMALL, by_line), small_answer("0.05"))
    assert (lesson.taxes.rounding, lesson.taxes.prediction_wrong, lesson.try_again) == ("per_rate", False, True)
    assert planned(SMALL, lesson.taxes).proof.means is Means.CANCELLING


def test_a_company_that_fits_neither_arithmetic_is_not_predicted_any_more() -> None:
    by_line = fr_taxes(rounding="per_line")
    lesson = learn(by_line, planned(SMALL, by_line), small_answer("0.04"))
    assert (lesson.taxes.rounding, lesson.taxes.prediction_wrong, lesson.try_again) == ("per_line", True, True)


def test_a_total_that_differs_for_another_cause_teaches_nothing_about_tax() -> None:
    plan = planned(STATED)
    odd = replace(answer(plan.sale), total=D("99.99"))
    assert learn(fr_taxes(), plan, odd).taxes == fr_taxes()


def test_an_anonymised_order_has_the_same_fingerprint() -> None:
    nobody = replace(
        STATED,
        billing=Address(first_name="[deleted]", email="deleted@site.invalid"),
        shipping=Address(),
        transaction_id="",
    )
    assert fingerprint(planned(STATED).sale) == fingerprint(planned(nobody).sale)


def test_how_the_tax_was_reached_does_not_make_an_order_look_edited() -> None:
    prints = {fingerprint(planned(STATED, fr_taxes(overrides=habit)).sale) for habit in ("unknown", "kept", "ignored")}
    assert len(prints) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1235"},
        {
            "status": "processing",
            "total": D("24.00"),
            "total_tax": D("4.00"),
            "tax_lines": (rate(1, "20", "4.00"),),
            "lines": (line("20.00", "2", r1="4.00"),),
        },
        {"lines": (line("10.00", "2", r1="2.00"),)},
        {"lines": (line("10.00", product=77, r1="2.00"),)},
        {"payment_method": "cod"},
    ],
)
def test_an_edit_that_changes_the_books_changes_the_fingerprint(change: dict[str, object]) -> None:
    edited = replace(COMPUTED, **change)  # type: ignore[arg-type]
    assert fingerprint(planned(COMPUTED).sale) != fingerprint(planned(edited).sale)


def test_names_of_references_and_trailing_zeros_do_not_matter() -> None:
    sale = planned(COMPUTED).sale
    same = replace(
        sale,
        deposit_account=Ref("36", "renamed"),
        lines=tuple(replace(li, quantity=D("1.000"), unit_price=D("10.0")) for li in sale.lines),
    )
    assert fingerprint(sale) == fingerprint(same)


AMERICAN = TaxPolicy("us_automated")


def automated() -> Planned:
    outcome = plan_order(COMPUTED, us_policy(home_currency="EUR", taxes=AMERICAN), parties_of(COMPUTED))
    assert isinstance(outcome, Planned), outcome
    return outcome


def test_the_rates_over_which_the_engine_shares_the_total_are_its_own_business() -> None:
    plan = automated()
    kept = Posted(
        "1", "SalesReceipt", "1", "0", total=D("12.00"), tax=D("2.00"), rates={"7": D("1.40"), "8": D("0.60")}
    )
    assert compare(plan.sale, kept) == ()
    assert learn(AMERICAN, plan, kept).taxes == AMERICAN


def test_an_engine_that_goes_by_its_own_rates_is_remembered() -> None:
    own = Posted("1", "SalesReceipt", "1", "0", total=D("10.70"), tax=D("0.70"), rates={"7": D("0.70")})
    lesson = learn(AMERICAN, automated(), own)
    assert (lesson.taxes.overrides, lesson.try_again) == ("ignored", True)


def test_an_address_the_engine_does_not_know_says_nothing_about_the_company() -> None:
    none = Posted("1", "SalesReceipt", "1", "0", total=D("10.00"), tax=D(0), rates={})
    assert learn(AMERICAN, automated(), none).taxes == AMERICAN
    assert learn_refusal(AMERICAN, automated()).taxes == AMERICAN

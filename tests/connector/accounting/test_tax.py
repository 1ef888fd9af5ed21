"""The order of means, rate by rate."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentTax, Held, Means, Outcome, Planned
from connector.accounting.plan import plan_order
from connector.accounting.policy import RateMapping, Ref, TaxCode, TaxRate
from tests.connector.accounting.build import fee, line, order, rate, shipping
from tests.connector.accounting.shops import EXEMPT, fr_policy, fr_taxes, mapping, parties_of, us_policy, us_taxes

D = Decimal
A_CENT_LESS = order(
    line("24.975", "3", r1="4.995"),
    shipping("4.90", r1="0.98"),
    rate(1, "20", "4.99", shipping_total="0.98"),
    total="35.85",
    tax="5.97",
)
CLEAN = order(line("10.00", r1="2.00"), rate(1, "20", "2.00"), total="12.00", tax="2.00")


def plan(wanted: Order, *, options: dict[str, object] | None = None, **taxes: object) -> Outcome:
    return plan_order(wanted, fr_policy(taxes=fr_taxes(**taxes), **(options or {})), parties_of(wanted))


def planned(wanted: Order, *, options: dict[str, object] | None = None, **taxes: object) -> Planned:
    outcome = plan(wanted, options=options, **taxes)
    assert isinstance(outcome, Planned), outcome
    return outcome


def test_nothing_is_stated_where_quickbooks_computes_the_same() -> None:
    outcome = planned(CLEAN)
    assert outcome.proof.means is Means.COMPUTED
    assert outcome.sale.tax is not None
    assert not outcome.sale.tax.stated


@pytest.mark.parametrize("learned", [{"override": "always"}, {"prediction_wrong": True}])
def test_amounts_are_always_stated_by_choice_or_where_the_company_computes_otherwise(
    learned: dict[str, object],
) -> None:
    assert planned(CLEAN, **learned).proof.means is Means.STATED


def test_a_cent_less_is_stated_for_every_rate() -> None:
    tax = planned(A_CENT_LESS).sale.tax
    assert tax is not None
    assert (tax.stated, tax.total) == (True, D("5.97"))
    assert [(r.rate.id, r.net, r.amount) for r in tax.rates] == [("r2", D("29.88"), D("5.97"))]


def test_the_proof_tells_what_quickbooks_would_have_computed() -> None:
    assert planned(A_CENT_LESS).proof.computed_tax == D("5.98")
    assert planned(CLEAN).proof.computed_tax is None


@pytest.mark.parametrize("learned", [{"overrides": "ignored"}, {"overrides": "refused"}, {"override": "never"}])
def test_two_lines_that_cancel_move_the_base(learned: dict[str, object]) -> None:
    outcome = planned(A_CENT_LESS, **learned)
    moved = [(li.amount, li.tax_code and li.tax_code.id) for li in outcome.sale.lines if li.source == "cancelling"]
    assert moved == [(D("-0.01"), "2"), (D("0.01"), "10")]
    assert (outcome.proof.means, outcome.proof.moved_base) == (Means.CANCELLING, D("0.01"))
    assert [(notice.reason, notice.details["amount"]) for notice in outcome.notices] == [("base_moved", "0.01")]
    assert outcome.sale.tax is not None
    assert outcome.sale.tax.total == D("5.97")


def test_without_cancelling_lines_a_rounding_line_makes_the_total_exact() -> None:
    outcome = planned(A_CENT_LESS, overrides="ignored", cancelling_lines=False)
    assert (outcome.proof.means, outcome.proof.rounding, outcome.proof.document_tax) == (
        Means.ROUNDING,
        D("-0.01"),
        D("5.98"),
    )
    assert outcome.sale.total == D("35.85")
    assert [notice.reason for notice in outcome.notices] == ["rounding_line", "rates_differ"]


def test_rates_that_differ_are_told_even_where_they_make_up_for_each_other() -> None:
    crossed = order(
        line("10.00", r1="2.01"), line("10.00", r2="0.54"), rate(1, "20", "2.01"), rate(2, "5.5", "0.54"),
        total="22.55", tax="2.55",
    )  # fmt: skip
    outcome = planned(crossed, overrides="refused", cancelling_lines=False)
    assert (outcome.proof.means, outcome.proof.rounding) == (Means.ROUNDING, D(0))
    assert [(rate.store, rate.document) for rate in outcome.proof.rates] == [
        (D("2.01"), D("2.00")),
        (D("0.54"), D("0.55")),
    ]
    assert [(one.reason, one.details) for one in outcome.notices] == [("rates_differ", {"rate": "Rate 1, Rate 2"})]


def test_more_than_two_cents_are_not_rounded_away() -> None:
    odd = order(line("10.00", r1="2.03"), rate(1, "20", "2.03"), total="12.03", tax="2.03")
    held = plan(odd, overrides="ignored", cancelling_lines=False)
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("tax_not_representable", "beyond_rounding")


def test_a_tax_far_from_its_rate_is_held() -> None:
    odd = order(line("10.00", r1="2.50"), rate(1, "20", "2.50"), total="12.50", tax="2.50")
    held = plan(odd)
    assert isinstance(held, Held)
    assert held.details == {"problem": "deviation", "rate": "Rate 1", "store": "2.50", "computed": "2.00"}


def test_a_company_that_ignores_amounts_and_computes_otherwise_gets_none() -> None:
    held = plan(CLEAN, overrides="ignored", prediction_wrong=True)
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("tax_not_representable", "company_computes_otherwise")


@pytest.mark.parametrize(
    ("missing", "key"), [({"options": {"rounding_item": None}}, "rounding_item"), ({"untaxed": None}, "untaxed_code")]
)
def test_corrections_need_their_settings(missing: dict[str, object], key: str) -> None:
    assert plan(A_CENT_LESS, overrides="ignored", **missing) == Held(f"missing_setting:{key}")  # type: ignore[arg-type]


def test_total_tax_rules_and_the_cent_goes_to_the_largest_rate() -> None:
    two = order(
        line("10.00", r1="2.00"),
        line("10.00", r2="0.55", product=21),
        rate(1, "20", "2.00"),
        rate(2, "5.5", "0.55"),
        total="22.54",
        tax="2.54",
    )
    tax = planned(two).sale.tax
    assert tax is not None
    assert [r.amount for r in tax.rates] == [D("1.99"), D("0.55")]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rates": ()}, "not_mapped"),
        ({"rates": (mapping([1], TaxCode("2", "20", (TaxRate("r2", "20", D("20")),)), "19.6"),)}, "rate_changed"),
        ({"rates": (mapping([1], TaxCode("2", "19.6", (TaxRate("r2", "19.6", D("19.6")),))),)}, "code_percent_differs"),
    ],
)
def test_a_rate_without_a_fitting_code_is_named(change: dict[str, object], problem: str) -> None:
    held = plan(CLEAN, **change)
    assert isinstance(held, Held)
    assert held.reason == "unmapped_tax_rate"
    assert held.details["problem"] == problem
    assert (held.details["rate"], held.details["percent"], held.details["rate_ids"]) == ("Rate 1", "20", "1")


def test_a_code_that_has_become_inactive_is_named() -> None:
    held = plan(CLEAN, options={"inactive_refs": {"tax_code:2": "20.0% S"}})
    assert isinstance(held, Held)
    assert held.details["problem"] == "code_inactive"


def test_a_deleted_rate_is_held_even_when_it_is_mapped() -> None:
    gone = order(line("100.00", r9999="19.60"), rate(9999, "0", "19.60"), total="119.60", tax="19.60")
    held = plan(gone, rates=(mapping([9999], EXEMPT),))
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("unmapped_tax_rate", "rate_deleted")


def test_an_unmapped_rate_that_no_amount_bears_blocks_nothing() -> None:
    free = order(
        line("0.00", r77="0.00"),
        line("10.00", r1="2.00"),
        rate(77, "8", "0"),
        rate(1, "20", "2.00"),
        total="12.00",
        tax="2.00",
    )
    assert planned(free).proof.means is Means.COMPUTED


@pytest.mark.parametrize(
    ("fields", "code"),
    [({}, "10"), ({"is_vat_exempt": True}, "20"), ({"shipping": replace(CLEAN.billing, country="CH")}, "30")],
)
def test_untaxed_lines_take_the_code_of_their_cause(fields: dict[str, object], code: str) -> None:
    exempt = order(line("10.00"), total="10.00", **fields)
    outcome = planned(exempt, untaxed_vat_exempt=TaxCode("20", "Exempt buyer"), untaxed_export=TaxCode("30", "Export"))
    assert outcome.sale.lines[0].tax_code is not None
    assert outcome.sale.lines[0].tax_code.id == code
    assert outcome.proof.means is Means.NONE


def test_untaxed_lines_without_a_code_are_held() -> None:
    assert plan(order(line("10.00"), total="10.00"), untaxed=None) == Held("missing_setting:untaxed_code")


def test_an_untaxed_code_that_taxes_is_no_untaxed_code() -> None:
    taxing = TaxCode("2", "20", (TaxRate("r2", "20", D(20)),))
    held = plan(order(line("10.00"), total="10.00"), untaxed=taxing)
    assert isinstance(held, Held)
    assert held.reason == "missing_setting:untaxed_code"


GST, QST = TaxRate("50", "GST", D(5)), TaxRate("51", "QST", D("9.975"), compound=True)
QUEBEC = mapping([16, 17], TaxCode("8", "GST + QST", (GST, QST)))
ONLY_GST = mapping([16], TaxCode("7", "GST", (GST,)))
CANADIAN = order(
    line("100.00", r16="5.00", r17="10.47375"),
    line("20.00", r16="1.00", product=21),
    rate(16, "5", "6.00"),
    rate(17, "9.975", "10.47", compound=True),
    total="136.47",
    tax="16.47",
)


def test_a_compound_rate_is_computed_on_amount_plus_tax() -> None:
    outcome = planned(CANADIAN, rates=(QUEBEC, ONLY_GST))
    assert outcome.proof.means is Means.COMPUTED
    assert [(r.rate_id, r.store, r.document) for r in outcome.proof.rates] == [
        ("50", D("6.00"), D("6.00")),
        ("51", D("10.47"), D("10.47")),
    ]


def test_a_combination_needs_a_mapping_of_its_own() -> None:
    held = plan(CANADIAN, rates=(ONLY_GST, mapping([17], TaxCode("9", "QST", (QST,)))))
    assert isinstance(held, Held)
    assert (held.details["rate_ids"], held.details["percent"]) == ("16,17", "15.47375")


def test_a_combination_may_map_to_one_rate_at_the_effective_percentage() -> None:
    one = TaxCode("8", "15.474 %", (TaxRate("60", "15.474 %", D("15.474")),))
    outcome = planned(CANADIAN, rates=(mapping([16, 17], one), ONLY_GST))
    assert [(r.label, r.rate_id, r.store, r.document) for r in outcome.proof.rates] == [
        ("Rate 16 + Rate 17", "50+60", D("16.47"), D("16.47"))
    ]


def test_two_store_rates_that_share_a_code_are_proved_together() -> None:
    german = order(
        line("10.00", r5="0.70"),
        line("10.00", r6="0.70", product=21),
        rate(5, "7", "0.70"),
        rate(6, "7", "0.70"),
        total="21.40",
        tax="1.40",
    )
    assert [(r.rate_id, r.store) for r in planned(german).proof.rates] == [("r6", D("1.40"))]


def test_a_fee_of_two_classes_is_split_by_tax_and_rate() -> None:
    split = order(
        line("100.00", r1="20.00"),
        line("100.00", r2="5.50", product=21),
        fee("-30.00", "Avoir", r1="-2.00", r2="-0.55"),
        rate(1, "20", "18.00"),
        rate(2, "5.5", "4.95"),
        total="192.95",
        tax="22.95",
    )
    fees = [(li.amount, li.tax_code and li.tax_code.id) for li in planned(split).sale.lines if li.source == "fee"]
    assert fees == [(D("-10.00"), "2"), (D("-10.00"), "3"), (D("-10.00"), "10")]


def test_a_fee_spread_over_shipping_alone_bears_its_combination_of_rates() -> None:
    """GST of a fee of 0.26 is lost to rounding, and QST alone is no code."""
    spread = order(
        line("0.18"),
        shipping("0.08", r16="0.00", r17="0.01"),
        fee("-0.26", "Avoir", r16="0.00", r17="-0.01"),
        rate(16, "5", "0.00"),
        rate(17, "9.975", "-0.01", shipping_total="0.01"),
        total="0.00",
    )
    plain = mapping([16, 17], TaxCode("8", "GST + QST", (GST, replace(QST, compound=False))))
    codes = [li.tax_code and li.tax_code.id for li in planned(spread, rates=(plain,)).sale.lines if li.source == "fee"]
    assert codes == ["8", "10"]


def test_a_line_that_does_not_name_its_rate_is_recognised_by_its_tax() -> None:
    bare = replace(CLEAN, lines=(replace(CLEAN.lines[0], taxes=()),))
    assert planned(bare).sale.lines[0].tax_code == Ref("2", "20.0% S")


def test_tax_of_no_rate_cannot_be_posted() -> None:
    bare = order(line("10.00"), total="12.00", tax="2.00")
    held = plan(bare)
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("tax_not_representable", "no_rates")


def test_world_off_takes_the_tax_as_a_line() -> None:
    outcome = plan_order(CLEAN, us_policy(home_currency="EUR"), parties_of(CLEAN))
    assert isinstance(outcome, Planned)
    assert [(li.source, li.amount, li.tax_code) for li in outcome.sale.lines] == [
        ("product", D("10.00"), None),
        ("tax", D("2.00"), None),
    ]
    assert (outcome.sale.tax, outcome.sale.global_tax) == (None, None)


def test_world_off_needs_the_tax_item_only_for_tax() -> None:
    policy = us_policy(home_currency="EUR", taxes=us_taxes(tax_item=None))
    assert plan_order(CLEAN, policy, parties_of(CLEAN)) == Held("missing_setting:tax_item")
    untaxed = order(line("10.00"), total="10.00")
    assert isinstance(plan_order(untaxed, policy, parties_of(untaxed)), Planned)


@pytest.mark.parametrize(("country", "untaxed", "code"), [("US", None, "NON"), ("FR", EXEMPT, "10")])
def test_world_off_by_hand_marks_every_line_untaxed(country: str, untaxed: TaxCode | None, code: str) -> None:
    taxes = us_taxes(needs_line_codes=True, untaxed=untaxed)
    outcome = plan_order(CLEAN, us_policy(home_currency="EUR", country=country, taxes=taxes), parties_of(CLEAN))
    assert isinstance(outcome, Planned)
    assert {li.tax_code.id for li in outcome.sale.lines if li.tax_code} == {code}
    assert outcome.sale.global_tax == (None if country == "US" else "TaxExcluded")


CITY = mapping([1, 2], TaxCode("40", "State and city", (TaxRate("s", "State", D("6")), TaxRate("c", "City", D("2")))))
STATE = mapping([1], TaxCode("41", "State", (TaxRate("s", "State", D("6")),)))
BOTH_RATES = order(
    line("10.00", r1="0.60", r2="0.20"),
    shipping("5.00"),
    rate(1, "6", "0.60"),
    rate(2, "2", "0.20"),
    total="15.80",
    tax="0.80",
)
STATE_ON_SHIPPING = order(
    line("10.00", r1="0.60", r2="0.20"),
    shipping("5.00", r1="0.30"),
    rate(1, "6", "0.60", shipping_total="0.30"),
    rate(2, "2", "0.20"),
    total="16.10",
    tax="1.10",
)


def american(wanted: Order, world: str, *, rates: tuple[RateMapping, ...] = (CITY, STATE), **taxes: object) -> Outcome:
    policy = us_policy(home_currency="EUR", taxes=us_taxes(world=world, rates=rates, **taxes))
    return plan_order(wanted, policy, parties_of(wanted))


def line_codes(outcome: Outcome) -> list[str]:
    assert isinstance(outcome, Planned), outcome
    return [item.tax_code.id for item in outcome.sale.lines if item.tax_code]


def test_a_document_of_the_manual_world_has_one_code_for_all_its_rates() -> None:
    outcome = american(BOTH_RATES, "us_manual")
    assert line_codes(outcome) == ["TAX", "NON"]
    assert isinstance(outcome, Planned)
    assert outcome.proof.means is Means.COMPUTED
    assert outcome.sale.tax is not None
    assert (outcome.sale.tax.code, outcome.sale.tax.stated) == (Ref("40", "State and city"), False)
    assert {proof.rate_id: proof.document for proof in outcome.proof.rates} == {"s": D("0.60"), "c": D("0.20")}


def test_a_rate_on_some_lines_only_is_stated_on_those() -> None:
    """The company's arithmetic would lay both rates on both lines: 0.90 and 0.30."""
    outcome = american(STATE_ON_SHIPPING, "us_manual")
    assert isinstance(outcome, Planned), outcome
    assert (outcome.proof.means, outcome.proof.computed_tax) == (Means.STATED, D("1.20"))
    assert outcome.sale.tax is not None
    assert [(tax.rate.id, tax.net, tax.amount) for tax in outcome.sale.tax.rates] == [
        ("s", D("15.00"), D("0.90")),
        ("c", D("10.00"), D("0.20")),
    ]


def test_where_stated_amounts_are_refused_such_a_document_is_held() -> None:
    held = american(STATE_ON_SHIPPING, "us_manual", overrides="refused")
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("tax_not_representable", "beyond_rounding")


def test_the_store_may_not_charge_otherwise_than_its_own_rates_on_its_own_lines() -> None:
    wrong = replace(STATE_ON_SHIPPING, total=D("16.40"), total_tax=D("1.40"), tax_lines=(
        rate(1, "6", "0.60", shipping_total="0.60"), rate(2, "2", "0.20")
    ))  # fmt: skip
    held = american(wrong, "us_manual")
    assert isinstance(held, Held)
    assert held.details["problem"] == "deviation"


def test_a_combination_without_a_code_names_its_rates() -> None:
    held = american(BOTH_RATES, "us_manual", rates=(STATE,))
    assert isinstance(held, Held)
    assert (held.reason, held.details["rate_ids"]) == ("unmapped_tax_rate", "1,2")


def test_an_order_without_tax_needs_no_code_in_the_manual_world() -> None:
    free = order(line("10.00"), shipping("5.00"), total="15.00", tax="0")
    outcome = american(free, "us_manual", rates=())
    assert line_codes(outcome) == ["NON", "NON"]
    assert isinstance(outcome, Planned)
    assert outcome.sale.tax is not None
    assert outcome.sale.tax.code is None


def test_automated_sales_tax_gets_the_total_and_no_rates() -> None:
    outcome = american(STATE_ON_SHIPPING, "us_automated", rates=())
    assert line_codes(outcome) == ["TAX", "TAX"]
    assert isinstance(outcome, Planned)
    assert outcome.sale.tax == DocumentTax(D("1.10"), stated=True)


def test_automated_sales_tax_marks_what_bears_none() -> None:
    assert line_codes(american(BOTH_RATES, "us_automated", rates=())) == ["TAX", "NON"]
    free = order(line("10.00"), total="10.00", tax="0")
    assert line_codes(american(free, "us_automated", rates=())) == ["NON"]


@pytest.mark.parametrize("learned", [{"overrides": "ignored"}, {"override": "never"}])
def test_automated_sales_tax_without_stated_amounts_asks_the_merchant(learned: dict[str, object]) -> None:
    held = american(BOTH_RATES, "us_automated", rates=(), **learned)
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("tax_not_representable", "automated_tax")

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.accounting.arithmetic import CodedNet, computed_taxes
from connector.accounting.policy import TaxCode, TaxRate
from connector.accounting.shifts import Shift, find_shifts

D = Decimal
CENT = D("0.01")
TWENTY = TaxCode("2", "20", (TaxRate("r20", "20", D(20)),))
TEN = TaxCode("3", "10", (TaxRate("r10", "10", D(10)),))
_GST, _PST = TaxRate("gst", "GST", D(5)), TaxRate("pst", "PST", D(7))
ONLY_GST, BOTH = TaxCode("4", "GST", (_GST,)), TaxCode("5", "GST + PST", (_GST, _PST))


def targets(**amounts: str) -> dict[str, Decimal]:
    return {rate_id: D(amount) for rate_id, amount in amounts.items()}


@pytest.mark.parametrize(
    ("target", "amount"), [("5.97", "-0.01"), ("5.99", "0.05"), ("6.03", "0.25"), ("5.90", "-0.36")]
)
def test_the_smallest_amount_that_reaches_the_target(target: str, amount: str) -> None:
    shifts = find_shifts([CodedNet(TWENTY, D("29.88"))], targets(r20=target), [TWENTY], CENT)
    assert shifts == (Shift(TWENTY, D(amount)),)


def test_nothing_is_moved_where_the_tax_is_right() -> None:
    assert find_shifts([CodedNet(TWENTY, D("29.88"))], targets(r20="5.98"), [TWENTY], CENT) == ()


def test_no_more_than_one_is_moved() -> None:
    assert find_shifts([CodedNet(TWENTY, D("29.88"))], targets(r20="6.30"), [TWENTY], CENT) is None


def test_rates_that_no_code_connects_are_solved_apart() -> None:
    nets = [CodedNet(TWENTY, D("10.00")), CodedNet(TEN, D("10.00"))]
    shifts = find_shifts(nets, targets(r20="2.01", r10="0.99"), [TWENTY, TEN], CENT)
    assert shifts == (Shift(TWENTY, D("0.03")), Shift(TEN, D("-0.06")))


def test_negative_bases_round_away_from_zero() -> None:
    shifts = find_shifts([CodedNet(TWENTY, D("-29.88"))], targets(r20="-5.97"), [TWENTY], CENT)
    assert shifts == (Shift(TWENTY, D("0.01")),)


def test_one_code_of_two_rates_has_to_suit_both() -> None:
    nets = [CodedNet(BOTH, D("100.09"))]
    assert computed_taxes(nets, CENT) == targets(gst="5.00", pst="7.01")
    assert find_shifts(nets, targets(gst="5.01", pst="7.01"), [BOTH], CENT) == (Shift(BOTH, D("0.01")),)
    assert find_shifts(nets, targets(gst="5.02", pst="7.01"), [BOTH], CENT) is None


def test_a_code_that_shares_a_rate_helps_out() -> None:
    nets = [CodedNet(BOTH, D("100.09"))]
    shifts = find_shifts(nets, targets(gst="5.02", pst="7.01"), [BOTH, ONLY_GST], CENT)
    assert shifts == (Shift(ONLY_GST, D("0.21")),)


def test_two_codes_together_reach_what_neither_does_alone() -> None:
    nets = [CodedNet(BOTH, D("100.00"))]
    wanted = targets(gst="4.99", pst="7.01")
    shifts = find_shifts(nets, wanted, [BOTH, ONLY_GST], CENT)
    assert shifts is not None
    assert [shift.code.id for shift in shifts] == ["5", "4"]
    assert computed_taxes([*nets, *(CodedNet(s.code, s.amount) for s in shifts)], CENT) == wanted


def test_a_code_that_brings_another_rate_is_left_alone() -> None:
    assert find_shifts([CodedNet(ONLY_GST, D("10.00"))], targets(gst="0.51"), [BOTH], CENT) is None


def test_a_line_brings_its_own_rounded_tax_where_the_company_rounds_by_line() -> None:
    nets = [CodedNet(TWENTY, D("0.13")), CodedNet(TWENTY, D("0.13"))]
    assert computed_taxes(nets, CENT, "per_line") == targets(r20="0.06")
    assert find_shifts(nets, targets(r20="0.05"), [TWENTY], CENT, "per_line") == (Shift(TWENTY, D("-0.03")),)
    assert find_shifts(nets, targets(r20="0.07"), [TWENTY], CENT, "per_line") == (Shift(TWENTY, D("0.03")),)


def test_two_lines_reach_what_one_cannot_where_the_company_rounds_by_line() -> None:
    nets = [CodedNet(BOTH, D("100.05"))]
    computed = computed_taxes(nets, CENT, "per_line")
    wanted = {**computed, "gst": computed["gst"] - CENT, "pst": computed["pst"] + CENT}
    shifts = find_shifts(nets, wanted, [BOTH, ONLY_GST], CENT, "per_line")
    assert shifts is not None
    assert len(shifts) == 2
    assert computed_taxes([*nets, *(CodedNet(s.code, s.amount) for s in shifts)], CENT, "per_line") == wanted
    assert find_shifts(nets, {**computed, "gst": D(9)}, [BOTH], CENT, "per_line") is None

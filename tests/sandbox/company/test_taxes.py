"""The four tax worlds, and what becomes of tax amounts that are sent."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.company.desk import Desk


def sent_tax(rate: str, amount: str, total: str | None = None) -> dict[str, Any]:
    detail = {"TaxRateRef": {"value": rate}, "PercentBased": True, "TaxPercent": 20, "NetAmountTaxable": 100}
    line = {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
    return {"TotalTax": total or amount, "TaxLine": [line]}


def tax_lines(document: dict[str, Any]) -> list[tuple[Decimal, Decimal]]:
    lines = document["TxnTaxDetail"]["TaxLine"]
    return [(line["TaxLineDetail"]["NetAmountTaxable"], line["Amount"]) for line in lines]


def test_every_line_of_a_global_company_needs_a_code(desk: Desk) -> None:
    customer = desk.customer()
    error = desk.refused("SalesReceipt", desk.sale(customer, desk.line(10), desk.line(5, None)))
    assert error["code"] == "6000"
    assert "Make sure all your transactions have a VAT rate before you save" in error["Detail"]
    without_mode = {**desk.sale(customer), "GlobalTaxCalculation": None}
    assert "VAT rate" in desk.refused("SalesReceipt", without_mode)["Detail"]
    unknown = desk.line(10)
    unknown["SalesItemLineDetail"]["TaxCodeRef"] = {"value": "TAX"}
    assert desk.refused("SalesReceipt", desk.sale(customer, unknown))["code"] == "2500"


def test_tax_is_computed_once_per_rate_or_line_by_line(desk: Desk) -> None:
    body = desk.sale(desk.customer(), desk.line("0.13"), desk.line("0.13"))
    assert tax_lines(desk.post("SalesReceipt", body)) == [(Decimal("0.26"), Decimal("0.05"))]
    desk.control("behaviour", {"rounding": "per_line"})
    assert tax_lines(desk.post("SalesReceipt", body)) == [(Decimal("0.26"), Decimal("0.06"))]


def test_half_a_cent_of_a_negative_base_is_rounded_away_from_zero(desk: Desk) -> None:
    body = desk.sale(desk.customer(), desk.line(10, "0.0% S"), desk.line("-0.25", "10.0% S", item="Discount"))
    assert tax_lines(desk.post("SalesReceipt", body)) == [(10, 0), (Decimal("-0.25"), Decimal("-0.03"))]


def test_gst_adds_up_over_all_codes_that_carry_it(open_company: Callable[..., Desk]) -> None:
    desk = open_company(profile="ca")
    body = desk.sale(desk.customer(), desk.line(100, "GST/QST QC - 9.975"), desk.line(50, "GST"))
    assert tax_lines(desk.post("Invoice", body)) == [(150, Decimal("7.5")), (100, Decimal("9.98"))]
    assert "GST/HST rate" in desk.refused("Invoice", desk.sale(desk.customer("B"), desk.line(1, None)))["Detail"]


def test_a_compound_rate_stands_on_the_one_before(desk: Desk) -> None:
    from sandbox.company.tax import RateUse, TaxedLine, compute

    uses = (RateUse("gst", Decimal(5)), RateUse("qst", Decimal(10), "TaxOnAmountPlusTax"))
    found = compute([TaxedLine(Decimal(100), uses)], per_line=False)
    assert [(tax.base, tax.amount) for tax in found] == [(100, 5), (105, Decimal("10.50"))]


def test_a_company_that_keeps_amounts_says_by_how_much_they_differ(desk: Desk) -> None:
    rate = desk.rate_of("20.0% S")
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer(), TxnTaxDetail=sent_tax(rate, "20.01")))
    assert receipt["TotalAmt"] == Decimal("120.01")
    assert receipt["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["OverrideDeltaAmount"] == Decimal("0.01")


def test_a_company_that_ignores_amounts_computes_its_own(desk: Desk) -> None:
    desk.control("behaviour", {"overrides": "ignore"})
    rate = desk.rate_of("20.0% S")
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer(), TxnTaxDetail=sent_tax(rate, "21")))
    assert receipt["TotalAmt"] == 120


@pytest.mark.parametrize(("amount", "accepted"), [("20.05", True), ("20.06", False)])
def test_a_company_may_tolerate_a_small_difference(desk: Desk, amount: str, accepted: bool) -> None:
    desk.control("behaviour", {"overrides": "tolerance", "override_tolerance": "0.05"})
    body = desk.sale(desk.customer(), TxnTaxDetail=sent_tax(desk.rate_of("20.0% S"), amount))
    if accepted:
        assert desk.post("SalesReceipt", body)["TxnTaxDetail"]["TotalTax"] == Decimal(amount)
    else:
        assert "calculating tax" in desk.refused("SalesReceipt", body)["Detail"]


def test_a_company_may_refuse_any_difference(desk: Desk) -> None:
    desk.control("behaviour", {"overrides": "refuse"})
    rate = desk.rate_of("20.0% S")
    customer = desk.customer()
    desk.post("SalesReceipt", desk.sale(customer, TxnTaxDetail=sent_tax(rate, "20.00")))
    assert desk.refused("SalesReceipt", desk.sale(customer, TxnTaxDetail=sent_tax(rate, "20.01")))["code"] == "6000"


def test_a_tax_line_must_be_for_a_rate_in_use_and_the_lines_must_add_up(desk: Desk) -> None:
    customer = desk.customer()
    other = sent_tax(desk.rate_of("10.0% S"), "20")
    assert desk.refused("SalesReceipt", desk.sale(customer, TxnTaxDetail=other))["code"] == "6470"
    off = sent_tax(desk.rate_of("20.0% S"), "20", total="20.01")
    assert desk.refused("SalesReceipt", desk.sale(customer, TxnTaxDetail=off))["code"] == "6470"


def test_a_total_alone_is_shared_over_the_rates(desk: Desk) -> None:
    body = desk.sale(desk.customer(), desk.line(100), desk.line(100, "10.0% S"), TxnTaxDetail={"TotalTax": "30.03"})
    assert tax_lines(desk.post("SalesReceipt", body)) == [(100, Decimal("20.02")), (100, Decimal("10.01"))]


def test_tax_that_is_not_applicable_takes_no_detail(desk: Desk) -> None:
    body = {**desk.sale(desk.customer(), desk.line(10, None)), "GlobalTaxCalculation": "NotApplicable"}
    receipt = desk.post("SalesReceipt", body)
    assert receipt["TotalAmt"] == 10
    assert "TxnTaxDetail" not in receipt
    assert desk.refused("SalesReceipt", {**body, "TxnTaxDetail": {"TotalTax": 1}})["code"] == "6170"


def test_tax_inclusive_amounts_are_taken_in_both_forms(desk: Desk) -> None:
    customer = desk.customer()
    net_form = desk.line("277.69", "10.0% S", TaxInclusiveAmt="305.46", Qty=3, UnitPrice="92.5633333")
    for line in (net_form, desk.line("305.46", "10.0% S", Qty=3, UnitPrice="101.82")):
        receipt = desk.post("SalesReceipt", {**desk.sale(customer, line), "GlobalTaxCalculation": "TaxInclusive"})
        stored = receipt["Line"][0]
        assert (receipt["TotalAmt"], receipt["TxnTaxDetail"]["TotalTax"]) == (Decimal("305.46"), Decimal("27.77"))
        assert stored["Amount"] == Decimal("277.69")
        assert stored["SalesItemLineDetail"]["TaxInclusiveAmt"] == Decimal("305.46")


def test_gross_in_both_fields_makes_the_total_too_high(desk: Desk) -> None:
    line = desk.line(120, TaxInclusiveAmt=120)
    body = {**desk.sale(desk.customer(), line), "GlobalTaxCalculation": "TaxInclusive"}
    assert desk.post("SalesReceipt", body)["TotalAmt"] == 144


def test_a_company_without_sales_tax_silently_drops_the_detail(open_company: Callable[..., Desk]) -> None:
    desk = open_company(profile="us")
    body = desk.sale(desk.customer(), desk.line(100, "TAX"), TxnTaxDetail={"TotalTax": 7})
    receipt = desk.post("SalesReceipt", body)
    assert receipt["TotalAmt"] == 100
    assert "TxnTaxDetail" not in receipt
    assert "TaxCodeRef" not in receipt["Line"][0]["SalesItemLineDetail"]


def test_a_us_company_with_manual_tax_has_one_code_for_the_document(open_company: Callable[..., Desk]) -> None:
    desk = open_company(profile="us", tax_world="us_manual")
    customer, code = desk.customer(), desk.code("New York City")
    error = desk.refused("Invoice", desk.sale(customer, desk.line(10, "Austin")))
    assert error["code"] == "6100"
    body = desk.sale(
        customer, desk.line(100, "TAX"), desk.line(50, "NON"), TxnTaxDetail={"TxnTaxCodeRef": {"value": code}}
    )
    invoice = desk.post("Invoice", body)
    assert [line["Amount"] for line in invoice["TxnTaxDetail"]["TaxLine"]] == [4, Decimal("4.5"), Decimal("0.38")]
    assert invoice["TotalAmt"] == Decimal("158.88")
    assert "GlobalTaxCalculation" not in invoice


def test_automated_sales_tax_replaces_the_code_and_keeps_an_explicit_total(open_company: Callable[..., Desk]) -> None:
    desk = open_company(profile="us", tax_world="us_automated")
    address = {"Line1": "1 Main St", "City": "Austin", "CountrySubDivisionCode": "TX", "PostalCode": "78701"}
    sent = {"TxnTaxCodeRef": {"value": desk.code("Georgia")}}
    body = desk.sale(desk.customer(), desk.line(100, "TAX"), ShipAddr=address, TxnTaxDetail=sent)
    invoice = desk.post("Invoice", body)
    assert invoice["TxnTaxDetail"]["TxnTaxCodeRef"]["value"] == desk.code("Austin")
    assert invoice["TxnTaxDetail"]["TotalTax"] == Decimal("8.25")
    told = desk.post("Invoice", {**body, "TxnTaxDetail": {"TotalTax": "8.30"}})
    assert told["TxnTaxDetail"]["TotalTax"] == Decimal("8.3")
    assert desk.post("Invoice", {**body, "ShipAddr": None})["TotalAmt"] == 100


def test_a_tax_world_must_exist_in_the_country(open_company: Callable[..., Desk]) -> None:
    with pytest.raises(ValueError, match="does not exist in a company of FR"):
        open_company(profile="fr", tax_world="us_manual")


def test_a_tax_code_is_made_from_new_rates(desk: Desk) -> None:
    agency = desk.query("SELECT * FROM TaxAgency")["TaxAgency"][0]["Id"]
    detail = {"TaxRateName": "PT 23", "RateValue": "23", "TaxAgencyId": agency, "TaxApplicableOn": "Sales"}
    made = desk.call("POST", "taxservice/taxcode", {"TaxCode": "PT 23.0% S", "TaxRateDetails": [detail]})
    assert made.status == 200
    assert desk.post("SalesReceipt", desk.sale(desk.customer(), desk.line(100, "PT 23.0% S")))["TotalAmt"] == 123
    again = desk.call("POST", "taxservice/taxcode", {"TaxCode": "PT 23.0% S", "TaxRateDetails": [detail]})
    assert b"6240" in again.body


def test_the_effective_rate_of_the_day_counts_not_the_stale_value(desk: Desk) -> None:
    rate = desk.rate_of("20.0% S")
    storage = desk.company.storage
    with storage.transaction():
        value = dict(storage.get("TaxRate", rate) or {})
        value["EffectiveTaxRate"] = [
            {"RateValue": Decimal("19.6"), "EffectiveDate": "2000-01-01", "EndDate": "2026-03-31"},
            {"RateValue": Decimal(20), "EffectiveDate": "2026-04-01"},
        ]
        storage.rewrite("TaxRate", value)
    customer = desk.customer()
    assert desk.post("SalesReceipt", desk.sale(customer))["TotalAmt"] == Decimal("119.6")
    assert desk.post("SalesReceipt", {**desk.sale(customer), "TxnDate": "2026-04-01"})["TotalAmt"] == 120

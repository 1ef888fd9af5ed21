"""Suggestions are found by rule, with a reason, and never where several would do equally well without saying so."""

from decimal import Decimal

from connector.accounting.books import NameRow
from connector.accounting.policy import Ref, TaxCode, TaxRate
from connector.accounting.suggest import (
    StoreRate,
    Suggestion,
    suggest_account,
    suggest_item,
    suggest_payment_method,
    suggest_tax_code,
    suggest_untaxed_code,
)


def code(id: str, name: str, percent: str = "") -> TaxCode:
    rates = (TaxRate(f"r{id}", name, Decimal(percent)),) if percent else ()
    return TaxCode(id, name, rates)


CODES = (
    code("2", "20.0% S", "20"),
    code("3", "GB 20.0% S", "20"),
    code("4", "DE 19.0% S", "19"),
    code("5", "5.5% S", "5.5"),
    code("6", "Exempt"),
    code("7", "0.0% S", "0"),
)


def account(id: str, name: str, type: str = "Other Current Asset", subtype: str = "") -> NameRow:
    return NameRow(kind="Account", qbo_id=id, name=name, full_name=name, active=True, type=type, subtype=subtype)


ACCOUNTS = [
    account("30", "Sales", "Income"),
    account("34", "Undeposited Funds", subtype="UndepositedFunds"),
    account("37", "Stripe clearing"),
    account("38", "PayPal clearing", "Bank"),
]


def suggested(rate: StoreRate) -> tuple[str, str] | None:
    found = suggest_tax_code(rate, CODES, home_country="FR")
    return (found.ref.id, found.reason) if found else None


def test_a_rate_of_the_home_country_finds_the_code_without_a_foreign_country() -> None:
    assert suggested(StoreRate(1, "TVA 20%", Decimal("20.0000"), "FR")) == ("2", "same_rate_same_country")


def test_a_foreign_rate_finds_the_code_that_names_its_country() -> None:
    assert suggested(StoreRate(9, "MwSt. 19%", Decimal(19), "DE")) == ("4", "same_rate_same_country")
    assert suggested(StoreRate(8, "VAT", Decimal(20), "GB")) == ("3", "same_rate_same_country")


def test_a_code_of_another_region_is_no_suggestion_whatever_its_percentage() -> None:
    codes = (code("6", "GST/PST BC", "12"), code("7", "GST/QST QC - 9.975", "14.975"), code("2", "GST", "5"))

    def found(name: str, percent: str, state: str = "") -> str | None:
        rate = StoreRate(1, name, Decimal(percent), "CA", state)
        suggestion = suggest_tax_code(rate, codes, home_country="CA")
        return suggestion.ref.id if suggestion else None

    assert found("GST + PST BC", "12") == found("GST + PST", "12", "BC") == "6"
    assert found("GST + RST MB", "12") is found("GST + RST", "12", "MB") is None
    assert found("GST + QST", "14.975") == found("GST + QST", "14.975", "QC") == "7"
    assert found("GST", "5", "AB") == "2"


def test_of_two_codes_at_home_the_one_that_names_the_region_is_it() -> None:
    codes = (code("5", "GST/QST until 2012", "14.975"), code("7", "GST/QST QC - 9.975", "14.975"))
    found = suggest_tax_code(StoreRate(1, "GST + QST", Decimal("14.975"), "CA", "QC"), codes, home_country="CA")
    assert found == Suggestion(Ref("7", "GST/QST QC - 9.975"), "same_rate_same_country")


def test_a_rate_for_everywhere_counts_as_home() -> None:
    assert suggested(StoreRate(2, "TVA 5.5%", Decimal("5.5"))) == ("5", "same_rate_same_country")


def test_a_foreign_rate_without_a_code_of_its_country_gets_no_suggestion() -> None:
    assert suggested(StoreRate(3, "IVA", Decimal(20), "IT")) is None
    assert suggested(StoreRate(3, "IVA", Decimal(22), "IT")) is None


def test_two_codes_of_one_percentage_are_a_question() -> None:
    twice = (code("2", "20.0% S", "20"), code("8", "20.0% services", "20"))
    found = suggest_tax_code(StoreRate(1, "TVA", Decimal(20), "FR"), twice, home_country="FR")
    assert found is not None
    assert not found.is_only


def test_the_exempt_code_is_found_by_its_name() -> None:
    found = suggest_untaxed_code(CODES)
    assert found is not None
    assert found.ref == Ref("6", "Exempt")


def test_a_gateway_finds_its_clearing_account_and_else_the_drawer() -> None:
    for gateway, expected in [("stripe", "37"), ("ppcp-gateway", "38"), ("unknown", "34")]:
        found = suggest_account(gateway, "", ACCOUNTS)
        assert found is not None
        assert found.ref.id == expected
    assert suggest_account("unknown", "", ACCOUNTS[:1]) is None


def test_an_income_account_is_never_suggested_for_money() -> None:
    assert suggest_account("sales", "Sales", [ACCOUNTS[0]]) is None


def test_payment_methods_and_items_are_found_by_their_usual_names() -> None:
    methods = [
        NameRow(kind="PaymentMethod", qbo_id=str(n), name=name, active=True)
        for n, name in enumerate(["Cash", "Check", "Credit Card", "PayPal"])
    ]
    for gateway, expected in [("stripe", "2"), ("cheque", "1"), ("cod", "0"), ("ppcp-gateway", "3")]:
        found = suggest_payment_method(gateway, "", methods)
        assert found is not None
        assert found.ref.id == expected
    items = [NameRow(kind="Item", qbo_id="11", name="Shipping & handling", active=True, type="Service")]
    assert suggest_item(("shipping", "frais de port"), items) is not None
    assert suggest_item(("fee",), items) is None

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.books import CompanyFacts
from connector.accounting.policy import TaxWorld
from connector.qbo import company
from tests.connector.qbo.support import body


def read_facts(on: date = date(2026, 1, 5), **preferences: Any) -> CompanyFacts:
    return company.company_facts(
        company=body("companyinfo_gb.json")["CompanyInfo"],
        preferences={**body("preferences_gb.json")["Preferences"], **preferences},
        tax_codes=body("taxcode_query.json")["QueryResponse"]["TaxCode"],
        tax_rates=body("taxrate_query.json")["QueryResponse"]["TaxRate"],
        on=on,
    )


def test_the_facts_of_a_british_company() -> None:
    facts = read_facts()

    assert (facts.name, facts.country, facts.home_currency) == ("Maison Dupont Ltd", "GB", "GBP")
    assert facts.tax_world == "global"
    assert (facts.multicurrency, facts.custom_numbers, facts.locations, facts.inventory) == (True, True, True, True)
    assert (facts.classes, facts.auto_apply_credit) == (False, True)
    assert facts.closed_until == date(2025, 12, 31)
    assert (facts.subscription, facts.default_time_zone) == ("SUBSCRIBED", "Europe/London")


@pytest.mark.parametrize(("by_document", "by_row", "found"), [
    (False, False, (False, False)),
    (True, False, (True, False)),
    (False, True, (True, True)),
    (True, True, (True, False)),
])  # fmt: skip
def test_a_company_keeps_classes_by_document_or_by_row(
    by_document: bool, by_row: bool, found: tuple[bool, bool]
) -> None:
    facts = read_facts(AccountingInfoPrefs={"ClassTrackingPerTxn": by_document, "ClassTrackingPerTxnLine": by_row})
    assert (facts.classes, facts.row_classes) == found


def test_a_rate_is_that_of_the_day_not_the_stale_one() -> None:
    today = {code.id: code.percent for code in read_facts().tax_codes}
    then = {code.id: code.percent for code in read_facts(date(2010, 6, 1)).tax_codes}

    assert (today["5"], then["5"]) == (Decimal(20), Decimal(15))


def test_rates_apply_in_their_order_and_may_compound() -> None:
    code = next(code for code in read_facts().tax_codes if code.id == "7")

    assert [(rate.name, rate.compound) for rate in code.rates] == [("GST", False), ("QST", True)]
    assert code.percent == Decimal("15.47375")


def test_codes_that_cannot_be_sold_under_are_named() -> None:
    facts = read_facts()

    assert facts.tax_code_ids_unusable == ("8", "9")
    assert [code.id for code in facts.inactive_tax_codes] == ["10"]
    assert next(code for code in facts.tax_codes if code.id == "4").rates == ()


@pytest.mark.parametrize(
    ("prefs", "country", "world"),
    [
        ({"UsingSalesTax": False}, "US", "off"),
        ({}, "GB", "off"),
        ({"UsingSalesTax": True, "PartnerTaxEnabled": True}, "US", "us_automated"),
        ({"UsingSalesTax": True, "PartnerTaxEnabled": False}, "US", "us_manual"),
        ({"UsingSalesTax": True}, "US", "us_manual"),
        ({"UsingSalesTax": True, "PartnerTaxEnabled": True}, "CA", "global"),
    ],
)
def test_the_tax_world_follows_preferences_and_country(prefs: dict[str, bool], country: str, world: TaxWorld) -> None:
    assert company.tax_world({"TaxPrefs": prefs}, country) == world


def test_a_company_that_names_no_currency_has_its_country_s() -> None:
    assert read_facts(CurrencyPrefs={}).home_currency == "GBP"


@pytest.mark.parametrize(("written", "country"), [("US", "US"), ("USA", "US"), ("gb", "GB"), ("United Kingdom", "GB")])
def test_the_country_is_read_however_it_is_spelled(written: str, country: str) -> None:
    assert company.country_of({"Country": written}) == country

"""What a company's preferences and tax lists say about what can be posted (QBO reference, 5.7 and 5.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_territory_currencies

from connector.accounting.books import CompanyFacts
from connector.accounting.policy import TaxCode, TaxRate, TaxWorld
from connector.qbo.decode import amount, day, ref_of, text_of

Body = Mapping[str, Any]

_COUNTRY_SPELLINGS = {"USA": "US", "UNITED STATES": "US", "UK": "GB", "UNITED KINGDOM": "GB", "CAN": "CA", "AUS": "AU"}


def company_facts(
    *, company: Body, preferences: Body, tax_codes: Sequence[Body], tax_rates: Sequence[Body], on: date
) -> CompanyFacts:
    """The facts from the bodies of CompanyInfo, Preferences and all tax codes and rates; `on` picks the rates' day."""
    sales = _part(preferences, "SalesFormsPrefs")
    accounting = _part(preferences, "AccountingInfoPrefs")
    currency = _part(preferences, "CurrencyPrefs")
    by_document, by_row = (_flag(accounting, f"ClassTrackingPerTxn{where}") for where in ("", "Line"))
    country = country_of(company)
    rates = {text_of(rate, "Id"): rate for rate in tax_rates}
    read = [(code, _read_code(code, rates, on)) for code in tax_codes]
    active = [entry for entry in read if entry[0].get("Active") is not False]
    return CompanyFacts(
        name=text_of(company, "CompanyName") or text_of(company, "LegalName"),
        country=country,
        home_currency=ref_of(currency, "HomeCurrency") or _currency_of(country),
        multicurrency=_flag(currency, "MultiCurrencyEnabled"),
        tax_world=tax_world(preferences, country),
        custom_numbers=_flag(sales, "CustomTxnNumbers"),
        classes=by_document or by_row,
        row_classes=by_row and not by_document,
        locations=_flag(accounting, "TrackDepartments"),
        inventory=_flag(_part(preferences, "ProductAndServicesPrefs"), "QuantityOnHand"),
        auto_apply_credit=_flag(sales, "AutoApplyCredit"),
        closed_until=day(accounting.get("BookCloseDate")),
        tax_codes=tuple(found.code for _body, found in active),
        inactive_tax_codes=tuple(found.code for body, found in read if body.get("Active") is False),
        tax_code_ids_unusable=tuple(found.code.id for _body, found in active if not found.usable),
        subscription=_name_value(company, "SubscriptionStatus"),
        default_time_zone=text_of(company, "DefaultTimeZone"),
    )


def country_of(company: Body) -> str:
    """The country of the books, ISO alpha-2."""
    written = text_of(company, "Country").strip().upper()
    return _COUNTRY_SPELLINGS.get(written, written)


def tax_world(preferences: Body, country: str) -> TaxWorld:
    """Which of the four ways this company deals with sales tax (QBO reference, 5.8, Detect)."""
    taxes = _part(preferences, "TaxPrefs")
    if not _flag(taxes, "UsingSalesTax"):
        return "off"
    if country != "US":
        return "global"
    return "us_automated" if _flag(taxes, "PartnerTaxEnabled") else "us_manual"


def percent_on(rate: Body, on: date) -> Decimal | None:
    """The percentage of that day: RateValue may be stale, the effective list has the day's (QBO reference, TaxRate)."""
    chosen: tuple[date, Decimal] | None = None
    for entry in rate.get("EffectiveTaxRate") or ():
        begins, ends = day(entry.get("EffectiveDate")) or date.min, day(entry.get("EndDate"))
        percent = amount(entry.get("RateValue"))
        if percent is None or begins > on or (ends is not None and ends < on):
            continue
        if chosen is None or begins > chosen[0]:
            chosen = (begins, percent)
    return chosen[1] if chosen is not None else amount(rate.get("RateValue"))


@dataclass(frozen=True, slots=True)
class _ReadCode:
    """usable False: sold under this code, a line's tax would not be what its rates say."""

    code: TaxCode
    usable: bool


def _read_code(code: Body, rates: Mapping[str, Body], on: date) -> _ReadCode:
    details = sorted(_rate_details(code, "SalesTaxRateList"), key=lambda detail: int(detail.get("TaxOrder") or 0))
    found: list[TaxRate] = []
    usable = bool(details) or not _rate_details(code, "PurchaseTaxRateList")
    for detail in details:
        rate_id, applies = ref_of(detail, "TaxRateRef"), text_of(detail, "TaxTypeApplicable")
        rate = rates.get(rate_id)
        percent = percent_on(rate, on) if rate is not None else None
        if rate is None or percent is None:
            usable = False
            continue
        usable = usable and rate.get("Active") is not False and applies != "TaxOnTax"
        found.append(TaxRate(rate_id, text_of(rate, "Name"), percent, compound=applies == "TaxOnAmountPlusTax"))
    usable = usable and code.get("Hidden") is not True
    return _ReadCode(TaxCode(text_of(code, "Id"), text_of(code, "Name"), tuple(found)), usable)


def _rate_details(code: Body, name: str) -> list[Body]:
    rates = code.get(name)
    details = rates.get("TaxRateDetail") if isinstance(rates, Mapping) else None
    return [detail for detail in details or () if isinstance(detail, Mapping)]


def _part(body: Body, name: str) -> Body:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _flag(body: Body, name: str) -> bool:
    return str(body.get(name)).lower() == "true"


def _name_value(company: Body, name: str) -> str:
    for pair in company.get("NameValue") or ():
        if pair.get("Name") == name:
            return text_of(pair, "Value")
    return ""


def _currency_of(country: str) -> str:
    """Some companies with one currency do not name it: then it is their country's, "" when that is unknown too."""
    currencies = get_territory_currencies(country) if country else []
    return str(currencies[0]) if currencies else ""

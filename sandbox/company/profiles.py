"""The companies one can start: French, American, Canadian, British; with their accounts, items and tax codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.names import save_name
from sandbox.company.storage import Storage
from sandbox.company.taxservice import new_rate, rate_list
from sandbox.company.values import dumps

TAX_WORLDS = ("off", "us_automated", "us_manual", "global")

_ACCOUNTS = (
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Services", "Income", "ServiceFeeIncome"),
    ("Shipping Income", "Income", "ServiceFeeIncome"),
    ("Discounts given", "Income", "DiscountsRefundsGiven"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Bank", "Bank", "Checking"),
    ("Stripe clearing", "Bank", "CashOnHand"),
    ("PayPal clearing", "Bank", "CashOnHand"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable"),
    ("Inventory Asset", "Other Current Asset", "Inventory"),
    ("Tax liability", "Other Current Liability", "GlobalTaxPayable"),
    ("Gift cards", "Other Current Liability", "OtherCurrentLiabilities"),
    ("Bank charges", "Expense", "BankCharges"),
    ("Rounding differences", "Other Income", "OtherMiscellaneousIncome"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
)
_METHODS = (
    ("Credit Card", "CREDIT_CARD"),
    ("PayPal", "NON_CREDIT_CARD"),
    ("Check", "NON_CREDIT_CARD"),
    ("Cash", "NON_CREDIT_CARD"),
    ("Bank transfer", "NON_CREDIT_CARD"),
)
_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30))
_ITEMS = (
    ("Shipping", "Shipping Income"),
    ("Discount", "Discounts given"),
    ("Fee", "Services"),
    ("Rounding", "Rounding differences"),
    ("Refund", "Sales of Product Income"),
    ("Online sale", "Sales of Product Income"),
)

Code = tuple[str, tuple[tuple[str, str], ...]]
"""A tax code's name and its rates, each with name and percentage."""


def _single(*codes: tuple[str, str]) -> tuple[Code, ...]:
    """Codes of one rate each, which bears the code's name."""
    return tuple((name, ((name, percent),)) for name, percent in codes)


_NC, _FOOD, _QC_GST = ("NC State Tax", "4.75"), ("NC Food Tax", "2"), ("GST", "5")


@dataclass(frozen=True, slots=True)
class Profile:
    """A country's company. `compound` codes are those whose later rates stand on the earlier ones."""

    country: str
    currency: str
    name: str
    city: str
    postal_code: str
    time_zone: str
    tax_world: str
    agency: str
    codes: tuple[Code, ...]
    state: str = ""
    engine: tuple[tuple[str, str], ...] = ()
    compound: tuple[str, ...] = ()


PROFILES = {
    "fr": Profile(
        "FR", "EUR", "Maison Dupont", "Paris", "75011", "Europe/Paris", "global",
        "Direction générale des Finances publiques",
        _single(
            ("20.0% S", "20"), ("10.0% S", "10"), ("5.5% S", "5.5"), ("2.1% S", "2.1"), ("0.0% S", "0"),
            ("Exempt", "0"), ("Export", "0"), ("Reverse charge", "0"), ("DE 19.0% S", "19"),
            ("DE 7.0% S", "7"), ("BE 21.0% S", "21"),
            ("BE 12.0% S", "12"), ("BE 6.0% S", "6"), ("ES 21.0% S", "21"), ("ES 10.0% S", "10"), ("IT 22.0% S", "22"),
            ("IT 10.0% S", "10"), ("NL 21.0% S", "21"), ("NL 9.0% S", "9"),
        ),
    ),
    "gb": Profile(
        "GB", "GBP", "Hartley & Sons", "Leeds", "LS1 4AP", "Europe/London", "global", "HM Revenue & Customs",
        _single(("20.0% S", "20"), ("5.0% R", "5"), ("0.0% Z", "0"), ("Exempt", "0"), ("Export", "0"), ("No VAT", "0")),
    ),
    "ca": Profile(
        "CA", "CAD", "Atelier Laurentides", "Montréal", "H2X 1Y4", "America/Toronto", "global", "Canada Revenue Agency",
        (
            ("GST", (_QC_GST,)),
            ("GST/QST QC - 9.975", (_QC_GST, ("QST", "9.975"))),
            ("GST/PST BC", (_QC_GST, ("PST BC", "7"))),
            ("GST/HST ON", (_QC_GST, ("HST ON provincial", "8"))),
            ("GST/QST until 2012", (_QC_GST, ("QST on GST", "9.5"))),
            *_single(("HST ON", "13"), ("HST NS", "14"), ("HST NB", "15")),
            *_single(("Zero-rated", "0"), ("Exempt", "0"), ("Out of Scope", "0")),
        ),
        state="QC",
        compound=("GST/QST until 2012",),
    ),
    "us": Profile(
        "US", "USD", "Blue Ridge Outfitters", "Asheville", "28801", "America/New_York", "off", "State tax agencies",
        (
            ("North Carolina, Buncombe", (_NC, ("Buncombe County Tax", "2.25"))),
            ("North Carolina, Mecklenburg", (_NC, ("Mecklenburg County Tax", "2.5"))),
            ("North Carolina, food", (_FOOD,)),
            ("North Carolina", (_NC,)),
            ("North Carolina, with food", (_NC, _FOOD)),
            ("North Carolina, Buncombe with food", (_NC, ("Buncombe County Tax", "2.25"), _FOOD)),
            ("New York City", (("NY State Tax", "4"), ("New York City Tax", "4.5"), ("MCTD Surcharge", "0.375"))),
            ("Los Angeles", (("CA State Tax", "6"), ("CA County/Local", "1.25"), ("Los Angeles District Tax", "2.25"))),
            ("Austin", (("TX State Tax", "6.25"), ("Austin Local Tax", "2"))),
            *_single(("Washington", "10.25"), ("Georgia", "8.9"), ("Hawaii", "4.712")),
        ),
        state="NC",
        engine=(
            ("NC", "North Carolina, Buncombe"), ("NY", "New York City"), ("CA", "Los Angeles"), ("TX", "Austin"),
            ("WA", "Washington"), ("GA", "Georgia"), ("HI", "Hawaii"),
        ),
    ),
}  # fmt: skip


def write_profile(storage: Storage, name: str, tax_world: str | None) -> None:
    """Open the books of a new company; one that exists already is left as it is.

    Raises ValueError for an unknown profile or a tax world that does not exist in its country.
    """
    if name not in PROFILES:
        raise ValueError(f"There is no profile {name!r}; there are {', '.join(PROFILES)}.")
    profile = PROFILES[name]
    world = tax_world or profile.tax_world
    if world not in TAX_WORLDS or (world.startswith("us_") != (profile.country == "US") and world != "off"):
        raise ValueError(f"The tax world {world!r} does not exist in a company of {profile.country}.")
    opened = storage.meta("profile")
    if opened is not None:
        if opened != name:
            raise ValueError(f"This company was opened with the profile {opened!r}; choose another state folder.")
        return
    storage.set_meta("profile", name)
    books = Books(storage)
    books.save("CompanyInfo", _company_info(profile))
    books.save("Preferences", _preferences(profile, world))
    accounts = {title: _account(books, title, kind, sub) for title, kind, sub in _ACCOUNTS}
    changed = books.preferences
    sales_forms = {
        **changed["SalesFormsPrefs"],
        "DefaultDiscountAccount": accounts["Discounts given"],
        "DefaultShippingAccount": accounts["Shipping Income"],
    }
    storage.rewrite("Preferences", {**changed, "SalesFormsPrefs": sales_forms})
    _lists(books, accounts, profile)
    _taxes(books, accounts["Tax liability"], profile)


def _account(books: Books, title: str, kind: str, sub_type: str) -> str:
    return str(
        save_name(books, "Account", {"Name": title, "AccountType": kind, "AccountSubType": sub_type}, None)["Id"]
    )


def _lists(books: Books, accounts: dict[str, str], profile: Profile) -> None:
    for title, kind in _METHODS:
        save_name(books, "PaymentMethod", {"Name": title, "Type": kind}, None)
    for title, days in _TERMS:
        save_name(books, "Term", {"Name": title, "DueDays": days}, None)
    items = list(_ITEMS)
    if profile.country == "US":
        items.append(("Sales Tax", "Tax liability"))
    for title, account in items:
        item: dict[str, Any] = {"Name": title, "Type": "Service", "IncomeAccountRef": {"value": accounts[account]}}
        if profile.country in ("CA", "GB"):
            item["ExpenseAccountRef"] = {"value": accounts["Cost of Goods Sold"]}
        save_name(books, "Item", item, None)


def _taxes(books: Books, liability: str, profile: Profile) -> None:
    agency = books.save("TaxAgency", {
        "DisplayName": profile.agency, "TaxTrackedOnSales": True, "TaxTrackedOnPurchases": profile.country != "US",
    })  # fmt: skip
    books.storage.set_meta(f"agency_account:{agency['Id']}", liability)
    if profile.country == "US":
        for ident, taxable in (("TAX", True), ("NON", False)):
            _tax_code(books, ident, (), taxable=taxable, ident=ident)
    rates: dict[tuple[str, str], dict[str, Any]] = {}
    codes: dict[str, str] = {}
    for title, parts in profile.codes:
        for part in parts:
            if part not in rates:
                rates[part] = new_rate(books, part[0], Decimal(part[1]), str(agency["Id"]))
        own = [rates[part] for part in parts]
        code = _tax_code(books, title, own, taxable=True, compound=title in profile.compound)
        codes[title] = str(code["Id"])
    books.storage.set_meta("engine_codes", dumps({state: codes[title] for state, title in profile.engine}))


def _tax_code(
    books: Books,
    title: str,
    rates: Iterable[dict[str, Any]],
    *,
    taxable: bool,
    ident: str | None = None,
    compound: bool = False,
) -> dict[str, Any]:
    code: dict[str, Any] = {
        "Name": title, "Description": title, "Active": True, "Hidden": False, "Taxable": taxable,
        "TaxGroup": ident is None, "TaxCodeConfigType": "USER_DEFINED" if ident is None else "SYSTEM_GENERATED",
    }  # fmt: skip
    if ident is not None:
        code["Id"] = ident
    else:
        code["SalesTaxRateList"] = rate_list(list(rates), compound=compound)
        code["PurchaseTaxRateList"] = {"TaxRateDetail": []}
    return books.save("TaxCode", code)


def _company_info(profile: Profile) -> dict[str, Any]:
    address = {
        "Line1": "12 Main Street",
        "City": profile.city,
        "PostalCode": profile.postal_code,
        "Country": profile.country,
    }
    if profile.state:
        address["CountrySubDivisionCode"] = profile.state
    pairs = {
        "NeoEnabled": "true",
        "IndustryType": "Retail",
        "SubscriptionStatus": "SUBSCRIBED",
        "OfferingSku": "QuickBooks Online Plus",
        "PayrollFeature": "false",
        "AccountantFeature": "false",
        "ItemCategoriesFeature": "true",
    }
    return {
        "Id": "1",
        "CompanyName": profile.name,
        "LegalName": profile.name,
        "Country": profile.country,
        "CompanyAddr": address,
        "LegalAddr": address,
        "Email": {"Address": "books@example.com"},
        "FiscalYearStartMonth": "January",
        "SupportedLanguages": "en,fr",
        "CompanyStartDate": "2020-01-01",
        "DefaultTimeZone": profile.time_zone,
        "NameValue": [{"Name": name, "Value": value} for name, value in pairs.items()],
    }


def _preferences(profile: Profile, world: str) -> dict[str, Any]:
    taxes: dict[str, Any] = {"UsingSalesTax": world != "off"}
    if profile.country == "US":
        taxes["PartnerTaxEnabled"] = world == "us_automated"
    return {
        "Id": "1",
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": False,
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": False,
            "TrackDepartments": False,
            "DepartmentTerminology": "Location",
            "CustomerTerminology": "Customers",
        },
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomTxnNumbers": True,
            "AllowDiscount": True,
            "AllowShipping": True,
            "AllowDeposit": True,
            "AllowServiceDate": False,
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
            "DefaultTerms": {"value": "1"},
            "ETransactionEnabledStatus": "NotApplicable",
        },
        "TaxPrefs": taxes,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": profile.currency}},
        "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you."}]},
    }

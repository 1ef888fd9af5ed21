"""How a sales document is checked and completed: invoice, sales receipt, credit memo, refund receipt.

`prepare` takes what a client wants a document to be and gives what the company stores, or refuses
(QBO reference, Sales transactions: header fields, Lines, DocNumber, Faults).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.ledger import sale_postings, stock_taken
from sandbox.company.lines import read_lines
from sandbox.company.numbers import number_for
from sandbox.company.refusals import Refusal, business, closed_books, missing
from sandbox.company.taxation import tax_detail, tax_document
from sandbox.company.values import add_days, half_up, total

_BANKS = ("Bank", "Other Current Asset")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready to be stored, its account movements (MINOR units) and the stock it takes out per item."""

    document: dict[str, Any]
    postings: dict[str, int]
    quantities: dict[str, Decimal]


def prepare(
    books: Books, kind: str, wanted: Mapping[str, Any], old: Mapping[str, Any] | None, *, any_number: bool = False
) -> Prepared:
    """Check and complete a document. `any_number`: the client allows a duplicate DocNumber. Raises Refusal."""
    document = dict(wanted)
    if not document.get("Line"):
        raise missing("Line")
    customer = _customer(books, kind, document, old)
    rate, currency = currency_of(books, document, customer)
    places = books.places_of(currency)
    _references(books, kind, document, old)
    day = _dates(books, kind, document, customer)
    check_open(books, day)
    _addresses(document, customer, old)
    lines = read_lines(books, kind, document, day=day, places=places, old=old)
    taxation = tax_document(books, document, lines.sale_lines, day=day, places=places)
    if books.tax_world in ("off", "us_manual", "us_automated"):
        document.pop("GlobalTaxCalculation", None)
    if books.tax_world != "us_manual" and books.tax_world != "us_automated":
        document.pop("ApplyTaxAfterDiscount", None)
    document.pop("TxnTaxDetail", None)
    detail = tax_detail(taxation)
    if detail is not None:
        document["TxnTaxDetail"] = detail
    tax = total(one.amount for one in taxation.taxes)
    amount = lines.net - lines.discount + tax
    if amount < 0:
        raise business("Transaction amount must be 0 or greater.", "TotalAmt")
    if Decimal(document.get("Deposit") or 0) > amount:
        raise business("The deposit cannot be more than the total of the transaction.", "Deposit")
    document["Line"] = lines.answered(taxation.line_codes)
    _number(books, kind, document, old, any_number=any_number)
    document["TotalAmt"] = amount
    if books.multicurrency:
        document["HomeTotalAmt"] = half_up(amount * rate)
    postings = sale_postings(books, kind, document, lines, taxation.taxes, rate)
    return Prepared(document, postings, stock_taken(books, kind, document))


def check_open(books: Books, day: str) -> None:
    """Raises 6210 when the day lies in closed books."""
    closed = books.preference("AccountingInfoPrefs", "BookCloseDate")
    if closed and day <= str(closed):
        raise closed_books()


def _customer(
    books: Books, kind: str, document: dict[str, Any], old: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    ref = document.get("CustomerRef")
    if ref is None:
        if kind in ("Invoice", "CreditMemo"):
            raise missing("CustomerRef")
        return None
    same = old is not None and (old.get("CustomerRef") or {}).get("value") == ref["value"]
    customer = books.target("Customer", ref, "CustomerRef", active=not same)
    document["CustomerRef"] = {"value": ref["value"], "name": customer["DisplayName"]}
    return customer


def currency_of(books: Books, document: dict[str, Any], customer: Mapping[str, Any] | None) -> tuple[Decimal, str]:
    """The document's exchange rate and currency, checked against the customer's; both are written into it."""
    home = books.home_currency
    sent = (document.get("CurrencyRef") or {}).get("value")
    if not books.multicurrency:
        if sent not in (None, home):
            raise business("If you want to use multicurrency, turn it on in Company Settings.", "CurrencyRef")
        document["CurrencyRef"] = {"value": home}
        document.pop("ExchangeRate", None)
        return Decimal(1), home
    if sent is None:
        raise missing("CurrencyRef")
    if sent != home and not _is_active_currency(books, sent):
        raise Refusal("2220", f"Invalid Currency Type : {sent} is not an active currency.", "CurrencyRef")
    if customer is not None and (customer.get("CurrencyRef") or {}).get("value", home) != sent:
        raise business("The currency of the transaction is not the currency of the customer.", "CurrencyRef")
    rate = Decimal(document.get("ExchangeRate") or 0) if sent != home else Decimal(1)
    if rate <= 0:
        rate = rate_of_day(books, sent)
    document["CurrencyRef"] = {"value": sent}
    document["ExchangeRate"] = rate
    return rate, str(sent)


def _is_active_currency(books: Books, code: str) -> bool:
    row = books.storage.row(
        "SELECT active FROM object WHERE type = 'CompanyCurrency' AND name = ? AND deleted = 0", (code.casefold(),)
    )
    return row is not None and bool(row[0])


def rate_of_day(books: Books, code: str) -> Decimal:
    """Home units for one foreign unit: the rate the company was told, else one to one."""
    return Decimal(books.storage.meta(f"rate:{code}") or "1")


def _references(books: Books, kind: str, document: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    if not books.preference("AccountingInfoPrefs", "ClassTrackingPerTxn"):
        document.pop("ClassRef", None)
    if not books.preference("AccountingInfoPrefs", "TrackDepartments"):
        document.pop("DepartmentRef", None)
    for name, target in (
        ("ClassRef", "Class"),
        ("DepartmentRef", "Department"),
        ("SalesTermRef", "Term"),
        ("PaymentMethodRef", "PaymentMethod"),
    ):
        if document.get(name):
            kept = (old or {}).get(name) == document[name]
            found = books.target(target, document[name], name, active=not kept)
            document[name] = {"value": found["Id"], "name": found.get("FullyQualifiedName") or found["Name"]}
    if not books.preference("SalesFormsPrefs", "AllowDeposit"):
        document.pop("Deposit", None)
    if kind in ("SalesReceipt", "RefundReceipt"):
        document["DepositToAccountRef"] = deposit_account(books, document.get("DepositToAccountRef"), kind)
    else:
        document.pop("DepositToAccountRef", None)
    if document.get("EmailStatus") == "NeedToSend" and not document.get("BillEmail"):
        raise Refusal("6420", "Email address required : EmailStatus is NeedToSend.", "BillEmail")
    document.setdefault("EmailStatus", "NotSet")
    document.setdefault("PrintStatus", "NotSet")


def deposit_account(books: Books, ref: Mapping[str, Any] | None, kind: str) -> dict[str, Any]:
    """The account money comes to (or a refund leaves): Undeposited Funds unless it is named."""
    if ref is None:
        if kind == "RefundReceipt":
            raise business("Select a bank account for this transaction.", "DepositToAccountRef")
        account: Mapping[str, Any] = books.account_of_type("Other Current Asset", "UndepositedFunds")
    else:
        account = books.target("Account", ref, "DepositToAccountRef")
    if account["AccountType"] not in _BANKS:
        raise Refusal(
            "6430",
            "Invalid account type used : the account for the money must be of type Bank or Other Current Asset.",
            "DepositToAccountRef",
        )
    return {"value": account["Id"], "name": account["FullyQualifiedName"]}


def _dates(books: Books, kind: str, document: dict[str, Any], customer: Mapping[str, Any] | None) -> str:
    day = str(document.get("TxnDate") or books.today)
    document["TxnDate"] = day
    if kind == "Invoice" and not document.get("DueDate"):
        if not document.get("SalesTermRef") and customer is not None and customer.get("SalesTermRef"):
            document["SalesTermRef"] = customer["SalesTermRef"]
        term = books.get("Term", document["SalesTermRef"]["value"]) if document.get("SalesTermRef") else None
        document["DueDate"] = add_days(day, int((term or {}).get("DueDays") or 0))
    return day


def _addresses(document: dict[str, Any], customer: Mapping[str, Any] | None, old: Mapping[str, Any] | None) -> None:
    if customer is None or old is not None:
        return
    for name in ("BillAddr", "ShipAddr"):
        if not document.get(name) and customer.get(name):
            document[name] = dict(customer[name])


def _number(
    books: Books, kind: str, document: dict[str, Any], old: Mapping[str, Any] | None, *, any_number: bool
) -> None:
    sent = document.pop("DocNumber", None)
    number = number_for(books, kind, sent, old, any_number=any_number)
    if number is not None:
        document["DocNumber"] = number

"""Expenses (QuickBooks' Purchase): money that leaves a bank account for an expense account, without goods or tax."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.company.books import Books
from sandbox.company.ledger import Movements
from sandbox.company.refusals import Refusal, business, missing, unsupported
from sandbox.company.sales import check_open, currency_of
from sandbox.company.values import ZERO, currency_places, half_up, total

_PAID_FROM = {"Cash": ("Bank",), "Check": ("Bank",), "CreditCard": ("Credit Card",)}
_MONEY_OWED = ("Accounts Receivable", "Accounts Payable")
_WRONG_TYPE = "Invalid account type used : You need to select a different type of account for this transaction."


def save_expense(books: Books, wanted: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Store an expense and move its accounts. Raises Refusal; undo the attempt then."""
    expense = dict(wanted)
    for name in ("PaymentType", "AccountRef", "Line"):
        if not expense.get(name):
            raise missing(name)
    rate, currency = currency_of(books, expense, None)
    expense["TxnDate"] = expense.get("TxnDate") or books.today
    check_open(books, expense["TxnDate"])
    account = books.target("Account", expense["AccountRef"], "AccountRef")
    if account["AccountType"] not in _PAID_FROM[expense["PaymentType"]]:
        raise Refusal("6430", _WRONG_TYPE, "AccountRef")
    expense["AccountRef"] = {"value": account["Id"], "name": account["FullyQualifiedName"]}
    movements = Movements(rate)
    lines = []
    for place, line in enumerate(expense["Line"], start=1):
        lines.append({"Id": str(place), **_line(books, line, currency_places(currency))})
        detail = lines[-1]["AccountBasedExpenseLineDetail"]
        movements.debit(str(detail["AccountRef"]["value"]), lines[-1]["Amount"])
    expense["Line"] = lines
    expense["TotalAmt"] = total(line["Amount"] for line in lines)
    if expense["TotalAmt"] < ZERO:
        raise business("Transaction amount must be 0 or greater.", "TotalAmt")
    if books.tax_world != "global":
        expense.pop("GlobalTaxCalculation", None)
    expense.pop("TxnTaxDetail", None)
    return books.save("Purchase", expense, old, postings=movements.balanced(str(account["Id"])))


def _line(books: Books, line: Mapping[str, Any], places: int) -> dict[str, Any]:
    detail = dict(line.get("AccountBasedExpenseLineDetail") or {})
    if line.get("DetailType") != "AccountBasedExpenseLineDetail":
        raise unsupported("Only lines on accounts are known here")
    if line.get("Amount") is None:
        raise missing("Amount")
    if not detail.get("AccountRef"):
        raise missing("AccountRef")
    account = books.target("Account", detail["AccountRef"], "AccountRef")
    if account["AccountType"] in _MONEY_OWED:
        raise Refusal("6430", _WRONG_TYPE, "AccountRef")
    detail["AccountRef"] = {"value": account["Id"], "name": account["FullyQualifiedName"]}
    if detail.get("TaxCodeRef"):
        code = books.target("TaxCode", detail["TaxCodeRef"], "TaxCodeRef")
        if books.tax_world == "global" and code.get("PurchaseTaxRateList", {}).get("TaxRateDetail"):
            raise unsupported("Taxed expenses are not known here")
    return {**line, "Amount": half_up(line["Amount"], places), "AccountBasedExpenseLineDetail": detail}

"""The books as an accountant reads them: documents with their taxes, and the balances of all accounts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.schema import TRANSACTIONS
from sandbox.company.values import half_up, loads, total

_KINDS = ",".join(f"'{kind}'" for kind in TRANSACTIONS)


def documents(books: Books, *, limit: int = -1, offset: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """Type and content of the documents, newest first."""
    rows = books.storage.rows(
        f"SELECT type, json FROM object WHERE deleted = 0 AND type IN ({_KINDS})"
        " ORDER BY length(id) DESC, id DESC LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [(str(kind), loads(json)) for kind, json in rows]


def count_documents(books: Books) -> int:
    row = books.storage.row(f"SELECT COUNT(*) FROM object WHERE deleted = 0 AND type IN ({_KINDS})")
    return int(row[0]) if row else 0


def taxes_of(books: Books, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Per rate: `{"rate_id", "name", "percent", "net", "tax"}`, amounts as texts."""
    found = []
    for line in (document.get("TxnTaxDetail") or {}).get("TaxLine") or []:
        detail = line["TaxLineDetail"]
        ident = str(detail["TaxRateRef"]["value"])
        rate = books.get("TaxRate", ident) or {}
        found.append({
            "rate_id": ident, "name": rate.get("Name", ""), "percent": _plain(detail["TaxPercent"]),
            "net": money(detail["NetAmountTaxable"]), "tax": money(line["Amount"]),
        })  # fmt: skip
    return found


def links_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The documents one is linked with, payment lines included; with the amount where it is known."""
    links = [dict(link) for link in document.get("LinkedTxn") or []]
    for line in document.get("Line") or []:
        links.extend({**link, "Amount": money(line["Amount"])} for link in line.get("LinkedTxn") or [])
    return links


def money(amount: Any) -> str:
    """An amount as a text with two decimals."""
    return f"{half_up(Decimal(amount)):f}"


def _plain(number: Any) -> str:
    return f"{Decimal(number).normalize():f}"


def balances(books: Books) -> list[dict[str, Any]]:
    """Every account with its balance: debits less credits, home currency, as text."""
    rows = books.storage.rows(
        "SELECT id, json FROM object WHERE type = 'Account' AND deleted = 0 ORDER BY length(id), id"
    )
    found = []
    for ident, json in rows:
        account = loads(json)
        found.append({
            "Id": str(ident), "Name": account["Name"], "AccountType": account["AccountType"],
            "balance": money(books.account_balance(str(ident))),
        })  # fmt: skip
    return found


def ledger(books: Books) -> dict[str, Any]:
    """All documents, account balances, stock and tax per rate, as `/_sandbox/ledger` gives them. Amounts are texts."""
    accounts = balances(books)
    rows = books.storage.rows(
        "SELECT json FROM object WHERE type = 'Item' AND deleted = 0 AND json_extract(json, '$.Type') = 'Inventory'"
    )
    stock = [loads(json) for (json,) in rows]
    return {
        "documents": [_shown(books, kind, document) for kind, document in documents(books)],
        "accounts": accounts,
        "sum": money(total(Decimal(account["balance"]) for account in accounts)),
        "stock": [
            {"Id": item["Id"], "Name": item["Name"], "Sku": item.get("Sku"), "QtyOnHand": _plain(item["QtyOnHand"])}
            for item in stock
        ],
    }


def _shown(books: Books, kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": kind,
        "Id": document["Id"],
        "SyncToken": document["SyncToken"],
        "DocNumber": document.get("DocNumber"),
        "TxnDate": document["TxnDate"],
        "TotalAmt": money(document["TotalAmt"]),
        "TotalTax": money((document.get("TxnTaxDetail") or {}).get("TotalTax") or 0),
        "taxes": taxes_of(books, document),
        "Balance": money(document.get("Balance") or document.get("UnappliedAmt") or 0),
        "PrivateNote": document.get("PrivateNote"),
        "CustomerRef": document.get("CustomerRef"),
        "CurrencyRef": document.get("CurrencyRef"),
        "ExchangeRate": document.get("ExchangeRate"),
        "AccountRef": document.get("AccountRef"),
        "DepositToAccountRef": document.get("DepositToAccountRef"),
        "PaymentMethodRef": document.get("PaymentMethodRef"),
        "PaymentRefNum": document.get("PaymentRefNum"),
        "LinkedTxn": links_of(document),
        "Line": document.get("Line") or [],
    }
    return {name: value for name, value in shown.items() if value is not None}

"""Payments: money that arrived, and what it is applied to (QBO reference, Payment and Linking rules)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.ledger import payment_postings
from sandbox.company.refusals import business, inactive, missing, not_linkable
from sandbox.company.sales import check_open, currency_of, deposit_account
from sandbox.company.values import ZERO, half_up, plain, total

_LEFT = {"Invoice": "Balance", "CreditMemo": "RemainingCredit"}
"""What can be linked, and where its open amount stands."""

AUTO_APPLY_NOTE = "Created by QB Online to link credits to charges."


def save_payment(books: Books, wanted: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Store a payment and apply it to its invoices and credits. Raises Refusal; undo the attempt then."""
    payment = dict(wanted)
    ref = payment.get("CustomerRef")
    if ref is None:
        raise missing("CustomerRef")
    customer = books.target("Customer", ref, "CustomerRef", active=False)
    if customer.get("Active") is False and (old or {}).get("CustomerRef", {}).get("value") != ref["value"]:
        raise inactive("CustomerRef")
    payment["CustomerRef"] = {"value": ref["value"], "name": customer["DisplayName"]}
    if payment.get("TotalAmt") is None:
        raise business("You must set a transaction amount.", "TotalAmt")
    rate, currency = currency_of(books, payment, customer)
    payment["TotalAmt"] = half_up(payment["TotalAmt"], books.places_of(currency))
    if payment["TotalAmt"] < 0:
        raise business("Transaction amount must be 0 or greater.", "TotalAmt")
    payment["TxnDate"] = payment.get("TxnDate") or books.today
    check_open(books, payment["TxnDate"])
    if payment.get("PaymentMethodRef"):
        method = books.target("PaymentMethod", payment["PaymentMethodRef"], "PaymentMethodRef")
        payment["PaymentMethodRef"] = {"value": method["Id"], "name": method["Name"]}
    if payment["TotalAmt"] or payment.get("DepositToAccountRef"):
        payment["DepositToAccountRef"] = deposit_account(books, payment.get("DepositToAccountRef"), "Payment")
    if old is not None:
        _unapply(books, old)
        books.owe(str(old["CustomerRef"]["value"]), Decimal(old["TotalAmt"]))
    payment["Line"] = _lines(payment.get("Line") or [], books.places_of(currency))
    payment["Id"] = old["Id"] if old is not None else books.new_id("Payment")
    payment["UnappliedAmt"] = _apply(books, payment)
    saved = books.save("Payment", payment, old, postings=payment_postings(books, payment, rate))
    books.owe(str(ref["value"]), -payment["TotalAmt"])
    return saved


def undo_payment(books: Books, payment: Mapping[str, Any]) -> None:
    """Free what a payment was applied to, before it is deleted or voided."""
    _unapply(books, payment)
    books.owe(str(payment["CustomerRef"]["value"]), Decimal(payment["TotalAmt"]))


def _lines(given: list[Mapping[str, Any]], places: int) -> list[dict[str, Any]]:
    lines = []
    for line in given:
        links = line.get("LinkedTxn") or []
        if line.get("Amount") is None:
            raise missing("Amount")
        if len(links) != 1:
            raise missing("LinkedTxn") if not links else not_linkable("A payment line links one transaction.")
        if line["Amount"] < 0:
            raise business("Transaction amount must be 0 or greater.", "Amount")
        link = {"TxnId": links[0].get("TxnId"), "TxnType": links[0].get("TxnType")}
        if link["TxnType"] not in _LEFT or not link["TxnId"]:
            raise not_linkable(f"TxnType {link['TxnType']} cannot be paid.")
        lines.append({"Amount": half_up(line["Amount"], places), "LinkedTxn": [link]})
    return lines


def _apply(books: Books, payment: Mapping[str, Any]) -> Decimal:
    """Lower what the linked documents leave open; gives what of the payment stays unapplied."""
    sums = dict.fromkeys(_LEFT, ZERO)
    for line in payment["Line"]:
        kind, ident = line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"]
        document = books.get(kind, ident)
        if document is None:
            raise not_linkable(f"{kind} {ident} does not exist.")
        _check_fit(books, payment, document)
        left = Decimal(document[_LEFT[kind]])
        if left == 0:
            raise not_linkable(f"{kind} {ident} has nothing left to pay.")
        if line["Amount"] > left:
            applied = f"The amount {plain(line['Amount'])} applied to {kind} {ident}"
            raise business(f"{applied} is more than its open balance {plain(left)}.", "Amount")
        sums[kind] += line["Amount"]
        _set_left(books, kind, document, left - line["Amount"], link=str(payment["Id"]))
    rest: Decimal = payment["TotalAmt"] + sums["CreditMemo"] - sums["Invoice"]
    if rest < 0:
        raise business("The amounts applied are more than the payment and its credits.", "TotalAmt")
    return rest


def _check_fit(books: Books, payment: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Customer (or its parent) and currency of payment and document must be the same."""
    payer = payment["CustomerRef"]["value"]
    owner = (document.get("CustomerRef") or {}).get("value")
    if owner != payer:
        customer = books.get("Customer", str(owner)) or {}
        if (customer.get("ParentRef") or {}).get("value") != payer:
            raise not_linkable("It belongs to another customer.")
    if document["CurrencyRef"]["value"] != payment["CurrencyRef"]["value"]:
        raise not_linkable("Its currency is different.")


def _set_left(
    books: Books, kind: str, document: Mapping[str, Any], left: Decimal, *, link: str = "", unlink: str = ""
) -> None:
    links = [one for one in document.get("LinkedTxn") or [] if one["TxnId"] != unlink or one["TxnType"] != "Payment"]
    if link and not any(one["TxnId"] == link for one in links):
        links.append({"TxnId": link, "TxnType": "Payment"})
    changed = {**document, "Balance": left, "LinkedTxn": links}
    if kind == "CreditMemo":
        changed["RemainingCredit"] = left
    books.touch(kind, changed, balance=left)


def _unapply(books: Books, payment: Mapping[str, Any]) -> None:
    for line in payment.get("Line") or []:
        kind, ident = line["LinkedTxn"][0]["TxnType"], line["LinkedTxn"][0]["TxnId"]
        document = books.get(kind, str(ident))
        if document is not None:
            left = Decimal(document[_LEFT[kind]]) + Decimal(line["Amount"])
            _set_left(books, kind, document, left, unlink=str(payment["Id"]))


def applied_to(books: Books, kind: str, document: Mapping[str, Any]) -> Decimal:
    """How much payments have used of an invoice or a credit memo."""
    amounts: list[Decimal] = []
    for link in document.get("LinkedTxn") or []:
        payment = books.get("Payment", str(link["TxnId"])) if link["TxnType"] == "Payment" else None
        lines = (payment or {}).get("Line") or []
        amounts.extend(Decimal(line["Amount"]) for line in lines if _links(line, kind, document))
    return total(amounts)


def _links(line: Mapping[str, Any], kind: str, document: Mapping[str, Any]) -> bool:
    link = line["LinkedTxn"][0]
    return bool(link["TxnType"] == kind and link["TxnId"] == document["Id"])


def release(books: Books, kind: str, document: Mapping[str, Any], surplus: Decimal) -> list[dict[str, Any]]:
    """Take `surplus` of a document back from its payments, newest first; gives the links that remain.

    The payments keep the money as unapplied (voiding or deleting an invoice frees its payments).
    """
    links = list(document.get("LinkedTxn") or [])
    for link in reversed(list(links)):
        payment = books.get("Payment", str(link["TxnId"])) if link["TxnType"] == "Payment" else None
        if payment is None or surplus <= 0:
            continue
        lines = []
        freed = ZERO
        for line in payment["Line"]:
            if not _links(line, kind, document):
                lines.append(line)
                continue
            part = min(surplus, Decimal(line["Amount"]))
            surplus -= part
            freed += part
            if line["Amount"] > part:
                lines.append({**line, "Amount": line["Amount"] - part})
            else:
                links.remove(link)
        rest = Decimal(payment["UnappliedAmt"]) + (freed if kind == "Invoice" else -freed)
        books.touch("Payment", {**payment, "Line": lines, "UnappliedAmt": rest})
    return links


def auto_apply(books: Books, memo: Mapping[str, Any]) -> None:
    """Use a new credit memo on the customer's open invoices, oldest first, as AutoApplyCredit does."""
    left = Decimal(memo["RemainingCredit"])
    rows = books.storage.rows(
        "SELECT id, balance FROM object WHERE type = 'Invoice' AND customer = ? AND balance > 0 AND deleted = 0"
        " ORDER BY txn_date, length(id), id",
        (str(memo["CustomerRef"]["value"]),),
    )
    lines: list[dict[str, Any]] = []
    used = ZERO
    for ident, _balance in rows:
        invoice = books.get("Invoice", str(ident))
        if invoice is None or used == left or invoice["CurrencyRef"] != memo["CurrencyRef"]:
            continue
        part = min(left - used, Decimal(invoice["Balance"]))
        used += part
        lines.append({"Amount": part, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]})
    if not used:
        return
    lines.append({"Amount": used, "LinkedTxn": [{"TxnId": memo["Id"], "TxnType": "CreditMemo"}]})
    wanted = {
        "CustomerRef": memo["CustomerRef"],
        "TotalAmt": ZERO,
        "TxnDate": memo["TxnDate"],
        "Line": lines,
        "PrivateNote": AUTO_APPLY_NOTE,
        "CurrencyRef": memo["CurrencyRef"],
        "ExchangeRate": memo.get("ExchangeRate"),
    }
    save_payment(books, wanted, None)

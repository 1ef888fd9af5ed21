"""Our documents as QuickBooks' JSON: small plain dicts with every amount a number (QBO reference, 5 Entities)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.accounting.books import Payload, PaymentLink
from connector.accounting.documents import (
    CreditApplication,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentTax,
    ExpenseDocument,
    PaymentDocument,
    RateTax,
    SaleDocument,
)
from connector.accounting.policy import Ref
from connector.qbo import values

_MOVES_MONEY = frozenset({DocumentKind.SALES_RECEIPT, DocumentKind.REFUND_RECEIPT})
_HAS_TERMS = frozenset({DocumentKind.INVOICE, DocumentKind.CREDIT_MEMO})
_GOODS = frozenset({"Line", "TxnTaxDetail", "GlobalTaxCalculation", "ShippingTaxIncludedInTotalTax"})
_BUYER = frozenset({"CustomerRef", "CurrencyRef", "BillAddr", "ShipAddr", "BillEmail", "CustomerMemo", "EmailStatus"})
_IS_SHIPPED = frozenset({DocumentKind.INVOICE, DocumentKind.SALES_RECEIPT})


def encode_document(document: Document, *, paid_id: str = "", credit_id: str = "") -> tuple[str, Payload]:
    """Entity name and body of a document to create.

    paid_id: the invoice that a payment pays, or that a credit is set against; credit_id: that credit memo. Raises
    ValueError when an amount has more digits than a JSON number keeps, or an id that the document links is missing.
    """
    if isinstance(document, PaymentDocument):
        return document.kind.value, _payment(document, paid_id)
    if isinstance(document, CreditApplication):
        return document.kind.value, _application(document, paid_id, credit_id)
    if isinstance(document, ExpenseDocument):
        return document.kind.value, _expense(document)
    return document.kind.value, _sale(document)


def encode_update(
    sale: SaleDocument, *, qbo_id: str, sync_token: str, standing: Mapping[str, Any], whole: bool = False
) -> Payload:
    """A sparse update that makes a document of ours say what was planned (QBO reference, 1.4): its lines are replaced.

    standing: the document as the company last answered it, whose buyer stays. whole: the header too, which is ours
    again after somebody else has changed it; the buyer's address and message are left alone even then.
    """
    body = _sale(sale)
    wanted = {name: value for name, value in body.items() if name in _GOODS or (whole and name not in _BUYER)}
    kept = {name: standing[name] for name in ("CustomerRef", "CurrencyRef") if standing.get(name)}
    identity = {"Id": qbo_id, "SyncToken": sync_token, "sparse": True}
    return {**identity, **{name: body[name] for name in ("CustomerRef", "CurrencyRef")}, **wanted, **kept}


def _sale(sale: SaleDocument) -> Payload:
    row_class = sale.sales_class if sale.row_classes else None
    body: Payload = {
        "CustomerRef": values.reference(sale.customer),
        "CurrencyRef": {"value": sale.currency},
        "ExchangeRate": values.number(sale.exchange_rate) if sale.exchange_rate is not None else None,
        "TxnDate": values.day(sale.document_date),
        "DocNumber": sale.number,
        "GlobalTaxCalculation": sale.global_tax,
        "Line": [_line(line, row_class) for line in sale.lines],
        "TxnTaxDetail": _tax(sale.tax) if sale.tax is not None and (sale.tax.stated or sale.tax.code) else None,
        "PrivateNote": values.block_of_text(sale.private_note, values.PRIVATE_NOTE),
        "CustomerMemo": _memo(sale.customer_memo),
        "BillEmail": _email(sale.email),
        "BillAddr": values.address_of(sale.billing, with_name=True),
        "ShipAddr": values.address_of(sale.shipping, with_name=True),
        "ClassRef": values.reference(sale.sales_class) if sale.sales_class and not sale.row_classes else None,
        "DepartmentRef": values.reference(sale.location) if sale.location else None,
        # A customer who prefers e-mail would otherwise be sent a copy by QuickBooks, or the sale refused (6420).
        "EmailStatus": "NotSet",
    }
    if sale.tax is not None and sale.tax.is_shared_by_company:
        # Else an engine that taxes shipping adds that on top of the total that was stated (QBO reference, 5.8).
        body["ShippingTaxIncludedInTotalTax"] = True
    body |= _by_kind(sale)
    return values.compact(body)


def _by_kind(sale: SaleDocument) -> Payload:
    """The header fields that only some kinds of document have (QBO reference, 5.4)."""
    body: Payload = {}
    if sale.kind in _MOVES_MONEY:
        body["DepositToAccountRef"] = values.reference(sale.deposit_account) if sale.deposit_account else None
        body["PaymentMethodRef"] = values.reference(sale.payment_method) if sale.payment_method else None
        body["PaymentRefNum"] = _payment_reference(sale.payment_reference)
    if sale.kind in _HAS_TERMS:
        body["SalesTermRef"] = values.reference(sale.terms) if sale.terms else None
    if sale.kind in _IS_SHIPPED:
        body["ShipDate"] = values.day(sale.ship_date) if sale.ship_date else None
        method = values.line_of_text(sale.ship_method, values.SHIP_METHOD)
        body["ShipMethodRef"] = {"value": method} if method else None
    if sale.kind is DocumentKind.INVOICE:
        body["DueDate"] = values.day(sale.due_date) if sale.due_date else None
        # The shop has taken the money or will: no payment link of QuickBooks' on top of it.
        body["AllowOnlineCreditCardPayment"] = False
        body["AllowOnlineACHPayment"] = False
    return body


def _line(line: DocumentLine, row_class: Ref | None) -> Payload:
    detail: Payload = {
        "ItemRef": values.reference(line.item),
        "Qty": values.number(line.quantity) if line.quantity is not None else None,
        "UnitPrice": values.number(line.unit_price) if line.unit_price is not None else None,
        "TaxCodeRef": values.reference(line.tax_code) if line.tax_code else None,
        "ClassRef": values.reference(row_class) if row_class else None,
    }
    return values.compact(
        {
            "DetailType": "SalesItemLineDetail",
            "Amount": values.number(line.amount),
            "Description": values.block_of_text(line.description, values.DESCRIPTION),
            "SalesItemLineDetail": values.compact(detail),
        }
    )


def _tax(tax: DocumentTax) -> Payload:
    """The document's one code (US), and the store's tax where it is stated: total and rates (QBO reference, 5.8)."""
    body: Payload = {"TxnTaxCodeRef": values.reference(tax.code) if tax.code else None}
    if tax.stated:
        body |= {"TotalTax": values.number(tax.total), "TaxLine": [_tax_line(rate) for rate in tax.rates] or None}
    return values.compact(body)


def _tax_line(tax: RateTax) -> Payload:
    return {
        "DetailType": "TaxLineDetail",
        "Amount": values.number(tax.amount),
        "TaxLineDetail": {
            "TaxRateRef": values.reference(tax.rate),
            "PercentBased": True,
            "TaxPercent": values.number(tax.percent),
            "NetAmountTaxable": values.number(tax.net),
        },
    }


def _payment(payment: PaymentDocument, paid_id: str) -> Payload:
    if not paid_id:
        raise ValueError(f"Payment {payment.key} needs the id of the invoice it pays; post the invoice first.")
    amount = values.number(payment.total)
    return values.compact(
        {
            "CustomerRef": values.reference(payment.customer),
            "CurrencyRef": {"value": payment.currency},
            "ExchangeRate": values.number(payment.exchange_rate) if payment.exchange_rate is not None else None,
            "TxnDate": values.day(payment.document_date),
            "TotalAmt": amount,
            "DepositToAccountRef": values.reference(payment.deposit_account),
            "PaymentMethodRef": values.reference(payment.payment_method) if payment.payment_method else None,
            "PaymentRefNum": _payment_reference(payment.payment_reference),
            "PrivateNote": values.block_of_text(payment.private_note, values.PRIVATE_NOTE),
            "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": paid_id, "TxnType": "Invoice"}]}],
        }
    )


def encode_payment_link(link: PaymentLink) -> Payload:
    """A sparse update: account, date and note stay. A payment's lines are all or nothing (QBO reference, 5.9), and it
    may want its customer and total again even so (1.4)."""
    linked = [{"TxnId": link.invoice_id, "TxnType": "Invoice"}]
    return {
        "Id": link.payment_id,
        "SyncToken": link.sync_token,
        "sparse": True,
        "CustomerRef": values.reference(link.customer),
        "CurrencyRef": {"value": link.currency},
        "TotalAmt": values.number(link.total),
        "Line": [{"Amount": values.number(link.amount), "LinkedTxn": linked}],
    }


def _application(application: CreditApplication, invoice_id: str, credit_id: str) -> Payload:
    """A payment of nothing that links both; no money moves, so it names no account (QBO reference, 5.9)."""
    if not invoice_id or not credit_id:
        raise ValueError(f"{application.key} needs the ids of invoice and credit memo; post both first.")
    amount = values.number(application.amount)
    linked = (("Invoice", invoice_id), ("CreditMemo", credit_id))
    return values.compact(
        {
            "CustomerRef": values.reference(application.customer),
            "CurrencyRef": {"value": application.currency},
            "TxnDate": values.day(application.document_date),
            "TotalAmt": 0,
            "PrivateNote": values.block_of_text(application.private_note, values.PRIVATE_NOTE),
            "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": txn_id, "TxnType": kind}]} for kind, txn_id in linked],
        }
    )


def _expense(expense: ExpenseDocument) -> Payload:
    """Paid at once from a bank account; a fee is outside of the sales taxes that the company keeps."""
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": values.number(expense.total),
        "Description": values.block_of_text(expense.description, values.DESCRIPTION),
        "AccountBasedExpenseLineDetail": {"AccountRef": values.reference(expense.expense_account)},
    }
    return values.compact(
        {
            "PaymentType": "Cash",
            "AccountRef": values.reference(expense.account),
            "CurrencyRef": {"value": expense.currency},
            "TxnDate": values.day(expense.document_date),
            "GlobalTaxCalculation": expense.global_tax,
            "PaymentMethodRef": values.reference(expense.payment_method) if expense.payment_method else None,
            "PrivateNote": values.block_of_text(expense.private_note, values.PRIVATE_NOTE),
            "Line": [values.compact(line)],
        }
    )


def _payment_reference(text: str) -> str:
    return values.line_of_text(text, values.PAYMENT_REFERENCE, ellipsis=False)


def _memo(text: str) -> dict[str, Any] | None:
    memo = values.block_of_text(text, values.CUSTOMER_MEMO)
    return {"value": memo} if memo else None


def _email(text: str) -> dict[str, Any] | None:
    address = values.email_of(text)
    return {"Address": address} if address else None

"""Plans in a form that a bookkeeper can read in a difference: short keys, amounts as texts, nothing empty."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connector.accounting.documents import (
    CreditApplication,
    Document,
    DocumentLine,
    ExpenseDocument,
    Outcome,
    PaymentDocument,
    Planned,
    Proof,
    SaleDocument,
    Void,
)
from connector.accounting.policy import Ref


def render_outcome(outcome: Outcome | ExpenseDocument | Void | None) -> dict[str, Any]:
    if outcome is None:
        return {"outcome": "nothing"}
    if isinstance(outcome, Void):
        return {"outcome": "void", "kind": outcome.kind.value, "key": outcome.key, "qbo_id": outcome.qbo_id}
    if isinstance(outcome, ExpenseDocument):
        return _expense(outcome)
    if isinstance(outcome, Planned):
        return _full(
            outcome="planned",
            documents=[render_document(document) for document in outcome.documents],
            proof=_proof(outcome.proof),
            notices=[_full(reason=notice.reason, **notice.details) for notice in outcome.notices],
        )
    return _full(outcome=type(outcome).__name__.lower(), reason=outcome.reason, details=dict(outcome.details))


def render_document(document: Document) -> dict[str, Any]:
    if isinstance(document, ExpenseDocument):
        return _expense(document)
    if isinstance(document, CreditApplication):
        return _application(document)
    return _payment(document) if isinstance(document, PaymentDocument) else _sale(document)


def _sale(sale: SaleDocument) -> dict[str, Any]:
    return _full(
        kind=sale.kind.value,
        number=sale.number,
        date=sale.document_date.isoformat(),
        customer=sale.customer.id,
        total=_amount(sale.total),
        tax=_amount(sale.tax.total) if sale.tax else "",
        stated=bool(sale.tax and sale.tax.stated),
        code=sale.tax.code.name if sale.tax and sale.tax.code else "",
        rates=[f"{r.rate.name}: {_amount(r.amount)} on {_amount(r.net)}" for r in sale.tax.rates] if sale.tax else [],
        lines=[_line(line) for line in sale.lines],
        global_tax=sale.global_tax or "",
        deposit=_id(sale.deposit_account),
        method=_id(sale.payment_method),
        reference=sale.payment_reference,
        ship_method=sale.ship_method,
        memo=sale.customer_memo,
        note=sale.private_note,
    )


def _line(line: DocumentLine) -> str:
    quantity, price = _number(line.quantity), _number(line.unit_price)
    code = f" [{line.tax_code.name}]" if line.tax_code else ""
    return f"{line.source} {line.item.id}: {quantity} × {price} = {_amount(line.amount)}{code} {line.description}"


def _payment(payment: PaymentDocument) -> dict[str, Any]:
    return _full(
        kind=payment.kind.value,
        date=payment.document_date.isoformat(),
        pays=payment.pays_key,
        total=_amount(payment.total),
        deposit=_id(payment.deposit_account),
        method=_id(payment.payment_method),
        reference=payment.payment_reference,
        note=payment.private_note,
    )


def _expense(expense: ExpenseDocument) -> dict[str, Any]:
    return _full(
        kind=expense.kind.value,
        date=expense.document_date.isoformat(),
        total=_amount(expense.total),
        paid_from=expense.account.name,
        booked_on=expense.expense_account.name,
        method=_id(expense.payment_method),
        text=expense.description,
        note=expense.private_note,
    )


def _application(application: CreditApplication) -> dict[str, Any]:
    return _full(
        kind=application.kind.value,
        date=application.document_date.isoformat(),
        sets=application.credit_key,
        against=application.invoice_key,
        amount=_amount(application.amount),
        note=application.private_note,
    )


def _proof(proof: Proof) -> dict[str, Any]:
    return _full(
        store=f"{_amount(proof.store_total)} with tax {_amount(proof.store_tax)}",
        document=f"{_amount(proof.document_total)} with tax {_amount(proof.document_tax)}",
        means=proof.means.value,
        rates=[f"{r.label} → {r.rate_id or '–'}: {_amount(r.store)} = {_amount(r.document)}" for r in proof.rates],
        computed=_amount(proof.computed_tax) if proof.computed_tax is not None else "",
        rounding=_amount(proof.rounding) if proof.rounding else "",
        moved=_amount(proof.moved_base) if proof.moved_base else "",
    )


def _full(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", [], {}, None, False)}


def _id(ref: Ref | None) -> str:
    return ref.id if ref else ""


def _number(number: Decimal | None) -> str:
    return "–" if number is None else f"{number:f}"


def _amount(amount: Decimal) -> str:
    return f"{amount:f}"

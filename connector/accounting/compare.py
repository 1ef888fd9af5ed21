"""What we meant to post against what stands in the books: differences, a fingerprint, and what an answer teaches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from connector.accounting.arithmetic import CodedNet, computed_taxes
from connector.accounting.books import FoundDocument, Posted
from connector.accounting.documents import (
    CreditApplication,
    Document,
    DocumentLine,
    ExpenseDocument,
    Means,
    PaymentDocument,
    Planned,
    SaleDocument,
)
from connector.accounting.money import ZERO, smallest_unit
from connector.accounting.policy import Ref, Rounding, TaxCode, TaxPolicy
from connector.accounting.rates import TAX

_OWN_CORRECTIONS = frozenset({"rounding", "cancelling"})


@dataclass(frozen=True, slots=True)
class Difference:
    """field: "total", "tax", or "rate:<QuickBooks id>". found None: the answer does not tell."""

    field: str
    planned: Decimal
    found: Decimal | None


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an answer says about the company: facts to keep, and whether planning again with them may help."""

    taxes: TaxPolicy
    try_again: bool


def compare(planned: SaleDocument, answer: Posted | FoundDocument) -> tuple[Difference, ...]:
    """Total, tax and tax by rate, to the cent; empty when the books say what we meant.

    A rate that one side does not name counts as zero there, for QuickBooks leaves out rates without tax.
    """
    tax = planned.tax.total if planned.tax else ZERO
    differences = [Difference("total", planned.total, answer.total)] if answer.total != planned.total else []
    if answer.tax is None:
        return (*differences, Difference("tax", tax, None)) if tax != 0 else tuple(differences)
    if answer.tax != tax:
        differences.append(Difference("tax", tax, answer.tax))
    if planned.tax is not None and planned.tax.is_shared_by_company:
        return tuple(differences)
    rates = {rate.rate.id: rate.amount for rate in planned.tax.rates} if planned.tax else {}
    differences.extend(_rate_differences(rates, answer.rates))
    return tuple(differences)


def learn(taxes: TaxPolicy, planned: Planned, answer: Posted | FoundDocument) -> Lesson:
    """The company's habits after an answer. An answer as planned can confirm; another one rules out a means.

    try_again False with differences: nothing is left to try, the document is to be taken back and held.
    """
    differences = compare(planned.sale, answer)
    means, proof = planned.proof.means, planned.proof
    if not differences:
        proves_kept = means is Means.STATED and proof.computed_tax is not None and taxes.overrides == "unknown"
        return Lesson(replace(taxes, overrides="kept") if proves_kept else taxes, try_again=False)
    if means is Means.NONE or all(difference.field == "total" for difference in differences):
        return Lesson(taxes, try_again=False)
    if means is Means.STATED and planned.sale.tax is not None and planned.sale.tax.is_shared_by_company:
        # No rate at all: the engine found none for this address, which says nothing about the company's other sales.
        return Lesson(replace(taxes, overrides="ignored") if answer.rates else taxes, try_again=bool(answer.rates))
    other = None if taxes.prediction_wrong else _other_rounding(planned.sale, taxes, answer)
    if means is Means.STATED:
        computes_otherwise = proof.computed_tax is not None and answer.tax not in (None, proof.computed_tax)
        wrong = taxes.prediction_wrong or (computes_otherwise and other is None)
        learned = replace(taxes, overrides="ignored", prediction_wrong=wrong)
        return Lesson(replace(learned, rounding=other or taxes.rounding), try_again=not wrong)
    if other is not None:
        return Lesson(replace(taxes, rounding=other), try_again=True)
    learned = replace(taxes, prediction_wrong=True)
    can_state = taxes.override != "never" and taxes.overrides not in ("ignored", "refused")
    return Lesson(learned, try_again=can_state and not taxes.prediction_wrong)


def learn_refusal(taxes: TaxPolicy, planned: Planned) -> Lesson:
    """After a fault about the tax: a company that refuses stated amounts is not sent any again."""
    of_document = planned.sale.tax is not None and planned.sale.tax.is_shared_by_company
    if planned.proof.means is not Means.STATED or of_document:
        return Lesson(taxes, try_again=False)
    return Lesson(replace(taxes, overrides="refused"), try_again=not taxes.prediction_wrong)


def expected_taxes(sale: SaleDocument, taxes: TaxPolicy, rounding: Rounding) -> dict[str, Decimal]:
    """What a company of this arithmetic makes of the document by itself, by QuickBooks rate id."""
    codes = {mapping.code.id: mapping.code for mapping in taxes.rates}
    untaxed = (taxes.untaxed, taxes.untaxed_vat_exempt, taxes.untaxed_export)
    codes.update((code.id, code) for code in untaxed if code is not None)
    whole = codes.get(sale.tax.code.id) if sale.tax is not None and sale.tax.code is not None else None
    nets = []
    for line in sale.lines:
        code: TaxCode | None = None
        if line.tax_code is not None:
            code = whole if line.tax_code == TAX.line_ref else codes.get(line.tax_code.id)
        nets += [CodedNet(code, line.amount)] if code is not None else []
    return computed_taxes(nets, smallest_unit(sale.currency), rounding)


def _other_rounding(sale: SaleDocument, taxes: TaxPolicy, answer: Posted | FoundDocument) -> Rounding | None:
    """The rounding that the answer shows where it is not the one that this company was known by."""
    other: Rounding = "per_line" if taxes.rounding == "per_rate" else "per_rate"
    known, found = expected_taxes(sale, taxes, taxes.rounding), expected_taxes(sale, taxes, other)
    if known == found or sum(found.values(), ZERO) != answer.tax or _rate_differences(found, answer.rates):
        return None
    return other


def fingerprint(document: Document) -> str:
    """Equal for two plans that say the same in the books, whoever the buyer is (product specification §1 and §4).

    Left out: the buyer, whose data WooCommerce anonymises in place (transaction id included), the notes, names of
    references, and how the tax was reached (stated or computed, lines of our own that correct it): the net lines and
    the total already tell the tax.
    """
    text = json.dumps(_content(document), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _rate_differences(planned: Mapping[str, Decimal], found: Mapping[str, Decimal]) -> list[Difference]:
    """Where the answer names no rate at all, its total tax is all there is to compare."""
    if not found:
        return []
    return [
        Difference(f"rate:{rate_id}", planned.get(rate_id, ZERO), found.get(rate_id, ZERO))
        for rate_id in sorted(planned.keys() | found.keys())
        if planned.get(rate_id, ZERO) != found.get(rate_id, ZERO)
    ]


def _content(document: Document) -> dict[str, Any]:
    if isinstance(document, PaymentDocument):
        return _payment_content(document)
    if isinstance(document, ExpenseDocument):
        return _expense_content(document)
    return _application_content(document) if isinstance(document, CreditApplication) else _sale_content(document)


def _sale_content(sale: SaleDocument) -> dict[str, Any]:
    return {
        "kind": sale.kind.value,
        "key": sale.key,
        "number": sale.number,
        "date": sale.document_date.isoformat(),
        "currency": sale.currency,
        "total": _amount(sale.total),
        "lines": [_line_content(line) for line in sale.lines if line.source not in _OWN_CORRECTIONS],
        "deposit_account": _id(sale.deposit_account),
        "payment_method": _id(sale.payment_method),
        "terms": _id(sale.terms),
        "due_date": sale.due_date.isoformat() if sale.due_date else "",
        "class": _id(sale.sales_class),
        "location": _id(sale.location),
    } | ({"tax_code": _id(sale.tax.code)} if sale.tax is not None and sale.tax.code is not None else {})


def _line_content(line: DocumentLine) -> list[str]:
    return [
        line.source,
        _id(line.item),
        line.description,
        _amount(line.amount),
        _amount(line.quantity),
        _amount(line.unit_price),
        _id(line.tax_code),
    ]


def _payment_content(payment: PaymentDocument) -> dict[str, Any]:
    return {
        "kind": payment.kind.value,
        "key": payment.key,
        "pays": payment.pays_key,
        "date": payment.document_date.isoformat(),
        "currency": payment.currency,
        "total": _amount(payment.total),
        "deposit_account": _id(payment.deposit_account),
        "payment_method": _id(payment.payment_method),
    }


def _application_content(application: CreditApplication) -> dict[str, Any]:
    return {
        "kind": application.kind.value,
        "key": application.key,
        "invoice": application.invoice_key,
        "credit": application.credit_key,
        "date": application.document_date.isoformat(),
        "currency": application.currency,
        "amount": _amount(application.amount),
    }


def _expense_content(expense: ExpenseDocument) -> dict[str, Any]:
    return {
        "kind": expense.kind.value,
        "key": expense.key,
        "date": expense.document_date.isoformat(),
        "currency": expense.currency,
        "total": _amount(expense.total),
        "account": _id(expense.account),
        "expense_account": _id(expense.expense_account),
    }


def _id(ref: Ref | None) -> str:
    return ref.id if ref else ""


def _amount(amount: Decimal | None) -> str:
    """One spelling for one number: 1.50 and 1.5 are the same."""
    return "" if amount is None else f"{amount.normalize() + ZERO:f}"

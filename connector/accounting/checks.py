"""Does it add up: what must be true of every plan before a document may leave, checked on the finished documents."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from connector.accounting.commerce import FeeLine, Order, Refund, ShippingLine
from connector.accounting.documents import (
    CreditApplication,
    Held,
    Means,
    PaymentDocument,
    Planned,
    Proof,
    SaleDocument,
)
from connector.accounting.means import ROUNDING_UNITS_PER_RATE
from connector.accounting.money import ZERO, half_up, is_amount, smallest_unit

_CENT = Decimal("0.01")
TAXABLE_LINE_LIMIT = 750
LINE_LIMIT = 10_000


def find_mistakes(order: Order, planned: Planned) -> tuple[str, ...]:
    """Everything that does not add up, as short sentences for us; empty for a plan that may leave.

    order: the order, or what is given back of it, written as one.
    """
    unit = smallest_unit(order.currency)
    mistakes = [*_sale_mistakes(order, planned.sale, unit), *_proof_mistakes(planned.sale, planned.proof, unit)]
    paid = [document.total for document in planned.documents if isinstance(document, PaymentDocument)]
    if any(amount <= 0 for amount in paid) or sum(paid, ZERO) > planned.sale.total:
        mistakes.append(f"payments {paid} are not within the sale's {planned.sale.total}")
    for document in planned.documents:
        if isinstance(document, CreditApplication) and not 0 < document.amount <= planned.sale.total:
            mistakes.append(f"credit of {document.amount} is not within the memo's {planned.sale.total}")
    return tuple(mistakes)


def unusable_amounts(goods: Order | Refund) -> tuple[str, ...]:
    """The amounts that no document can hold: not a number, or beyond QuickBooks' eleven digits."""
    odd = [name for name, amount in _amounts(goods) if not is_amount(amount)]
    odd.extend("percentage" for rate in goods.tax_lines if not rate.percent.is_finite() or abs(rate.percent) > 1000)
    return tuple(odd)


def unusable_problem(*several: Order | Refund) -> Held | None:
    unusable = [name for goods in several for name in unusable_amounts(goods)]
    if not unusable:
        return None
    return Held("totals_differ", {"problem": "unusable_amount", "where": ", ".join(dict.fromkeys(unusable))})


def line_limit(sale: SaleDocument) -> int:
    """A taxed document holds fewer lines than one without any tax (product specification §7)."""
    is_taxed = sale.tax is not None and (bool(sale.tax.rates) or sale.tax.is_shared_by_company)
    return TAXABLE_LINE_LIMIT if is_taxed else LINE_LIMIT


def _amounts(goods: Order | Refund) -> Iterator[tuple[str, Decimal]]:
    if isinstance(goods, Order):
        yield from (("total", goods.total), ("total_tax", goods.total_tax))
    else:
        yield "amount", goods.amount
    for line in goods.lines:
        yield from (("line", line.total), ("line", line.subtotal), ("line", line.total_tax), ("line", line.quantity))
        yield from (("line tax", tax.total) for tax in line.taxes)
    dues: list[ShippingLine | FeeLine] = [*goods.shipping_lines, *goods.fee_lines]
    for due in dues:
        yield from (("shipping or fee", due.total), ("shipping or fee", due.total_tax))
        yield from (("shipping or fee tax", tax.total) for tax in due.taxes)
    for rate in goods.tax_lines:
        yield from (("rate", rate.tax_total), ("rate", rate.shipping_tax_total))


def _sale_mistakes(order: Order, sale: SaleDocument, unit: Decimal) -> Iterator[str]:
    tax = sale.tax.total if sale.tax else ZERO
    lines = sum((line.amount for line in sale.lines), ZERO)
    if lines + tax != sale.total:
        yield f"lines {lines} + tax {tax} are not the total {sale.total}"
    if sale.total != half_up(order.total, unit):
        yield f"total {sale.total} is not the order's {order.total}"
    is_by_rate = sale.tax is not None and not sale.tax.is_shared_by_company
    if sale.tax is not None and is_by_rate and sum((rate.amount for rate in sale.tax.rates), ZERO) != tax:
        yield f"rates do not add up to the tax {tax}"
    if not sale.lines:
        yield "no lines"
    for line in sale.lines:
        if line.amount != half_up(line.amount, unit):
            yield f"line {line.store_line_id} has {line.amount}, which is no whole number of cents"
        if line.quantity is None or line.unit_price is None:
            continue
        if half_up(line.quantity * line.unit_price, min(unit, _CENT)) != line.amount:
            yield f"line {line.store_line_id}: {line.quantity} × {line.unit_price} is not {line.amount}"


def _proof_mistakes(sale: SaleDocument, proof: Proof, unit: Decimal) -> Iterator[str]:
    if proof.store_total != proof.document_total or proof.document_total != sale.total:
        yield f"proof: total {proof.document_total}, store {proof.store_total}, document {sale.total}"
    if proof.means is Means.ROUNDING:
        limit = unit * ROUNDING_UNITS_PER_RATE
        if any(abs(rate.store - rate.document) > limit * (1 + rate.rate_id.count("+")) for rate in proof.rates):
            yield "proof: a rate differs by more than the rounding line may bear"
        return
    if proof.store_tax != proof.document_tax:
        yield f"proof: tax {proof.document_tax}, store {proof.store_tax}"
    if any(rate.store != rate.document for rate in proof.rates):
        yield "proof: a rate differs"
    if proof.rates and sum((rate.store for rate in proof.rates), ZERO) != proof.store_tax:
        yield "proof: the rates do not add up to the tax"

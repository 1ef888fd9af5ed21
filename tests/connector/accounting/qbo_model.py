"""QuickBooks' own arithmetic, written a second time with fractions: the core cannot agree with itself by mistake.

Per tax rate on the sum of net lines over the document, or line by line where the company is known to round so; half up
away from zero (QBO reference, 5.8).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from connector.accounting.documents import DocumentTax, SaleDocument
from connector.accounting.policy import PostingPolicy, TaxCode


def codes_by_id(policy: PostingPolicy) -> dict[str, TaxCode]:
    taxes = policy.taxes
    codes = [mapping.code for mapping in taxes.rates]
    codes += [code for code in (taxes.untaxed, taxes.untaxed_vat_exempt, taxes.untaxed_export) if code]
    return {code.id: code for code in codes}


def company_taxes(sale: SaleDocument, policy: PostingPolicy, decimals: int = 2) -> dict[str, Decimal]:
    """What a company that ignores stated amounts answers, by rate."""
    known = codes_by_id(policy) | {"NON": TaxCode("NON", "NON")}
    if sale.tax is not None and sale.tax.code is not None:
        known["TAX"] = known[sale.tax.code.id]
    sums: dict[str, Fraction] = {}
    for line in sale.lines:
        if line.tax_code is None:
            continue
        laid = Fraction(0)
        for rate in known[line.tax_code.id].rates:
            net = Fraction(line.amount)
            tax = (net + laid if rate.compound else net) * Fraction(rate.percent) / 100
            laid += tax
            kept = Fraction(_half_up(tax, decimals)) if policy.taxes.rounding == "per_line" else tax
            sums[rate.id] = sums.get(rate.id, Fraction(0)) + kept
    return {rate_id: _half_up(amount, decimals) for rate_id, amount in sums.items()}


def answered_taxes(sale: SaleDocument, policy: PostingPolicy, decimals: int = 2) -> dict[str, Decimal]:
    """What a company that keeps stated amounts answers."""
    if sale.tax is not None and sale.tax.is_shared_by_company:
        return {"engine": sale.tax.total}
    if sale.tax is not None and sale.tax.stated:
        return stated_taxes(sale.tax)
    return company_taxes(sale, policy, decimals)


def stated_taxes(tax: DocumentTax) -> dict[str, Decimal]:
    return {rate.rate.id: rate.amount for rate in tax.rates}


def _half_up(amount: Fraction, decimals: int) -> Decimal:
    scaled = abs(amount) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if amount >= 0 else -whole).scaleb(-decimals)

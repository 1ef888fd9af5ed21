"""Which taxes a sales document carries in each of the four tax worlds (QBO reference, Taxes in the four worlds)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.company.books import Books
from sandbox.company.refusals import Refusal, bad_reference, business, inactive, missing, tax_rate_error
from sandbox.company.tax import RateTax, RateUse, TaxedLine, compute, compute_inclusive, settle, share_of
from sandbox.company.values import ZERO, half_up, loads

_MAX_TAXED_LINES = 750

_TAX_WORD = {"GB": "VAT", "FR": "VAT", "IE": "VAT", "ZA": "VAT", "CA": "GST/HST", "AU": "GST", "IN": "GST", "SG": "GST"}


@dataclass(frozen=True, slots=True)
class SaleLine:
    """An item line on its way: `net` and, where prices include tax, `gross`; `spread` is its part of a discount."""

    net: Decimal
    item: Mapping[str, Any]
    tax_code: str | None
    gross: Decimal | None = None
    spread: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Taxation:
    """The taxes of a document, the code each line ends up with, and the header code (US)."""

    taxes: tuple[RateTax, ...]
    line_codes: tuple[str | None, ...]
    header_code: str | None = None
    shown: bool = True


def percent_on(rate: Mapping[str, Any], day: str) -> Decimal:
    """The percentage of a rate on a day: the effective list tells, RateValue may be stale."""
    for effective in rate.get("EffectiveTaxRate") or []:
        if str(effective["EffectiveDate"])[:10] <= day <= str(effective.get("EndDate") or "9999")[:10]:
            return Decimal(effective["RateValue"])
    return Decimal(rate["RateValue"])


def uses_of(books: Books, code: Mapping[str, Any], day: str) -> tuple[RateUse, ...]:
    """The sales rates of a tax code in their order, with the percentages of the day."""
    details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail") or []
    uses = []
    for detail in sorted(details, key=lambda one: int(one.get("TaxOrder") or 0)):
        rate = books.target("TaxRate", detail["TaxRateRef"], "TaxRateRef", active=False)
        uses.append(RateUse(str(rate["Id"]), percent_on(rate, day), str(detail["TaxTypeApplicable"])))
    return tuple(uses)


def line_uses(books: Books, code: str | None, day: str) -> tuple[RateUse, ...]:
    """The rates of a line's code in a global company. Raises the 6000 sentence without one, 2500 for an unknown one."""
    if code is None:
        word = _TAX_WORD.get(books.country, "sales tax")
        raise business(f"Make sure all your transactions have a {word} rate before you save.", "TaxCodeRef")
    found = books.get("TaxCode", code)
    if found is None:
        raise bad_reference("TaxCodes", code, "TaxCodeRef")
    if found.get("Active") is False:
        raise inactive("TaxCodeRef")
    return uses_of(books, found, day)


def net_of(books: Books, gross: Decimal, code: str | None, day: str, places: int) -> Decimal:
    """The net part of a tax-inclusive amount."""
    return half_up(gross / (1 + share_of(line_uses(books, code, day))), places)


def tax_document(
    books: Books, document: Mapping[str, Any], lines: Sequence[SaleLine], *, day: str, places: int
) -> Taxation:
    """The taxes of a document, own arithmetic and what was sent weighed as this company does. Raises Refusal."""
    world = books.tax_world
    if world == "off":
        return Taxation((), (None,) * len(lines), shown=False)
    detail: Mapping[str, Any] = document.get("TxnTaxDetail") or {}
    if world == "global":
        found = _tax_global(books, document, detail, lines, day, places)
    else:
        for line in lines:
            if line.tax_code not in (None, "TAX", "NON"):
                raise Refusal("6100", "Invalid line TaxCode : use TAX or NON.", "TaxCodeRef")
        found = _tax_us(books, document, detail, lines, day, places, automated=world == "us_automated")
    if len(lines) > _MAX_TAXED_LINES and any(tax.percent for tax in found.taxes):
        raise business(f"A taxable transaction can have at most {_MAX_TAXED_LINES} lines.", "Line")
    return found


def _tax_global(
    books: Books,
    document: Mapping[str, Any],
    detail: Mapping[str, Any],
    lines: Sequence[SaleLine],
    day: str,
    places: int,
) -> Taxation:
    mode = document.get("GlobalTaxCalculation")
    if mode == "NotApplicable":
        if detail:
            sentence = "TxnTaxDetail is not allowed when GlobalTaxCalculation is NotApplicable"
            raise Refusal("6170", sentence, "TxnTaxDetail")
        return Taxation((), (None,) * len(lines), shown=False)
    if mode is None:
        line_uses(books, None, day)
    codes = tuple(line.tax_code for line in lines)
    taxed = []
    for line in lines:
        uses = line_uses(books, line.tax_code, day)
        gross = None if line.gross is None else line.gross - line.spread
        net = line.net - line.spread if gross is None else half_up(gross / (1 + share_of(uses)), 7)
        if gross is not None and not line.spread:
            net = line.net
        taxed.append(TaxedLine(net, uses, gross))
    if mode == "TaxInclusive":
        computed = compute_inclusive(taxed, places=places)
    else:
        computed = compute(taxed, per_line=books.behaviour.rounding == "per_line", places=places)
    return Taxation(tuple(_weigh(books, computed, detail, places)), codes)


def _tax_us(
    books: Books,
    document: Mapping[str, Any],
    detail: Mapping[str, Any],
    lines: Sequence[SaleLine],
    day: str,
    places: int,
    *,
    automated: bool,
) -> Taxation:
    codes = tuple(line.tax_code or "NON" for line in lines)
    if automated:
        code = _engine_code(books, document)
        detail = {**detail, "TaxLine": []}
        if detail.get("UseAutomatedSalesTax"):
            detail.pop("TotalTax", None)
    else:
        code = (detail.get("TxnTaxCodeRef") or {}).get("value")
    if code is None:
        if detail.get("TotalTax") or detail.get("TaxLine"):
            raise tax_rate_error("TxnTaxCodeRef is needed for a tax amount.")
        return Taxation((), codes)
    if code in ("TAX", "NON") or (found := books.get("TaxCode", code)) is None:
        raise bad_reference("TaxCodes", code, "TxnTaxCodeRef")
    uses = uses_of(books, found, day)
    after_discount = bool(document.get("ApplyTaxAfterDiscount"))
    taxed = [
        TaxedLine(line.net - (line.spread if after_discount else ZERO), uses)
        for line, line_code in zip(lines, codes, strict=True)
        if line_code == "TAX"
    ]
    computed = compute(taxed, per_line=books.behaviour.rounding == "per_line", places=places)
    behaviour = replace(books.behaviour, overrides=books.behaviour.automated) if automated else books.behaviour
    return Taxation(
        tuple(settle(computed, _sent(detail), detail.get("TotalTax"), behaviour, places=places)), codes, code
    )


def _engine_code(books: Books, document: Mapping[str, Any]) -> str | None:
    """The code automated sales tax picks by the ship-to state; none without an address."""
    table = loads(books.storage.meta("engine_codes") or "{}")
    address = document.get("ShipAddr") or document.get("BillAddr") or {}
    code = table.get(str(address.get("CountrySubDivisionCode", "")).upper())
    return None if code is None else str(code)


def _weigh(books: Books, computed: Sequence[RateTax], detail: Mapping[str, Any], places: int) -> list[RateTax]:
    return settle(computed, _sent(detail), detail.get("TotalTax"), books.behaviour, places=places)


def _sent(detail: Mapping[str, Any]) -> dict[str, Decimal]:
    """The amounts sent per tax rate."""
    sent: dict[str, Decimal] = {}
    for line in detail.get("TaxLine") or []:
        rate = (line.get("TaxLineDetail") or {}).get("TaxRateRef")
        if rate is None:
            raise missing("TaxRateRef")
        sent[rate["value"]] = sent.get(rate["value"], ZERO) + (line.get("Amount") or ZERO)
    return sent


def tax_detail(taxation: Taxation) -> dict[str, Any] | None:
    """The TxnTaxDetail of an answer."""
    if not taxation.shown:
        return None
    detail: dict[str, Any] = {"TotalTax": sum((tax.amount for tax in taxation.taxes), ZERO)}
    if taxation.header_code:
        detail["TxnTaxCodeRef"] = {"value": taxation.header_code}
    if taxation.taxes:
        detail["TaxLine"] = [_tax_line(tax) for tax in taxation.taxes]
    return detail


def _tax_line(tax: RateTax) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "TaxRateRef": {"value": tax.rate},
        "PercentBased": True,
        "TaxPercent": tax.percent,
        "NetAmountTaxable": tax.base,
    }
    if tax.delta:
        detail["OverrideDeltaAmount"] = tax.delta
    return {"Amount": tax.amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}

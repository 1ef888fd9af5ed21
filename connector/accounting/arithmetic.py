"""What QuickBooks computes by itself: per tax rate on the sum of net lines, half up away from zero.

The sums run over all lines whose code contains the rate, whatever code brought it (QBO reference, 5.8). It is a
prediction: every answer is compared with it, and a company that rounds line by line, or computes otherwise, is
remembered (compare.learn).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from connector.accounting.documents import RateTax
from connector.accounting.money import ZERO, half_up
from connector.accounting.policy import Ref, Rounding, TaxCode


@dataclass(frozen=True, slots=True)
class CodedNet:
    """A net amount at a tax code."""

    code: TaxCode
    net: Decimal


def effective_percents(code: TaxCode) -> dict[str, Decimal]:
    """Each rate's percentage of the net amount by QuickBooks id; a compound rate also taxes the rates before it."""
    found: dict[str, Decimal] = {}
    for rate in code.rates:
        before = sum(found.values(), ZERO)
        found[rate.id] = found.get(rate.id, ZERO) + (
            rate.percent * (1 + before / 100) if rate.compound else rate.percent
        )
    return found


def unrounded_taxes(nets: Iterable[CodedNet]) -> dict[str, Decimal]:
    """Each rate's tax before rounding, by QuickBooks id, in the order in which the document meets them."""
    taxes: dict[str, Decimal] = {}
    for coded in nets:
        for rate_id, percent in effective_percents(coded.code).items():
            taxes[rate_id] = taxes.get(rate_id, ZERO) + coded.net * percent / 100
    return taxes


def computed_taxes(nets: Iterable[CodedNet], unit: Decimal, rounding: Rounding = "per_rate") -> dict[str, Decimal]:
    if rounding == "per_rate":
        return {rate_id: half_up(tax, unit) for rate_id, tax in unrounded_taxes(nets).items()}
    taxes: dict[str, Decimal] = {}
    for coded in nets:
        for rate_id, tax in unrounded_taxes([coded]).items():
            taxes[rate_id] = taxes.get(rate_id, ZERO) + half_up(tax, unit)
    return taxes


def rate_taxes(nets: Iterable[CodedNet], amounts: dict[str, Decimal]) -> tuple[RateTax, ...]:
    """The document's tax by rate, with the net amount that each rate is laid on.

    A rate without an amount has none: our own lines may bring the untaxed code's rate of zero into the document."""
    coded = tuple(nets)
    bases: dict[str, Decimal] = {}
    rates = {rate.id: rate for part in coded for rate in part.code.rates}
    for part in coded:
        for rate_id in {rate.id: None for rate in part.code.rates}:
            bases[rate_id] = bases.get(rate_id, ZERO) + part.net
    return tuple(
        RateTax(
            rate=Ref(rate_id, rates[rate_id].name),
            percent=rates[rate_id].percent,
            net=base,
            amount=amounts.get(rate_id, ZERO),
        )
        for rate_id, base in bases.items()
    )

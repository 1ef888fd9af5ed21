"""The tax arithmetic of a company: per rate, on the sum of net amounts or line by line (QBO reference, Taxes).

Pure functions over Decimals. Rates add up over all lines whatever code brought them; half is rounded away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sandbox.company.behaviour import Behaviour
from sandbox.company.refusals import business, tax_rate_error
from sandbox.company.values import ZERO, half_up, total


@dataclass(frozen=True, slots=True)
class RateUse:
    """One rate inside a tax code. `on`: TaxOnAmount | TaxOnAmountPlusTax | TaxOnTax; `percent` is that of the day."""

    rate: str
    percent: Decimal
    on: str = "TaxOnAmount"


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line's net amount and the rates of its code, in their order; `gross` only where prices include tax."""

    net: Decimal
    uses: tuple[RateUse, ...]
    gross: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RateTax:
    """What one rate comes to in a document. `delta` is what the sender added to our own arithmetic."""

    rate: str
    percent: Decimal
    base: Decimal
    amount: Decimal
    delta: Decimal = ZERO


def exact_taxes(net: Decimal, uses: Sequence[RateUse]) -> list[tuple[RateUse, Decimal, Decimal]]:
    """Each rate with its base and its unrounded tax on a net amount; later rates may stand on earlier ones."""
    taxes: list[tuple[RateUse, Decimal, Decimal]] = []
    earlier = ZERO
    for use in uses:
        base = {"TaxOnAmountPlusTax": net + earlier, "TaxOnTax": earlier}.get(use.on, net)
        tax = base * use.percent / 100
        earlier += tax
        taxes.append((use, base, tax))
    return taxes


def share_of(uses: Sequence[RateUse]) -> Decimal:
    """Tax as a share of net under a code: 0.2 for 20 %."""
    return total(tax for _use, _base, tax in exact_taxes(Decimal(1), uses))


def compute(lines: Iterable[TaxedLine], *, per_line: bool, places: int = 2) -> list[RateTax]:
    """The tax of each rate the lines use, zero rates included, in order of first use."""
    bases: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    percents: dict[str, Decimal] = {}
    for line in lines:
        for use, base, tax in exact_taxes(line.net, line.uses):
            percents[use.rate] = use.percent
            bases[use.rate] = bases.get(use.rate, ZERO) + base
            taxes[use.rate] = taxes.get(use.rate, ZERO) + (half_up(tax, places) if per_line else tax)
    return [
        RateTax(rate, percents[rate], half_up(bases[rate], places), half_up(taxes[rate], places)) for rate in percents
    ]


def compute_inclusive(lines: Sequence[TaxedLine], *, places: int = 2) -> list[RateTax]:
    """The same where prices include tax: a code's tax is gross less net, shared out over its rates."""
    groups: dict[tuple[RateUse, ...], list[TaxedLine]] = {}
    for line in lines:
        groups.setdefault(line.uses, []).append(line)
    found: dict[str, RateTax] = {}
    for uses, members in groups.items():
        net = total(line.net for line in members)
        left = total((line.gross or line.net) - line.net for line in members)
        parts = exact_taxes(net, uses)
        for position, (use, base, tax) in enumerate(parts):
            amount = half_up(left, places) if position == len(parts) - 1 else half_up(tax, places)
            left -= amount
            before = found.get(use.rate, RateTax(use.rate, use.percent, ZERO, ZERO))
            found[use.rate] = RateTax(
                use.rate, use.percent, before.base + half_up(base, places), before.amount + amount
            )
    return list(found.values())


def settle(
    computed: Sequence[RateTax],
    sent: Mapping[str, Decimal],
    total_tax: Decimal | None,
    behaviour: Behaviour,
    *,
    places: int = 2,
) -> list[RateTax]:
    """Our own arithmetic against amounts sent per rate (`sent`) and in all (`total_tax`), as this company treats them.

    Raises 6470 for a rate no line uses and for a TotalTax that is not the sum of the TaxLines; 6000 for a difference
    the company does not take.
    """
    used = {tax.rate for tax in computed}
    for rate in sent:
        if rate not in used:
            raise tax_rate_error(f"The tax rate {rate} is not used by any line of this transaction.")
    wanted = dict(sent)
    if total_tax is not None:
        if sent and total(sent.values()) != total_tax:
            raise tax_rate_error(f"TotalTax {total_tax} is not the sum of the tax lines {total(sent.values())}.")
        if not sent:
            wanted = spread(computed, total_tax, places=places)
    return [_settled(tax, wanted.get(tax.rate), behaviour) for tax in computed]


def _settled(own: RateTax, wanted: Decimal | None, behaviour: Behaviour) -> RateTax:
    if wanted is None or wanted == own.amount:
        return own
    delta = wanted - own.amount
    kept = RateTax(own.rate, own.percent, own.base, wanted, delta)
    if abs(delta) < behaviour.ignored_below or behaviour.overrides == "ignore":
        return own
    if behaviour.overrides == "keep":
        return kept
    if behaviour.overrides == "tolerance" and abs(delta) <= behaviour.override_tolerance:
        return kept
    raise business("There was a problem calculating tax for this transaction: check the tax amounts.", "TaxLine")


def spread(computed: Sequence[RateTax], total_tax: Decimal, *, places: int = 2) -> dict[str, Decimal]:
    """A total shared over the rates in proportion to our own arithmetic; the last one takes the rest."""
    own = total(tax.amount for tax in computed)
    if not computed:
        if total_tax:
            raise tax_rate_error("TotalTax was sent, but no line is taxed.")
        return {}
    shares: dict[str, Decimal] = {}
    left = total_tax
    for position, tax in enumerate(computed):
        last = position == len(computed) - 1
        part = left if last else half_up(total_tax * tax.amount / own, places) if own else ZERO
        shares[tax.rate] = part
        left -= part
    return shares

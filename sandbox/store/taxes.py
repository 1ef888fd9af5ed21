"""Which tax rates apply to an address, and what they come to.

Source: WooCommerce `WC_Tax::get_matched_tax_rates`, `calc_exclusive_tax`, `calc_inclusive_tax`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from sandbox.store.money import STORED_DECIMALS, ZERO, round_half_down, round_half_up

Taxes = dict[int, Decimal]
"""Rate id -> amount, in the order in which the rates apply."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a sale is taxed."""

    country: str
    state: str = ""
    postcode: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of the store's tax table. `percent` is 20 for 20 %; `tax_class` "" is the standard class."""

    id: int
    percent: Decimal
    name: str
    tax_class: str = ""
    country: str = ""
    state: str = ""
    postcodes: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    priority: int = 1
    compound: bool = False
    shipping: bool = True

    @property
    def code(self) -> str:
        """As tax lines carry it: "FR-TVA 20%-1"."""
        parts = [self.country, self.state, self.name or "TAX", str(self.priority)]
        return "-".join(part for part in parts if part).upper()

    def covers(self, location: Location) -> bool:
        """Whether an address falls under this rate; empty fields match everything."""
        return (
            self.country in ("", location.country)
            and self.state in ("", location.state)
            and (not self.cities or location.city.strip().upper() in self.cities)
            and (not self.postcodes or any(_postcode_fits(rule, location.postcode) for rule in self.postcodes))
        )

    @property
    def specificity(self) -> tuple[int, int, int, int, int, int]:
        """Sort key: by priority, within it the narrower rate first."""
        return (
            self.priority,
            0 if self.country else 1,
            0 if self.state else 1,
            0 if self.postcodes else 1,
            0 if self.cities else 1,
            self.id,
        )


@dataclass(frozen=True)
class TaxRules:
    """The store's settings that decide taxes. `shipping_class` may be "inherit"."""

    rates: tuple[Rate, ...]
    base: Location
    prices_include_tax: bool
    round_at_subtotal: bool = False
    decimals: int = 2
    shipping_class: str = ""

    def matching(self, tax_class: str, location: Location) -> list[Rate]:
        """The rates for a class at an address: of each priority the narrowest, in order of priority."""
        chosen: dict[int, Rate] = {}
        for rate in self._narrowest_first:
            if rate.tax_class == tax_class and rate.priority not in chosen and rate.covers(location):
                chosen[rate.priority] = rate
        return list(chosen.values())

    @cached_property
    def _narrowest_first(self) -> list[Rate]:
        return sorted(self.rates, key=lambda one: one.specificity)

    def matching_shipping(self, tax_class: str, location: Location) -> list[Rate]:
        """The same, only rates that also tax shipping."""
        return [rate for rate in self.matching(tax_class, location) if rate.shipping]

    def round_tax(self, value: Decimal) -> Decimal:
        """A tax to the cent: halves go down where prices include tax, so that the net part gains."""
        return (round_half_down if self.prices_include_tax else round_half_up)(value, self.decimals)

    def rate(self, rate_id: int) -> Rate | None:
        return next((rate for rate in self.rates if rate.id == rate_id), None)


def rate_from_json(row: Mapping[str, Any]) -> Rate:
    """A rate from an object of `GET /taxes`."""
    return Rate(
        id=int(row["id"]),
        percent=Decimal(str(row["rate"])),
        name=str(row["name"]),
        tax_class="" if row["class"] == "standard" else str(row["class"]),
        country=str(row["country"]),
        state=str(row["state"]),
        postcodes=tuple(str(text).upper() for text in row["postcodes"]),
        cities=tuple(str(text).upper() for text in row["cities"]),
        priority=int(row["priority"]),
        compound=bool(row["compound"]),
        shipping=bool(row["shipping"]),
    )


def tax_on_net(net: Decimal, rates: Sequence[Rate]) -> Taxes:
    """The taxes that come on top of a net amount, each to six decimals; compound rates on net plus earlier taxes."""
    taxes: Taxes = {rate.id: ZERO for rate in rates}
    for rate in rates:
        if not rate.compound:
            taxes[rate.id] = net * rate.percent / 100
    for rate in rates:
        if rate.compound:
            taxes[rate.id] = (net + sum(taxes.values(), ZERO)) * rate.percent / 100
    return {key: round_half_up(value, STORED_DECIMALS) for key, value in taxes.items()}


def tax_in_gross(gross: Decimal, rates: Sequence[Rate]) -> Taxes:
    """The taxes contained in a gross amount, each to six decimals; compound rates come off first, last one first."""
    taxes: Taxes = {rate.id: ZERO for rate in rates}
    rest = gross
    for rate in reversed([one for one in rates if one.compound]):
        part = rest - rest / (1 + rate.percent / 100)
        taxes[rate.id] = part
        rest -= part
    plain = [one for one in rates if not one.compound]
    divisor = 1 + sum((one.percent for one in plain), ZERO) / 100
    for rate in plain:
        taxes[rate.id] = rest * (rate.percent / 100) / divisor
    return {key: round_half_up(value, STORED_DECIMALS) for key, value in taxes.items()}


def total_of(taxes: Taxes) -> Decimal:
    return sum(taxes.values(), ZERO)


def add_taxes(into: Taxes, more: Iterable[tuple[int, Decimal]]) -> None:
    """Add amounts rate by rate."""
    for rate_id, amount in more:
        into[rate_id] = into.get(rate_id, ZERO) + amount


def _postcode_fits(rule: str, postcode: str) -> bool:
    """A rule is a postcode, a range "90001...90089", or a beginning with a star."""
    wanted = postcode.strip().upper()
    if "..." in rule:
        low, high = rule.split("...", 1)
        return low.isdigit() and high.isdigit() and wanted.isdigit() and int(low) <= int(wanted) <= int(high)
    if rule.endswith("*"):
        return wanted.startswith(rule[:-1])
    return wanted == rule

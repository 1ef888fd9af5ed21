"""The third means: how much net amount to move to which tax code, so that QuickBooks itself computes the store's tax.

For a code at p percent every rate's target leaves an interval of amounts; the smallest amount in all of them is taken.
In a company that rounds line by line an added line brings its own rounded tax, whatever the others come to: the
smallest amounts whose taxes are what is missing are taken. Worked tables: docs/money.md, "Two lines that cancel".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations

from connector.accounting.arithmetic import CodedNet, computed_taxes, effective_percents, unrounded_taxes
from connector.accounting.money import ZERO, half_up
from connector.accounting.policy import Rounding, TaxCode

_SMALLEST_SHARE = Decimal("0.000001")
MOVED_UNITS = 100
"""At most 1.00 at each code (product specification §7)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A net amount moved from untaxed to a tax code, by two lines that cancel."""

    code: TaxCode
    amount: Decimal


@dataclass(frozen=True, slots=True)
class _Aim:
    """The rates of one connected group: their taxes before rounding, and what they are to be."""

    taxes: Mapping[str, Decimal]
    targets: Mapping[str, Decimal]
    unit: Decimal

    def after(self, shift: Shift) -> _Aim:
        percents = effective_percents(shift.code)
        moved = {rate_id: tax + shift.amount * percents.get(rate_id, ZERO) / 100 for rate_id, tax in self.taxes.items()}
        return _Aim(moved, self.targets, self.unit)

    @property
    def is_met(self) -> bool:
        return all(half_up(self.taxes[rate_id], self.unit) == target for rate_id, target in self.targets.items())


def find_shifts(
    nets: Sequence[CodedNet],
    targets: Mapping[str, Decimal],
    codes: Iterable[TaxCode],
    unit: Decimal,
    rounding: Rounding = "per_rate",
) -> tuple[Shift, ...] | None:
    """The smallest shifts with which QuickBooks computes the targets (by QuickBooks rate id); None without any.

    codes: those that may be used, the document's own first. Rates that no code connects are solved apart; within a
    connected group one code is tried first, then two.
    """
    unrounded, computed = unrounded_taxes(nets), computed_taxes(nets, unit, rounding)
    usable = [code for code in _distinct(codes) if code.percent and {rate.id for rate in code.rates} <= targets.keys()]
    shifts: list[Shift] = []
    solved: set[str] = set()
    found: tuple[Shift, ...] | None
    for rate_id, target in targets.items():
        if rate_id in solved or computed.get(rate_id, ZERO) == target:
            continue
        group = _connected(rate_id, usable)
        rate_ids = list(dict.fromkeys(rate.id for code in group for rate in code.rates))
        if rounding == "per_line":
            found = _add_lines(group, {r: targets[r] - computed.get(r, ZERO) for r in rate_ids}, unit)
        else:
            found = _solve(
                group, _Aim({r: unrounded.get(r, ZERO) for r in rate_ids}, {r: targets[r] for r in rate_ids}, unit)
            )
        if found is None:
            return None
        shifts.extend(found)
        solved.update(rate_ids)
    moved = [*nets, *(CodedNet(shift.code, shift.amount) for shift in shifts)]
    return tuple(shifts) if computed_taxes(moved, unit, rounding) == dict(targets) else None


def _distinct(codes: Iterable[TaxCode]) -> list[TaxCode]:
    return list({code.id: code for code in reversed(tuple(codes))}.values())[::-1]


def _connected(rate_id: str, codes: Sequence[TaxCode]) -> list[TaxCode]:
    """The codes that share a rate with this one, directly or through others."""
    rates = {rate_id}
    while True:
        group = [code for code in codes if rates & {rate.id for rate in code.rates}]
        reached = rates | {rate.id for code in group for rate in code.rates}
        if reached == rates:
            return group
        rates = reached


def _solve(codes: Sequence[TaxCode], aim: _Aim) -> tuple[Shift, ...] | None:
    singles = [shift for code in codes if (shift := _shift_at(code, aim)) is not None]
    if singles:
        return (min(singles, key=lambda shift: abs(shift.amount)),)
    best: tuple[Shift, Shift] | None = None
    for first, second in combinations(codes, 2):
        for step in sorted(range(-MOVED_UNITS, MOVED_UNITS + 1), key=lambda step: (abs(step), step)):
            one = Shift(first, aim.unit * step)
            if best is not None and abs(one.amount) >= _moved(best):
                break
            other = _shift_at(second, aim.after(one)) if step else None
            if other is not None and (best is None or _moved((one, other)) < _moved(best)):
                best = (one, other)
    return best


def _add_lines(codes: Sequence[TaxCode], missing: Mapping[str, Decimal], unit: Decimal) -> tuple[Shift, ...] | None:
    """The smallest one or two lines whose own rounded taxes are what each rate lacks."""
    wanted = tuple(missing.values())
    brought = [_brought_by_lines(code, tuple(missing), unit) for code in codes]
    found: list[tuple[Shift, ...]] = [(shifts[wanted],) for shifts in brought if wanted in shifts]
    if not found:
        for first, second in combinations(brought, 2):
            for taxes, one in first.items():
                other = second.get(tuple(want - tax for want, tax in zip(wanted, taxes, strict=True)))
                found += [(one, other)] if other is not None else []
    return min(found, key=_moved, default=None)


def _brought_by_lines(code: TaxCode, rate_ids: Sequence[str], unit: Decimal) -> dict[tuple[Decimal, ...], Shift]:
    """The rounded taxes that a line at this code can bring, each with the smallest amount that does."""
    percents = effective_percents(code)
    brought: dict[tuple[Decimal, ...], Shift] = {}
    for step in range(1, MOVED_UNITS + 1):
        for amount in (unit * step, -unit * step):
            taxes = tuple(half_up(amount * percents.get(rate_id, ZERO) / 100, unit) for rate_id in rate_ids)
            brought.setdefault(taxes, Shift(code, amount))
    return brought


def _moved(shifts: Sequence[Shift]) -> Decimal:
    return sum((abs(shift.amount) for shift in shifts), ZERO)


def _shift_at(code: TaxCode, aim: _Aim) -> Shift | None:
    """The smallest shift at one code that brings every rate of the group to its target."""
    percents = effective_percents(code)
    lowest, highest = -aim.unit * MOVED_UNITS, aim.unit * MOVED_UNITS
    for rate_id, target in aim.targets.items():
        percent = percents.get(rate_id, ZERO) / 100
        if percent > _SMALLEST_SHARE:
            lowest = max(
                lowest, ((target - aim.unit / 2 - aim.taxes[rate_id]) / percent).quantize(aim.unit, ROUND_CEILING)
            )
            highest = min(
                highest, ((target + aim.unit / 2 - aim.taxes[rate_id]) / percent).quantize(aim.unit, ROUND_FLOOR)
            )
        elif half_up(aim.taxes[rate_id], aim.unit) != target:
            return None
    if lowest > highest:
        return None
    # Which edge half-up includes depends on the sign of the tax: the neighbours are tried as well.
    near = {min(max(ZERO, lowest), highest), lowest, lowest + aim.unit, highest, highest - aim.unit}
    for amount in sorted(near, key=lambda amount: (abs(amount), amount)):
        if amount and lowest <= amount <= highest and aim.after(Shift(code, amount)).is_met:
            return Shift(code, amount)
    return None

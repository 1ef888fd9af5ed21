"""The tax of a document: equal to the store's in total and for every rate, by the first means that reaches it.

Store rates and QuickBooks rates that meet on a line form a *group* (GST sits in two codes; two German 7 % rates share
one code): groups are what is compared. Order of means: product specification §7; worked tables: docs/money.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from connector.accounting.arithmetic import computed_taxes, effective_percents, rate_taxes
from connector.accounting.coding import Coding
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentTax, Held, Means, RateProof, RateTax
from connector.accounting.lines import CodedLine, coded_nets, own_line, single_line
from connector.accounting.means import (
    ROUNDING_UNITS_PER_RATE,
    may_state,
    must_state,
    trusts_arithmetic,
    within_deviation,
)
from connector.accounting.money import ZERO, half_up, largest
from connector.accounting.policy import PostingPolicy, TaxCode
from connector.accounting.rates import TAX, RateIds, RateTable, store_taxes
from connector.accounting.settings import require
from connector.accounting.shifts import find_shifts
from connector.accounting.texts import say

_SAME_PERCENT = Decimal("0.0005")


@dataclass(frozen=True, slots=True)
class RateGroup:
    """Store rates (by id) and QuickBooks rates (by id) that cannot be told apart, with the store's tax on them."""

    store_rates: RateIds
    rates: tuple[str, ...]
    tax: Decimal


@dataclass(frozen=True, slots=True)
class SettledTax:
    """The document's lines, tax and proof once the tax is settled. `computed`: what QuickBooks would make of it."""

    lines: tuple[CodedLine, ...]
    tax: DocumentTax | None
    means: Means
    rates: tuple[RateProof, ...]
    computed: Decimal | None = None
    moved_base: Decimal = ZERO


def settle_tax(
    order: Order, policy: PostingPolicy, coding: Coding, lines: tuple[CodedLine, ...], unit: Decimal
) -> SettledTax | Held:
    if coding.table is None:
        return _tax_line(order, policy, coding, lines, unit)
    if coding.table.whole is TAX:
        return _shared_by_company(order, policy, coding.table, lines, unit)
    taxes = store_taxes(order, unit)
    if isinstance(taxes, Held):
        return taxes
    groups = group_rates(lines, coding.table, taxes)
    if isinstance(groups, Held):
        return groups
    computed = computed_taxes(coded_nets(lines), unit, policy.taxes.rounding)
    charged = {group: _charged(group, lines, coding.table, unit) for group in groups}
    aim = _Settlement(
        groups=groups,
        targets=_reach({group: group.tax for group in groups}, computed),
        computed=computed,
        expected=_reach(charged, computed) if coding.table.whole else computed,
        table=coding.table,
        unit=unit,
    )
    return _apply_means(policy, coding, lines, aim)


def group_rates(
    lines: Iterable[CodedLine], table: RateTable, taxes: dict[int, Decimal]
) -> tuple[RateGroup, ...] | Held:
    """The groups of the document; held when the store charges a rate that no line of the document bears."""
    meetings: list[tuple[set[int], set[str]]] = []
    for coded in lines:
        if coded.code is not None:
            rates = table.whole_rates if coded.code.line_id else coded.rates
            meetings.extend(_meet(rates, coded.code, table))
    groups = _joined(meetings)
    borne = {rate_id for store_rates, rates in groups if rates for rate_id in store_rates}
    stray = [rate_id for rate_id, tax in taxes.items() if tax != 0 and rate_id not in borne]
    if stray:
        details = {"problem": "rate_on_no_line", "rate": table.label(stray), "rate_ids": ",".join(map(str, stray))}
        return Held("tax_not_representable", details)
    return tuple(
        RateGroup(frozenset(store), tuple(sorted(rates)), sum((taxes.get(rate_id, ZERO) for rate_id in store), ZERO))
        for store, rates in groups
    )


def _joined(meetings: Iterable[tuple[set[int], set[str]]]) -> list[tuple[set[int], set[str]]]:
    """Meetings that share a rate become one group, which stands where its first meeting stood."""
    groups: list[tuple[set[int], set[str]]] = []
    for store_rates, rates in meetings:
        touched = [group for group in groups if group[0] & store_rates or group[1] & rates]
        joined = (
            store_rates.union(*(group[0] for group in touched)),
            rates.union(*(group[1] for group in touched)),
        )
        place = groups.index(touched[0]) if touched else len(groups)
        groups = [group for group in groups if group not in touched]
        groups.insert(place, joined)
    return groups


def _meet(store_rates: RateIds, code: TaxCode, table: RateTable) -> list[tuple[set[int], set[str]]]:
    """Which store rate is which QuickBooks rate on a line: one by one where percentages tell, else all together."""
    ours = sorted(table.effective(store_rates).items(), key=lambda rate: (rate[1], rate[0]))
    theirs = sorted(effective_percents(code).items(), key=lambda rate: rate[1])
    if len(ours) == len(theirs) and all(
        abs(our[1] - their[1]) <= _SAME_PERCENT for our, their in zip(ours, theirs, strict=True)
    ):
        return [({our[0]}, {their[0]}) for our, their in zip(ours, theirs, strict=True)]
    return [(set(store_rates), {rate.id for rate in code.rates})]


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What is to be reached (targets), what QuickBooks would compute, and how the two are compared (groups).

    expected: the rates' tax on the lines that bear them. It is what is computed, except under the one code of a US
    document, which lays every rate on every taxed line.
    """

    groups: tuple[RateGroup, ...]
    targets: dict[str, Decimal]
    computed: dict[str, Decimal]
    expected: dict[str, Decimal]
    table: RateTable
    unit: Decimal

    @property
    def is_computed(self) -> bool:
        return self.targets == self.computed

    def proofs(self, amounts: dict[str, Decimal]) -> tuple[RateProof, ...]:
        return tuple(
            RateProof(
                label=self.table.label(sorted(group.store_rates)),
                rate_id="+".join(group.rates),
                store=group.tax,
                document=sum((amounts[rate_id] for rate_id in group.rates), ZERO),
            )
            for group in self.groups
            if group.rates
        )


def _reach(taxes: Mapping[RateGroup, Decimal], computed: dict[str, Decimal]) -> dict[str, Decimal]:
    """Each QuickBooks rate's tax for these taxes of the groups; in a group of several the largest takes the rest."""
    reached = dict(computed)
    for group, tax in taxes.items():
        if group.rates:
            taker = group.rates[largest([computed[rate_id] for rate_id in group.rates])]
            reached[taker] += tax - sum((computed[rate_id] for rate_id in group.rates), ZERO)
    return reached


def _charged(group: RateGroup, lines: Sequence[CodedLine], table: RateTable, unit: Decimal) -> Decimal:
    """The tax of the group's store rates on the lines that bear them."""
    tax = ZERO
    for coded in lines:
        for rate_id, percent in table.effective(coded.rates).items():
            tax += coded.line.amount * percent / 100 if rate_id in group.store_rates else ZERO
    return half_up(tax, unit)


def _apply_means(
    policy: PostingPolicy, coding: Coding, lines: tuple[CodedLine, ...], aim: _Settlement
) -> SettledTax | Held:
    taxes = policy.taxes
    if not aim.targets:
        return SettledTax(lines, DocumentTax(ZERO * aim.unit), Means.NONE, aim.proofs({}))
    if aim.is_computed and trusts_arithmetic(taxes) and not must_state(taxes):
        return SettledTax(lines, _document_tax(lines, aim.targets), Means.COMPUTED, aim.proofs(aim.targets))
    if not within_deviation(aim.targets, aim.expected, len(lines), aim.unit):
        return _not_representable("deviation", aim)
    if may_state(taxes):
        stated = _document_tax(lines, aim.targets, stated=True)
        stated = replace(stated, rates=tuple(_on_own_base(rate, aim, lines) for rate in stated.rates))
        return SettledTax(lines, stated, Means.STATED, aim.proofs(aim.targets), _total(aim.computed))
    if not trusts_arithmetic(taxes):
        return _not_representable("company_computes_otherwise", aim)
    moved = _cancelling(policy, coding, lines, aim) if taxes.cancelling_lines else None
    return moved if moved is not None else _rounding(policy, coding, lines, aim)


def _on_own_base(rate: RateTax, aim: _Settlement, lines: Sequence[CodedLine]) -> RateTax:
    """Under the one code of a US document a rate is stated on the lines that the store charged it on."""
    group = next((group for group in aim.groups if group.rates == (rate.rate.id,)), None)
    if aim.table.whole is None or group is None:
        return rate
    return replace(rate, net=sum((coded.line.amount for coded in lines if coded.rates & group.store_rates), ZERO))


def _cancelling(
    policy: PostingPolicy, coding: Coding, lines: tuple[CodedLine, ...], aim: _Settlement
) -> SettledTax | Held | None:
    """Two lines on the rounding item for each shift of base; None when no shift reaches the store's tax."""
    own_codes = [coded.code for coded in lines if coded.code is not None]
    mapped = [mapping.code for mapping in policy.taxes.rates if mapping.code.id not in aim.table.inactive_codes]
    if aim.table.whole is not None:
        mapped = []
    shifts = find_shifts(coded_nets(lines), aim.targets, [*own_codes, *mapped], aim.unit, policy.taxes.rounding)
    if shifts is None:
        return None
    added: list[CodedLine] = []
    text = say("tax_rounding", policy.language)
    for shift in shifts:
        for code, amount in ((shift.code, shift.amount), (None, -shift.amount)):
            line = own_line("cancelling", amount, text, policy, coding, code=code)
            if isinstance(line, Held):
                return line
            added.append(line)
    moved = sum((abs(shift.amount) for shift in shifts), ZERO)
    all_lines = (*lines, *added)
    tax = _document_tax(all_lines, aim.targets)
    return SettledTax(all_lines, tax, Means.CANCELLING, aim.proofs(aim.targets), _total(aim.computed), moved)


def _rounding(
    policy: PostingPolicy, coding: Coding, lines: tuple[CodedLine, ...], aim: _Settlement
) -> SettledTax | Held:
    """A line that makes the total exact though the tax is a cent or two off; the proof shows it rate by rate."""
    limit = aim.unit * ROUNDING_UNITS_PER_RATE
    if any(abs(target - aim.computed[rate_id]) > limit for rate_id, target in aim.targets.items()):
        return _not_representable("beyond_rounding", aim)
    difference = _total(aim.targets) - _total(aim.computed)
    tax = _document_tax(lines, aim.computed)
    if difference != 0:
        line = own_line("rounding", difference, say("tax_rounding", policy.language), policy, coding)
        if isinstance(line, Held):
            return line
        lines = (*lines, line)
    return SettledTax(lines, tax, Means.ROUNDING, aim.proofs(aim.computed), _total(aim.computed))


def _shared_by_company(
    order: Order, policy: PostingPolicy, table: RateTable, lines: tuple[CodedLine, ...], unit: Decimal
) -> SettledTax | Held:
    """US automated sales tax: the store's total, which the company's engine shares out over rates of its own.

    A company that drops the amount has no other means: the merchant may keep the tax on a line instead (world off).
    """
    tax = half_up(order.total_tax, unit)
    is_taxed = any(coded.code is TAX and coded.line.amount != 0 for coded in lines)
    if tax == 0 and not is_taxed:
        return SettledTax(lines, DocumentTax(tax), Means.NONE, ())
    label = table.label(sorted(table.lines)) or say("tax", policy.language)
    if not is_taxed or not may_state(policy.taxes):
        problem = "automated_tax" if is_taxed else "no_rates"
        return Held("tax_not_representable", {"problem": problem, "rate": label, "tax": f"{tax:f}"})
    proof = RateProof(label, "", tax, tax)
    return SettledTax(lines, DocumentTax(tax, stated=True), Means.STATED, (proof,))


def _tax_line(
    order: Order, policy: PostingPolicy, coding: Coding, lines: tuple[CodedLine, ...], unit: Decimal
) -> SettledTax | Held:
    """World off: the store's tax is one more line, on an item of a liability account (QBO reference, 5.8 world A)."""
    tax = half_up(order.total_tax, unit)
    if tax == 0:
        return SettledTax(lines, None, Means.NONE, ())
    item = require(policy.taxes.tax_item, "tax_item", policy)
    if isinstance(item, Held):
        return item
    labels = ", ".join(dict.fromkeys(line.label for line in order.tax_lines if line.label and line.total != 0))
    text = labels or say("tax", policy.language)
    line = single_line("tax", item, tax, text, coding.fixed)
    return SettledTax((*lines, line), None, Means.NONE, (RateProof(text, "", tax, tax),))


def _document_tax(lines: Sequence[CodedLine], amounts: dict[str, Decimal], *, stated: bool = False) -> DocumentTax:
    whole = next((coded.code.ref for coded in lines if coded.code is not None and coded.code.line_id), None)
    return DocumentTax(_total(amounts), rate_taxes(coded_nets(lines), amounts), stated, whole)


def _total(amounts: dict[str, Decimal]) -> Decimal:
    return sum(amounts.values(), ZERO)


def _not_representable(problem: str, aim: _Settlement) -> Held:
    worst = max(aim.targets, key=lambda rate_id: abs(aim.targets[rate_id] - aim.computed[rate_id]))
    rates = next((group.store_rates for group in aim.groups if worst in group.rates), frozenset())
    details = {
        "problem": problem,
        "rate": aim.table.label(sorted(rates)),
        "store": f"{aim.targets[worst]:f}",
        "computed": f"{aim.computed[worst]:f}",
    }
    return Held("tax_not_representable", details)

"""Which tax code each part of an order bears, and how a fee that carries several classes of tax is split.

A worked split is in docs/money.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connector.accounting.commerce import FeeLine, LineTax, Order, OrderLine, ShippingLine
from connector.accounting.documents import Held
from connector.accounting.money import ZERO, half_up
from connector.accounting.policy import PostingPolicy, TaxCode
from connector.accounting.rates import (
    NON,
    TAX,
    RateIds,
    RateTable,
    find_code,
    infer_rates,
    line_rates,
    rates_of_document,
    read_rates,
    require_untaxed,
)

_SMALLEST_PERCENT = Decimal("0.0001")
_STORED = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Coding:
    """How lines get their tax code: from the store's rates when there is a table, else all of them the same one."""

    table: RateTable | None = None
    fixed: TaxCode | None = None
    classes: tuple[RateIds, ...] = field(default=())
    """The sets of rates that what is sold bears, the larger first: a negative fee is spread over it."""
    tolerance: Decimal = ZERO
    """By how much the tax of a fee may differ from its rate, being a sum of rounded shares."""

    @property
    def untaxed(self) -> TaxCode | Held | None:
        """For lines of our own that must not be taxed; None where lines bear no code at all."""
        return self.fixed if self.table is None else require_untaxed(self.table)


@dataclass(frozen=True, slots=True)
class CodedShare:
    """A part of a line's net amount at one tax code."""

    net: Decimal
    code: TaxCode | None
    rates: RateIds = frozenset()


def begin_coding(order: Order, policy: PostingPolicy, unit: Decimal) -> Coding | Held:
    world = policy.taxes.world
    if world == "off":
        return _plain_coding(order, policy)
    table = read_rates(order, policy)
    if world == "us_automated":
        if half_up(order.total_tax, unit) == 0:
            return Coding(fixed=NON)
        table = replace(table, whole=TAX)
    elif world == "us_manual":
        of_document = _one_code(order, table)
        if isinstance(of_document, Held):
            return of_document
        table = of_document
    sold: list[OrderLine | ShippingLine | FeeLine] = [*order.lines, *order.shipping_lines]
    sold += [fee for fee in order.fee_lines if fee.total > 0]
    classes = {line_rates(line.taxes, table): None for line in sold}
    by_size = sorted((rates for rates in classes if rates), key=lambda rates: (-len(rates), sorted(rates)))
    return Coding(table, classes=tuple(by_size), tolerance=unit / 2 * min(1 + len(order.lines), 10))


def _one_code(order: Order, table: RateTable) -> RateTable | Held:
    """A US document has one code, which has to hold all rates of the order; its lines say TAX or NON."""
    rates = rates_of_document(order, table)
    if not rates:
        return replace(table, whole=NON)
    code = find_code(rates, table)
    if isinstance(code, Held):
        return code
    return replace(table, whole=replace(code, line_id=TAX.id), whole_rates=rates)


def narrow_coding(coding: Coding, goods: Order, policy: PostingPolicy) -> Coding:
    """For a part of an order that bears only some of its rates: their own code, where the merchant mapped one (US)."""
    if coding.table is None or not coding.table.whole_rates:
        return coding
    narrower = _one_code(goods, replace(coding.table, whole=None, whole_rates=frozenset()))
    if isinstance(narrower, Held) or not narrower.whole_rates:
        return coding
    return replace(coding, table=narrower)


def code_line(net: Decimal, tax: Decimal, taxes: Sequence[LineTax], coding: Coding) -> CodedShare | Held:
    """The code of a product or shipping line. No rate of a line of nothing blocks an order."""
    table = coding.table
    if table is None:
        return CodedShare(net, coding.fixed)
    listed = list_taxes(net, tax, taxes, table)
    if isinstance(listed, Held):
        return listed
    rates = line_rates(listed, table)
    code = find_code(rates, table)
    if isinstance(code, Held) and net == 0 and tax == 0:
        rates = frozenset()
        code = require_untaxed(table)
    return code if isinstance(code, Held) else CodedShare(net, code, rates)


def code_fee(net: Decimal, tax: Decimal, taxes: Sequence[LineTax], coding: Coding) -> tuple[CodedShare, ...] | Held:
    """The shares of a fee: WooCommerce spreads a negative fee over the tax classes of the goods, whatever its status.

    Each class gets tax ÷ rate; what rounding explains is shared among the classes, the rest bears no tax.
    """
    table = coding.table
    listed = list_taxes(net, tax, taxes, table) if table is not None else ()
    if isinstance(listed, Held):
        return listed
    rates = frozenset() if table is None else line_rates(listed, table)
    if table is None or not any(table.percent(rate) for rate in rates):
        share = code_line(net, tax, taxes, coding)
        return share if isinstance(share, Held) else (share,)
    amounts = _by_rate(listed)
    if _fits(net, rates, amounts, table, coding.tolerance) and not isinstance(find_code(rates, table), Held):
        bases = {rates: net}
    else:
        bases = _bases(net, rates, amounts, table, coding)
    rest = net - sum(bases.values(), ZERO)
    shares: list[CodedShare] = []
    for class_rates, base in bases.items():
        code = find_code(class_rates, table)
        if isinstance(code, Held):
            return code
        shares.append(CodedShare(base, code, class_rates))
    if rest != 0:
        untaxed = _code_untaxed(frozenset(tax.rate_id for tax in listed) - rates, table)
        if isinstance(untaxed, Held):
            return untaxed
        shares.append(CodedShare(rest, untaxed[0], untaxed[1]))
    return tuple(shares)


def code_tax(
    taxes: Sequence[LineTax], own_rates: RateIds, coding: Coding, unit: Decimal
) -> tuple[CodedShare, ...] | Held:
    """Net amounts that cancel and bear these taxes: +net at the code of own_rates or of their parts, −net untaxed.

    For tax that is given back without its net amount. In whole cents, so that later rounding keeps them cancelling;
    none where every net amount rounds to nothing.
    """
    table = coding.table
    if table is None:
        return ()
    rates = line_rates(taxes, table)
    classes = (*([own_rates] if own_rates else []), *(known for known in coding.classes if known != own_rates))
    bases, _ = _tax_bases(rates, _by_rate(taxes), table, replace(coding, classes=classes, tolerance=unit))
    shares: list[CodedShare] = []
    for class_rates, base in bases.items():
        code = find_code(class_rates, table)
        if isinstance(code, Held):
            return code
        if half_up(base, unit) != 0:
            shares.append(CodedShare(half_up(base, unit), code, class_rates))
    rest = -sum((share.net for share in shares), ZERO)
    if rest == 0:
        return tuple(shares)
    untaxed = require_untaxed(table)
    return untaxed if isinstance(untaxed, Held) else (*shares, CodedShare(rest, untaxed))


def _plain_coding(order: Order, policy: PostingPolicy) -> Coding | Held:
    """World off: no codes, unless the company keeps tax and only the merchant chose to do without."""
    if not policy.taxes.needs_line_codes:
        return Coding()
    table = read_rates(order, policy)
    if table.untaxed is None and policy.country == "US":
        return Coding(fixed=NON)
    code = require_untaxed(table)
    return code if isinstance(code, Held) else Coding(fixed=code)


def list_taxes(net: Decimal, tax: Decimal, taxes: Sequence[LineTax], table: RateTable) -> tuple[LineTax, ...] | Held:
    """The taxes of a line, inferred from its amounts where the store names no rate."""
    if taxes or tax == 0:
        return tuple(taxes)
    inferred = infer_rates(net, tax, table)
    if inferred is None and table.whole is TAX:
        return tuple(LineTax(rate_id, ZERO) for rate_id in table.lines)
    if inferred is None:
        return Held("tax_not_representable", {"problem": "line_without_rate", "tax": f"{tax:f}", "net": f"{net:f}"})
    return inferred


def _by_rate(taxes: Sequence[LineTax]) -> dict[int, Decimal]:
    amounts: dict[int, Decimal] = {}
    for tax in taxes:
        amounts[tax.rate_id] = amounts.get(tax.rate_id, ZERO) + tax.total
    return amounts


def _fits(net: Decimal, rates: RateIds, amounts: dict[int, Decimal], table: RateTable, tolerance: Decimal) -> bool:
    """The whole net amount at these rates gives these taxes, but for rounding."""
    expected = table.effective(rates)
    return all(abs(net * percent / 100 - amounts.get(rate, ZERO)) <= tolerance for rate, percent in expected.items())


def _bases(
    net: Decimal, rates: RateIds, amounts: dict[int, Decimal], table: RateTable, coding: Coding
) -> dict[RateIds, Decimal]:
    """The net amount of each class of rates: tax ÷ rate, plus its share of what rounding explains."""
    bases, reach = _tax_bases(rates, amounts, table, coding)
    rest = net - sum(bases.values(), ZERO)
    within = sum(reach.values(), ZERO)
    if bases and abs(rest) <= within:
        shared = {class_rates: half_up(rest * reach[class_rates] / within, _STORED) for class_rates in bases}
        first = next(iter(bases))
        shared[first] += rest - sum(shared.values(), ZERO)
        return {class_rates: base + shared[class_rates] for class_rates, base in bases.items()}
    return bases


def _tax_bases(
    rates: RateIds, amounts: dict[int, Decimal], table: RateTable, coding: Coding
) -> tuple[dict[RateIds, Decimal], dict[RateIds, Decimal]]:
    """Tax ÷ rate for each class of rates that bears tax, and by how much rounding may have moved it."""
    left = dict(amounts)
    bases: dict[RateIds, Decimal] = {}
    reach: dict[RateIds, Decimal] = {}
    for class_rates in (
        *(known for known in coding.classes if known <= rates),
        *(frozenset({r}) for r in sorted(rates)),
    ):
        percents = table.effective(class_rates)
        telling = max(class_rates, key=lambda rate: (_is_of_one_class(rate, coding.classes), percents[rate], -rate))
        if abs(percents[telling]) < _SMALLEST_PERCENT or left.get(telling, ZERO) == 0:
            continue
        base = half_up(left[telling] / percents[telling] * 100, _STORED)
        bases[class_rates] = base
        reach[class_rates] = coding.tolerance / percents[telling] * 100
        for rate, percent in percents.items():
            left[rate] = ZERO if rate == telling else _settled(left.get(rate, ZERO) - base * percent / 100, coding)
    return bases, reach


def _settled(left: Decimal, coding: Coding) -> Decimal:
    return ZERO if abs(left) <= coding.tolerance else left


def _is_of_one_class(rate: int, classes: Sequence[RateIds]) -> bool:
    return sum(rate in rates for rates in classes) <= 1


def _code_untaxed(zero_rates: RateIds, table: RateTable) -> tuple[TaxCode, RateIds] | Held:
    """The zero rate that the fee names, where the merchant mapped it, else the untaxed code."""
    if zero_rates:
        code = find_code(zero_rates, table)
        if not isinstance(code, Held):
            return code, zero_rates
    code = require_untaxed(table)
    return code if isinstance(code, Held) else (code, frozenset())

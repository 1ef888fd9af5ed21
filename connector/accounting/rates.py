"""How the store's tax rates meet the company's tax codes: which code a line bears, and what is missing for it.

A line's *rates* are the ids of the store's rates that apply to it. A mapping is chosen by that set, so GST alone and
GST with QST are two different rows of the merchant's table (product specification §7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from connector.accounting.commerce import FeeLine, LineTax, Order, OrderLine, ShippingLine, TaxLine
from connector.accounting.documents import Held
from connector.accounting.money import ZERO, half_up, largest
from connector.accounting.policy import PostingPolicy, RateMapping, TaxCode

RateIds = frozenset[int]

_SAME_PERCENT = Decimal("0.0005")
"""WooCommerce keeps 4 decimals; a code at the effective percentage of compound rates has to round them."""
_INFERENCE = Decimal("0.02")

TAX = TaxCode("TAX", "TAX")
NON = TaxCode("NON", "NON")
"""The US pseudo codes of a line with tax and of one without (QBO reference, 5.8)."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates of one order by id, and the mappings by set of ids.

    whole: the code of the whole document where there is but one, for all rates of `whole_rates` together (US).
    """

    lines: dict[int, TaxLine]
    mappings: dict[RateIds, RateMapping]
    untaxed: TaxCode | None
    inactive_codes: frozenset[str] = field(default_factory=frozenset)
    whole: TaxCode | None = None
    whole_rates: RateIds = frozenset()

    def has_tax(self, rate_id: int) -> bool:
        line = self.lines.get(rate_id)
        return line is not None and line.total != 0

    def percent(self, rate_id: int) -> Decimal:
        line = self.lines.get(rate_id)
        return line.percent if line else ZERO

    def effective(self, rate_ids: RateIds) -> dict[int, Decimal]:
        """Each rate's percentage of the net amount; a compound rate also taxes the rates before it."""
        found: dict[int, Decimal] = {}
        for rate_id in sorted(rate_ids, key=lambda rate_id: (self._is_compound(rate_id), rate_id)):
            before = sum(found.values(), ZERO)
            percent = self.percent(rate_id)
            found[rate_id] = percent * (1 + before / 100) if self._is_compound(rate_id) else percent
        return found

    def label(self, rate_ids: Iterable[int]) -> str:
        labels = (
            self.lines[rate_id].label or self.lines[rate_id].code for rate_id in rate_ids if rate_id in self.lines
        )
        return " + ".join(dict.fromkeys(label for label in labels if label))

    def _is_compound(self, rate_id: int) -> bool:
        line = self.lines.get(rate_id)
        return bool(line and line.compound)


def read_rates(order: Order, policy: PostingPolicy) -> RateTable:
    taxes = policy.taxes
    lines: dict[int, TaxLine] = {}
    for line in order.tax_lines:
        lines.setdefault(line.rate_id, line)
    inactive = (key.removeprefix("tax_code:") for key in policy.inactive_refs if key.startswith("tax_code:"))
    mappings = {mapping.rate_ids: mapping for mapping in reversed(taxes.rates)}
    return RateTable(lines, mappings, untaxed_code(order, policy), frozenset(inactive))


def untaxed_code(order: Order, policy: PostingPolicy) -> TaxCode | None:
    """The code for what bears no tax: exempt buyer, then shipped abroad, then all else; in the US there is but NON."""
    taxes = policy.taxes
    if taxes.world in ("us_automated", "us_manual"):
        return NON
    if order.is_vat_exempt:
        return taxes.untaxed_vat_exempt or taxes.untaxed
    ship_to = order.shipping.country or order.billing.country
    if ship_to and policy.country and ship_to != policy.country:
        return taxes.untaxed_export or taxes.untaxed
    return taxes.untaxed


def require_untaxed(table: RateTable) -> TaxCode | Held:
    """The untaxed code, held when it is not set, is inactive, or would add a tax after all."""
    code = table.untaxed
    if code is None:
        return Held("missing_setting:untaxed_code")
    if code.id in table.inactive_codes or code.percent != 0:
        return Held("missing_setting:untaxed_code", {"code": code.name, "percent": f"{code.percent.normalize():f}"})
    return code


def line_rates(taxes: Iterable[LineTax], table: RateTable) -> RateIds:
    """The rates of one line: those that carry tax or could; a zero rate counts only when it stands alone.

    A tiny line shows 0.00 for a rate that applies to it, so the amount alone does not tell the combination.
    """
    listed = tuple(taxes)
    taxing = frozenset(tax.rate_id for tax in listed if tax.total != 0 or table.percent(tax.rate_id) != 0)
    return taxing or frozenset(tax.rate_id for tax in listed)


def rates_on_lines(order: Order) -> list[RateIds]:
    """The rates of each line of an order; a fee spread over the classes of the goods counts for each of them."""
    table = _lines_only(order)
    taxes = [*(line.taxes for line in order.lines), *(line.taxes for line in order.shipping_lines)]
    borne = [line_rates(listed, table) for listed in taxes]
    classes = dict.fromkeys(borne)
    for fee in order.fee_lines:
        rates = line_rates(fee.taxes, table)
        borne += [part for part in classes if part and part < rates] if rates not in classes else []
        borne += [rates] if rates in classes or not any(part < rates for part in classes if part) else []
    return borne


def rates_on_order(order: Order) -> RateIds:
    """All rates above zero of a whole order; none where nothing is taxed."""
    table = _lines_only(order)
    taxes = [*(line.taxes for line in order.lines), *(line.taxes for line in order.shipping_lines)]
    taxes += [line.taxes for line in order.fee_lines]
    return frozenset(tax.rate_id for listed in taxes for tax in listed if table.percent(tax.rate_id) != 0)


def _lines_only(order: Order) -> RateTable:
    lines: dict[int, TaxLine] = {}
    for line in order.tax_lines:
        lines.setdefault(line.rate_id, line)
    return RateTable(lines, {}, None)


def find_code(rate_ids: RateIds, table: RateTable) -> TaxCode | Held:
    """The code mapped to exactly these rates, still at the percentage that the order was charged."""
    if not rate_ids:
        return require_untaxed(table)
    if table.whole is not None:
        bears_tax = any(table.percent(rate_id) != 0 or table.has_tax(rate_id) for rate_id in rate_ids)
        return table.whole if bears_tax else require_untaxed(table)
    mapping = table.mappings.get(rate_ids)
    percent = sum(table.effective(rate_ids).values(), ZERO)
    problem = _mapping_problem(mapping, rate_ids, percent, table)
    if mapping is not None and not problem:
        return mapping.code
    details = {
        "problem": problem,
        "rate": table.label(sorted(rate_ids)) or ", ".join(str(rate_id) for rate_id in sorted(rate_ids)),
        "percent": f"{percent.normalize():f}",
        "rate_ids": ",".join(str(rate_id) for rate_id in sorted(rate_ids)),
    }
    if mapping is not None:
        details["code"] = mapping.code.name
        details["code_percent"] = f"{mapping.code.percent.normalize():f}"
        if mapping.percent is not None:
            details["mapped_percent"] = f"{mapping.percent.normalize():f}"
    return Held("unmapped_tax_rate", details)


def _mapping_problem(mapping: RateMapping | None, rate_ids: RateIds, percent: Decimal, table: RateTable) -> str:
    """Why these rates cannot be posted with their mapping; "" when they can."""
    if percent == 0 and any(table.has_tax(rate_id) for rate_id in rate_ids):
        return "rate_deleted"
    if mapping is None:
        return "not_mapped"
    if mapping.code.id in table.inactive_codes:
        return "code_inactive"
    plain_sum = sum((table.percent(rate_id) for rate_id in rate_ids), ZERO)
    if mapping.percent is not None and not _same(mapping.percent, percent) and not _same(mapping.percent, plain_sum):
        return "rate_changed"
    return "" if _same(mapping.code.percent, percent) else "code_percent_differs"


def infer_rates(net: Decimal, tax: Decimal, table: RateTable) -> tuple[LineTax, ...] | None:
    """The rates of a line that says how much tax it bears but not of which rate, as some importers write it."""
    candidates = [frozenset({rate_id}) for rate_id in table.lines]
    candidates.append(frozenset(table.lines))
    fitting = []
    for place, rate_ids in enumerate(candidates):
        expected = {rate_id: net * percent / 100 for rate_id, percent in table.effective(rate_ids).items()}
        distance = abs(sum(expected.values(), ZERO) - tax)
        if rate_ids and distance <= _INFERENCE:
            fitting.append((distance, place, expected))
    if not fitting:
        return None
    expected = min(fitting, key=lambda fit: fit[:2])[2]
    return tuple(LineTax(rate_id, amount) for rate_id, amount in expected.items())


def rates_of_document(order: Order, table: RateTable) -> RateIds:
    """All rates that tax the order: zero rates and untaxed lines need no place in its code (specification §7)."""
    found: set[int] = set()
    every: list[OrderLine | ShippingLine | FeeLine] = [*order.lines, *order.shipping_lines, *order.fee_lines]
    for line in every:
        listed: Iterable[LineTax] = line.taxes
        if not line.taxes and line.total_tax != 0:
            listed = infer_rates(line.total, line.total_tax, table) or ()
        found.update(
            tax.rate_id for tax in listed if tax.total != 0 or (line.total != 0 and table.percent(tax.rate_id) != 0)
        )
    return frozenset(found)


def store_taxes(order: Order, unit: Decimal) -> dict[int, Decimal] | Held:
    """Each rate's tax on the whole order, in whole cents, adding up to the order's tax.

    Goods and shipping are rounded each for themselves, as the store shows them. Where the rates do not add up,
    total_tax rules and the cent goes to the largest rate (product specification §7).
    """
    total_tax = half_up(order.total_tax, unit)
    taxes: dict[int, Decimal] = {}
    for line in order.tax_lines:
        shown = half_up(line.tax_total, unit) + half_up(line.shipping_tax_total, unit)
        taxes[line.rate_id] = taxes.get(line.rate_id, ZERO) + shown
    missing = total_tax - sum(taxes.values(), ZERO)
    if missing == 0:
        return taxes
    details = {"tax": f"{total_tax:f}", "rates": f"{total_tax - missing:f}"}
    if not taxes:
        return Held("tax_not_representable", {"problem": "no_rates", **details})
    if abs(missing) > unit * max(2, 2 * len(order.tax_lines)):
        return Held("totals_differ", {"problem": "rates_do_not_add_up", **details})
    rate_ids = list(taxes)
    taxes[rate_ids[largest([taxes[rate_id] for rate_id in rate_ids])]] += missing
    return taxes


def _same(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _SAME_PERCENT

"""Hypothesis strategies for the money core: orders as WooCommerce computes them, spoilt orders, and all policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from hypothesis import strategies as st

from connector.accounting.commerce import (
    Address,
    FeeLine,
    LineTax,
    Order,
    OrderLine,
    Refund,
    RefundSummary,
    ShippingLine,
    TaxLine,
)
from connector.accounting.documents import Parties
from connector.accounting.money import half_up, smallest_unit
from connector.accounting.policy import (
    GatewayMapping,
    PostingPolicy,
    RateMapping,
    Ref,
    TaxCode,
    TaxPolicy,
    TaxRate,
)

CENT = Decimal("0.01")
STORED = Decimal("0.000001")
_Sold = TypeVar("_Sold", OrderLine, ShippingLine, FeeLine)


@dataclass(frozen=True)
class Rate:
    """A rate of the store; compound rates come after the others."""

    id: int
    label: str
    percent: Decimal
    compound: bool = False


R20, R55, R10, R0 = (
    Rate(number, f"TVA {percent}%", Decimal(percent))
    for number, percent in ((1, "20"), (2, "5.5"), (3, "10"), (19, "0"))
)
STATE, COUNTY = Rate(31, "State", Decimal("4.75")), Rate(32, "County", Decimal("2.25"))
GST, QST = Rate(16, "GST", Decimal(5)), Rate(17, "QST", Decimal("9.975"), compound=True)
COUNTRIES: tuple[tuple[tuple[Rate, ...], ...], ...] = (
    ((), (R20,), (R55,), (R10,), (R0,)),
    ((), (STATE, COUNTY), (STATE,)),
    ((), (GST,), (GST, QST)),
)
"""The sets of rates that lines of one shop bear."""


def _code(code_id: str, *rates: TaxRate) -> TaxCode:
    return TaxCode(code_id, " + ".join(rate.name for rate in rates) or "Exempt", rates)


_Q_GST, _Q_QST = TaxRate("50", "GST", Decimal(5)), TaxRate("51", "QST", Decimal("9.975"), compound=True)
_Q_STATE, _Q_COUNTY = TaxRate("52", "State", Decimal("4.75")), TaxRate("53", "County", Decimal("2.25"))
EXEMPT = _code("10")
MAPPINGS = (
    RateMapping(frozenset({1}), _code("1", TaxRate("41", "20 %", Decimal(20))), Decimal(20)),
    RateMapping(frozenset({2}), _code("2", TaxRate("42", "5.5 %", Decimal("5.5"))), Decimal("5.5")),
    RateMapping(frozenset({3}), _code("3", TaxRate("43", "10 %", Decimal(10))), None),
    RateMapping(frozenset({19}), _code("4", TaxRate("44", "0 %", Decimal(0))), Decimal(0)),
    RateMapping(frozenset({31, 32}), _code("5", _Q_STATE, _Q_COUNTY), Decimal(7)),
    RateMapping(frozenset({31}), _code("6", _Q_STATE), Decimal("4.75")),
    RateMapping(frozenset({16}), _code("7", _Q_GST), Decimal(5)),
    RateMapping(frozenset({16, 17}), _code("8", _Q_GST, _Q_QST), None),
)


def amounts(smallest: str, largest: str, places: int = 6) -> st.SearchStrategy[Decimal]:
    return st.decimals(smallest, largest, places=places, allow_nan=False, allow_infinity=False)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order as WooCommerce computes it: unrounded lines, tax rounded by line or at the subtotal, total in cents."""
    classes = draw(st.sampled_from(COUNTRIES))
    at_subtotal = draw(st.booleans())
    lines = draw(st.lists(_lines(classes), max_size=6))
    shipping = draw(st.lists(_shipping(classes), max_size=2))
    fees = draw(st.lists(_fees(classes), max_size=1 if lines else 0))
    if sum((line.total for line in lines), Decimal(0)) > 30 and draw(st.booleans()):
        fees.append(spread_fee(-draw(amounts("0.01", "20", 2)), tuple(lines)))
    if not lines and not shipping:
        lines = [draw(_lines(classes))]
    return add_up(draw(shells()), tuple(lines), tuple(shipping), tuple(fees), at_subtotal=at_subtotal)


@st.composite
def spoilt_orders(draw: st.DrawFn) -> Order:
    """An order that a plugin, an importer or a hand has changed: totals, taxes, rates and quantities may not fit."""
    order = draw(orders())
    cents = st.sampled_from([Decimal(n) / 100 for n in (-5000, -7, -3, -2, -1, 0, 0, 0, 1, 2, 3, 7, 5000)])
    order = replace(order, total=order.total + draw(cents), total_tax=order.total_tax + draw(cents))
    if order.tax_lines and draw(st.booleans()):
        first, *others = order.tax_lines
        spoilt = replace(first, percent=draw(st.sampled_from([first.percent, Decimal(0), Decimal("19.6")])))
        order = replace(order, tax_lines=(replace(spoilt, tax_total=spoilt.tax_total + draw(cents)), *others))
    if order.lines and draw(st.booleans()):
        first_line, *other_lines = order.lines
        quantity = draw(st.sampled_from([Decimal(0), Decimal("1.5"), Decimal(-2), Decimal(75), Decimal(99999)]))
        changed = replace(first_line, quantity=quantity, product_id=draw(st.sampled_from([0, 5])))
        if draw(st.booleans()):
            changed = replace(changed, taxes=())
        order = replace(order, lines=(changed, *other_lines))
    return replace(order, currency=draw(st.sampled_from(["EUR", "EUR", "EUR", "JPY", "KWD"])))


def numbered(order: Order) -> Order:
    """Lines with ids of their own, as in a store: refunds name them."""
    return replace(
        order,
        lines=tuple(replace(line, id=100 + place) for place, line in enumerate(order.lines)),
        shipping_lines=tuple(replace(line, id=200 + place) for place, line in enumerate(order.shipping_lines)),
        fee_lines=tuple(replace(line, id=300 + place) for place, line in enumerate(order.fee_lines)),
    )


@st.composite
def refunds(draw: st.DrawFn, order: Order, *, whole: bool = False) -> tuple[Refund, ...]:
    """The order's refunds as WooCommerce computes them: pieces of lines, rounded to the cent part by part.

    whole: the last one takes all that is left; otherwise the order is refunded in part, and by amounts too.
    """
    count = draw(st.integers(1, 4))
    left = _Left(order)
    made: list[Refund] = []
    for place in range(1, count + 1):
        is_last, before = whole and place == count, dict(left.lines)
        if not whole and draw(st.integers(0, 3)) == 0:
            amount = half_up(
                left.amount * draw(st.sampled_from([Decimal("0.1"), Decimal("0.5"), Decimal(1)])), left.unit
            )
            made.append(_refund(order, place, amount))
            left.amount -= amount
            continue
        shares = [Decimal(1) if is_last else draw(st.sampled_from([Decimal(0), Decimal("0.34"), Decimal(1)]))]
        pieces = [left.take(line, draw(st.sampled_from(shares)), is_last=is_last) for line in order.lines]
        dues = [
            left.take(due, Decimal(1), is_last=True) for due in (*order.shipping_lines, *order.fee_lines) if is_last
        ]
        listed = [piece for piece in (*pieces, *dues) if piece.total or piece.total_tax]
        amount = sum((piece.total + piece.total_tax for piece in listed), Decimal(0))
        # The store takes no more than is left; a merchant who refunds all gives back the last cents as well.
        amount = left.amount if is_last else amount
        if listed and 0 < amount <= left.amount:
            made.append(_refund(order, place, amount, listed))
            left.amount -= amount
        else:
            left.lines = before
    return tuple(made)


@st.composite
def spoilt_refunds(draw: st.DrawFn, order: Order) -> tuple[Refund, ...]:
    """Refunds that a hand or a plugin has changed: tax without net, net without tax, no rates, more than the order."""
    made = list(draw(refunds(order)))
    for place, refund in enumerate(made):
        amount = refund.amount * draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(0), Decimal(3)]))
        amount += draw(st.sampled_from([Decimal(n) / 100 for n in (-2, -1, 0, 0, 1, 2, 9)]))
        lines = tuple(draw(_spoilt_piece(line)) for line in refund.lines)
        rates = draw(st.sampled_from([refund.tax_lines, ()]))
        made[place] = replace(refund, amount=abs(amount), lines=lines, tax_lines=rates)
    return tuple(made)


@st.composite
def _spoilt_piece(draw: st.DrawFn, line: OrderLine) -> OrderLine:
    total = line.total * draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(0), Decimal("0.5")]))
    share = draw(st.sampled_from([Decimal(1), Decimal(1), Decimal(0), Decimal("0.5"), Decimal(2)]))
    taxes = tuple(LineTax(tax.rate_id, cents(tax.total * share)) for tax in line.taxes)
    return replace(
        line,
        id=draw(st.sampled_from([line.id, line.id, 0])),
        quantity=draw(st.sampled_from([line.quantity, line.quantity, Decimal(0), Decimal("1.5")])),
        total=cents(total),
        total_tax=sum((tax.total for tax in taxes), Decimal(0)),
        taxes=draw(st.sampled_from([taxes, taxes, ()])),
    )


class _Left:
    """What the store would still refund of an order, line by line in whole cents, and in all."""

    def __init__(self, order: Order) -> None:
        self.unit = smallest_unit(order.currency)
        self.amount = half_up(order.total, self.unit)
        self.lines: dict[int, OrderLine | ShippingLine | FeeLine] = {}

    def take(self, line: _Sold, share: Decimal, *, is_last: bool) -> _Sold:
        """A part of a line by pieces, or all that is left of it, which this lowers."""
        place = id(line)
        shown = _part_of(line, Decimal(1), self.unit)
        left = self.lines.get(place) or shown
        if is_last or share == 1:
            self.lines[place] = _part_of(left, Decimal(0), self.unit)
            return left  # type: ignore[return-value]
        part = _part_of(shown, share, self.unit)
        if abs(part.total) > abs(left.total) or part.total_tax > left.total_tax:
            part = _part_of(left, Decimal(0), self.unit)
        taken = {tax.rate_id: tax.total for tax in part.taxes}
        taxes = tuple(LineTax(tax.rate_id, tax.total - taken[tax.rate_id]) for tax in left.taxes)
        rest = replace(left, total=left.total - part.total, total_tax=left.total_tax - part.total_tax, taxes=taxes)
        if isinstance(rest, OrderLine) and isinstance(part, OrderLine):
            rest = replace(rest, quantity=max(rest.quantity - part.quantity, Decimal(0)))
        self.lines[place] = rest
        return part  # type: ignore[return-value]


def _part_of(
    line: OrderLine | ShippingLine | FeeLine, share: Decimal, unit: Decimal
) -> OrderLine | ShippingLine | FeeLine:
    """A share of a line as the store keeps it in a refund: whole cents, each for itself."""
    taxes = tuple(LineTax(tax.rate_id, half_up(tax.total * share, unit)) for tax in line.taxes)
    total_tax = sum((tax.total for tax in taxes), Decimal(0))
    part = replace(line, total=half_up(line.total * share, unit), total_tax=total_tax, taxes=taxes)
    if isinstance(part, OrderLine):
        part = replace(part, quantity=(part.quantity * share).to_integral_value(), price=None, subtotal=part.total)
    return part


def _refund(
    order: Order, place: int, amount: Decimal, pieces: Sequence[OrderLine | ShippingLine | FeeLine] = ()
) -> Refund:
    taxes: dict[int, Decimal] = {}
    for piece in pieces:
        for tax in piece.taxes:
            taxes[tax.rate_id] = taxes.get(tax.rate_id, Decimal(0)) + tax.total
    known = {line.rate_id: line for line in order.tax_lines}
    return Refund(
        id=order.id + place,
        order_id=order.id,
        created_at=order.created_at + timedelta(days=10 + place),
        amount=amount,
        reason="",
        refunded_payment=False,
        lines=tuple(piece for piece in pieces if isinstance(piece, OrderLine)),
        shipping_lines=tuple(piece for piece in pieces if isinstance(piece, ShippingLine)),
        fee_lines=tuple(piece for piece in pieces if isinstance(piece, FeeLine)),
        tax_lines=tuple(
            replace(known[rate_id], tax_total=tax, shipping_tax_total=Decimal(0)) for rate_id, tax in taxes.items()
        ),
    )


@st.composite
def policies(draw: st.DrawFn) -> PostingPolicy:
    """Any policy, whole or with settings missing."""

    def maybe(ref: Ref) -> Ref | None:
        return draw(st.sampled_from([ref, ref, None]))

    taxes = TaxPolicy(
        world=draw(st.sampled_from(["global", "global", "off", "us_automated", "us_manual"])),
        rates=draw(st.sampled_from([MAPPINGS, MAPPINGS, MAPPINGS[:3], ()])),
        untaxed=draw(st.sampled_from([EXEMPT, EXEMPT, None])),
        tax_item=maybe(Ref("90")),
        override=draw(st.sampled_from(["auto", "always", "never"])),
        cancelling_lines=draw(st.booleans()),
        overrides=draw(st.sampled_from(["unknown", "kept", "ignored", "refused"])),
        rounding=draw(st.sampled_from(["per_rate", "per_line"])),
        prediction_wrong=draw(st.booleans()),
        needs_line_codes=draw(st.booleans()),
    )
    return replace(
        whole_policy(),
        taxes=taxes,
        home_currency=draw(st.sampled_from(["EUR", "EUR", "EUR", "JPY", "KWD"])),
        multicurrency=draw(st.booleans()),
        document=draw(st.sampled_from(["invoice", "sales_receipt"])),
        date_choice=draw(st.sampled_from(["created", "paid", "completed"])),
        automatic_numbers=draw(st.booleans()),
        number_prefix=draw(st.sampled_from(["", "Wio", "A-very-long-prefix-"])),
        number_meta=draw(st.sampled_from(["", "", "_legal"])),
        default_item=maybe(Ref("81")),
        shipping_item=maybe(Ref("82")),
        discount_item=maybe(Ref("85")),
        fee_item=maybe(Ref("83")),
        rounding_item=maybe(Ref("84")),
        refund_item=maybe(Ref("86")),
        credit_memos=draw(st.sampled_from(["automatic", "automatic", "credit_memo", "refund_receipt", "off"])),
        cancelled=draw(st.sampled_from(["credit_memo", "void"])),
        whole_order_refunds=draw(st.sampled_from(["mirror", "amount"])),
        customer_mode=draw(st.sampled_from(["original", "organisation", "generic"])),
        closed_period=draw(st.sampled_from(["hold", "first_open_day"])),
        closed_until=draw(st.sampled_from([None, date(2026, 6, 30)])),
        zero_total=draw(st.sampled_from(["post", "skip"])),
        record_payments=draw(st.booleans()),
        default_account=maybe(Ref("4")),
        gateways=draw(st.sampled_from([{}, _GATEWAYS, {"stripe": replace(_GATEWAYS["stripe"], record=False)}])),
        inactive_refs=draw(st.sampled_from([{}, {}, {"shipping_item": "Shipping"}, {"tax_code:1": "20 %"}])),
        language=draw(st.sampled_from(["en", "fr", "fr-CA", "de"])),
    )


_GATEWAYS = {"stripe": GatewayMapping("stripe", Ref("36"), Ref("3"))}


def whole_policy(taxes: TaxPolicy | None = None) -> PostingPolicy:
    """A policy with every setting made."""
    return PostingPolicy(
        tenant_key="t1",
        time_zone="Europe/Paris",
        start_date=date(2026, 1, 1),
        statuses=frozenset({"processing", "completed"}),
        home_currency="EUR",
        multicurrency=False,
        country="FR",
        taxes=taxes or TaxPolicy("global", MAPPINGS, EXEMPT, tax_item=Ref("90")),
        default_item=Ref("81"),
        shipping_item=Ref("82"),
        fee_item=Ref("83"),
        rounding_item=Ref("84"),
        refund_item=Ref("86"),
        default_account=Ref("4"),
        gateways=_GATEWAYS,
    )


def parties() -> st.SearchStrategy[Parties]:
    known = {(number, 0): Ref(f"i{number}") for number in range(1, 6)}
    return st.sampled_from([Parties(Ref("58"), known), Parties(Ref("58"), {})])


def line_taxes(net: Decimal, rates: tuple[Rate, ...]) -> tuple[LineTax, ...]:
    """The unrounded tax of each rate on a net amount; a compound rate is computed on amount plus tax."""
    taxes: list[LineTax] = []
    for rate in rates:
        base = net + sum((tax.total for tax in taxes), Decimal(0)) if rate.compound else net
        taxes.append(LineTax(rate.id, (base * rate.percent / 100).quantize(STORED)))
    return tuple(taxes)


def spread_fee(total: Decimal, lines: tuple[OrderLine, ...]) -> FeeLine:
    """A negative fee: WooCommerce spreads it over the goods by value and taxes each share like them."""
    goods = sum((line.total for line in lines), Decimal(0))
    known = {rate.id: rate for classes in COUNTRIES for rates in classes for rate in rates}
    taxes: dict[int, Decimal] = {}
    for line in lines:
        share = total * line.total / goods
        for tax in line_taxes(share, tuple(known[tax.rate_id] for tax in line.taxes)):
            taxes[tax.rate_id] = taxes.get(tax.rate_id, Decimal(0)) + cents(tax.total)
    listed = tuple(LineTax(rate_id, amount) for rate_id, amount in taxes.items())
    return FeeLine(9, "Store credit", total, sum(taxes.values(), Decimal(0)), listed)


def add_up(
    shell: Order,
    lines: tuple[OrderLine, ...],
    shipping: tuple[ShippingLine, ...],
    fees: tuple[FeeLine, ...],
    *,
    at_subtotal: bool,
) -> Order:
    """The order's totals from its lines, rounded by line or at the subtotal as the shop is set."""
    known = {rate.id: rate for classes in COUNTRIES for rates in classes for rate in rates}
    tax_lines: dict[int, TaxLine] = {}
    for line in (*lines, *shipping, *fees):
        for tax in line.taxes:
            rate = known[tax.rate_id]
            before = tax_lines.get(rate.id) or TaxLine(
                rate.id, rate.label, rate.label, rate.percent, rate.compound, Decimal(0), Decimal(0)
            )
            amount = tax.total if at_subtotal else cents(tax.total)
            is_shipping = isinstance(line, ShippingLine)
            tax_lines[rate.id] = replace(
                before,
                tax_total=before.tax_total + (Decimal(0) if is_shipping else amount),
                shipping_tax_total=before.shipping_tax_total + (amount if is_shipping else Decimal(0)),
            )
    total_tax = sum((cents(line.tax_total) + cents(line.shipping_tax_total) for line in tax_lines.values()), Decimal(0))
    net = sum((line.total for line in (*lines, *shipping, *fees)), Decimal(0))
    return replace(
        shell,
        lines=lines,
        shipping_lines=shipping,
        fee_lines=fees,
        tax_lines=tuple(tax_lines.values()),
        total_tax=total_tax,
        total=cents(net) + total_tax,
    )


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@st.composite
def _lines(draw: st.DrawFn, classes: tuple[tuple[Rate, ...], ...]) -> OrderLine:
    rates = draw(st.sampled_from(classes))
    quantity = draw(st.integers(1, 80))
    subtotal = (draw(amounts("0", "300")) * quantity).quantize(STORED)
    total = (
        subtotal * draw(st.sampled_from([Decimal(1), Decimal(1), Decimal("0.9"), Decimal("0.67"), Decimal(0)]))
    ).quantize(STORED)
    taxes = line_taxes(total, rates)
    number = draw(st.integers(1, 5))
    return OrderLine(
        id=draw(st.integers(1, 10**6)),
        name=draw(st.text(max_size=30)),
        product_id=number,
        variation_id=0,
        sku=f"SKU-{number}",
        quantity=Decimal(quantity),
        subtotal=subtotal,
        subtotal_tax=Decimal(0),
        total=total,
        total_tax=sum((cents(tax.total) for tax in taxes), Decimal(0)),
        taxes=taxes,
        price=total / quantity,
    )


@st.composite
def _shipping(draw: st.DrawFn, classes: tuple[tuple[Rate, ...], ...]) -> ShippingLine:
    total = draw(st.one_of(amounts("0", "40", 2), amounts("0", "40", 4), st.just(Decimal(0))))
    taxes = line_taxes(total, draw(st.sampled_from(classes)))
    return ShippingLine(7, "Flat rate", "flat_rate", total, sum((cents(tax.total) for tax in taxes), Decimal(0)), taxes)


@st.composite
def _fees(draw: st.DrawFn, classes: tuple[tuple[Rate, ...], ...]) -> FeeLine:
    total = draw(amounts("0.01", "30", 2))
    taxes = line_taxes(total, draw(st.sampled_from(classes)))
    return FeeLine(8, "Gift wrap", total, sum((cents(tax.total) for tax in taxes), Decimal(0)), taxes)


@st.composite
def shells(draw: st.DrawFn) -> Order:
    created = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 8000)))
    paid = draw(st.sampled_from([created, created + timedelta(days=3), None]))
    number = draw(st.integers(1, 10**8))
    name = draw(st.text(max_size=20))
    return Order(
        id=number,
        number=str(number),
        status=draw(st.sampled_from(["processing", "completed", "completed", "on-hold", "refunded"])),
        currency="EUR",
        created_at=created,
        modified_at=created,
        paid_at=paid,
        completed_at=draw(st.sampled_from([None, created + timedelta(days=5)])),
        prices_include_tax=draw(st.booleans()),
        total=Decimal(0),
        total_tax=Decimal(0),
        discount_total=Decimal(0),
        discount_tax=Decimal(0),
        shipping_total=Decimal(0),
        customer_id=0,
        billing=Address(
            first_name=name, company=draw(st.sampled_from(["", "ACME"])), email="jane@x.example", country="FR"
        ),
        shipping=Address(),
        payment_method=draw(st.sampled_from(["stripe", "bacs", ""])),
        payment_method_title="Card",
        transaction_id=draw(st.text(max_size=40)),
        customer_note=draw(st.text(max_size=60)),
        refunds=draw(st.sampled_from([(), (RefundSummary(1, "", Decimal(1)),)])),
        is_vat_exempt=draw(st.sampled_from([False, False, True])),
    )

"""Hypothesis strategies for orders as WooCommerce computes them: any country's rates, either rounding, any currency.

The store's arithmetic is the stand-in store's (sandbox/store/arithmetic.py), which is proved on the captures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Any

from hypothesis import strategies as st

from connector.accounting.commerce import FeeLine, LineTax, Order, OrderLine, ShippingLine, TaxLine
from connector.accounting.money import currency_decimals
from connector.accounting.policy import PostingPolicy, RateMapping, Ref, TaxCode, TaxPolicy, TaxRate
from sandbox.store.arithmetic import CartItem, Fee, Line, OrderAmounts, Shipping, calculate_order, price_cart
from sandbox.store.discounts import Coupon
from sandbox.store.money import STORED_DECIMALS, round_half_up
from sandbox.store.taxes import Location, Rate, Taxes, TaxRules, total_of
from tests.strategies import amounts, shells, whole_policy

ZERO = Decimal(0)
HERE = Location("XX")


@dataclass(frozen=True)
class Country:
    """The rates of a country by tax class; ids do not repeat over countries. A rate with * is laid on those before."""

    name: str
    start: int
    classes: tuple[tuple[str, ...], ...]

    @property
    def rates(self) -> tuple[Rate, ...]:
        found: dict[str, int] = {}
        rows = []
        for place, percents in enumerate(self.classes):
            for priority, text in enumerate(percents, start=1):
                rate_id = found.setdefault(text, self.start + len(found))
                name, tax_class = f"{self.name} {text}", f"class-{place}" if place else ""
                percent, compound = Decimal(text.rstrip("*")), text.endswith("*")
                rows.append(Rate(rate_id, percent, name, tax_class, priority=priority, compound=compound))
        return tuple(rows)

    @property
    def sets(self) -> tuple[frozenset[int], ...]:
        """The sets of rates that a line can bear."""
        names = [f"class-{place}" if place else "" for place in range(len(self.classes))]
        return tuple(frozenset(rate.id for rate in self.rates if rate.tax_class == name) for name in names)

    def code(self, ids: frozenset[int]) -> TaxCode:
        rates = {rate.id: rate for rate in self.rates}
        own = tuple(TaxRate(f"{i}0", rates[i].name, rates[i].percent, rates[i].compound) for i in sorted(ids))
        return TaxCode("9".join(str(i) for i in sorted(ids)), " + ".join(rate.name for rate in own), own)

    def mappings(self, *, whole_documents: bool) -> tuple[RateMapping, ...]:
        """A code for each set of rates of a line; for each that may meet in a document, where that has one code."""
        sets = dict.fromkeys(self.sets)
        if whole_documents:
            taxing = [ids for ids in self.sets if any(rate.percent for rate in self.rates if rate.id in ids)]
            unions = [
                frozenset().union(*some) for size in range(1, len(taxing) + 1) for some in combinations(taxing, size)
            ]
            sets = dict.fromkeys(unions)
        return tuple(RateMapping(ids, self.code(ids)) for ids in sets)


COUNTRIES = (
    Country("FR", 100, (("20",), ("5.5",), ("10",), ("0",))),
    Country("GB", 110, (("20",), ("5",), ("0",))),
    Country("AU", 120, (("10",), ("0",))),
    Country("QC", 130, (("5", "9.975"), ("5",), ("0",))),
    Country("QC until 2012", 140, (("5", "9.5*"), ("5",))),
    Country("ON", 150, (("13",), ("5",))),
    Country("NB", 160, (("15",),)),
    Country("BC", 170, (("5", "7"), ("5",))),
    Country("NC", 180, (("4.75", "2.25"), ("2",))),
    Country("NYC", 190, (("4", "4.5", "0.375"), ("4",))),
    Country("IN", 200, (("9", "9.0001"), ("2.5", "2.5001*"))),
)
WORLDS = ("global", "off", "us_automated", "us_manual")
CURRENCIES = ("EUR", "EUR", "EUR", "JPY", "KWD")
UNTAXED = TaxCode("77", "Exempt")


@dataclass(frozen=True)
class Shop:
    """A store and what it sells in. `decimals`: how many it shows, mostly the currency's own."""

    country: Country
    rules: TaxRules
    currency: str

    @property
    def is_plain(self) -> bool:
        """The store shows every unit that the currency has, and no more."""
        return self.rules.decimals == currency_decimals(self.currency)


@st.composite
def shops(draw: st.DrawFn, countries: Sequence[Country] = COUNTRIES) -> Shop:
    country = draw(st.sampled_from(countries))
    currency = draw(st.sampled_from(CURRENCIES))
    own = currency_decimals(currency)
    decimals = draw(st.sampled_from([own, own, own, own, own, 4, 0]))
    rules = TaxRules(
        country.rates, HERE, prices_include_tax=draw(st.booleans()), round_at_subtotal=draw(st.booleans()),
        decimals=decimals, shipping_class=draw(st.sampled_from(["", "inherit"])),
    )  # fmt: skip
    return Shop(country, rules, currency)


@st.composite
def store_orders(draw: st.DrawFn, shop: Shop) -> Order:
    """An order of the shop: a checkout with coupons, or one made by hand; with shipping, fees and exempt buyers."""
    rules, exempt = shop.rules, draw(st.integers(0, 9)) == 0
    items = draw(st.lists(_items(shop), min_size=0 if draw(st.booleans()) else 1, max_size=6))
    coupons = draw(st.lists(_coupons(), max_size=2)) if rules.decimals == 2 else []
    lines, _uses = price_cart(items, coupons, rules, location=HERE, vat_exempt=exempt)
    if rules.decimals != 2:
        share = draw(st.sampled_from([Decimal(1), Decimal("0.9"), Decimal("0.67"), ZERO]))
        lines = [replace_total(line, share) for line in lines]
    order = OrderAmounts(
        lines=lines,
        fees=draw(st.lists(_fees(shop), max_size=2 if lines else 0)),
        shipping=draw(st.lists(_shipping(shop), min_size=0 if lines else 1, max_size=2)),
        location=HERE,
        vat_exempt=exempt,
    )
    calculate_order(order, rules)
    return _typed(draw(shells()), order, shop, shows_all=draw(st.booleans()), exempt=exempt)


def replace_total(line: Line, share: Decimal) -> Line:
    line.total = round_half_up(line.subtotal * share, STORED_DECIMALS)
    return line


@st.composite
def _items(draw: st.DrawFn, shop: Shop) -> CartItem:
    places = shop.rules.decimals if draw(st.booleans()) else min(shop.rules.decimals + 2, 4)
    classes = [f"class-{place}" if place else "" for place in range(len(shop.country.classes))]
    return CartItem(
        price=draw(st.one_of(amounts("0", "300", places), st.sampled_from([Decimal("9.99"), Decimal(5)]))),
        quantity=Decimal(draw(st.integers(1, 80))),
        tax_class=draw(st.sampled_from(classes)),
        taxable=draw(st.sampled_from([True, True, True, True, False])),
    )


@st.composite
def _coupons(draw: st.DrawFn) -> Coupon:
    kind = draw(st.sampled_from(["percent", "fixed_cart", "fixed_product"]))
    amount = draw(st.sampled_from([Decimal(10), Decimal(15), Decimal(5), Decimal("3.33")]))
    return Coupon(f"{kind}-{amount}", kind, amount, id=draw(st.integers(1, 9)))


@st.composite
def _fees(draw: st.DrawFn, shop: Shop) -> Fee:
    total = draw(amounts("-20", "30", shop.rules.decimals))
    return Fee(total, tax_status=draw(st.sampled_from(["taxable", "taxable", "none"])))


@st.composite
def _shipping(draw: st.DrawFn, shop: Shop) -> Shipping:
    total = draw(st.one_of(amounts("0", "40", shop.rules.decimals), amounts("0", "40", 4)))
    return Shipping(total, tax_status=draw(st.sampled_from(["taxable", "taxable", "none"])))


def _typed(shell: Order, order: OrderAmounts, shop: Shop, *, shows_all: bool, exempt: bool) -> Order:
    """As the API gives it: with six decimals, or with those the store shows and the unrounded price beside them."""
    rules = shop.rules
    places = STORED_DECIMALS if shows_all else rules.decimals

    def seen(amount: Decimal) -> Decimal:
        return round_half_up(amount, places)

    def taxes(of: Taxes) -> tuple[LineTax, ...]:
        return tuple(LineTax(rate_id, seen(tax)) for rate_id, tax in of.items())

    def tax(of: Taxes) -> Decimal:
        return total_of(of) if rules.round_at_subtotal else sum(map(rules.round_tax, of.values()), ZERO)

    lines = tuple(
        OrderLine(
            id=100 + place, name=f"Good {place}", product_id=place % 5 + 1, variation_id=0, sku=f"SKU-{place % 5 + 1}",
            quantity=line.quantity, subtotal=seen(line.subtotal), subtotal_tax=seen(tax(line.subtotal_taxes)),
            total=seen(line.total), total_tax=seen(tax(line.taxes)), taxes=taxes(line.taxes),
            price=Decimal(repr(float(line.total / line.quantity))),
        )
        for place, line in enumerate(order.lines)
    )  # fmt: skip
    return replace(
        shell,
        currency=shop.currency,
        prices_include_tax=rules.prices_include_tax,
        is_vat_exempt=exempt,
        total=round_half_up(order.total, rules.decimals),
        total_tax=round_half_up(order.total_tax, rules.decimals),
        lines=lines,
        shipping_lines=tuple(
            ShippingLine(
                200 + place, "Flat", "flat_rate", seen(line.total), seen(tax(line.taxes)), taxes(line.taxes)
            )
            for place, line in enumerate(order.shipping)
        ),
        fee_lines=tuple(
            FeeLine(300 + place, "Fee", seen(fee.total), seen(tax(fee.taxes)), taxes(fee.taxes))
            for place, fee in enumerate(order.fees)
        ),
        tax_lines=tuple(
            TaxLine(
                line.rate_id, line.rate.name, line.rate.code, line.rate.percent, line.rate.compound,
                round_half_up(line.tax_total, places), round_half_up(line.shipping_tax_total, places),
            )
            for line in order.tax_lines if line.rate is not None
        ),
    )  # fmt: skip


@st.composite
def shop_policies(draw: st.DrawFn, shop: Shop, worlds: Sequence[str] = WORLDS, **changes: Any) -> PostingPolicy:
    """A policy that can post the shop's orders, with whatever its company may have taught or the merchant chosen."""
    world = draw(st.sampled_from(worlds))
    taxes = TaxPolicy(
        world,  # type: ignore[arg-type]
        shop.country.mappings(whole_documents=world.startswith("us_")),
        UNTAXED,
        tax_item=Ref("90"),
        override=draw(st.sampled_from(["auto", "auto", "auto", "always", "never"])),
        cancelling_lines=draw(st.sampled_from([True, True, False])),
        overrides=draw(st.sampled_from(["unknown", "unknown", "kept", "ignored", "refused"])),
        rounding=draw(st.sampled_from(["per_rate", "per_rate", "per_line"])),
        prediction_wrong=draw(st.sampled_from([False, False, False, True])),
    )
    policy = replace(
        whole_policy(taxes),
        home_currency=shop.currency,
        country="US" if world.startswith("us_") else "FR",
        document=draw(st.sampled_from(["invoice", "sales_receipt"])),
        discount_item=draw(st.sampled_from([None, Ref("85")])),
        whole_order_refunds=draw(st.sampled_from(["mirror", "amount"])),
        credit_memos=draw(st.sampled_from(["automatic", "credit_memo", "refund_receipt"])),
    )
    return replace(policy, **changes)


def behaviours() -> st.SearchStrategy[dict[str, Any]]:
    """All that a company may do with amounts."""
    return st.fixed_dictionaries(
        {
            "overrides": st.sampled_from(["keep", "tolerance", "ignore", "refuse"]),
            "rounding": st.sampled_from(["per_rate", "per_line"]),
            "automated": st.sampled_from(["keep", "ignore"]),
            "override_tolerance": st.sampled_from(["0.05", "0.01"]),
            "ignored_below": st.sampled_from(["0", "0", "0.02"]),
            "three_decimals": st.sampled_from(["keep", "keep", "round"]),
        }
    )

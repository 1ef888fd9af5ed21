"""What an order comes to, computed as WooCommerce computes it.

Two ways lead to lines: a checkout (`price_cart`, in cents, coupons off the entered prices) and an order made by hand or
through the API (`net_price`). Both end in `calculate_order`, as the block checkout does since WooCommerce 8.
Source: `WC_Cart_Totals`, `WC_Abstract_Order::calculate_totals`, `calculate_taxes`, `update_taxes`, `WC_Order_Item_Fee`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sandbox.store.discounts import Coupon, Discountable, apply_coupons
from sandbox.store.money import STORED_DECIMALS, ZERO, round_half_up
from sandbox.store.taxes import Location, Rate, Taxes, TaxRules, add_taxes, tax_in_gross, tax_on_net, total_of

_PICKUP_METHODS = ("local_pickup", "legacy_local_pickup", "pickup_location")


@dataclass(frozen=True, slots=True)
class CartItem:
    """What a buyer puts in the cart; `price` is one piece as the store enters prices."""

    price: Decimal
    quantity: Decimal
    tax_class: str = ""
    taxable: bool = True
    product_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class Line:
    """A product line: `subtotal` before and `total` after coupons, both without tax, six decimals."""

    quantity: Decimal
    subtotal: Decimal
    total: Decimal
    tax_class: str = ""
    taxable: bool = True
    product_ids: tuple[int, ...] = ()
    taxes: Taxes = field(default_factory=dict)
    subtotal_taxes: Taxes = field(default_factory=dict)


@dataclass(slots=True)
class Fee:
    """A fee, or with a negative total a discount without a coupon."""

    total: Decimal
    tax_class: str = ""
    tax_status: str = "taxable"
    taxes: Taxes = field(default_factory=dict)


@dataclass(slots=True)
class Shipping:
    """One shipping line."""

    total: Decimal
    method_id: str = "flat_rate"
    tax_status: str = "taxable"
    taxes: Taxes = field(default_factory=dict)


@dataclass(slots=True)
class CouponUse:
    """What one coupon took off, without tax, and the tax that went with it."""

    coupon: Coupon
    discount: Decimal = ZERO
    discount_tax: Decimal = ZERO


@dataclass(slots=True)
class TaxLine:
    """The sum of one rate. `rate` is None when the store's table has lost it."""

    rate_id: int
    tax_total: Decimal
    shipping_tax_total: Decimal
    rate: Rate | None = None


@dataclass(slots=True)
class OrderAmounts:
    """An order's amounts: lines go in, totals and tax lines come out of `calculate_order`."""

    lines: list[Line]
    fees: list[Fee] = field(default_factory=list)
    shipping: list[Shipping] = field(default_factory=list)
    coupons: list[CouponUse] = field(default_factory=list)
    location: Location = field(default_factory=lambda: Location(""))
    vat_exempt: bool = False
    tax_lines: list[TaxLine] = field(default_factory=list)
    discount_total: Decimal = ZERO
    discount_tax: Decimal = ZERO
    shipping_total: Decimal = ZERO
    shipping_tax: Decimal = ZERO
    cart_tax: Decimal = ZERO
    total_tax: Decimal = ZERO
    total: Decimal = ZERO


def line_tax(taxes: Taxes, rules: TaxRules) -> Decimal:
    """A line's tax as shown: rate by rate to the cent, or unrounded where the store rounds at subtotal."""
    return total_of(taxes) if rules.round_at_subtotal else sum(map(rules.round_tax, taxes.values()), ZERO)


def net_price(item: CartItem, rules: TaxRules) -> Decimal:
    """A line's amount without tax, as the order screen and the API compute it from the product's price."""
    price = item.price * item.quantity
    if item.taxable and rules.prices_include_tax:
        price -= total_of(tax_in_gross(price, rules.matching(item.tax_class, rules.base)))
    return round_half_up(price, STORED_DECIMALS)


def price_cart(
    items: Sequence[CartItem],
    coupons: Sequence[Coupon],
    rules: TaxRules,
    *,
    location: Location,
    vat_exempt: bool = False,
) -> tuple[list[Line], list[CouponUse]]:
    """Lines and coupon amounts of a checkout. Prices with tax are first adjusted to the buyer's country."""
    rates = [rules.matching(item.tax_class, location) if item.taxable and not vat_exempt else [] for item in items]
    gross = [_entered_price(item, own, rules, vat_exempt=vat_exempt) for item, own in zip(items, rates, strict=True)]
    discountable = [
        Discountable(price, item.quantity, item.product_ids) for price, item in zip(gross, items, strict=True)
    ]
    apply_coupons(discountable, coupons)
    with_tax = rules.prices_include_tax and not vat_exempt
    lines = [
        Line(
            quantity=item.quantity,
            subtotal=_net_of(price, own, with_tax=with_tax),
            total=_net_of(price - reduced.discount, own, with_tax=with_tax),
            tax_class=item.tax_class,
            taxable=item.taxable,
            product_ids=item.product_ids,
        )
        for item, own, price, reduced in zip(items, rates, gross, discountable, strict=True)
    ]
    uses = []
    for coupon in coupons:
        use = CouponUse(coupon)
        for own, reduced in zip(rates, discountable, strict=True):
            cents = reduced.taken.get(coupon.code, ZERO)
            tax = total_of(tax_in_gross(cents, own) if with_tax else tax_on_net(cents, own))
            use.discount += (cents - tax if with_tax else cents) / 100
            use.discount_tax += tax / 100
        uses.append(use)
    return lines, uses


def apply_coupons_to_order(order: OrderAmounts, coupons: Sequence[Coupon], rules: TaxRules) -> None:
    """Coupons added to an order that already has lines (`WC_Abstract_Order::recalculate_coupons`)."""
    where = tax_location(order, rules)
    rates = [rules.matching(line.tax_class, where) if line.taxable else [] for line in order.lines]
    discountable = []
    for line, own in zip(order.lines, rates, strict=True):
        tax = line_tax(tax_on_net(line.subtotal, own), rules) if rules.prices_include_tax else ZERO
        discountable.append(
            Discountable(round_half_up((line.subtotal + tax) * 100, 4), line.quantity, line.product_ids)
        )
    apply_coupons(discountable, coupons)
    order.coupons = []
    for coupon in coupons:
        use = CouponUse(coupon)
        for own, reduced in zip(rates, discountable, strict=True):
            amount = reduced.taken.get(coupon.code, ZERO) / 100
            tax = total_of(tax_in_gross(amount, own) if rules.prices_include_tax else tax_on_net(amount, own))
            tax = tax if rules.round_at_subtotal else rules.round_tax(tax)
            use.discount += amount - tax if rules.prices_include_tax else amount
            use.discount_tax += tax
        order.coupons.append(use)
    for line, own, reduced in zip(order.lines, rates, discountable, strict=True):
        amount = reduced.discount / 100
        if rules.prices_include_tax:
            amount -= total_of(tax_in_gross(amount, own))
        line.total = max(ZERO, round_half_up(line.subtotal - amount, STORED_DECIMALS))


def tax_location(order: OrderAmounts, rules: TaxRules) -> Location:
    """The place that taxes the order: the shop for pick-ups and for orders without an address."""
    if any(line.method_id in _PICKUP_METHODS for line in order.shipping) or not order.location.country:
        return rules.base
    return order.location


def calculate_order(order: OrderAmounts, rules: TaxRules) -> None:
    """Fill in taxes, tax lines and totals from the lines, fees and shipping of the order."""
    whole = rules.decimals
    subtotal = _sum_of_lines([line.subtotal for line in order.lines], rules)
    total = _sum_of_lines([line.total for line in order.lines], rules)
    order.shipping_total = sum((round_half_up(line.total, whole) for line in order.shipping), ZERO)
    fees = ZERO
    for fee in order.fees:
        most = -round_half_up(total + fees + order.shipping_total, whole)
        if fee.total < most < 0:
            fee.total = most
        fees += fee.total
    _tax_items(order, rules)
    _sum_taxes(order, rules)
    subtotal_taxes = sum((total_of(line.subtotal_taxes) for line in order.lines), ZERO)
    total_taxes = sum((total_of(line.taxes) for line in order.lines), ZERO)
    order.discount_total = round_half_up(subtotal - total, whole)
    order.discount_tax = rules.round_tax(subtotal_taxes - total_taxes)
    order.total = round_half_up(total + fees + order.shipping_total + order.cart_tax + order.shipping_tax, whole)


def _entered_price(item: CartItem, rates: Sequence[Rate], rules: TaxRules, *, vat_exempt: bool) -> Decimal:
    """A line's price in cents; a price with the shop's tax becomes one with the buyer's, or without for the exempt."""
    cents = round_half_up(item.price * item.quantity * 100, STORED_DECIMALS - rules.decimals)
    if not rules.prices_include_tax or not item.taxable:
        return cents
    base = rules.matching(item.tax_class, rules.base)
    if vat_exempt:
        return round_half_up(cents - total_of(tax_in_gross(cents, base)))
    if list(rates) == base:
        return cents
    net = cents - total_of(tax_in_gross(cents, base))
    return net + total_of(tax_on_net(net, rates))


def _net_of(cents: Decimal, rates: Sequence[Rate], *, with_tax: bool) -> Decimal:
    net = cents - total_of(tax_in_gross(cents, rates)) if with_tax else cents
    return round_half_up(net / 100, STORED_DECIMALS)


def _sum_of_lines(amounts: Sequence[Decimal], rules: TaxRules) -> Decimal:
    """Each line is rounded to the cent before it is added, unless the store rounds at subtotal."""
    return sum((one if rules.round_at_subtotal else round_half_up(one, rules.decimals) for one in amounts), ZERO)


def _tax_items(order: OrderAmounts, rules: TaxRules) -> None:
    where = tax_location(order, rules)
    shipping_class = _shipping_class(order, rules)
    for line in order.lines:
        rates = rules.matching(line.tax_class, where) if line.taxable and not order.vat_exempt else []
        line.taxes, line.subtotal_taxes = tax_on_net(line.total, rates), tax_on_net(line.subtotal, rates)
    for fee in order.fees:
        fee.taxes = {}
        if order.vat_exempt:
            continue
        if fee.total < 0:
            _tax_negative_fee(fee, order, rules, where)
        elif fee.tax_status == "taxable":
            fee.taxes = tax_on_net(fee.total, rules.matching(fee.tax_class, where))
    for shipping in order.shipping:
        taxed = shipping_class is not None and shipping.tax_status == "taxable" and not order.vat_exempt
        rates = rules.matching_shipping(shipping_class or "", where) if taxed else []
        shipping.taxes = tax_on_net(shipping.total, rates)


def _shipping_class(order: OrderAmounts, rules: TaxRules) -> str | None:
    """The class that taxes shipping; None when it is inherited from lines that carry none."""
    if rules.shipping_class != "inherit":
        return rules.shipping_class
    found = {line.tax_class for line in order.lines if line.taxable}
    known = dict.fromkeys(["", *(rate.tax_class for rate in rules.rates)])
    return next((name for name in known if name in found), None)


def _tax_negative_fee(fee: Fee, order: OrderAmounts, rules: TaxRules, where: Location) -> None:
    """A negative fee takes tax off in proportion to the tax classes of everything else, even with status "none"."""
    classes = list(dict.fromkeys(line.tax_class for line in order.lines if line.taxable))
    costs: dict[str | None, Decimal] = {}
    for line in order.lines:
        if line.total > 0:
            key = line.tax_class if line.taxable else None
            costs[key] = costs.get(key, ZERO) + line.total
    for other in order.fees:
        if other.total > 0:
            key = other.tax_class if other.tax_status == "taxable" else None
            costs[key] = costs.get(key, ZERO) + other.total
    for shipping in order.shipping:
        if shipping.total > 0:
            key = None
            if shipping.tax_status == "taxable":
                key = (classes[0] if classes else "") if rules.shipping_class == "inherit" else rules.shipping_class
            costs[key] = costs.get(key, ZERO) + shipping.total
    everything = sum(costs.values(), ZERO)
    for tax_class, cost in costs.items():
        if tax_class is not None and everything:
            share = fee.total * cost / everything
            add_taxes(fee.taxes, tax_on_net(share, rules.matching(tax_class, where)).items())


def _sum_taxes(order: OrderAmounts, rules: TaxRules) -> None:
    """Tax lines by rate. Per-line rounding rounds each rate of each line; shipping is rounded line by line too."""

    def rounded(amount: Decimal) -> Decimal:
        return amount if rules.round_at_subtotal else rules.round_tax(amount)

    cart: Taxes = {}
    shipping: Taxes = {}
    for taxes in [*(line.taxes for line in order.lines), *(fee.taxes for fee in order.fees)]:
        add_taxes(cart, ((key, rounded(amount)) for key, amount in taxes.items()))
    for line in order.shipping:
        add_taxes(shipping, ((key, rounded(amount)) for key, amount in line.taxes.items()))
    order.tax_lines = [
        TaxLine(key, cart.get(key, ZERO), shipping.get(key, ZERO), rules.rate(key)) for key in {**cart, **shipping}
    ]
    order.cart_tax, order.shipping_tax = total_of(cart), total_of(shipping)
    order.total_tax = round_half_up(order.cart_tax + order.shipping_tax, rules.decimals)

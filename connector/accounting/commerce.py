"""What a shop sold and gave back: WooCommerce's objects, typed, before any accounting decision.

Amounts are Decimals at the highest precision the store gave (up to 6 places), in the order's currency; line amounts
exclude tax (WooCommerce behaviour, Amounts and tax). Texts are decoded (no HTML entities). Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

ProductKey = tuple[int, int]
"""(product id, variation id); the variation id is 0 for a simple product, both are 0 for a line without product."""
OrderPart = Literal["whole", "deposit", "balance", "payment"]
"""What of a sale an order is. Deposit plugins of one kind split it: the first order bears the deposit alone, a later
one (of `parent_id`) the balance. Those of the other kind keep it whole; an order that is a `payment` is no sale."""


@dataclass(frozen=True, slots=True)
class Address:
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class LineTax:
    """The tax of one rate on one line; rates that WooCommerce lists with an empty amount are left out."""

    rate_id: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A product line. `price` is the store's own unit price (total / quantity, with float noise), for reference."""

    id: int
    name: str
    product_id: int
    variation_id: int
    sku: str
    quantity: Decimal
    subtotal: Decimal
    subtotal_tax: Decimal
    total: Decimal
    total_tax: Decimal
    taxes: tuple[LineTax, ...] = ()
    price: Decimal | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    tax_class: str = ""

    @property
    def product(self) -> ProductKey:
        return (self.product_id, self.variation_id)


@dataclass(frozen=True, slots=True)
class ShippingLine:
    id: int
    name: str
    method_id: str
    total: Decimal
    total_tax: Decimal
    taxes: tuple[LineTax, ...] = ()


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A fee; the total may be negative (a discount, a redeemed gift card) and carry taxes of several classes."""

    id: int
    name: str
    total: Decimal
    total_tax: Decimal
    taxes: tuple[LineTax, ...] = ()
    tax_class: str = ""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One rate of the order as a whole. `percent` is 0 when the rate no longer exists in the store."""

    rate_id: int
    label: str
    code: str
    percent: Decimal
    compound: bool
    tax_total: Decimal
    shipping_tax_total: Decimal

    @property
    def total(self) -> Decimal:
        return self.tax_total + self.shipping_tax_total


@dataclass(frozen=True, slots=True)
class RefundSummary:
    """A refund as its order lists it; `total` is positive."""

    id: int
    reason: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `decimals` is the number of decimals the store shows amounts with."""

    id: int
    number: str
    status: str
    currency: str
    created_at: datetime
    modified_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    prices_include_tax: bool
    total: Decimal
    total_tax: Decimal
    discount_total: Decimal
    discount_tax: Decimal
    shipping_total: Decimal
    customer_id: int
    billing: Address
    shipping: Address
    payment_method: str
    payment_method_title: str
    transaction_id: str
    customer_note: str
    created_via: str = ""
    lines: tuple[OrderLine, ...] = ()
    shipping_lines: tuple[ShippingLine, ...] = ()
    fee_lines: tuple[FeeLine, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()
    coupons: tuple[str, ...] = ()
    refunds: tuple[RefundSummary, ...] = ()
    is_vat_exempt: bool = False
    part: OrderPart = "whole"
    parent_id: int = 0
    """The order that a balance or a payment belongs to, 0 where there is none."""
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_paid(self) -> bool:
        """Paid for our purposes: WooCommerce keeps date_paid after a fall back to an unpaid status."""
        return self.paid_at is not None and self.status not in UNPAID_STATUSES

    @property
    def vat_number(self) -> str:
        return next((self.meta[key].strip() for key in VAT_NUMBER_KEYS if self.meta.get(key, "").strip()), "")


VAT_NUMBER_KEYS = (
    "_vat_number",
    "_billing_vat_number",
    "billing_vat_number",
    "vat_number",
    "_billing_eu_vat_number",
    "billing_eu_vat_number",
    "_billing_vat_id",
    "billing_vat_id",
    "_shipping_vat_id",
    "_billing_vat",
    "billing_vat",
    "yweu_billing_vat",
)
"""Where plugins keep the buyer's VAT number, in order of preference; the core has no field for it."""
UNPAID_STATUSES = frozenset({"pending", "on-hold", "failed"})
DRAFT_STATUSES = frozenset({"checkout-draft", "auto-draft", "draft", "new"})


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund with its lines. All amounts and quantities are positive, whatever sign the store uses."""

    id: int
    order_id: int
    created_at: datetime
    amount: Decimal
    reason: str
    refunded_payment: bool
    lines: tuple[OrderLine, ...] = ()
    shipping_lines: tuple[ShippingLine, ...] = ()
    fee_lines: tuple[FeeLine, ...] = ()
    tax_lines: tuple[TaxLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A product or variation of the store. `price` is as entered (with or without tax); `description` is plain text."""

    id: int
    parent_id: int
    kind: str
    name: str
    sku: str
    price: Decimal | None
    status: str
    manages_stock: bool
    stock_quantity: Decimal | None
    modified_at: datetime | None
    description: str = ""

    @property
    def product(self) -> ProductKey:
        """The key that lines and links know it by."""
        return (self.parent_id, self.id) if self.parent_id else (self.id, 0)

    @property
    def product_id(self) -> int:
        return self.parent_id or self.id

    @property
    def stock(self) -> Decimal | None:
        """What the store counts of it by itself; None where it keeps no stock, or keeps it on the parent."""
        if not self.manages_stock:
            return None
        return self.stock_quantity if self.stock_quantity is not None else Decimal(0)


@dataclass(frozen=True, slots=True)
class StockAnswer:
    """What the store says after a quantity was set: what it has now, or the code and message of its refusal.

    quantity: None where it keeps no stock of the product, which then ignored what was sent."""

    quantity: int | None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object of the store that could not be typed; the raw payload is kept and a human is told why."""

    id: int
    number: str
    problem: str
    modified_at: datetime | None = None

"""What an invented shop is made of, as tables."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Goods:
    """A product. `options` (label, price, SKU ending) make it variable under `option_name`; price as entered."""

    name: str
    sku: str
    price: str
    tax_class: str = ""
    stock: int | None = 120
    virtual: bool = False
    option_name: str = ""
    options: tuple[tuple[str, str, str], ...] = ()
    shared_stock: bool = False


@dataclass(frozen=True, slots=True)
class Buyer:
    """Someone who buys. `registered` ones have an account; `exempt` ones pay no tax."""

    first_name: str
    last_name: str
    email: str
    address: str
    city: str
    postcode: str
    country: str
    state: str = ""
    company: str = ""
    phone: str = ""
    registered: bool = False
    exempt: bool = False
    vat_number: str = ""
    weight: int = 3


@dataclass(frozen=True, slots=True)
class TaxRow:
    """A row of the tax table; `tax_class` "standard" is the normal one."""

    country: str
    percent: str
    name: str
    tax_class: str = "standard"
    state: str = ""
    postcodes: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    priority: int = 1
    compound: bool = False
    shipping: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon."""

    code: str
    kind: str
    amount: str
    free_shipping: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One shop. Texts are in the shop's language; amounts in its currency as its owner enters them."""

    key: str
    name: str
    zone: str
    currency: str
    currency_name: str
    currency_symbol: str
    country: str
    state: str
    address: str
    city: str
    postcode: str
    prices_include_tax: bool
    storage: str
    shipping_class: str
    first_number: int
    goods: tuple[Goods, ...]
    buyers: tuple[Buyer, ...]
    taxes: tuple[TaxRow, ...]
    tax_classes: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    gateways: tuple[tuple[str, str], ...]
    deliveries: tuple[tuple[str, str], ...]
    pickup: str
    free_delivery: str
    gift_wrap: tuple[str, str]
    credit: tuple[str, str]
    custom_status: tuple[str, str]
    notes: tuple[str, ...]
    refund_reasons: tuple[str, ...]
    free_from: int = 60
    fee_percent: str = "1.5"
    fee_fixed: str = "0.25"
    option_slugs: dict[str, str] = field(default_factory=dict)

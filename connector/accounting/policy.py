"""The merchant's choices and the company's facts as one value, so that planning needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

TaxWorld = Literal["off", "us_automated", "us_manual", "global"]
DocumentChoice = Literal["invoice", "sales_receipt"]
CustomerMode = Literal["original", "organisation", "generic"]
Overrides = Literal["unknown", "kept", "ignored", "refused"]
Rounding = Literal["per_rate", "per_line"]
"""Where a company rounds its taxes: once per rate on the sum of the net lines, or line by line (QBO reference, 5.8)."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An object of the company by its id; the name is for people and never decides anything."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """One QuickBooks tax rate inside a code, in the order it applies. `compound` = on amount plus tax."""

    id: str
    name: str
    percent: Decimal
    compound: bool = False


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A QuickBooks tax code with its sales rates of today; no rates = out of scope or exempt.

    line_id: what a line bears for it where that is another code: TAX, when the code is the whole document's (US).
    """

    id: str
    name: str
    rates: tuple[TaxRate, ...] = ()
    line_id: str = ""

    @property
    def ref(self) -> Ref:
        return Ref(self.id, self.name)

    @property
    def line_ref(self) -> Ref:
        return Ref(self.line_id, self.line_id) if self.line_id else self.ref

    @property
    def percent(self) -> Decimal:
        """The effective percentage on the net amount, compound rates included."""
        total = Decimal(0)
        for rate in self.rates:
            total += rate.percent * (1 + total / 100) if rate.compound else rate.percent
        return total


@dataclass(frozen=True, slots=True)
class RateMapping:
    """A store rate, or a combination that occurs on one line, and its tax code.

    percent: what the store's rate was when the merchant mapped it; a rate edited in the store keeps its id, so another
    percentage on an order means that the mapping no longer fits (None: not checked).
    """

    rate_ids: frozenset[int]
    code: TaxCode
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class GatewayMapping:
    """Where one payment method's money goes; `record` False = the merchant records it otherwise."""

    gateway: str
    account: Ref | None
    payment_method: Ref | None
    record: bool = True


@dataclass(frozen=True, slots=True)
class TaxPolicy:
    world: TaxWorld
    rates: tuple[RateMapping, ...] = ()
    untaxed: TaxCode | None = None
    untaxed_vat_exempt: TaxCode | None = None
    untaxed_export: TaxCode | None = None
    tax_item: Ref | None = None
    override: Literal["auto", "always", "never"] = "auto"
    cancelling_lines: bool = True
    overrides: Overrides = "unknown"
    rounding: Rounding = "per_rate"
    """The arithmetic that the company's answers have shown so far."""
    prediction_wrong: bool = False
    """Its answers fit neither arithmetic."""
    needs_line_codes: bool = False
    """World off chosen by hand for a company that keeps tax: lines carry the untaxed code (or NON)."""


@dataclass(frozen=True, slots=True)
class ItemPolicy:
    """How a product that the company does not have becomes an item (product specification §6).

    name_fallback: products without SKU may be matched by name. initial_quantity: of a new inventory item.
    """

    type: Literal["non_inventory", "service", "inventory"] = "non_inventory"
    income_account: Ref | None = None
    expense_account: Ref | None = None
    asset_account: Ref | None = None
    cogs_account: Ref | None = None
    reactivate: bool = False
    name_fallback: bool = False
    initial_quantity: Literal["zero", "store"] = "zero"


@dataclass(frozen=True, slots=True)
class CustomerPolicy:
    """How a buyer meets the customers that the company has (product specification §5)."""

    reactivate: bool = False
    same_email_other_name: Literal["existing", "new"] = "existing"
    update: Literal["fill_empty", "overwrite", "never"] = "fill_empty"
    activate_currency: bool = False


@dataclass(frozen=True, slots=True)
class PostingPolicy:
    """Everything `plan` may look at besides the order.

    tenant_key: fixed for ever, part of the marker in PrivateNote. closed_until: last day of the closed period, None
    when the books are open. number_meta: name of the order meta that holds the legal number, "" = the order's number.
    vat_meta: name of the order meta that holds the buyer's VAT number, besides those we know.
    """

    tenant_key: str
    time_zone: str
    start_date: date
    statuses: frozenset[str]
    home_currency: str
    multicurrency: bool
    country: str
    taxes: TaxPolicy
    store_currency: str = ""
    store_decimals: int | None = None
    """With how many decimals the store shows amounts; None where it does not say."""
    exchange_rates: Literal["quickbooks", "order"] = "quickbooks"
    """Of foreign sales: QuickBooks' own of the day, or the one that the store's currency plugin kept on the order."""
    document: DocumentChoice = "sales_receipt"
    date_choice: Literal["created", "paid", "completed"] = "created"
    number_prefix: str = ""
    automatic_numbers: bool = False
    custom_numbers_on: bool = True
    number_meta: str = ""
    chosen_number: str = ""
    """What a person chose for this one document in the place of a number that was taken; "" = by the rules."""
    vat_meta: str = ""
    default_item: Ref | None = None
    shipping_item: Ref | None = None
    discount_item: Ref | None = None
    fee_item: Ref | None = None
    fee_items: Mapping[str, Ref] = field(default_factory=dict)
    rounding_item: Ref | None = None
    refund_item: Ref | None = None
    customer_mode: CustomerMode = "original"
    generic_customer: str = "WooCommerce Customer"
    sales_class: Ref | None = None
    row_classes: bool = False
    """The company keeps the class on each line instead of the document."""
    location: Ref | None = None
    credit_memos: Literal["off", "automatic", "credit_memo", "refund_receipt"] = "automatic"
    cancelled: Literal["credit_memo", "void"] = "credit_memo"
    whole_order_refunds: Literal["mirror", "amount"] = "mirror"
    """A refund over the whole order that names no lines: the order's lines and tax, or one untaxed amount."""
    closed_period: Literal["hold", "first_open_day"] = "hold"
    closed_until: date | None = None
    zero_total: Literal["post", "skip"] = "post"
    terms: Ref | None = None
    customer_note: bool = True
    match_items_by: Literal["sku", "name"] = "sku"
    create_items: bool = False
    prices_include_tax: bool = False
    """Whether the store's product prices do."""
    record_payments: bool = True
    default_account: Ref | None = None
    gateways: Mapping[str, GatewayMapping] = field(default_factory=dict)
    gateway_fees: bool = False
    fee_account: Ref | None = None
    """What payment gateways kept becomes an expense on this account."""
    language: str = "en"
    inactive_refs: Mapping[str, str] = field(default_factory=dict)
    """Settings whose QuickBooks object has vanished or become inactive: option key -> name, e.g. shipping_item.

    Keys: default_item, shipping_item, discount_item, fee_item, fee_items:<name>, rounding_item, refund_item, tax_item,
    untaxed_code, tax_code:<id>, class, location, terms, default_account, fee_account, gateway:<gateway>.
    """
    items: ItemPolicy = ItemPolicy()
    customers: CustomerPolicy = CustomerPolicy()

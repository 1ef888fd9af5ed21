"""What the engine tells the company and what the company answers, without a word of HTTP or JSON spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from connector.accounting.commerce import Address
from connector.accounting.documents import DocumentKind
from connector.accounting.keys import Operation
from connector.accounting.money import ZERO
from connector.accounting.policy import Ref, TaxCode, TaxWorld

NameKind = Literal["Customer", "Vendor", "Employee", "Item", "Account", "PaymentMethod", "Term", "Class", "Department"]

Payload = dict[str, Any]
"""A request body as it will be stored and sent: plain JSON values, amounts as JSON numbers."""


@dataclass(frozen=True, slots=True)
class Write:
    """One item of a batch. `bid` has at most 10 characters and is unique in its batch (QBO reference, Batch)."""

    bid: str
    operation: Operation
    entity: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Posted:
    """The company carried a write out. `rates`: QuickBooks tax rate id -> amount as answered. `raw`: the entity."""

    bid: str
    entity: str
    qbo_id: str
    sync_token: str
    number: str = ""
    total: Decimal | None = None
    tax: Decimal | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    raw: Payload = field(default_factory=dict)
    balance: Decimal | None = None
    """What an invoice leaves to pay, or a credit memo to use; None where the answer does not tell."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The company refused this write, definitely. existing_id, existing_kind: what a duplicate fault names, "" if
    nothing."""

    bid: str
    code: str
    message: str
    detail: str
    element: str = ""
    existing_id: str = ""
    existing_kind: str = ""
    retryable: bool = False
    """True for faults that mean "again later" (3001 throttled, one name at a time, maintenance, 10000)."""


Answer = Posted | Refused


DETAILS: Mapping[str, str] = {
    "email": "PrimaryEmailAddr",
    "phone": "PrimaryPhone",
    "company": "CompanyName",
    "billing": "BillAddr",
    "shipping": "ShipAddr",
    "vat": "PrimaryTaxIdentifier",
}
"""What of a customer's details may be filled in later -> its key in QuickBooks (QBO reference, 5.1)."""


def lacking_details(raw: Mapping[str, Any]) -> frozenset[str]:
    """What a customer as QuickBooks shows it has none of; an address that says nothing but its id is none."""
    return frozenset(name for name, key in DETAILS.items() if not _says_something(raw.get(key)))


def _says_something(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(value.get(key) for key in value if key not in ("Id", "Lat", "Long"))
    return bool(value)


@dataclass(frozen=True, slots=True)
class NameRow:
    """One row of a name list, as the local mirror keeps it."""

    kind: NameKind
    qbo_id: str
    name: str
    active: bool
    sync_token: str = "0"  # noqa: S105
    full_name: str = ""
    email: str = ""
    sku: str = ""
    currency: str = ""
    type: str = ""
    """Item: Service, NonInventory, Inventory, Category, Group. Account: AccountType."""
    subtype: str = ""
    deleted: bool = False
    inventory_start: date | None = None
    lacks: frozenset[str] = frozenset()
    """Customer: which of DETAILS it has none of, as far as the row tells."""
    quantity: Decimal | None = None
    """On hand, of an inventory item; may be negative. None where the answer does not tell."""
    untouched: bool = False
    """Nothing about it changed since it was made: a quantity of zero was never entered by anybody."""


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """Preferences and lists that decide what can be posted. tax_world is what the company's preferences say.

    classes: sales have classes; row_classes: each line bears its own, and the document none.
    """

    name: str
    country: str
    home_currency: str
    multicurrency: bool
    tax_world: TaxWorld
    custom_numbers: bool
    classes: bool
    locations: bool
    inventory: bool
    auto_apply_credit: bool
    closed_until: date | None
    tax_codes: tuple[TaxCode, ...]
    inactive_tax_codes: tuple[TaxCode, ...] = ()
    tax_code_ids_unusable: tuple[str, ...] = ()
    subscription: str = ""
    default_time_zone: str = ""
    row_classes: bool = False


@dataclass(frozen=True, slots=True)
class CustomerWanted:
    """A customer to be created. display_name is already free of characters that QuickBooks refuses, ≤ 100 long."""

    key: str
    display_name: str
    given_name: str = ""
    family_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""
    billing: Address | None = None
    shipping: Address | None = None
    currency: str = ""
    send_currency: bool = False
    """True when the company keeps several currencies; otherwise CurrencyRef stays out."""
    shared: bool = False
    """Several buyers share this customer (a company, the generic one): it is found by its name, whatever the e-mail."""
    vat_number: str = ""
    clash_suffix: str = "customer"
    """Put in brackets behind the name when a vendor or employee has it already."""


@dataclass(frozen=True, slots=True)
class ItemWanted:
    """An item to be created. `type` is QuickBooks'; inventory needs the asset account and a start date."""

    key: str
    name: str
    sku: str
    type: Literal["Service", "NonInventory", "Inventory"]
    description: str
    income_account: Ref
    expense_account: Ref | None = None
    asset_account: Ref | None = None
    quantity: Decimal = Decimal(0)
    inventory_start: date | None = None
    unit_price: Decimal | None = None
    price_includes_tax: bool = False


@dataclass(frozen=True, slots=True)
class AccountWanted:
    """An account to be created. type and subtype are QuickBooks' AccountType and AccountSubType."""

    key: str
    name: str
    type: str
    subtype: str


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What of an existing item follows the store; `unit_price` None leaves the price alone."""

    qbo_id: str
    sync_token: str
    name: str
    description: str
    active: bool
    unit_price: Decimal | None = None
    price_includes_tax: bool = False


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document looked up in the company, to be compared with what we meant to post."""

    entity: str
    qbo_id: str
    sync_token: str
    number: str
    private_note: str
    document_date: date | None
    customer_id: str
    total: Decimal | None
    tax: Decimal | None
    rates: Mapping[str, Decimal]
    raw: Payload
    balance: Decimal | None = None
    """As in `Posted`."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that two versions of a document say differently. Amounts as plain decimals, "" where there is nothing.

    field: number, date, due_date, note, reference, customer, account, method, terms, class, location, message, total,
    tax or line; name: what a line is for.
    """

    field: str
    before: str
    after: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in the name lists since a moment; `complete` False = more than the answer could hold."""

    rows: tuple[NameRow, ...]
    as_of: datetime
    complete: bool = True


@dataclass(frozen=True, slots=True)
class RecordedMoney:
    """Money of a sale that we recorded: the deposit of its sales receipt, or a payment of its invoice."""

    account: Ref
    amount: Decimal
    method: Ref | None = None
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class PostedCredit:
    """A credit memo or refund receipt of ours that stands in the books, whatever became of its refund in the store.

    key: its posting's, a refund's or the cancellation's. applied: what of it is set against the invoice. paid_out: what
    of it left an account again, as refund receipts do.
    """

    key: str
    number: str
    total: Decimal
    applied: Decimal = ZERO
    paid_out: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """A payment that is there already is to pay `amount` of an invoice. total: the payment's own."""

    payment_id: str
    sync_token: str
    customer: Ref
    currency: str
    total: Decimal
    invoice_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PostedSale:
    """The sale of an order as it stands in the books, with all that has happened to it there.

    total, number: as the company answered them. money: none where the merchant records payments otherwise.
    open_balance: what its invoice leaves to pay, by the company's last word; 0 for a sales receipt. credits: in any
    order, also those whose refund has been deleted in the store. linked_at: when a document that somebody else made was
    linked to its order; None where it is ours.
    """

    kind: DocumentKind
    qbo_id: str
    number: str
    document_date: date
    total: Decimal
    customer: Ref
    money: tuple[RecordedMoney, ...] = ()
    open_balance: Decimal = ZERO
    credits: tuple[PostedCredit, ...] = ()
    linked_at: datetime | None = None

    @property
    def has_its_money(self) -> bool:
        """We recorded that the buyer paid; a sales receipt says so by itself, even one that was keyed by hand."""
        return self.kind is DocumentKind.SALES_RECEIPT or bool(self.money)

    @property
    def applied(self) -> Decimal:
        """What of the credits is set against the invoice."""
        return sum((credit.applied for credit in self.credits), ZERO)


class NoSale(StrEnum):
    """Why a refund has no sale in the books."""

    AWAITED = "awaited"
    """Its order is queued, in flight, waits for its money or for a human: it may still be posted."""
    NEVER = "never"
    """Its order was skipped: before the start date, not selected, by hand."""
    ALONE = "alone"
    """Its order was skipped, and a human asked to post the refund all the same."""

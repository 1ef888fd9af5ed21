"""What can be posted, and what planning can answer: documents with their proof, or a reason from the closed list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from connector.accounting.commerce import Address, ProductKey
from connector.accounting.policy import Ref


class DocumentKind(StrEnum):
    """QuickBooks' own spelling of the entity."""

    INVOICE = "Invoice"
    SALES_RECEIPT = "SalesReceipt"
    CREDIT_MEMO = "CreditMemo"
    REFUND_RECEIPT = "RefundReceipt"
    PAYMENT = "Payment"
    PURCHASE = "Purchase"


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line. amount = half-up(quantity × unit_price) whenever both are given (QBO reference, 5.5 Amount rule)."""

    item: Ref
    description: str
    amount: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    tax_code: Ref | None = None
    source: Literal["product", "shipping", "fee", "discount", "refund", "rounding", "tax", "cancelling"] = "product"
    store_line_id: int = 0


@dataclass(frozen=True, slots=True)
class RateTax:
    """The tax of one QuickBooks rate on the whole document."""

    rate: Ref
    percent: Decimal
    net: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DocumentTax:
    """stated False: QuickBooks computes, `rates` is our prediction; True: the amounts are sent (TotalTax, TaxLine).

    code: the one code of the whole document, where lines only say TAX or NON (US manual rates). Stated without rates:
    the company's own engine shares the total out over rates of its choosing (US automated sales tax).
    """

    total: Decimal
    rates: tuple[RateTax, ...] = ()
    stated: bool = False
    code: Ref | None = None

    @property
    def is_shared_by_company(self) -> bool:
        return self.stated and not self.rates


@dataclass(frozen=True, slots=True)
class SaleDocument:
    """A sales receipt or invoice, or what gives back: a credit memo or refund receipt, with positive amounts.

    total: what the document must show. deposit_account: where the money goes to, of a refund receipt comes from.
    exchange_rate: home units for one unit of the document's currency; None leaves it to QuickBooks.
    """

    kind: DocumentKind
    key: str
    number: str
    document_date: date
    currency: str
    customer: Ref
    lines: tuple[DocumentLine, ...]
    tax: DocumentTax | None
    total: Decimal
    private_note: str
    customer_memo: str = ""
    email: str = ""
    billing: Address | None = None
    shipping: Address | None = None
    ship_date: date | None = None
    ship_method: str = ""
    deposit_account: Ref | None = None
    payment_method: Ref | None = None
    payment_reference: str = ""
    terms: Ref | None = None
    due_date: date | None = None
    sales_class: Ref | None = None
    row_classes: bool = False
    """The class stands on each line instead of the document."""
    location: Ref | None = None
    exchange_rate: Decimal | None = None
    global_tax: Literal["TaxExcluded", "NotApplicable"] | None = None


@dataclass(frozen=True, slots=True)
class PaymentDocument:
    """Money received against an invoice of ours, named by that posting's key, e.g. "sale"."""

    key: str
    pays_key: str
    document_date: date
    currency: str
    customer: Ref
    total: Decimal
    private_note: str
    deposit_account: Ref
    payment_method: Ref | None = None
    payment_reference: str = ""
    exchange_rate: Decimal | None = None
    kind: DocumentKind = DocumentKind.PAYMENT


@dataclass(frozen=True, slots=True)
class CreditApplication:
    """A payment of nothing that sets a credit memo of ours against an invoice of ours (QBO reference, 5.9).

    invoice_key, credit_key: the postings whose documents it links. amount: what of the credit is used.
    """

    key: str
    invoice_key: str
    credit_key: str
    document_date: date
    currency: str
    customer: Ref
    amount: Decimal
    private_note: str
    kind: DocumentKind = DocumentKind.PAYMENT


@dataclass(frozen=True, slots=True)
class ExpenseDocument:
    """An expense paid from a bank account of the company: what a payment gateway kept of an order's money.

    account: the clearing account it leaves; expense_account: where it is booked. total: above zero, in the
    company's own currency.
    """

    key: str
    document_date: date
    currency: str
    account: Ref
    expense_account: Ref
    total: Decimal
    description: str
    private_note: str
    payment_method: Ref | None = None
    global_tax: Literal["NotApplicable"] | None = None
    kind: DocumentKind = DocumentKind.PURCHASE


Document = SaleDocument | PaymentDocument | CreditApplication | ExpenseDocument


class Means(StrEnum):
    """How the document's tax was made equal to the store's (product specification §7, order of means)."""

    NONE = "none"
    COMPUTED = "computed"
    STATED = "stated"
    CANCELLING = "cancelling"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class RateProof:
    """One rate, or one group of store rates that share QuickBooks rates. rate_id is QuickBooks' ("1+2"), "" without."""

    label: str
    rate_id: str
    store: Decimal
    document: Decimal


@dataclass(frozen=True, slots=True)
class Proof:
    """Store total = document total, tax by tax. Equal by construction: a plan that is not equal is Held.

    Only Means.ROUNDING, where the merchant has ruled out all else, lets a rate be up to two cents off and shows it.
    rounding: the sum of rounding lines. moved_base: net amount moved between tax codes by lines that cancel.
    """

    store_total: Decimal
    document_total: Decimal
    store_tax: Decimal
    document_tax: Decimal
    rates: tuple[RateProof, ...] = ()
    means: Means = Means.NONE
    computed_tax: Decimal | None = None
    """What QuickBooks' own arithmetic would give, where it differs from the store's tax."""
    rounding: Decimal = Decimal(0)
    moved_base: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the merchant should know though nothing is wrong with the record."""

    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    documents: tuple[Document, ...]
    proof: Proof
    notices: tuple[Notice, ...] = ()

    @property
    def sale(self) -> SaleDocument:
        for document in self.documents:
            if isinstance(document, SaleDocument):
                return document
        raise LookupError("a plan always has a sale")


@dataclass(frozen=True, slots=True)
class Skipped:
    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """Needs attention. `reason` is of the closed list (architecture §4); details fill its sentence, by name."""

    reason: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Void:
    """Void a document of ours: an operation on the posting of this key, not a new document."""

    key: str
    kind: DocumentKind
    qbo_id: str


Outcome = Planned | Skipped | Waiting | Held


@dataclass(frozen=True, slots=True)
class Parties:
    """The company's objects that one order needs, already found or created (or symbolic, in a rehearsal)."""

    customer: Ref
    items: Mapping[ProductKey, Ref] = field(default_factory=dict)

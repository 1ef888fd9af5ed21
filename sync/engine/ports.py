"""What the engine needs of the two systems and of time; nothing else of them is known above this line."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from connector.accounting.books import (
    AccountWanted,
    Answer,
    Changes,
    CompanyFacts,
    CustomerWanted,
    Edit,
    FoundDocument,
    ItemChange,
    ItemWanted,
    NameKind,
    NameRow,
    Payload,
    PaymentLink,
    Posted,
    Write,
)
from connector.accounting.commerce import Order, Product, ProductKey, Refund, StockAnswer, Unreadable
from connector.accounting.documents import Document, DocumentKind, SaleDocument


class OrderPage(Protocol):
    """rows: raw payload and typed order (or why it could not be typed); pages as the store counts them."""

    @property
    def rows(self) -> Sequence[tuple[dict[str, Any], Order | Unreadable]]: ...
    @property
    def total(self) -> int: ...
    @property
    def pages(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class ProductPage(Protocol):
    """As OrderPage, of products; variations are in no list."""

    @property
    def rows(self) -> Sequence[tuple[dict[str, Any], Product | Unreadable]]: ...
    @property
    def total(self) -> int: ...
    @property
    def pages(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class Gateway(Protocol):
    """A payment method as the shop lists it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def enabled(self) -> bool: ...


class Store(Protocol):
    """The shop. Raises RetryableError, ConnectionLostError (side "store") and FaultError."""

    @property
    def calls(self) -> int: ...
    def parse(self, raw: dict[str, Any]) -> Order | Unreadable:
        """A stored payload typed again; never raises."""

    def now(self) -> datetime:
        """The store's own clock, aware UTC (one cheap call that also proves the keys)."""

    def orders(
        self,
        *,
        page: int,
        per_page: int,
        modified_after: datetime | None = None,
        modified_before: datetime | None = None,
        created_after: datetime | None = None,
        status: str = "",
    ) -> OrderPage: ...
    def orders_by_id(self, ids: Sequence[int]) -> Sequence[tuple[dict[str, Any], Order | Unreadable]]:
        """At most 100 ids; those that no longer exist are simply not in the answer; trashed ones are asked for too."""

    def payment_gateways(self) -> Sequence[Gateway]:
        """All payment methods of the shop, switched on or not."""

    def refunds(self, order_id: int) -> Sequence[tuple[dict[str, Any], Refund | Unreadable]]:
        """All refunds of an order with their lines, oldest first; none for an order that does not exist."""

    def parse_refund(self, raw: dict[str, Any], order_id: int) -> Refund | Unreadable:
        """A stored refund typed again; never raises."""

    def products_by_id(self, ids: Sequence[int]) -> Sequence[Product]: ...
    def parse_product(self, raw: dict[str, Any]) -> Product | Unreadable:
        """A stored payload typed again; never raises."""

    def products(
        self,
        *,
        page: int,
        per_page: int,
        modified_after: datetime | None = None,
        modified_before: datetime | None = None,
        status: str = "",
    ) -> ProductPage: ...
    def variations(self, product_id: int, name: str) -> Sequence[tuple[dict[str, Any], Product | Unreadable]]:
        """All variations of a product of this name."""

    def stock_of(self, products: Collection[ProductKey]) -> Mapping[ProductKey, Product]:
        """At most 100, as the store has them now; those that are gone are left out."""

    def set_stock(self, quantities: Mapping[ProductKey, int]) -> Mapping[ProductKey, StockAnswer]:
        """Absolute quantities; repeating them changes nothing. Failed items do not stop the others."""


class Books(Protocol):
    """The company. Raises RetryableError, AnswerLostError, ConnectionLostError (side "quickbooks") and FaultError."""

    @property
    def calls(self) -> int: ...
    @property
    def reads(self) -> int: ...
    def encode(self, document: Document, *, paid_id: str = "", credit_id: str = "") -> tuple[str, Payload]:
        """Entity name and body of a document. paid_id: the invoice that a payment pays or that a credit is set against;
        credit_id: that credit memo."""

    def encode_update(
        self, sale: SaleDocument, *, qbo_id: str, sync_token: str, standing: Payload, whole: bool = False
    ) -> Payload:
        """What makes the document of this id say what was planned, its buyer as in `standing`, the last answer about
        it. whole: its number, date, note and accounts too, not only what was sold."""

    def edits(self, before: Payload, after: Payload) -> Sequence[Edit]:
        """What two answers about one document say differently; balances, links and tokens say nothing."""

    def says(self, payload: Payload, answer: Payload) -> bool:
        """Whether a document as it stands says what this write wanted."""

    def same_lines(self, before: Payload, after: Payload) -> bool:
        """Whether two writes, or answers, have the same lines."""

    def is_voided(self, body: Payload) -> bool: ...
    def encode_payment_link(self, link: PaymentLink) -> Payload: ...
    def encode_customer(self, customer: CustomerWanted) -> tuple[str, Payload]: ...
    def encode_customer_details(self, row: NameRow, customer: CustomerWanted, details: Collection[str]) -> Payload:
        """A sparse update of the customer of this row, with these details (keys of DETAILS) only."""

    def encode_item(self, item: ItemWanted) -> tuple[str, Payload]: ...
    def encode_account(self, account: AccountWanted) -> tuple[str, Payload]: ...
    def encode_item_change(self, change: ItemChange) -> tuple[str, Payload]: ...
    def post_batch(self, request_id: str, writes: Sequence[Write]) -> Sequence[Answer]:
        """At most 30 writes, answered in any order; raises only when the batch as a whole has no usable answer."""

    def post_one(self, request_id: str, write: Write) -> Posted:
        """A single write; raises FaultError when it is refused."""

    def find_by_number(self, kind: DocumentKind, number: str) -> Sequence[FoundDocument]: ...
    def find_by_date(
        self, kind: DocumentKind, document_date: date, *, customer_id: str = ""
    ) -> Sequence[FoundDocument]: ...
    def page_between(self, kind: DocumentKind, first: date, last: date, *, start: int) -> Sequence[FoundDocument]:
        """One page of 1,000 documents dated within these days, by id; one metered read. A short page is the last."""

    def read_document(self, kind: DocumentKind, qbo_id: str) -> FoundDocument | None: ...
    def documents_by_id(self, kind: DocumentKind, ids: Sequence[str]) -> Sequence[FoundDocument]:
        """The documents of these ids as they stand, those deleted left out; one metered read."""

    def read_name(self, kind: NameKind, qbo_id: str) -> NameRow | None: ...
    def names_called(self, name: str) -> Sequence[NameRow]:
        """Customers, vendors and employees, active or not, with exactly this display name."""

    def names(self, kind: NameKind, *, start: int = 1, page_size: int = 1000) -> Sequence[NameRow]:
        """One page of a name list, inactive rows too; one metered read. A short page is the last one."""

    def changes(self, since: datetime) -> Changes:
        """Names that changed since, save classes and locations; one metered read."""

    def company_facts(self) -> CompanyFacts:
        """Preferences and tax lists of today; four metered reads."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""


Links = Mapping[str, str]
"""Store key -> QuickBooks id."""

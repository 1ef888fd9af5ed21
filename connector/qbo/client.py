"""One company's books behind the engine's port: create, look up, follow changes (QBO reference, 1, 6 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

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
from connector.accounting.documents import Document, DocumentKind, SaleDocument
from connector.errors import FaultError
from connector.qbo import company, decode, edits, encode, encode_names, statements
from connector.qbo.decode import UnreadableAnswerError
from connector.qbo.faults import CONNECTION, Fault, parse_faults
from connector.qbo.transport import Transport, connection_lost

BATCH_ITEMS = 30
BATCH_REQUEST_ID = 36
REQUEST_ID = 50
BID = 10
CHANGED_KINDS: tuple[NameKind, ...] = ("Customer", "Vendor", "Employee", "Item", "Account", "PaymentMethod", "Term")
CHANGES_REACH = timedelta(days=30)
"""Change data capture looks back no further (QBO reference, 7.1)."""

_T = TypeVar("_T")
_DISPLAY_NAMES: tuple[NameKind, ...] = ("Customer", "Vendor", "Employee")
_DELETED_SUFFIX = " (deleted)"
_NOT_FOUND = "610"

_OPERATION_PARAMS: Mapping[str, Mapping[str, str]] = {
    "create": {},
    "update": {},
    "delete": {"operation": "delete"},
    "void": {"operation": "void"},
}
_VOID_BY_UPDATE = {"operation": "update", "include": "void"}
_VOIDED_BY_UPDATE = frozenset({"SalesReceipt", "Payment"})
_CANNOT_BE_VOIDED = frozenset({"CreditMemo", "RefundReceipt", "Purchase"})


class QuickBooksBooks(Transport):
    """The port `Books` over one company; names(), company_facts() serve the mirror and the settings pages.

    Raises RetryableError, AnswerLostError, ConnectionLostError (side "quickbooks") and FaultError.
    """

    def encode(self, document: Document, *, paid_id: str = "", credit_id: str = "") -> tuple[str, Payload]:
        return encode.encode_document(document, paid_id=paid_id, credit_id=credit_id)

    def encode_update(
        self, sale: SaleDocument, *, qbo_id: str, sync_token: str, standing: Payload, whole: bool = False
    ) -> Payload:
        return encode.encode_update(sale, qbo_id=qbo_id, sync_token=sync_token, standing=standing, whole=whole)

    def edits(self, before: Payload, after: Payload) -> Sequence[Edit]:
        return edits.edits(before, after)

    def says(self, payload: Payload, answer: Payload) -> bool:
        return edits.says(payload, answer)

    def same_lines(self, before: Payload, after: Payload) -> bool:
        return edits.same_lines(before, after)

    def is_voided(self, body: Payload) -> bool:
        return edits.is_voided(body)

    def encode_payment_link(self, link: PaymentLink) -> Payload:
        return encode.encode_payment_link(link)

    def encode_customer(self, customer: CustomerWanted) -> tuple[str, Payload]:
        return encode_names.encode_customer(customer)

    def encode_customer_details(self, row: NameRow, customer: CustomerWanted, details: Collection[str]) -> Payload:
        return encode_names.encode_customer_details(row, customer, details)

    def encode_item(self, item: ItemWanted) -> tuple[str, Payload]:
        return encode_names.encode_item(item)

    def encode_account(self, account: AccountWanted) -> tuple[str, Payload]:
        return encode_names.encode_account(account)

    def encode_item_change(self, change: ItemChange) -> tuple[str, Payload]:
        return encode_names.encode_item_change(change)

    def post_batch(self, request_id: str, writes: Sequence[Write]) -> Sequence[Answer]:
        """At most 30 creates, updates and deletes, answered in the order of `writes`.

        The same request id with the same writes has the same bytes, so QuickBooks answers what it answered before.
        A write without a readable answer makes the whole batch's answer lost. When every write is refused because
        the company is out of reach (disconnected, subscription ended), that is raised once instead.
        """
        _check_batch(request_id, writes)
        body = {"BatchItemRequest": [{"bId": w.bid, "operation": w.operation, w.entity: w.payload} for w in writes]}
        answer = self.write("batch", body, request_id=request_id, kind="batch")
        try:
            items = _items_by_bid(answer)
            faults = {write.bid: parse_faults(items[write.bid]) for write in writes}
            answers = [_answer(write, items[write.bid], faults[write.bid]) for write in writes]
        except (UnreadableAnswerError, KeyError) as error:
            raise self.unusable(f"batch {request_id}: {error}") from error
        first = [found[0] for found in faults.values() if found]
        if len(first) == len(writes) and all(fault.family in CONNECTION for fault in first):
            raise connection_lost(first[0], f"fault {first[0].code} on every item of batch {request_id}")
        return answers

    def post_one(self, request_id: str, write: Write) -> Posted:
        """A single write, also a void; raises FaultError when it is refused."""
        if len(request_id) > REQUEST_ID:
            raise ValueError(f"A request id has at most {REQUEST_ID} characters.")
        params = _operation_params(write)
        answer = self.write(write.entity.lower(), write.payload, request_id=request_id, params=params)
        try:
            return decode.posted(write.bid, write.entity, decode.entity_of(answer, write.entity))
        except UnreadableAnswerError as error:
            raise self.unusable(f"{write.operation} {write.entity}: {error}") from error

    def find_by_number(self, kind: DocumentKind, number: str) -> Sequence[FoundDocument]:
        """Documents with this number, whoever made them. Payments have none: look those up by date."""
        if kind is DocumentKind.PAYMENT:
            raise ValueError("Payments cannot be found by number (QBO reference, 5.9); use find_by_date.")
        return self._documents(kind, lambda start: statements.documents_numbered(kind, number, start=start))

    def find_by_date(
        self, kind: DocumentKind, document_date: date, *, customer_id: str = ""
    ) -> Sequence[FoundDocument]:
        return self._documents(
            kind,
            lambda start: statements.documents_dated(kind, document_date, customer_id=customer_id, start=start),
        )

    def documents_between(self, kind: DocumentKind, first: date, last: date) -> Sequence[FoundDocument]:
        """All documents of a kind dated within the days, both included; one metered read per 1,000 of them."""
        return self._documents(kind, lambda start: statements.documents_between(kind, first, last, start=start))

    def page_between(self, kind: DocumentKind, first: date, last: date, *, start: int) -> Sequence[FoundDocument]:
        """One page of `documents_between` by id, counted from 1; a page shorter than 1,000 is the last one."""
        rows = self._page(kind.value, statements.documents_between(kind, first, last, start=start))
        return self._decoded(lambda: [decode.found_document(kind.value, row) for row in rows])

    def documents_like(
        self,
        kind: DocumentKind,
        *,
        number: str = "",
        total: Decimal | None = None,
        day: date | None = None,
        at_most: int = 50,
    ) -> Sequence[FoundDocument]:
        """Documents whose number holds `number`, of this total and day, as far as given; one metered read."""
        page = self._page(
            kind.value, statements.documents_like(kind, number=number, total=total, day=day, at_most=at_most)
        )
        return self._decoded(lambda: [decode.found_document(kind.value, row) for row in page])

    def read_document(self, kind: DocumentKind, qbo_id: str) -> FoundDocument | None:
        """The document as it stands, None when it was deleted."""
        body = self._read_entity(kind.value, qbo_id)
        return None if body is None else self._decoded(lambda: decode.found_document(kind.value, body))

    def documents_by_id(self, kind: DocumentKind, ids: Sequence[str]) -> Sequence[FoundDocument]:
        """The documents of these ids as they stand, those deleted left out; one metered read."""
        if not ids:
            return ()
        return self._documents(kind, lambda start: statements.documents_with_ids(kind, ids, start=start))

    def read_name(self, kind: NameKind, qbo_id: str) -> NameRow | None:
        body = self._read_entity(kind, qbo_id)
        return None if body is None else self._decoded(lambda: decode.name_row(kind, body))

    def names_called(self, name: str) -> Sequence[NameRow]:
        """Customers, vendors and employees of this display name; an inactive one may carry QuickBooks' suffix."""
        wanted = name.casefold()
        rows: list[NameRow] = []
        for kind in _DISPLAY_NAMES:
            answer = self.select(statements.name_called(kind, (name, name + _DELETED_SUFFIX)))
            rows.extend(row for row in self._name_rows(kind, answer) if row.name.casefold() == wanted)
        return rows

    def changes(self, since: datetime) -> Changes:
        """What changed in the name lists; beyond QuickBooks' reach of 30 days the answer is incomplete, unasked."""
        now = datetime.now(UTC)
        if now - since >= CHANGES_REACH:
            return Changes((), as_of=now, complete=False)
        moment = since.astimezone(UTC).isoformat(timespec="seconds")
        answer = self.read("cdc", {"entities": ",".join(CHANGED_KINDS), "changedSince": moment})
        return self._decoded(lambda: decode.changes(answer, fallback=since))

    def names(
        self, kind: NameKind, *, start: int = 1, page_size: int = statements.PAGE, changed_since: datetime | None = None
    ) -> Sequence[NameRow]:
        """One page of a name list by id, inactive rows too; `start` counts from 1. A short page is the last one."""
        statement = statements.names(kind, start=start, page_size=page_size, changed_since=changed_since)
        return self._name_rows(kind, self.select(statement))

    def company_facts(self, *, on: date | None = None) -> CompanyFacts:
        """Preferences and tax lists, with the tax rates of a day (today unless given); four metered reads or more."""
        company_info = self._entity(self.read(f"companyinfo/{self.company_id}"), "CompanyInfo")
        preferences = self._entity(self.read("preferences"), "Preferences")
        codes = self._rows("TaxCode", lambda start: statements.tax_list("TaxCode", start=start))
        rates = self._rows("TaxRate", lambda start: statements.tax_list("TaxRate", start=start))
        day = on or datetime.now(UTC).date()
        return self._decoded(
            lambda: company.company_facts(
                company=company_info, preferences=preferences, tax_codes=codes, tax_rates=rates, on=day
            )
        )

    def _documents(self, kind: DocumentKind, statement: Callable[[int], str]) -> Sequence[FoundDocument]:
        rows = self._rows(kind.value, statement)
        return self._decoded(lambda: [decode.found_document(kind.value, row) for row in rows])

    def _rows(self, entity: str, statement: Callable[[int], str]) -> list[Mapping[str, Any]]:
        """All rows of a query, page after page."""
        rows: list[Mapping[str, Any]] = []
        while True:
            page = self._page(entity, statement(len(rows) + 1))
            rows.extend(page)
            if len(page) < statements.PAGE:
                return rows

    def _page(self, entity: str, statement: str) -> Sequence[Mapping[str, Any]]:
        answer = self.select(statement)
        return self._decoded(lambda: decode.rows_of(answer, entity))

    def _name_rows(self, kind: NameKind, answer: Mapping[str, Any]) -> list[NameRow]:
        return self._decoded(lambda: [decode.name_row(kind, row) for row in decode.rows_of(answer, kind)])

    def _read_entity(self, entity: str, qbo_id: str) -> Mapping[str, Any] | None:
        try:
            body = self._entity(self.read(f"{entity.lower()}/{qbo_id}"), entity)
        except FaultError as error:
            if error.code == _NOT_FOUND:
                return None
            raise
        return None if body.get("status") == "Deleted" else body

    def _entity(self, answer: Mapping[str, Any], entity: str) -> Mapping[str, Any]:
        return self._decoded(lambda: decode.entity_of(answer, entity))

    def _decoded(self, read: Callable[[], _T]) -> _T:
        """What `read` makes of an answer; an answer that cannot be read is asked for again later."""
        try:
            return read()
        except UnreadableAnswerError as error:
            raise self.unusable(str(error)) from error


def _check_batch(request_id: str, writes: Sequence[Write]) -> None:
    """QuickBooks would refuse or, worse, not recognise such a batch (QBO reference, 1.3 and 6): our mistake."""
    if len(request_id) > BATCH_REQUEST_ID:
        raise ValueError(f"The request id of a batch has at most {BATCH_REQUEST_ID} characters.")
    if not 0 < len(writes) <= BATCH_ITEMS:
        raise ValueError(f"A batch has 1 to {BATCH_ITEMS} writes, not {len(writes)}.")
    bids = {write.bid for write in writes}
    if len(bids) < len(writes) or any(not 0 < len(bid) <= BID for bid in bids):
        raise ValueError(f"The writes of a batch need different bIds of 1 to {BID} characters.")
    if any(write.operation == "void" for write in writes):
        raise ValueError("A void goes alone: use post_one.")


def _operation_params(write: Write) -> Mapping[str, str]:
    if write.operation == "void":
        if write.entity in _CANNOT_BE_VOIDED:
            raise ValueError(f"QuickBooks cannot void a {write.entity}; delete it (QBO reference, 1.4).")
        if write.entity in _VOIDED_BY_UPDATE:
            return _VOID_BY_UPDATE
    return _OPERATION_PARAMS[write.operation]


def _items_by_bid(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    items = answer.get("BatchItemResponse")
    if not isinstance(items, list):
        raise UnreadableAnswerError("no BatchItemResponse")
    return {str(item.get("bId")): item for item in items if isinstance(item, Mapping)}


def _answer(write: Write, item: Mapping[str, Any], faults: tuple[Fault, ...]) -> Answer:
    if faults:
        return decode.refused(write.bid, faults[0])
    return decode.posted(write.bid, write.entity, decode.entity_of(item, write.entity))

"""One document of ours beside what stands in QuickBooks: what the store says of it, and what was done to it by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind, Means
from connector.accounting.keys import MARKER_PREFIX
from connector.accounting.money import ZERO, half_up, smallest_unit
from sync.models import Posting, Reconciliation, ReconciliationLine, Record
from tenants.models import Tenant

SALES = (DocumentKind.SALES_RECEIPT.value, DocumentKind.INVOICE.value)
CREDITS = (DocumentKind.CREDIT_MEMO.value, DocumentKind.REFUND_RECEIPT.value)
PAYMENT = DocumentKind.PAYMENT.value
FEE = "Purchase"
MEETS_MONEY = frozenset({DocumentKind.SALES_RECEIPT.value, DocumentKind.REFUND_RECEIPT.value, PAYMENT, FEE})
VOIDED = "Voided - "
"""What QuickBooks puts before the note of a document that was voided."""
GONE_FROM_STORE = ("refund_deleted", "order_gone")
KEPT = "kept_in_quickbooks"
OPEN = (Record.State.QUEUED, Record.State.SENDING, Record.State.WAITING, Record.State.ATTENTION)
Kind, Finding = ReconciliationLine.Kind, ReconciliationLine.Finding


@dataclass(frozen=True, slots=True)
class Written:
    """A document that we made, as QuickBooks last answered it.

    applied, paid_before: of a payment, the credits and the other payments that were set against its invoice before.
    is_part: of a payment, that it leaves a part of the invoice open, as a deposit does."""

    create: Posting
    answered: Posting
    is_void: bool = False
    applied: Decimal = ZERO
    paid_before: Decimal = ZERO
    is_part: bool = False

    @property
    def record(self) -> Record:
        assert self.create.record is not None  # only documents of records are asked for
        return self.create.record

    @property
    def entity(self) -> str:
        return self.create.entity

    @property
    def day(self) -> date | None:
        """As it was last written; None once what was sent is no longer kept."""
        told = self.told("TxnDate")
        return date.fromisoformat(str(told)[:10]) if told else None

    def told(self, name: str) -> Any:
        """As QuickBooks answered it, else as it was sent."""
        for body in (self.answered.answer, self.answered.payload, self.create.payload):
            if body.get(name) is not None:
                return body[name]
        return None

    @property
    def planned_tax(self) -> Decimal | None:
        """None where the company keeps no tax, or where somebody else made the document."""
        return self.create.planned_tax if self.answered.planned_tax is None else self.answered.planned_tax

    @property
    def planned_rates(self) -> Mapping[str, str]:
        """The store's tax by QuickBooks rate; a version that a person made and we kept has none of its own."""
        rates: Mapping[str, str] = self.answered.planned_rates or self.create.planned_rates
        return rates

    @property
    def is_kept(self) -> bool:
        """Somebody decided to leave it as it was changed in QuickBooks, though it says another amount."""
        return self.record.reason == KEPT

    def account(self) -> tuple[str, str]:
        """Id and name of the account that its money reaches or leaves; empty where it moves none."""
        return _account(self.entity, self.told) if self.entity in MEETS_MONEY else ("", "")


def written_documents(reconciliation: Reconciliation, entity: str, ids: Collection[str]) -> dict[str, Written]:
    """Our documents among these, by id: a constant number of queries."""
    of_kind = Posting.objects.for_tenant(reconciliation.tenant_id).filter(
        company=reconciliation.company_id, entity=entity, qbo_id__in=ids, state=Posting.State.POSTED
    )
    creates = list(
        of_kind.filter(operation="create", record__isnull=False)
        .select_related("record")
        .defer("record__raw", "record__details", "record__notices")
    )
    last: dict[str, Posting] = {}
    voided: set[str] = set()
    for posting in of_kind.filter(operation__in=["update", "void"]).order_by("pk"):
        if posting.operation == "void":
            voided.add(posting.qbo_id)
        else:
            last[posting.qbo_id] = posting
    parts = _parts(creates) if entity == PAYMENT else {}
    return {
        one.qbo_id: Written(one, last.get(one.qbo_id, one), one.qbo_id in voided, *parts.get(one.pk, ()))
        for one in creates
    }


def _parts(payments: Sequence[Posting]) -> dict[int, tuple[Decimal, Decimal, bool]]:
    """For each payment: the credits set against its invoice before, the payments before, and whether it left more."""
    applied = _applied(payments)
    rows = list(
        Posting.objects.filter(record__in={posting.record_id for posting in payments}, state=Posting.State.POSTED)
        .filter(entity__in=[PAYMENT, DocumentKind.INVOICE.value], operation__in=["create", "update"])
        .order_by("pk")
        .values_list("pk", "record_id", "entity", "operation", "planned_total", "total")
    )
    found = {}
    for posting in payments:
        before = [row for row in rows if row[1] == posting.record_id and row[0] < posting.pk]
        paid = sum((row[5] or ZERO for row in before if row[2:4] == (PAYMENT, "create")), ZERO)
        invoices = [row[4] or row[5] or ZERO for row in before if row[2] != PAYMENT]
        credits, own = applied.get(posting.pk, ZERO), posting.planned_total or ZERO
        is_part = bool(invoices) and own > 0 and own + paid + credits < invoices[-1]
        found[posting.pk] = (credits, paid, is_part)
    return found


def _applied(payments: Sequence[Posting]) -> dict[int, Decimal]:
    """For each payment the credits of its order, or of its refunds, that had been set against the invoice before it."""
    orders = {posting.record_id for posting in payments}
    links = (
        Posting.objects.filter(Q(record__in=orders) | Q(record__parent__in=orders))
        .filter(entity=PAYMENT, operation="create", state=Posting.State.POSTED, total=0)
        .values_list("pk", "record_id", "record__parent_id", "payload")
    )
    found: dict[int, Decimal] = {}
    for pk, record_id, parent_id, payload in links:
        amount = sum(
            (
                Decimal(str(line["Amount"]))
                for line in payload.get("Line", [])
                if any(link["TxnType"] == DocumentKind.INVOICE.value for link in line.get("LinkedTxn", []))
            ),
            ZERO,
        )
        for posting in payments:
            if posting.record_id in (record_id, parent_id) and pk < posting.pk:
                found[posting.pk] = found.get(posting.pk, ZERO) + amount
    return found


def line_of(
    reconciliation: Reconciliation, written: Written, found: FoundDocument | None, *, tax_item: str = ""
) -> ReconciliationLine:
    """`found` None: it was deleted. tax_item: whose lines hold the tax in a company that keeps none itself."""
    record, answered = written.record, written.answered
    total, tax = _meant(written)
    if written.planned_tax is None and not tax_item:
        tax = None
    account_id, account_name = written.account()
    line = ReconciliationLine(
        reconciliation=reconciliation,
        tenant_id=reconciliation.tenant_id,
        record=record,
        kind=kind_of(written.entity),
        entity=written.entity,
        qbo_id=written.create.qbo_id,
        doc_number=answered.doc_number,
        order_number=record.number,
        currency=record.currency,
        store_day=written.day or (found.document_date if found is not None else None),
        store_total=total,
        store_tax=tax if written.entity in (*SALES, *CREDITS) else None,
        posted_total=ZERO if written.is_void else answered.total,
        account_id=account_id,
        account_name=account_name[:255],
        state=record.state,
        reason=record.reason,
        is_explained=record.state in OPEN or written.is_kept,
    )
    if found is None:
        line.finding = Finding.DELETED
        return line
    _add_books(line, found, tax_item if written.planned_tax is None else "")
    if line.store_tax is None:
        line.books_tax = None
    line.changes = changes_of(written, found)
    is_rounded = not line.changes and _is_rounded(record, line)
    line.is_explained = line.is_explained or is_rounded
    line.finding = "" if is_rounded else _finding(written, line, found)
    return line


def stray_line(
    reconciliation: Reconciliation, found: FoundDocument, record: Record | None, *, is_copy: bool, currency: str
) -> ReconciliationLine:
    """A document that bears our marker though we did not write it: a copy made by hand, or one we know nothing of."""
    line = ReconciliationLine(
        reconciliation=reconciliation,
        tenant_id=reconciliation.tenant_id,
        record=record,
        kind=kind_of(found.entity),
        entity=found.entity,
        qbo_id=found.qbo_id,
        doc_number=found.number[:30],
        order_number=record.number if record is not None else "",
        currency=currency_of(found) or currency,
        finding=Finding.COPY if is_copy else Finding.WITHOUT_ORDER,
        state=record.state if record is not None else "",
        reason=record.reason if record is not None else "",
    )
    _add_books(line, found, "")
    return line


def open_line(reconciliation: Reconciliation, record: Record, day: date) -> ReconciliationLine:
    """An order or refund that has no document."""
    unit = smallest_unit(record.currency)
    return ReconciliationLine(
        reconciliation=reconciliation,
        tenant_id=reconciliation.tenant_id,
        record=record,
        kind=Kind.REFUND if record.source == Record.Source.REFUND else Kind.SALE,
        order_number=record.number,
        currency=record.currency,
        store_day=day,
        store_total=half_up(record.store_total or ZERO, unit),
        store_tax=half_up(record.store_tax or ZERO, unit),
        state=record.state,
        reason=record.reason,
        is_explained=record.state in OPEN,
        finding=Finding.NOT_SENT,
    )


def kind_of(entity: str) -> str:
    if entity in SALES:
        return Kind.SALE
    if entity in CREDITS:
        return Kind.REFUND
    return Kind.PAYMENT if entity == PAYMENT else Kind.FEE


def marker_of(found: FoundDocument) -> str:
    """Its first line, also of a document that was voided; "" when it bears none of ours or our kind."""
    first = found.private_note.removeprefix(VOIDED).split("\n", 1)[0].strip()
    return first.split(" ", 1)[0] if first.startswith(MARKER_PREFIX) else ""


def currency_of(found: FoundDocument) -> str:
    return str((found.raw.get("CurrencyRef") or {}).get("value") or "")


def home_currency(tenant: Tenant) -> str:
    return str((tenant.company.facts or {}).get("home_currency", "")) if tenant.company else ""


def is_voided(found: FoundDocument) -> bool:
    return found.private_note.startswith(VOIDED) and not found.total


def _meant(written: Written) -> tuple[Decimal, Decimal | None]:
    """What the store says of this document: a sale or refund its own total, a cancellation what it took back."""
    record, answered = written.record, written.answered
    unit = smallest_unit(record.currency)
    is_gone = record.state == Record.State.ATTENTION and record.reason in GONE_FROM_STORE
    if written.is_void or (is_gone and written.entity != PAYMENT):
        return ZERO, ZERO
    if written.entity == FEE:
        return answered.planned_total or answered.total or ZERO, None
    if written.entity == PAYMENT:
        if not written.create.total:
            return ZERO, None
        if written.is_part:
            return written.create.planned_total or written.create.total, None
        return half_up(record.store_total or ZERO, unit) - written.applied - written.paid_before, None
    if written.entity in CREDITS and record.source == Record.Source.ORDER:
        return answered.total or ZERO, answered.tax
    return half_up(record.store_total or ZERO, unit), half_up(record.store_tax or ZERO, unit)


def _add_books(line: ReconciliationLine, found: FoundDocument, tax_item: str) -> None:
    line.books_day = found.document_date
    line.books_total = found.total or ZERO
    if line.kind in (Kind.SALE, Kind.REFUND):
        line.books_tax = _tax_on(found, tax_item) if tax_item else found.tax or ZERO
    if found.entity in MEETS_MONEY:
        account_id, name = _account(found.entity, found.raw.get)
        line.books_account_id, line.books_account_name = account_id, name[:255]


def _tax_on(found: FoundDocument, tax_item: str) -> Decimal:
    lines = [one for one in found.raw.get("Line", []) if one.get("DetailType") == "SalesItemLineDetail"]
    return sum(
        (
            Decimal(str(one.get("Amount") or 0))
            for one in lines
            if str((one["SalesItemLineDetail"].get("ItemRef") or {}).get("value")) == tax_item
        ),
        ZERO,
    )


def _account(entity: str, told: Any) -> tuple[str, str]:
    ref = told("AccountRef" if entity == FEE else "DepositToAccountRef") or {}
    return str(ref.get("value") or ""), str(ref.get("name") or "")


def changes_of(written: Written, found: FoundDocument) -> list[str]:
    """The fields that say something else than QuickBooks last answered to us. Lines only once the token has risen."""
    answered = written.answered
    changes = []
    if not written.is_void and (found.total or ZERO) != (answered.total or ZERO):
        changes.append("total")
    if not written.is_void and (found.tax or ZERO) != (answered.tax or ZERO):
        changes.append("tax")
    if written.day is not None and found.document_date != written.day:
        changes.append("date")
    if found.number != answered.doc_number:
        changes.append("number")
    customer = written.told("CustomerRef")
    if customer and found.customer_id and found.customer_id != str(customer.get("value")):
        changes.append("customer")
    if found.entity in MEETS_MONEY:
        account, now = written.account()[0], _account(found.entity, found.raw.get)[0]
        if account and now and account != now:
            changes.append("account")
    if _lines_differ(written, found):
        changes.append("lines")
    return changes


def _lines_differ(written: Written, found: FoundDocument) -> bool:
    answered = written.answered
    if found.sync_token == answered.sync_token or not answered.answer.get("Line") or written.is_void:
        return False
    return _lines(answered.answer) != _lines(found.raw)


def _lines(body: Mapping[str, Any]) -> list[tuple[str, ...]]:
    found = []
    for line in body.get("Line") or ():
        detail = line.get("SalesItemLineDetail") or {}
        links = sorted(f"{one.get('TxnType')}:{one.get('TxnId')}" for one in line.get("LinkedTxn") or ())
        found.append(
            (
                str(line.get("DetailType") or ""),
                f"{Decimal(str(line.get('Amount') or 0)).normalize():f}",
                str((detail.get("ItemRef") or {}).get("value") or ""),
                str((detail.get("TaxCodeRef") or {}).get("value") or ""),
                *links,
            )
        )
    return sorted(found)


def _is_rounded(record: Record, line: ReconciliationLine) -> bool:
    """The total is exact and the tax a cent off, as was planned and told where the company takes no amounts."""
    if line.store_total != line.books_total or line.store_tax is None or line.books_tax is None:
        return False
    if record.proof.get("means") != Means.ROUNDING.value:
        return False
    planned = (Decimal(record.proof["store_tax"]), Decimal(record.proof["document_tax"]))
    return planned == (line.store_tax, line.books_tax)


def _finding(written: Written, line: ReconciliationLine, found: FoundDocument) -> str:
    """What matters most of all that was done to it; "" when both sides agree and nobody touched it."""
    differs = line.store_total != line.books_total or line.store_tax != line.books_tax
    if is_voided(found) and not written.is_void and written.answered.total:
        return Finding.VOIDED
    if differs and {"total", "tax"} & set(line.changes):
        return Finding.AMOUNT
    if "date" in line.changes:
        return Finding.REDATED
    if "account" in line.changes:
        return Finding.OTHER_ACCOUNT
    if line.changes:
        return Finding.EDITED
    return Finding.STORE_CHANGED if differs and not written.is_kept else ""

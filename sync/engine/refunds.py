"""Refunds of the store become credit memos and refund receipts: one record, one document each, after their sale.

A refund is planned once its order has come to an end, one refund of an order at a time, in the order of their ids: what
an invoice still leaves open is then known. Its order waits while one of them is on its way.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from connector.accounting.books import FoundDocument, NoSale, PostedSale
from connector.accounting.commerce import Order, OrderLine, Refund, Unreadable
from connector.accounting.documents import DocumentKind, Held, Outcome, Parties, Planned
from connector.accounting.keys import refund_key
from connector.accounting.plan import rehearsal_parties
from connector.accounting.policy import PostingPolicy
from connector.accounting.refunds import mirrors_order, plan_refund
from sync.engine import journal, linking, resolve
from sync.engine.context import Slice
from sync.engine.credits import application_of, apply_credit, details_of, send_application
from sync.engine.kept import end_posted
from sync.engine.payloads import read_anew
from sync.engine.plan import SLICE_ORDERS, policy_of, store_document, with_number
from sync.engine.refund_rows import read_refunds, refunds_of
from sync.engine.standing import (
    invoice_is_gone,
    last_answer,
    last_create,
    read_invoices_again,
    sale_in_books,
)
from sync.engine.touched import hold_without_document
from sync.engine.verify import differs, remember_answer, settle_document
from sync.models import OptionsVersion, Posting, Record

logger = logging.getLogger(__name__)

WITHOUT_SALE = "refund_without_sale"
SALES = (DocumentKind.INVOICE, DocumentKind.SALES_RECEIPT)


@dataclass(frozen=True, slots=True)
class Case:
    """A refund with all that it is planned from. needed: the lines whose items it takes, as an order."""

    record: Record
    refund: Refund
    order: Order
    needed: Order
    policy: PostingPolicy
    sale: PostedSale | NoSale
    others: tuple[Refund, ...]

    def plan(self, parties: Parties) -> Outcome:
        return plan_refund(self.refund, self.order, self.policy, parties, self.sale, earlier=self.others)

    @property
    def goods(self) -> resolve.Goods:
        return resolve.Goods(self.needed, self.policy)


def plan_refunds(work: Slice) -> int:
    """Plans the next refunds whose orders have come to an end; returns how many records were taken from the queue."""
    records = _ready(work)
    if not records:
        return 0
    read_anew(work, _orders_of(records))
    refused = read_refunds(work, _orders_of(records))
    records = _ready(work)
    read_invoices_again(work, _orders_of(records))
    cases = []
    for record in records:
        try:
            case = _consider(work, record, refused)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # One refund that breaks our own code must not stop the others: it is held, and loudly.
            logger.exception("planning failed", extra={"record": record.pk, "tenant": work.tenant.pk})
            journal.end(record, work.run, Held("unreadable", {"problem": type(error).__name__}))
            continue
        if case is not None:
            cases.append(case)
    work.checkpoint("refunds considered")
    going = [case for case in cases if _is_rehearsed(work, case)]
    if going:
        buyers = [case.goods for case in going if not isinstance(case.sale, PostedSale)]
        found = resolve.find_parties(work, [case.goods for case in going], buyers=buyers)
        for case in going:
            _store_plan(work, case, found)
            work.checkpoint("refund planned")
    return max(len(records), 1)


def _orders_of(refunds: Sequence[Record]) -> list[Record]:
    return [refund.parent for refund in refunds if refund.parent is not None]


def _ready(work: Slice) -> list[Record]:
    """The next refund of each order: queued, or waiting for a sale that has been decided since."""
    refunds = Record.objects.for_tenant(work.tenant).filter(source=Record.Source.REFUND, parent__isnull=False)
    sale = Posting.objects.filter(
        record=OuterRef("parent"), operation="create", state=Posting.State.POSTED, entity__in=SALES
    )
    on_its_way = Record.objects.filter(parent=OuterRef("parent"), state=Record.State.SENDING)
    is_decided = Exists(sale) | Q(parent__state=Record.State.SKIPPED)
    refunds = (
        refunds.filter(
            Q(state=Record.State.QUEUED)
            | Q(state=Record.State.WAITING, reason="awaiting_sale") & is_decided
            | Q(state=Record.State.ATTENTION, reason=WITHOUT_SALE, details__problem__isnull=True) & Exists(sale)
            | Q(state=Record.State.SKIPPED, reason="undone", details__with_sale=True) & Exists(sale)
        )
        .exclude(parent__state__in=Record.IN_FLIGHT)
        .exclude(Exists(on_its_way))
        .select_related("parent", "options_version")
        .order_by("woo_id")
    )
    named = work.run.parameters.get("order_ids")
    if named:
        refunds = refunds.filter(parent__woo_id__in=named)
    first: dict[int, Record] = {}
    for refund in refunds[: SLICE_ORDERS * 2]:
        first.setdefault(refund.parent_id or 0, refund)
    return list(first.values())[:SLICE_ORDERS]


def _consider(work: Slice, record: Record, refused: dict[int, Held]) -> Case | None:
    """Ends the refund at once where nothing is to be sent for it; else hands on what planning needs."""
    outcome: Held | None = refused.get(record.parent_id or 0)
    case = outcome or _case(work, record, with_number(work.policy_for(work.options), record))
    if isinstance(case, Held):
        journal.end(record, work.run, case, version=work.options)
        return None
    Record.objects.filter(pk=record.pk).update(planned_hash=record.raw_hash)
    record.planned_hash = record.raw_hash
    credit = last_create(record, refund_key(case.order.id, case.refund.id))
    if credit is None or credit.state != Posting.State.POSTED:
        return case
    if credit.is_linked:
        question = linking.open_question(record, credit)
        if question is not None:
            journal.end(record, work.run, question, version=work.options)
        else:
            end_posted(work, record, credit)
        return None
    applied = last_create(record, f"{credit.key}:apply")
    if differs(last_answer(record, credit)) or (applied is not None and applied.state == Posting.State.POSTED):
        settle_refund(work, record)
        return None
    return case


def _case(work: Slice, record: Record, policy: PostingPolicy) -> Case | Held:
    parent = record.parent
    if parent is None:
        return Held("unreadable", {"problem": "no order"})
    order, refund = work.store.parse(parent.raw), work.store.parse_refund(record.raw, parent.woo_id)
    for thing in (order, refund):
        if isinstance(thing, Unreadable):
            return Held("unreadable", {"problem": thing.problem})
    assert isinstance(order, Order)
    assert isinstance(refund, Refund)
    sale = sale_in_books(work, parent)
    if sale is not None and invoice_is_gone(work, sale):
        hold_without_document(work, parent, sale)
        sale = None
    if sale is not None and sale.linked_at is not None:
        sale = _with_question(record, refund, sale, sale.linked_at)
    return Case(
        record=record,
        refund=refund,
        order=order,
        needed=_needed(refund, order, policy),
        policy=policy,
        sale=sale if sale is not None else _why_no_sale(record, parent),
        others=tuple(one for one in refunds_of(work, parent) if one.id != refund.id),
    )


def _with_question(record: Record, refund: Refund, sale: PostedSale, linked_at: datetime) -> PostedSale:
    """A refund that was there before its sale was linked may be in the books, until a person says that it is not.

    The shop's clock may be ahead of ours, so what we had read of it by then counts as before."""
    if record.decisions.get(WITHOUT_SALE) == "alone":
        return replace(sale, linked_at=None)
    return replace(sale, linked_at=max(linked_at, refund.created_at)) if record.first_seen_at <= linked_at else sale


def _why_no_sale(record: Record, parent: Record) -> NoSale:
    if parent.state != Record.State.SKIPPED:
        return NoSale.AWAITED
    return NoSale.ALONE if record.decisions.get(WITHOUT_SALE) == "alone" else NoSale.NEVER


def _needed(refund: Refund, order: Order, policy: PostingPolicy) -> Order:
    """The order with only those lines of which pieces come back; their items alone must be there."""
    if mirrors_order(refund, order, policy):
        return order
    sold = {line.id: line for line in order.lines}
    lines: list[OrderLine] = [sold.get(line.id, line) for line in refund.lines if line.quantity]
    return replace(order, lines=tuple(lines))


def _is_rehearsed(work: Slice, case: Case) -> bool:
    """Plans with symbols for what would be created; ends those that would be held, skipped or wait anyway."""
    known = resolve.Resolved(items=resolve.match_items(work, [case.goods]))
    customer = case.sale.customer if isinstance(case.sale, PostedSale) else None
    parties = rehearsal_parties(case.needed, case.policy, items=known.item_refs(case.needed), customer=customer)
    outcome = case.plan(parties)
    held = known.held_item(case.needed)
    if held is not None and isinstance(outcome, Planned | Held):
        outcome = held
    if isinstance(outcome, Planned):
        return True
    journal.end(case.record, work.run, outcome, version=work.options)
    return False


def _store_plan(work: Slice, case: Case, found: resolve.Resolved) -> None:
    outcome = _plan_with(case, found)
    if not isinstance(outcome, Planned):
        journal.end(case.record, work.run, outcome, version=work.options)
        return
    credit = last_create(case.record, refund_key(case.order.id, case.refund.id))
    if credit is None or credit.state != Posting.State.POSTED:
        with transaction.atomic():
            work.heartbeat()  # writes nothing once the lease is lost
            _store(work, case.record, outcome, version=work.options)
        return
    application = application_of(outcome)
    if application is None or not send_application(work, case.record, credit, application):
        settle_refund(work, case.record)


def _plan_with(case: Case, found: resolve.Resolved) -> Outcome:
    if not isinstance(case.sale, PostedSale):
        parties = found.parties(case.goods)
        return parties if isinstance(parties, Held) else case.plan(parties)
    held = found.held_item(case.needed)
    return held or case.plan(Parties(case.sale.customer, found.item_refs(case.needed)))


def _store(
    work: Slice,
    record: Record,
    outcome: Planned,
    *,
    version: OptionsVersion | None = None,
    update_of: Posting | None = None,
    over: FoundDocument | None = None,
) -> None:
    store_document(
        work,
        record,
        outcome,
        version=version,
        update_of=update_of,
        standing=over,
        document_id=update_of.qbo_id if update_of is not None else "",
        details=details_of(outcome),
        planned_hash=record.raw_hash,
        store_tax=outcome.proof.store_tax,
        proof=journal.proof_as_json(outcome.proof),
        notices=journal.notices_as_json(outcome.notices),
    )


@dataclass(frozen=True, slots=True)
class CreditOf:
    """A refund's credit memo or refund receipt as a document that its record wants in the books."""

    work: Slice
    record: Record
    key: str

    def policy(self) -> PostingPolicy:
        return policy_of(self.work, self.record)

    def plan(self, policy: PostingPolicy) -> Outcome:
        case = _case(self.work, self.record, policy)
        if isinstance(case, Held):
            return case
        buyers = [] if isinstance(case.sale, PostedSale) else [case.goods]
        return _plan_with(case, resolve.find_parties(self.work, [case.goods], buyers=buyers))

    def store(self, outcome: Planned, *, update_of: Posting) -> None:
        _store(self.work, self.record, outcome, update_of=update_of)

    def remember(self, answered: Posting) -> None:
        remember_answer(self.record, answered)

    def go_on(self, posting: Posting) -> None:
        if apply_credit(self.work, self.record, posting):
            return
        end_posted(self.work, self.record, last_answer(self.record, posting))


def settle_refund(work: Slice, record: Record) -> None:
    """A refund without unanswered writes."""
    parent = record.parent
    if parent is None:
        journal.end(record, work.run, Held("unreadable", {"problem": "no order"}))
        return
    settle_document(work, CreditOf(work, record, refund_key(parent.woo_id, record.woo_id)))


def credit_again(work: Slice, record: Record, answered: Posting) -> Planned | Held:
    """A refund's credit as the store and its own rules have it."""
    outcome = CreditOf(work, record, answered.key).plan(policy_of(work, record))
    return outcome if isinstance(outcome, Planned | Held) else Held("totals_differ", {"order": record.number})


def replace_credit(work: Slice, record: Record, outcome: Planned, answered: Posting, over: FoundDocument) -> None:
    """Stores the change that makes a credit ours again where a person changed it."""
    _store(work, record, outcome, update_of=answered, over=over)

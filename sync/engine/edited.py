"""An order that was edited in the store after it was posted: its document follows, as long as nobody else touched it.

The order is planned again by today's rules for what was sold; the document keeps its kind, number, date, customer and
accounts, for saving settings rewrites nothing that was posted. The sync token that QuickBooks last told us guards the
change (product specification, §4).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import transaction

from connector.accounting.books import FoundDocument, PostedSale
from connector.accounting.commerce import Order
from connector.accounting.documents import DocumentKind, Held, Notice, Outcome, Parties, Planned
from connector.accounting.keys import cancel_key
from connector.accounting.money import ZERO
from connector.accounting.plan import plan_order, rehearsal_parties
from connector.accounting.policy import GatewayMapping, PostingPolicy
from sync.engine import journal, resolve
from sync.engine.context import Slice
from sync.engine.kept import is_kept
from sync.engine.plan import order_fingerprint, store_sale
from sync.engine.standing import last_answer, sale_in_books
from sync.engine.touched import hold_edited
from sync.models import Posting, Record


def follow_edit(work: Slice, record: Record, order: Order, sale: Posting) -> bool:
    """True when a change of the document is on its way, or when the record was held for it; False without an edit."""
    if order_fingerprint(order) == record.fingerprint or _is_taken_back(record, sale):
        return False
    answered = last_answer(record, sale)
    if is_kept(record):
        details = {"number": answered.doc_number, "order": record.number, "problem": "kept"}
        hold_edited(work, record, details, (), None)
        return True
    outcome = outcome_of_edit(work, record, order, sale)
    if isinstance(outcome, Held):
        journal.end(record, work.run, outcome, version=work.options)
        return True
    if _says_the_same(work, outcome, answered):
        record.fingerprint = order_fingerprint(order)
        Record.objects.filter(pk=record.pk).update(fingerprint=record.fingerprint)
        journal.tell(record, work.run, "edit_changes_nothing", version=work.options.number)
        return False
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        journal.tell(record, work.run, "edited", version=work.options.number)
        change(work, record, order, outcome, answered)
    return True


def change(
    work: Slice, record: Record, order: Order, outcome: Planned, answered: Posting, *, over: FoundDocument | None = None
) -> None:
    """Stores the change of a sale's document. over: a person's version that it replaces, as just read."""
    store_sale(
        work,
        record,
        order,
        outcome,
        version=work.options,
        update_of=answered,
        document_id=answered.qbo_id,
        standing=over,
    )


def plan_edited(work: Slice, record: Record, order: Order, sale: Posting, policy: PostingPolicy) -> Outcome:
    """The order as its document would say it now; first with symbols, so that what is held leaves nothing behind."""
    standing = sale_in_books(work, record)
    if standing is None:
        return Held("document_gone", {"number": sale.doc_number, "order": record.number})
    policy = _as_it_stands(policy, order, standing)
    goods = resolve.Goods(order, policy)
    known = resolve.Resolved(items=resolve.match_items(work, [goods]))
    parties = rehearsal_parties(order, policy, items=known.item_refs(order), customer=standing.customer)
    outcome = plan_order(order, policy, parties, include_selection=False)
    if not isinstance(outcome, Planned):
        return outcome
    held = known.held_item(order)
    if held is not None:
        return held
    found = resolve.find_parties(work, [goods], buyers=[])
    held = found.held_item(order)
    if held is not None:
        return held
    return _bearing(
        plan_order(order, policy, Parties(standing.customer, found.item_refs(order)), include_selection=False), standing
    )


def note_payment(work: Slice, record: Record) -> None:
    """A paid invoice whose total changed keeps its payment: what that leaves open, or leaves over, is told."""
    standing = sale_in_books(work, record)
    if standing is None or standing.kind is not DocumentKind.INVOICE or not standing.money:
        return
    paid = sum((money.amount for money in standing.money), ZERO)
    over = paid + standing.applied - standing.total
    if standing.open_balance > 0:
        notice = Notice("edited_payment_open", {"amount": f"{standing.open_balance:f}"})
    elif over > 0:
        notice = Notice("edited_payment_over", {"amount": f"{over:f}"})
    else:
        return
    journal.note(record, [notice])


def closed_on(work: Slice, answered: Posting, day: date) -> Held | None:
    """A document of a closed period is never changed."""
    until = work.policy_for(work.options).closed_until
    if until is None or day > until:
        return None
    details = {"date": day.isoformat(), "closed_until": until.isoformat(), "number": answered.doc_number}
    return Held("closed_period", {**details, "problem": "edited"})


def outcome_of_edit(work: Slice, record: Record, order: Order, sale: Posting) -> Planned | Held:
    """What the document is to say now, or why it cannot."""
    standing = sale_in_books(work, record)
    if standing is not None:
        held = closed_on(work, last_answer(record, sale), standing.document_date)
        if held is not None:
            return dataclasses.replace(held, details={**held.details, "order": record.number})
    outcome = plan_edited(work, record, order, sale, work.policy_for(work.options))
    if isinstance(outcome, Held):
        return outcome
    if not isinstance(outcome, Planned) or standing is None:
        return Held("totals_differ", {"problem": "emptied", "order": record.number})
    credits = sum((credit.total for credit in standing.credits), ZERO)
    if outcome.sale.total < credits:
        return Held("refund_exceeds_sale", _below(record, outcome.sale.total, credits))
    return outcome


def _below(record: Record, total: Decimal, credits: Decimal) -> Mapping[str, str]:
    return {"problem": "edited", "amount": f"{credits:f}", "left": f"{total:f}", "order": record.number}


def _as_it_stands(policy: PostingPolicy, order: Order, standing: PostedSale) -> PostingPolicy:
    """Today's rules for the goods, without those for what the document keeps: they might refuse what is not asked."""
    method = order.payment_method
    account = standing.money[0].account if standing.money else None
    own = GatewayMapping(method, account, None)
    kept = {f"gateway:{method}", f"payment_method:{method}"}
    inactive = {key: name for key, name in policy.inactive_refs.items() if key not in kept}
    return dataclasses.replace(
        policy,
        document="invoice" if standing.kind is DocumentKind.INVOICE else "sales_receipt",
        automatic_numbers=True,
        custom_numbers_on=False,
        closed_until=None,
        record_payments=False,
        gateways={**policy.gateways, method: own} if account is not None else policy.gateways,
        inactive_refs=inactive,
    )


def _bearing(outcome: Outcome, standing: PostedSale) -> Outcome:
    """The plan under the number and on the day that the document bears."""
    if not isinstance(outcome, Planned):
        return outcome
    sale = dataclasses.replace(outcome.sale, number=standing.number, document_date=standing.document_date)
    return dataclasses.replace(outcome, documents=(sale,))


def _is_taken_back(record: Record, sale: Posting) -> bool:
    """A voided invoice, or one that a cancellation took back, shows its order no longer."""
    return any(
        posting.state == Posting.State.POSTED
        and (
            (posting.operation == "void" and posting.qbo_id == sale.qbo_id)
            or (posting.key == cancel_key(record.woo_id) and posting.operation == "create")
        )
        for posting in record.postings.all()
    )


def _says_the_same(work: Slice, outcome: Planned, answered: Posting) -> bool:
    sale = outcome.sale
    if (sale.total, sale.tax.total if sale.tax else ZERO) != (answered.total, answered.tax or ZERO):
        return False
    _entity, payload = work.books.encode(sale)
    return work.books.same_lines(answered.payload if answered.payload.get("Line") else answered.answer, payload)

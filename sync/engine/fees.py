"""What a payment gateway kept of an order's money: an expense from the clearing account, once sale and money stand."""

from __future__ import annotations

from django.db import transaction

from connector.accounting.commerce import Order
from connector.accounting.documents import ExpenseDocument, Held, Notice
from connector.accounting.fees import plan_fee
from connector.accounting.keys import fee_key
from sync.engine import journal, mirror
from sync.engine.context import Slice
from sync.engine.post import new_posting
from sync.engine.standing import last_create, sale_in_books
from sync.models import Posting, Record

BANK = "Bank"


def settle_fee(work: Slice, record: Record, order: Order) -> bool:
    """True when a posting is on its way, or the record was held for it; False when no fee is due, or none any more.

    The rules of today decide, as with payments. A fee that was sent is never sent again nor changed: what the plugin
    writes onto the order later, after a refund for instance, is the gateway's affair with the merchant."""
    last = last_create(record, fee_key(order.id))
    if last is not None and last.state == Posting.State.POSTED:
        return _settle_posted(work, record, last)
    if last is not None and last.state == Posting.State.FAULTED and last.run_id == work.run.pk:
        details = {"code": last.fault_code, "message": last.fault_detail[:500], "order": record.number}
        held = Held(f"refused_by_quickbooks:{last.fault_code}", {"problem": "fee", **details})
        journal.end(record, work.run, held, version=record.options_version)
        return True
    due = _due(work, record, order)
    if isinstance(due, Held):
        journal.end(record, work.run, due, version=record.options_version)
        return True
    if isinstance(due, Notice):
        if due.reason not in {notice["reason"] for notice in record.notices}:
            journal.note(record, [due])
        return False
    if due is None:
        return False
    entity, payload = work.books.encode(due)
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        new_posting(
            work,
            key=due.key,
            operation="create",
            entity=entity,
            payload=payload,
            record=record,
            planned_total=due.total,
        )
        journal.move(record, work.run, Record.State.SENDING, version=record.options_version)
    return True


def _due(work: Slice, record: Record, order: Order) -> ExpenseDocument | Notice | Held | None:
    policy = work.policy_for(work.options)
    standing = sale_in_books(work, record) if policy.gateway_fees else None
    if standing is None or not standing.money or standing.linked_at is not None:
        return None  # whoever made a linked sale's document knows of its fee
    account = standing.money[-1].account.id
    row = mirror.by_ids(work.company, "Account", [account]).get(account)
    return plan_fee(order, policy, standing, is_bank=row is not None and row.type == BANK)


def _settle_posted(work: Slice, record: Record, fee: Posting) -> bool:
    if not journal.was_told(record, "posted", posting=fee.pk):
        journal.tell(
            record, work.run, "posted", posting=fee.pk, entity=fee.entity, qbo_id=fee.qbo_id, total=str(fee.total)
        )
    if fee.total == fee.planned_total:
        return False
    amounts = {"store_total": str(fee.planned_total), "books_total": str(fee.total)}
    held = Held("totals_differ", {"problem": "fee", "order": record.number, **amounts})
    journal.end(record, work.run, held, version=record.options_version)
    return True

"""What would be posted, without posting, creating or remembering anything, and without a call to QuickBooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.accounting.commerce import DRAFT_STATUSES, Order, Unreadable
from connector.accounting.documents import ExpenseDocument, Held, Notice, Outcome, Planned
from connector.accounting.fees import plan_fee, sale_as_planned
from connector.accounting.plan import plan_order, rehearsal_parties
from connector.accounting.policy import PostingPolicy
from sync.engine import mirror, resolve
from sync.engine.context import Slice
from sync.engine.fees import BANK
from sync.engine.pull import PAGE_SIZES, start_of


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One order and what would become of it."""

    order: Order | Unreadable
    policy: PostingPolicy
    outcome: Outcome
    fee: ExpenseDocument | Notice | Held | None = None
    """What would be sent for the fee of its gateway once the sale stands, or why that would not."""


def rehearse(work: Slice, orders: Sequence[Order | Unreadable]) -> list[Rehearsal]:
    policy = work.policy_for(work.options)
    readable = [Rehearsal(order, policy, Held("unreadable")) for order in orders if isinstance(order, Order)]
    found = resolve.Resolved(items=resolve.match_items(work, readable))  # type: ignore[arg-type]
    return _with_fees(work, [_rehearse_one(order, policy, found) for order in orders])


def _with_fees(work: Slice, rehearsals: list[Rehearsal]) -> list[Rehearsal]:
    """By the rules of a run: from the account that takes the sale's money, where that is a bank account."""
    sales = {
        place: sale_as_planned(one.outcome)
        for place, one in enumerate(rehearsals)
        if one.policy.gateway_fees and isinstance(one.outcome, Planned)
    }
    accounts = {money.account.id for sale in sales.values() for money in sale.money}
    banks = {row.qbo_id for row in mirror.by_ids(work.company, "Account", accounts).values() if row.type == BANK}
    for place, sale in sales.items():
        one = rehearsals[place]
        if sale.money and isinstance(one.order, Order):
            fee = plan_fee(one.order, one.policy, sale, is_bank=sale.money[-1].account.id in banks)
            rehearsals[place] = replace(one, fee=fee)
    return rehearsals


def _rehearse_one(order: Order | Unreadable, policy: PostingPolicy, found: resolve.Resolved) -> Rehearsal:
    if isinstance(order, Unreadable):
        return Rehearsal(order, policy, Held("unreadable", {"problem": order.problem}))
    outcome = plan_order(order, policy, rehearsal_parties(order, policy, items=found.item_refs(order)))
    held = found.held_item(order)
    if held is not None and isinstance(outcome, Planned | Held):
        outcome = held
    return Rehearsal(order, policy, outcome)


def read_orders(work: Slice, ids: Sequence[int] = ()) -> list[Order | Unreadable]:
    """The orders a first run would read: those named, or all since the start date; drafts are not orders."""
    if ids:
        rows = list(work.store.orders_by_id(ids))
    else:
        policy = work.policy_for(work.options)
        rows, page, pages = [], 1, 1
        while page <= pages:
            answer = work.store.orders(
                page=page,
                per_page=PAGE_SIZES[0],
                created_after=start_of(policy.start_date, policy.time_zone),
                modified_before=None,
                status="any,trash",
            )
            pages = answer.pages if page == 1 else pages
            rows += answer.rows
            page += 1
    return [order for _raw, order in rows if isinstance(order, Unreadable) or order.status not in DRAFT_STATUSES]

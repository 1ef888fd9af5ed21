"""A sale that stands in the books and was cancelled in the store: taken back, voided, or left to a human.

An order that leaves the selected statuses is never undone silently: only an invoice that nobody has paid is taken back,
by a credit memo over what refunds have left of it, or by voiding it where the merchant chose that (specification §9).
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.accounting.assembly import Header, settle_parts
from connector.accounting.books import PostedSale
from connector.accounting.checks import unusable_problem
from connector.accounting.coding import begin_coding
from connector.accounting.commerce import Order, Refund
from connector.accounting.credits import Link, complete_credit, left_of, own_credit, taken_numbers
from connector.accounting.currencies import currency_problem
from connector.accounting.dates import DocumentDate, open_date
from connector.accounting.documents import DocumentKind, Held, Parties, Planned, Skipped, Void
from connector.accounting.goods import given_back, rest_of
from connector.accounting.keys import cancel_apply_key, cancel_apply_marker, cancel_key, cancel_marker, sale_key
from connector.accounting.limits import taken_back
from connector.accounting.money import ZERO, half_up, smallest_unit
from connector.accounting.numbers import cancel_note, credit_number, shown_number
from connector.accounting.parts import collect_parts
from connector.accounting.policy import PostingPolicy
from connector.accounting.refund_parts import amount_part, collect_refund_parts
from connector.accounting.tax import SettledTax
from connector.accounting.texts import say

UNDONE_STATUSES = frozenset({"cancelled", "failed"})


def plan_cancellation(
    order: Order,
    policy: PostingPolicy,
    parties: Parties,
    sale: PostedSale,
    *,
    refunds: Sequence[Refund] = (),
) -> Planned | Void | Skipped | Held | None:
    """What becomes of a posted sale whose order was cancelled or failed; None when there is nothing to do.

    refunds: all of the order, with those deleted in the store whose document stands. Skipped: the merchant takes
    invoices back by hand. Nothing is left to do where the whole was refunded or the cancellation is posted already.
    """
    unusable = unusable_problem(order, *refunds)
    if unusable is not None:
        return unusable
    unit = smallest_unit(order.currency)
    refunds = tuple(sorted((one for one in refunds if half_up(one.amount, unit) != 0), key=lambda one: one.id))
    if order.status not in UNDONE_STATUSES or own_credit(cancel_key(order.id), sale) is not None:
        return None
    refunded = sum((half_up(refund.amount, unit) for refund in refunds), ZERO)
    if min(sale.total - refunded, left_of(sale)) <= 0:
        return None
    if not _is_unpaid(order, sale):
        details = {"order": shown_number(order), "refunded": f"{refunded:f}"}
        return Held("cancelled_but_paid", details)
    return _take_back(order, policy, parties, sale, refunds)


def _is_unpaid(order: Order, sale: PostedSale) -> bool:
    """No money from us, from the store's word, or from a human in QuickBooks: all is open but for our credits."""
    if sale.has_its_money or order.paid_at is not None:
        return False
    return sale.open_balance == sale.total - sale.applied


def _take_back(
    order: Order, policy: PostingPolicy, parties: Parties, sale: PostedSale, refunds: Sequence[Refund]
) -> Planned | Void | Skipped | Held:
    may_be_voided = sale.linked_at is None and not refunds and not sale.credits and _is_open(sale, policy)
    if policy.cancelled == "void" and may_be_voided:
        return Void(sale_key(order.id), sale.kind, sale.qbo_id)
    if policy.credit_memos == "off":
        return Skipped("by_hand", {"why": "credit_memos_off"})
    day = open_date(order.modified_at, policy)
    if isinstance(day, Held):
        return day
    problem = currency_problem(order, policy) or _exceeds(order, sale, refunds)
    if problem is not None:
        return problem
    settled = _settle(order, policy, parties, refunds)
    if isinstance(settled, Held):
        return settled
    header = _header(order, policy, sale, day, place=len(refunds) + 1)
    if isinstance(header, Held):
        return header
    note = cancel_note(cancel_apply_marker(policy.tenant_key, order.id), order, policy)
    return complete_credit(settled, order, policy, sale, header, Link(cancel_apply_key(order.id), note))


def _exceeds(order: Order, sale: PostedSale, refunds: Sequence[Refund]) -> Held | None:
    """The order's rest is more than the books' rest: the order, or what refunds took, is not what was posted."""
    unit = smallest_unit(order.currency)
    rest = half_up(order.total, unit) - sum((half_up(refund.amount, unit) for refund in refunds), ZERO)
    left = sale.total - taken_back(cancel_key(order.id), order, sale, refunds, unit)
    if rest <= left:
        return None
    details = {"problem": "total", "amount": f"{rest:f}", "left": f"{left:f}", "order": shown_number(order)}
    return Held("refund_exceeds_sale", details)


def _is_open(sale: PostedSale, policy: PostingPolicy) -> bool:
    """A void changes the day the invoice bears; in a closed period a credit memo on an open day takes its place."""
    return policy.closed_until is None or sale.document_date > policy.closed_until


def _settle(
    order: Order, policy: PostingPolicy, parties: Parties, refunds: Sequence[Refund]
) -> tuple[Order, SettledTax] | Held:
    """The order's own lines and tax, or what refunds have left of them."""
    unit = smallest_unit(order.currency)
    coding = begin_coding(order, policy, unit)
    if isinstance(coding, Held):
        return coding
    if not refunds:
        parts = collect_parts(order, policy, parties, coding, unit)
        goods = order
    else:
        rest, unnamed = rest_of(order, refunds, unit)
        goods = given_back(rest, order, unit, untaxed=unnamed)
        parts = collect_refund_parts(goods, policy, parties, coding, unit)
        if isinstance(parts, tuple) and unnamed != 0:
            given = amount_part(unnamed, say("refund", policy.language), policy, coding)
            parts = given if isinstance(given, Held) else (*parts, given)
    if isinstance(parts, Held):
        return parts
    settled = settle_parts(goods, policy, coding, parts, unit)
    return settled if isinstance(settled, Held) else (goods, settled)


def _header(order: Order, policy: PostingPolicy, sale: PostedSale, day: DocumentDate, *, place: int) -> Header | Held:
    """Its number is the first of the order's credits; refunds that came before it keep theirs."""
    key = cancel_key(order.id)
    number = credit_number(order, policy, sale_number=sale.number, place=place, taken=taken_numbers(key, sale))
    if isinstance(number, Held):
        return number
    marker = cancel_marker(policy.tenant_key, order.id)
    return Header(
        kind=DocumentKind.CREDIT_MEMO,
        key=key,
        number=number,
        day=day,
        customer=sale.customer,
        note=cancel_note(marker, order, policy, true_date=day.true_date),
    )

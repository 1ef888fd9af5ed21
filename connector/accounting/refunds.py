"""One refund of the store becomes a credit memo or a refund receipt with its proof, or a reason from the closed list.

`plan_refund` is pure and total like `plan_order`, and reads the same whichever of the order's refunds arrives first
(product specification §9). Money rules with worked numbers: docs/money.md, "Refunds".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.accounting.assembly import Header, settle_parts
from connector.accounting.books import NoSale, PostedSale
from connector.accounting.checks import unusable_problem
from connector.accounting.coding import begin_coding, narrow_coding
from connector.accounting.commerce import Order, Refund
from connector.accounting.credits import (
    Link,
    complete_credit,
    own_credit,
    refund_deposit,
    refund_kind,
    taken_numbers,
)
from connector.accounting.currencies import currency_problem
from connector.accounting.dates import open_date
from connector.accounting.documents import DocumentKind, Held, Outcome, Parties, Skipped, Waiting
from connector.accounting.goods import given_back, names_amounts, with_rates_of
from connector.accounting.keys import (
    cancel_key,
    refund_apply_key,
    refund_apply_marker,
    refund_key,
    refund_marker,
)
from connector.accounting.limits import exceeds_money, exceeds_sale, limit_tax
from connector.accounting.money import half_up, smallest_unit
from connector.accounting.numbers import credit_number, refund_note, shown_number
from connector.accounting.parts import Part, collect_parts
from connector.accounting.payments import Deposit
from connector.accounting.policy import PostingPolicy
from connector.accounting.refund_parts import amount_part, collect_refund_parts
from connector.accounting.tax import SettledTax
from connector.accounting.texts import describe, one_line, say


def plan_refund(
    refund: Refund,
    order: Order,
    policy: PostingPolicy,
    parties: Parties,
    sale: PostedSale | NoSale,
    *,
    earlier: Sequence[Refund] = (),
) -> Outcome:
    """What is to be posted for a refund: its document, and what sets it against an unpaid invoice, or why not.

    order: as it was when its sale was planned. parties: of the order; the customer is the posted sale's where there is
    one. earlier: the order's other refunds in any order, with those deleted in the store whose document stands; only
    those with a lower id come before this one.
    """
    before = tuple(sorted((one for one in earlier if one.id < refund.id), key=lambda one: one.id))
    unusable = unusable_problem(order, refund, *before)
    if unusable is not None:
        return unusable
    unit = smallest_unit(order.currency)
    left_out = _left_out(refund, order, policy, sale, unit)
    if left_out is not None:
        return left_out
    posted = sale if isinstance(sale, PostedSale) else None
    before = tuple(one for one in before if half_up(one.amount, unit) != 0)
    problem = currency_problem(order, policy) or exceeds_sale(refund, order, posted, before, unit)
    if problem is None and refund_kind(order, policy, posted) is DocumentKind.REFUND_RECEIPT:
        problem = exceeds_money(refund, order, posted, unit)
    if problem is not None:
        return problem
    settled = _settle(refund, order, policy, parties, before)
    if isinstance(settled, Held):
        return settled
    header = _header(refund, order, policy, parties, posted, len(before) + 1)
    if isinstance(header, Held):
        return header
    marker = refund_apply_marker(policy.tenant_key, order.id, refund.id)
    link = Link(refund_apply_key(order.id, refund.id), refund_note(marker, refund, order, policy))
    return complete_credit(settled, order, policy, posted, header, link)


def mirrors_order(refund: Refund, order: Order, policy: PostingPolicy) -> bool:
    """A refund over the whole order that names no lines gives back the order's own lines, and so its tax."""
    unit = smallest_unit(order.currency)
    is_whole = half_up(refund.amount, unit) == half_up(order.total, unit)
    return policy.whole_order_refunds == "mirror" and is_whole and not names_amounts(refund)


def _left_out(
    refund: Refund, order: Order, policy: PostingPolicy, sale: PostedSale | NoSale, unit: Decimal
) -> Skipped | Waiting | Held | None:
    """No selection by status: once a sale is posted its refunds follow, else the books overstate revenue."""
    if half_up(refund.amount, unit) == 0:
        return Skipped("zero_refund")
    if policy.credit_memos == "off":
        return Skipped("by_hand", {"why": "credit_memos_off"})
    details = {"order": shown_number(order), "refund": str(refund.id)}
    if isinstance(sale, PostedSale) and sale.linked_at is not None and refund.created_at <= sale.linked_at:
        # Whoever made the sale's document may have entered its refunds too.
        return Held("refund_without_sale", {"problem": "linked", **details})
    if sale is NoSale.AWAITED:
        return Waiting("awaiting_sale", details)
    return Held("refund_without_sale", details) if sale is NoSale.NEVER else None


def _settle(
    refund: Refund, order: Order, policy: PostingPolicy, parties: Parties, before: Sequence[Refund]
) -> tuple[Order, SettledTax] | Held:
    """What is given back as an order of its own, and its lines with their tax."""
    unit = smallest_unit(order.currency)
    coding = begin_coding(with_rates_of(refund, order), policy, unit)
    if isinstance(coding, Held):
        return coding
    goods: Order | Held
    parts: tuple[Part, ...] | Held
    if mirrors_order(refund, order, policy):
        goods, parts = order, collect_parts(order, policy, parties, coding, unit)
    else:
        goods = given_back(refund, order, unit)
        coding = narrow_coding(coding, goods, policy)
        parts = collect_refund_parts(goods, policy, parties, coding, unit)
        if isinstance(parts, tuple) and not names_amounts(refund):
            amount = amount_part(refund.amount, _amount_text(refund, policy), policy, coding)
            parts = amount if isinstance(amount, Held) else (*parts, amount)
        goods = limit_tax(goods, refund, order, before, unit, by_rate=coding.table is not None)
    if isinstance(goods, Held):
        return goods
    if isinstance(parts, Held):
        return parts
    settled = settle_parts(goods, policy, coding, parts, unit)
    return settled if isinstance(settled, Held) else (goods, settled)


def _amount_text(refund: Refund, policy: PostingPolicy) -> str:
    label, reason = say("refund", policy.language), one_line(refund.reason)
    return describe(f"{label} ({reason})" if reason else label)


def _header(
    refund: Refund,
    order: Order,
    policy: PostingPolicy,
    parties: Parties,
    sale: PostedSale | None,
    place: int,
) -> Header | Held:
    """place: of this refund among those of its order; a cancellation's credit memo comes before them all."""
    key = refund_key(order.id, refund.id)
    number = _number(key, order, policy, sale, place)
    if isinstance(number, Held):
        return number
    day = open_date(refund.created_at, policy)
    if isinstance(day, Held):
        return day
    kind = refund_kind(order, policy, sale)
    is_credit = kind is DocumentKind.CREDIT_MEMO
    deposit = Deposit() if is_credit else refund_deposit(order, policy, sale)
    if isinstance(deposit, Held):
        return deposit
    marker = refund_marker(policy.tenant_key, order.id, refund.id)
    return Header(
        kind=kind,
        key=key,
        number=number,
        day=day,
        customer=sale.customer if sale else parties.customer,
        note=refund_note(marker, refund, order, policy, true_date=day.true_date),
        deposit=deposit,
    )


def _number(key: str, order: Order, policy: PostingPolicy, sale: PostedSale | None, place: int) -> str | Held:
    own = own_credit(key, sale)
    if own is not None and own.number:
        return own.number
    if policy.chosen_number and not policy.automatic_numbers:
        return policy.chosen_number
    is_cancelled = own_credit(cancel_key(order.id), sale) is not None
    return credit_number(
        order,
        policy,
        sale_number=sale.number if sale else "",
        place=place + is_cancelled,
        taken=taken_numbers(key, sale),
    )

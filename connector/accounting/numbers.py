"""The document's number and its private note; neither is its identity, which is the marker at the note's beginning."""

from __future__ import annotations

from datetime import date

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Notice
from connector.accounting.keys import payment_marker, sale_marker
from connector.accounting.policy import PostingPolicy
from connector.accounting.texts import NOTE_LIMIT, accepted, one_line, say, shorten

NUMBER_LIMIT = 21
"""QBO reference, 5.6 DocNumber."""


def document_number(order: Order, policy: PostingPolicy) -> str | Held:
    """Prefix and number, "" where QuickBooks numbers itself; held when too long or when the legal number is missing."""
    if policy.automatic_numbers:
        return ""
    if policy.number_meta:
        source = one_line(order.meta.get(policy.number_meta, ""))
        if not source:
            return Held("missing_setting:number_source", {"meta": policy.number_meta, "order": shown_number(order)})
    else:
        source = shown_number(order)
    number = f"{policy.number_prefix}{source}"
    if len(number) > NUMBER_LIMIT:
        return Held("number_too_long", {"number": number, "limit": str(NUMBER_LIMIT)})
    return number


def number_notices(policy: PostingPolicy) -> tuple[Notice, ...]:
    """The company's numbering preference fights the setting: it leaves numbers empty, or replaces ours."""
    if policy.automatic_numbers and policy.custom_numbers_on:
        return (Notice("number_left_empty"),)
    if not policy.automatic_numbers and not policy.custom_numbers_on:
        return (Notice("number_may_be_replaced"),)
    return ()


def shown_number(order: Order) -> str:
    return one_line(order.number) or str(order.id)


def sale_note(order: Order, policy: PostingPolicy, *, true_date: date | None = None) -> str:
    return _note(sale_marker(policy.tenant_key, order.id), order, policy, true_date)


def payment_note(order: Order, policy: PostingPolicy, *, true_date: date | None = None) -> str:
    return _note(payment_marker(policy.tenant_key, order.id), order, policy, true_date)


def _note(marker: str, order: Order, policy: PostingPolicy, true_date: date | None) -> str:
    """The marker on a line of its own, so that a cut never reaches it; then what helps to find the order again."""
    parts = [
        say("order", policy.language, number=shown_number(order)),
        say("dated", policy.language, date=true_date.isoformat()) if true_date else "",
        one_line(order.payment_method_title),
        one_line(order.transaction_id),
        accepted(order.customer_note) if policy.customer_note else "",
    ]
    return shorten(f"{marker}\n" + " · ".join(part for part in parts if part), NOTE_LIMIT)

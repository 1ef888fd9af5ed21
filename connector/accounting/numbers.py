"""The document's number and its private note; neither is its identity, which is the marker at the note's beginning."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import Held, Notice
from connector.accounting.keys import fee_marker, payment_marker, sale_marker
from connector.accounting.policy import PostingPolicy
from connector.accounting.texts import NOTE_LIMIT, accepted, one_line, say, shorten

NUMBER_LIMIT = 21
"""QBO reference, 5.6 DocNumber."""


def document_number(order: Order, policy: PostingPolicy) -> str | Held:
    """Prefix and number, "" where QuickBooks numbers itself; held when too long or when the legal number is missing."""
    if policy.automatic_numbers:
        return ""
    if policy.chosen_number:
        return policy.chosen_number
    if policy.number_meta:
        source = one_line(order.meta.get(policy.number_meta, ""))
        if not source:
            return Held("missing_setting:number_source", {"meta": policy.number_meta, "order": shown_number(order)})
    else:
        source = shown_number(order)
    return _within(f"{policy.number_prefix}{source}", policy.number_prefix)


def next_number(number: str, *, chosen_before: str = "") -> str:
    """What follows a number that is taken: 1234-2, then 1234-3; "" where that is longer than QuickBooks accepts.

    chosen_before: the number that was proposed and chosen last; only its own ending counts on, so that an order whose
    number ends in -17 does not become the next order's."""
    base, _dash, ending = number.rpartition("-")
    if number and number == chosen_before and base and ending.isdigit():
        following = f"{base}-{int(ending) + 1}"
    else:
        following = f"{number}-2"
    return following if number and len(following) <= NUMBER_LIMIT else ""


def number_notices(policy: PostingPolicy) -> tuple[Notice, ...]:
    """The company's numbering preference fights the setting: it leaves numbers empty, or replaces ours."""
    if policy.automatic_numbers and policy.custom_numbers_on:
        return (Notice("number_left_empty"),)
    if not policy.automatic_numbers and not policy.custom_numbers_on:
        return (Notice("number_may_be_replaced"),)
    return ()


def shown_number(order: Order) -> str:
    return one_line(order.number) or str(order.id)


def credit_number(
    order: Order, policy: PostingPolicy, *, sale_number: str, place: int, taken: Collection[str]
) -> str | Held:
    """The number of the order's place-th credit memo or refund receipt, counted from 1: C1234, then C1234-2, C1234-3.

    sale_number: as it stands in the books, "" where it has none. taken: numbers of documents of ours that already
    stand, so that a refund which is deleted in the store later moves nobody onto its number.
    """
    if policy.automatic_numbers:
        return ""
    base = sale_number or document_number(order, policy)
    if isinstance(base, Held):
        return base
    places = (number for number in range(place, place + len(taken) + 1))
    numbers = (f"C{base}" if number == 1 else f"C{base}-{number}" for number in places)
    number = next(number for number in numbers if number not in taken)
    return _within(number, policy.number_prefix, follows_sale=bool(sale_number))


def _within(number: str, prefix: str, *, follows_sale: bool = False) -> str | Held:
    """The problem says what cannot help: a shorter prefix, where the rest alone is too long ("own") or where a sale
    that stands in the books has given its number ("sale")."""
    if len(number) <= NUMBER_LIMIT:
        return number
    details = {"number": number, "limit": str(NUMBER_LIMIT)}
    if follows_sale:
        details["problem"] = "sale"
    elif len(number) - len(prefix) > NUMBER_LIMIT:
        details["problem"] = "own"
    return Held("number_too_long", details)


def sale_note(order: Order, policy: PostingPolicy, *, true_date: date | None = None) -> str:
    return _sale_note(sale_marker(policy.tenant_key, order.id), order, policy, true_date)


def payment_note(order: Order, policy: PostingPolicy, *, number: int = 1, true_date: date | None = None) -> str:
    return _sale_note(payment_marker(policy.tenant_key, order.id, number), order, policy, true_date)


def fee_note(order: Order, policy: PostingPolicy) -> str:
    """Without the buyer's note: an expense is no document of the buyer's."""
    parts = (_order_text(order, policy), one_line(order.payment_method_title), one_line(order.transaction_id))
    return _note(fee_marker(policy.tenant_key, order.id), parts)


def refund_note(
    marker: str, refund: Refund, order: Order, policy: PostingPolicy, *, true_date: date | None = None
) -> str:
    """marker: of the refund's document, or of its application to the invoice."""
    parts = (
        say("refund_number", policy.language, number=str(refund.id)),
        _order_text(order, policy),
        _dated(policy, true_date),
        one_line(order.payment_method_title),
        one_line(order.transaction_id),
        accepted(refund.reason),
    )
    return _note(marker, parts)


def cancel_note(marker: str, order: Order, policy: PostingPolicy, *, true_date: date | None = None) -> str:
    return _note(marker, (_order_text(order, policy), say("cancelled", policy.language), _dated(policy, true_date)))


def _sale_note(marker: str, order: Order, policy: PostingPolicy, true_date: date | None) -> str:
    parts = (
        _order_text(order, policy),
        _dated(policy, true_date),
        one_line(order.payment_method_title),
        one_line(order.transaction_id),
        accepted(order.customer_note) if policy.customer_note else "",
    )
    return _note(marker, parts)


def _order_text(order: Order, policy: PostingPolicy) -> str:
    return say("order", policy.language, number=shown_number(order))


def _dated(policy: PostingPolicy, true_date: date | None) -> str:
    return say("dated", policy.language, date=true_date.isoformat()) if true_date else ""


def _note(marker: str, parts: Iterable[str]) -> str:
    """The marker on a line of its own, so that a cut never reaches it; then what helps to find the order again."""
    return shorten(f"{marker}\n" + " · ".join(part for part in parts if part), NOTE_LIMIT)

"""Which order a document is that somebody else made: by its number as others write it, and by its sums.

Numbers are compared as what is left of 1234, #1234, WC-1234 or Wio1234 once everything before the first digit is gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connector.accounting.keys import normalise

_IN_A_NOTE = re.compile(
    r"(?:\b(?:order|commande|cde|bestellung|pedido|woocommerce|woo|wc)\b[\s:.#°n\-]*|#\s*|\bn°\s*)(\d[\w\-]*)",
    re.IGNORECASE,
)
_ONLY_A_NUMBER = re.compile(r"\s*(\d[\w\-]*)\s*")
NEAR_DAYS = 3
MONTH_DAYS = 31


class Why(StrEnum):
    """What a pair rests on, surest first; the last two take a sure pair's certainty."""

    NUMBER = "number"
    NOTE = "note"
    NUMBER_FAR = "number_far"
    """Same number and total, but another customer and another month: numbers of two sequences meet now and then."""
    NUMBER_TAX = "number_tax"
    """Same number and total, another tax."""
    CUSTOMER = "customer"
    """Same total, customer and day, or nearly."""
    NUMBER_ONLY = "number_only"
    """Same number and customer, another total."""
    SEVERAL_DOCUMENTS = "several_documents"
    SEVERAL_ORDERS = "several_orders"


SCORES = {Why.NUMBER: 5, Why.NOTE: 4, Why.NUMBER_TAX: 3, Why.NUMBER_FAR: 2, Why.CUSTOMER: 2, Why.NUMBER_ONLY: 1}
CERTAIN = frozenset({Why.NUMBER, Why.NOTE})


@dataclass(frozen=True, slots=True)
class Sale:
    """What an order and a document are compared by. tax None: the books keep none. names: of the buyer, any of them."""

    total: Decimal
    tax: Decimal | None
    currency: str
    day: date | None
    names: tuple[str, ...] = ()
    number_key: str = ""
    note_key: str = ""


def number_key(text: str) -> str:
    """Compare-ready number: what begins with the first digit, without leading zeros; the whole text without digits."""
    plain = normalise(text).replace(" ", "")
    found = re.search(r"\d.*", plain)
    return (found[0].lstrip("0") or "0")[:60] if found else plain[:60]


def note_key(text: str) -> str:
    """The order number that a note seems to tell, "" where it tells none."""
    found = _IN_A_NOTE.search(text) or _ONLY_A_NUMBER.fullmatch(text)
    return number_key(found[1]) if found else ""


def compare_sales(order: Sale, document: Sale) -> Why | None:
    """What speaks for it that the document is this order; None where nothing does."""
    if order.currency != document.currency:
        return None
    has_number = bool(order.number_key) and document.number_key == order.number_key
    has_note = bool(order.number_key) and document.note_key == order.number_key
    is_person = _same_person(order.names, document.names)
    if order.total != document.total:
        return Why.NUMBER_ONLY if (has_number or has_note) and is_person else None
    apart = abs((order.day - document.day).days) if order.day is not None and document.day is not None else None
    if has_number or has_note:
        if document.tax is not None and order.tax != document.tax:
            return Why.NUMBER_TAX
        if not is_person and (apart is None or apart > MONTH_DAYS):
            return Why.NUMBER_FAR
        return Why.NUMBER if has_number else Why.NOTE
    return Why.CUSTOMER if is_person and apart is not None and apart <= NEAR_DAYS else None


def _same_person(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """One name is the other, or in it, as in “Jane Doe (jane@x.example)”."""
    pairs = [(normalise(one), normalise(other)) for one in left for other in right]
    return any(one and other and (one in other or other in one) for one, other in pairs)

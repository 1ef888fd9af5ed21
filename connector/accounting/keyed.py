"""Which order or refund a document is that somebody else made: by its number as others write it, and by its sums.

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
    r"(?:\b(?:order|commande|cde|bestellung|pedido|woocommerce|woo|wc|refund|remboursement|avoir)\b[\s:.#°n\-]*|#\s*|\bn°\s*)(\d[\w\-]*)",
    re.IGNORECASE,
)
_ONLY_A_NUMBER = re.compile(r"\s*(\d[\w\-]*)\s*")
NEAR_DAYS = 3
MONTH_DAYS = 31


class Why(StrEnum):
    """What a pair rests on, surest first; the last three take a sure pair's certainty."""

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
    SEVERAL_REFUNDS = "several_refunds"


SCORES = {Why.NUMBER: 5, Why.NOTE: 4, Why.NUMBER_TAX: 3, Why.NUMBER_FAR: 2, Why.CUSTOMER: 2, Why.NUMBER_ONLY: 1}
CERTAIN = frozenset({Why.NUMBER, Why.NOTE})


RANKS_A_SCORE = 4
"""Finer ranks between two scores: which of several refunds a document fits best."""


@dataclass(frozen=True, slots=True)
class Sale:
    """An order or a refund, by what a document is compared with. tax None: the store tells none. names: of the buyer,
    any of them. keys: the numbers that may name it; own_keys: those that name no other refund of its order."""

    total: Decimal
    tax: Decimal | None
    currency: str
    day: date | None
    names: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    own_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Keyed:
    """A document of the books. tax None: the books keep none."""

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


def refund_keys(order_key: str, position: int, refund_id: int) -> frozenset[str]:
    """The numbers that name this refund alone: 1234-2 or 1234-R2 for the second of order 1234, or its own id."""
    suffixes = (f"-{position}", f"-r{position}", f"r{position}", *(("-r", "r") if position == 1 else ()))
    return frozenset({str(refund_id), *(order_key + suffix for suffix in suffixes)})


def compare(sale: Sale, document: Keyed) -> Why | None:
    """What speaks for it that the document is this order or refund; None where nothing does."""
    if sale.currency != document.currency:
        return None
    has_number, has_note = document.number_key in sale.keys, document.note_key in sale.keys
    is_person = _same_person(sale.names, document.names)
    if sale.total != document.total:
        return Why.NUMBER_ONLY if (has_number or has_note) and is_person else None
    apart = _days_apart(sale, document)
    if has_number or has_note:
        if None not in (document.tax, sale.tax) and sale.tax != document.tax:
            return Why.NUMBER_TAX
        if not is_person and (apart is None or apart > MONTH_DAYS):
            return Why.NUMBER_FAR
        return Why.NUMBER if has_number else Why.NOTE
    return Why.CUSTOMER if is_person and apart is not None and apart <= NEAR_DAYS else None


def rank(sale: Sale, document: Keyed, why: Why) -> int:
    """How loudly it speaks. Of the refunds of one order, the one that the number names alone comes first, then the one
    of the same day."""
    finer = 0
    if sale.own_keys:
        names_it_alone = document.number_key in sale.own_keys or document.note_key in sale.own_keys
        finer = 2 * names_it_alone + (_days_apart(sale, document) == 0)
    return SCORES[why] * RANKS_A_SCORE + finer


def _days_apart(sale: Sale, document: Keyed) -> int | None:
    return abs((sale.day - document.day).days) if sale.day is not None and document.day is not None else None


def _same_person(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """One name is the other, or in it, as in “Jane Doe (jane@x.example)”."""
    pairs = [(normalise(one), normalise(other)) for one in left for other in right]
    return any(one and other and (one in other or other in one) for one, other in pairs)

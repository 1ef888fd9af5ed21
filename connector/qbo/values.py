"""Texts, numbers and references as QuickBooks takes them (QBO reference, 5 Entities)."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale

from connector.accounting.books import Payload
from connector.accounting.commerce import Address
from connector.accounting.policy import Ref

NAME = 100
DESCRIPTION = 4000
PRIVATE_NOTE = 4000
CUSTOMER_MEMO = 1000
PAYMENT_REFERENCE = 21
PHONE = 21
EMAIL = 100
SHIP_METHOD = 31
ADDRESS_LINE = 500
CITY = 255
POSTCODE = 30

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Cn"})
"""Control characters, lone surrogates and unassigned code points: fault 2040, Invalid String."""


def number(value: Decimal) -> int | float:
    """A JSON number that reads back as exactly this Decimal. Raises ValueError when there is none."""
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount; QuickBooks takes finite numbers only.")
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    if Decimal(repr(nearest)) != value:
        raise ValueError(f"{value} has more digits than a JSON number keeps; round it before it is sent.")
    return nearest


def reference(ref: Ref) -> dict[str, str]:
    """Only the id decides on a write, so only the id is sent."""
    return {"value": ref.id}


def day(value: date) -> str:
    return value.isoformat()


def line_of_text(text: str, limit: int, *, ellipsis: bool = True) -> str:
    """One line: refused characters and line breaks become blanks, runs of blanks one blank, cut at the limit."""
    return cut(" ".join(_without_refused(text).split()), limit, ellipsis=ellipsis)


def block_of_text(text: str, limit: int) -> str:
    """Several lines: refused characters go, line breaks stay; cut at its end, so that what stands first survives."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return cut("\n".join(_without_refused(line).rstrip() for line in lines).strip(), limit)


def name_of(text: str, limit: int = NAME) -> str:
    """A name of a list: no colon (it parts parents from children), no tab, no line break."""
    return line_of_text(text.replace(":", " - "), limit, ellipsis=False)


def cut(text: str, limit: int, *, ellipsis: bool = True) -> str:
    """At most `limit` UTF-16 units, as QuickBooks counts; a cut is shown by an ellipsis where one is wanted."""
    if _units(text) <= limit:
        return text
    room = limit - 1 if ellipsis else limit
    kept: list[str] = []
    for character in text:
        room -= _units(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ("…" if ellipsis else "")


def email_of(text: str) -> str:
    """The address when QuickBooks would take it, "" otherwise: a sale is not lost over a typing error (fault 2210)."""
    address = text.strip()
    return address if len(address) <= EMAIL and _EMAIL.fullmatch(address) else ""


def address_of(address: Address | None, *, with_name: bool) -> dict[str, str]:
    """A PhysicalAddress, empty when there is nothing to say (QuickBooks then copies the customer's).

    with_name: first lines are the person and the organisation, as a document prints them.
    """
    if address is None:
        return {}
    person = f"{address.first_name} {address.last_name}" if with_name else ""
    lines = [person, address.company, address.line1, address.line2]
    shown = [text for text in (line_of_text(line, ADDRESS_LINE) for line in lines) if text]
    body = {f"Line{place}": text for place, text in enumerate(shown, start=1)}
    body["City"] = line_of_text(address.city, CITY)
    body["CountrySubDivisionCode"] = line_of_text(address.state, CITY)
    body["PostalCode"] = line_of_text(address.postcode, POSTCODE, ellipsis=False)
    body["Country"] = line_of_text(country_name(address.country), CITY)
    return {key: text for key, text in body.items() if text}


def country_name(code: str) -> str:
    """The English name of an ISO alpha-2 country: QuickBooks takes alpha-3 or the full name (reference, 5.2)."""
    return _territories().get(code.upper(), code) if len(code) == 2 else code


def compact(body: Payload) -> Payload:
    """The body without keys that say nothing: None, "" and empty objects or lists. 0 and False stay."""
    return {
        key: value for key, value in body.items() if value is not None and value != "" and value != {} and value != []
    }


def dumps(body: Any) -> bytes:
    """JSON whose bytes depend on the values alone, not on the order of keys: a replay must be identical.

    Raises ValueError for what JSON cannot say (a payload is encoded when it is planned, long before it is sent).
    """
    return json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


@cache
def _territories() -> dict[str, str]:
    return dict(Locale("en").territories)


def _without_refused(text: str) -> str:
    return "".join(" " if unicodedata.category(character) in _REFUSED_CATEGORIES else character for character in text)


def _units(text: str) -> int:
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)

"""What each fault of QuickBooks means for the caller: a table, closed by default (QBO reference, Faults)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Family(StrEnum):
    """Faults grouped by what the caller must do."""

    ACCESS = "access"
    """The access token is refused: refresh once, then reconnect."""
    DISCONNECTED = "disconnected"
    """The company no longer lets this app in: reconnect."""
    NO_ADMIN = "no_admin"
    """The person who connected lost the right: an administrator of the company reconnects."""
    SUBSCRIPTION = "subscription"
    """The company is read-only: its subscription ended."""
    LATER = "later"
    """Nothing is wrong with the request; the same one later."""
    BUSY = "busy"
    """Too many requests; the same one after a minute."""
    UNCERTAIN = "uncertain"
    """QuickBooks failed inside: the write may exist. The identical request again."""
    DONE_ALREADY = "done_already"
    """This request id was used before: look the object up."""
    STALE = "stale"
    """Somebody changed the object: read it again, apply the change again."""
    DUPLICATE_NAME = "duplicate_name"
    DUPLICATE_NUMBER = "duplicate_number"
    REFERENCE = "reference"
    """Something the request names is gone, inactive or of the wrong type: refresh the mirror or the mapping."""
    TAX = "tax"
    """Codes, rates or amounts of tax do not suit this company: check the tax mapping."""
    PLAN = "plan"
    """The company's plan or the person's role does not allow this."""
    CLOSED = "closed"
    """The day lies in a closed period: another day, or hold."""
    LOCKED = "locked"
    """Deposited, matched or depended upon: only a person in QuickBooks can change it."""
    VALUE = "value"
    """The merchant's data does not suit QuickBooks: text, amount, currency, date."""
    BUG = "bug"
    """We built a request that QuickBooks does not understand."""
    UNKNOWN = "unknown"
    """A code that no row below names: refused, for a person to look at."""


FAMILIES: Mapping[str, Family] = {
    "100": Family.ACCESS,
    "110": Family.ACCESS,
    "120": Family.NO_ADMIN,
    "130": Family.LATER,
    "140": Family.LATER,
    "150": Family.LATER,
    "500": Family.BUG,
    "600": Family.DONE_ALREADY,
    "610": Family.REFERENCE,
    "620": Family.REFERENCE,
    "630": Family.VALUE,
    "700": Family.VALUE,
    "800": Family.LOCKED,
    "900": Family.VALUE,
    "1000": Family.LATER,
    "1010": Family.LATER,
    "1020": Family.LATER,
    "1040": Family.BUG,
    "2000": Family.BUG,
    "2010": Family.BUG,
    "2020": Family.BUG,
    "2030": Family.BUG,
    "2040": Family.VALUE,
    "2050": Family.VALUE,
    "2060": Family.BUG,
    "2070": Family.BUG,
    "2080": Family.BUG,
    "2090": Family.BUG,
    "2100": Family.BUG,
    "2110": Family.BUG,
    "2120": Family.BUG,
    "2130": Family.BUG,
    "2140": Family.VALUE,
    "2150": Family.VALUE,
    "2160": Family.VALUE,
    "2170": Family.BUG,
    "2200": Family.VALUE,
    "2210": Family.VALUE,
    "2220": Family.VALUE,
    "2250": Family.VALUE,
    "2280": Family.TAX,
    "2290": Family.VALUE,
    "2500": Family.REFERENCE,
    "2600": Family.BUG,
    "3000": Family.VALUE,
    "3001": Family.BUSY,
    "3100": Family.DISCONNECTED,
    "3200": Family.ACCESS,
    "3202": Family.ACCESS,
    "4000": Family.BUG,
    "4001": Family.BUG,
    "4002": Family.BUG,
    "5000": Family.BUG,
    "5010": Family.STALE,
    "5020": Family.PLAN,
    "5030": Family.PLAN,
    "6000": Family.VALUE,
    "6010": Family.BUG,
    "6070": Family.BUG,
    "6080": Family.VALUE,
    "6090": Family.BUG,
    "6100": Family.TAX,
    "6140": Family.DUPLICATE_NUMBER,
    "6150": Family.VALUE,
    "6160": Family.TAX,
    "6170": Family.BUG,
    "6180": Family.VALUE,
    "6190": Family.SUBSCRIPTION,
    "6200": Family.CLOSED,
    "6210": Family.CLOSED,
    "6220": Family.LOCKED,
    "6230": Family.TAX,
    "6240": Family.DUPLICATE_NAME,
    "6250": Family.REFERENCE,
    "6270": Family.VALUE,
    "6280": Family.LOCKED,
    "6420": Family.VALUE,
    "6430": Family.REFERENCE,
    "6440": Family.VALUE,
    "6450": Family.LOCKED,
    "6470": Family.TAX,
    "6480": Family.LOCKED,
    "6520": Family.VALUE,
    "6540": Family.LOCKED,
    "7001": Family.DISCONNECTED,
    "10000": Family.UNCERTAIN,
    "10100": Family.BUG,
    "10200": Family.REFERENCE,
}

SENTENCES: tuple[tuple[tuple[str, ...], Family], ...] = (
    (("one name at a time",), Family.LATER),
    (("make sure all your transactions have a", "rate"), Family.TAX),
    (("calculating tax",), Family.TAX),
    (("activate this item",), Family.REFERENCE),
    (("select a bank account",), Family.REFERENCE),
    (("multicurrency",), Family.VALUE),
    (("must be 0 or greater",), Family.VALUE),
    (("must set a transaction amount",), Family.BUG),
    (("at least one character",), Family.VALUE),
)
"""Sentences that arrive under the one code 6000, told apart by parts, never by equality (QBO reference, 4.3)."""

RETRYABLE = frozenset({Family.LATER, Family.BUSY, Family.UNCERTAIN})
CONNECTION = frozenset({Family.ACCESS, Family.DISCONNECTED, Family.NO_ADMIN, Family.SUBSCRIPTION})
"""Families that concern the whole company rather than one request."""

REASONS: Mapping[Family, str] = {
    Family.ACCESS: "quickbooks_expired",
    Family.DISCONNECTED: "quickbooks_disconnected",
    Family.NO_ADMIN: "quickbooks_no_admin",
    Family.SUBSCRIPTION: "quickbooks_subscription",
    Family.LATER: "quickbooks_failed",
    Family.BUSY: "quickbooks_busy",
    Family.UNCERTAIN: "quickbooks_failed",
    Family.CLOSED: "closed_period",
    Family.DUPLICATE_NUMBER: "duplicate_number",
}
"""Reason keys of the errors; every other family is `refused_by_quickbooks:<code>`."""

_EXISTING = {
    "6240": re.compile(r"\bId=(\d+)"),
    "6140": re.compile(r"\bTxnId=(\d+)"),
}
_KIND = re.compile(r"\bTxnType=([A-Za-z ]+?) with TxnId=")
_CODE_IN_MESSAGE = re.compile(r"errorCode=(\d+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of an answer. `code` has no leading zeros; `existing_id` is the object a duplicate fault names."""

    code: str
    message: str
    detail: str
    element: str
    family: Family
    existing_id: str = ""
    existing_kind: str = ""

    @property
    def retryable(self) -> bool:
        return self.family in RETRYABLE

    @property
    def reason(self) -> str:
        return REASONS.get(self.family) or f"refused_by_quickbooks:{self.code}"


def parse_faults(body: object) -> tuple[Fault, ...]:
    """The faults of an answer or of a batch item, whichever way its keys are spelled; empty when there are none.

    A body that has a fault object without a readable error still gives one fault, of code "" and family UNKNOWN.
    """
    if not isinstance(body, Mapping):
        return ()
    fault = _get(body, "fault")
    if fault is None:
        return ()
    errors = _get(fault, "error") if isinstance(fault, Mapping) else None
    if isinstance(errors, Mapping):
        errors = [errors]
    found = tuple(_fault(error) for error in errors or () if isinstance(error, Mapping))
    return found or (Fault("", "", "", "", Family.UNKNOWN),)


def family_of(code: str, detail: str = "") -> Family:
    """The family of a fault code without leading zeros; under 6000 the sentence decides."""
    if code == "6000":
        sentence = detail.casefold()
        for parts, family in SENTENCES:
            if all(part in sentence for part in parts):
                return family
    return FAMILIES.get(code, Family.UNKNOWN)


def existing_id(code: str, detail: str) -> str:
    """The id in "…already exists. : Id=58" (6240) or "…with TxnId=6575" (6140); "" when none is named.

    The last match counts: a document number may itself look like an id.
    """
    pattern = _EXISTING.get(code)
    found = pattern.findall(detail) if pattern else []
    return str(found[-1]) if found else ""


def existing_kind(code: str, detail: str) -> str:
    """The entity in "…is assigned to TxnType=Invoice with TxnId=6575" (6140); "" when none is named."""
    found = _KIND.findall(detail) if code == "6140" else []
    return str(found[-1]).replace(" ", "") if found else ""


def _fault(error: Mapping[str, Any]) -> Fault:
    message, detail = _text(error, "message"), _text(error, "detail")
    code = _text(error, "code")
    if not code:
        named = _CODE_IN_MESSAGE.search(message)
        code = named.group(1) if named else ""
    if code.isdigit():
        code = code.lstrip("0") or "0"
    return Fault(
        code=code,
        message=message,
        detail=detail,
        element=_text(error, "element"),
        family=family_of(code, f"{message} {detail}"),
        existing_id=existing_id(code, detail),
        existing_kind=existing_kind(code, detail),
    )


def _get(body: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in body.items() if key.casefold() == name), None)


def _text(error: Mapping[str, Any], name: str) -> str:
    value = _get(error, name)
    return "" if value is None else str(value).strip()

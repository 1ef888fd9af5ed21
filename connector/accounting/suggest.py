"""What the merchant will most likely choose, found by rule and always with its reason; nothing is chosen for him."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from connector.accounting.books import NameRow
from connector.accounting.keys import normalise
from connector.accounting.policy import Ref, TaxCode

Reason = Literal["same_rate_same_country", "same_rate_same_name", "same_rate", "same_name", "usual"]

_EXEMPT_NAMES = ("exempt", "exonere", "exonéré", "out of scope", "hors champ", "no vat", "no tax", "zero")
_COUNTRY_CODE = re.compile(r"\b([A-Z]{2})\b")


@dataclass(frozen=True, slots=True)
class StoreRate:
    """A row of the store's tax table, or one seen on orders only (then country and state are "")."""

    id: int
    name: str
    percent: Decimal
    country: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`is_only` False: others fit as well, so that a person should look."""

    ref: Ref
    reason: Reason
    is_only: bool = True


def suggest_tax_code(rate: StoreRate, codes: Sequence[TaxCode], *, home_country: str) -> Suggestion | None:
    """The code at exactly this percentage; among several the one of the rate's country, then of its region, then of its
    name.

    A code is foreign when its name carries another country's two letters, such as "DE 19.0% S", or another region's:
    "GST/PST BC" is no code for "GST + RST MB", although both are at 12 %."""
    fitting = [code for code in codes if code.rates and code.percent == rate.percent and not _is_elsewhere(code, rate)]
    if not fitting:
        return None
    country = rate.country or home_country
    own = [code for code in fitting if _is_of(code, country, rate.state, home_country)]
    of_region = [code for code in own if rate.state in _COUNTRY_CODE.findall(code.name)]
    for of_place in (own, of_region):
        if len(of_place) == 1:
            return Suggestion(of_place[0].ref, "same_rate_same_country")
    named = [code for code in own or fitting if normalise(code.name) in _names_of(rate)]
    if len(named) == 1:
        return Suggestion(named[0].ref, "same_rate_same_name")
    if own:
        return Suggestion(own[0].ref, "same_rate_same_country", is_only=False)
    if country == home_country and len(fitting) == 1:
        return Suggestion(fitting[0].ref, "same_rate")
    return None


def suggest_untaxed_code(codes: Sequence[TaxCode]) -> Suggestion | None:
    """A code without rates, or at 0 %, whose name says exempt or out of scope."""
    free = [code for code in codes if code.percent == 0]
    for word in _EXEMPT_NAMES:
        for code in free:
            if word in normalise(code.name):
                return Suggestion(code.ref, "same_name", is_only=len(free) == 1)
    return Suggestion(free[0].ref, "same_rate", is_only=True) if len(free) == 1 else None


def _is_of(code: TaxCode, country: str, state: str, home_country: str) -> bool:
    """Of the rate's country, or of its region at home: “GST/QST QC - 9.975” for a rate of Quebec."""
    named = set(_COUNTRY_CODE.findall(code.name))
    return country in named or (country == home_country and (not named or state in named))


def _is_elsewhere(code: TaxCode, rate: StoreRate) -> bool:
    """Both name a place, and not the same one."""
    here = {*_COUNTRY_CODE.findall(rate.name), rate.state, rate.country} - {""}
    there = set(_COUNTRY_CODE.findall(code.name))
    is_named = bool(rate.state or _COUNTRY_CODE.search(rate.name))
    return is_named and bool(there) and not here & there


def _names_of(rate: StoreRate) -> set[str]:
    return {normalise(rate.name), normalise(f"{rate.country} {rate.name}")}


GATEWAY_WORDS: Mapping[str, tuple[str, ...]] = {
    "stripe": ("stripe",),
    "paypal": ("paypal",),
    "ppcp": ("paypal",),
    "woocommerce_payments": ("woopayments", "woocommerce payments", "stripe"),
    "square": ("square",),
    "mollie": ("mollie",),
    "klarna": ("klarna",),
    "amazon": ("amazon",),
    "bacs": ("bank", "banque"),
    "cheque": ("cheque", "check", "chèque"),
    "cod": ("cash", "caisse", "espèces"),
}
"""Part of a gateway's id -> words of the account or payment method that usually belongs to it."""

METHOD_WORDS: Mapping[str, tuple[str, ...]] = {
    "stripe": ("credit card", "carte"),
    "woocommerce_payments": ("credit card", "carte"),
    "square": ("credit card", "carte"),
    "mollie": ("credit card", "carte"),
    "bacs": ("bank transfer", "virement", "transfer"),
    **{name: GATEWAY_WORDS[name] for name in ("paypal", "ppcp", "klarna", "amazon", "cheque", "cod")},
}

_MONEY_TYPES = frozenset({"Bank", "Other Current Asset"})
_UNDEPOSITED = "UndepositedFunds"


def suggest_account(gateway: str, title: str, accounts: Iterable[NameRow]) -> Suggestion | None:
    """A clearing account named after the gateway; else Undeposited Funds, QuickBooks' own drawer."""
    usable = [row for row in accounts if row.active and row.type in _MONEY_TYPES]
    for word in _words(gateway, title, GATEWAY_WORDS):
        found = [row for row in usable if word in normalise(row.full_name or row.name)]
        clearing = [row for row in found if "clearing" in normalise(row.name) or "compensation" in normalise(row.name)]
        for rows in (clearing, found):
            if rows:
                return Suggestion(Ref(rows[0].qbo_id, rows[0].full_name or rows[0].name), "same_name", len(rows) == 1)
    drawer = default_account(usable)
    return Suggestion(drawer, "usual") if drawer else None


def default_account(accounts: Iterable[NameRow]) -> Ref | None:
    """Undeposited Funds, where the company has it."""
    return next((Ref(row.qbo_id, row.full_name or row.name) for row in accounts if row.subtype == _UNDEPOSITED), None)


def suggest_payment_method(gateway: str, title: str, methods: Iterable[NameRow]) -> Suggestion | None:
    usable = [row for row in methods if row.active]
    for word in _words(gateway, title, METHOD_WORDS):
        found = [row for row in usable if word in normalise(row.name)]
        if found:
            return Suggestion(Ref(found[0].qbo_id, found[0].name), "same_name", len(found) == 1)
    return None


def suggest_item(words: Sequence[str], items: Iterable[NameRow]) -> Suggestion | None:
    """A service item for shipping, fees or rounding whose name begins with one of the words."""
    services = [row for row in items if row.active and row.type == "Service"]
    for word in words:
        found = [row for row in services if normalise(row.name).startswith(word)]
        if found:
            return Suggestion(Ref(found[0].qbo_id, found[0].name), "same_name", len(found) == 1)
    return None


def _words(gateway: str, title: str, table: Mapping[str, tuple[str, ...]]) -> list[str]:
    name = normalise(gateway)
    words = [word for part, known in table.items() if part in name for word in known]
    return words or [word for word in normalise(title).split() if len(word) > 4]

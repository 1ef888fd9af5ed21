"""A reason with its details as sentences for a person. Whatever is missing, there is always something to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sync.templatetags.formats import as_decimal, count, long_date, money, percent
from sync.web.reason_texts import NOTICES, REASONS, SETTINGS, UNKNOWN, Reason, Text
from sync.web.statuses import status_name

_DATES = {"date", "start", "closed_until", "closing_date", "item_date", "order_date"}
_PERCENTS = {"percent", "mapped_percent", "code_percent"}
_AMOUNTS = {
    "store_total", "books_total", "store_tax", "books_tax", "store", "computed", "tax", "rates", "net", "amount",
    "left", "order_amount", "lines", "received", "total", "deposit", "rest",
}  # fmt: skip
_COUNTS = {"length", "limit"}
_ALIASES = {"closed_until": "closing_date", "title": "gateway", "name": "product"}
"""What the core calls it → what sentences call it; an own value of the sentence's name wins."""


class _Words(dict[str, str]):
    """Placeholders by name; a missing one reads as an ellipsis."""

    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Told:
    """One reason, told of one record or of one cause."""

    icon: str
    short: str
    title: str
    sentence: str
    cure: str


def fill(text: Text, words: Mapping[str, Any]) -> str:
    """The text with its placeholders; never raises, whatever the details lack."""
    safe = _Words({key: str(value) for key, value in words.items()})
    try:
        return str(text) % safe
    except (TypeError, ValueError):
        return str(text)


def order_label(number: str) -> str:
    """#2289 in English, n° 4127 in French; a number that already says so is left alone."""
    number = number.strip()
    return number if number.startswith(("#", "n°")) else _("#%(number)s") % {"number": number}


def tell(
    reason: str, details: Mapping[str, Any], *, number: str = "", currency: str = "", source: str = "order"
) -> Told:
    """The reason's texts with this record's own words in them."""
    base, _colon, suffix = reason.partition(":")
    found = _find(base, details)
    words = words_of(base, suffix, details, number=number, currency=currency)
    sentence = found.refund if source == "refund" and found.refund else found.sentence
    return Told(
        icon=found.icon,
        short=str(found.short),
        title=fill(found.title or found.short, words),
        sentence=fill(sentence, {**words, "reason": reason}),
        cure=fill(found.cure, words),
    )


def short_of(reason: str, details: Mapping[str, Any]) -> str:
    """What stands beside the badge in a list."""
    return str(_find(reason.partition(":")[0], details).short) if reason else ""


def tell_notice(notice: Mapping[str, Any], *, currency: str = "") -> str:
    """A notice of the plan as a sentence; "" when there is none to say."""
    reason = str(notice.get("reason", ""))
    text = NOTICES.get(reason)
    return fill(text, words_of(reason, "", notice, number="", currency=currency)) if text is not None else ""


def words_of(base: str, suffix: str, details: Mapping[str, Any], *, number: str, currency: str) -> dict[str, str]:
    """The details as people write them, under the names that sentences use."""
    words: dict[str, str] = {}
    for key, value in details.items():
        if value is None or isinstance(value, dict | list):
            continue
        words[key] = _written(base, key, value, currency)
    for theirs, ours in _ALIASES.items():
        if theirs in words:
            words.setdefault(ours, words[theirs])
    if base == "totals_differ" and "order" in details:
        words["order_amount"] = money(str(details["order"]), currency)
    if base == "unmapped_gateway":
        words["gateway"] = str(details.get("title") or details.get("gateway") or "…")
    if base == "inactive_item" and "name" in words:
        words.setdefault("item", words["name"])
    if base == "number_too_long" and "number" in details:
        words.setdefault("length", count(len(str(details["number"]))))
    words["order"] = order_label(number) if number else "…"
    words.setdefault("refund", words["order"])
    if base == "status":
        words["status"] = status_name(suffix)
    elif base == "missing_setting":
        words["setting"] = _setting(suffix)
    elif suffix:
        words.setdefault("code", suffix)
    return words


def _written(base: str, key: str, value: Any, currency: str) -> str:
    if key in _DATES:
        return long_date(value)
    if key in _PERCENTS:
        return percent(value)
    if key in _COUNTS or (base == "too_many_lines" and key == "lines"):
        return count(int(value)) if str(value).isdigit() else str(value)
    if key in _AMOUNTS and as_decimal(value) is not None:
        return money(value, currency)
    return str(value)


def _find(base: str, details: Mapping[str, Any]) -> Reason:
    """The closest case first: by problem, by what is missing, then the reason itself."""
    problem = str(details.get("problem") or details.get("what") or "")
    if base == "by_hand" and "by" not in details:
        problem = str(details.get("why") or "")
    if base == "unmatched_product" and not details.get("sku"):
        problem = "no_sku"
    elif base == "totals_differ" and details.get("books_total") and problem not in ("linked", "fee"):
        problem = "compared"
    elif base == "tax_not_representable" and details.get("computed"):
        problem = "refused"
    return REASONS.get(f"{base}/{problem}") or REASONS.get(base) or UNKNOWN


def _setting(key: str) -> str:
    name, _colon, _rest = key.partition(":")
    known = SETTINGS.get(name)
    return str(known) if known is not None else key

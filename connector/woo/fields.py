"""Reads one field of a store object as the type we need, or says in a sentence why it does not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from connector.woo.texts import clean_lines, clean_text

ZERO = Decimal(0)
_AMOUNT = re.compile(r"-?\d{1,15}(?:\.\d{0,40})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?", re.ASCII)
_NO_DATE = ("0000-", "-0001-")
_PLACES = Decimal("1e-6")


class UnfitError(ValueError):
    """A field that does not fit; the text is a whole sentence for people."""


def number(value: object) -> Decimal | None:
    """A decimal number from a JSON text or number; None when it is none.

    A float only comes from a payload that was stored and read again; its shortest notation is the JSON text itself.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, str):
        if not _AMOUNT.fullmatch(value.strip()):
            return None
    elif not isinstance(value, int | Decimal):
        return None
    found = Decimal(value)
    return +found if found.is_finite() and found.adjusted() < 18 else None


def integer(value: object) -> int | None:
    """A whole number from a JSON text or number; empty and null are 0, None when it is none."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _INTEGER.fullmatch(value.strip()) else None
    found = number(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def moment(value: object) -> datetime | None:
    """An aware UTC time from a `*_gmt` text such as 2026-10-08T19:30:10; None when there is none.

    Raises ValueError for a text that is no time. WordPress writes "no date" as year 0 or -1.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("not a time")
    if value.startswith(_NO_DATE):
        return None
    if not _MOMENT.fullmatch(value):
        raise ValueError("not a time")
    return datetime.fromisoformat(value.removesuffix("Z")).replace(microsecond=0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one JSON object.

    name: how a sentence calls it: "The order", "Line 23".
    negated: amounts and quantities are read with the sign turned, as a refund's are.
    """

    raw: Mapping[str, object]
    name: str
    negated: bool = False

    def id(self, key: str = "id") -> int:
        """A whole number; empty, null and missing are 0."""
        found = integer(self.raw.get(key))
        if found is None:
            raise self._unfit(key, "a whole number")
        return found

    def amount(self, key: str) -> Decimal:
        """An amount, at most 6 decimals; a store leaves amounts of nothing empty, but a missing field is a fault."""
        if key not in self.raw:
            raise UnfitError(f"{self.name} has no field “{key}”.")
        value = self.raw[key]
        return ZERO if value is None or value == "" else self._amount(key, value)

    def required_amount(self, key: str) -> Decimal:
        """An amount that must be there."""
        if self.raw.get(key) in (None, ""):
            raise UnfitError(f"{self.name} has no field “{key}”, or it is empty.")
        return self._amount(key, self.raw[key])

    def optional_amount(self, key: str) -> Decimal | None:
        """An amount, None when it is empty, null or missing."""
        value = self.raw.get(key)
        return None if value is None or value == "" else self._amount(key, value)

    def quantity(self, key: str) -> Decimal:
        """A quantity, as precise as the store gives it; empty, null and missing are 0."""
        found = self.optional_number(key) or ZERO
        return -found if self.negated else found

    def optional_number(self, key: str) -> Decimal | None:
        """A number at full precision and with its own sign, None when it is empty, null or missing."""
        value = self.raw.get(key)
        if value is None or value == "":
            return None
        found = number(value)
        if found is None:
            raise self._unfit(key, "a number")
        return found

    def code(self, key: str) -> str:
        """An identifier as it stands (status, SKU, gateway, transaction id), trimmed; null and missing are empty."""
        return self._text(key).strip()

    def text(self, key: str) -> str:
        """A text of one line for people, decoded."""
        return clean_text(self._text(key))

    def lines(self, key: str) -> str:
        """A text of several lines for people, decoded."""
        return clean_lines(self._text(key))

    def flag(self, key: str) -> bool:
        """True for true, 1, "1", "yes" and "true"."""
        value = self.raw.get(key)
        return value is True or value == 1 or (isinstance(value, str) and value.lower() in ("1", "yes", "true"))

    def moment(self, key: str) -> datetime | None:
        """An aware UTC time, None when it is empty, null or missing."""
        try:
            return moment(self.raw.get(key))
        except ValueError:
            raise self._unfit(key, "a time") from None

    def part(self, key: str) -> Fields:
        """An object inside; null, missing and PHP's empty list are an empty object."""
        value = self.raw.get(key)
        if value is None or value == []:
            return Fields({}, self.name, self.negated)
        if not isinstance(value, Mapping):
            raise self._unfit(key, "an object")
        return Fields(value, self.name, self.negated)

    def parts(self, key: str, name: str) -> list[Fields]:
        """The objects of a list inside, each called `name` and its id; null and missing are an empty list."""
        value = self.raw.get(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise self._unfit(key, "a list of objects")
        return [Fields(item, f"{name} {item.get('id', '')}".strip(), self.negated) for item in value]

    def _amount(self, key: str, value: object) -> Decimal:
        found = number(value)
        if found is None:
            raise self._unfit(key, "an amount")
        # More than 6 places are a plugin's float noise: WooCommerce itself shows no more than were asked for.
        rounded = found.quantize(_PLACES, ROUND_HALF_UP)
        if rounded != found:
            found = rounded
        return -found if self.negated else found

    def _text(self, key: str) -> str:
        value = self.raw.get(key)
        if value is None or value is False or (isinstance(value, list | Mapping) and not value):
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        raise self._unfit(key, "a text")

    def _unfit(self, key: str, wanted: str) -> UnfitError:
        shown = clean_text(str(self.raw.get(key)))
        return UnfitError(f"{self.name} has “{shown[:40]}” as “{key}”, which is not {wanted}.")

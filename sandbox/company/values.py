"""Numbers, JSON and times as the stand-in company writes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ZERO = Decimal(0)
_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(8))

_NO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def zone(name: str) -> tzinfo:
    """The named time zone, or Pacific standard time where the machine has no zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return timezone(timedelta(hours=-8))


PACIFIC = zone("America/Los_Angeles")
"""Every time in an answer carries this offset, wherever the company is (QBO reference, Query language)."""


def _as_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{value!r} has no JSON form")


def dumps(value: Any) -> str:
    """Compact JSON; a Decimal becomes a number."""
    return _ENCODER.encode(value)


def loads(text: str | bytes) -> Any:
    """JSON with exact decimals in place of floats. Raises ValueError."""
    return _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8"))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_ENCODER = json.JSONEncoder(default=_as_number, separators=(",", ":"), ensure_ascii=False, check_circular=False)
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def half_up(amount: Decimal, places: int = 2) -> Decimal:
    """Rounded half away from zero, as QuickBooks rounds (QBO reference, Lines, Amount rule)."""
    return amount.quantize(_UNITS[places], rounding=ROUND_HALF_UP)


def currency_places(code: str, *, three: bool = False) -> int:
    """Decimals of a currency in the books: none for the yen and its like, two or `three` for the dinars, else two."""
    if code in _NO_DECIMALS:
        return 0
    return 3 if three and code in _THREE_DECIMALS else 2


def decimal_of(value: Any) -> Decimal:
    """A Decimal from an int, a Decimal, or a numeric string. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is no number")
    try:
        number = Decimal(value) if isinstance(value, int | str | Decimal) else Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is no number")
    return number


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, a Decimal even of nothing."""
    return sum(amounts, ZERO)


def plain(number: Decimal) -> str:
    """The number without exponent, as it stands in messages and pages."""
    return f"{number:f}"


def now() -> int:
    """Seconds since 1970: the resolution of MetaData times."""
    return int(time.time())


def stamp(seconds: int) -> str:
    """A MetaData time, e.g. 2026-01-05T10:48:27-08:00."""
    return datetime.fromtimestamp(seconds, PACIFIC).isoformat()


def answer_time() -> str:
    """The `time` of an answer, with milliseconds."""
    return datetime.fromtimestamp(time.time(), PACIFIC).isoformat(timespec="milliseconds")


def parse_time(text: str) -> float | None:
    """Seconds since 1970 of an ISO date or date-time; without an offset it is Pacific time. None if it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)).timestamp()


def today(time_zone: tzinfo) -> str:
    """The date in that zone, ISO."""
    return datetime.fromtimestamp(time.time(), time_zone).date().isoformat()


def add_days(day: str, count: int) -> str:
    """The ISO date that many days later."""
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()


def utc_text(seconds: float) -> str:
    """A UTC time with Z, as webhooks carry."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

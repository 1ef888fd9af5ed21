"""The store's clock and zone, and how WooCommerce reads the dates it is asked about.

WooCommerce behaviour, Dates: `date_*` is the site's local time, `date_*_gmt` is UTC, both in whole seconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_FORM = "%Y-%m-%dT%H:%M:%S"
_ACCEPTED = re.compile(
    r"^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}(?::\d{2})?)?$",
)


class Clock:
    """Now, as the store sees it: the machine's time plus an offset that can be switched."""

    def __init__(self, zone_name: str, offset_seconds: float = 0.0) -> None:
        self.zone = ZoneInfo(zone_name)
        self.zone_name = zone_name
        self.offset_seconds = offset_seconds

    def now(self) -> datetime:
        """Aware, UTC, whole seconds."""
        return (datetime.now(UTC) + timedelta(seconds=self.offset_seconds)).replace(microsecond=0)

    def local_text(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime(_FORM)

    @property
    def gmt_offset(self) -> float | int:
        """The zone's present distance from UTC in hours, as the index of the API tells it."""
        hours = (self.now().astimezone(self.zone).utcoffset() or timedelta()).total_seconds() / 3600
        return int(hours) if hours.is_integer() else hours

    def http_date(self) -> str:
        return self.now().strftime("%a, %d %b %Y %H:%M:%S GMT")


def gmt_text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_FORM)


def moment_of(gmt: str) -> datetime:
    """The moment of a `date_*_gmt` text."""
    return datetime.strptime(gmt, _FORM).replace(tzinfo=UTC)


def is_date(value: str) -> bool:
    """Whether the API takes the value at all; anything else is a 400 "Invalid date."."""
    match = _ACCEPTED.match(value)
    if match is None:
        return False
    try:
        datetime.fromisoformat(match.group(1).upper().replace(" ", "T"))
    except ValueError:
        return False
    return True


def comparable(value: str, clock: Clock, *, against_gmt: bool) -> str:
    """The text a `date_*` (or `date_*_gmt`) column is compared with, strictly.

    The table of the behaviour page: a value without zone is compared as it stands. One with a zone is first turned into
    the site's local time, which is right against the local column and wrong by the offset against the UTC one. With
    fractions of a second the zone is dropped against the local column (the value counts as local time), and the value
    is again wrong by the offset against the UTC column.
    """
    match = _ACCEPTED.match(value)
    if match is None:
        raise ValueError(f"{value!r} is no date")
    naive = match.group(1).upper().replace(" ", "T")
    zone = match.group(3)
    if zone is None or (match.group(2) and not against_gmt):
        return naive
    offset = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone}:00"
    return clock.local_text(datetime.fromisoformat(naive + offset))

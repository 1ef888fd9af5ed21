"""The periods people name, and how a period falls into days, weeks or months: dates in the workspace's zone."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAY, WEEK, MONTH = "day", "week", "month"
GROUPINGS = (DAY, WEEK, MONTH)
MOST_DAYS_BY_DAY = 92
MOST_DAYS_BY_WEEK = 400
LONGEST = 1100
"""Three years: what is longer is compared year by year."""

_QUARTER = re.compile(r"(\d{4})-[qQ]([1-4])")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Period:
    """Both days included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("A period does not end before it begins.")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_month(self) -> bool:
        return self.first.day == 1 and self.last == _end_of_month(self.first)

    def holds(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def before(self) -> Period:
        """The period of the same length or name that ends where this one begins."""
        if self._months:
            return _months(_month_shifted(self.first, -self._months), self._months)
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def after(self) -> Period:
        if self._months:
            return _months(_month_shifted(self.first, self._months), self._months)
        return Period(self.last + timedelta(days=1), self.last + timedelta(days=self.days))

    @property
    def _months(self) -> int:
        """Of whole months, how many; 0 for any other period."""
        if self.first.day != 1 or self.last != _end_of_month(self.last):
            return 0
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1

    def groupings(self) -> tuple[str, ...]:
        """The ways to group it that a page can show."""
        if self.days <= MOST_DAYS_BY_DAY:
            return GROUPINGS
        return (WEEK, MONTH) if self.days <= MOST_DAYS_BY_WEEK else (MONTH,)

    def buckets(self, by: str) -> Iterator[Period]:
        """Its days, weeks (from Monday) or months, cut off at both ends."""
        first = self.first
        while first <= self.last:
            if by == DAY:
                last = first
            elif by == WEEK:
                last = first + timedelta(days=6 - first.weekday())
            else:
                last = _end_of_month(first)
            yield Period(first, min(last, self.last))
            first = last + timedelta(days=1)


NAMED = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")


def named(name: str, today: date) -> Period:
    """One of NAMED (also with hyphens), 2026, 2026-Q1 or 2026-03. Raises ValueError for anything else."""
    key = name.strip().lower().replace("-", "_")
    if key in NAMED:
        which, _sep, unit = key.partition("_")
        length = {"month": 1, "quarter": 3, "year": 12}[unit]
        start = date(today.year, today.month - (today.month - 1) % length, 1)
        return _months(start if which == "this" else _month_shifted(start, -length), length)
    if found := _QUARTER.fullmatch(name.strip()):
        return _months(date(int(found[1]), int(found[2]) * 3 - 2, 1), 3)
    if found := _MONTH.fullmatch(name.strip()):
        return _months(date(int(found[1]), int(found[2]), 1), 1)
    if _YEAR.fullmatch(name.strip()):
        return _months(date(int(name), 1, 1), 12)
    raise ValueError(f"“{name}” is no period; write this-month, last-quarter, 2026, 2026-Q1 or 2026-03.")


def _months(first: date, months: int) -> Period:
    return Period(first, _end_of_month(_month_shifted(first, months - 1)))


def _month_shifted(day: date, months: int) -> date:
    """The first day of the month that many months later."""
    place = day.year * 12 + day.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])

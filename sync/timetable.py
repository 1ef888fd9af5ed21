"""When a report is due and which days it is about: at seven in the morning of the workspace's zone, in every season.

Days are local days: one of them may last 23 or 25 hours. A report key names the last day, so that two clocks that both
find it due still make one report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REPORT_TIME = time(7)
MONDAY = 0
LONGEST_DAYS = 31
"""After a long standstill a report looks no further back."""


@dataclass(frozen=True, slots=True)
class Days:
    """`since` and `until` are the local midnights around the days from `first` to `last`, both included."""

    first: date
    last: date
    since: datetime
    until: datetime


def next_due(when: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first due moment later than `after`, in UTC; None for what no clock decides."""
    if when not in ("daily", "weekly"):
        return None
    day = after.astimezone(zone).date()
    while True:
        due = local_time(day, REPORT_TIME, zone)
        if due > after and (when == "daily" or day.weekday() == MONDAY):
            return due
        day += timedelta(days=1)


def days_before(when: str, zone: ZoneInfo, now: datetime, covered_until: datetime) -> Days | None:
    """The whole days before today (weekly: before this Monday) that were not reported yet; None when there are none."""
    today = now.astimezone(zone).date()
    if when == "weekly":
        today -= timedelta(days=today.weekday())
    usual = today - timedelta(days=7 if when == "weekly" else 1)
    covered = covered_until.astimezone(zone)
    open_from = covered.date() if covered.time() == time(0) else covered.date() + timedelta(days=1)
    # What was asked for yesterday is about the whole of yesterday; after a standstill the days in between come along.
    first = max(min(open_from, usual), today - timedelta(days=LONGEST_DAYS))
    if open_from >= today and covered.time() == time(0):
        return None
    last = today - timedelta(days=1)
    return Days(first, last, local_time(first, time(0), zone), local_time(today, time(0), zone))


def local_time(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC. A time that the clocks skip that day is taken as if they had not been put forward yet."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)

"""When reports are due, and about which days: the same hour on the wall all year, every day told of once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.timetable import REPORT_TIME, days_before, local_time, next_due

PARIS, NEW_YORK, AUCKLAND = (ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Pacific/Auckland"))
ZONES = [
    PARIS,
    NEW_YORK,
    AUCKLAND,
    *[ZoneInfo(name) for name in ("America/Santiago", "Asia/Kathmandu", "Africa/Cairo", "Australia/Lord_Howe", "UTC")],
]
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        ("2026-11-24 05:59", "2026-11-24 06:00"),
        ("2026-11-24 06:00", "2026-11-25 06:00"),
        ("2026-03-28 12:00", "2026-03-29 05:00"),  # the clocks go forward that night
        ("2026-10-24 12:00", "2026-10-25 06:00"),  # and back
    ],
)
def test_every_day_at_seven_on_the_wall(after: str, due: str) -> None:
    assert next_due("daily", PARIS, utc(after)) == utc(due)


def test_every_week_on_monday() -> None:
    assert next_due("weekly", NEW_YORK, utc("2026-11-24 12:00")) == utc("2026-11-30 12:00")
    assert next_due("weekly", AUCKLAND, utc("2026-11-29 17:59")) == utc("2026-11-29 18:00")  # already Monday there


@pytest.mark.parametrize("when", ["every_run", "problems", "never"])
def test_no_clock_decides_about_the_others(when: str) -> None:
    assert next_due(when, PARIS, utc("2026-11-24 12:00")) is None


def test_a_day_that_lasts_23_hours_is_told_of_whole() -> None:
    days = days_before("daily", PARIS, utc("2026-03-30 05:00"), utc("2026-03-28 23:00"))
    assert days is not None
    assert (days.first, days.last) == (date(2026, 3, 29), date(2026, 3, 29))
    assert days.until - days.since == timedelta(hours=23)


def test_what_was_asked_for_today_is_about_yesterday_the_first_time() -> None:
    days = days_before("daily", PARIS, utc("2026-11-25 06:00"), utc("2026-11-24 15:00"))
    assert days is not None
    assert (days.first, days.last) == (date(2026, 11, 24), date(2026, 11, 24))


def test_after_a_standstill_the_days_in_between_come_along() -> None:
    days = days_before("daily", PARIS, utc("2026-11-24 09:00"), utc("2026-11-20 23:00"))
    assert days is not None
    assert (days.first, days.last) == (date(2026, 11, 21), date(2026, 11, 23))


def test_a_week_ends_on_sunday_whenever_it_is_told_of() -> None:
    days = days_before("weekly", PARIS, utc("2026-11-25 09:00"), utc("2026-11-15 23:00"))
    assert days is not None
    assert (days.first, days.last) == (date(2026, 11, 16), date(2026, 11, 22))


def test_what_was_told_of_is_not_told_of_again() -> None:
    assert days_before("daily", PARIS, utc("2026-11-24 10:00"), utc("2026-11-23 23:00")) is None
    assert days_before("weekly", PARIS, utc("2026-11-26 10:00"), utc("2026-11-22 23:00")) is None


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(start=moments)
def test_no_day_is_skipped_and_none_is_told_of_twice(zone: ZoneInfo, start: datetime) -> None:
    """Twelve reports on end, each made at its due moment: their days follow each other without a gap."""
    covered, due = start, next_due("daily", zone, start)
    last: date | None = None
    for _report in range(12):
        assert due is not None
        assert due > covered or last is None
        days = days_before("daily", zone, due, covered)
        if days is not None:
            assert last is None or days.first == last + timedelta(days=1)
            assert days.since < days.until <= due
            last, covered = days.last, days.until
        following = next_due("daily", zone, due)
        assert following is not None
        assert timedelta(hours=22) < following - due < timedelta(hours=26)
        assert following.astimezone(zone).time() == REPORT_TIME
        due = following


def test_a_time_that_the_clocks_skip_still_is_a_moment() -> None:
    santiago = ZoneInfo("America/Santiago")  # midnight did not exist on 6 September 2026
    found = local_time(date(2026, 9, 6), time(0), santiago)
    assert found == utc("2026-09-06 04:00")

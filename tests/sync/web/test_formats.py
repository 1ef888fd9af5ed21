"""Amounts, dates and counts as the glossary's table of formats has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone, translation

from sync.templatetags import formats

LOCALES = {"fr-FR": ("fr", "FR"), "fr-CA": ("fr", "CA"), "en-US": ("en", "US"), "en-GB": ("en", "GB")}
NBSP, THIN = "\u00a0", "\u202f"


def written(locale: str, name: str, *values: object) -> str:
    language, country = LOCALES[locale]
    with translation.override(language), formats.country_of(country):
        return str(getattr(formats, name)(*values))


@pytest.mark.parametrize(
    ("locale", "currency", "expected"),
    [
        ("fr-FR", "EUR", f"1{THIN}234,50{NBSP}€"),
        ("fr-CA", "CAD", f"1{NBSP}234,50{NBSP}$"),
        ("en-US", "USD", "$1,234.50"),
        ("en-GB", "GBP", "£1,234.50"),
        ("en-GB", "USD", "US$1,234.50"),
        ("en-US", "CAD", "CA$1,234.50"),
    ],
)
def test_money(locale: str, currency: str, expected: str) -> None:
    assert written(locale, "money", Decimal("1234.5"), currency) == expected


def test_money_has_the_decimals_of_its_currency_and_is_rounded_half_up() -> None:
    assert written("en-GB", "money", Decimal("1234.5"), "JPY") == "JP¥1,235"
    assert written("en-GB", "figure", "0.0005", "KWD") == "0.001"
    assert written("en-GB", "money", "2.345", "GBP") == "£2.35"
    assert written("en-GB", "money", "2.335", "GBP") == "£2.34"


def test_below_zero_has_a_true_minus_and_zero_has_none() -> None:
    assert written("en-GB", "money", "-12.5", "GBP") == "−£12.50"
    assert written("fr-FR", "money", "-12.5", "EUR") == f"−12,50{NBSP}€"
    assert written("en-GB", "money", "-0.001", "GBP") == "£0.00"


@pytest.mark.parametrize("value", [None, "", "twelve"])
def test_what_is_no_amount_is_a_dash(value: str | None) -> None:
    for name in ("money", "figure", "quantity", "unit_price", "percent"):
        assert written("en-GB", name, value) == "—"


def test_a_price_keeps_the_decimals_it_needs() -> None:
    assert written("fr-FR", "unit_price", "21.755", "EUR") == f"21,755{NBSP}€"
    assert written("fr-FR", "unit_price", "66.750000", "EUR") == f"66,75{NBSP}€"
    assert written("fr-FR", "quantity", "1.5") == "1,5"


@pytest.mark.parametrize(
    ("locale", "long", "clock"),
    [
        ("fr-FR", "5 mars 2026", "14:30"),
        ("fr-CA", "5 mars 2026", f"14{NBSP}h{NBSP}30"),
        ("en-US", "March 5, 2026", f"2:30{THIN}PM"),
        ("en-GB", "5 March 2026", "14:30"),
    ],
)
def test_dates_and_times(locale: str, long: str, clock: str) -> None:
    moment = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
    assert written(locale, "long_date", moment) == long
    assert written(locale, "clock", moment) == clock


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    assert written("fr-FR", "long_date", date(2026, 3, 1)) == "1er mars 2026"
    assert written("fr-FR", "long_date", "2026-03-11") == "11 mars 2026"
    assert written("en-GB", "long_date", date(2026, 3, 1)) == "1 March 2026"


def test_percentages() -> None:
    assert written("fr-FR", "percent", "9.975") == f"9,975{NBSP}%"
    assert written("en-US", "percent", "20") == "20%"


def test_how_long_ago_is_said_under_an_hour() -> None:
    with time_machine.travel("2026-11-24T14:00:00Z", tick=False):
        now = timezone.now()
        assert formats.in_words(now - timedelta(minutes=12)) == "12 min ago"
        assert formats.in_words(now - timedelta(hours=3)) == "11:00"
        assert formats.in_words(now - timedelta(days=2)) == "22 Nov, 14:00"


def test_times_are_shown_in_the_zone_that_is_on() -> None:
    with timezone.override("Europe/Paris"):
        assert formats.clock(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == "01:30"


def test_a_time_element_says_the_whole_date() -> None:
    html = formats.moment(datetime(2026, 11, 24, 14, 7, tzinfo=UTC), "clock")
    assert html == '<time datetime="2026-11-24T14:07:00+00:00" title="24 November 2026 at 14:07">14:07</time>'

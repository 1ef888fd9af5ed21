"""Amounts, dates and counts as the reader writes them: Babel in the person's locale and the tenant's zone.

The language comes from Django, the zone from Django's current time zone, the country (which decides between fr-FR and
fr-CA, en-GB and en-US) from `country_of`. Amounts are rounded half up before Babel sees them: it rounds half to even.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Literal

from babel import Locale, dates, numbers
from django import template
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.web.preferences import time_format

register = template.Library()

_country: ContextVar[str] = ContextVar("format_country", default="")
_LOCALES = {("fr", "CA"): "fr_CA", ("en", "US"): "en_US", ("en", "CA"): "en_CA", ("en", "AU"): "en_AU"}
_DEFAULT_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
_MINUS = "−"
_HOUR = timedelta(hours=1)

Amount = Decimal | int | str | None


@contextmanager
def country_of(country: str) -> Iterator[None]:
    """Formats as people in this country do (two letters, "" = unknown) until the block ends."""
    token = _country.set(country.upper())
    try:
        yield
    finally:
        _country.reset(token)


def current_locale() -> Locale:
    """The format locale: a choice of its own, proposed from the language and the company's country."""
    language = (translation.get_language() or "en").lower()
    base, _sep, region = language.partition("-")
    key = (base, region.upper() or _country.get())
    return Locale.parse(_LOCALES.get(key, _DEFAULT_LOCALES.get(base, "en_GB")))


def as_decimal(value: Amount) -> Decimal | None:
    """A stored amount (Decimal or its text) as Decimal; None for what is no number."""
    if value is None or value == "":
        return None
    try:
        return Decimal(value)
    except (InvalidOperation, ValueError, TypeError):
        return None


def precision(currency: str) -> int:
    """Decimals of a currency: EUR 2, JPY 0, KWD 3."""
    return int(numbers.get_currency_precision(currency)) if currency else 2


def to_currency(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up to the currency's decimals; a zero has no sign."""
    rounded = amount.quantize(Decimal(1).scaleb(-precision(currency)), rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


@register.filter
def money(value: Amount, currency: str = "") -> str:
    """An amount with its symbol: 166,33 €. Without a currency, a plain figure with two decimals."""
    amount = as_decimal(value)
    if amount is None:
        return "—"
    if not currency:
        return figure(value)
    text = numbers.format_currency(to_currency(amount, currency), currency, locale=current_locale())
    return text.replace("-", _MINUS)


@register.filter
def figure(value: Amount, currency: str = "") -> str:
    """An amount without symbol, for columns that name their currency in the head: 166,33."""
    amount = as_decimal(value)
    if amount is None:
        return "—"
    places = precision(currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    text = numbers.format_decimal(to_currency(amount, currency), format=pattern, locale=current_locale())
    return text.replace("-", _MINUS)


@register.filter
def count(value: int | None) -> str:
    return numbers.format_decimal(value or 0, locale=current_locale())


@register.filter
def quantity(value: Amount) -> str:
    """A quantity or unit price without rounding: 2, 1,5, 21,755."""
    amount = as_decimal(value)
    if amount is None:
        return "—"
    return numbers.format_decimal(amount, locale=current_locale(), decimal_quantization=False).replace("-", _MINUS)


@register.filter
def unit_price(value: Amount, currency: str = "") -> str:
    """A price of one piece with its symbol; more decimals than the currency has where the price has them."""
    amount = as_decimal(value)
    if amount is None:
        return "—"
    shortest = amount.normalize()
    if -int(shortest.as_tuple().exponent) <= precision(currency):
        return money(amount, currency)
    return (
        numbers.format_currency(shortest, currency, locale=current_locale(), decimal_quantization=False).replace(
            "-", _MINUS
        )
        if currency
        else quantity(shortest)
    )


@register.filter
def percent(value: Amount) -> str:
    """A rate given in percent: 5.5 → 5,5 %."""
    amount = as_decimal(value)
    if amount is None:
        return "—"
    return numbers.format_percent(amount / 100, locale=current_locale(), decimal_quantization=False)


@register.filter
def plain(value: Amount, currency: str = "") -> str:
    """An amount for machines, in <data value>: 166.33."""
    amount = as_decimal(value)
    return "" if amount is None else format(to_currency(amount, currency), "f")


def _local(moment: datetime | date) -> datetime | date:
    return timezone.localtime(moment) if isinstance(moment, datetime) else moment


def _first_of_month(text: str, day: date) -> str:
    """French writes the first as an ordinal: 1er mars."""
    return "1er" + text[1:] if day.day == 1 and current_locale().language == "fr" and text.startswith("1 ") else text


def as_moment(value: object) -> datetime | date | None:
    """A stored moment or day (also as ISO text) in the tenant's zone."""
    if isinstance(value, datetime | date):
        return _local(value)
    if not isinstance(value, str) or not value:
        return None
    try:
        return date.fromisoformat(value) if len(value) == 10 else _local(datetime.fromisoformat(value))
    except ValueError:
        return None


@register.filter
def long_date(value: object) -> str:
    """24 novembre 2026."""
    day = as_moment(value)
    if day is None:
        return "—"
    return _first_of_month(dates.format_date(day, "long", locale=current_locale()), day)


def month_and_year(day: date) -> str:
    """novembre 2026."""
    return dates.format_skeleton("yMMMM", day, locale=current_locale())


@register.filter
def day_and_month(value: object) -> str:
    """24 novembre: the year is said beside it."""
    day = as_moment(value)
    if day is None:
        return "—"
    return _first_of_month(dates.format_skeleton("MMMMd", day, locale=current_locale()), day)


@register.filter
def short_date(value: object) -> str:
    """24 nov.; with the year when it is not this one."""
    day = as_moment(value)
    if day is None:
        return "—"
    skeleton = "MMMd" if day.year == timezone.localdate().year else "yMMMd"
    return _first_of_month(dates.format_skeleton(skeleton, day, locale=current_locale()), day)


@register.filter
def clock(value: object) -> str:
    """14:07."""
    moment = as_moment(value)
    return _time_of_day(moment, "short", "mm") if isinstance(moment, datetime) else "—"


@register.filter
def clock_seconds(value: object) -> str:
    """14:02:40."""
    moment = as_moment(value)
    return _time_of_day(moment, "medium", "mm:ss") if isinstance(moment, datetime) else "—"


def _time_of_day(moment: datetime, style: Literal["short", "medium"], minutes: str) -> str:
    """As usual in the locale, unless the person asked for the other clock."""
    locale, wanted = current_locale(), time_format()
    usual = "24h" if "H" in locale.time_formats[style].pattern else "12h"
    if wanted in ("24h", "12h") and wanted != usual:
        pattern = f"HH:{minutes}" if wanted == "24h" else f"h:{minutes} a"
        return dates.format_time(moment.timetz(), pattern, locale=locale)
    return dates.format_time(moment.timetz(), style, locale=locale).replace(" ", "\u00a0")


@register.filter
def full_moment(value: object) -> str:
    """24 novembre 2026, 14:07: for titles and tool tips."""
    moment = as_moment(value)
    if not isinstance(moment, datetime):
        return long_date(value)
    return _("%(date)s at %(time)s") % {"date": long_date(moment), "time": clock(moment)}


def in_words(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, under an hour; the time of day, today; else the date with the time."""
    now = now or timezone.now()
    age = now - moment
    if timedelta(0) <= age < timedelta(minutes=1):
        return _("just now")
    if timedelta(0) < age < _HOUR:
        minutes = int(age.total_seconds() // 60)
        return ngettext("%(count)s min ago", "%(count)s min ago", minutes) % {"count": count(minutes)}
    if timezone.localtime(moment).date() == timezone.localtime(now).date():
        return clock(moment)
    return _("%(date)s, %(time)s") % {"date": short_date(moment), "time": clock(moment)}


def duration(seconds: float) -> str:
    """7 min 39 s, in the reader's short unit names."""
    locale = current_locale()
    whole = max(0, round(seconds))
    if whole < 60:
        return dates.format_timedelta(timedelta(seconds=whole), "second", threshold=1e9, format="short", locale=locale)
    minutes, rest = divmod(whole, 60)
    parts = [dates.format_timedelta(timedelta(minutes=minutes), "minute", threshold=1e9, format="short", locale=locale)]
    if rest and minutes < 60:
        parts.append(
            dates.format_timedelta(timedelta(seconds=rest), "second", threshold=1e9, format="short", locale=locale)
        )
    return " ".join(parts)


_MOMENT_STYLES: dict[str, Callable[[datetime], str]] = {
    "words": in_words,
    "clock": clock,
    "seconds": clock_seconds,
    "short": short_date,
    "long": long_date,
}


@register.simple_tag
def moment(value: datetime | None, style: str = "words") -> str:
    """A <time> element whose title always says the full date: {% moment run.finished_at "clock" %}."""
    if value is None:
        return "—"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        full_moment(value),
        _MOMENT_STYLES[style](value),
    )

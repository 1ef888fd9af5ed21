"""What is said live under a control, with the merchant's own numbers and days, before the choice is saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.cache import cache
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.numbers import NUMBER_LIMIT
from connector.errors import SyncError
from sync.engine.pull import start_of
from sync.models import Posting, Record
from sync.templatetags.formats import clock, count, day_and_month, long_date
from sync.web.conflicts import find_conflicts
from sync.web.manage.lists import Lists
from sync.web.reasons import fill
from sync.wiring import open_store

COUNTED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Note:
    kind: Literal["info", "warn", "bad"]
    text: str
    icon: str = "info"


@dataclass(frozen=True, slots=True)
class Draft:
    """saved: the options in force. wanted: with the choices on the page. is_posted: somebody pressed or typed, so that
    a note may ask the store."""

    lists: Lists
    saved: Mapping[str, Any]
    wanted: Mapping[str, Any]
    is_posted: bool = False


def note_for(name: str, draft: Draft) -> Note | None:
    return _NOTES[name](draft) if name else None


def _time_zone(draft: Draft) -> Note | None:
    """23:30 in the store, today, seen in the account's zone: the day that an order's document bears."""
    try:
        zone = ZoneInfo(draft.wanted["tenant"]["time_zone"])
        facts = draft.lists.tenant.store_facts
        store_zone = ZoneInfo((facts.get("index") or {}).get("time_zone") or zone.key)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    sold = datetime.combine(timezone.now().astimezone(store_zone).date(), time(23, 30), store_zone)
    with timezone.override(store_zone):
        words = {"time": clock(sold), "day": day_and_month(sold.date())}
    words["dated"] = day_and_month(sold.astimezone(zone).date())
    return Note("info", fill(_("An order at %(time)s on %(day)s will be dated %(dated)s."), words), "calendar")


def _start_date(draft: Draft) -> Note | None:
    was, now = (_day(options["tenant"]["start_date"]) for options in (draft.saved, draft.wanted))
    if was is None or now is None or was == now:
        return None
    if now > was:
        sent = Posting.objects.for_tenant(draft.lists.tenant).filter(state=Posting.State.POSTED).exists()
        if sent:
            return Note("info", _("Later than before: nothing that was sent is touched."), "calendar")
        return Note("info", fill(_("Orders created before %(date)s stay out."), {"date": long_date(now)}), "calendar")
    older = _older_orders(draft, now, was) if draft.is_posted else None
    if older is None:
        sentence = _("Earlier than before: the older orders are imported at the next sync.")
        return Note("warn", f"{sentence} {_look_first()}", "calendar")
    text = ngettext(
        "%(count)s older order will be imported at the next sync.",
        "%(count)s older orders will be imported at the next sync.",
        older,
    )
    sentence = text % {"count": count(older)}
    return Note("warn", f"{sentence} {_look_first()}", "calendar") if older else Note("info", sentence, "calendar")


def _look_first() -> str:
    return _("Look under Records, “Already in QuickBooks”, for those that were entered there by hand.")


def _older_orders(draft: Draft, now: date, was: date) -> int | None:
    """How many orders were created between the two days, by the store's own count; None where it does not answer."""
    tenant, zone = draft.lists.tenant, str(draft.wanted["tenant"]["time_zone"])
    if not tenant.store_url:
        return None
    key = f"older-orders:{tenant.pk}:{now}:{was}:{zone}"
    known: int | None = cache.get(key)
    if known is not None:
        return known
    moments = [start_of(day, zone) - timedelta(seconds=1) for day in (now, was)]
    try:
        with open_store(tenant) as store:
            pages = [store.orders(page=1, per_page=1, created_after=moment, status="any") for moment in moments]
    except SyncError:
        return None
    older = max(0, pages[0].total - pages[1].total)
    cache.set(key, older, COUNTED_SECONDS)
    return older


def _number(draft: Draft) -> Note | None:
    orders = draft.wanted["orders"]
    if orders["automatic_numbers"]:
        return Note("info", _("Not used while QuickBooks numbers the documents."), "info")
    number = longest_number(draft.lists)
    whole = f"{orders['number_prefix']}{number}"
    words = {"number": whole, "length": count(len(whole)), "limit": count(NUMBER_LIMIT)}
    if len(whole) > NUMBER_LIMIT:
        message = _("%(number)s has %(length)s characters; QuickBooks accepts %(limit)s. Shorten the prefix.")
        if len(number) > NUMBER_LIMIT:
            message = _("%(number)s is too long even without a prefix: QuickBooks accepts %(limit)s characters.")
            words["number"] = number
        return Note("bad", fill(message, words), "circle-alert")
    return Note("info", fill(_("%(number)s · %(length)s of %(limit)s characters"), words), "tag")


def longest_number(lists: Lists) -> str:
    """Of the orders that were read and of the store's latest; 1234 where there is none."""
    numbers = Record.objects.for_tenant(lists.tenant).filter(source=Record.Source.ORDER).exclude(number="")
    read = numbers.order_by(Length("number").desc(), "-pk").values_list("number", flat=True).first() or ""
    latest = lists.store.latest_number if lists.store else ""
    return max(latest, read, key=len) or "1234"


def _numbers(draft: Draft) -> Note | None:
    return _conflict(draft, "numbers_blank", "numbers_ignored")


def _credits(draft: Draft) -> Note | None:
    return _conflict(draft, "auto_apply_credit")


def _conflict(draft: Draft, *keys: str) -> Note | None:
    company = draft.lists.tenant.company
    if company is None or not company.facts:
        return None
    for conflict in find_conflicts(company.facts, draft.wanted, draft.lists.tenant.store_facts or {}):
        if conflict.key in keys:
            return Note("warn", f"{conflict.title} {conflict.there}", "triangle-alert")
    return None


def _closed_until(draft: Draft) -> Note | None:
    facts = draft.lists.facts
    if facts is None or facts.closed_until is None:
        return None
    words = {"date": long_date(facts.closed_until)}
    return Note("info", fill(_("Your books are closed up to %(date)s."), words), "lock")


def _tax_world(draft: Draft) -> Note | None:
    facts = draft.lists.facts
    if facts is None:
        return None
    worlds = {
        "global": _("This company keeps tax with a code on every line."),
        "us_automated": _("This company uses QuickBooks’ automated sales tax."),
        "us_manual": _("This company keeps its US tax rates by hand."),
        "off": _("Tax is off in this company."),
    }
    mode = draft.wanted["taxes"]["mode"]
    kind: Literal["info", "warn"] = "info" if mode in ("auto", facts.tax_world) else "warn"
    return Note(kind, worlds[facts.tax_world], "percent")


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


_NOTES: Mapping[str, Callable[[Draft], Note | None]] = {
    "time_zone": _time_zone,
    "start_date": _start_date,
    "number": _number,
    "numbers": _numbers,
    "closed_until": _closed_until,
    "tax_world": _tax_world,
    "credits": _credits,
}

"""Changes of the options' `tenant.report`, and what the page shows of it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from sync import setup
from sync.models import Report, ReportMail, ReportSchedule
from sync.portability import save_options
from sync.recipients import Standing
from sync.templatetags.formats import clock, count, short_date
from sync.web.forms_reports import LanguageForm
from sync.web.labels import Badge
from sync.web.reasons import fill
from sync.web.report_words import ReportText, read_by, words_of
from tenants.audit import log_change
from tenants.models import Tenant, User


def change_report(tenant: Tenant, *, user: User, **wanted: Any) -> dict[str, Any]:
    """Sets keys of `tenant.report` as the next version of the options, with an audit entry; returns all of it.

    One at a time: two people who add an address at the same moment both keep theirs."""
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        options = copy.deepcopy(setup.options_of(tenant))
        before = dict(options["tenant"].get("report") or {})
        after = {**before, **wanted}
        changes = {
            f"report.{name}": [before.get(name), after[name]] for name in wanted if before.get(name) != after[name]
        }
        if changes:
            options["tenant"]["report"] = after
            save_options(tenant, options, user=user)
            log_change(tenant, "report_options", changes, user=user)
    return after


def add(tenant: Tenant, email: str, language: str, *, user: User) -> None:
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        report = setup.options_of(tenant)["tenant"].get("report") or {}
        listed = [*_without(report.get("recipients", []), email), email]
        wanted: dict[str, Any] = {"recipients": listed}
        if language:
            wanted["languages"] = {**(report.get("languages") or {}), email: language}
        change_report(tenant, user=user, **wanted)


def remove(tenant: Tenant, email: str, *, user: User) -> None:
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        report = setup.options_of(tenant)["tenant"].get("report") or {}
        languages = {address: one for address, one in (report.get("languages") or {}).items() if address != email}
        change_report(tenant, user=user, recipients=_without(report.get("recipients", []), email), languages=languages)


def choose_language(tenant: Tenant, email: str, language: str, *, user: User) -> None:
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        report = setup.options_of(tenant)["tenant"].get("report") or {}
        languages = {address: one for address, one in (report.get("languages") or {}).items() if address != email}
        if language:
            languages[email] = language
        change_report(tenant, user=user, languages=languages)


def _without(addresses: Iterable[str], email: str) -> list[str]:
    return [address for address in addresses if address.strip().lower() != email]


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """One address: how it stands, and what may be done. `note`: what its server said, or who may start it again."""

    standing: Standing
    badge: Badge
    note: str
    form: LanguageForm | None
    again: str


def reader_rows(
    standings: Iterable[Standing], *, person: User, may_act: bool, languages: dict[str, str]
) -> list[ReaderRow]:
    return [_row(one, person=person, may_act=may_act, languages=languages) for one in standings]


def _row(one: Standing, *, person: User, may_act: bool, languages: dict[str, str]) -> ReaderRow:
    row = one.recipient
    looks = {
        "active": Badge("ok", "circle-check", _("Gets reports")),
        "unconfirmed": Badge("", "hourglass", _("Waits for confirmation")),
        "ended": Badge("", "circle-slash", _("Unsubscribed")),
        "stopped": Badge("bad", "circle-x", _("Stopped: refused by its server")),
    }
    form = LanguageForm(initial={"language": languages.get(row.email.lower(), "")}, prefix=f"reader_{row.pk}")
    return ReaderRow(
        one,
        looks[one.state],
        _note(one),
        form if may_act else None,
        _again(one, person) if may_act or _is_own(one, person) else "",
    )


def _note(one: Standing) -> str:
    row = one.recipient
    if one.state == "ended":
        return fill(
            _("Ended by the reader on %(date)s. Only the reader can start them again, by the link in a report."),
            {"date": short_date(row.unsubscribed_at)},
        )
    if row.refused_at is not None:
        return fill(
            _("Refused on %(date)s: %(answer)s"), {"date": short_date(row.refused_at), "answer": row.refused_why}
        )
    if one.state == "unconfirmed" and row.asked_at is not None:
        return fill(_("Asked on %(date)s; the link is valid for 7 days."), {"date": short_date(row.asked_at)})
    if one.state == "unconfirmed":
        return _("Nobody has been asked yet.") if not row.must_ask else _("The question is on its way.")
    return str(one.member) if one.member is not None and one.member.name else ""


def _again(one: Standing, person: User) -> str:
    """What the button does, "" where there is none."""
    if one.state == "unconfirmed":
        return _("Ask again")
    if one.state == "stopped":
        return _("Try again")
    return _("Get them again") if one.state == "ended" and _is_own(one, person) else ""


def _is_own(one: Standing, person: User) -> bool:
    return one.member is not None and one.member.pk == person.pk


def rhythm_of(tenant: Tenant, schedule: ReportSchedule | None, readers: int) -> str:
    """The page's verdict: is anybody told, and when next?"""
    when = schedule.when if schedule is not None else ReportSchedule.When.NEVER
    if when == ReportSchedule.When.NEVER:
        return _("No report is sent.")
    if not readers:
        return _("Reports are on, but nobody gets them yet.")
    to = ngettext("to %(count)s address", "to %(count)s addresses", readers) % {"count": count(readers)}
    if schedule is not None and schedule.next_at is not None and when in ("daily", "weekly"):
        return fill(
            _("The next report leaves on %(date)s at %(time)s, %(to)s."),
            {"date": short_date(schedule.next_at), "time": clock(schedule.next_at), "to": to},
        )
    texts = {
        "every_run": _("A report leaves after every sync that did something, %(to)s."),
        "problems": _("A report leaves when something new needs attention, %(to)s."),
    }
    return fill(texts[when], {"to": to})


MAIL_LOOKS = {
    ReportMail.State.WAITING: ("", "hourglass"),
    ReportMail.State.SENDING: ("run", "loader"),
    ReportMail.State.SENT: ("ok", "circle-check"),
    ReportMail.State.REFUSED: ("bad", "circle-x"),
    ReportMail.State.LOST: ("warn", "triangle-alert"),
    ReportMail.State.DROPPED: ("", "circle-slash"),
}


def mail_badge(state: str, mails: int = 0) -> Badge:
    """The state of one mail, or of several of one report."""
    known = ReportMail.State(state)
    look, icon = MAIL_LOOKS[known]
    word = str(known.label)
    return Badge(
        look,
        icon,
        pgettext("state and how many", "%(state)s: %(count)s") % {"state": word, "count": count(mails)}
        if mails
        else word,
    )


@dataclass(frozen=True, slots=True)
class ReportLine:
    report: Report
    title: str
    period: str
    kind: str
    badges: list[Badge]


def line_of(report: Report, language: str) -> ReportLine:
    text = text_of(report, language)
    states = [mail.state for mail in report.mails.all()]
    badges = [mail_badge(state, states.count(state)) for state in ReportMail.State.values if state in states]
    return ReportLine(report, text.title, text.eyebrow, str(Report.Kind(report.kind).label), badges)


def text_of(report: Report, language: str) -> ReportText:
    with read_by(report.figures, language):
        return words_of(report.figures, report.tenant.slug)


def asked_lately(one: Standing, now: datetime, seconds: int) -> bool:
    asked = one.recipient.asked_at
    return asked is not None and (now - asked).total_seconds() < seconds

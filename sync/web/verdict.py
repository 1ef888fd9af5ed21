"""The one sentence that answers an overview's question: do the books match the store?"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync.models import Run
from sync.reports import Period
from sync.templatetags.formats import clock, count, day_and_month, long_date, money, to_currency
from sync.web.reasons import fill
from sync.web.shell import Pulse
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_empty`: nothing was ever read, so there are no figures to show."""

    eyebrow: str
    title: str
    text: str
    is_empty: bool = False


def judge(
    tenant: Tenant, period: Period, *, open_records: int, causes: int, last_run: Run | None, pulse: Pulse
) -> Verdict:
    eyebrow = fill(
        _("Last 30 days · %(start)s to %(end)s"),
        {"start": day_and_month(period.since), "end": long_date(period.until)},
    )
    if not period.seen and (last_run is None or not _has_finished_once(last_run)):
        return _before_the_first_run(tenant, is_running=last_run is not None and last_run.is_active)
    gaps = [one for one in period.currencies if to_currency(one.unexplained, one.currency)]
    if gaps:
        amount = money(abs(gaps[0].unexplained), gaps[0].currency)
        return Verdict(
            eyebrow,
            fill(_("Your books and your store differ by %(amount)s."), {"amount": amount}),
            _("Synced records show other totals in QuickBooks. Open them from the records list to see which."),
        )
    if open_records:
        title = ngettext(
            "Your books match, except for %(count)s order that waits for your decision.",
            "Your books match, except for %(count)s orders that wait for your decision.",
            open_records,
        ) % {"count": count(open_records)}
        text = ngettext(
            "They share %(count)s cause.", "They have %(count)s causes; the largest amount comes first.", causes
        ) % {"count": count(causes)}
        return Verdict(eyebrow, title, text)
    on_the_way = sum(one.on_the_way_records for one in period.currencies)
    title = _("Your books match your store to the penny.")
    if on_the_way:
        text = ngettext(
            "%(count)s order is still on its way to QuickBooks.",
            "%(count)s orders are still on their way to QuickBooks.",
            on_the_way,
        ) % {"count": count(on_the_way)}
    elif not period.seen:
        text = _("No order in these 30 days.")
    elif pulse.next_at is not None:
        text = fill(
            _("Every sale and refund since %(date)s is in QuickBooks. Next check at %(time)s."),
            {"date": day_and_month(period.since), "time": clock(pulse.next_at)},
        )
    else:
        text = fill(_("Every sale and refund since %(date)s is in QuickBooks."), {"date": day_and_month(period.since)})
    return Verdict(eyebrow, title, text)


def _has_finished_once(last_run: Run) -> bool:
    if last_run.state == Run.State.FINISHED:
        return True
    return Run.objects.filter(tenant_id=last_run.tenant_id, state=Run.State.FINISHED).exists()


def _before_the_first_run(tenant: Tenant, *, is_running: bool) -> Verdict:
    if is_running:
        return Verdict("", _("The sync is under way."), _("Orders appear here as they are read."), is_empty=True)
    if tenant.is_connected:
        return Verdict(
            "",
            _("Nothing has been sent to QuickBooks yet."),
            _("No order yet. The first one will appear here after the next sync."),
            is_empty=True,
        )
    return Verdict(
        "",
        _("This workspace is not connected yet."),
        _("It needs a store and a QuickBooks company before the first sync."),
        is_empty=True,
    )

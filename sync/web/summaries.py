"""One line about a run: when, what started it, and what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from sync.engine.stock import STOCK_SENT, STOCK_WAITS
from sync.models import Record, Run
from sync.templatetags.formats import count, duration
from sync.web.labels import Badge, run_badge
from sync.web.reason_texts import Text
from sync.web.troubles import find_trouble

TRIGGERS: dict[str, Text] = {
    "schedule": gettext_lazy("Hourly run"),
    "button": gettext_lazy("Started by hand"),
    "manual": gettext_lazy("Started by hand"),
    "retry": gettext_lazy("Retry"),
    "command": gettext_lazy("Started from the command line"),
    "webhook": gettext_lazy("Started by a notification"),
    "first": gettext_lazy("First import"),
    "reconnect": gettext_lazy("Started after reconnecting"),
    "trial": gettext_lazy("Test of one order"),
    "stock": gettext_lazy("Update of the stock"),
    "search": gettext_lazy("Search for documents that are in QuickBooks already"),
    "links": gettext_lazy("Linking of documents that are in QuickBooks already"),
}
_COUNTS = (
    (Record.State.ATTENTION, ngettext_lazy("%(count)s needs attention", "%(count)s need attention")),
    (Record.State.SKIPPED, ngettext_lazy("%(count)s skipped", "%(count)s skipped")),
    (Record.State.WAITING, ngettext_lazy("%(count)s awaiting payment", "%(count)s awaiting payment")),
    (Record.State.SENDING, ngettext_lazy("%(count)s sending", "%(count)s sending")),
    (Record.State.QUEUED, ngettext_lazy("%(count)s queued", "%(count)s queued")),
)


_SENT = ngettext_lazy("%(count)s document sent", "%(count)s documents sent")
_QUIET = frozenset({Record.State.SYNCED, Record.State.SKIPPED, Record.State.WAITING})


@dataclass(frozen=True, slots=True)
class RunLine:
    """`is_quiet`: nothing was sent and nothing waits for a decision."""

    run: Run
    badge: Badge
    what: str
    trigger: Text
    took: str
    is_quiet: bool
    short: str = ""
    """The two counts that matter most, for a narrow place."""
    quiet_before: int = 0
    """How many runs with nothing to do are folded into this line."""


def summarise(run: Run, sent: int = 0) -> RunLine:
    """sent: documents that QuickBooks confirmed in this run. Synced records go unsaid: most of them were only read
    again, since a run reads the last minutes of the one before once more."""
    parts = [_counted(text, int(run.tally[state])) for state, text in _COUNTS if run.tally.get(state)]
    if sent:
        parts.insert(0, _counted(_SENT, sent))
    stock = stock_parts(run)
    parts += stock
    is_quiet = run.state == Run.State.FINISHED and not sent and not stock and _QUIET.issuperset(_found(run))
    what = " · ".join(parts)
    if run.state in (Run.State.FAILED, Run.State.PAUSED) and run.error_reason:
        what = str(find_trouble(run.error_reason).text)
    started = run.started_at or run.created_at
    return RunLine(
        run=run,
        badge=run_badge(run),
        what=what or (_("Nothing to do") if is_quiet else ""),
        trigger=TRIGGERS.get(run.trigger, run.trigger),
        took=duration((run.finished_at - started).total_seconds()) if run.finished_at else "",
        is_quiet=is_quiet,
        short=" · ".join(parts[:2]),
    )


def stock_parts(run: Run) -> list[str]:
    """What the run did to the store's stock."""
    parts = []
    if sent := int(run.notices.get(STOCK_SENT, 0)):
        text = ngettext("%(count)s stock quantity sent", "%(count)s stock quantities sent", sent)
        parts.append(text % {"count": count(sent)})
    if run.notices.get(STOCK_WAITS):
        parts.append(_("the stock waits for a decision"))
    return parts


def _found(run: Run) -> set[str]:
    return {state for state, records in run.tally.items() if records}


def _counted(text: Any, number: int) -> str:
    """One part of the line. text: a lazy plural, which asks for its number first."""
    return str((text % number) % {"count": count(number)})


def by_day(runs: Iterable[Run], sent: Mapping[int, int]) -> list[tuple[date, list[RunLine]]]:
    """Newest first; runs of a day that had nothing to do fold into one line where two or more follow each other.

    sent: run -> documents, as `documents_by_run` counts them."""
    days: list[tuple[date, list[RunLine]]] = []
    for line in (summarise(run, sent.get(run.pk, 0)) for run in runs):
        day = timezone.localtime(line.run.created_at).date()
        if not days or days[-1][0] != day:
            days.append((day, []))
        lines = days[-1][1]
        if line.is_quiet and lines and lines[-1].is_quiet:
            lines[-1] = _folded(lines[-1])
        else:
            lines.append(line)
    return days


def _folded(line: RunLine) -> RunLine:
    quiet = line.quiet_before + 1
    return RunLine(
        line.run,
        line.badge,
        ngettext("%(count)s quiet check", "%(count)s quiet checks", quiet + 1) % {"count": count(quiet + 1)},
        line.trigger,
        line.took,
        is_quiet=True,
        quiet_before=quiet,
    )

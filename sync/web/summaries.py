"""One line about a run: when, what started it, and what it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

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
}
_COUNTS = (
    (Record.State.SYNCED, ngettext_lazy("%(count)s synced", "%(count)s synced")),
    (Record.State.ATTENTION, ngettext_lazy("%(count)s needs attention", "%(count)s need attention")),
    (Record.State.SKIPPED, ngettext_lazy("%(count)s skipped", "%(count)s skipped")),
    (Record.State.WAITING, ngettext_lazy("%(count)s awaiting payment", "%(count)s awaiting payment")),
    (Record.State.SENDING, ngettext_lazy("%(count)s sending", "%(count)s sending")),
    (Record.State.QUEUED, ngettext_lazy("%(count)s queued", "%(count)s queued")),
)


@dataclass(frozen=True, slots=True)
class RunLine:
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


def summarise(run: Run) -> RunLine:
    parts = [
        (text % int(run.tally[state])) % {"count": count(int(run.tally[state]))}
        for state, text in _COUNTS
        if run.tally.get(state)
    ]
    is_quiet = run.state == Run.State.FINISHED and not parts
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


def by_day(runs: Iterable[Run]) -> list[tuple[date, list[RunLine]]]:
    """Newest first; runs of a day that had nothing to do fold into one line where two or more follow each other."""
    days: list[tuple[date, list[RunLine]]] = []
    for line in (summarise(run) for run in runs):
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

"""How far a run is, in figures and words that a page polls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sync.models import Record, Run
from sync.templatetags.formats import count, duration
from sync.web.labels import Badge, count_badge
from sync.web.reason_texts import Text
from sync.web.troubles import tell_waiting

QUICK_SECONDS, SLOW_SECONDS = 2, 10
QUICK_FOR = timedelta(minutes=1)
STALLED_AFTER = timedelta(minutes=2)
ANNOUNCE_EVERY_SECONDS = 30
ETA_FROM = 0.05

PHASES: list[tuple[str, Text]] = [
    (Run.Phase.READ, gettext_lazy("Read the store")),
    (Run.Phase.RESOLVE, gettext_lazy("Find customers and items")),
    (Run.Phase.PLAN, gettext_lazy("Prepare documents")),
    (Run.Phase.POST, gettext_lazy("Send to QuickBooks")),
    (Run.Phase.VERIFY, gettext_lazy("Compare the answers")),
]
LATE_PHASES: dict[str, Text] = {
    Run.Phase.PRODUCTS: gettext_lazy("Send products"),
    Run.Phase.STOCK: gettext_lazy("Update the stock"),
}
"""Named once a run comes to them: most runs have neither."""
TALLY_ORDER = (
    Record.State.SYNCED,
    Record.State.ATTENTION,
    Record.State.SKIPPED,
    Record.State.WAITING,
    Record.State.SENDING,
    Record.State.QUEUED,
)


@dataclass(frozen=True, slots=True)
class Phase:
    name: Text
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """`percent` is 0 to 100; `remaining` is said from 5 % on; `badges` (state, records) adds up to the run's total."""

    run: Run
    phases: list[Phase]
    percent: int
    remaining: str
    elapsed: str
    waiting: str
    is_stalled: bool
    badges: list[tuple[Badge, int]]
    poll_seconds: int
    announcement: str


def measure(run: Run) -> Progress:
    """Reads the row alone; no query."""
    now = timezone.now()
    started = run.started_at or run.created_at
    elapsed = max(now - started, timedelta(0))
    is_stock = run.is_active and run.phase == Run.Phase.STOCK
    share = min(run.done / run.total, 1.0) if run.total else 0.0
    # The stock is counted from nothing again, so its pace is told by its own time.
    worked = max(now - (run.phase_at or started), timedelta(0)) if is_stock else elapsed
    remaining = _remaining(share, worked) if run.is_active else ""
    waiting = tell_waiting(run) if run.is_active else ""
    return Progress(
        run=run,
        phases=_phases(run),
        percent=int(share * 100),
        remaining=remaining,
        elapsed=duration(((run.finished_at or now) - started).total_seconds()),
        waiting=waiting,
        is_stalled=run.is_active and not waiting and now - (run.progressed_at or started) > STALLED_AFTER,
        badges=[] if is_stock else [(count_badge(state), records) for state, records in _tally(run)],
        poll_seconds=QUICK_SECONDS if elapsed < QUICK_FOR else SLOW_SECONDS,
        announcement=_announcement(run, remaining, elapsed),
    )


def _phases(run: Run) -> list[Phase]:
    phases = [] if run.parameters.get("only") == Run.Phase.STOCK else PHASES
    if run.phase in LATE_PHASES or not phases:
        late = run.phase if run.phase in LATE_PHASES else Run.Phase.STOCK
        phases = [*phases, (late, LATE_PHASES[late])]
    keys = [key for key, _name in phases]
    current = keys.index(run.phase) if run.phase in keys else 0
    return [
        Phase(name, is_done=place < current or not run.is_active, is_current=place == current and run.is_active)
        for place, (_key, name) in enumerate(phases)
    ]


def _tally(run: Run) -> list[tuple[str, int]]:
    """States with records, in the order of their worth; records counted nowhere else are queued."""
    known = {state: int(run.tally.get(state, 0)) for state in TALLY_ORDER}
    known[Record.State.QUEUED] += max(run.total - sum(known.values()), 0)
    return [(state, records) for state, records in known.items() if records]


def _remaining(share: float, elapsed: timedelta) -> str:
    if share < ETA_FROM or share >= 1:
        return ""
    seconds = elapsed.total_seconds() / share * (1 - share)
    if seconds < 60:
        return _("Less than a minute left")
    minutes = round(seconds / 60)
    return ngettext("About %(count)s minute left", "About %(count)s minutes left", minutes) % {"count": count(minutes)}


def _announcement(run: Run, remaining: str, elapsed: timedelta) -> str:
    """For screen readers, at most every 30 seconds and at the end; "" in between."""
    if not run.is_active:
        return str(_("The run has ended."))
    if elapsed.total_seconds() % ANNOUNCE_EVERY_SECONDS >= (QUICK_SECONDS if elapsed < QUICK_FOR else SLOW_SECONDS):
        return ""
    done = _("%(done)s of %(total)s done.") % {"done": count(run.done), "total": count(run.total)}
    return f"{done} {remaining}".strip()

"""Celery tasks that write reports: what is due is read from rows once a minute, made once, then sent.

They stand above the pages because a report uses the same sentences. Every step is claimed in a row first, so that two
beats, a late message or a second delivery make no second mail.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from sync.digests import figures_of_period, figures_of_problems, figures_of_run, untold_news, untold_questions
from sync.models import Mapping as SeenInStore
from sync.models import Record, Report, ReportMail, ReportSchedule, Run, ToldProblem
from sync.models.scoping import TenantQuerySet
from sync.timetable import Days, days_before, next_due
from sync.web import report_mails
from tenants.models import Tenant

logger = logging.getLogger(__name__)

AT_ONCE = 500
RUNS_OF_THE_LAST = timedelta(hours=1)
"""A run that ended longer ago, while no beat was running, gets no report of its own any more."""
BETWEEN_PROBLEMS = timedelta(hours=1)
KEPT = timedelta(days=90)
"""Reports name orders and reasons; they are kept as long as payloads are by default."""

When = ReportSchedule.When


@shared_task
def mail_digests() -> None:
    """Once a minute: makes the reports that are due and has them sent. Two at once do no harm."""
    now = timezone.now()
    make_periodic(now)
    make_for_runs(now)
    make_for_problems(now)
    Report.objects.filter(created_at__lt=now - KEPT).delete()
    waiting = Q(state=ReportMail.State.WAITING, not_before__lte=now) | Q(state=ReportMail.State.SENDING)
    if ReportMail.objects.filter(waiting).exists() or report_mails.has_questions():
        enqueue_sending()


@shared_task(acks_late=True)
def send_reports() -> None:
    """Sends what waits, and asks new recipients. Safe to repeat: each mail is claimed before it leaves."""
    report_mails.ask_due()
    report_mails.send_due()


def enqueue_sending() -> None:
    """After commit; a broker that is down is logged, the next minute asks again."""

    def send() -> None:
        try:
            send_reports.apply_async(queue="mail", retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("broker.unreachable", extra={"task": send_reports.name, "error": str(error)})

    transaction.on_commit(send)


def make_periodic(now: datetime) -> None:
    """Daily and weekly reports: whoever moves a schedule on makes its report."""
    due = ReportSchedule.objects.filter(when__in=[When.DAILY, When.WEEKLY], next_at__lte=now)
    for schedule in due.select_related("tenant__company").order_by("next_at")[:AT_ONCE]:
        tenant = schedule.tenant
        days = days_before(schedule.when, tenant.zone, now, schedule.covered_until)
        moved = ReportSchedule.objects.filter(pk=schedule.pk, when=schedule.when, next_at=schedule.next_at).update(
            next_at=next_due(schedule.when, tenant.zone, now),
            covered_until=days.until if days else schedule.covered_until,
        )
        if moved and days is not None and _has_ever_run(tenant):
            _make_of_days(tenant, schedule.when, days)


def _make_of_days(tenant: Tenant, kind: str, days: Days) -> None:
    report_mails.make_report(
        tenant,
        kind,
        f"{kind}:{days.last.isoformat()}",
        lambda: figures_of_period(tenant, kind, days.since, days.until),
    )


def _make_of_run(run: Run) -> None:
    report_mails.make_report(run.tenant, Report.Kind.RUN, f"run:{run.pk}", lambda: figures_of_run(run), run_id=run.pk)


def make_for_runs(now: datetime) -> None:
    """One report for each run that did something since its tenant asked for them."""
    told = Report.objects.filter(tenant=OuterRef("tenant"), run=OuterRef("pk"), kind=Report.Kind.RUN)
    ended = (
        Run.objects.filter(
            finished_at__gte=now - RUNS_OF_THE_LAST,
            finished_at__lte=now,
            tenant__report_schedule__when=When.EVERY_RUN,
            finished_at__gt=F("tenant__report_schedule__covered_until"),
        )
        .exclude(Exists(told))
        .exclude(~Q(state=Run.State.FAILED), ~Exists(_news()), tally={}, notices={})
        .select_related("tenant__company")
        .order_by("finished_at", "pk")
    )
    for run in ended[:AT_ONCE]:
        _make_of_run(run)


def make_for_problems(now: datetime) -> None:
    """Once no run is under way any more, and something is held, came up in the store or waits for a decision about the
    stock, that no mail has told of yet; at most once an hour."""
    untold = _untold().filter(tenant=OuterRef("tenant"))
    active = Run.objects.filter(tenant=OuterRef("tenant"), state__in=Run.ACTIVE)
    due = ReportSchedule.objects.filter(
        Q(next_at__isnull=True) | Q(next_at__lte=now),
        Exists(untold) | Exists(_news()) | Exists(untold_questions(now).filter(tenant=OuterRef("tenant"))),
        ~Exists(active),
    )
    for schedule in due.filter(when=When.PROBLEMS).select_related("tenant__company")[:AT_ONCE]:
        claimed = ReportSchedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at, when=When.PROBLEMS).update(
            next_at=now + BETWEEN_PROBLEMS
        )
        if claimed:
            _tell_problems(schedule.tenant, now)


def _tell_problems(tenant: Tenant, now: datetime) -> None:
    with transaction.atomic():
        new = list(_untold().filter(tenant=tenant).only("pk", "reason"))
        made = report_mails.make_report(
            tenant,
            Report.Kind.PROBLEMS,
            f"problems:{now.isoformat()}",
            lambda: figures_of_problems(tenant, now - BETWEEN_PROBLEMS, now, Q(~_is_told())),
        )
        if made is None:
            return
        _forget_solved(tenant)
        ToldProblem.objects.bulk_create(
            [ToldProblem(record=record, tenant=tenant, reason=record.reason, at=now) for record in new],
            update_conflicts=True,
            unique_fields=["record"],
            update_fields=["reason", "at"],
        )


def _untold() -> TenantQuerySet[Record]:
    return Record.objects.filter(~_is_told(), state=Record.State.ATTENTION)


def _news() -> TenantQuerySet[SeenInStore]:
    """For a row with a tenant as OuterRef: payment methods that no report told of yet."""
    return untold_news().filter(tenant=OuterRef("tenant"))


def _is_told() -> Exists:
    return Exists(ToldProblem.objects.filter(record=OuterRef("pk"), reason=OuterRef("reason")))


def _forget_solved(tenant: Tenant) -> None:
    """What ended well and is held again later is news; what is only looked at again is not."""
    solved = [Record.State.SYNCED, Record.State.SKIPPED, Record.State.WAITING]
    ToldProblem.objects.for_tenant(tenant).filter(record__state__in=solved).delete()


def _has_ever_run(tenant: Tenant) -> bool:
    return Run.objects.for_tenant(tenant).exists()

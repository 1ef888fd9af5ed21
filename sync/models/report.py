"""Reports by e-mail: when the next is due, who may get one, what was reported, and one row for each mail.

Who gets reports and when is said by the options (`tenant.report`); these rows hold what the options cannot know: what a
recipient confirmed, refused or ended, and what has left already.
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.models.scoping import TenantQuerySet


class ReportSchedule(models.Model):
    """Follows the options; what is due is an index scan over next_at. Without a row nothing is reported."""

    class When(models.TextChoices):
        EVERY_RUN = "every_run", _("After every run that did something")
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week, on Monday")
        PROBLEMS = "problems", _("Only when something new needs attention")
        NEVER = "never", _("Never")

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="report_schedule")
    when = models.CharField(max_length=10, choices=When, default=When.NEVER)
    next_at = models.DateTimeField(null=True, blank=True)
    """daily, weekly: when the next report is due; problems: the earliest moment of the next one."""
    covered_until = models.DateTimeField(default=timezone.now)
    """Everything before it was reported, or happened before reports were asked for."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(when__in=["every_run", "daily", "weekly", "problems", "never"]),
                name="report_schedule_when_is_known",
            ),
        ]
        indexes = [models.Index(fields=["when", "next_at"], name="report_due")]


def new_nonce() -> str:
    return secrets.token_urlsafe(12)


class Recipient(models.Model):
    """An address that was ever named for a tenant's reports. The row outlives its place in the options: who ended the
    reports is not written to again because somebody enters the address a second time."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="report_recipients")
    email = models.EmailField()
    nonce = models.CharField(max_length=32, default=new_nonce, editable=False)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    must_ask = models.BooleanField(default=False)
    """Nobody has asked the owner of this address yet; whoever clears it sends the question."""
    asked_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)
    refusals = models.PositiveIntegerField(default=0)
    """How often in a row a mail server refused this address for good."""
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_why = models.CharField(max_length=200, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    """Refused too often: nothing is sent until somebody asks for it."""

    objects: ClassVar[TenantQuerySet[Recipient]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint("tenant", Lower("email"), name="recipient_once_per_tenant")]
        indexes = [models.Index(fields=["tenant"], name="recipient_to_ask", condition=Q(must_ask=True))]

    def __str__(self) -> str:
        return f"recipient {self.pk}"


class Report(models.Model):
    """What happened in a period or a run, as figures; words are put to it in each reader's language.

    `key` names the period or run: a second report of it cannot exist.
    """

    class Kind(models.TextChoices):
        RUN = "run", _("After a run")
        DAILY = "daily", _("Daily report")
        WEEKLY = "weekly", _("Weekly report")
        PROBLEMS = "problems", _("Needs attention")

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=60)
    run = models.ForeignKey("sync.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    figures = models.JSONField(encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantQuerySet[Report]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="one_report_per_period_or_run"),
            models.CheckConstraint(
                condition=Q(kind__in=["run", "daily", "weekly", "problems"]), name="report_kind_is_known"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="report_by_age")]


class ReportMail(models.Model):
    """One report to one recipient. It leaves `waiting` by a conditional update before the mail goes out: what happens
    afterwards may lose it, never double it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        REFUSED = "refused", _("Refused")
        LOST = "lost", _("Perhaps lost")
        DROPPED = "dropped", _("Not sent")

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="mails")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="mails")
    language = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=200, blank=True)
    """What the mail server said, without addresses."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "recipient"], name="one_mail_per_report_and_recipient"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending", "sent", "refused", "lost", "dropped"]),
                name="report_mail_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="report_mail_sent_has_a_moment"
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "not_before"],
                name="report_mail_to_send",
                condition=Q(state__in=["waiting", "sending"]),
            ),
        ]


class ToldProblem(models.Model):
    """A held record that a mail about problems has told of; told again only for another reason."""

    record = models.OneToOneField("sync.Record", on_delete=models.CASCADE, related_name="told_problem")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[TenantQuerySet[ToldProblem]] = TenantQuerySet.as_manager()  # type: ignore[assignment]

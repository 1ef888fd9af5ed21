"""Reports as mails: rendered for each reader, claimed before they leave, and what the mail server said kept.

A report is made once (`Report.key`), and each of its mails leaves `waiting` by one conditional update. Only an answer
by which the server certainly did not take the mail puts it back; after anything uncertain it counts as perhaps lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from sync import recipients
from sync.digests import figures_of_period, note_told
from sync.models import Recipient, Report, ReportMail
from sync.timetable import local_time
from sync.web.reasons import fill
from sync.web.report_words import SAMPLE, ReportText, read_by, words_of
from tenants.models import Tenant, User
from tenants.web.mail import Letter, public_url, render_letter, render_mail

logger = structlog.get_logger(__name__)

RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
"""After a temporary refusal; greylisting asks for minutes, a full mailbox for hours. Then it counts as refused."""
SERVER_DOWN_WAIT = timedelta(minutes=5)
OUTDATED_AFTER = timedelta(hours=24)
"""What could not leave for a day is not sent any more: the next report says more."""
CERTAINLY_DEAD_AFTER = timedelta(minutes=10)
AT_ONCE = 200
SAMPLE_DAYS = 7


# Rendering


def render_report(text: ReportText, language: str, *, because: str, end_url: str) -> tuple[str, str]:
    """(HTML, text) of one report for one reader; to be called inside `read_by`."""
    return render_mail("emails/report", {"report": text, "because": because, "end_url": end_url}, language)


def because_of(recipient: Recipient) -> str:
    """Why this address gets reports, in the active language."""
    if recipient.added_by is not None and recipient.added_by.email.lower() != recipient.email.lower():
        return fill(_("You receive this report because %(person)s added your address."), {"person": recipient.added_by})
    return _("You receive this report because your address is on its list.")


def end_url_of(recipient: Recipient) -> str:
    return public_url(reverse("report_end", args=[recipients.ending_token(recipient)]))


def message_of(mail: ReportMail, line: BaseEmailBackend) -> EmailMultiAlternatives:
    """With one-click unsubscription (RFC 8058), and marked as written by a machine (RFC 3834)."""
    report, recipient = mail.report, mail.recipient
    end_url = end_url_of(recipient)
    with read_by(report.figures, mail.language):
        text = words_of(report.figures, report.tenant.slug)
        html, plain = render_report(text, mail.language, because=because_of(recipient), end_url=end_url)
    message = EmailMultiAlternatives(
        " ".join(text.subject.split()),
        plain,
        settings.DEFAULT_FROM_EMAIL,
        [recipient.email],
        connection=line,
        headers={
            "List-Unsubscribe": f"<{end_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
            "Content-Language": mail.language,
            "Message-ID": f"<report-{mail.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        },
    )
    message.attach_alternative(html, "text/html")
    return message


# Making


def send_sample(tenant: Tenant, person: User, now: datetime) -> bool:
    """The figures of the last seven days to whoever asks, at once; False when the mail server did not take it."""
    since = local_time(now.astimezone(tenant.zone).date() - timedelta(days=SAMPLE_DAYS - 1), time(0), tenant.zone)
    figures = figures_of_period(tenant, SAMPLE, since, now)
    language = recipients.current_wishes(tenant).languages.get(person.email) or person.language or tenant.language
    with read_by(figures, language):
        text = words_of(figures, tenant.slug)
        html, plain = render_report(text, language, because="", end_url="")
    message = EmailMultiAlternatives(" ".join(text.subject.split()), plain, settings.DEFAULT_FROM_EMAIL, [person.email])
    message.attach_alternative(html, "text/html")
    try:
        return bool(message.send())
    except (SMTPException, OSError) as error:
        logger.error("mail.refused", error=type(error).__name__)
        return False


def make_report(
    tenant: Tenant, kind: str, key: str, figures_of: Callable[[], Mapping[str, Any]], *, run_id: int | None = None
) -> Report | None:
    """The report with a mail for each active recipient; None when it exists already, or nobody wants it."""
    readers = recipients.active(tenant)
    if not readers or Report.objects.for_tenant(tenant).filter(key=key).exists():
        return None
    figures = figures_of()
    with transaction.atomic():
        report, is_new = Report.objects.get_or_create(
            tenant=tenant,
            key=key,
            defaults={
                "kind": kind,
                "run_id": run_id,
                "since": datetime.fromisoformat(figures["since"]),
                "until": datetime.fromisoformat(figures["until"]),
                "figures": dict(figures),
            },
        )
        if not is_new:
            return None
        ReportMail.objects.bulk_create(
            [ReportMail(report=report, recipient=one.recipient, language=one.language) for one in readers]
        )
        note_told(tenant, figures, timezone.now())
    return report


# Sending


def send_due(now: datetime | None = None) -> int:
    """Sends what waits; returns how many mails the server took. Two senders at once share the work."""
    now = now or timezone.now()
    give_up_dead(now)
    due = ReportMail.objects.filter(state=ReportMail.State.WAITING, not_before__lte=now).order_by("pk")
    waiting = list(due.values_list("pk", flat=True)[:AT_ONCE])
    if not waiting:
        return 0
    with _line_to_the_server() as line:
        if line is None:
            ReportMail.objects.filter(pk__in=waiting, state=ReportMail.State.WAITING).update(
                not_before=now + SERVER_DOWN_WAIT
            )
            return 0
        return _send_all(waiting, line, now)


def give_up_dead(now: datetime) -> None:
    """Whoever claimed these died with them: they may have left, so they are not sent again."""
    dead = ReportMail.objects.filter(state=ReportMail.State.SENDING, claimed_at__lt=now - CERTAINLY_DEAD_AFTER)
    if lost := dead.update(state=ReportMail.State.LOST, detail="the sender stopped"):
        logger.warning("report.perhaps_lost", mails=lost)


@contextmanager
def _line_to_the_server() -> Iterator[BaseEmailBackend | None]:
    """Opened before anything is claimed: a server that is down costs nothing. None when it cannot be reached."""
    line = get_connection()
    try:
        line.open()
    except (SMTPException, OSError) as error:
        logger.warning("mail.not_open", error=type(error).__name__)
        yield None
        return
    try:
        yield line
    finally:
        line.close()


def _send_all(waiting: Sequence[int], line: BaseEmailBackend, now: datetime) -> int:
    """Stops at the first uncertain end: the line is broken then, and the rest still waits."""
    taken = 0
    for pk in waiting:
        outcome = _send(pk, line, now)
        if outcome == ReportMail.State.LOST:
            break
        taken += outcome == ReportMail.State.SENT
    return taken


def _send(pk: int, line: BaseEmailBackend, now: datetime) -> str:
    """What became of the mail; "" where somebody else has it."""
    mail = (
        ReportMail.objects.select_related("report__tenant__company", "recipient__tenant", "recipient__added_by")
        .filter(pk=pk)
        .first()
    )
    if mail is None:
        return ""
    if mail.report.created_at < now - OUTDATED_AFTER:
        return _end(mail, ReportMail.State.DROPPED, mail.detail or "the mail server could not be reached for a day")
    if not recipients.may_get(mail.recipient):
        return _end(mail, ReportMail.State.DROPPED, "the recipient no longer gets reports")
    message = message_of(mail, line)
    if not _claim(mail):
        return ""
    try:
        message.send()
    except (SMTPException, OSError) as error:
        return _note_failure(mail, error)
    recipients.note_taken(mail.recipient)
    return _end(mail, ReportMail.State.SENT, "", sent_at=timezone.now())


def _claim(mail: ReportMail) -> bool:
    """True for exactly one sender."""
    claimed = ReportMail.objects.filter(pk=mail.pk, state=ReportMail.State.WAITING).update(
        state=ReportMail.State.SENDING, claimed_at=timezone.now(), attempts=F("attempts") + 1
    )
    return claimed == 1


def _end(mail: ReportMail, state: str, detail: str, **fields: Any) -> str:
    ReportMail.objects.filter(pk=mail.pk).exclude(state=ReportMail.State.SENT).update(
        state=state, detail=detail[:200], **fields
    )
    return state


def _note_failure(mail: ReportMail, error: Exception) -> str:
    code, said = _answer(error)
    logger.warning("report.not_sent", mail=mail.pk, error=type(error).__name__, code=code)
    if code is None:
        return _end(mail, ReportMail.State.LOST, type(error).__name__)
    if 400 <= code < 500 and mail.attempts < len(RETRY_AFTER):
        later = timezone.now() + RETRY_AFTER[mail.attempts]
        return _end(mail, ReportMail.State.WAITING, f"{code} {said}", not_before=later)
    if isinstance(error, SMTPRecipientsRefused):
        recipients.note_refused(mail.recipient, f"{code} {said}")
    return _end(mail, ReportMail.State.REFUSED, f"{code} {said}")


def _answer(error: Exception) -> tuple[int | None, str]:
    """The server's code and words where it certainly did not take the mail; (None, "") where nobody knows."""
    if isinstance(error, SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return code, _without_addresses(said)
    if isinstance(error, SMTPResponseException):
        return error.smtp_code, _without_addresses(error.smtp_error)
    return None, ""


def _without_addresses(said: bytes | str) -> str:
    """Servers repeat the address; it does not belong into a second place."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join("…" if "@" in word else word for word in text.split())


# The question to a new address


def question_letter(workspace: str, person: str, url: str) -> Letter:
    """In the active language. person: who added the address, "" when a document did."""
    values = {"workspace": workspace, "person": person, "product": settings.PRODUCT_NAME}
    asked = (
        _("%(person)s would like to send you the reports of the workspace %(workspace)s.")
        if person
        else _("The workspace %(workspace)s would like to send you its reports.")
    )
    return Letter(
        subject=fill(_("Confirm that you want the reports of %(workspace)s"), values),
        preheader=_("Nothing is sent until you confirm."),
        title=_("Do you want these reports?"),
        paragraphs=(
            fill(asked, values),
            _("They tell what was sent to QuickBooks and what needs attention. You can end them at any time."),
        ),
        button=_("Yes, send them to this address"),
        url=url,
        note=_("The link is valid for 7 days. If you do nothing, nothing is sent."),
        why=fill(_("You receive this e-mail because your address was entered at %(product)s."), values),
    )


def has_questions() -> bool:
    return Recipient.objects.filter(must_ask=True).exists()


def ask_due(tenant: Tenant | None = None) -> int:
    """Asks the owners of new addresses once each; returns how many questions the server took."""
    waiting = Recipient.objects.filter(must_ask=True).select_related("tenant", "added_by")
    rows = list((waiting.filter(tenant=tenant) if tenant else waiting)[:AT_ONCE])
    if not rows:
        return 0
    with _line_to_the_server() as line:
        return sum(_ask(row, line) for row in rows) if line is not None else 0


def _ask(row: Recipient, line: BaseEmailBackend) -> bool:
    standing = next((one for one in recipients.standings(row.tenant) if one.recipient.pk == row.pk), None)
    if standing is None or standing.state != "unconfirmed":
        Recipient.objects.filter(pk=row.pk).update(must_ask=False)
        return False
    url = public_url(reverse("report_confirm", args=[recipients.question_token(row)]))
    person = str(row.added_by) if row.added_by is not None else ""
    with read_by({"time_zone": row.tenant.time_zone, "country": ""}, standing.language):
        letter = question_letter(row.tenant.name, person, url)
    html, text = render_letter(letter, standing.language)
    message = EmailMultiAlternatives(
        " ".join(letter.subject.split()),
        text,
        settings.DEFAULT_FROM_EMAIL,
        [row.email],
        connection=line,
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(html, "text/html")
    if not recipients.claim_question(row):
        return False
    try:
        message.send()
    except (SMTPException, OSError) as error:
        code, said = _answer(error)
        logger.warning("report.question_not_sent", recipient=row.pk, error=type(error).__name__, code=code)
        if code is not None:
            recipients.note_refused(row, f"{code} {said}")
        return False
    return True

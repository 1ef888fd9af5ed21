"""Who gets reports: the addresses that the options name, less those who have not confirmed, or want none.

The options are the truth for who and when; rows remember what each address's owner did with it. An address of a member
needs no question: that member has shown that it is theirs, and loses the reports together with the membership.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from sync.models import OptionsVersion, Recipient, ReportSchedule
from sync.models.report import new_nonce
from sync.timetable import next_due
from tenants.audit import log_change
from tenants.models import Tenant, User
from tenants.web.people import verified_members

QUESTION_LIFE = timedelta(days=7)
STOP_AFTER_REFUSALS = 3
_ASK_SALT, _END_SALT = "sync.report.confirm", "sync.report.unsubscribe"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options say about reports. addresses: in small letters, each once. languages: address -> language."""

    when: str
    addresses: tuple[str, ...]
    language: str
    languages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """One address of the options. `state`: active, unconfirmed, ended or stopped. `member`: whose it is, if known."""

    recipient: Recipient
    state: str
    language: str
    member: User | None


def wishes_of(options: Mapping[str, Any]) -> Wishes:
    report = options.get("tenant", {}).get("report") or {}
    addresses = dict.fromkeys(str(one).strip().lower() for one in report.get("recipients", []))
    languages = {str(address).strip().lower(): str(one) for address, one in (report.get("languages") or {}).items()}
    return Wishes(report.get("when", "never"), tuple(addresses), report.get("language") or "", languages)


def current_wishes(tenant: Tenant) -> Wishes:
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number").only("document").first()
    return wishes_of(version.document if version else {})


def follow(tenant: Tenant, options: Mapping[str, Any], *, user: User | None = None) -> None:
    """Brings the schedule and the rows of recipients in step with the options, within the caller's transaction."""
    wishes = wishes_of(options)
    _follow_when(tenant, wishes.when, str(options.get("tenant", {}).get("time_zone") or tenant.time_zone))
    known = {row.email.lower() for row in Recipient.objects.for_tenant(tenant)}
    new = [address for address in wishes.addresses if address not in known]
    members = verified_members(tenant) if new else {}
    Recipient.objects.bulk_create(
        [Recipient(tenant=tenant, email=address, added_by=user, must_ask=address not in members) for address in new],
        ignore_conflicts=True,
    )


def _follow_when(tenant: Tenant, when: str, time_zone: str) -> None:
    zone = type(tenant)(time_zone=time_zone).zone
    due = next_due(when, zone, timezone.now())
    schedule, is_new = ReportSchedule.objects.get_or_create(tenant=tenant, defaults={"when": when, "next_at": due})
    if is_new:
        return
    if schedule.when != when:
        ReportSchedule.objects.filter(pk=schedule.pk).update(when=when, next_at=due, covered_until=timezone.now())
    elif due is not None and schedule.next_at is not None and schedule.next_at > timezone.now():
        ReportSchedule.objects.filter(pk=schedule.pk).update(next_at=due)


def standings(tenant: Tenant, wishes: Wishes | None = None) -> list[Standing]:
    """Every address of the options in their order. Three queries."""
    wishes = wishes or current_wishes(tenant)
    rows = {row.email.lower(): row for row in Recipient.objects.for_tenant(tenant).select_related("added_by")}
    members = verified_members(tenant)
    return [
        Standing(
            rows[address],
            _state(rows[address], is_member=address in members),
            _language(wishes, tenant, address, members.get(address)),
            members.get(address),
        )
        for address in wishes.addresses
        if address in rows
    ]


def active(tenant: Tenant, wishes: Wishes | None = None) -> list[Standing]:
    return [one for one in standings(tenant, wishes) if one.state == "active"]


def may_get(recipient: Recipient) -> bool:
    """Asked again at the moment of sending: much may have happened since the report was made."""
    return any(one.recipient.pk == recipient.pk for one in active(recipient.tenant))


def _state(row: Recipient, *, is_member: bool) -> str:
    if row.unsubscribed_at is not None:
        return "ended"
    if row.stopped_at is not None:
        return "stopped"
    return "active" if is_member or row.verified_at is not None else "unconfirmed"


def _language(wishes: Wishes, tenant: Tenant, address: str, member: User | None) -> str:
    """Chosen for this address, else for the report, else the person's own, else the workspace's."""
    own = member.language if member is not None else ""
    return wishes.languages.get(address) or wishes.language or own or tenant.language


# What the owner of an address does


def question_token(row: Recipient) -> str:
    return signing.dumps([row.pk, row.nonce], salt=_ASK_SALT)


def find_asked(token: str) -> Recipient | None:
    """The recipient behind a question's link; None when it is forged, replaced or older than QUESTION_LIFE."""
    return _find(token, _ASK_SALT, QUESTION_LIFE)


def ending_token(row: Recipient) -> str:
    """Never expires: a report of last year must still be able to end the reports."""
    return signing.dumps(row.pk, salt=_END_SALT)


def find_reader(token: str) -> Recipient | None:
    try:
        pk = signing.loads(token, salt=_END_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Recipient.objects.select_related("tenant").filter(pk=pk).first()


def _find(token: str, salt: str, life: timedelta) -> Recipient | None:
    try:
        pk, nonce = signing.loads(token, salt=salt, max_age=life)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Recipient.objects.select_related("tenant", "added_by").filter(pk=pk, nonce=nonce).first()


def claim_question(row: Recipient) -> bool:
    """True for exactly one caller, who then sends the question."""
    claimed = Recipient.objects.filter(pk=row.pk, must_ask=True).update(must_ask=False, asked_at=timezone.now())
    return claimed == 1


def ask_again(row: Recipient) -> None:
    """A new link for seven days; the old one ends."""
    Recipient.objects.filter(pk=row.pk).update(must_ask=True, nonce=new_nonce())
    row.refresh_from_db()


def confirm(row: Recipient) -> None:
    """By the link that was mailed to the address; it also undoes what its owner had ended."""
    _change(row, "report_confirmed", verified_at=timezone.now(), unsubscribed_at=None, **_AS_NEW)


def unsubscribe(row: Recipient) -> None:
    """Once; asking again changes nothing."""
    if row.unsubscribed_at is None:
        _change(row, "report_unsubscribed", unsubscribed_at=timezone.now())


def resubscribe(row: Recipient) -> None:
    """By the link in a report, so the address is its owner's."""
    if row.unsubscribed_at is not None:
        _change(row, "report_resubscribed", unsubscribed_at=None, **_AS_NEW)


_AS_NEW: dict[str, Any] = {"stopped_at": None, "refusals": 0, "refused_at": None, "refused_why": ""}


def _change(row: Recipient, action: str, **fields: Any) -> None:
    with transaction.atomic():
        Recipient.objects.filter(pk=row.pk).update(**fields)
        log_change(row.tenant, action, {"email": [row.email, row.email]}, who=row.email)
    row.refresh_from_db()


# What mail servers say


def note_refused(row: Recipient, why: str) -> None:
    """Counts refusals for good; after STOP_AFTER_REFUSALS in a row nothing more is sent."""
    now = timezone.now()
    with transaction.atomic():
        locked = Recipient.objects.select_for_update().get(pk=row.pk)
        locked.refusals += 1
        locked.refused_at, locked.refused_why = now, why[:200]
        if locked.refusals >= STOP_AFTER_REFUSALS and locked.stopped_at is None:
            locked.stopped_at = now
        locked.save(update_fields=["refusals", "refused_at", "refused_why", "stopped_at"])


def note_taken(row: Recipient) -> None:
    """The server took a mail for it: what it refused before no longer counts."""
    Recipient.objects.filter(pk=row.pk, refusals__gt=0, stopped_at=None).update(**_AS_NEW)


def start_again(row: Recipient) -> None:
    """Somebody of the workspace wants it to be tried again."""
    Recipient.objects.filter(pk=row.pk).update(**_AS_NEW)
    row.refresh_from_db()

"""Single-use states: made for one person, workspace and browser, kept as hashes, valid for minutes, taken once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.utils import timezone

from tenants.models import ConnectionAttempt, Tenant, User

LIFETIME = timedelta(minutes=20)
CONFIRM_WITHIN = timedelta(minutes=40)
"""From Intuit's answer on; shorter than an access token lives."""

_SIGNER = signing.Signer(salt="connection-attempt", sep=".")


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """An answer of the other side that counts for nothing. reason: a key of the pages' sentences."""

    reason: str


def begin(
    side: ConnectionAttempt.Side,
    tenant: Tenant,
    user: User,
    *,
    browser: str = "",
    store_url: str = "",
    is_same_shop: bool = False,
) -> str:
    """A new state. It is signed, so that invented ones are refused without asking the database."""
    token = secrets.token_urlsafe(32)
    ConnectionAttempt.objects.create(
        side=side,
        tenant=tenant,
        user=user,
        state_hash=_hash(token),
        browser_hash=_hash(browser) if browser else "",
        expires_at=timezone.now() + LIFETIME,
        store_url=store_url,
        is_same_shop=is_same_shop,
    )
    return _SIGNER.sign(token)


def find(side: ConnectionAttempt.Side, state: str) -> ConnectionAttempt | None:
    """The attempt of a state, used or not; None for a state that was never ours."""
    try:
        token = _SIGNER.unsign(state)
    except signing.BadSignature:
        return None
    return (
        ConnectionAttempt.objects.select_related("tenant", "tenant__company", "user")
        .filter(side=side, state_hash=_hash(token))
        .first()
    )


def take(side: ConnectionAttempt.Side, state: str, *, user: User | None = None, browser: str = "") -> ConnectionAttempt:
    """Uses the state up. Raises Refused: "state_unknown", "state_used", "state_expired", "state_foreign"."""
    attempt = find(side, state)
    if attempt is None:
        raise Refused("state_unknown")
    if (user is not None and attempt.user_id != user.pk) or (
        attempt.browser_hash and not secrets.compare_digest(attempt.browser_hash, _hash(browser))
    ):
        raise Refused("state_foreign")
    if attempt.answered_at is not None:
        raise Refused("state_used")
    now = timezone.now()
    taken = ConnectionAttempt.objects.filter(
        pk=attempt.pk, answered_at__isnull=True, ended_at__isnull=True, expires_at__gt=now
    ).update(answered_at=now)
    if not taken:
        raise Refused("state_expired" if attempt.expires_at <= now else "state_used")
    attempt.answered_at = now
    return attempt


def end(attempt: ConnectionAttempt, *, problem: str = "", detail: str = "") -> None:
    """Nothing more can come of it; its tokens are forgotten here."""
    attempt.ended_at = timezone.now()
    attempt.problem, attempt.problem_detail = problem[:60], detail[:255]
    attempt.access_token = attempt.refresh_token = ""
    attempt.save(update_fields=["ended_at", "problem", "problem_detail", "access_token", "refresh_token"])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

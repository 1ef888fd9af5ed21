"""What can be done to a record now, what is being done to it, and what came of the last wish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sync.engine.kept import is_kept
from sync.models import Posting, Record, Request
from sync.web.reason_texts import Text
from sync.web.reasons import fill
from tenants.models import Tenant

TOLD_FOR = timedelta(minutes=10)
"""So long the outcome of a wish stands on the record's page; its history keeps it."""

SENT_AGAIN_BY_WISH = ("undone", "deletion_accepted")


@dataclass(frozen=True, slots=True)
class Acts:
    """Each is shown only where it can be done; `pending` is the wish that is being carried out."""

    retry: bool = False
    skip: bool = False
    resync: bool = False
    keep: bool = False
    replace: bool = False
    post_again: bool = False
    accept: bool = False
    undo: bool = False
    pending: str = ""


def acts_on(record: Record, postings: Sequence[Posting], tenant: Tenant) -> Acts:
    """postings: all of the record."""
    pending = record.requests.filter(state=Request.State.OPEN).values_list("kind", flat=True).first()
    if pending is not None:
        return Acts(pending=str(PENDING[pending]))
    state, reason = record.state, record.reason
    standing = [one for one in postings if one.is_standing]
    has_document = any(not one.is_linked for one in standing)
    is_about_documents = record.source in (Record.Source.ORDER, Record.Source.REFUND) and tenant.is_connected
    is_ended = state in Record.ENDED
    is_edited = reason == "edited_in_quickbooks" and has_document
    is_gone = reason == "document_gone"
    by_wish = state == Record.State.SKIPPED and reason in SENT_AGAIN_BY_WISH
    may_ask = is_about_documents and is_ended
    return Acts(
        retry=state in (Record.State.ATTENTION, Record.State.SKIPPED, Record.State.WAITING)
        and reason not in (*Record.NEEDS_DECISION, *SENT_AGAIN_BY_WISH),
        skip=state in (Record.State.ATTENTION, Record.State.WAITING) and not is_gone,
        resync=may_ask and bool(standing) and reason not in Record.SET_ASIDE,
        keep=may_ask and is_edited,
        replace=may_ask and has_document and (is_edited or is_kept(record)),
        post_again=is_gone or by_wish,
        accept=is_gone,
        undo=may_ask and has_document,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Literal["info", "ok", "warn", "bad"]
    text: str


def last_outcome(record: Record) -> Outcome | None:
    """What came of the last wish, while it is news."""
    since = timezone.now() - TOLD_FOR
    request = record.requests.exclude(state=Request.State.OPEN).filter(ended_at__gte=since).order_by("-pk").first()
    if request is None:
        return None
    known = OUTCOMES.get(f"{request.kind}/{request.result.get('outcome')}")
    if known is None:
        return None
    kind, text = known
    return Outcome(kind, fill(text, request.result))


PENDING: dict[str, Text] = {
    Request.Kind.RESYNC: _("Order and document are being read and compared…"),
    Request.Kind.KEEP: _("QuickBooks’ version is being taken over…"),
    Request.Kind.REPLACE: _("The document is being replaced with the store’s version…"),
    Request.Kind.UNDO: _("It is being removed from QuickBooks…"),
}
_MOVED_ON = _("It moved on meanwhile; nothing was changed.")
_CANCELLED = _("Cancelled before anything was changed.")
_GONE = _("Its document no longer stands in QuickBooks; nothing was changed.")
OUTCOMES: dict[str, tuple[Literal["info", "ok", "warn", "bad"], Text]] = {
    **{f"{kind}/cancelled": ("info", _CANCELLED) for kind in Request.Kind},
    "resync/same": ("ok", _("Read and compared just now: nothing differs.")),
    "resync/none": ("ok", _("Read again from the store just now.")),
    "resync/changed": ("info", _("The order has changed in the store; its document follows.")),
    "resync/followed": (
        "info",
        _("The linked document was changed in QuickBooks. Its new version is shown; nothing was sent."),
    ),
    "keep/kept": ("ok", _("QuickBooks’ version is kept. Nothing was sent.")),
    "keep/moved_on": ("info", _MOVED_ON),
    "keep/gone": ("warn", _GONE),
    "replace/replaced": ("ok", _("The document says again what the store says.")),
    "replace/moved_on": ("info", _MOVED_ON),
    "replace/gone": ("warn", _GONE),
    "replace/deposited": (
        "warn",
        _("Not replaced: its money was deposited. Take it out of the bank deposit in QuickBooks first."),
    ),
    "replace/closed": ("warn", _("Not replaced: its date lies in a closed period.")),
    "undo/undone": ("ok", _("Removed from QuickBooks.")),
    "undo/nothing": ("info", _("Nothing of it stands in QuickBooks any more.")),
    "undo/deposited": (
        "warn",
        _("Not removed: the money of %(number)s was deposited. Take it out of the bank deposit in QuickBooks first."),
    ),
    "undo/closed": ("warn", _("Not removed: %(number)s lies in a closed period.")),
    "undo/edited": ("warn", _("Not removed: %(number)s was changed by hand in QuickBooks.")),
    "undo/linked": ("warn", _("Not removed: %(number)s is linked to something else in QuickBooks.")),
    "undo/refused": ("warn", _("Not removed: QuickBooks refused it (code %(code)s): “%(message)s”")),
}

"""A number that somebody else's document bears: link to that document, take the next number, or leave the order out."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from connector.accounting.documents import DocumentKind
from connector.accounting.money import half_up, smallest_unit
from connector.accounting.numbers import next_number
from connector.errors import SyncError
from sync import linking
from sync.engine.linking import kinds_of
from sync.models import Posting, Record
from sync.reports import Cause, records_of_cause
from sync.templatetags.formats import as_decimal, long_date, money
from sync.web.connect_texts import sentences
from sync.web.cures.offer import Answers, Button, Offer, Pair, Refused, Taken, Way
from sync.web.labels import ENTITIES
from sync.web.link_texts import BUSY, GONE, REFUSED
from sync.web.reasons import order_label
from sync.web.workspace import Workspace
from sync.wiring import LeaseTaken
from tenants.audit import log_change

REASON = "duplicate_number"


def offer(workspace: Workspace, cause: Cause) -> Offer | None:
    record = cause.sample
    if record is None:
        return None
    buttons, ways = [], []
    if _is_linkable(record) and cause.records == 1:
        if _agrees(record):
            buttons.append(Button(_("Link to it"), action="link", look="primary"))
        else:
            ways.append(Way(_("Compare and link"), _address(workspace, record)))
    following = _following(record)
    if following:
        buttons.append(Button(_("Use number %(number)s") % {"number": following}, action="next"))
    buttons.append(Button(_("Skip"), action="skip", look="quiet"))
    return Offer(buttons=buttons, ways=ways, pairs=_pairs(record))


def take(workspace: Workspace, cause: Cause, answers: Answers) -> Taken | Refused:
    records = list(records_of_cause(workspace.tenant, cause.reason, cause.subject).select_related("parent"))
    action = answers.get("action")
    if action == "link" and len(records) == 1:
        return _link(workspace, records[0])
    if action == "next":
        return _renumber(workspace, records)
    if action == "skip":
        return _skip(workspace, records)
    return Refused(_("Choose what happens to the order."))


def _link(workspace: Workspace, record: Record) -> Taken | Refused:
    details = record.details
    kind, qbo_id = str(details.get("existing_kind") or ""), str(details.get("existing_id") or "")
    if kind not in set(DocumentKind) or not qbo_id:
        return Refused(str(GONE))
    try:
        done = linking.link(workspace.tenant, record, DocumentKind(kind), qbo_id, user=workspace.person)
    except LeaseTaken:
        return Refused(str(BUSY))
    except SyncError as error:
        return Refused(sentences(error.reason))
    if isinstance(done, Posting):
        words = {"number": done.doc_number or done.qbo_id}
        return Taken(_("Linked to document %(number)s. Nothing was sent to QuickBooks.") % words, looks_again=False)
    return Refused(str(GONE if done is None else REFUSED[done]))


def _renumber(workspace: Workspace, records: list[Record]) -> Taken | Refused:
    chosen = {one.pk: _following(one) for one in records}
    decided = [
        one for one in records if chosen[one.pk] and one.decide(REASON, chosen[one.pk], by=str(workspace.person))
    ]
    if not decided:
        return Refused(_("There is no next number within QuickBooks’ 21 characters. Shorten the prefix."))
    numbers = ", ".join(chosen[one.pk] for one in decided)
    _note(workspace, "records.renumber", decided, numbers)
    return Taken(_("It is sent with number %(number)s.") % {"number": numbers})


def _skip(workspace: Workspace, records: list[Record]) -> Taken | Refused:
    why = _("Its number is used in QuickBooks by another document.")
    skipped = [one for one in records if one.skip_by_hand(by=str(workspace.person), why=why)]
    if not skipped:
        return Refused(_("It moved on meanwhile. Look at its record."))
    _note(workspace, "records.skip", skipped, "")
    return Taken(_("It is left out. Retry it on its record to change that."), looks_again=False)


def _note(workspace: Workspace, action: str, records: list[Record], what: str) -> None:
    changes = {"records": [[one.number or str(one.woo_id) for one in records], what]}
    log_change(workspace.tenant, action, changes, user=workspace.person)


def _is_linkable(record: Record) -> bool:
    kinds = {kind.value for kind in kinds_of(record)}
    return record.details.get("existing_kind") in kinds and bool(record.details.get("existing_id"))


def _agrees(record: Record) -> bool:
    total = as_decimal(record.details.get("document_total"))
    return record.store_total is not None and total == half_up(record.store_total, smallest_unit(record.currency))


def _following(record: Record) -> str:
    """A cancellation's credit memo is numbered after its sale: only the record's own document takes a chosen number."""
    if record.details.get("entity") not in {kind.value for kind in kinds_of(record)}:
        return ""
    before = str(record.decisions.get(REASON, ""))
    return next_number(str(record.details.get("number") or ""), chosen_before=before)


def _address(workspace: Workspace, record: Record) -> str:
    address = reverse("record_compare", args=[workspace.tenant.slug, record.pk])
    return f"{address}?kind={record.details['existing_kind']}&document={record.details['existing_id']}"


def _pairs(record: Record) -> list[Pair]:
    """The order and the document of that number, word by word; nothing where QuickBooks named none."""
    details = record.details
    if not details.get("existing_id"):
        return []
    total = as_decimal(details.get("document_total"))
    name = str(ENTITIES.get(str(details.get("existing_kind")), ""))
    day = long_date(record.ordered_at.date()) if record.ordered_at is not None else ""
    return [
        Pair(_("Number"), order_label(record.number), f"{name} {details.get('number', '')}".strip()),
        Pair(_("Customer"), record.buyer, str(details.get("customer") or "")),
        Pair(_("Date"), day, long_date(details["date"]) if details.get("date") else ""),
        Pair(
            _("Total"),
            money(record.store_total, record.currency) if record.store_total is not None else "",
            money(total, record.currency) if total is not None else "",
            agrees=_agrees(record),
        ),
    ]

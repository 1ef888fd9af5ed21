"""A document that a person changed in QuickBooks, and that somebody here decided to leave so."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from connector.accounting.books import FoundDocument
from connector.accounting.documents import Skipped
from connector.accounting.money import half_up, smallest_unit
from sync.engine import journal
from sync.engine.context import Slice
from sync.engine.post import new_posting
from sync.models import Posting, Record

EDITED = "edited_in_quickbooks"
BY = "kept_by"


def is_kept(record: Record) -> bool:
    return bool(record.decisions.get(EDITED) == "keep")


def keep(work: Slice, record: Record, answered: Posting, found: FoundDocument, *, shows: str, by: str) -> None:
    """From now on the person's version is what stands there as far as we know; only a person has it changed again.

    shows: the fingerprint of the order as it is now; another one later is a new question."""
    with transaction.atomic():
        kept = new_posting(
            work,
            key=answered.key,
            operation="update",
            entity=answered.entity,
            payload={"Id": found.qbo_id, "SyncToken": found.sync_token},
            record=record,
        )
        Posting.objects.filter(pk=kept.pk).update(
            state=Posting.State.POSTED,
            qbo_id=found.qbo_id,
            sync_token=found.sync_token,
            doc_number=found.number,
            total=found.total,
            tax=found.tax,
            rates={rate: str(amount) for rate, amount in found.rates.items()},
            answer=found.raw,
            fingerprint=shows,
            answered_at=timezone.now(),
        )
        kept.refresh_from_db()
        record.decisions = {**record.decisions, EDITED: "keep", BY: by}
        record.fingerprint = shows
        Record.objects.filter(pk=record.pk).update(decisions=record.decisions, fingerprint=shows)
        journal.tell(record, work.run, "kept", posting=kept.pk, by=by, total=str(found.total))
        end_posted(work, record, kept)


def forget(record: Record) -> None:
    """The store's version holds again."""
    record.decisions = {name: value for name, value in record.decisions.items() if name not in (EDITED, BY)}
    Record.objects.filter(pk=record.pk).update(decisions=record.decisions)


def end_posted(work: Slice, record: Record, answered: Posting) -> None:
    """Synced; but a version that was kept with another total than the store's is set aside, for that says another."""
    if is_kept(record) and not _agrees(record, answered):
        details = {"number": answered.doc_number, "by": str(record.decisions.get(BY, ""))}
        journal.end(record, work.run, Skipped("kept_in_quickbooks", details), version=record.options_version)
    elif record.state != Record.State.SYNCED:
        journal.move(record, work.run, Record.State.SYNCED, version=record.options_version, failed_attempts=0)
        journal.tell(record, work.run, "synced")


def _agrees(record: Record, answered: Posting) -> bool:
    unit = smallest_unit(record.currency)
    charged = (record.store_total or Decimal(0), record.store_tax)
    total, tax = half_up(charged[0], unit), None if charged[1] is None else half_up(charged[1], unit)
    return answered.total == total and (tax is None or answered.tax is None or answered.tax == tax)

"""Creates the items and accounts that the merchant's settings name, while a person waits at a page.

Journaled like every other write: rows before the call, the identical call after a loss. What has the name already is
taken when it can be used, and never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.accounting.books import AccountWanted, ItemWanted, NameKind, NameRow
from connector.accounting.keys import NAME_PREFIX, normalise
from connector.accounting.policy import Ref
from sync.engine import mirror
from sync.engine.context import Slice
from sync.engine.post import new_posting, send_again, send_these
from sync.models import Posting

DUPLICATE_NAME = "6240"
Wanted = AccountWanted | ItemWanted


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not made. code: QuickBooks' fault code; taken: what bears the name and cannot be used."""

    code: str
    message: str
    taken: NameRow | None = None


def make_names(work: Slice, wanted: Sequence[Wanted]) -> Mapping[str, Ref | Refusal]:
    """Key of each thing wanted -> what it is in QuickBooks now. Raises RetryableError, ConnectionLostError."""
    send_again(work, NAME_PREFIX)
    found = {one.key: row for one in wanted if (row := _known(work, one)) is not None}
    missing = [one for one in wanted if one.key not in found]
    if missing:
        send_these(work, lambda: [_plan(work, one) for one in missing])
    return {one.key: _outcome(work, one, found.get(one.key)) for one in wanted}


def _plan(work: Slice, one: Wanted) -> Posting:
    postings = Posting.objects.for_tenant(work.tenant).filter(key=one.key, operation="create")
    left_behind = postings.filter(state=Posting.State.PLANNED).first()
    if left_behind is not None:
        return left_behind
    postings.filter(state=Posting.State.POSTED).update(state=Posting.State.UNDONE)  # made before, and gone since
    encode = work.books.encode_account if isinstance(one, AccountWanted) else work.books.encode_item
    entity, payload = encode(one)  # type: ignore[arg-type]  # each encoder gets its own kind
    return new_posting(work, key=one.key, operation="create", entity=entity, payload=payload)


def _outcome(work: Slice, one: Wanted, row: NameRow | None) -> Ref | Refusal:
    refused = None
    if row is None:
        last = Posting.objects.for_tenant(work.tenant).filter(key=one.key, operation="create").latest("generation")
        refused = Refusal(last.fault_code, last.fault_detail) if last.state == Posting.State.FAULTED else None
        row = _bearer(work, one, last) if last.fault_code == DUPLICATE_NAME else _known(work, one)
    if row is not None:
        return Ref(row.qbo_id, row.full_name or row.name) if _is_usable(one, row) else Refusal(DUPLICATE_NAME, "", row)
    return refused or Refusal("", "")


def _known(work: Slice, one: Wanted) -> NameRow | None:
    """What bears the name by the mirror's knowledge."""
    rows = mirror.by_names(work.company, (_kind(one),), [one.name])
    return next((row for row in rows if normalise(row.full_name or row.name) == normalise(one.name)), None)


def _bearer(work: Slice, one: Wanted, posting: Posting) -> NameRow | None:
    """The object that a duplicate fault names, read into the mirror."""
    existing = str(posting.answer.get("existing_id") or "")
    if not existing:
        return None
    work.beat()
    row = work.books.read_name(_kind(one), existing)
    if row is not None:
        mirror.take_in(work.company, [row])
    return row


def _is_usable(one: Wanted, row: NameRow) -> bool:
    return row.active and row.type == one.type


def _kind(one: Wanted) -> NameKind:
    return "Account" if isinstance(one, AccountWanted) else "Item"

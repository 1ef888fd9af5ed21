"""A linked document read again: what somebody did to it since it was linked, beside what the store says.

It is never ours to change. Deleted or voided, it is a question like one of ours; changed, the link follows it, and a
total that is no longer the store's asks the same question as an order that was edited.
"""

from __future__ import annotations

from typing import Any

from connector.accounting.books import FoundDocument
from sync.engine import journal, linking
from sync.engine.context import Slice
from sync.engine.standing import linked_since
from sync.engine.touched import Look, hold, remember_token
from sync.models import Posting, Record


def compare_linked(work: Slice, record: Record, link: Posting, seen: Look) -> str:
    """The word for what was found: same, changed, followed, differs or gone. Inside a transaction of the caller's."""
    if seen.found is None or seen.state == "voided":
        if record.reason not in Record.SET_ASIDE:
            hold(work, record, link, seen)
        return "gone"
    if seen.state == "same":
        remember_token(link, seen.found)
        is_asked = record.reason == linking.QUESTION
    else:
        is_asked = _follow(work, record, link, seen.found) or record.reason == linking.QUESTION
    question = linking.open_question(record, link) if is_asked else None
    if question is not None:
        # Without it the order is compared again, whatever makes it be looked at: the question does not go by itself.
        Record.objects.filter(pk=record.pk).update(fingerprint="")
        linking.show_difference(record, {})  # that it was accepted is not true, or not any more
        journal.end(record, work.run, question, version=record.options_version)
        return "differs"
    if record.state == Record.State.QUEUED:
        return "changed"
    if record.state != Record.State.SYNCED and record.reason not in Record.SET_ASIDE:
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
    return "same" if seen.state == "same" else "followed"


def _follow(work: Slice, record: Record, link: Posting, found: FoundDocument) -> bool:
    """Takes the document as it stands for the linked one; True when it has another total than before."""
    has_another_total = found.total != link.total
    _take_in(record, link, found)
    record.proof = {**record.proof, **linking.proof_of(record, found.total, found.tax)}
    if has_another_total:  # a person accepted the old one, not this
        record.decisions = {name: one for name, one in record.decisions.items() if name != linking.QUESTION}
    Record.objects.filter(pk=record.pk).update(proof=record.proof, decisions=record.decisions)
    linking.show_difference(record, linking.differences(work.tenant, record, found))
    return has_another_total and record.reason not in Record.SET_ASIDE


def _take_in(record: Record, link: Posting, found: FoundDocument) -> None:
    answer: dict[str, Any] = dict(found.raw)
    ours = linked_since(record, link)
    if found.balance is not None and ours:
        # What we linked to it ourselves since is taken off wherever the balance is asked for.
        answer["Balance"] = str(found.balance + ours)
    link.sync_token, link.doc_number, link.answer = found.sync_token, found.number[:30], answer
    link.total, link.tax = found.total, found.tax
    link.rates = {rate: str(amount) for rate, amount in found.rates.items()}
    link.save(update_fields=["sync_token", "doc_number", "answer", "total", "tax", "rates"])

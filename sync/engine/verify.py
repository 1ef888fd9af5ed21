"""Compares what QuickBooks answered with what was planned: exact, repaired in place, taken back or held.

No further read is made: the totals and taxes of QuickBooks' own answer to our write are compared (product
specification, §1.3). A document of ours whose answer shows another total is repaired in place, or deleted, in the same
run, while its sync token is the one just answered.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from django.db import transaction

from connector.accounting.books import FoundDocument, NameKind, Posted
from connector.accounting.compare import learn, learn_refusal
from connector.accounting.documents import DocumentKind, Held, Outcome, Planned
from connector.accounting.keys import has_marker
from connector.accounting.numbers import next_number
from connector.accounting.policy import PostingPolicy
from sync.engine import facts, journal, mirror
from sync.engine.context import Slice
from sync.engine.linking import key_of
from sync.engine.plan import remember_learning
from sync.engine.post import adopt, new_posting
from sync.engine.standing import last_answer, last_create
from sync.engine.touched import CLOSED, GONE, STALE_OBJECT, is_replacement, settle_refused_update
from sync.models import Posting, Record

REPAIRS = 4
ANSWERED_AGAIN = 2
"""How often a document is tried again after QuickBooks said that something it names is gone."""

DUPLICATE = "duplicate_number"
STALE_REFERENCES = frozenset({"610", "2500", "6250"})
TAX_REFUSALS = frozenset({"2280", "6160", "6470"})


class Wanted(Protocol):
    """A document that a record wants in the books: a sale, a refund's credit, a cancellation's credit memo."""

    @property
    def record(self) -> Record: ...
    @property
    def key(self) -> str: ...
    def policy(self) -> PostingPolicy:
        """The rules it was planned with, and what its answers have taught since."""

    def plan(self, policy: PostingPolicy) -> Outcome:
        """Planned again, with the parties it was planned with."""

    def store(self, outcome: Planned, *, update_of: Posting) -> None:
        """Stores the repair of `update_of`."""

    def remember(self, answered: Posting) -> None:
        """Keeps what QuickBooks answered beside the proof."""

    def go_on(self, posting: Posting) -> None:
        """The document stands, exactly as planned: what comes next."""


def settle_document(work: Slice, wanted: Wanted) -> None:
    """A document without unanswered writes: reads its last definite answer and decides what follows."""
    last = last_create(wanted.record, wanted.key)
    if last is None or last.state == Posting.State.UNDONE:
        _settle_undone(work, wanted, last)
    elif last.state == Posting.State.FAULTED:
        _settle_refused(work, wanted, last)
    else:
        _settle_posted(work, wanted, last)


def differs(answered: Posting) -> Mapping[str, tuple[str, str]]:
    """field -> (planned, answered), only where they are not equal. Tax is compared where QuickBooks keeps tax."""
    found: dict[str, tuple[str, str]] = {}
    if answered.planned_total is not None and answered.total != answered.planned_total:
        found["total"] = (str(answered.planned_total), str(answered.total))
    if answered.planned_tax is not None and (answered.tax or Decimal(0)) != answered.planned_tax:
        found["tax"] = (str(answered.planned_tax), str(answered.tax))
    for rate, amount in answered.planned_rates.items():
        told = answered.rates.get(rate)
        if told is None and Decimal(amount) == 0:
            continue
        if told is None or Decimal(told) != Decimal(amount):
            found[f"rate:{rate}"] = (str(amount), str(told))
    return found


def _settle_posted(work: Slice, wanted: Wanted, sale: Posting) -> None:
    record = wanted.record
    answered = last_answer(record, sale)
    _tell_once(work, record, sale, answered)
    differences = differs(answered)
    refused = _refused_change(work, record, answered)
    if not differences and refused is not None and refused.operation == "update":
        settle_refused_update(work, record, answered, refused)
        return
    if differences:
        if refused is None:
            _repair(work, wanted, sale, answered, differences)
        else:
            _settle_refused_change(work, wanted, sale, answered, refused, differences)
        return
    wanted.remember(answered)
    if not journal.was_told(record, "compared", posting=answered.pk):
        journal.tell(record, work.run, "compared", total=str(answered.total), posting=answered.pk)
    if record.raw_hash != record.planned_hash:
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
        return
    wanted.go_on(sale)


def remember_answer(record: Record, answered: Posting) -> None:
    """What QuickBooks answered to the record's main document, beside its proof."""
    record.proof = {
        **record.proof,
        "answered": {"total": str(answered.total), "tax": str(answered.tax), "rates": dict(answered.rates)},
    }
    Record.objects.filter(pk=record.pk).update(proof=record.proof)


def is_edit(sale: Posting, answered: Posting) -> bool:
    """The answered write shows another order than the one its document was made for."""
    return bool(answered.fingerprint) and answered.fingerprint != sale.fingerprint


def stood_before(record: Record, sale: Posting, answered: Posting) -> bool:
    """It stood in the books before this write: others may have built upon it, so it is not deleted for a cent."""
    return is_edit(sale, answered) or any(is_replacement(one) for one in record.postings.all() if one.key == sale.key)


def _tell_once(work: Slice, record: Record, sale: Posting, answered: Posting) -> None:
    if answered.is_linked or journal.was_told(record, "kept", posting=answered.pk):
        return  # told when it was linked, or kept
    kind = "adopted" if answered.is_adopted else ("posted" if answered.operation == "create" else "repaired")
    if answered.operation == "update" and (is_edit(sale, answered) or is_replacement(answered)):
        kind = "updated"
    if not journal.was_told(record, kind, posting=answered.pk):
        journal.tell(
            record,
            work.run,
            kind,
            posting=answered.pk,
            entity=answered.entity,
            qbo_id=answered.qbo_id,
            number=answered.doc_number,
            total=str(answered.total),
        )


def _repair(
    work: Slice, wanted: Wanted, sale: Posting, answered: Posting, differences: Mapping[str, tuple[str, str]]
) -> None:
    """Plans again with what the answer taught and updates the document in place; deletes it when no means is left."""
    record = wanted.record
    repairs = record.postings.filter(
        key=sale.key, operation="update", qbo_id=sale.qbo_id, fingerprint=answered.fingerprint
    ).count()
    policy = wanted.policy()
    before = wanted.plan(policy)
    outcome: Outcome = Held("totals_differ", {})
    if not isinstance(before, Planned) or repairs >= REPAIRS:
        _take_back(work, record, sale, answered, outcome, differences)
        return
    lesson = learn(policy.taxes, before, _as_posted(answered))
    if lesson.try_again:
        outcome = wanted.plan(dataclasses.replace(policy, taxes=lesson.taxes))
    if isinstance(outcome, Planned):
        with transaction.atomic():
            remember_learning(work, record, lesson.taxes)
            wanted.store(outcome, update_of=answered)
    else:
        remember_learning(work, record, lesson.taxes)
        _take_back(work, record, sale, answered, outcome, differences)


def _refused_change(work: Slice, record: Record, answered: Posting) -> Posting | None:
    """The change or deletion that QuickBooks refused in this run; a later run may try again."""
    refused = [
        posting
        for posting in record.postings.all()
        if (posting.key, posting.state, posting.run_id) == (answered.key, Posting.State.FAULTED, work.run.pk)
        and posting.operation in ("update", "delete")
        and posting.pk > answered.pk
    ]
    return max(refused, key=lambda posting: posting.pk, default=None)


def _settle_refused_change(
    work: Slice,
    wanted: Wanted,
    sale: Posting,
    answered: Posting,
    refused: Posting,
    differences: Mapping[str, tuple[str, str]],
) -> None:
    """A repair that is refused is followed by the next means or by taking back; a refused deletion needs a person."""
    record, code = wanted.record, refused.fault_code
    shown = differences.get("total") or next(iter(differences.values()))
    details = {
        "code": code,
        "message": refused.fault_detail[:500],
        "order": record.number,
        "store_total": shown[0],
        "books_total": shown[1],
    }
    if code == STALE_OBJECT:
        journal.end(record, work.run, Held("edited_in_quickbooks", details), version=record.options_version)
    elif code == GONE:
        Posting.objects.for_tenant(work.tenant).filter(
            key=sale.key, state=Posting.State.POSTED, operation__in=["create", "update"]
        ).update(state=Posting.State.UNDONE)
        reason = "totals_differ" if refused.operation == "delete" else "document_gone"
        journal.end(record, work.run, Held(reason, details), version=record.options_version)
    elif refused.operation == "delete":
        journal.end(record, work.run, Held("totals_differ", details), version=record.options_version)
    else:
        _repair_otherwise(work, wanted, sale, answered, differences)


def _repair_otherwise(
    work: Slice, wanted: Wanted, sale: Posting, answered: Posting, differences: Mapping[str, tuple[str, str]]
) -> None:
    """After a refused repair: the means that states no amounts, where there is one; else the document is taken back."""
    record = wanted.record
    policy = wanted.policy()
    before = wanted.plan(policy)
    lesson = learn_refusal(policy.taxes, before) if isinstance(before, Planned) else None
    outcome: Outcome = Held("totals_differ", {})
    if lesson is not None and lesson.try_again:
        outcome = wanted.plan(dataclasses.replace(policy, taxes=lesson.taxes))
    if lesson is not None and isinstance(outcome, Planned):
        with transaction.atomic():
            remember_learning(work, record, lesson.taxes)
            wanted.store(outcome, update_of=answered)
    else:
        _take_back(work, record, sale, answered, outcome, differences)


def _take_back(
    work: Slice,
    record: Record,
    sale: Posting,
    answered: Posting,
    outcome: Outcome,
    differences: Mapping[str, tuple[str, str]],
) -> None:
    shown = differences.get("total") or next(iter(differences.values()))
    why = outcome if isinstance(outcome, Held) else Held("totals_differ", {})
    if stood_before(record, sale, answered):
        details = {
            "problem": "updated",
            "number": answered.doc_number,
            "store_total": shown[0],
            "books_total": shown[1],
        }
        journal.end(record, work.run, Held("totals_differ", details), version=record.options_version)
        return
    with transaction.atomic():
        journal.move(
            record,
            work.run,
            Record.State.SENDING,
            details={
                "taken_back": True,
                "held_reason": why.reason,
                "held_details": {**why.details, "store_total": shown[0], "books_total": shown[1]},
            },
            version=record.options_version,
        )
        new_posting(
            work,
            key=sale.key,
            operation="delete",
            entity=sale.entity,
            payload={"Id": sale.qbo_id, "SyncToken": answered.sync_token},
            record=record,
        )


def _as_posted(answered: Posting) -> Posted:
    return Posted(
        bid=answered.bid,
        entity=answered.entity,
        qbo_id=answered.qbo_id,
        sync_token=answered.sync_token,
        number=answered.doc_number,
        total=answered.total,
        tax=answered.tax,
        rates={rate: Decimal(amount) for rate, amount in answered.rates.items()},
        raw=answered.answer,
    )


def _settle_undone(work: Slice, wanted: Wanted, sale: Posting | None) -> None:
    """The document does not stand in the books: taken back and held, or never got as far."""
    record = wanted.record
    if sale is not None and record.details.get("taken_back"):
        journal.tell(record, work.run, "taken_back", entity=sale.entity, number=sale.doc_number)
        details = dict(record.details.get("held_details", {}))
        journal.end(
            record,
            work.run,
            Held(record.details.get("held_reason") or "totals_differ", details),
            version=record.options_version,
        )
    else:
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)


def _settle_refused(work: Slice, wanted: Wanted, sale: Posting) -> None:
    """QuickBooks refused it, definitely: adopt, try another means, look again, or hold with its reason."""
    record, code = wanted.record, sale.fault_code
    if code in ("6140", "600"):
        _settle_duplicate(work, wanted, sale)
        return
    journal.tell(record, work.run, "refused", code=code, message=sale.fault_detail[:300])
    if _states_tax(sale) and (code in TAX_REFUSALS or (code == "6000" and "tax" in sale.fault_detail.lower())):
        policy = wanted.policy()
        before = wanted.plan(policy)
        lesson = learn_refusal(policy.taxes, before) if isinstance(before, Planned) else None
        if lesson is not None and lesson.try_again:
            with transaction.atomic():
                remember_learning(work, record, lesson.taxes)
                journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
            return
    if code in STALE_REFERENCES and record.failed_attempts < ANSWERED_AGAIN:
        facts.read_again(work)
        mirror.refresh(work, at_once=True)
        with transaction.atomic():
            _forget_what_is_gone(work, sale)
            journal.move(
                record,
                work.run,
                Record.State.QUEUED,
                version=record.options_version,
                failed_attempts=record.failed_attempts + 1,
            )
        return
    if code in CLOSED:
        reason = "closed_period"
    elif code == "2220":
        reason = "currency_off"
    else:
        reason = f"refused_by_quickbooks:{code}"
    journal.end(
        record,
        work.run,
        Held(
            reason,
            {
                "code": code,
                "message": sale.fault_detail[:500],
                "order": record.number,
                "currency": record.currency,
                "date": str(sale.payload.get("TxnDate", "")),
            },
        ),
        version=record.options_version,
    )


def _states_tax(sale: Posting) -> bool:
    return "TotalTax" in (sale.payload.get("TxnTaxDetail") or {})


def _settle_duplicate(work: Slice, wanted: Wanted, sale: Posting) -> None:
    """The number is taken: by our own document (then it is the answer we never got), or by somebody else's."""
    number = str(sale.payload.get("DocNumber", ""))
    marker = str(sale.payload.get("PrivateNote", "")).split("\n", 1)[0].strip()
    holders = _holders(work, sale, number)
    voided = [found for found in holders if work.books.is_voided(found.raw)]
    ours = next((one for one in holders if one not in voided and has_marker(one.private_note, marker)), None)
    if ours is not None and ours.entity == sale.entity:
        adopt(work, sale, ours)
        sale.refresh_from_db()
        settle_document(work, wanted)
        return
    record = wanted.record
    if holders and len(voided) == len(holders) and sale.key == key_of(record) and _takes_next(work, record, number):
        return
    details = {"number": number, "entity": sale.entity}
    held = Held(DUPLICATE, details | (_named(holders[0]) if holders else {}))
    journal.end(record, work.run, held, version=record.options_version)


def _takes_next(work: Slice, record: Record, number: str) -> bool:
    """Only a voided document bears the number, and keeps it for ever; nobody would link to it, so nothing is asked.
    False when no next number fits."""
    following = next_number(number, chosen_before=str(record.decisions.get(DUPLICATE, "")))
    if not following:
        return False
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        record.decisions = {**record.decisions, DUPLICATE: following}
        Record.objects.filter(pk=record.pk).update(decisions=record.decisions)
        journal.tell(record, work.run, "renumbered", number=number, following=following)
        journal.move(record, work.run, Record.State.QUEUED, version=record.options_version)
    return True


def _holders(work: Slice, sale: Posting, number: str) -> Sequence[FoundDocument]:
    """The document that QuickBooks names, else all of this kind that bear the number; one metered read."""
    named, kind = str(sale.answer.get("existing_id") or ""), str(sale.answer.get("existing_kind") or sale.entity)
    if not named or kind not in set(DocumentKind):
        return work.books.find_by_number(DocumentKind(sale.entity), number) if number else ()
    found = work.books.read_document(DocumentKind(kind), named)
    return (found,) if found is not None else ()


def _named(found: FoundDocument) -> dict[str, str]:
    """What a person needs to recognise it; amounts as texts."""
    customer = found.raw.get("CustomerRef") or {}
    return {
        "existing_id": found.qbo_id,
        "existing_kind": found.entity,
        "customer": str(customer.get("name") or ""),
        "date": found.document_date.isoformat() if found.document_date else "",
        "document_total": str(found.total),
    }


def _forget_what_is_gone(work: Slice, sale: Posting) -> None:
    """Links of the document to customers and items that the freshly read mirror no longer has."""
    named: dict[NameKind, set[str]] = {"Customer": set(), "Item": set()}
    named["Customer"].add(str((sale.payload.get("CustomerRef") or {}).get("value", "")))
    for line in sale.payload.get("Line", []):
        detail = line.get("SalesItemLineDetail") or {}
        named["Item"].add(str((detail.get("ItemRef") or {}).get("value", "")))
    for kind, ids in named.items():
        for qbo_id in ids - set(mirror.by_ids(work.company, kind, ids)):
            Posting.objects.for_tenant(work.tenant).filter(
                entity=kind, operation="create", state=Posting.State.POSTED, qbo_id=qbo_id, record=None
            ).update(state=Posting.State.UNDONE)
            work.tenant.links.filter(company=work.company, kind=kind.lower(), qbo_id=qbo_id).delete()

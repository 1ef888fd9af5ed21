"""Sends postings in batches and stores what QuickBooks answers: rows before the call, the identical call after a loss.

Order of writing: postings and their batch in one transaction -> call -> each answer in its own transaction -> batch
answered. A crash between any two leaves an open batch, and an open batch is sent again exactly as it was: same request
id, same places, same bodies, so that QuickBooks repeats its answers instead of acting again (QBO reference, 1.3).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.accounting.books import (
    Answer,
    FoundDocument,
    NameKind,
    NameRow,
    Payload,
    Posted,
    Refused,
    Write,
    lacking_details,
)
from connector.accounting.documents import DocumentKind
from connector.accounting.keys import NAME_PREFIX, Operation, has_marker, normalise
from connector.errors import AnswerLostError, FaultError, RetryableError
from sync.engine import mirror
from sync.engine.context import Slice
from sync.models import Batch, Link, Posting, Record

BATCH_SIZE = 30
LOST_ANSWER_TRIES = 3
LOST_ANSWER_WAIT_SECONDS = 1.0
REPLAY_HORIZON = timedelta(hours=12)
"""QuickBooks does not say how long it remembers a request id: after that long we look before we repeat."""

REFUSAL_REPEATS = 3
POISONED_AFTER = 9
"""A batch that was sent this often without an answer may hold one write that QuickBooks cannot digest: from then on its
writes travel one by one, so that the others arrive."""
THROTTLED = frozenset({"3001", "003001"})
UNCERTAIN = frozenset({"10000"})
NEVER_ANSWERED = "10000"
"""QuickBooks' own code for an application error (QBO reference, 4 Faults)."""

NAME_ENTITIES = {"Customer": Link.Kind.CUSTOMER, "Item": Link.Kind.ITEM}
MIRRORED: tuple[NameKind, ...] = ("Customer", "Item", "Account")


class LinkedDocumentError(ValueError):
    """A linked document is whoever made it's: a write of ours that would change it is a mistake of ours."""


def next_generation(work: Slice, key: str, operation: Operation) -> int:
    """One more than the last definite answer's; the caller holds no living posting of this key and operation."""
    last = (
        Posting.objects.for_tenant(work.tenant)
        .filter(key=key, operation=operation)
        .order_by("-generation")
        .values_list("generation", flat=True)
        .first()
    )
    return 0 if last is None else last + 1


def new_posting(
    work: Slice,
    *,
    key: str,
    operation: Operation,
    entity: str,
    payload: Payload,
    record: Record | None = None,
    planned_total: Decimal | None = None,
    planned_tax: Decimal | None = None,
    planned_rates: dict[str, str] | None = None,
) -> Posting:
    """Stores one write to come. The database refuses a second living one of the same key.

    Raises LinkedDocumentError for a change of a document that somebody else made."""
    if operation != "create" and _is_linked(work, key):
        raise LinkedDocumentError(f"{operation} {key}")
    return Posting.objects.create(
        tenant=work.tenant,
        company=work.company,
        run=work.run,
        record=record,
        options_version=work.options,
        key=key,
        operation=operation,
        generation=next_generation(work, key, operation),
        entity=entity,
        payload=payload,
        planned_total=planned_total,
        planned_tax=planned_tax,
        planned_rates=planned_rates or {},
    )


def _is_linked(work: Slice, key: str) -> bool:
    return (
        Posting.objects.for_tenant(work.tenant)
        .filter(key=key, operation="create", state=Posting.State.POSTED, is_linked=True)
        .exists()
    )


def send_everything(work: Slice) -> None:
    """Answers every open batch, then batches and sends what is planned, until nothing is left to send.

    Raises RetryableError when QuickBooks has no usable answer; everything stays as rows."""
    for batch in (
        Batch.objects.for_tenant(work.tenant).filter(company=work.company, state=Batch.State.OPEN).order_by("pk")
    ):
        _send(work, batch)
    while batches := _make_batches(work):
        for batch in batches:
            _send(work, batch)


def send_these(work: Slice, plan: Callable[[], Sequence[Posting]]) -> None:
    """Stores the postings that `plan` makes, in batches of their own, and sends those alone: what else the tenant has
    to send waits for its run. Raises RetryableError; everything stays as rows."""
    with transaction.atomic():
        work.heartbeat()
        waiting = list(plan())
        batches = [
            _into_a_batch(work, waiting[start : start + BATCH_SIZE]) for start in range(0, len(waiting), BATCH_SIZE)
        ]
    for batch in batches:
        _send(work, batch)


def send_again(work: Slice, key_prefix: str) -> None:
    """Answers the open batches of postings whose keys begin so: what an earlier attempt left without an answer."""
    open_ones = Batch.objects.for_tenant(work.tenant).filter(company=work.company, state=Batch.State.OPEN)
    for batch in open_ones.filter(postings__key__startswith=key_prefix).distinct().order_by("pk"):
        _send(work, batch)


def _make_batches(work: Slice) -> Sequence[Batch]:
    """Puts planned postings into batches of at most 30, in the order they were planned."""
    with transaction.atomic():
        work.heartbeat()  # takes the company's row: two processes can never batch the same posting
        waiting = list(
            Posting.objects.for_tenant(work.tenant)
            .filter(company=work.company, state=Posting.State.PLANNED, batch=None)
            .order_by("pk")
        )
        together = [posting for posting in waiting if not _travels_alone(posting)]
        groups = [together[start : start + BATCH_SIZE] for start in range(0, len(together), BATCH_SIZE)]
        groups += [[posting] for posting in waiting if _travels_alone(posting)]
        batches = [_into_a_batch(work, group) for group in groups]
    if batches:
        work.checkpoint("batched")
    return batches


def _travels_alone(posting: Posting) -> bool:
    """A batch knows no void (QBO reference, 1.4)."""
    return posting.travels_alone or posting.operation == "void"


def _into_a_batch(work: Slice, group: Sequence[Posting]) -> Batch:
    batch = Batch.objects.create(tenant=work.tenant, company=work.company, run=work.run, request_id=uuid.uuid4().hex)
    for place, posting in enumerate(group):
        posting.batch, posting.bid = batch, f"p{place}"
    Posting.objects.bulk_update(group, ["batch", "bid"])
    return batch


def _send(work: Slice, batch: Batch) -> None:
    postings = list(batch.postings.filter(state=Posting.State.PLANNED).order_by("pk"))
    answers: Sequence[Answer] = []
    is_old = batch.first_sent_at is not None and timezone.now() - batch.first_sent_at > REPLAY_HORIZON
    is_poisoned = batch.attempts >= POISONED_AFTER
    if postings and (is_old or is_poisoned):
        _look_before_repeating(work, postings, give_up=is_poisoned)
    elif postings:
        everything = list(batch.postings.order_by("pk"))
        answers = _call(work, batch, everything)
        work.checkpoint("called")
        by_bid = {posting.bid: posting for posting in everything}
        for answer in answers:
            _store_or_adopt(work, by_bid[answer.bid], answer)
            work.checkpoint("answer stored")
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.ANSWERED, answered_at=timezone.now())
    work.checkpoint("batch answered")
    _wait_if_told(answers)


def _call(work: Slice, batch: Batch, postings: Sequence[Posting]) -> Sequence[Answer]:
    """The call itself, repeated identically a few times when the answer is lost."""
    writes = [
        Write(
            bid=posting.bid,
            operation=posting.operation,  # type: ignore[arg-type]  # constraint posting_operation_is_known
            entity=posting.entity,
            payload=posting.payload,
        )
        for posting in postings
    ]
    now = timezone.now()
    if batch.first_sent_at is None:
        Batch.objects.filter(pk=batch.pk).update(first_sent_at=now)
    for attempt in range(1, LOST_ANSWER_TRIES + 1):
        work.beat()
        Batch.objects.filter(pk=batch.pk).update(attempts=batch.attempts + attempt)
        work.checkpoint("about to call")
        try:
            if writes[0].operation == "void":
                return [work.books.post_one(batch.request_id, writes[0])]
            return work.books.post_batch(batch.request_id, writes)
        except FaultError as error:
            if batch.attempts + attempt > 1:
                # An earlier attempt may have been carried out: this refusal speaks of the repetition only.
                _look_before_repeating(work, [one for one in postings if one.state == Posting.State.PLANNED])
                return []
            return [_refused_as_a_whole(write.bid, error) for write in writes]
        except AnswerLostError:
            if attempt == LOST_ANSWER_TRIES:
                raise
            work.sleep(LOST_ANSWER_WAIT_SECONDS * attempt)
    raise AssertionError("the last attempt returns or raises")


def _refused_as_a_whole(bid: str, error: FaultError) -> Refused:
    """A batch that was refused before any of its items was looked at: each of them has its definite answer."""
    return Refused(bid=bid, code=error.code, message=error.message, detail=error.detail, element=error.element)


def _store_or_adopt(work: Slice, posting: Posting, answer: Answer) -> None:
    """A fault that says nothing about whether the document was made: the books are asked first."""
    is_uncertain = isinstance(answer, Refused) and answer.code in UNCERTAIN
    if is_uncertain and posting.state == Posting.State.PLANNED and _is_new_document(posting):
        work.beat()
        found = find_ours(work, posting)
        if found is not None:
            adopt(work, posting, found)
            return
    store_answer(work, posting, answer)


def _is_new_document(posting: Posting) -> bool:
    return posting.operation == "create" and posting.entity in set(DocumentKind)


def store_answer(work: Slice, posting: Posting, answer: Answer) -> None:
    """One answer, one transaction; a repeated answer changes nothing."""
    with transaction.atomic():
        if isinstance(answer, Posted):
            _store_posted(work, posting, answer)
        else:
            _store_refused(work, posting, answer)


def _store_posted(work: Slice, posting: Posting, answer: Posted, *, adopted: bool = False) -> None:
    changed = Posting.objects.filter(pk=posting.pk, state=Posting.State.PLANNED).update(
        state=Posting.State.POSTED,
        qbo_id=answer.qbo_id,
        sync_token=answer.sync_token,
        doc_number=answer.number,
        total=answer.total,
        tax=answer.tax,
        rates={rate: str(amount) for rate, amount in answer.rates.items()},
        answer=answer.raw,
        is_adopted=adopted,
        answered_at=timezone.now(),
    )
    if not changed:
        return
    posting.refresh_from_db()
    if posting.operation == "delete":
        gone = Posting.objects.filter(tenant=work.tenant, key=posting.key, state=Posting.State.POSTED)
        gone = gone.filter(operation__in=["create", "update", "void"])
        if posting.entity == DocumentKind.PAYMENT:
            _raise_tokens(work, [one.payload for one in gone])
        gone.update(state=Posting.State.UNDONE)
    elif posting.entity == DocumentKind.PAYMENT:
        _raise_tokens(work, [posting.payload])
    if posting.entity not in MIRRORED or posting.operation not in ("create", "update"):
        return
    kind = NAME_ENTITIES.get(posting.entity)
    if kind is not None and not posting.key.startswith(NAME_PREFIX):
        Link.objects.update_or_create(
            tenant=work.tenant,
            company=work.company,
            kind=kind,
            store_key=posting.key,
            defaults={"qbo_id": answer.qbo_id, "name": _name_of(answer.raw)},
            create_defaults={"qbo_id": answer.qbo_id, "name": _name_of(answer.raw), "made_by": "created"},
        )
    mirror.take_in(work.company, [_name_row(posting, answer)])


def _raise_tokens(work: Slice, payments: Sequence[Payload]) -> None:
    """A payment or a credit that is linked, or linked no longer, raises the sync token of what it is linked to (QBO
    reference, 5.9); without remembering that, every paid invoice would look as if somebody had edited it."""
    links = [link for payment in payments for line in payment.get("Line", []) for link in line.get("LinkedTxn", [])]
    for link in links:
        linked = (
            Posting.objects.filter(company=work.company, entity=link["TxnType"], qbo_id=link["TxnId"])
            .filter(state=Posting.State.POSTED, operation__in=["create", "update"])
            .order_by("-pk")
            .first()
        )
        if linked is not None and linked.sync_token.isdigit():
            Posting.objects.filter(pk=linked.pk).update(sync_token=str(int(linked.sync_token) + 1))


def _store_refused(work: Slice, posting: Posting, answer: Refused) -> None:
    changed = Posting.objects.filter(pk=posting.pk, state=Posting.State.PLANNED).update(
        state=Posting.State.FAULTED,
        fault_code=answer.code or "0",
        fault_detail=f"{answer.message} {answer.detail}".strip()[:1000],
        answer={
            "existing_id": answer.existing_id,
            "existing_kind": answer.existing_kind,
            "element": answer.element,
            "retryable": answer.retryable,
        },
        answered_at=timezone.now(),
    )
    if changed and _may_repeat(posting, answer):
        new_posting(
            work,
            key=posting.key,
            operation=posting.operation,  # type: ignore[arg-type]
            entity=posting.entity,
            payload=posting.payload,
            record=posting.record,
            planned_total=posting.planned_total,
            planned_tax=posting.planned_tax,
            planned_rates=posting.planned_rates,
        )


def _may_repeat(posting: Posting, answer: Refused) -> bool:
    """A refusal that means "again later" is repeated as the next generation, but not for ever."""
    return answer.retryable and posting.generation < REFUSAL_REPEATS


def _wait_if_told(answers: Sequence[Answer]) -> None:
    """Raises RetryableError when an item of the batch was refused for reasons of time."""
    codes = {answer.code for answer in answers if isinstance(answer, Refused) and answer.retryable}
    if codes & THROTTLED:
        raise RetryableError("throttled", f"faults {sorted(codes)}", side="quickbooks", retry_after_seconds=60)


def adopt(work: Slice, posting: Posting, found: FoundDocument) -> None:
    """Takes a document of ours that already stands in the books for the answer we never got."""
    answer = Posted(
        bid=posting.bid,
        entity=found.entity,
        qbo_id=found.qbo_id,
        sync_token=found.sync_token,
        number=found.number,
        total=found.total,
        tax=found.tax,
        rates=found.rates,
        raw=found.raw,
    )
    with transaction.atomic():
        Posting.objects.filter(pk=posting.pk, state=Posting.State.FAULTED).update(
            state=Posting.State.PLANNED, fault_code="", fault_detail=""
        )
        _store_posted(work, posting, answer, adopted=True)


def _look_before_repeating(work: Slice, postings: Sequence[Posting], *, give_up: bool = False) -> None:
    """The request id may be forgotten by now: what stands in the books is adopted, the rest travels in a new batch.

    A document of ours bears our marker; a name we wanted to create bears that name (specification, Identity).
    give_up: a write that travelled alone, was never answered and is not in the books counts as refused."""
    for posting in postings:
        work.beat()
        if posting.entity in NAME_ENTITIES:
            _adopt_name(work, posting)
        elif _is_new_document(posting) and (found := find_ours(work, posting)) is not None:
            adopt(work, posting, found)
        if give_up and _travels_alone(posting):
            store_answer(
                work, posting, Refused(bid=posting.bid, code=NEVER_ANSWERED, message="never answered", detail="")
            )
    Posting.objects.filter(pk__in=[posting.pk for posting in postings], state=Posting.State.PLANNED).update(
        batch=None, bid="", travels_alone=True
    )


def find_ours(work: Slice, posting: Posting) -> FoundDocument | None:
    """The document in the books that bears this posting's marker, looked up by number if we set one, else by date."""
    kind = DocumentKind(posting.entity)
    payload = posting.payload
    marker = str(payload.get("PrivateNote", "")).split("\n", 1)[0].strip()
    if payload.get("DocNumber"):
        candidates = work.books.find_by_number(kind, str(payload["DocNumber"]))
    else:
        customer = str((payload.get("CustomerRef") or {}).get("value", ""))
        day = date.fromisoformat(str(payload["TxnDate"]))
        candidates = work.books.find_by_date(kind, day, customer_id=customer)
    return next((found for found in candidates if has_marker(found.private_note, marker)), None)


def _adopt_name(work: Slice, posting: Posting) -> None:
    name = str(posting.payload.get("DisplayName") or posting.payload.get("Name") or "")
    rows = [row for row in work.books.names_called(name) if row.kind == posting.entity]
    if posting.entity == "Customer" and rows:
        row = rows[0]
        with transaction.atomic():
            _store_posted(
                work,
                posting,
                Posted(
                    bid=posting.bid,
                    entity=posting.entity,
                    qbo_id=row.qbo_id,
                    sync_token=row.sync_token,
                    raw={"Id": row.qbo_id, "DisplayName": row.name},
                ),
                adopted=True,
            )


def _name_of(raw: Payload) -> str:
    return str(raw.get("DisplayName") or raw.get("Name") or "")[:500]


def _name_row(posting: Posting, answer: Posted) -> NameRow:
    """The mirror's row of something we just created."""
    raw: dict[str, Any] = {**posting.payload, **answer.raw}
    name = _name_of(posting.payload) or _name_of(raw)  # an inactive object's answer has a suffix behind its name
    return NameRow(
        kind=posting.entity,  # type: ignore[arg-type]  # one of MIRRORED
        qbo_id=answer.qbo_id,
        name=name,
        active=raw.get("Active") is not False,
        sync_token=answer.sync_token,
        full_name=str(raw.get("FullyQualifiedName") or name),
        email=normalise(str((raw.get("PrimaryEmailAddr") or {}).get("Address", ""))),
        sku=str(raw.get("Sku") or ""),
        currency=str((raw.get("CurrencyRef") or {}).get("value", "")),
        type=str(raw.get("AccountType" if posting.entity == "Account" else "Type") or ""),
        subtype=str(raw.get("AccountSubType") or ""),
        lacks=lacking_details(raw) if posting.entity == "Customer" else frozenset(),
        quantity=Decimal(str(raw["QtyOnHand"])) if raw.get("QtyOnHand") is not None else None,
        untouched=posting.operation == "create",
    )

"""The reading of a snapshot, page after page: what a crash leaves is gone on with, a second worker is refused.

Four steps: the company's documents of these days, kind by kind; those of ours that did not turn up, looked up by id
(they were deleted, or bear another date now); orders and refunds without a document; the end. Each page's lines, sums
and place are stored in one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind
from connector.accounting.keys import MARKER_PREFIX
from connector.errors import ConnectionLostError, RetryableError, SyncError
from sync.models import Posting, Reconciliation, ReconciliationLine, Record
from sync.models.scoping import TenantQuerySet
from sync.reconciliation.documents import (
    CREDITS,
    SALES,
    Written,
    home_currency,
    line_of,
    marker_of,
    open_line,
    stray_line,
    written_documents,
)
from sync.reconciliation.periods import Period
from sync.reconciliation.sums import Rates, Tallies
from tenants.models import Company, Tenant, User

PAGE = 1000
LOOK_UPS = 200
"""Ids in one question: the statement stays well below what a request may hold."""
MOST_FAILURES = 8
FIRST_RETRY_SECONDS = 10.0
KEPT = 12
"""Snapshots of a workspace; of one period only the newest is kept."""
DOCUMENTS, MISSING, WITHOUT, SUMS = "documents", "missing", "without", "sums"


class Library(Protocol):
    """The part of the company that is read."""

    @property
    def reads(self) -> int: ...
    def page_between(self, kind: DocumentKind, first: date, last: date, *, start: int) -> Sequence[FoundDocument]: ...
    def documents_by_id(self, kind: DocumentKind, ids: Sequence[str]) -> Sequence[FoundDocument]: ...


class ClaimLost(Exception):
    """Another worker reads this snapshot now."""


@dataclass(frozen=True, slots=True)
class Step:
    """Whether there is more to read, and from when on."""

    more: bool
    not_before: datetime | None = None


def request(tenant: Tenant, period: Period, *, user: User | None = None) -> Reconciliation:
    """A snapshot to be read, or the one that is being read for the same days. Raises ConnectionLostError without a
    company."""
    if tenant.company is None:
        raise ConnectionLostError("quickbooks_not_connected", f"tenant {tenant.pk}", side="quickbooks")
    active = Reconciliation.objects.for_tenant(tenant).filter(
        first=period.first, last=period.last, state__in=Reconciliation.ACTIVE
    )
    try:
        with transaction.atomic():
            return active.first() or Reconciliation.objects.create(
                tenant=tenant, company=tenant.company, first=period.first, last=period.last, requested_by=user
            )
    except IntegrityError:
        return active.get()


def newest(tenant: Tenant, period: Period) -> Reconciliation | None:
    """The newest one that holds these days."""
    ready = Reconciliation.objects.for_tenant(tenant).filter(state=Reconciliation.State.READY)
    return ready.filter(first__lte=period.first, last__gte=period.last).order_by("-finished_at", "-pk").first()


def advance(snapshot: Reconciliation, books: Library, *, deadline: datetime) -> Step:
    """Reads on until the deadline or the end. Raises ClaimLost while another worker reads it."""
    claim = _claim(snapshot)
    if claim is None:
        raise ClaimLost(f"reconciliation {snapshot.pk}")
    reader = _Reader(snapshot, books, claim)
    try:
        while snapshot.is_active:
            reader.step()
            if snapshot.is_active and timezone.now() >= deadline:
                reader.release()
                return Step(more=True)
    except RetryableError as error:
        return reader.wait_after(error)
    except SyncError as error:
        reader.fail(error.reason, str(error))
    return Step(more=False)


def _claim(snapshot: Reconciliation) -> str | None:
    now, claim = timezone.now(), secrets.token_hex(8)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    claimed = Reconciliation.objects.filter(free, pk=snapshot.pk, state__in=Reconciliation.ACTIVE).update(
        claim=claim, claimed_until=now + Reconciliation.CLAIM, state=Reconciliation.State.READING
    )
    if not claimed:
        return None
    snapshot.refresh_from_db()
    return claim


class _Reader:
    """One worker at one snapshot. Every write of it repeats the claim."""

    def __init__(self, snapshot: Reconciliation, books: Library, claim: str) -> None:
        self.snapshot, self.books, self.claim = snapshot, books, claim
        self.period = Period(snapshot.first, snapshot.last)
        self.tenant: Tenant = snapshot.tenant
        self.tax_item = _tax_item(self.tenant)
        self.prefix = f"{MARKER_PREFIX}{self.tenant.key}:"
        self._reads = books.reads
        self._steps: dict[str, Callable[[], None]] = {
            "": self._begin, DOCUMENTS: self._page, MISSING: self._missing, WITHOUT: self._without, SUMS: self._end,
        }  # fmt: skip

    def step(self) -> None:
        self._steps[str(self.snapshot.reading.get("step", ""))]()

    # Steps

    def _begin(self) -> None:
        posted = set(
            Posting.objects.for_tenant(self.tenant)
            .filter(company=self.snapshot.company_id, state=Posting.State.POSTED, record__isnull=False)
            .values_list("entity", flat=True)
            .distinct()
        )
        kinds = [kind.value for kind in DocumentKind if kind.value in (*SALES, *CREDITS) or kind.value in posted]
        expected = self._expected().count()
        self._save(
            started_at=timezone.now(),
            total=expected,
            tallies={},
            reading={"step": DOCUMENTS, "kinds": kinds, "start": 1},
        )

    def _page(self) -> None:
        kinds, start = self.snapshot.reading["kinds"], int(self.snapshot.reading["start"])
        if not kinds:
            self._save(reading={"step": MISSING, "after": 0})
            return
        kind = DocumentKind(kinds[0])
        page = self.books.page_between(kind, self.period.first, self.period.last, start=start)
        is_last = len(page) < PAGE
        reading = {
            "step": DOCUMENTS,
            "kinds": kinds[1:] if is_last else kinds,
            "start": 1 if is_last else start + len(page),
        }
        self._take(kind.value, self._new(kind.value, page), reading)

    def _missing(self) -> None:
        """Of ours that did not turn up in their period. Rows that shifted under the pages are found here as well."""
        after = int(self.snapshot.reading.get("after", 0))
        unseen = self._expected().filter(pk__gt=after).exclude(Exists(self._lines_of_posting())).order_by("pk")
        rows = list(unseen.values_list("pk", "entity", "qbo_id")[:LOOK_UPS])
        if not rows:
            self._save(reading={"step": WITHOUT, "after": 0})
            return
        entity = rows[0][1]
        ids = [qbo_id for _pk, kind, qbo_id in rows if kind == entity]
        written = written_documents(self.snapshot, entity, ids)
        due = [qbo_id for qbo_id in ids if qbo_id in written and self._is_due(written[qbo_id])]
        found = {one.qbo_id: one for one in self.books.documents_by_id(DocumentKind(entity), due)} if due else {}
        lines = [
            (line_of(self.snapshot, written[one], found.get(one), tax_item=self.tax_item), written[one], found.get(one))
            for one in due
        ]
        others = [pk for pk, kind, _qbo_id in rows if kind != entity]
        reading = {"step": MISSING, "after": min(others) - 1 if others else rows[-1][0]}
        # What is not due has no line: of several kinds in one look, the first one's are behind us.
        self._store(lines, reading, documents=len(found), done=len(due))

    def _without(self) -> None:
        after = int(self.snapshot.reading.get("after", 0))
        records = list(_records_without_document(self.tenant, self.period).filter(pk__gt=after).order_by("pk")[:PAGE])
        if not records:
            self._save(reading={"step": SUMS})
            return
        lines = [
            (open_line(self.snapshot, record, _day_of(record, self.tenant)), None, None)
            for record in records
            if record.ordered_at is not None
        ]
        self._store(lines, {"step": WITHOUT, "after": records[-1].pk})

    def _end(self) -> None:
        self._save(state=Reconciliation.State.READY, finished_at=timezone.now(), claimed_until=None, reading={})
        _forget_older(self.snapshot)

    # Pages

    def _new(self, entity: str, page: Sequence[FoundDocument]) -> list[FoundDocument]:
        """Without what an earlier page held already."""
        seen = set(
            self.snapshot.lines.filter(entity=entity, qbo_id__in=[one.qbo_id for one in page]).values_list(
                "qbo_id", flat=True
            )
        )
        return [one for one in page if one.qbo_id not in seen]

    def _take(self, entity: str, page: Sequence[FoundDocument], reading: dict[str, Any]) -> None:
        written = written_documents(self.snapshot, entity, [one.qbo_id for one in page])
        strays = [one for one in page if one.qbo_id not in written and marker_of(one).startswith(self.prefix)]
        lines: list[_Line] = [
            (line_of(self.snapshot, written[one.qbo_id], one, tax_item=self.tax_item), written[one.qbo_id], one)
            for one in page
            if one.qbo_id in written
        ]
        lines += [(line, None, found) for line, found in zip(self._strays(strays), strays, strict=True)]
        foreign = [one for one in page if one.qbo_id not in written and not marker_of(one).startswith(self.prefix)]
        neighbours = sum(1 for one in foreign if marker_of(one))
        self._store(
            lines,
            reading,
            documents=len(lines),
            done=len(lines) - len(strays),
            strangers=len(foreign),
            neighbours=neighbours,
        )

    def _strays(self, found: Sequence[FoundDocument]) -> list[ReconciliationLine]:
        orders = {one.qbo_id: _order_id(marker_of(one)) for one in found}
        records = {
            record.woo_id: record
            for record in Record.objects.for_tenant(self.tenant)
            .filter(source=Record.Source.ORDER, woo_id__in=[pk for pk in orders.values() if pk])
            .defer("raw", "proof")
        }
        with_document = set(
            _standing(self.tenant)
            .filter(Q(record__in=records.values()) | Q(record__parent__in=records.values()))
            .values_list("entity", "record__woo_id", "record__parent__woo_id")
        )
        made = {(entity, woo_id) for entity, own, parent in with_document for woo_id in (own, parent) if woo_id}
        home = home_currency(self.tenant)
        return [
            stray_line(
                self.snapshot,
                one,
                records.get(orders[one.qbo_id]),
                is_copy=(one.entity, orders[one.qbo_id]) in made,
                currency=home,
            )
            for one in found
        ]

    # Our side

    def _expected(self) -> TenantQuerySet[Any]:
        """Documents that stand by our books, written with a date of the period, or whose date is no longer kept."""
        first, last = self.period.first.isoformat(), self.period.last.isoformat()
        opening, closing = _bounds(self.tenant, self.period)
        standing = _standing(self.tenant).filter(company=self.snapshot.company_id)
        updates = (
            Posting.objects.for_tenant(self.tenant)
            .filter(operation="update", state=Posting.State.POSTED)
            .filter(company=OuterRef("company"), entity=OuterRef("entity"), qbo_id=OuterRef("qbo_id"))
            .annotate(day=_DATE)
            .filter(day__gte=first, day__lte=last)
        )
        dated = standing.annotate(day=_DATE)
        undated = Q(day__isnull=True, record__ordered_at__gte=opening, record__ordered_at__lt=closing)
        return dated.filter(Q(day__gte=first, day__lte=last) | undated | Exists(updates))

    def _lines_of_posting(self) -> Any:
        return ReconciliationLine.objects.filter(
            reconciliation=self.snapshot.pk, entity=OuterRef("entity"), qbo_id=OuterRef("qbo_id")
        )

    def _is_due(self, written: Written) -> bool:
        """An update may have moved it out of the period."""
        return written.day is None or self.period.holds(written.day)

    # Storing

    def _store(
        self,
        lines: Sequence[_Line],
        reading: dict[str, Any],
        *,
        documents: int = 0,
        done: int = 0,
        strangers: int = 0,
        neighbours: int = 0,
    ) -> None:
        snapshot = self.snapshot
        tallies = Tallies(snapshot.tallies)
        for line, written, found in lines:
            tallies.add(
                line, self.period, store_rates=_planned_rates(written), books_rates=found.rates if found else {}
            )
        with transaction.atomic():
            ReconciliationLine.objects.bulk_create([line for line, _written, _found in lines], batch_size=500)
            self._save(
                tallies=tallies.as_json(),
                reading=reading,
                documents=snapshot.documents + documents,
                done=snapshot.done + done,
                strangers=snapshot.strangers + strangers,
                neighbours=snapshot.neighbours + neighbours,
            )

    def _save(self, **changed: Any) -> None:
        changed = {
            "claimed_until": timezone.now() + Reconciliation.CLAIM,
            "reads": self.snapshot.reads + self.books.reads - self._reads,
            "failed_attempts": 0,
            "error_reason": "",
            **changed,
        }
        self._write(changed)

    def _write(self, changed: dict[str, Any]) -> None:
        if not Reconciliation.objects.filter(pk=self.snapshot.pk, claim=self.claim).update(**changed):
            raise ClaimLost(f"reconciliation {self.snapshot.pk}")
        self._reads = self.books.reads
        for name, value in changed.items():
            setattr(self.snapshot, name, value)

    def release(self) -> None:
        self._write({"claimed_until": None})

    def wait_after(self, error: RetryableError) -> Step:
        """As long as QuickBooks says, else some seconds, doubling; in the end it is given up and says why."""
        failures = self.snapshot.failed_attempts + 1
        if failures > MOST_FAILURES:
            self.fail(error.reason, str(error))
            return Step(more=False)
        doubling = FIRST_RETRY_SECONDS * 2 ** (failures - 1)
        wait = doubling if error.retry_after_seconds is None else error.retry_after_seconds
        until = timezone.now() + timedelta(seconds=wait)
        self._write(
            {
                "failed_attempts": failures,
                "not_before": until,
                "claimed_until": None,
                "error_reason": error.reason[:60],
                "reads": self.snapshot.reads + self.books.reads - self._reads,
            }
        )
        return Step(more=True, not_before=until)

    def fail(self, reason: str, detail: str) -> None:
        self._write(
            {
                "state": Reconciliation.State.FAILED,
                "finished_at": timezone.now(),
                "claimed_until": None,
                "error_reason": reason[:60],
                "error_detail": detail[:500],
                "reads": self.snapshot.reads + self.books.reads - self._reads,
            }
        )


_DATE = Cast(KeyTextTransform("TxnDate", "payload"), CharField())
_Line = tuple[ReconciliationLine, Written | None, FoundDocument | None]


def _standing(tenant: Tenant) -> TenantQuerySet[Posting]:
    return Posting.objects.for_tenant(tenant).filter(
        operation="create",
        state=Posting.State.POSTED,
        record__isnull=False,
        entity__in=[kind.value for kind in DocumentKind],
    )


def _records_without_document(tenant: Tenant, period: Period) -> TenantQuerySet[Record]:
    opening, closing = _bounds(tenant, period)
    has_document = Posting.objects.filter(
        record=OuterRef("pk"), operation="create", state=Posting.State.POSTED, entity__in=[*SALES, *CREDITS]
    )
    return (
        Record.objects.for_tenant(tenant)
        .filter(source__in=[Record.Source.ORDER, Record.Source.REFUND])
        .filter(ordered_at__gte=opening, ordered_at__lt=closing)
        .exclude(state=Record.State.SKIPPED)
        .exclude(Exists(has_document))
        .defer("raw", "proof", "details", "notices")
    )


def skipped_of(tenant: Tenant, period: Period) -> TenantQuerySet[Record]:
    """Orders and refunds of the period that were left out on purpose: no sales for the books, but to be seen."""
    opening, closing = _bounds(tenant, period)
    return Record.objects.for_tenant(tenant).filter(
        source__in=[Record.Source.ORDER, Record.Source.REFUND],
        state=Record.State.SKIPPED,
        ordered_at__gte=opening,
        ordered_at__lt=closing,
    )


def sent_since(snapshot: Reconciliation) -> int:
    """How many writes to documents QuickBooks has answered since it was read."""
    since = snapshot.started_at or snapshot.created_at
    return (
        Posting.objects.for_tenant(snapshot.tenant_id)
        .filter(state=Posting.State.POSTED, record__isnull=False, answered_at__gt=since)
        .count()
    )


def _bounds(tenant: Tenant, period: Period) -> tuple[datetime, datetime]:
    """The moments between which the period lies in the workspace's zone."""
    opening = datetime.combine(period.first, time(), tzinfo=tenant.zone)
    return opening, datetime.combine(period.last + timedelta(days=1), time(), tzinfo=tenant.zone)


def _day_of(record: Record, tenant: Tenant) -> date:
    assert record.ordered_at is not None
    return timezone.localtime(record.ordered_at, tenant.zone).date()


def _planned_rates(written: Written | None) -> Rates:
    """The store's tax by QuickBooks rate, as its plan proved it."""
    if written is None or written.is_void:
        return {}
    return {rate: Decimal(str(amount)) for rate, amount in written.planned_rates.items()}


def _order_id(marker: str) -> int:
    """Of `woo:<tenant key>:<order id>…`; 0 when somebody has written something else there."""
    parts = marker.split(":")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() and len(parts[2]) < 19 else 0


def _tax_item(tenant: Tenant) -> str:
    version = tenant.options_versions.order_by("-number").first()
    item = (version.document.get("taxes") or {}).get("tax_item") if version is not None else None
    return str(item.get("id") or "") if isinstance(item, dict) else ""


def _forget_older(snapshot: Reconciliation) -> None:
    ended = Reconciliation.objects.for_tenant(snapshot.tenant_id).exclude(state__in=Reconciliation.ACTIVE)
    same = ended.filter(first=snapshot.first, last=snapshot.last, pk__lt=snapshot.pk)
    beyond = ended.order_by("-pk").values("pk")[KEPT : KEPT + 1]
    oldest = Subquery(beyond)
    _delete([*same.values_list("pk", flat=True), *ended.filter(pk__lte=oldest).values_list("pk", flat=True)])


def _delete(ids: Iterable[int]) -> None:
    found: Collection[int] = set(ids)
    ReconciliationLine.objects.filter(reconciliation__in=found).delete()
    Reconciliation.objects.filter(pk__in=found).delete()


def read_to_end(
    snapshot: Reconciliation, open_books: Callable[[Company], Library], sleep: Callable[[float], None]
) -> None:
    """In the foreground, for commands: waits where QuickBooks asks to."""
    while snapshot.is_active:
        try:
            step = advance(snapshot, open_books(snapshot.company), deadline=timezone.now() + timedelta(seconds=30))
        except ClaimLost:
            step = Step(more=True, not_before=timezone.now() + timedelta(seconds=2))
            snapshot.refresh_from_db()
        if step.more and step.not_before:
            sleep(max(0.0, (step.not_before - timezone.now()).total_seconds()))

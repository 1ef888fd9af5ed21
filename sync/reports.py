"""What happened, as sums: store against books for a period, open causes, and the lists that pages and mails show.

What stands in the books is the total that QuickBooks last answered for a record's living document, never our plan. All
sums are made by the database in a constant number of queries, whatever the size of the tenant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.core import get_global
from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Abs, Coalesce, NullIf, TruncDate
from django.utils import timezone

from sync.models import Posting, Record, Run
from sync.models.scoping import TenantQuerySet
from tenants.models import Tenant

SALES = ("Invoice", "SalesReceipt")
CREDITS = ("CreditMemo", "RefundReceipt")
KINDS_OF_DOCUMENTS = (*SALES, *CREDITS, "Payment", "Purchase")
ZERO = Decimal(0)
SIX_PLACES = Decimal("0.000001")
AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=20, decimal_places=6)
COUNTED = (Record.Source.ORDER, Record.Source.REFUND)
GONE_FROM_STORE = ("refund_deleted", "order_gone")
IN_FLIGHT = frozenset({Record.State.QUEUED, Record.State.SENDING, Record.State.WAITING})

_DECIMALS = {code: rule[0] for code, rule in get_global("currency_fractions").items() if code != "DEFAULT"}
NO_CENTS = tuple(code for code, decimals in _DECIMALS.items() if decimals == 0)
MILLS = tuple(code for code, decimals in _DECIMALS.items() if decimals == 3)

CAUSE_DETAILS: Mapping[str, tuple[str, ...]] = {
    "unmapped_tax_rate": ("rate_ids", "rate"),
    "unmapped_gateway": ("gateway",),
    "unmatched_product": ("sku", "name"),
    "ambiguous_sku": ("sku",),
    "inactive_item": ("item_id", "name"),
    "inactive_customer": ("customer_id", "name"),
    "currency_off": ("currency",),
    "not_yet_available": ("what",),
    "closed_period": ("problem", "closed_until"),
    "edited_in_quickbooks": ("number", "order"),
    "document_gone": ("number", "order"),
    "duplicate_number": ("number",),
    "number_too_long": ("problem",),
    "refund_without_sale": ("refund",),
}
"""What makes two records of one reason two causes, by the first detail that is there; all others are one cause."""


def with_subject(records: TenantQuerySet[Record]) -> TenantQuerySet[Any]:
    """Adds `subject`: what a record's cause is about, "" where its reason is one cause for all."""
    subject = Case(
        *[
            When(
                reason=reason,
                then=Coalesce(*[NullIf(KeyTextTransform(name, "details"), Value("")) for name in names], Value("")),
            )
            for reason, names in CAUSE_DETAILS.items()
        ],
        default=Value(""),
        output_field=CharField(),
    )
    return records.annotate(subject=subject)


def last_documents() -> TenantQuerySet[Posting]:
    """For a record as OuterRef: its sale's (a refund's: its credit's) last answered version, newest first."""
    return Posting.objects.filter(
        Q(entity__in=SALES) | Q(entity__in=CREDITS, record__source=Record.Source.REFUND),
        record=OuterRef("pk"),
        state=Posting.State.POSTED,
        operation__in=["create", "update"],
    ).order_by("-pk")


def documents_by_run(tenant: Tenant, runs: Iterable[Run]) -> dict[int, int]:
    """Run -> how many writes of documents QuickBooks confirmed in it. What a run read again and left as it stood is in
    its tally, not here."""
    sent = Posting.objects.for_tenant(tenant).filter(
        run__in=[run.pk for run in runs], state=Posting.State.POSTED, entity__in=KINDS_OF_DOCUMENTS
    )
    return dict(sent.order_by().values_list("run").annotate(Count("pk")))


def _living_document() -> TenantQuerySet[Posting]:
    return Posting.objects.filter(
        record=OuterRef("pk"), state=Posting.State.POSTED, operation="create", entity__in=[*SALES, *CREDITS]
    )


def with_books(records: TenantQuerySet[Record]) -> TenantQuerySet[Any]:
    """Adds `books`: what QuickBooks answered as total of the record's document, None without one."""
    return records.annotate(
        books=Case(
            When(Exists(_living_document()), then=Subquery(last_documents().values("total")[:1])),
            default=None,
            output_field=AMOUNT,
        )
    )


def _with_net(records: TenantQuerySet[Record]) -> TenantQuerySet[Any]:
    """Adds `books` and, for sums, `store_net` and `books_net`.

    A cancelled order is no sale for what its credit memo took back, or for all of it where its invoice was voided: both
    sides lose that amount. What was deleted in the store is nothing there; its document still counts in the books.
    """
    posted = Posting.objects.filter(record=OuterRef("pk"), state=Posting.State.POSTED)
    memo = posted.filter(operation="create", entity__in=CREDITS, record__source=Record.Source.ORDER)
    taken_back = Case(
        When(Exists(posted.filter(operation="void")), then=Coalesce(F("books"), ZERO, output_field=AMOUNT)),
        default=Coalesce(Subquery(memo.order_by("-pk").values("total")[:1]), ZERO, output_field=AMOUNT),
        output_field=AMOUNT,
    )
    in_store = Case(
        When(state=Record.State.ATTENTION, reason__in=GONE_FROM_STORE, then=Value(ZERO)),
        default=F("store_total") - F("taken_back"),
        output_field=AMOUNT,
    )
    return (
        with_books(records)
        .annotate(taken_back=taken_back)
        .annotate(store_net=in_store, books_net=F("books") - F("taken_back"))
    )


def with_documents(records: TenantQuerySet[Record]) -> TenantQuerySet[Any]:
    """Adds `books` and the document's `doc_number`, `doc_entity` and `doc_id` for lists."""
    last = last_documents()
    return with_books(records).annotate(
        doc_number=Subquery(last.values("doc_number")[:1]),
        doc_entity=Subquery(last.values("entity")[:1]),
        doc_id=Subquery(last.values("qbo_id")[:1]),
    )


@dataclass(slots=True)
class Sums:
    """One currency. Every amount is net of refunds; store = books + to_resolve + on_the_way + unexplained.

    to_resolve and on_the_way are store minus books of the records that need attention, or are not through yet;
    `unexplained` is what synced records lack, computed from QuickBooks' answers.
    """

    currency: str
    store: Decimal = ZERO
    books: Decimal = ZERO
    to_resolve: Decimal = ZERO
    on_the_way: Decimal = ZERO
    sales: int = 0
    refunds: int = 0
    documents: int = 0
    open_records: int = 0
    on_the_way_records: int = 0

    @property
    def unexplained(self) -> Decimal:
        return self.store - self.books - self.to_resolve - self.on_the_way

    @property
    def is_exact(self) -> bool:
        return self.store == self.books


@dataclass(slots=True)
class Day:
    """Net sales of one day in the tenant's zone: what stands in the books, and what does not yet."""

    day: date
    books: Decimal = ZERO
    missing: Decimal = ZERO
    records: int = 0

    @property
    def store(self) -> Decimal:
        return self.books + self.missing


@dataclass(slots=True)
class Period:
    """`states` counts orders and refunds by state and adds up to `seen`; `exact` of `booked` synced ones agree."""

    since: date
    until: date
    currencies: list[Sums] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    exact: int = 0

    @property
    def seen(self) -> int:
        return sum(self.states.values())

    @property
    def main(self) -> Sums | None:
        return self.currencies[0] if self.currencies else None

    @property
    def in_flight(self) -> int:
        return self.states.get(Record.State.QUEUED, 0) + self.states.get(Record.State.SENDING, 0)

    @property
    def synced(self) -> int:
        return self.states.get(Record.State.SYNCED, 0)


def period_of(tenant: Tenant, *, days: int, now: datetime) -> Period:
    """The last `days` days up to today in the tenant's zone. One query; the chart is of the main currency."""
    today = timezone.localtime(now, tenant.zone).date()
    since = today - timedelta(days=days - 1)
    period = Period(since, today, days=[Day(since + timedelta(days=n)) for n in range(days)])
    rows = _by_day(tenant, since)
    sums: dict[str, Sums] = {}
    for row in rows:
        _add_to_sums(sums.setdefault(row["currency"], Sums(row["currency"])), row)
        period.states[row["state"]] = period.states.get(row["state"], 0) + row["records"]
        period.exact += row["exact"]
    home = (tenant.company.facts or {}).get("home_currency", "") if tenant.company else ""
    period.currencies = sorted(
        sums.values(), key=lambda one: (one.currency != home, -(one.sales + one.refunds), one.currency)
    )
    if period.main is not None:
        _add_to_days(period, [row for row in rows if row["currency"] == period.main.currency])
    return period


def sums_by_tenant(tenants: Collection[Tenant], *, since: datetime) -> dict[int, list[Sums]]:
    """Each tenant's sums since a moment, most used currency first; one query for all of them."""
    records = Record.objects.filter(tenant__in=tenants, source__in=COUNTED, ordered_at__gte=since)
    found: dict[int, dict[str, Sums]] = defaultdict(dict)
    for row in _summed(_with_net(records), "tenant", "currency", "source", "state"):
        _add_to_sums(found[row["tenant"]].setdefault(row["currency"], Sums(row["currency"])), row)
    return {
        tenant: sorted(by_currency.values(), key=lambda one: (-(one.sales + one.refunds), one.currency))
        for tenant, by_currency in found.items()
    }


def sums_of(records: TenantQuerySet[Record]) -> list[Sums]:
    """Of these orders and refunds, most used currency first; one query."""
    sums: dict[str, Sums] = {}
    for row in _summed(_with_net(records.filter(source__in=COUNTED)), "currency", "source", "state"):
        _add_to_sums(sums.setdefault(row["currency"], Sums(row["currency"])), row)
    return sorted(sums.values(), key=lambda one: (-(one.sales + one.refunds), one.currency))


def _by_day(tenant: Tenant, since: date) -> list[Mapping[str, Any]]:
    start = datetime.combine(since, time.min, tzinfo=tenant.zone)
    records = Record.objects.for_tenant(tenant).filter(source__in=COUNTED, ordered_at__gte=start)
    by_day = _with_net(records).annotate(day=TruncDate("ordered_at", tzinfo=tenant.zone))
    return _summed(by_day, "day", "currency", "source", "state")


def _summed(records: TenantQuerySet[Any], *groups: str) -> list[Mapping[str, Any]]:
    """`exact` counts synced records whose document is less than half of the smallest unit away from the store."""
    half_unit = Case(
        When(currency__in=NO_CENTS, then=Value(Decimal("0.5"))),
        When(currency__in=MILLS, then=Value(Decimal("0.0005"))),
        default=Value(Decimal("0.005")),
        output_field=AMOUNT,
    )
    rows = (
        records.annotate(distance=Abs(F("store_total") - F("books"), output_field=AMOUNT))
        .order_by()
        .values(*groups)
        .annotate(
            records=Count("pk"),
            store_sum=Coalesce(Sum("store_net"), ZERO, output_field=AMOUNT),
            books_sum=Coalesce(Sum("books_net"), ZERO, output_field=AMOUNT),
            documents=Count("books"),
            exact=Count("pk", filter=Q(state=Record.State.SYNCED, distance__lt=half_unit)),
        )
    )
    return [{**row, "store_sum": _exact(row["store_sum"]), "books_sum": _exact(row["books_sum"])} for row in rows]


def _exact(amount: Decimal) -> Decimal:
    """SQLite adds in binary; at most 15 digits are right, so the rest is cut off at the store's six places."""
    return amount.quantize(SIX_PLACES, ROUND_HALF_UP)


def _add_to_sums(sums: Sums, row: Mapping[str, Any]) -> None:
    """Skipped records are no sales for the books: they are counted, not summed."""
    if row["state"] == Record.State.SKIPPED:
        return
    is_refund = row["source"] == Record.Source.REFUND
    sign = -1 if is_refund else 1
    store, books = sign * row["store_sum"], sign * row["books_sum"]
    sums.store += store
    sums.books += books
    sums.documents += row["documents"]
    sums.refunds += row["records"] if is_refund else 0
    sums.sales += 0 if is_refund else row["records"]
    if row["state"] == Record.State.ATTENTION:
        sums.to_resolve += store - books
        sums.open_records += row["records"]
    elif row["state"] in IN_FLIGHT:
        sums.on_the_way += store - books
        sums.on_the_way_records += row["records"]


def _add_to_days(period: Period, rows: Iterable[Mapping[str, Any]]) -> None:
    by_day = {day.day: day for day in period.days}
    for row in rows:
        day = by_day.get(row["day"])
        if day is None or row["state"] == Record.State.SKIPPED:
            continue
        sign = -1 if row["source"] == Record.Source.REFUND else 1
        day.books += sign * row["books_sum"]
        day.missing += sign * (row["store_sum"] - row["books_sum"])
        day.records += row["records"]


@dataclass(slots=True)
class Cause:
    """Records held for one cause; `amounts` by currency is their store minus books. `sample` is the newest record."""

    reason: str
    subject: str
    records: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    sample_id: int = 0
    sample: Record | None = None
    raw: Mapping[str, Any] | None = None
    """The order behind the sample as the store gave it, where it was asked for (`with_orders`)."""

    @property
    def weight(self) -> Decimal:
        return max((abs(amount) for amount in self.amounts.values()), default=ZERO)


def open_causes(tenant: Tenant) -> list[Cause]:
    """What waits for a decision, largest amount first. Two queries, however many records or causes there are."""
    rows = (
        with_books(with_subject(Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION)))
        .order_by()
        .values("reason", "subject", "currency")
        .annotate(
            records=Count("pk"),
            store_sum=Coalesce(Sum("store_total"), ZERO, output_field=AMOUNT),
            books_sum=Coalesce(Sum("books"), ZERO, output_field=AMOUNT),
            newest=Max("pk"),
        )
    )
    causes: dict[tuple[str, str], Cause] = {}
    for row in rows:
        cause = causes.setdefault((row["reason"], row["subject"]), Cause(row["reason"], row["subject"]))
        cause.records += row["records"]
        cause.amounts[row["currency"]] = _exact(row["store_sum"]) - _exact(row["books_sum"])
        cause.sample_id = max(cause.sample_id, row["newest"])
    samples = Record.objects.for_tenant(tenant).defer("raw").in_bulk([cause.sample_id for cause in causes.values()])
    for cause in causes.values():
        cause.sample = samples.get(cause.sample_id)
    return sorted(causes.values(), key=lambda cause: (-cause.weight, -cause.records, cause.reason))


def records_of_cause(tenant: Tenant, reason: str, subject: str) -> TenantQuerySet[Record]:
    """The held records behind one cause, newest first."""
    records = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION, reason=reason)
    return with_subject(records).filter(subject=subject).order_by("-ordered_at", "-pk")


def with_orders(tenant: Tenant, causes: Collection[Cause]) -> None:
    """Fills in the order behind each cause's newest record, in one query."""
    ids = {cause.sample.parent_id or cause.sample.pk for cause in causes if cause.sample is not None}
    raws = dict(Record.objects.for_tenant(tenant).filter(pk__in=ids).values_list("pk", "raw"))
    for cause in causes:
        if cause.sample is not None:
            cause.raw = raws.get(cause.sample.parent_id or cause.sample.pk) or None


def find_cause(tenant: Tenant, reason: str, subject: str) -> Cause | None:
    """One open cause with its newest record and its order, without its amounts; None once nothing is held for it."""
    records = records_of_cause(tenant, reason, subject)
    sample = records.defer("raw").order_by("-pk").first() if reason else None
    if sample is None:
        return None
    cause = Cause(reason, subject, records=records.count(), sample_id=sample.pk, sample=sample)
    with_orders(tenant, [cause])
    return cause


def latest_run(tenant: Tenant) -> Run | None:
    """Of the runs that bring orders over; looking for what is in the books already says nothing about those."""
    return Run.objects.for_tenant(tenant).exclude(trigger__in=Run.ASIDE).select_related("requested_by").first()


def open_counts(tenant_ids: Collection[int]) -> dict[int, int]:
    """How many records of each tenant need attention."""
    rows = (
        Record.objects.filter(tenant__in=tenant_ids, state=Record.State.ATTENTION)
        .order_by()
        .values("tenant")
        .annotate(records=Count("pk"))
    )
    return {row["tenant"]: row["records"] for row in rows}

"""What a report says, as figures: frozen when the report is made, so that every reader sees the same numbers.

Amounts are texts of exact decimals, moments ISO texts in UTC; nothing in it is in any language. A figures document:
  kind, workspace, country, time_zone, since, until
  sums      per currency: the proof of the sales of the period (of a run: of its records); see `reports.Sums`
  month     unexplained difference of the month so far, per currency; not in reports of a run
  posted    per document type and currency: how many were made in the period, total and tax as QuickBooks answered
  updated   how many older documents were written again in the period
  items     made, changed: items of products, as QuickBooks confirmed them in the period
  stock     sent, refused: quantities of the period; asks: the pass that waits for a decision, None where none does
  causes    open causes, largest first, each with its newest numbers (products: names); `new`: how many of its records
            came up in it
  open      how many records need attention in all, by source
  skipped   per reason and source: how many in the period, the newest of them
  waiting   how many wait for payment or for their sale; waiting_refunds: of them
  gateways  payment methods that came up in the store and that no report told of yet: key and title
  trouble   why the last run could not finish, "" when it did
  next_at   when the next run starts by itself, null when none does
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, DateTimeField, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from connector.accounting.keys import ITEM_PREFIX
from connector.accounting.stock import WRITTEN, Outcome
from sync.engine.stock import WAITING
from sync.models import Mapping as SeenInStore
from sync.models import Posting, Record, Run, StockLine, StockPass
from sync.models.scoping import TenantQuerySet
from sync.reports import (
    AMOUNT,
    COUNTED,
    CREDITS,
    KINDS_OF_DOCUMENTS,
    SALES,
    ZERO,
    Cause,
    Sums,
    latest_run,
    open_causes,
    records_of_cause,
    sums_of,
)
from tenants.models import Tenant

MOST_CAUSES = 8
MOST_NUMBERS = 5
LOOKED_AT_FOR = timedelta(hours=1)
"""Whoever asked for a preview of the stock is looking at it; later it was forgotten."""


def figures_of_period(tenant: Tenant, kind: str, since: datetime, until: datetime) -> dict[str, Any]:
    """since <= moment < until; a record that is held since then is new."""
    sales = Record.objects.for_tenant(tenant).filter(ordered_at__gte=since, ordered_at__lt=until)
    skipped = Record.objects.for_tenant(tenant).filter(
        state=Record.State.SKIPPED, state_since__gte=since, state_since__lt=until
    )
    answered = Posting.objects.for_tenant(tenant).filter(answered_at__gte=since, answered_at__lt=until)
    figures = _common(tenant, kind, since, until, new=Q(state_since__gte=since))
    last_day = (until - timedelta(microseconds=1)).astimezone(tenant.zone)
    month = last_day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    to_date = Record.objects.for_tenant(tenant).filter(ordered_at__gte=month, ordered_at__lt=until)
    return {
        **figures,
        "sums": [_sums(one) for one in sums_of(sales)],
        "month": [{"currency": one.currency, "unexplained": str(one.unexplained)} for one in sums_of(to_date)],
        **_documents(answered),
        "items": _items(answered),
        "stock": _stock(tenant, since, until),
        "skipped": _skipped(skipped),
    }


def figures_of_run(run: Run) -> dict[str, Any]:
    """Of what this run did; a record that a later run looked at again is told of there."""
    tenant = run.tenant
    since = run.started_at or run.created_at
    until = run.finished_at or since
    records = Record.objects.for_tenant(tenant).filter(run=run)
    answered = Posting.objects.for_tenant(tenant).filter(run=run)
    return {
        **_common(tenant, "run", since, until, new=Q(run=run)),
        "sums": [_sums(one) for one in sums_of(records)],
        "month": [],
        **_documents(answered),
        "items": _items(answered),
        "stock": _stock(tenant, since, until),
        "skipped": _skipped(records.filter(state=Record.State.SKIPPED)),
        "trouble": run.error_reason if run.state in (Run.State.FAILED, Run.State.PAUSED) else "",
    }


def figures_of_problems(tenant: Tenant, since: datetime, now: datetime, new: Q) -> dict[str, Any]:
    """The causes that `new`, a condition on held records, finds; nothing of what went well."""
    nothing: dict[str, Any] = {"sums": [], "month": [], "posted": [], "updated": 0, "skipped": []}
    asks = untold_questions(now).filter(tenant=tenant).first()
    return {
        **_common(tenant, "problems", since, now, new=new, only_new=True),
        **nothing,
        "items": {"made": 0, "changed": 0},
        "stock": {"sent": 0, "refused": 0, "asks": _question(asks)},
    }


def _common(
    tenant: Tenant, kind: str, since: datetime, until: datetime, *, new: Q, only_new: bool = False
) -> dict[str, Any]:
    held = Record.objects.for_tenant(tenant).filter(state=Record.State.ATTENTION)
    sources = held.order_by().values("source").annotate(records=Count("pk"))
    causes = open_causes(tenant)
    if only_new:
        causes = [one for one in causes if records_of_cause(tenant, one.reason, one.subject).filter(new).exists()]
    run = latest_run(tenant)
    stuck = run is not None and run.state in (Run.State.FAILED, Run.State.PAUSED)
    starts = tenant.automatic_sync and not tenant.is_paused and tenant.is_connected
    waiting = Record.objects.for_tenant(tenant).filter(state=Record.State.WAITING, source__in=COUNTED)
    return {
        "kind": kind,
        "workspace": tenant.name,
        "country": str((tenant.company.facts or {}).get("country", "")) if tenant.company else "",
        "time_zone": tenant.time_zone,
        "statuses": (tenant.store_facts or {}).get("statuses", {}),
        "since": since.isoformat(),
        "until": until.isoformat(),
        "causes": [_cause(tenant, cause, new) for cause in causes[:MOST_CAUSES]],
        "more_causes": max(0, len(causes) - MOST_CAUSES),
        "open": {row["source"]: row["records"] for row in sources},
        "new": held.filter(new).count(),
        "waiting": waiting.count(),
        "waiting_refunds": waiting.filter(source=Record.Source.REFUND).count(),
        "gateways": [{"key": one.store_key, "title": one.label or one.store_key} for one in untold_gateways(tenant)],
        "trouble": run.error_reason if run is not None and stuck else "",
        "next_at": tenant.next_run_at.isoformat() if starts and tenant.next_run_at else None,
    }


def untold_gateways(tenant: Tenant) -> TenantQuerySet[SeenInStore]:
    """Payment methods that came up in the store after its first sync, for the reports to tell of, once."""
    return untold_news().filter(tenant=tenant).order_by("first_seen_at", "pk")


def untold_news() -> TenantQuerySet[SeenInStore]:
    """Of all tenants."""
    return SeenInStore.objects.filter(kind=SeenInStore.Kind.GATEWAY, is_news=True, told_at__isnull=True)


def untold_questions(now: datetime) -> TenantQuerySet[StockPass]:
    """Passes of all tenants that wait for a decision and that no report told of; a preview once it was left alone."""
    is_old = Q(state=StockPass.State.STOPPED) | Q(counted_at__lte=now - LOOKED_AT_FOR)
    return StockPass.objects.filter(is_old, state__in=WAITING, told_at__isnull=True, company=F("tenant__company"))


def note_told(tenant: Tenant, figures: Mapping[str, Any], now: datetime) -> None:
    """What these figures tell of once is told from now on."""
    told = [one["key"] for one in figures["gateways"]]
    untold_gateways(tenant).filter(store_key__in=told).update(told_at=now)
    asks = figures["stock"]["asks"]
    if asks is not None:
        StockPass.objects.for_tenant(tenant).filter(pk=asks["pass"], told_at__isnull=True).update(told_at=now)


def _items(answered: TenantQuerySet[Posting]) -> dict[str, int]:
    """Items of products; those that the settings name are no products."""
    of_products = answered.filter(
        entity="Item", key__startswith=ITEM_PREFIX, state=Posting.State.POSTED, is_linked=False
    )
    made = set(of_products.filter(operation="create").values_list("qbo_id", flat=True))
    changed = set(of_products.filter(operation="update").values_list("qbo_id", flat=True))
    return {"made": len(made), "changed": len(changed - made)}


def _stock(tenant: Tenant, since: datetime, until: datetime) -> dict[str, Any]:
    lines = StockLine.objects.for_tenant(tenant)
    waiting = StockPass.objects.for_tenant(tenant).filter(state__in=WAITING, company=tenant.company_id)
    return {
        "sent": lines.filter(outcome__in=WRITTEN, sent_at__gte=since, sent_at__lt=until).count(),
        "refused": lines.filter(
            outcome=Outcome.FAILED, stock_pass__ended_at__gte=since, stock_pass__ended_at__lt=until
        ).count(),
        "asks": _question(waiting.first()),
    }


def _question(one: StockPass | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"pass": one.pk, "kind": one.kind, "zeros": one.counts.get(Outcome.TO_ZERO, 0)}


def _cause(tenant: Tenant, cause: Cause, new: Q) -> dict[str, Any]:
    records = records_of_cause(tenant, cause.reason, cause.subject)
    sample = cause.sample
    return {
        "reason": cause.reason,
        "subject": cause.subject,
        "records": cause.records,
        "new": records.filter(new).count(),
        "amounts": {currency: str(amount) for currency, amount in sorted(cause.amounts.items())},
        **_newest(records),
        "sample": cause.sample_id,
        "source": sample.source if sample is not None else Record.Source.ORDER,
        "currency": sample.currency if sample is not None else "",
        "details": sample.details if sample is not None else {},
    }


def _newest(records: TenantQuerySet[Record]) -> dict[str, list[str]]:
    """Who the newest of them are: orders and refunds by their numbers, products by their names."""
    newest = records.order_by("-ordered_at", "-pk").values_list("source", "number", "buyer", "woo_id")[:MOST_NUMBERS]
    found: dict[str, list[str]] = {"numbers": [], "names": []}
    for source, number, name, woo_id in newest:
        is_product = source == Record.Source.PRODUCT
        found["names" if is_product else "numbers"].append((is_product and name) or number or str(woo_id))
    return found


def _sums(one: Sums) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "store": str(one.store),
        "books": str(one.books),
        "to_resolve": str(one.to_resolve),
        "on_the_way": str(one.on_the_way),
        "unexplained": str(one.unexplained),
        "sales": one.sales,
        "refunds": one.refunds,
        "documents": one.documents,
        "open_records": one.open_records,
        "on_the_way_records": one.on_the_way_records,
    }


def _documents(answered: TenantQuerySet[Posting]) -> dict[str, Any]:
    """New documents with the totals that QuickBooks answered last, and how many older ones were written again."""
    posted = answered.filter(state=Posting.State.POSTED, record__isnull=False)
    last = Posting.objects.filter(
        record=OuterRef("record"),
        entity=OuterRef("entity"),
        qbo_id=OuterRef("qbo_id"),
        state=Posting.State.POSTED,
        operation__in=["create", "update"],
    ).order_by("-pk")
    rows = (
        posted.filter(operation="create", is_linked=False, entity__in=KINDS_OF_DOCUMENTS)
        .annotate(last_total=Subquery(last.values("total")[:1]), last_tax=Subquery(last.values("tax")[:1]))
        .order_by()
        .values("entity", currency=F("record__currency"))
        .annotate(
            count=Count("pk"),
            total_sum=Coalesce(Sum("last_total"), ZERO, output_field=AMOUNT),
            tax_sum=Coalesce(Sum("last_tax"), ZERO, output_field=AMOUNT),
        )
    )
    made = Posting.objects.filter(
        record=OuterRef("record"), entity=OuterRef("entity"), qbo_id=OuterRef("qbo_id"), operation="create"
    ).order_by("-pk")
    first = answered.order_by("answered_at").values_list("answered_at", flat=True).first()
    updated = (
        posted.filter(operation="update", entity__in=KINDS_OF_DOCUMENTS)
        .annotate(made_at=Subquery(made.values("answered_at")[:1], output_field=DateTimeField()))
        .filter(made_at__lt=first)
        .values("entity", "qbo_id")
        .distinct()
        .count()
        if first is not None
        else 0
    )
    return {"posted": _in_order(rows), "updated": updated}


def _in_order(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    def place(row: Mapping[str, Any]) -> tuple[str, int]:
        return row["currency"], KINDS_OF_DOCUMENTS.index(row["entity"])

    return [
        {
            "entity": row["entity"],
            "currency": row["currency"],
            "count": row["count"],
            "total": _signed(row["entity"], row["total_sum"]),
            "tax": _signed(row["entity"], row["tax_sum"]),
        }
        for row in sorted(rows, key=place)
    ]


def _signed(entity: str, amount: Decimal) -> str:
    """What gives money back lowers the sum. SQLite adds in binary: what is beyond five places is noise."""
    exact = amount.quantize(Decimal("0.00001"), ROUND_HALF_UP)
    return str(-exact if entity in CREDITS and exact else exact)


def _skipped(records: TenantQuerySet[Record]) -> list[dict[str, Any]]:
    groups = records.order_by().values("reason", "source").annotate(records=Count("pk"))
    found = []
    for row in groups.order_by("-records", "reason", "source"):
        of_reason = records.filter(reason=row["reason"], source=row["source"]).order_by("-ordered_at", "-pk")
        newest = of_reason.only("details").first()
        found.append(
            {
                "reason": row["reason"],
                "records": row["records"],
                **_newest(of_reason),
                "details": newest.details if newest is not None else {},
                "source": row["source"],
            }
        )
    return found


def open_total(figures: dict[str, Any]) -> int:
    return sum(figures["open"].values())


def documents_total(posted: Sequence[dict[str, Any]], kinds: Collection[str] = (*SALES, *CREDITS)) -> int:
    """How many documents of these kinds; payments and fees are counted apart, for they belong to a sale."""
    return sum(row["count"] for row in posted if row["entity"] in kinds)

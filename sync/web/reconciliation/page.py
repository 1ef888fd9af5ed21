"""What the page shows of a snapshot, ready to print: verdict, proof, measures, days, findings, accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector.accounting.money import ZERO
from sync.models import Reconciliation, ReconciliationLine, Record
from sync.reconciliation import export, reading
from sync.reconciliation.documents import KEPT
from sync.reconciliation.periods import DAY, MONTH, Period
from sync.reconciliation.sums import (
    DOCUMENTS,
    FEES,
    OPEN,
    ORDERS,
    PAYMENTS,
    REFUNDS,
    REFUNDS_TAX,
    RETURNS,
    SALES_TAX,
    SALES_TOTAL,
    Measure,
    Sums,
    Tallies,
)
from sync.reconciliation.words import CHANGES, ENTITIES, FINDINGS
from sync.reports import Day
from sync.templatetags.formats import count, full_moment, money, month_and_year, short_date, to_currency
from sync.web.chart import Chart, draw
from sync.web.labels import Badge, quickbooks_link, record_badge
from sync.web.proof import Part, Proof
from sync.web.reasons import fill, order_label, short_of
from sync.web.reconciliation.choice import Choice, period_title
from sync.web.statuses import status_name
from tenants.models import Tenant

STALE_AFTER = timedelta(hours=24)
REASONS_SHOWN = 6
CHART_LABELS, PHONE_LABELS, PHONE_BARS = 6, 4, 16
Look = tuple[str, str]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """`why` explains a difference; `look` is sub for a part of the row above, sum for a total."""

    name: str
    measure: Measure
    look: str = ""
    why: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class BucketRow:
    name: str
    url: str
    sums: Sums

    @property
    def state(self) -> str:
        """equal, explained or apart."""
        return "equal" if self.sums.agrees else "explained" if self.sums.is_explained else "apart"


@dataclass(frozen=True, slots=True)
class LineRow:
    """One document or order. `difference` as it moves net sales."""

    line: ReconciliationLine
    label: str
    document: str
    title: str
    cure: str
    note: str
    badge: Badge | None
    link: str
    difference: Decimal
    agrees: bool


@dataclass(frozen=True, slots=True)
class SkippedRow:
    text: str
    number: int
    query: str


@dataclass(frozen=True, slots=True)
class Tab:
    currency: str
    query: str
    difference: Decimal
    is_current: bool


def about(snapshot: Reconciliation, choice: Choice, tenant: Tenant) -> dict[str, Any]:
    """Everything of the page that needs a snapshot; its queries do not grow with the number of documents."""
    every = export.sums_of(snapshot, choice.period)
    sums = next((one for one in every if one.currency == choice.currency), every[0] if every else Sums(choice.currency))
    tallies = Tallies(snapshot.tallies)
    buckets = [
        BucketRow(
            _bucket_name(bucket, choice.by),
            _documents_url(snapshot, tenant, bucket, sums.currency),
            tallies.sums(sums.currency, bucket),
        )
        for bucket in choice.period.buckets(choice.by)
    ]
    shown = [row for row in buckets if not row.sums.is_empty]
    title, lede = verdict(snapshot, choice.period)
    return {
        "sums": sums,
        "currency": sums.currency,
        "title": title,
        "lede": lede,
        "tabs": [
            Tab(one.currency, choice.query(currency=one.currency), one.net.difference, one.currency == sums.currency)
            for one in every
        ],
        "proof": prove(sums),
        "measures": measures(sums, snapshot, choice.period, tenant),
        "buckets": shown,
        "charts": _charts(choice, buckets),
        "chart_total": money(sums.net.books, sums.currency),
        "chart_gap": money(sums.net.difference, sums.currency),
        "accounts": sorted(sums.accounts.values(), key=lambda one: one.name),
        "skipped": skipped(tenant, choice.period),
        "sent_since": reading.sent_since(snapshot),
        "is_old": (snapshot.finished_at or snapshot.created_at) < timezone.now() - STALE_AFTER,
        "is_wider": (snapshot.first, snapshot.last) != (choice.period.first, choice.period.last),
    }


def verdict(snapshot: Reconciliation, period: Period) -> tuple[str, str]:
    """Does it add up? One sentence, and one about what is left."""
    every, agree, explained = export.days_that_agree(snapshot, period)
    if not every:
        return _("No sale and no refund in this period."), ""
    title = ngettext(
        "%(agree)s of %(all)s day agrees to the cent.", "%(agree)s of %(all)s days agree to the cent.", every
    ) % {"agree": count(agree), "all": count(every)}
    left = every - agree - explained
    if left:
        text = ngettext(
            "%(count)s day has a difference that nothing explains yet. See what was found below.",
            "%(count)s days have differences that nothing explains yet. See what was found below.",
            left,
        )
        return title, text % {"count": count(left)}
    if explained:
        text = ngettext(
            "%(count)s day differs only by orders that are on their way, wait for their payment or need your decision.",
            "%(count)s days differ only by orders that are on their way, wait for their payment or need your decision.",
            explained,
        )
        return title, text % {"count": count(explained)}
    return title, _("Sales, tax, refunds and payments are the same in your store and in QuickBooks.")


def prove(sums: Sums) -> Proof:
    """Store = QuickBooks + explained; whatever is left is unexplained and said so."""
    currency, net = sums.currency, sums.net
    gap = to_currency(net.unexplained, currency)
    parts = [
        Part("", "store", _("Store, net of refunds"), money(net.store, currency), _sold(sums)),
        Part("≠" if gap else "=", "book-open-check", _("QuickBooks now"), money(net.books, currency), _documents(sums)),
    ]
    if net.explained:
        waiting = ngettext("%(count)s record", "%(count)s records", sums.count(OPEN)) % {
            "count": count(sums.count(OPEN))
        }
        parts.append(Part("+", "hourglass", _("Not sent yet"), money(net.explained, currency), waiting))
    unexplained = fill(_("Unexplained difference: %(amount)s"), {"amount": money(gap, currency)})
    if gap or not sums.is_explained:
        apart = fill(_("%(amount)s apart"), {"amount": money(abs(gap), currency)})
        note = unexplained if gap else _("Net sales agree, but not every measure below.")
        return Proof("warn", "equal-not", apart if gap else _("Not everything agrees"), note, parts)
    return Proof(
        "ok", "circle-check", _("It adds up") if sums.agrees else _("Everything is explained"), unexplained, parts
    )


def measures(sums: Sums, snapshot: Reconciliation, period: Period, tenant: Tenant) -> list[MeasureRow]:
    def row(name: str, measure: Measure, look: str = "", kind: str = "") -> MeasureRow:
        url = _documents_url(snapshot, tenant, period, sums.currency, kind=kind, only="differs") if kind else ""
        return MeasureRow(name, measure, look, _why(measure), url if not measure.agrees else "")

    rows = [row(_("Sales, tax included"), sums[SALES_TOTAL], kind="sale")]
    if sums[SALES_TAX].store or sums[SALES_TAX].books:
        rows.append(row(_("of which tax"), sums[SALES_TAX], "sub"))
    rows.append(row(_("Refunds"), sums[REFUNDS], kind="refund"))
    if sums[REFUNDS_TAX].store or sums[REFUNDS_TAX].books:
        rows.append(row(_("of which tax on refunds"), sums[REFUNDS_TAX], "sub"))
    rows.append(row(_("Net sales"), sums.net, "sum"))
    names = _rate_names(tenant)
    for rate, measure in sorted(sums.rates.items(), key=lambda one: names.get(one[0], one[0])):
        title = fill(_("Tax: %(rate)s"), {"rate": names.get(rate, rate)})
        rows.append(row(title, measure, "sub"))
    rows.append(row(_("Payments received"), sums[PAYMENTS], kind="payment"))
    if sums[FEES].store or sums[FEES].books:
        rows.append(row(_("Gateway fees"), sums[FEES], kind="fee"))
    return rows


def skipped(tenant: Tenant, period: Period) -> list[SkippedRow]:
    """What was left out on purpose, by reason."""
    groups = reading.skipped_of(tenant, period).order_by().values("reason").annotate(number=Count("pk"))
    days = {"since": period.first.isoformat(), "until": period.last.isoformat()}
    return [
        SkippedRow(
            _reason(group["reason"]),
            group["number"],
            urlencode({"state": Record.State.SKIPPED, "reason": group["reason"], **days}),
        )
        for group in sorted(groups, key=lambda group: -group["number"])[:REASONS_SHOWN]
    ]


def rows_of(lines: Iterable[ReconciliationLine]) -> list[LineRow]:
    return [_line(line) for line in lines]


def _line(line: ReconciliationLine) -> LineRow:
    found = FINDINGS.get(line.finding)
    entity = str(ENTITIES.get(line.entity, line.entity))
    source = line.record.source if line.record is not None else Record.Source.ORDER
    # What its record says now, which may be more than it said when the period was read.
    state = line.record.state if line.record is not None else ""
    reason = line.record.reason if line.record is not None else ""
    return LineRow(
        line=line,
        label=order_label(line.order_number) if line.order_number else "—",
        document=f"{entity} {line.doc_number or line.qbo_id}".strip(),
        title=str(found.title) if found is not None else _("Agrees"),
        cure=str(found.cure) if found is not None else "",
        note=_note(line, reason),
        badge=record_badge(state, source) if state and not line.qbo_id else None,
        link=quickbooks_link(line.entity, line.qbo_id) if line.books_total is not None else "",
        difference=export.difference_of(line),
        agrees=(line.store_total or ZERO) == (line.books_total or ZERO) and line.store_day == line.books_day,
    )


def _note(line: ReconciliationLine, reason: str) -> str:
    """What exactly is different, else why it is not there."""
    if line.finding == ReconciliationLine.Finding.REDATED:
        days = {"before": short_date(line.store_day), "now": short_date(line.books_day)}
        return fill(_("%(before)s → %(now)s"), days)
    if line.finding == ReconciliationLine.Finding.OTHER_ACCOUNT:
        return fill(_("%(before)s → %(now)s"), {"before": line.account_name, "now": line.books_account_name})
    if line.changes:
        changed = ", ".join(str(CHANGES[one]) for one in line.changes)
        return fill(_("Changed: %(fields)s"), {"fields": changed})
    return _reason(reason) if line.finding == ReconciliationLine.Finding.NOT_SENT or reason == KEPT else ""


def in_words(line: ReconciliationLine) -> tuple[str, str]:
    """State and reason of a line, for the files that people open."""
    if not line.state:
        return "", _reason(line.reason)
    source = Record.Source.REFUND if line.kind == ReconciliationLine.Kind.REFUND else Record.Source.ORDER
    return str(record_badge(line.state, source).word), _reason(line.reason)


def _reason(reason: str) -> str:
    base, _colon, suffix = reason.partition(":")
    if base == "status":
        return fill(_("Status: %(status)s"), {"status": status_name(suffix)})
    return short_of(reason, {})


def _why(measure: Measure) -> str:
    if measure.agrees:
        return ""
    if not measure.unexplained:
        return _("not sent yet")
    return _("see what was found") if not measure.explained else _("partly not sent yet; see what was found")


def _sold(sums: Sums) -> str:
    sales = ngettext("%(count)s sale", "%(count)s sales", sums.count(ORDERS)) % {"count": count(sums.count(ORDERS))}
    if not sums.count(RETURNS):
        return sales
    refunds = ngettext("%(count)s refund", "%(count)s refunds", sums.count(RETURNS))
    return fill(
        _("%(sales)s, %(refunds)s"), {"sales": sales, "refunds": refunds % {"count": count(sums.count(RETURNS))}}
    )


def _documents(sums: Sums) -> str:
    number = sums.count(DOCUMENTS)
    return ngettext("%(count)s document", "%(count)s documents", number) % {"count": count(number)}


def _charts(choice: Choice, buckets: Sequence[BucketRow]) -> list[Chart]:
    """Net sales of each bucket that stand in QuickBooks, and what of the store's does not."""
    days = [
        Day(bucket.first, row.sums.net.books, row.sums.net.difference)
        for bucket, row in zip(choice.period.buckets(choice.by), buckets, strict=True)
    ]
    short = days[-PHONE_BARS:]
    return [
        draw(days, name="wide", width=620, label_every=max(1, -(-len(days) // CHART_LABELS))),
        draw(short, name="short", width=340, label_every=max(1, -(-len(short) // PHONE_LABELS))),
    ]


def _bucket_name(bucket: Period, by: str) -> str:
    if by == DAY:
        return short_date(bucket.first)
    if by == MONTH and bucket.is_month:
        return month_and_year(bucket.first)
    return fill(_("%(start)s to %(end)s"), {"start": short_date(bucket.first), "end": short_date(bucket.last)})


def _documents_url(
    snapshot: Reconciliation, tenant: Tenant, period: Period, currency: str, *, kind: str = "", only: str = ""
) -> str:
    parts = {"since": period.first, "until": period.last, "currency": currency, "kind": kind, "only": only}
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"{reverse('reconciliation_documents', args=[tenant.slug, snapshot.pk])}?{query}"


def _rate_names(tenant: Tenant) -> Mapping[str, str]:
    facts = (tenant.company.facts or {}) if tenant.company else {}
    codes = [*facts.get("tax_codes", []), *facts.get("inactive_tax_codes", [])]
    return {str(rate["id"]): str(rate["name"]) for code in codes for rate in code.get("rates", [])}


@dataclass(frozen=True, slots=True)
class LastComparison:
    """What the overview says of the newest comparison. differences: unexplained, by currency; none when it adds up."""

    title: str
    verdict: str
    snapshot: Reconciliation
    query: str
    differences: list[tuple[str, Decimal]]
    findings: int


def last_comparison(tenant: Tenant) -> LastComparison | None:
    """None while nothing was ever compared. Three queries."""
    ready = Reconciliation.objects.for_tenant(tenant).filter(state=Reconciliation.State.READY)
    snapshot = ready.order_by("-finished_at", "-pk").first()
    if snapshot is None:
        return None
    period = Period(snapshot.first, snapshot.last)
    sums = export.sums_of(snapshot)
    return LastComparison(
        title=period_title(period),
        verdict=verdict(snapshot, period)[0],
        snapshot=snapshot,
        query=urlencode({"since": period.first, "until": period.last}),
        differences=[(one.currency, one.net.unexplained) for one in sums if one.net.unexplained],
        findings=export.findings_of(snapshot, tenant).count(),
    )


def read_at(snapshot: Reconciliation) -> str:
    """When and at what price it was read."""
    text = ngettext(
        "Read from QuickBooks on %(moment)s with %(count)s metered read.",
        "Read from QuickBooks on %(moment)s with %(count)s metered reads.",
        snapshot.reads,
    )
    return text % {"moment": full_moment(snapshot.finished_at), "count": count(snapshot.reads)}

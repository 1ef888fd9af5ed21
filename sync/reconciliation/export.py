"""A snapshot in forms that leave the service: what the command prints, rows of documents and gaps for CSV and XLSX."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.money import ZERO, currency_decimals
from sync.models import Reconciliation, ReconciliationLine, Record
from sync.models.scoping import TenantQuerySet
from sync.reconciliation.periods import DAY, Period
from sync.reconciliation.sums import DOCUMENTS, FEES, ORDERS, PAYMENTS, RETURNS, Measure, Sums, Tallies
from tenants.models import Tenant

Finding = ReconciliationLine.Finding


def sums_of(snapshot: Reconciliation, period: Period | None = None) -> list[Sums]:
    """Of each currency, those with documents first by their number."""
    tallies = Tallies(snapshot.tallies)
    within = period or Period(snapshot.first, snapshot.last)
    found = [tallies.sums(currency, within) for currency in tallies.currencies]
    return sorted(found, key=lambda one: (-one.count(ORDERS) - one.count(DOCUMENTS), one.currency))


def days_that_agree(snapshot: Reconciliation, period: Period) -> tuple[int, int, int]:
    """Days with anything in them: all, those that agree in every measure and currency, and those explained besides."""
    tallies = Tallies(snapshot.tallies)
    every, agree, explained = 0, 0, 0
    for bucket in period.buckets(DAY):
        sums = [one for one in (tallies.sums(currency, bucket) for currency in tallies.currencies) if not one.is_empty]
        if not sums:
            continue
        every += 1
        if all(one.agrees for one in sums):
            agree += 1
        elif all(one.is_explained for one in sums):
            explained += 1
    return every, agree, explained


def lines_of(snapshot: Reconciliation, tenant: Tenant) -> TenantQuerySet[ReconciliationLine]:
    return (
        ReconciliationLine.objects.for_tenant(tenant).filter(reconciliation=snapshot).order_by("store_day", "pk")
    )  # fmt: skip


def findings_of(snapshot: Reconciliation, tenant: Tenant) -> TenantQuerySet[ReconciliationLine]:
    """What was done by hand or does not add up; what is merely not sent yet says so itself."""
    return lines_of(snapshot, tenant).exclude(finding__in=["", Finding.NOT_SENT])


TO_DECIDE = (
    Finding.DELETED, Finding.VOIDED, Finding.AMOUNT, Finding.REDATED, Finding.OTHER_ACCOUNT, Finding.EDITED,
    Finding.STORE_CHANGED,
)  # fmt: skip
"""Findings about the document of a record, which its record can be asked about."""


def records_to_decide(snapshot: Reconciliation, tenant: Tenant) -> TenantQuerySet[Record]:
    """Synced orders and refunds whose document is no longer what was sent, and that nobody has looked at yet."""
    lines = findings_of(snapshot, tenant).filter(
        finding__in=TO_DECIDE, kind__in=[ReconciliationLine.Kind.SALE, ReconciliationLine.Kind.REFUND]
    )
    synced = Record.objects.for_tenant(tenant).filter(state=Record.State.SYNCED, pk__in=lines.values("record"))
    return synced.exclude(requests__state="open").defer("raw", "proof")


def difference_of(line: ReconciliationLine) -> Decimal:
    """Store less QuickBooks, as it moves net sales: what gives money back counts against them."""
    sign = -1 if line.kind == ReconciliationLine.Kind.REFUND else 1
    return sign * ((line.store_total or ZERO) - (line.books_total or ZERO))


def is_clean(snapshot: Reconciliation, tenant: Tenant) -> bool:
    """Nothing unexplained in any currency, and nobody has touched a document of ours."""
    return all(one.is_explained for one in sums_of(snapshot)) and not findings_of(snapshot, tenant).exists()


def as_json(snapshot: Reconciliation, tenant: Tenant) -> dict[str, Any]:
    """The stable form of the command."""
    every, agree, explained = days_that_agree(snapshot, Period(snapshot.first, snapshot.last))
    return {
        "from": snapshot.first.isoformat(),
        "to": snapshot.last.isoformat(),
        "currencies": [_currency(sums) for sums in sums_of(snapshot)],
        "accounts": [
            {
                "currency": sums.currency,
                "id": account.account_id,
                "name": account.name,
                "store": written(account.store, sums.currency),
                "posted": written(account.posted, sums.currency),
                "quickbooks": written(account.books, sums.currency),
            }
            for sums in sums_of(snapshot)
            for account in sums.accounts.values()
        ],
        "days": {"all": every, "agree": agree, "explained": explained},
        "gaps": list(gaps(snapshot, tenant)),
        "strangers": snapshot.strangers,
        "qbo_reads": snapshot.reads,
    }


def _currency(sums: Sums) -> dict[str, Any]:
    amounts: dict[str, Decimal] = {
        "store_total": sums.net.store,
        "books_total": sums.net.books,
        "difference": sums.net.difference,
        "open_total": sums.net.explained,
        "unexplained": sums.net.unexplained,
        "store_tax": sums.net_tax.store,
        "books_tax": sums.net_tax.books,
    }
    for name, measure in ((PAYMENTS, sums[PAYMENTS]), (FEES, sums[FEES])):
        amounts |= {f"store_{name}": measure.store, f"books_{name}": measure.books}
    counts = {"orders": sums.count(ORDERS), "refunds": sums.count(RETURNS), "documents": sums.count(DOCUMENTS)}
    rates = {rate: _pair(measure, sums.currency) for rate, measure in sorted(sums.rates.items())}
    written_amounts = {name: written(amount, sums.currency) for name, amount in amounts.items()}
    return {"currency": sums.currency, **counts, **written_amounts, "tax_rates": rates}


def _pair(measure: Measure, currency: str) -> dict[str, str]:
    return {"store": written(measure.store, currency), "books": written(measure.books, currency)}


def gaps(snapshot: Reconciliation, tenant: Tenant) -> Iterator[dict[str, Any]]:
    for line in findings_of(snapshot, tenant).select_related("record").defer("record__raw", "record__proof"):
        yield {
            "kind": line.finding,
            "number": line.order_number or line.doc_number,
            "document": line.entity,
            "doc_number": line.doc_number,
            "qbo_id": line.qbo_id,
            "date": _iso(line.store_day or line.books_day),
            "date_in_quickbooks": _iso(line.books_day),
            "changes": line.changes,
            "store_total": _or_none(line.store_total, line.currency),
            "books_total": _or_none(line.books_total, line.currency),
            "currency": line.currency,
        }


def written(amount: Decimal, currency: str) -> str:
    """With the currency's decimals, and never a minus before zero."""
    text = f"{amount:.{currency_decimals(currency)}f}"
    return text.removeprefix("-") if not amount else text


def _or_none(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else written(amount, currency)


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""

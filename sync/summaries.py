"""What the commands print of a run and of a record: the stable JSON forms of architecture §4."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Count

from connector.accounting.money import currency_decimals, half_up, smallest_unit
from sync.models import Link, Posting, Record, Run
from tenants.models import Tenant


def run_summary(run: Run, *, seconds: float) -> dict[str, Any]:
    """`seen` = records read in this run = the sum of the four states (more only when the run was stopped)."""
    rows = Record.objects.for_tenant(run.tenant_id).filter(run=run)
    states = dict(rows.values_list("state").annotate(n=Count("pk")).order_by())
    reasons = rows.exclude(reason="").values_list("reason").annotate(n=Count("pk")).order_by("reason")
    documents = (
        Posting.objects.for_tenant(run.tenant_id)
        .filter(run=run, operation="create", state=Posting.State.POSTED, record__isnull=False, is_linked=False)
        .values_list("entity")
        .annotate(n=Count("pk"))
        .order_by("entity")
    )
    return {
        "run": run.pk,
        "state": run.state,
        "seen": sum(states.values()),
        **{state: states.get(state, 0) for state in ("synced", "skipped", "waiting", "attention")},
        "reasons": dict(reasons),
        "notices": dict(Counter(run.notices)),
        "documents": dict(documents),
        "woo_calls": run.woo_calls,
        "qbo_calls": run.qbo_calls,
        "qbo_reads": run.qbo_reads,
        "seconds": round(seconds, 2),
    }


def record_row(record: Record) -> dict[str, Any]:
    """One record with its documents as QuickBooks answered: the sale first, then payments, then the fee."""
    documents = [
        {
            "type": posting.entity,
            "id": posting.qbo_id,
            "doc_number": posting.doc_number,
            "total": _amount(_latest(record, posting).total, record.currency),
            "tax": _amount(_latest(record, posting).tax, record.currency),
        }
        for posting in sorted(record.postings.all(), key=_place)
        if posting.operation == "create" and posting.state == Posting.State.POSTED
    ]
    return {
        "source": record.source,
        "woo_id": record.woo_id,
        "number": record.number,
        "state": record.state,
        "reason": record.reason or None,
        "details": {name: str(value) for name, value in record.details.items()},
        "documents": documents,
        "store_total": _amount(record.store_total, record.currency),
        "currency": record.currency,
    }


def _place(posting: Posting) -> tuple[int, int]:
    """The sale or the credit, then payments, then the gateway's fee."""
    return {"Payment": 1, "Purchase": 2}.get(posting.entity, 0), posting.pk


def _latest(record: Record, create: Posting) -> Posting:
    """The newest answered write to the same document: a repair tells its present totals."""
    updates = [
        posting
        for posting in record.postings.all()
        if posting.operation == "update"
        and posting.state == Posting.State.POSTED
        and (posting.entity, posting.qbo_id) == (create.entity, create.qbo_id)
    ]
    return max(updates, key=lambda posting: posting.generation, default=create)


def customer_rows(tenant: Tenant) -> Iterator[dict[str, Any]]:
    """Customers that are linked; they are listed, not counted as records."""
    links = Link.objects.for_tenant(tenant).filter(kind=Link.Kind.CUSTOMER, company=tenant.company).order_by("pk")
    for link in links.iterator(chunk_size=500):
        yield {
            "source": "customer",
            "woo_id": None,
            "number": link.name,
            "state": "synced",
            "reason": None,
            "documents": [{"type": "Customer", "id": link.qbo_id, "doc_number": "", "total": None, "tax": None}],
            "store_total": None,
            "currency": "",
        }


def _amount(amount: Decimal | None, currency: str) -> str | None:
    if amount is None:
        return None
    shown = half_up(amount, smallest_unit(currency))
    return f"{shown:.{currency_decimals(currency)}f}"

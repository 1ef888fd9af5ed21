"""Workspaces with people, a company and records made of captured orders, as the engine leaves them behind.

Alice owns, Bob views, Charlie is a stranger. Documents are planned and encoded by the product's own core, so that the
amounts on pages add up as they do in life.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from django.utils import timezone

from connector.accounting.books import CompanyFacts
from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Outcome, Parties, Planned, Proof, Skipped, Waiting
from connector.accounting.facts import facts_to_json
from connector.accounting.keys import sale_key
from connector.accounting.plan import needed_products, plan_order
from connector.accounting.policy import PostingPolicy, Ref
from connector.qbo.encode import encode_document
from connector.woo.parse import parse_order
from sync.digests import figures_of_period
from sync.models import (
    Link,
    MirrorEntry,
    OptionsVersion,
    Posting,
    Reconciliation,
    Record,
    RecordEvent,
    Report,
    Run,
    StockLine,
    StockPass,
)
from tenants.models import Company, Membership, Role, Tenant, User
from tenants.web.people import mark_verified
from tests.connector.accounting.shops import EXEMPT, FR_MAPPINGS, PAYLOADS, fr_policy, fr_taxes

PASSWORD = "correct horse battery"
_numbers = count(1)


def person(email: str, name: str = "", **fields: Any) -> User:
    """Somebody who has confirmed their address."""
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    mark_verified(user)
    return user


def member(tenant: Tenant, email: str, role: Role, name: str = "", **fields: Any) -> User:
    user = User.objects.filter(email=email).first() or person(email, name, **fields)
    Membership.objects.create(tenant=tenant, user=user, role=role)
    return user


def snapshot_of(tenant: Tenant, first: date, last: date, **fields: Any) -> Reconciliation:
    """An empty comparison that has been read."""
    values = {
        "company": tenant.company or company(),
        "state": Reconciliation.State.READY,
        "finished_at": timezone.now(),
    }
    return Reconciliation.objects.create(tenant=tenant, first=first, last=last, **(values | fields))


def company(name: str = "Maison Dupont SARL", *, country: str = "FR", currency: str = "EUR") -> Company:
    found = Company.for_realm(f"46208163650{next(_numbers):06d}")
    found.name = name
    found.facts = facts_to_json(
        CompanyFacts(
            name=name,
            country=country,
            home_currency=currency,
            multicurrency=False,
            tax_world="global",
            custom_numbers=True,
            classes=False,
            locations=False,
            inventory=False,
            auto_apply_credit=False,
            closed_until=None,
            tax_codes=(EXEMPT, *dict.fromkeys(one.code for one in FR_MAPPINGS)),
        )
    )
    found.refreshed_at = timezone.now() - timedelta(minutes=2)
    found.save()
    return found


def workspace(slug: str = "maison-dupont", name: str = "Maison Dupont", **fields: Any) -> Tenant:
    """A connected workspace with one version of its options; `company=None` makes a bare one."""
    values: dict[str, Any] = {
        "time_zone": "Europe/Paris",
        "language": "fr",
        "store_url": f"https://{slug}.example",
        "store_consumer_key": "ck_test",
        "store_consumer_secret": "cs_test",
        "store_seen_at": timezone.now() - timedelta(minutes=2),
    }
    if "company" not in fields:
        values["company"] = company(f"{name} SARL")
    tenant = Tenant.objects.create(slug=slug, name=name, **(values | fields))
    OptionsVersion.objects.create(tenant=tenant, number=1, who="Claire Dupont", document=OPTIONS)
    return tenant


OPTIONS: dict[str, Any] = {
    "tenant": {"time_zone": "Europe/Paris", "start_date": "2026-01-01"},
    "orders": {"document": "sales_receipt", "date": "created", "number_prefix": "Wio", "customer_mode": "original"},
    "items": {"match_by": "sku"},
}


@dataclass(frozen=True, slots=True)
class Cast:
    tenant: Tenant
    alice: User
    bob: User
    charlie: User


def cast(**fields: Any) -> Cast:
    tenant = workspace(**fields)
    return Cast(
        tenant,
        member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"),
        member(tenant, "bob@cabinet.example", Role.VIEWER, "Bob Martin"),
        person("charlie@elsewhere.example", "Charlie Stone"),
    )


@cache
def _captures() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((PAYLOADS / "fr" / "orders.json").read_text(encoding="utf-8"))
    return found


def captured(order_id: int, *, created: datetime | None = None) -> dict[str, Any]:
    """A copy of a captured order of the French shop, moved to another day if asked."""
    raw = copy.deepcopy(next(raw for raw in _captures() if raw["id"] == order_id))
    return moved(raw, created) if created is not None else raw


def moved(raw: dict[str, Any], created: datetime) -> dict[str, Any]:
    """The same order with all its dates moved along with its creation."""
    delta = created.replace(tzinfo=None, microsecond=0) - datetime.fromisoformat(raw["date_created_gmt"])
    for key in [key for key in raw if key.startswith("date_") and raw[key]]:
        raw[key] = (datetime.fromisoformat(raw[key]) + delta).isoformat()
    return raw


def recent_captures(now: datetime, *, days: int = 30) -> Iterator[dict[str, Any]]:
    """All captured orders in EUR of the French shop, spread evenly over the days before `now`."""
    raws = [raw for raw in _captures() if raw["currency"] == "EUR" and Decimal(raw["total"]) < 5000]
    for place, raw in enumerate(raws):
        age = timedelta(days=days) * (len(raws) - 1 - place) / len(raws) + timedelta(minutes=20)
        yield moved(copy.deepcopy(raw), now - age)


def record_of(
    tenant: Tenant, raw: dict[str, Any], *, policy: PostingPolicy | None = None, run: Run | None = None
) -> Record:
    """The record of one order as the engine leaves it: planned by the core, and posted where that gives a document."""
    order = parse_order(raw)
    assert isinstance(order, Order)
    record = Record.objects.create(
        tenant=tenant,
        source=Record.Source.ORDER,
        woo_id=order.id,
        number=order.number,
        buyer=f"{order.billing.first_name} {order.billing.last_name}".strip(),
        status=order.status,
        gateway=order.payment_method,
        currency=order.currency,
        store_total=order.total,
        store_tax=order.total_tax,
        ordered_at=order.created_at,
        modified_at=order.modified_at,
        raw=raw,
        options_version=tenant.options_versions.first(),
        run=run,
    )
    event(record, "read", run=run, status=order.status)
    settle(record, order, plan_order(order, policy or fr_policy(), parties_of(order)), run=run)
    return record


def parties_of(order: Order) -> Parties:
    names = {line.product: line.sku or line.name for line in order.lines if line.product_id}
    buyer = f"{order.billing.first_name} {order.billing.last_name}".strip() or order.billing.email
    return Parties(Ref("58", buyer), {key: Ref(f"{key[0]}{key[1]}", names[key]) for key in needed_products(order)})


def settle(record: Record, order: Order, outcome: Outcome, *, run: Run | None = None) -> None:
    """Moves a record to where its plan leads."""
    if isinstance(outcome, Planned):
        post(record, order, outcome, run=run)
        return
    states: dict[type, tuple[str, str]] = {
        Held: (Record.State.ATTENTION, "held"),
        Skipped: (Record.State.SKIPPED, "skipped"),
        Waiting: (Record.State.WAITING, "waiting"),
    }
    record.state, kind = states[type(outcome)]
    record.reason, record.details = outcome.reason, dict(outcome.details)
    record.save()
    event(record, kind, run=run, reason=outcome.reason, **outcome.details)


def hold(record: Record, reason: str, **details: Any) -> Record:
    """Needs attention, whatever it was before; its document, if any, stays."""
    record.state, record.reason, record.details = Record.State.ATTENTION, reason, details
    record.save()
    event(record, "held", reason=reason, **details)
    return record


def post(record: Record, order: Order, planned: Planned, *, run: Run | None = None) -> Posting:
    """The document stands in QuickBooks, answered exactly as planned."""
    sale = planned.sale
    entity, payload = encode_document(sale)
    tax = sale.tax.total if sale.tax else Decimal(0)
    rates = {rate.rate.id: str(rate.amount) for rate in sale.tax.rates} if sale.tax else {}
    qbo_id = str(1000 + record.pk)
    answered_at = (record.ordered_at or timezone.now()) + timedelta(minutes=3)
    posting = Posting.objects.create(
        tenant=record.tenant,
        company=record.tenant.company,
        record=record,
        run=run,
        options_version=record.options_version,
        key=sale_key(order.id),
        operation="create",
        entity=entity,
        payload=payload,
        state=Posting.State.POSTED,
        planned_total=sale.total,
        planned_tax=tax,
        planned_rates=rates,
        qbo_id=qbo_id,
        sync_token="0",
        doc_number=sale.number,
        total=sale.total,
        tax=tax,
        rates=rates,
        answer={**payload, "Id": qbo_id, "SyncToken": "0", "TotalAmt": float(sale.total)},
        answered_at=answered_at,
    )
    record.proof = {
        **proof_as_json(planned.proof),
        "answered": {"total": str(sale.total), "tax": str(tax), "rates": rates},
    }
    record.state, record.reason = Record.State.SYNCED, ""
    record.notices = [{"reason": notice.reason, **notice.details} for notice in planned.notices]
    record.save()
    means = str(planned.proof.means)
    event(record, "customer_found", run=run, name=record.buyer or "—")
    event(record, "planned", run=run, entity=entity, number=sale.number, total=str(sale.total), means=means)
    event(record, "posted", run=run, entity=entity, qbo_id=qbo_id, number=sale.number, total=str(sale.total))
    event(record, "compared", run=run, total=str(sale.total))
    event(record, "synced", run=run)
    return posting


def proof_as_json(proof: Proof) -> dict[str, Any]:
    return {
        "store_total": str(proof.store_total),
        "document_total": str(proof.document_total),
        "store_tax": str(proof.store_tax),
        "document_tax": str(proof.document_tax),
        "means": str(proof.means),
        "computed_tax": None if proof.computed_tax is None else str(proof.computed_tax),
        "rounding": str(proof.rounding),
        "moved_base": str(proof.moved_base),
        "rates": [
            {"label": rate.label, "rate_id": rate.rate_id, "store": str(rate.store), "document": str(rate.document)}
            for rate in proof.rates
        ],
    }


def event(record: Record, kind: str, *, run: Run | None = None, **details: Any) -> RecordEvent:
    """One line of history, half a second after the last one."""
    last = record.events.order_by("-at").first()
    start = (record.ordered_at or timezone.now()) + timedelta(minutes=2)
    at = last.at + timedelta(milliseconds=900) if last else start
    return RecordEvent.objects.create(record=record, kind=kind, details=details, run=run, at=at)


def ended_run(tenant: Tenant, at: datetime, tally: Mapping[str, int] | None = None, **fields: Any) -> Run:
    """A run that has ended; by default it found nothing to do."""
    counts = dict(tally or {})
    values: dict[str, Any] = {
        "state": Run.State.FINISHED,
        "phase": Run.Phase.VERIFY,
        "tally": counts,
        "done": sum(counts.values()),
        "total": sum(counts.values()),
        "created_at": at,
        "started_at": at,
        "finished_at": at + timedelta(seconds=14),
        "woo_calls": 2,
    }
    return Run.objects.create(tenant=tenant, **(values | fields))


def report_of(tenant: Tenant, kind: str = "daily", *, days: int = 1, now: datetime | None = None) -> Report:
    """A report about the last days, as the product makes it; nobody was sent it."""
    until = now or timezone.now()
    since = until - timedelta(days=days)
    figures = figures_of_period(tenant, kind, since, until)
    key = f"{kind}:{next(_numbers)}"
    return Report.objects.create(tenant=tenant, kind=kind, key=key, since=since, until=until, figures=figures)


def stock_pass(tenant: Tenant, lines: Mapping[str, int], **fields: Any) -> StockPass:
    """A pass with so many lines of each outcome, each with its link and its inventory item; a preview that is ready."""
    now = timezone.now()
    books_of = tenant.company or company()
    one = StockPass.objects.create(
        tenant=tenant,
        company=books_of,
        **{"kind": "preview", "state": "ready", "pulled_at": now, "counted_at": now, "counts": dict(lines)}
        | {"linked": sum(lines.values())}
        | fields,
    )
    for outcome in (outcome for outcome, number in lines.items() for _each in range(number)):
        number = StockLine.objects.for_tenant(tenant).count() + 1
        books = {"to_zero": 0, "never_set": 0, "aside": 0, "same": 9}.get(outcome, 5)
        key, name = f"item:{number}:0", f"Thé n° {number}"
        MirrorEntry.objects.get_or_create(
            company=books_of,
            kind="Item",
            qbo_id=str(9000 + number),
            name=name,
            sku=f"THE-{number}",
            type="Inventory",
            quantity=books,
        )
        Link.objects.get_or_create(
            tenant=tenant, company=books_of, kind="item", store_key=key, qbo_id=str(9000 + number), name=name
        )
        StockLine.objects.create(
            stock_pass=one, tenant=tenant, store_key=key, product_id=number, qbo_id=str(9000 + number),
            name=f"Thé n° {number}", sku=f"THE-{number}", store_quantity=9, books_quantity=books, sold=0, target=books,
            outcome=outcome, sent_at=now if one.state == "done" else None,
        )  # fmt: skip
    return one


def live_run(tenant: Tenant, **fields: Any) -> Run:
    """A run that is sending right now, a quarter through."""
    now = timezone.now()
    values: dict[str, Any] = {
        "state": Run.State.RUNNING,
        "phase": Run.Phase.POST,
        "trigger": "button",
        "total": 4812,
        "done": 1278,
        "tally": {"synced": 1254, "attention": 6, "skipped": 18, "sending": 30},
        "created_at": now - timedelta(minutes=8),
        "started_at": now - timedelta(minutes=8),
        "progressed_at": now,
    }
    return Run.objects.create(tenant=tenant, **(values | fields))


def busy_month(tenant: Tenant, now: datetime | None = None) -> Run:
    """Thirty days of captured orders: most synced, some waiting, skipped, or held for a few causes."""
    now = now or datetime.now(UTC)
    for hours in (5, 3, 2, 1):
        ended_run(tenant, now - timedelta(hours=hours), {"synced": hours * 2} if hours in (2, 5) else None)
    run = ended_run(tenant, now - timedelta(minutes=7))
    mapped = tuple(one for one in FR_MAPPINGS if one.rate_ids not in ({3}, {16}))
    policy = fr_policy(taxes=fr_taxes(rates=mapped))
    for raw in recent_captures(now):
        record_of(tenant, raw, policy=policy, run=run)
    synced = list(Record.objects.filter(tenant=tenant, state=Record.State.SYNCED).order_by("-woo_id")[:40])
    _change_by_hand(synced[5])
    states = Record.objects.filter(tenant=tenant).values_list("state", flat=True)
    run.tally = {state: list(states).count(state) for state in set(states)}
    run.total = run.done = sum(run.tally.values())
    run.save()
    Tenant.objects.filter(pk=tenant.pk).update(automatic_sync=True, next_run_at=now + timedelta(minutes=53))
    tenant.refresh_from_db()
    return run


def _change_by_hand(record: Record) -> None:
    """Somebody lowered the document's total by five in QuickBooks."""
    posting = record.postings.get()
    posting.total = (posting.total or Decimal(0)) - 5
    posting.save(update_fields=["total"])
    hold(record, "edited_in_quickbooks", number=posting.doc_number)

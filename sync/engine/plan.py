"""Turns queued orders into stored postings: rehearse, find the parties, plan, and write down what will be sent.

An order is planned once with symbolic parties before anything is created for it, so that a held order never leaves a
customer or an item behind.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from connector.accounting.books import FoundDocument as Standing
from connector.accounting.commerce import Order, Unreadable
from connector.accounting.customers import wanted_customer
from connector.accounting.documents import Held, Outcome, Planned, SaleDocument
from connector.accounting.keys import item_key, sale_key
from connector.accounting.plan import plan_order, rehearsal_parties
from connector.accounting.policy import PostingPolicy, TaxPolicy
from sync.engine import journal, resolve
from sync.engine.context import Slice
from sync.engine.payloads import read_anew
from sync.engine.post import new_posting
from sync.models import OptionsVersion, Posting, Record, Run
from tenants.models import Company

logger = logging.getLogger(__name__)

SLICE_ORDERS = 120
"""Four full batches: large enough that batches are full, small enough that a slice ends within its lease."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A queued order that would be posted if its parties can be found."""

    record: Record
    order: Order
    version: OptionsVersion
    policy: PostingPolicy


def plan_queued(work: Slice) -> int:
    """Plans the next queued orders; returns how many records were taken from the queue."""
    from sync.engine.cancelled import look_at_cancelled  # which needs this module

    taken = list(queued(work)[:SLICE_ORDERS])
    records = read_anew(work, taken)
    look_at_cancelled(work, records)
    considered = []
    for record in records:
        try:
            candidate = _consider(work, record)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            # One order that breaks our own code must not stop the others: it is held, and loudly.
            logger.exception("planning failed", extra={"record": record.pk, "tenant": work.tenant.pk})
            journal.end(record, work.run, Held("unreadable", {"problem": type(error).__name__}))
            continue
        if candidate is not None:
            considered.append(candidate)
    work.checkpoint("considered")
    candidates = _rehearse(work, considered)
    work.checkpoint("rehearsed")
    if candidates:
        work.run.phase = Run.Phase.RESOLVE
        work.run.save(update_fields=["phase"])
        resolved = resolve.find_parties(work, candidates)
        resolve.send_details(work, candidates, resolved)
        for candidate in candidates:
            _store_plan(work, candidate, resolved)
            work.checkpoint("planned")
    return len(taken)


def _rehearse(work: Slice, considered: Sequence[Candidate]) -> list[Candidate]:
    """Plans with symbols for what would be created; ends those that would be held, skipped or wait anyway."""
    found = resolve.Resolved(items=resolve.match_items(work, considered))
    going: list[Candidate] = []
    for candidate in considered:
        order, policy = candidate.order, candidate.policy
        outcome = plan_order(order, policy, rehearsal_parties(order, policy, items=found.item_refs(order)))
        held = found.held_item(order)
        if held is not None and isinstance(outcome, Planned | Held):
            outcome = held
        if isinstance(outcome, Planned):
            going.append(candidate)
        else:
            journal.end(candidate.record, work.run, outcome, version=candidate.version)
    return going


def _store_plan(work: Slice, candidate: Candidate, resolved: resolve.Resolved) -> None:
    parties = resolved.parties(candidate)
    outcome: Outcome = parties if isinstance(parties, Held) else plan_order(candidate.order, candidate.policy, parties)
    if not isinstance(outcome, Planned) or isinstance(parties, Held):
        journal.end(candidate.record, work.run, outcome, version=candidate.version)  # type: ignore[arg-type]
        return
    with transaction.atomic():
        work.heartbeat()  # writes nothing once the lease is lost
        key = wanted_customer(candidate.order, candidate.policy).key
        kind = "customer_created" if key in resolved.created else "customer_found"
        journal.tell(candidate.record, work.run, kind, name=parties.customer.name)
        made = [
            resolved.created[item_key(*line.product)]
            for line in candidate.order.lines
            if item_key(*line.product) in resolved.created
        ]
        if made:
            journal.tell(candidate.record, work.run, "item_created", names=", ".join(dict.fromkeys(made)))
        store_sale(work, candidate.record, candidate.order, outcome, version=candidate.version)


def queued(work: Slice) -> Any:
    """Queued orders by id, but none of which a refund is on its way; a run for named orders takes only those."""
    on_its_way = Record.objects.filter(parent=OuterRef("pk"), state=Record.State.SENDING)
    rows = Record.objects.for_tenant(work.tenant).filter(state=Record.State.QUEUED, source=Record.Source.ORDER)
    rows = rows.exclude(Exists(on_its_way))
    named = work.run.parameters.get("order_ids")
    if named:
        rows = rows.filter(woo_id__in=named)
    return rows.order_by("woo_id")


def _consider(work: Slice, record: Record) -> Candidate | None:
    """Ends the record at once where no document is due; else hands on what planning needs."""
    from sync.engine import posted, settle, standing, verify  # which need replan of this module

    order = work.store.parse(record.raw)
    if isinstance(order, Unreadable):
        journal.end(record, work.run, Held("unreadable", {"problem": order.problem}))
        return None
    sale = (
        record.postings.filter(key=sale_key(order.id), operation="create", state=Posting.State.POSTED)
        .order_by("-generation")
        .first()
    )
    if sale is not None:
        Record.objects.filter(pk=record.pk).update(planned_hash=record.raw_hash)
        record.planned_hash = record.raw_hash
        if verify.differs(standing.last_answer(record, sale)):
            settle.settle(work, record)
        else:
            posted.continue_posted(work, record, order, sale)
        return None
    policy = with_number(work.policy_for(work.options), record)
    return Candidate(record=record, order=order, version=work.options, policy=policy)


def policy_of(work: Slice, record: Record) -> PostingPolicy:
    """The rules of the version that governs this record, with what its own answers taught."""
    return with_number(with_learning(work.policy_for(record.options_version or work.options), record), record)


def with_number(policy: PostingPolicy, record: Record) -> PostingPolicy:
    """The number that a person chose for this record's document, where the one by the rules was taken or too long."""
    chosen = record.decisions.get("duplicate_number", "") or record.decisions.get("number_too_long", "")
    return dataclasses.replace(policy, chosen_number=chosen) if chosen else policy


def with_learning(policy: PostingPolicy, record: Record) -> PostingPolicy:
    if not record.learning:
        return policy
    return dataclasses.replace(
        policy,
        taxes=dataclasses.replace(
            policy.taxes,
            overrides=record.learning["overrides"],
            rounding=record.learning.get("rounding", "per_rate"),
            prediction_wrong=record.learning["prediction_wrong"],
        ),
    )


def learned_taxes(taxes: TaxPolicy) -> dict[str, Any]:
    return {"overrides": taxes.overrides, "rounding": taxes.rounding, "prediction_wrong": taxes.prediction_wrong}


def remember_learning(work: Slice, record: Record, taxes: TaxPolicy) -> None:
    """Kept for this record and for the company: the next documents are planned with it from the start."""
    record.learning = learned_taxes(taxes)
    Record.objects.filter(pk=record.pk).update(learning=record.learning)
    Company.objects.filter(pk=work.company.pk).update(
        learned_overrides=taxes.overrides,
        learned_rounding=taxes.rounding,
        learned_prediction_wrong=taxes.prediction_wrong,
    )
    work.company.learned_overrides = taxes.overrides
    work.company.learned_rounding = taxes.rounding
    work.company.learned_prediction_wrong = taxes.prediction_wrong


def replan(
    work: Slice, record: Record, order: Order, policy: PostingPolicy, *, include_selection: bool = False
) -> Outcome:
    """Plans an order again with the parties it was planned with; known links cost no call."""
    candidate = Candidate(record=record, order=order, version=record.options_version or work.options, policy=policy)
    parties = resolve.find_parties(work, [candidate]).parties(candidate)
    if isinstance(parties, Held):
        return parties
    return plan_order(order, policy, parties, include_selection=include_selection)


def store_sale(
    work: Slice,
    record: Record,
    order: Order,
    outcome: Planned,
    *,
    version: OptionsVersion | None = None,
    update_of: Posting | None = None,
    document_id: str = "",
    standing: Standing | None = None,
) -> None:
    """Stores the sale's posting and moves the record to *sending*; the payment follows once the invoice has its id.

    update_of: the answered write that is to be changed in place; its sync token guards against anybody's change. The
    record shows an edited order only once QuickBooks has said so."""
    fingerprint = order_fingerprint(order)
    store_document(
        work,
        record,
        outcome,
        version=version,
        update_of=update_of,
        document_id=document_id,
        standing=standing,
        shows=fingerprint,
        planned_hash=record.raw_hash,
        fingerprint=fingerprint if update_of is None else record.fingerprint,
        proof=journal.proof_as_json(outcome.proof),
        notices=journal.notices_as_json(outcome.notices),
    )


def store_document(
    work: Slice,
    record: Record,
    outcome: Planned,
    *,
    version: OptionsVersion | None = None,
    update_of: Posting | None = None,
    document_id: str = "",
    standing: Standing | None = None,
    shows: str = "",
    details: Mapping[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Stores the posting of a plan's sale or credit and moves its record to *sending*. fields: what else to write on
    the record; what follows the document is planned once that has its id. standing: the document as it was just read,
    where the whole of it is to be ours again. shows: the fingerprint of the order that the document shows."""
    sale = outcome.sale
    entity, payload = work.books.encode(sale)
    if update_of is not None:
        payload = work.books.encode_update(
            sale,
            qbo_id=document_id,
            sync_token=standing.sync_token if standing else update_of.sync_token,
            standing=standing.raw if standing else update_of.answer,
            whole=standing is not None,
        )
    governing = version or record.options_version or work.options
    is_repair = update_of is not None and version is None
    taxes = policy_of(work, record).taxes if is_repair else work.policy_for(governing).taxes
    posting = new_posting(
        work,
        key=sale.key,
        operation="create" if update_of is None else "update",
        entity=entity,
        payload=payload,
        record=record,
        planned_total=sale.total,
        planned_tax=sale.tax.total if sale.tax is not None else None,
        planned_rates=_rates(sale),
    )
    Posting.objects.filter(pk=posting.pk).update(fingerprint=shows, qbo_id=document_id)
    journal.move(
        record,
        work.run,
        Record.State.SENDING,
        version=governing,
        details=details,
        learning=learned_taxes(taxes),
        **fields,
    )
    journal.tell(
        record, work.run, "planned", number=sale.number, total=str(sale.total), means=str(outcome.proof.means),
        entity=entity,
    )  # fmt: skip


def _rates(sale: SaleDocument) -> dict[str, str]:
    return {rate.rate.id: str(rate.amount) for rate in sale.tax.rates} if sale.tax is not None else {}


_WHAT_COUNTS: Sequence[str] = (
    "number", "currency", "total", "total_tax", "discount_total", "discount_tax", "lines", "shipping_lines",
    "fee_lines", "tax_lines", "prices_include_tax",
)  # fmt: skip


def order_fingerprint(order: Order) -> str:
    """Changes when, and only when, the money or the goods of an order change: never with buyer, status or dates.

    WooCommerce anonymises old orders in place; that must not look like an edit (product specification, §1.4)."""
    picked = {name: _plain(getattr(order, name)) for name in _WHAT_COUNTS}
    return hashlib.sha256(json.dumps(picked, sort_keys=True, default=str).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name not in ("sku", "product_id", "variation_id", "price")
        }
    return value

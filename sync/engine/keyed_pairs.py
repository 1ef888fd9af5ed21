"""Which order, or which of its refunds, each document of the books is: what fits, what fits best, and what is doubtful.

Nothing is guessed: where two fit alike, the pair is shown and no longer certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from connector.accounting.commerce import Order, Refund
from connector.accounting.dates import local_date
from connector.accounting.keyed import (
    CERTAIN,
    NEAR_DAYS,
    RANKS_A_SCORE,
    Keyed,
    Sale,
    Why,
    compare,
    number_key,
    rank,
    refund_keys,
)
from connector.accounting.keys import refund_key, sale_key
from connector.accounting.money import half_up, smallest_unit
from sync.engine import linking
from sync.engine.context import Slice
from sync.models import KeyedDocument, Posting


@dataclass(frozen=True, slots=True)
class Subject:
    """An order without a document of ours, or a refund; refund_id 0 for the order's sale. number and at: as the person
    sees them."""

    order: Order
    refund_id: int
    number: str
    total: Decimal
    at: datetime
    sale: Sale

    @property
    def key(self) -> tuple[int, int]:
        return self.order.id, self.refund_id


@dataclass(frozen=True, slots=True)
class Pair:
    row: KeyedDocument
    subject: Subject
    why: Why
    rank: int


def found_by(work: Slice, state: str = KeyedDocument.State.FOUND) -> Any:
    return KeyedDocument.objects.for_tenant(work.tenant).filter(state=state)


def match(work: Slice, orders: Sequence[Order], refunds: Mapping[int, Refund]) -> None:
    """Each order and refund stands by the documents that speak loudest for it, each document by the one that does.

    refunds: those whose day and tax are known, by id."""
    subjects = _open_ones(work, [*_sales(work, orders), *_credits(work, orders, refunds)])
    pairs = [*_pairs(work, [one for one in subjects if not one.refund_id], linking.SALES)]
    pairs += _pairs(work, [one for one in subjects if one.refund_id], linking.CREDITS)
    loudest: dict[int, int] = {}
    for pair in pairs:
        loudest[pair.row.pk] = max(loudest.get(pair.row.pk, pair.row.score), pair.rank)
    pairs = [pair for pair in pairs if pair.rank == loudest[pair.row.pk]]
    best: dict[tuple[int, int], int] = {}
    for pair in pairs:
        best[pair.subject.key] = max(best.get(pair.subject.key, 0), pair.rank)
    changed: dict[int, KeyedDocument] = {}
    for pair in pairs:
        if pair.rank == best[pair.subject.key] and _takes(pair):
            changed[pair.row.pk] = pair.row
    KeyedDocument.objects.bulk_update(
        list(changed.values()),
        ["woo_id", "refund_id", "order_number", "order_total", "ordered_at", "buyer", "score", "why", "is_certain"],
        batch_size=200,
    )


def orders_with_credits(work: Slice, orders: Sequence[Order]) -> list[Order]:
    """Orders of which some document may be a refund, by its number or its total."""
    subjects = _open_ones(work, list(_credits(work, orders, {})))
    rows = list(_candidates(work, [one.sale for one in subjects], linking.CREDITS))
    numbers = {key for row in rows for key in (row.number_key, row.note_key) if key}
    totals = {row.total for row in rows}
    named = {one.order.id for one in subjects if one.sale.total in totals or one.sale.keys & numbers}
    return [order for order in orders if order.id in named]


def settle_doubts(work: Slice) -> None:
    """Several documents for one order or refund: the surest keeps it; where two are as sure, a person says which."""
    crowded = found_by(work).filter(woo_id__isnull=False).values("woo_id", "refund_id").annotate(n=Count("pk"))
    named = crowded.filter(n__gt=1).order_by().values_list("woo_id", "refund_id")
    for woo_id, refund_id in named.iterator():
        mine = found_by(work).filter(woo_id=woo_id, refund_id=refund_id)
        rows = list(mine.order_by("-score", "pk"))
        surest = rows[0].score // RANKS_A_SCORE
        best = [row.pk for row in rows if row.score // RANKS_A_SCORE == surest]
        mine.exclude(pk__in=best).update(woo_id=None)
        if len(best) > 1:
            found_by(work).filter(pk__in=best).update(is_certain=False, why=Why.SEVERAL_DOCUMENTS)


def _pairs(work: Slice, subjects: Sequence[Subject], kinds: Sequence[str]) -> Iterator[Pair]:
    for row in _candidates(work, [one.sale for one in subjects], kinds):
        document = _document_of(row)
        for subject in subjects:
            why = compare(subject.sale, document)
            if why is not None:
                yield Pair(row, subject, why, rank(subject.sale, document, why))


def _candidates(work: Slice, sales: Sequence[Sale], kinds: Sequence[str]) -> Any:
    """By number, and by total near the days of what is looked for, where those are known."""
    if not sales:
        return KeyedDocument.objects.none()
    keys = {key for sale in sales for key in sale.keys}
    by_sum = Q(total__in={sale.total for sale in sales})
    days = [sale.day for sale in sales if sale.day is not None]
    if len(days) == len(sales):
        near = timedelta(days=NEAR_DAYS)
        by_sum &= Q(document_date__range=(min(days) - near, max(days) + near))
    rows = found_by(work).filter(Q(number_key__in=keys) | Q(note_key__in=keys) | by_sum, entity__in=kinds)
    return rows.order_by("pk").iterator(chunk_size=500)


def _takes(pair: Pair) -> bool:
    """True where the row changed: by a better subject, or by a second one that fits as well as the first."""
    row, subject = pair.row, pair.subject
    if (row.woo_id, row.refund_id) == subject.key or pair.rank < row.score:
        return False
    if pair.rank == row.score:
        row.why = Why.SEVERAL_REFUNDS if row.refund_id else Why.SEVERAL_ORDERS
        row.is_certain = False
        return True
    row.woo_id, row.refund_id = subject.key
    row.order_number, row.order_total = subject.number[:100], subject.total
    row.ordered_at, row.buyer = subject.at, _name_of(subject.order)[:255]
    row.score, row.why, row.is_certain = pair.rank, pair.why, pair.why in CERTAIN
    return True


def _open_ones(work: Slice, subjects: Sequence[Subject]) -> list[Subject]:
    """Those that have no document yet, neither sent nor linked."""
    keys = {_key_of(subject): subject for subject in subjects}
    sent = Posting.objects.for_tenant(work.tenant).filter(
        key__in=keys, operation="create", state=Posting.State.POSTED
    )  # fmt: skip
    gone = set(sent.values_list("key", flat=True))
    return [subject for key, subject in keys.items() if key not in gone]


def _key_of(subject: Subject) -> str:
    return refund_key(*subject.key) if subject.refund_id else sale_key(subject.order.id)


def _sales(work: Slice, orders: Sequence[Order]) -> Iterator[Subject]:
    zone = work.policy_for(work.options).time_zone
    for order in orders:
        unit = smallest_unit(order.currency)
        sale = Sale(
            total=half_up(order.total, unit),
            tax=half_up(order.total_tax, unit),
            currency=order.currency,
            day=local_date(order.created_at, zone),
            names=_names(order),
            keys=frozenset({_order_key(order)}),
        )
        yield Subject(order, 0, order.number, order.total, order.created_at, sale)


def _credits(work: Slice, orders: Sequence[Order], known: Mapping[int, Refund]) -> Iterator[Subject]:
    zone = work.policy_for(work.options).time_zone
    for order in orders:
        unit = smallest_unit(order.currency)
        for position, summary in enumerate(sorted(order.refunds, key=lambda one: one.id), start=1):
            refund = known.get(summary.id)
            own = refund_keys(_order_key(order), position, summary.id)
            sale = Sale(
                total=half_up(summary.total, unit),
                tax=half_up(_tax_of(refund), unit) if refund is not None and refund.lines else None,
                currency=order.currency,
                day=local_date(refund.created_at, zone) if refund is not None else None,
                names=_names(order),
                keys=own | {_order_key(order)},
                own_keys=own,
            )
            at = refund.created_at if refund is not None else order.created_at
            if summary.total > 0:
                yield Subject(order, summary.id, f"{order.number}-{position}", summary.total, at, sale)


def _tax_of(refund: Refund) -> Decimal:
    return sum((line.total for line in refund.tax_lines), Decimal(0))


def _order_key(order: Order) -> str:
    return number_key(order.number or str(order.id))


def _names(order: Order) -> tuple[str, ...]:
    billing = order.billing
    names = (f"{billing.first_name} {billing.last_name}".strip(), billing.company, billing.email)
    return tuple(name for name in names if name)


def _name_of(order: Order) -> str:
    return next(iter(_names(order)), "")


def _document_of(row: KeyedDocument) -> Keyed:
    return Keyed(
        total=row.total,
        tax=row.tax,
        currency=row.currency,
        day=row.document_date,
        names=(row.customer,) if row.customer else (),
        number_key=row.number_key,
        note_key=row.note_key,
    )

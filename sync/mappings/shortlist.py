"""The few of thousands of items that a select offers: what is chosen, what is probably meant, then by name."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from connector.accounting.books import NameRow
from connector.accounting.keys import normalise
from sync.engine import mirror
from sync.mappings.names import ITEM_FIELDS, SELLABLE, items_of, matching
from sync.models import MirrorEntry
from tenants.models import Company

SHOWN_AT_MOST = 50
"""More is no choice to read, and weighs more than a page with several of them may."""
_WORDS_AT_MOST = 8
_SAME_SKU, _SAME_NAME = 100, 50


@dataclass(frozen=True, slots=True)
class Hint:
    """What an item is wanted for. sku, name: a product's. words: how such items are usually called."""

    sku: str = ""
    name: str = ""
    words: tuple[str, ...] = ()

    @property
    def parts(self) -> list[str]:
        """Words worth looking for; "of" and "for" are in every other name."""
        found = [normalise(word) for word in self.words]
        found += [word for word in re.split(r"[^\w]+", normalise(self.name)) if len(word) > 2]
        return list(dict.fromkeys(found))[:_WORDS_AT_MOST]


@dataclass(frozen=True, slots=True)
class Shortlist:
    """rows: at most as many as asked for, the best first. more: fitting ones that are not among them."""

    rows: tuple[NameRow, ...]
    more: int


@dataclass
class ItemList:
    """The company's items of some types; what several selects of a page ask of it is read once.

    company: None while none is connected, and the list is empty."""

    company: Company | None
    types: Collection[str] = SELLABLE
    _best: dict[tuple[Hint, int], list[NameRow]] = field(default_factory=dict)

    @property
    def _rows(self) -> QuerySet[MirrorEntry]:
        return items_of(self.company, self.types) if self.company is not None else MirrorEntry.objects.none()

    @cached_property
    def total(self) -> int:
        return self._rows.count()

    @property
    def is_long(self) -> bool:
        """Longer than a select shows, so that it needs a search."""
        return self.total > SHOWN_AT_MOST

    @cached_property
    def _first(self) -> list[NameRow]:
        return mirror.rows_from(self._rows.order_by("name_key", "qbo_id")[:SHOWN_AT_MOST])

    def find(self, text: str, *, limit: int = SHOWN_AT_MOST) -> Shortlist:
        """Those whose name or SKU holds every word that was typed."""
        found = matching(self._rows, text, ITEM_FIELDS)
        rows = mirror.rows_from(found[:limit])
        return Shortlist(tuple(rows), found.count() - len(rows) if len(rows) == limit else 0)

    def suggest(self, hint: Hint, *, limit: int = SHOWN_AT_MOST) -> Shortlist:
        """The same SKU first, then the same name, then names that share words with it, then all others by name."""
        if (hint, limit) not in self._best:
            self._best[hint, limit] = mirror.rows_from(_closest(self._rows, hint)[:limit])
        best = self._best[hint, limit]
        known = {row.qbo_id for row in best}
        rows = [*best, *(row for row in self._first if row.qbo_id not in known)][:limit]
        return Shortlist(tuple(rows), self.total - len(rows))

    def get(self, qbo_id: str) -> NameRow | None:
        """The row that may be chosen by this id."""
        row = self._row(qbo_id)
        return row if row is not None and not self._refusal(row) else None

    def why_not(self, qbo_id: str) -> str:
        """Why an item cannot be chosen, as a sentence; "" where it can."""
        row = self._row(qbo_id)
        if row is None:
            return _("QuickBooks has no such product or service any more. Choose another one.")
        return self._refusal(row)

    def _row(self, qbo_id: str) -> NameRow | None:
        company = self.company if qbo_id else None
        return mirror.by_ids(company, "Item", [qbo_id]).get(qbo_id) if company is not None else None

    def _refusal(self, row: NameRow) -> str:
        name = {"item": row.full_name or row.name}
        if not row.active:
            return _("“%(item)s” is inactive in QuickBooks. Reactivate it there, or choose another one.") % name
        if row.type not in SELLABLE:
            return _("“%(item)s” is a category or a bundle in QuickBooks. Choose an item that can be sold.") % name
        if row.type not in self.types:
            return _("“%(item)s” is not a service. Choose a service.") % name
        return ""


def is_called(row: NameRow, hint: Hint) -> bool:
    """Whether it bears the product's SKU or name as a whole."""
    wanted = {normalise(hint.sku), normalise(hint.name)} - {""}
    return bool(wanted & {normalise(row.sku), normalise(row.name), normalise(row.full_name)})


def _closest(rows: QuerySet[MirrorEntry], hint: Hint) -> QuerySet[MirrorEntry]:
    """Those that have something of the hint, the most first."""
    sku, name = normalise(hint.sku), normalise(hint.name)
    weights: list[tuple[Q, int]] = [(_holds(part), len(part)) for part in hint.parts]
    if sku:
        weights.append((Q(sku_key=sku) | Q(name_key=sku), _SAME_SKU))
    if name:
        weights.append((Q(name_key=name), _SAME_NAME))
    if not weights:
        return rows.none()
    wanted, score = Q(), Value(0) + Value(0)
    for condition, weight in weights:
        wanted |= condition
        score = score + Case(When(condition, then=Value(weight)), default=0, output_field=IntegerField())
    return rows.filter(wanted).annotate(score=score).order_by(F("score").desc(), "name_key", "qbo_id")


def _holds(part: str) -> Q:
    return Q(name_key__contains=part) | Q(full_name__icontains=part)

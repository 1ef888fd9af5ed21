"""Tallies of a snapshot by currency and day, exact to the last digit, and their sums over any days of it.

Kept as JSON on the snapshot, so that a page needs no line of it: {currency: {"days": {day: {measure: [store, books,
explained]}}, "counts": {day: {name: n}}, "rates": {day: {tax rate: [store, books]}}, "accounts": {account: {day:
[in by the store, in as posted, in now, out by the store, out as posted, out now]}}, "names": {account: name}}}.
Amounts are texts and positive; `explained` is store less books of records that say themselves why they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connector.accounting.money import ZERO
from sync.models import ReconciliationLine
from sync.reconciliation.documents import FEE, PAYMENT, SALES, Kind
from sync.reconciliation.periods import Period

SALES_TOTAL, SALES_TAX, REFUNDS, REFUNDS_TAX, PAYMENTS, FEES = MEASURES = (
    "sales", "sales_tax", "refunds", "refunds_tax", "payments", "fees",
)  # fmt: skip
STORE, BOOKS, EXPLAINED = 0, 1, 2
ORDERS, RETURNS, DOCUMENTS, OPEN, FOUND = "orders", "refunds", "documents", "open", "found"

Rates = Mapping[str, Decimal]


@dataclass(slots=True)
class Measure:
    store: Decimal = ZERO
    books: Decimal = ZERO
    explained: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return self.store - self.books

    @property
    def unexplained(self) -> Decimal:
        return self.difference - self.explained

    @property
    def agrees(self) -> bool:
        return self.store == self.books

    def __sub__(self, other: Measure) -> Measure:
        return Measure(self.store - other.store, self.books - other.books, self.explained - other.explained)


@dataclass(slots=True)
class Account:
    """One account that money of orders reaches. store: what it should hold of them, sales less refunds."""

    account_id: str
    name: str
    store_in: Decimal = ZERO
    posted_in: Decimal = ZERO
    books_in: Decimal = ZERO
    store_out: Decimal = ZERO
    posted_out: Decimal = ZERO
    books_out: Decimal = ZERO

    @property
    def store(self) -> Decimal:
        return self.store_in - self.store_out

    @property
    def posted(self) -> Decimal:
        return self.posted_in - self.posted_out

    @property
    def books(self) -> Decimal:
        return self.books_in - self.books_out


@dataclass(slots=True)
class Sums:
    """One currency over some days. counts: orders, refunds, documents, open records, findings."""

    currency: str
    measures: dict[str, Measure] = field(default_factory=lambda: {name: Measure() for name in MEASURES})
    counts: dict[str, int] = field(default_factory=dict)
    rates: dict[str, Measure] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)

    def __getitem__(self, measure: str) -> Measure:
        return self.measures[measure]

    @property
    def net(self) -> Measure:
        """Sales less refunds, tax included."""
        return self[SALES_TOTAL] - self[REFUNDS]

    @property
    def net_tax(self) -> Measure:
        return self[SALES_TAX] - self[REFUNDS_TAX]

    @property
    def agrees(self) -> bool:
        """Every measure, so that what is missing on one side never hides behind another."""
        return all(measure.agrees for measure in self.measures.values())

    @property
    def is_explained(self) -> bool:
        return all(not measure.unexplained for measure in self.measures.values())

    def count(self, name: str) -> int:
        return self.counts.get(name, 0)

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values())


class Tallies:
    """Sums that grow line by line; `as_json` and back lose nothing."""

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        self._currencies: dict[str, dict[str, Any]] = {
            currency: {part: dict(rows) for part, rows in parts.items()} for currency, parts in (stored or {}).items()
        }

    def as_json(self) -> dict[str, Any]:
        return self._currencies

    @property
    def currencies(self) -> list[str]:
        return sorted(self._currencies)

    def add(self, line: ReconciliationLine, period: Period, *, store_rates: Rates, books_rates: Rates) -> None:
        parts = self._currencies.setdefault(
            line.currency, {"days": {}, "counts": {}, "rates": {}, "accounts": {}, "names": {}}
        )
        if period.holds(line.store_day) and line.store_total is not None:
            self._add_side(parts, line, _iso(line.store_day), STORE, line.store_total, line.store_tax)
            _add(parts["rates"], _iso(line.store_day), _signed(line, store_rates), STORE, 2)
            self._count_store(parts, line)
        if period.holds(line.books_day) and line.books_total is not None:
            self._add_side(parts, line, _iso(line.books_day), BOOKS, line.books_total, line.books_tax)
            _add(parts["rates"], _iso(line.books_day), _signed(line, books_rates), BOOKS, 2)
            if line.kind in (Kind.SALE, Kind.REFUND):
                _bump(parts, _iso(line.books_day), DOCUMENTS)
        if line.finding and line.finding != ReconciliationLine.Finding.NOT_SENT:
            _bump(parts, _iso(line.store_day if period.holds(line.store_day) else line.books_day), FOUND)

    def _count_store(self, parts: dict[str, Any], line: ReconciliationLine) -> None:
        day = _iso(line.store_day)
        if line.kind in (Kind.SALE, Kind.REFUND):
            _bump(parts, day, ORDERS if line.kind == Kind.SALE else RETURNS)
        if line.finding == ReconciliationLine.Finding.NOT_SENT:
            _bump(parts, day, OPEN)

    def _add_side(
        self, parts: dict[str, Any], line: ReconciliationLine, day: str, side: int, total: Decimal, tax: Decimal | None
    ) -> None:
        amounts = _measured(line, total, tax)
        _add(parts["days"], day, amounts, side, 3)
        if line.is_explained:
            sign = 1 if side == STORE else -1
            _add(parts["days"], day, {name: sign * amount for name, amount in amounts.items()}, EXPLAINED, 3)
        self._add_account(parts, line, day, side, total)

    def _add_account(
        self, parts: dict[str, Any], line: ReconciliationLine, day: str, side: int, total: Decimal
    ) -> None:
        account, name = (
            (line.account_id, line.account_name) if side == STORE else (line.books_account_id, line.books_account_name)
        )
        if not account:
            return
        first = 0 if line.entity == PAYMENT or line.entity in SALES else 3
        days = parts["accounts"].setdefault(account, {})
        if side == STORE:
            _add_at(days, day, first, total)
            _add_at(days, day, first + 1, line.posted_total or ZERO)
        else:
            _add_at(days, day, first + 2, total)
        if name:
            parts["names"][account] = name

    def sums(self, currency: str, period: Period) -> Sums:
        sums = Sums(currency)
        parts = self._currencies.get(currency)
        if parts is None:
            return sums
        for _day, measures in _within(parts["days"], period):
            for name, amounts in measures.items():
                measure = sums.measures[name]
                measure.store += Decimal(amounts[STORE])
                measure.books += Decimal(amounts[BOOKS])
                measure.explained += Decimal(amounts[EXPLAINED])
        for _day, counts in _within(parts["counts"], period):
            for name, number in counts.items():
                sums.counts[name] = sums.counts.get(name, 0) + number
        for _day, rates in _within(parts["rates"], period):
            for rate, amounts in rates.items():
                measure = sums.rates.setdefault(rate, Measure())
                measure.store += Decimal(amounts[STORE])
                measure.books += Decimal(amounts[BOOKS])
        for account, days in parts["accounts"].items():
            self._sum_account(sums, account, parts["names"].get(account, ""), [row for _, row in _within(days, period)])
        return sums

    def _sum_account(self, sums: Sums, account: str, name: str, rows: Iterable[list[str]]) -> None:
        for row in rows:
            found = sums.accounts.setdefault(account, Account(account, name))
            store_in, posted_in, books_in, store_out, posted_out, books_out = (Decimal(amount) for amount in row)
            found.store_in += store_in
            found.posted_in += posted_in
            found.books_in += books_in
            found.store_out += store_out
            found.posted_out += posted_out
            found.books_out += books_out


def _measured(line: ReconciliationLine, total: Decimal, tax: Decimal | None) -> dict[str, Decimal]:
    if line.kind == Kind.SALE:
        found = {SALES_TOTAL: total} | ({SALES_TAX: tax} if tax is not None else {})
        is_paid_at_once = line.entity == "SalesReceipt"
        return found | ({PAYMENTS: total} if is_paid_at_once else {})
    if line.kind == Kind.REFUND:
        return {REFUNDS: total} | ({REFUNDS_TAX: tax} if tax is not None else {})
    return {FEES if line.entity == FEE else PAYMENTS: total}


def _signed(line: ReconciliationLine, rates: Rates) -> dict[str, Decimal]:
    sign = -1 if line.kind == Kind.REFUND else 1
    return {rate: sign * amount for rate, amount in rates.items() if amount}


def _add(days: dict[str, Any], day: str, amounts: Mapping[str, Decimal], place: int, places: int) -> None:
    for name, amount in amounts.items():
        row = days.setdefault(day, {}).setdefault(name, ["0"] * places)
        row[place] = str(Decimal(row[place]) + amount)


def _add_at(days: dict[str, list[str]], day: str, place: int, amount: Decimal) -> None:
    row = days.setdefault(day, ["0"] * 6)
    row[place] = str(Decimal(row[place]) + amount)


def _bump(parts: dict[str, Any], day: str, name: str) -> None:
    counts = parts["counts"].setdefault(day, {})
    counts[name] = counts.get(name, 0) + 1


def _within(days: Mapping[str, Any], period: Period) -> list[tuple[str, Any]]:
    first, last = period.first.isoformat(), period.last.isoformat()
    if first == last:
        return [(first, days[first])] if first in days else []
    return [(day, row) for day, row in days.items() if first <= day <= last]


def _iso(day: date | None) -> str:
    return day.isoformat() if day is not None else ""

"""Where the company keeps its objects, balances, tokens and answers: one SQLite database, in memory or in a file.

The database *is* the state: every request runs in one transaction that is committed before its answer leaves, so a
process that is killed loses nothing it has answered for. Only parsed list objects are cached beside it.
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.company.values import dumps, loads

MINOR = 100_000
"""Balances are whole numbers of 1/100,000 of the home currency, so that sums are exact."""

_KEPT_ANSWERS = 50_000
_CACHED_OBJECTS = 2_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
  type TEXT NOT NULL, id TEXT NOT NULL, json TEXT, postings TEXT, name TEXT, unique_name TEXT, number TEXT,
  customer TEXT, email TEXT, txn_date TEXT, total REAL, balance REAL, active INTEGER NOT NULL DEFAULT 1,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (type, id));
CREATE INDEX IF NOT EXISTS object_name ON object (type, name) WHERE name IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_unique_name ON object (unique_name) WHERE unique_name IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_number ON object (type, number) WHERE number IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_customer ON object (customer) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_email ON object (email) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS object_updated ON object (type, updated);
CREATE TABLE IF NOT EXISTS balance (account TEXT PRIMARY KEY, amount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS answer_seq ON answer (seq);
CREATE TABLE IF NOT EXISTS token (
  token TEXT PRIMARY KEY, kind TEXT NOT NULL, grant_id TEXT NOT NULL, expires REAL NOT NULL, redirect_uri TEXT,
  superseded INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(slots=True)
class Columns:
    """What is kept beside an object's JSON for look-ups; texts are case-folded."""

    name: str | None = None
    unique_name: str | None = None
    number: str | None = None
    customer: str | None = None
    email: str | None = None
    txn_date: str | None = None
    total: float | None = None
    balance: float | None = None
    active: bool = True


class Storage:
    """The database of one company. Use it inside `transaction()`; one thread at a time is inside."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        if path is not None:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        self._lock = threading.RLock()
        self._depth = 0
        self._cache: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._counters: dict[str, int] = {}
        for key, value in self.rows("SELECT key, value FROM meta WHERE key LIKE 'counter:%'"):
            self._counters[str(key)[8:]] = int(value)
        self._changed_counters: set[str] = set()

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the company: what happens inside is committed together, or not at all when it raises."""
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self._connection.execute("BEGIN")
            self._depth = 1
            try:
                yield
                for name in self._changed_counters:
                    self.set_meta(f"counter:{name}", str(self._counters[name]))
                self._changed_counters.clear()
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._cache.clear()
                raise
            finally:
                self._depth = 0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of a transaction that is undone alone when it raises (one write, one batch item)."""
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO attempt")
            self._connection.execute("RELEASE attempt")
            self._cache.clear()
            raise
        self._connection.execute("RELEASE attempt")

    def execute(self, statement: str, parameters: tuple[Any, ...] = ()) -> int:
        """Run a statement; gives the number of rows it changed."""
        return self._connection.execute(statement, parameters).rowcount

    def rows(self, statement: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._connection.execute(statement, parameters).fetchone()
        return found

    def next(self, counter: str, start: int = 1) -> int:
        """The next whole number of a counter; numbers of undone work are skipped, never given twice."""
        value = self._counters.get(counter, start - 1) + 1
        self._counters[counter] = value
        self._changed_counters.add(counter)
        return value

    def get(self, kind: str, ident: str) -> dict[str, Any] | None:
        """An object that has not been deleted. It may be shared: copy it before changing it."""
        key = (kind, ident)
        cached = self._cache.get(key)
        if cached is not None:
            self._cache.move_to_end(key)
            return cached
        found = self.row("SELECT json FROM object WHERE type = ? AND id = ? AND deleted = 0", key)
        if found is None:
            return None
        value: dict[str, Any] = loads(found[0])
        self._cache[key] = value
        if len(self._cache) > _CACHED_OBJECTS:
            self._cache.popitem(last=False)
        return value

    def text(self, kind: str, ident: str) -> str:
        """An object's JSON as it is stored. Raises LookupError when there is none."""
        found = self.row("SELECT json FROM object WHERE type = ? AND id = ? AND deleted = 0", (kind, ident))
        if found is None:
            raise LookupError(f"There is no {kind} {ident}.")
        return str(found[0])

    def put(
        self,
        kind: str,
        value: dict[str, Any],
        columns: Columns,
        *,
        created: int,
        updated: int,
        postings: str | None = None,
    ) -> None:
        """Store an object under its Id, in place of what was there."""
        ident = str(value["Id"])
        self.execute(
            "INSERT OR REPLACE INTO object (type, id, json, postings, name, unique_name, number, customer, email,"
            " txn_date, total, balance, active, created, updated, seq) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                kind, ident, dumps(value), postings, columns.name, columns.unique_name, columns.number,
                columns.customer, columns.email, columns.txn_date, columns.total, columns.balance,
                columns.active, created, updated,
                self.next("change"),
            ),
        )  # fmt: skip
        self._cache.pop((kind, ident), None)

    def rewrite(
        self, kind: str, value: dict[str, Any], *, updated: int | None = None, balance: float | None = None
    ) -> None:
        """Change an object's JSON as a side effect of another write: columns and postings stay."""
        ident = str(value["Id"])
        self.execute(
            "UPDATE object SET json = ?, updated = COALESCE(?, updated), balance = COALESCE(?, balance),"
            " seq = CASE WHEN ? IS NULL THEN seq ELSE ? END WHERE type = ? AND id = ?",
            (dumps(value), updated, balance, updated, self.next("change") if updated else 0, kind, ident),
        )
        self._cache.pop((kind, ident), None)

    def mark_deleted(self, kind: str, ident: str, *, at: int) -> None:
        """Leave only the stub that change data capture shows."""
        self.execute(
            "UPDATE object SET json = NULL, postings = NULL, name = NULL, unique_name = NULL, number = NULL,"
            " customer = NULL, email = NULL, deleted = 1, updated = ?, seq = ? WHERE type = ? AND id = ?",
            (at, self.next("change"), kind, ident),
        )
        self._cache.pop((kind, ident), None)

    def postings(self, kind: str, ident: str) -> dict[str, int]:
        """The account movements an object stands for, in MINOR units."""
        found = self.row("SELECT postings FROM object WHERE type = ? AND id = ?", (kind, ident))
        return dict(loads(found[0])) if found and found[0] else {}

    def move(self, movements: dict[str, int], sign: int = 1) -> None:
        """Add account movements (MINOR units) to the balances, or take them back with sign -1."""
        for account, amount in movements.items():
            self.execute(
                "INSERT INTO balance VALUES (?, ?)"
                " ON CONFLICT (account) DO UPDATE SET amount = amount + excluded.amount",
                (account, sign * amount),
            )

    def keep_answer(self, key: str, body: bytes) -> None:
        """Remember an answer for a repeated request id; the oldest are forgotten."""
        seq = self.next("answer")
        self.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?)", (key, seq, zlib.compress(body, 1)))
        self.execute("DELETE FROM answer WHERE seq <= ?", (seq - _KEPT_ANSWERS,))

    def answer(self, key: str) -> bytes | None:
        found = self.row("SELECT body FROM answer WHERE key = ?", (key,))
        return zlib.decompress(found[0]) if found else None

    def meta(self, key: str) -> str | None:
        found = self.row("SELECT value FROM meta WHERE key = ?", (key,))
        return str(found[0]) if found else None

    def set_meta(self, key: str, value: str) -> None:
        self.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def _fold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value

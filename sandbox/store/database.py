"""Everything the store knows, in memory for reading and in SQLite before any answer leaves.

A row is one object (order, refund, product, ...) as JSON. Reads never touch SQLite; every change is committed inside
`Database.change()`, so that an answered request survives a kill -9.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, id INTEGER NOT NULL, parent INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nonces (
    consumer_key TEXT NOT NULL, nonce TEXT NOT NULL, timestamp INTEGER NOT NULL, PRIMARY KEY (consumer_key, nonce)
) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Row:
    """One object. `rendered` keeps its ready bytes by (decimals, fields) until it changes."""

    id: int
    parent: int
    document: Document
    rendered: dict[tuple[int, str], bytes] = field(default_factory=dict)


def copied(value: Any) -> Any:
    """A copy of a JSON value, several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


class Database:
    """The rows by kind and id. `revision` counts changes by kind, for whoever caches lists."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        name = ":memory:" if folder is None else str(folder / "store.sqlite3")
        self._connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        self.lock = threading.RLock()
        self.kinds: dict[str, dict[int, Row]] = {}
        self.facts: dict[str, Any] = {}
        self.revision: dict[str, int] = {}
        self._undo: list[tuple[str, int, Row | None]] | None = None
        self._undo_facts: dict[str, Any] = {}
        self._changed: dict[tuple[str, int], None] = {}
        self._changed_facts: set[str] = set()
        for kind, row_id, parent, body in self._connection.execute("SELECT kind, id, parent, body FROM objects"):
            self.kinds.setdefault(kind, {})[row_id] = Row(row_id, parent, json.loads(body))
        for fact, value in self._connection.execute("SELECT name, value FROM facts"):
            self.facts[fact] = json.loads(value)

    def rows(self, kind: str) -> dict[int, Row]:
        return self.kinds.setdefault(kind, {})

    def get(self, kind: str, row_id: int) -> Row | None:
        return self.rows(kind).get(row_id)

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction; nested ones join the outer. On an error nothing of it remains, in memory neither."""
        with self.lock:
            if self._undo is not None:
                yield
                return
            self._undo = []
            self._undo_facts = dict(self.facts)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._write_changes()
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                for kind, row_id, old in reversed(self._undo):
                    if old is None:
                        self.rows(kind).pop(row_id, None)
                    else:
                        self.rows(kind)[row_id] = old
                    self._touch(kind)
                self.facts = self._undo_facts
                for name in self.facts:
                    self._touch(name)
                raise
            finally:
                self._undo = None
                self._changed.clear()
                self._changed_facts.clear()

    def put(self, kind: str, row_id: int, document: Document, parent: int = 0) -> Row:
        """Write one object, new or changed. The document must not be the one of a row that is already there."""
        with self.change():
            self._remember(kind, row_id)
            row = Row(row_id, parent, document)
            self.rows(kind)[row_id] = row
            self._touch(kind)
            return row

    def remove(self, kind: str, row_id: int) -> None:
        with self.change():
            self._remember(kind, row_id)
            self.rows(kind).pop(row_id, None)
            self._touch(kind)

    def set_fact(self, name: str, value: Any) -> None:
        """Keep a single value (JSON)."""
        with self.change():
            self.facts[name] = value
            self._touch(name)
            self._changed_facts.add(name)

    def next_number(self, sequence: str, step: int = 1) -> int:
        """The next id of a sequence; ids are never given twice, not even after a deletion."""
        number = int(self.facts.get(f"last_{sequence}", 0)) + step
        self.set_fact(f"last_{sequence}", number)
        return number

    def use_nonce(self, consumer_key: str, nonce: str, timestamp: int, oldest: int) -> bool:
        """Remember an OAuth nonce; False when it was used before. Nonces older than `oldest` are forgotten."""
        with self.change():
            self._connection.execute("DELETE FROM nonces WHERE timestamp < ?", (oldest,))
            cursor = self._connection.execute(
                "INSERT OR IGNORE INTO nonces VALUES (?, ?, ?)", (consumer_key, nonce, timestamp)
            )
            return cursor.rowcount == 1

    def close(self) -> None:
        with self.lock:
            self._connection.close()

    def _remember(self, kind: str, row_id: int) -> None:
        if self._undo is None:
            raise RuntimeError("rows change only inside Database.change()")
        self._undo.append((kind, row_id, self.rows(kind).get(row_id)))
        self._changed[kind, row_id] = None

    def _write_changes(self) -> None:
        """Every changed row and fact once, whatever happened to it in the meantime."""
        for kind, row_id in self._changed:
            row = self.rows(kind).get(row_id)
            if row is None:
                self._connection.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, row_id))
            else:
                body = json.dumps(row.document, ensure_ascii=False, separators=(",", ":"))
                self._connection.execute(
                    "INSERT OR REPLACE INTO objects (kind, id, parent, body) VALUES (?, ?, ?, ?)",
                    (kind, row_id, row.parent, body),
                )
        facts = [(name, json.dumps(self.facts[name])) for name in self._changed_facts]
        self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts)

    def _touch(self, kind: str) -> None:
        self.revision[kind] = self.revision.get(kind, 0) + 1

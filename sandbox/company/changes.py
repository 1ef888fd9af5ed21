"""Change data capture (QBO reference, CDC)."""

from __future__ import annotations

import time

from sandbox.company.books import Books
from sandbox.company.query import shown_balance
from sandbox.company.refusals import Refusal, missing
from sandbox.company.schema import ENTITIES
from sandbox.company.values import dumps, loads, parse_time, stamp

_MAX_OBJECTS = 1000
_MAX_AGE_SECONDS = 30 * 86_400
_UNSUPPORTED = ("TaxCode", "TaxRate", "TaxAgency", "CompanyInfo", "Preferences")


def changes(books: Books, entities: str | None, changed_since: str | None) -> str:
    """The `CDCResponse` as JSON text: per entity the changed objects, then stubs of deleted ones. Raises Refusal.

    At most 1000 objects in all, shared by the entities in the order they were asked for; there are no pages.
    """
    if not entities:
        raise missing("entities")
    if not changed_since:
        raise missing("changedSince")
    since = parse_time(changed_since)
    if since is None:
        raise Refusal("2060", f"Invalid Date : {changed_since}", "changedSince")
    if since < time.time() - _MAX_AGE_SECONDS:
        raise Refusal("2070", "changedSince lies more than 30 days back", "changedSince", message="Invalid Date Value")
    kinds = [_kind(name) for name in entities.split(",")]
    blocks: list[str] = []
    room = _MAX_OBJECTS
    for kind in kinds:
        rows = books.storage.rows(
            "SELECT id, json, deleted, updated FROM object WHERE type = ? AND updated >= ?"
            " ORDER BY deleted, seq LIMIT ?",
            (kind, since, room),
        )
        room -= len(rows)
        if rows:
            shown = ",".join(_shown(books, kind, *row) for row in rows)
            blocks.append(f'{{"{kind}":[{shown}],"startPosition":1,"maxResults":{len(rows)}}}')
    return f'[{{"QueryResponse":[{",".join(blocks) or "{}"}]}}]'


def _kind(name: str) -> str:
    for known in ENTITIES:
        if known.lower() == name.strip().lower() and known not in _UNSUPPORTED:
            return known
    raise Refusal("2000", f"Invalid object name : {name.strip()} is not supported by change data capture", "entities")


def _shown(books: Books, kind: str, ident: str, json: str | None, deleted: int, updated: int) -> str:
    if deleted or json is None:
        times = {"LastUpdatedTime": stamp(updated)}
        return dumps({"domain": "QBO", "status": "Deleted", "Id": ident, "MetaData": times})
    if kind != "Account":
        return json
    account = loads(json)
    account["CurrentBalance"] = account["CurrentBalanceWithSubAccounts"] = shown_balance(books, account)
    return dumps(account)

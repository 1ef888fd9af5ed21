"""Batches: up to 30 independent operations in one call (QBO reference, Batch and requestid)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.company.books import Books
from sandbox.company.query import run
from sandbox.company.refusals import MESSAGES, Refusal, missing, repeated, unsupported
from sandbox.company.schema import ENTITIES
from sandbox.company.stats import Stats
from sandbox.company.values import dumps, loads
from sandbox.faults import Faults

_MAX_ITEMS = 30
_MAX_BID = 10
_ITEM_KEYS = ("bId", "operation", "optionsData", "Query")

Perform = Callable[..., str]


def run_batch(
    books: Books, body: Mapping[str, Any], request_id: str | None, perform: Perform, faults: Faults, stats: Stats
) -> str:
    """The BatchItemResponse list as JSON text. Each item is done or refused for itself, in order.

    With a request id, items whose bId was answered before under that id get that answer again; a refused item is
    tried anew. Raises Refusal when the batch as a whole is wrong.
    """
    items = body.get("BatchItemRequest")
    if not isinstance(items, list) or not items:
        raise missing("BatchItemRequest")
    if len(items) > _MAX_ITEMS:
        raise Refusal(
            "1040", f"Batch size exceeds limit : {len(items)} items were sent, at most {_MAX_ITEMS} are supported."
        )
    kept: dict[str, str] = {}
    if request_id is not None:
        for item in items:
            if not 0 < len(str(item.get("bId") or "")) <= _MAX_BID:
                raise Refusal("2130", f"Invalid Request Id Format : bId takes 1 to {_MAX_BID} characters.", "bId")
        saved = books.storage.answer(f"batch:{request_id}") if books.behaviour.keep_request_ids else None
        kept = loads(saved) if saved else {}
    answers: list[str] = []
    news = False
    for item in items:
        bid = str(item.get("bId") or "")
        if bid in kept:
            stats.count("replays")
            refused = f'{{"Fault":{dumps(repeated(str(request_id)).fault())},"bId":{dumps(bid)}}}'
            answers.append(refused if books.behaviour.repeats == "600" else kept[bid])
            continue
        answer, lasting = _item_answer(books, item, bid, perform, faults, stats)
        answers.append(answer)
        if lasting and request_id is not None:
            kept[bid] = answer
            news = True
    if news:
        books.storage.keep_answer(f"batch:{request_id}", dumps(kept).encode())
    return f"[{','.join(answers)}]"


def _item_answer(
    books: Books, item: Mapping[str, Any], bid: str, perform: Perform, faults: Faults, stats: Stats
) -> tuple[str, bool]:
    """An item's answer as JSON text, and whether it lasts: writes that succeeded do, queries and faults do not."""
    try:
        if faults.speaks_of_items:
            _strike(item, faults)
        if "Query" in item:
            found, _rows = run(books, str(item["Query"]).strip())
            stats.count("reads")
            return f'{{"QueryResponse":{found},"bId":{dumps(bid)}}}', False
        kind = _kind_of(item)
        operation = str(item.get("operation") or "").lower()
        if not operation:
            raise missing("operation")
        value = perform(operation, kind, item[kind], include=str(item.get("optionsData") or ""))
    except Refusal as refusal:
        stats.count_fault(refusal.code)
        return f'{{"Fault":{dumps(refusal.fault())},"bId":{dumps(bid)}}}', False
    return f'{{"{kind}":{value},"bId":{dumps(bid)}}}', True


def _kind_of(item: Mapping[str, Any]) -> str:
    kinds = [key for key in item if key not in _ITEM_KEYS]
    if len(kinds) != 1 or not isinstance(item[kinds[0]], Mapping):
        raise Refusal("2600", "A batch item holds one object.", message="Conflicting elements in request")
    if kinds[0] not in ENTITIES:
        raise unsupported(kinds[0])
    return kinds[0]


def _strike(item: Mapping[str, Any], faults: Faults) -> None:
    """Raise the fault a control rule has for this item."""
    fault = faults.item_fault(dumps(item))
    if fault is not None:
        code = str(fault["code"])
        raise Refusal(
            code,
            str(fault.get("detail", fault.get("Detail", ""))),
            str(fault.get("element", "")),
            fault_type=str(fault.get("type", "ValidationFault")),
            message=str(fault.get("message", fault.get("Message", ""))) or MESSAGES.get(code, "Error"),
        )

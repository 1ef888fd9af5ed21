"""The accounting API under /v3/company/{realm}: which request means which operation (QBO reference, Transport)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from sandbox.company.batch import run_batch
from sandbox.company.books import Books
from sandbox.company.changes import changes
from sandbox.company.query import FILTERABLE, run, shown_balance
from sandbox.company.refusals import Refusal, bad_id, missing, repeated, unsupported
from sandbox.company.schema import ENTITIES
from sandbox.company.stats import Stats
from sandbox.company.taxservice import create_tax_code
from sandbox.company.values import answer_time, dumps, loads
from sandbox.company.writing import create, delete, exchange_rate, set_rate, update, void
from sandbox.faults import Faults
from sandbox.http import Request, Response

_KINDS = {kind.lower(): kind for kind in (*ENTITIES, *FILTERABLE)}
_MAX_REQUEST_ID = 50
_MAX_BATCH_REQUEST_ID = 36

Notify = Callable[[str, str, str], None]
"""Told after every write: kind, id, operation (create | update | delete | void | emailed)."""


class Api:
    """Answers authorized requests; one at a time is carried out."""

    def __init__(self, books: Books, stats: Stats, faults: Faults, notify: Notify) -> None:
        self._books = books
        self._stats = stats
        self._faults = faults
        self._notify = notify

    def answer(self, request: Request, resource: str) -> Response:
        """`resource`: the path after the realm, e.g. `invoice/12`."""
        try:
            payload = self._payload(request, resource)
            with self._books.storage.transaction():
                try:
                    return Response(200, self._carry_out(request, resource, payload))
                except Refusal as refusal:
                    return self._refused(refusal)
        except Refusal as refusal:
            return self._refused(refusal)

    def _refused(self, refusal: Refusal) -> Response:
        self._stats.count_fault(refusal.code)
        return Response(refusal.status, refusal.body())

    def _payload(self, request: Request, resource: str) -> Any:
        """The body: a statement for a query, else a JSON object. Read outside the company's lock."""
        if request.method != "POST":
            return None
        try:
            text = request.body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refusal(
                "500", "Unsupported operation : Invalid byte 1 of 1-byte UTF-8 sequence.", status=500
            ) from error
        if resource == "query" or resource.endswith("/send"):
            return text
        if "json" not in request.headers.get("content-type", "application/json"):
            raise unsupported(f"Content-Type {request.headers['content-type']} is not supported")
        try:
            body = loads(text)
        except ValueError as error:
            raise Refusal("2010", f"Property Name:Unexpected character: {error}") from error
        if not isinstance(body, dict):
            raise Refusal("2010", "Property Name:The body is not a JSON object")
        return body

    def _carry_out(self, request: Request, resource: str, payload: Any) -> bytes:
        parts = [unquote(part) for part in resource.split("/")]
        if resource == "batch" and request.method == "POST":
            return self._batch(request, payload)
        if resource == "query":
            statement = payload if request.method == "POST" else request.query.get("query", "")
            found, _rows = run(self._books, statement.strip())
            self._stats.count("reads")
            return _envelope("QueryResponse", found)
        if request.method == "GET":
            body = self._read(request, parts)
            self._stats.count("reads")
            return body
        if request.method != "POST":
            raise unsupported(f"Method {request.method}")
        return self._replayed(request, lambda: self._write(request, parts, payload))

    def _read(self, request: Request, parts: list[str]) -> bytes:
        books = self._books
        head = parts[0].lower()
        if head == "cdc":
            query = request.query
            return _envelope("CDCResponse", changes(books, query.get("entities"), query.get("changedSince")))
        if head == "exchangerate":
            code = request.query.get("sourcecurrencycode")
            if not code:
                raise missing("sourcecurrencycode")
            rate = exchange_rate(books, code, request.query.get("asofdate") or books.today)
            return _envelope("ExchangeRate", dumps(rate))
        if head == "preferences":
            return _envelope("Preferences", dumps(books.preferences))
        if head == "companyinfo":
            return _envelope("CompanyInfo", dumps(books.company_info))
        kind = _KINDS.get(head)
        if kind is None or len(parts) != 2:
            raise unsupported("/".join(parts))
        return _envelope(kind, self._one(kind, parts[1]))

    def _one(self, kind: str, ident: str) -> str:
        if not ident.isdigit() and kind != "TaxCode":
            raise bad_id(ident)
        value = self._books.get(kind, ident)
        if value is None:
            raise Refusal(
                "610", f"Object Not Found : Something you're trying to use has been made inactive. Id={ident}"
            )
        if kind == "Account":
            value = {**value, "CurrentBalance": shown_balance(self._books, value)}
            value["CurrentBalanceWithSubAccounts"] = value["CurrentBalance"]
        return dumps(value)

    def _replayed(self, request: Request, act: Callable[[], bytes]) -> bytes:
        """The original answer of a repeated request id, else the answer of acting, kept for repeats."""
        request_id = request.query.get("requestid")
        if request_id is None:
            return act()
        if not request_id or len(request_id) > _MAX_REQUEST_ID:
            raise Refusal("2130", f"Invalid Request Id Format : at most {_MAX_REQUEST_ID} characters.", "requestid")
        storage = self._books.storage
        key = f"request:{request_id}"
        if self._books.behaviour.keep_request_ids:
            kept = storage.answer(key)
            if kept is not None:
                self._stats.count("replays")
                if self._books.behaviour.repeats == "600":
                    raise repeated(request_id)
                return kept
        answer = act()
        storage.keep_answer(key, answer)
        return answer

    def _write(self, request: Request, parts: list[str], body: Any) -> bytes:
        head = parts[0].lower()
        if parts == ["taxservice", "taxcode"]:
            with self._books.storage.attempt():
                made = create_tax_code(self._books, body)
            self._stats.count_write("create", "TaxCode")
            return dumps({**made, "time": answer_time()}).encode()
        if head == "exchangerate":
            return _envelope("ExchangeRate", dumps(set_rate(self._books, body)))
        kind = _KINDS.get(head)
        if kind is None:
            raise unsupported("/".join(parts))
        if len(parts) == 3 and parts[2] == "send" and kind == "Invoice":
            return _envelope(kind, dumps(self._send(parts[1], request.query.get("sendTo"))))
        if len(parts) != 1:
            raise unsupported("/".join(parts))
        operation = "update" if kind == "Preferences" else _operation(request.query, body)
        return _envelope(kind, self.perform(operation, kind, body, include=request.query.get("include", "")))

    def perform(self, operation: str, kind: str, body: Mapping[str, Any], *, include: str = "") -> str:
        """Carry out one write inside the transaction and tell who listens; gives the answer's JSON. Raises Refusal."""
        if operation == "create":
            value = create(self._books, kind, body, include=include)
        elif operation == "update":
            value = update(self._books, kind, body, include=include)
        elif operation == "delete":
            value = delete(self._books, kind, body)
        elif operation == "void":
            value = void(self._books, kind, body)
        else:
            raise unsupported(operation)
        self._stats.count_write(operation, kind)
        self._notify(kind, str(value["Id"]), operation)
        return dumps(value) if operation == "delete" else self._books.storage.text(kind, str(value["Id"]))

    def _send(self, ident: str, address: str | None) -> dict[str, Any]:
        """Mark an invoice as e-mailed."""
        invoice = self._books.get("Invoice", ident)
        if invoice is None:
            raise Refusal("610", f"Object Not Found : Id={ident}")
        mail = {"Address": address} if address else invoice.get("BillEmail")
        if not mail:
            raise Refusal("6420", "Email address required : the invoice has no e-mail address.", "BillEmail")
        changed = {**invoice, "EmailStatus": "EmailSent", "BillEmail": mail}
        self._books.touch("Invoice", changed)
        self._notify("Invoice", ident, "emailed")
        return changed

    def _batch(self, request: Request, body: Mapping[str, Any]) -> bytes:
        request_id = request.query.get("requestid")
        if request_id is not None and not 0 < len(request_id) <= _MAX_BATCH_REQUEST_ID:
            raise Refusal(
                "2130", f"Invalid Request Id Format : at most {_MAX_BATCH_REQUEST_ID} characters.", "requestid"
            )
        self._stats.count("batches")
        answered = run_batch(self._books, body, request_id, self.perform, self._faults, self._stats)
        return _envelope("BatchItemResponse", answered)


def _operation(query: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """Which write a POST to an entity is, by its query string and by whether it names an Id."""
    operation = query.get("operation", "").lower()
    if operation == "update" and query.get("include", "").lower() == "void":
        return "void"
    if operation in ("delete", "void"):
        return operation
    if operation not in ("", "update", "create"):
        raise unsupported(operation)
    return "update" if body.get("Id") not in (None, "") or operation == "update" else "create"


def _envelope(name: str, json: str) -> bytes:
    return f'{{"{name}":{json},"time":"{answer_time()}"}}'.encode()

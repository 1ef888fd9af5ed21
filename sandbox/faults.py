"""Rules that make a stand-in misbehave on demand: wrong statuses, lost answers, slow answers, faulted batch items.

A rule is JSON. Both stand-ins take it at `POST /_sandbox/faults` and forget all of them at `DELETE /_sandbox/faults`:

    {"method": "POST", "path_contains": "/batch", "body_contains": "1042",     which requests (each key optional)
     "skip": 0, "times": 1,                                                    let k pass, then hit n (null: always)
     "action": "status", "status": 429, "body": {...}, "headers": {...}, "seconds": 2, "carry_out": false}

`path_contains` looks at path and query string as sent. Actions:

- `status`: answer `status` with `body` (an object becomes JSON, a text is sent as it is, absent: the side's usual one);
  the request is not carried out unless `carry_out` is true (a gateway that gives up on a request that succeeds).
- `html`: the same with a gateway's HTML page; `status` is 503 unless given.
- `hang_up_before`: close the connection, nothing has happened.
- `hang_up_after`: carry the request out and commit it, then close the connection without an answer (a lost answer).
- `delay`: carry it out, wait `seconds`, then answer. `seconds` also slows every other action down.

A rule with `item_body_contains` and `fault` instead of `action` answers single items of a batch:

    {"item_body_contains": "1042", "fault": {"code": "6000", "message": "...", "detail": "..."}, "skip": 0, "times": 1}
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.http import Handler, HangUp, Request, Response

ACTIONS = ("status", "html", "hang_up_before", "hang_up_after", "delay")

_REQUEST_KEYS = {
    "method",
    "path_contains",
    "body_contains",
    "action",
    "status",
    "body",
    "headers",
    "seconds",
    "carry_out",
}
_ITEM_KEYS = {"item_body_contains", "fault"}
_KNOWN_KEYS = frozenset(_REQUEST_KEYS | _ITEM_KEYS | {"skip", "times"})

_GATEWAY_PAGE = (
    "<html><head><title>{status} Service Temporarily Unavailable</title></head>"
    "<body><center><h1>{status} Service Temporarily Unavailable</h1></center></body></html>"
)

StatusAnswer = Callable[[int], Response]
"""Makes a side's usual answer for an HTTP status, used when a rule gives no body of its own."""


@dataclass(slots=True)
class FaultRule:
    """One rule and how often it may still strike. `left` is None for a rule that never ends."""

    action: str = ""
    method: str = ""
    path_contains: str = ""
    body_contains: str = ""
    item_body_contains: str = ""
    skip: int = 0
    left: int | None = 1
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    carry_out: bool = False
    fault: Mapping[str, Any] | None = None
    hits: int = 0

    def meets(self, request: Request, body_text: str) -> bool:
        """Whether the rule speaks of this request, whatever its counters say."""
        return (
            (not self.method or self.method == request.method)
            and (not self.path_contains or self.path_contains in f"{request.path}?{request.raw_query}")
            and (not self.body_contains or self.body_contains in body_text)
        )

    def strikes(self) -> bool:
        """Count one matching request; True when the rule acts on it."""
        if self.left == 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        self.hits += 1
        return True

    def described(self) -> dict[str, Any]:
        """The rule as JSON, with `times` being what is left of it and `hits` how often it struck."""
        what: dict[str, Any] = {
            "method": self.method,
            "path_contains": self.path_contains,
            "body_contains": self.body_contains,
            "item_body_contains": self.item_body_contains,
            "action": self.action,
            "fault": self.fault,
        }
        return {
            **{key: value for key, value in what.items() if value},
            "skip": self.skip,
            "times": self.left,
            "hits": self.hits,
        }


def read_rule(document: Mapping[str, Any]) -> FaultRule:
    """A rule from its JSON object. Raises ValueError with a sentence that says what to change."""
    unknown = sorted(set(document) - _KNOWN_KEYS)
    if unknown:
        raise ValueError(f"Unknown keys in the fault rule: {', '.join(unknown)}.")
    fault = document.get("fault")
    action = str(document.get("action", ""))
    if fault is None and action not in ACTIONS:
        raise ValueError(f"The action must be one of {', '.join(ACTIONS)}; got {action!r}.")
    if fault is not None and (action or not isinstance(fault, Mapping) or "code" not in fault):
        raise ValueError('A batch item rule has a "fault" with at least a "code", and no "action".')
    times = document.get("times", 1)
    return FaultRule(
        action=action,
        method=str(document.get("method", "")).upper(),
        path_contains=str(document.get("path_contains", "")),
        body_contains=str(document.get("body_contains", "")),
        item_body_contains=str(document.get("item_body_contains", "")),
        skip=int(document.get("skip", 0)),
        left=None if times is None else int(times),
        status=int(document.get("status", 503 if action == "html" else 500)),
        body=document.get("body"),
        headers={str(name): str(value) for name, value in dict(document.get("headers") or {}).items()},
        seconds=float(document.get("seconds", 0)),
        carry_out=bool(document.get("carry_out", False)),
        fault=fault,
    )


class Faults:
    """The rules of one stand-in, asked before every request. Thread-safe; the oldest matching rule strikes."""

    def __init__(self, status_answer: StatusAnswer) -> None:
        self._status_answer = status_answer
        self._rules: list[FaultRule] = []
        self._lock = threading.Lock()

    def add(self, document: Mapping[str, Any]) -> FaultRule:
        """Add one rule from its JSON object. Raises ValueError when it makes no sense."""
        rule = read_rule(document)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def described(self) -> list[dict[str, Any]]:
        """All rules as JSON, spent ones included."""
        with self._lock:
            return [rule.described() for rule in self._rules]

    def around(self, request: Request, handler: Handler) -> Response | HangUp:
        """Answer the request with `handler`, or as the first striking rule says."""
        rule = self._striking(request)
        if rule is None:
            return handler(request)
        if rule.action in ("hang_up_after", "delay") or rule.carry_out:
            answer = handler(request)
            if rule.action == "delay":
                return replace(answer, delay=answer.delay + rule.seconds)
        if rule.action in ("hang_up_before", "hang_up_after"):
            return HangUp(delay=rule.seconds)
        return self._wrong_answer(rule)

    @property
    def speaks_of_items(self) -> bool:
        """Whether any rule is about batch items, so that their texts are worth making."""
        return any(rule.fault is not None for rule in tuple(self._rules))

    def item_fault(self, item_body: str) -> Mapping[str, Any] | None:
        """The fault a rule gives to this batch item, if any. `item_body`: the item as JSON text."""
        with self._lock:
            for rule in self._rules:
                if rule.fault is not None and rule.item_body_contains in item_body and rule.strikes():
                    return rule.fault
        return None

    def _striking(self, request: Request) -> FaultRule | None:
        with self._lock:
            if not self._rules:
                return None
            body_text = request.body.decode("utf-8", "replace")
            for rule in self._rules:
                if rule.fault is None and rule.meets(request, body_text) and rule.strikes():
                    return rule
        return None

    def _wrong_answer(self, rule: FaultRule) -> Response:
        if rule.action == "html":
            page = _GATEWAY_PAGE.format(status=rule.status) if rule.body is None else str(rule.body)
            answer = Response(rule.status, page.encode(), "text/html; charset=utf-8")
        elif rule.body is None:
            answer = self._status_answer(rule.status)
        elif isinstance(rule.body, str):
            answer = Response(rule.status, rule.body.encode(), "text/plain; charset=utf-8")
        else:
            answer = Response(rule.status, json.dumps(rule.body).encode())
        return replace(answer, headers={**answer.headers, **rule.headers}, delay=rule.seconds)

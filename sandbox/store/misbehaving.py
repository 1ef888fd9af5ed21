"""Fault rules of the store: those of both stand-ins, and what only WordPress does.

Beside the actions of `sandbox.faults` a rule's action may be

- `maintenance`: 503 JSON `wp_die` with `Retry-After: 600`, as during an update;
- `notice_before_json`: carried out; a PHP warning is printed before the JSON;
- `truncated_json`: carried out; the second half of the body is missing;
- `wrong_type`: carried out; the first object's `field` (default "total") is `false`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandbox.faults import FaultRule, Faults, StatusAnswer, read_rule
from sandbox.http import Handler, HangUp, Request, Response

_NOTICE = (
    b'<br />\n<b>Warning</b>:  Undefined array key "cache" in '
    b"<b>/var/www/html/wp-content/plugins/some-plugin/init.php</b> on line <b>42</b><br />\n"
)
_MAINTENANCE = {
    "action": "status",
    "status": 503,
    "headers": {"Retry-After": "600"},
    "body": {
        "code": "wp_die",
        "message": "Briefly unavailable for scheduled maintenance. Check back in a minute.",
        "data": {"status": 503},
        "additional_errors": [],
    },
}
SPOILING = ("notice_before_json", "truncated_json", "wrong_type")


class StoreFaults:
    """All rules of one store."""

    def __init__(self, status_answer: StatusAnswer) -> None:
        self._faults = Faults(status_answer)
        self._spoiling: list[tuple[str, str, FaultRule]] = []
        self._lock = threading.Lock()

    def add(self, document: Mapping[str, Any]) -> None:
        """Add a rule from its JSON. Raises ValueError when it makes no sense."""
        action = document.get("action")
        if action == "maintenance":
            self._faults.add({**document, **_MAINTENANCE})
        elif action in SPOILING:
            rest = {name: value for name, value in document.items() if name != "field"}
            rule = read_rule({**rest, "action": "delay"})
            with self._lock:
                self._spoiling.append((str(action), str(document.get("field", "total")), rule))
        else:
            self._faults.add(document)

    def clear(self) -> None:
        self._faults.clear()
        with self._lock:
            self._spoiling.clear()

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            own = [{**rule.described(), "action": action} for action, _, rule in self._spoiling]
        return [*self._faults.described(), *own]

    def around(self, request: Request, handler: Handler) -> Response | HangUp:
        """Answer with `handler`, or as the rules say."""
        if request.path.startswith("/_sandbox"):
            return handler(request)
        return self._faults.around(request, lambda one: self._spoiled(one, handler(one)))

    def _spoiled(self, request: Request, answer: Response | HangUp) -> Response | HangUp:
        with self._lock:
            if not self._spoiling or isinstance(answer, HangUp):
                return answer
            text = request.body.decode("utf-8", "replace")
            struck = next(
                (
                    (action, name)
                    for action, name, rule in self._spoiling
                    if rule.meets(request, text) and rule.strikes()
                ),
                None,
            )
        return answer if struck is None else replace(answer, body=_spoil(answer.body, *struck))


def _spoil(body: bytes, action: str, name: str) -> bytes:
    if action == "notice_before_json":
        return _NOTICE + body
    if action == "truncated_json":
        return body[: len(body) // 2]
    value = json.loads(body)
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        first[name] = False
    return json.dumps(value).encode()

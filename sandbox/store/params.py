"""Reading and refusing query parameters of lists, with WordPress's sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.store.clock import is_date
from sandbox.store.errors import invalid_params

Problem = tuple[str, str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one parameter must look like. `kind`: integer, integers, text, date, boolean, choice or choices."""

    kind: str
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()


PAGING: dict[str, Rule] = {
    "context": Rule("choice", choices=("view", "edit")),
    "page": Rule("integer", low=1),
    "per_page": Rule("integer", low=1, high=100),
    "search": Rule("text"),
    "after": Rule("date"),
    "before": Rule("date"),
    "modified_after": Rule("date"),
    "modified_before": Rule("date"),
    "dates_are_gmt": Rule("boolean"),
    "exclude": Rule("integers"),
    "include": Rule("integers"),
    "offset": Rule("integer"),
    "order": Rule("choice", choices=("asc", "desc")),
}


def read(query: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """The known parameters with their types; unknown ones are ignored. Raises the 400 that lists all problems."""
    values: dict[str, Any] = {}
    problems: dict[str, Problem] = {}
    for name, rule in rules.items():
        if name not in query:
            continue
        problem = _check(name, query[name], rule)
        if problem is None:
            values[name] = _typed(query[name], rule)
        else:
            problems[name] = problem
    if problems:
        raise invalid_params(problems)
    return values


def _check(name: str, value: Any, rule: Rule) -> Problem | None:
    if rule.kind == "integer":
        return _check_integer(name, value, rule)
    if rule.kind == "integers":
        wrong = next((n for n, one in enumerate(_listed(value)) if not _is_integer(one)), None)
        return None if wrong is None else _wrong_type(f"{name}[{wrong}]", "integer")
    if rule.kind == "date":
        return None if isinstance(value, str) and is_date(value) else ("rest_invalid_date", "Invalid date.", None)
    if rule.kind == "boolean":
        return None if str(value).lower() in ("true", "false", "1", "0", "") else _wrong_type(name, "boolean")
    if rule.kind == "choice":
        return None if value in rule.choices else _not_one_of(name, rule.choices)
    if rule.kind == "choices":
        wrong = next((n for n, one in enumerate(_listed(value)) if one not in rule.choices), None)
        return None if wrong is None else _not_one_of(f"{name}[{wrong}]", rule.choices)
    return None if isinstance(value, str) else _wrong_type(name, "string")


def _check_integer(name: str, value: Any, rule: Rule) -> Problem | None:
    if not _is_integer(value):
        return _wrong_type(name, "integer")
    number = int(value)
    too_low = rule.low is not None and number < rule.low
    too_high = rule.high is not None and number > rule.high
    if not too_low and not too_high:
        return None
    if rule.low is not None and rule.high is not None:
        sentence = f"{name} must be between {rule.low} (inclusive) and {rule.high} (inclusive)"
    else:
        sentence = f"{name} must be greater than or equal to {rule.low}"
    return ("rest_out_of_bounds", sentence, None)


def _typed(value: Any, rule: Rule) -> Any:
    if rule.kind == "integer":
        return int(value)
    if rule.kind == "integers":
        return [int(one) for one in _listed(value)]
    if rule.kind == "boolean":
        return str(value).lower() in ("true", "1")
    if rule.kind == "choices":
        return _listed(value)
    return value


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part for part in re.split(r"[\s,]+", value) if part]
    return list(value.values()) if isinstance(value, dict) else list(value)


def _is_integer(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or re.fullmatch(r"-?\d+", str(value)) is not None


def _wrong_type(name: str, kind: str) -> Problem:
    return ("rest_invalid_type", f"{name} is not of type {kind}.", {"param": name})


def _not_one_of(name: str, choices: tuple[str, ...]) -> Problem:
    listed = f"{', '.join(choices[:-1])}, and {choices[-1]}" if len(choices) > 2 else " and ".join(choices)
    return ("rest_not_in_enum", f"{name} is not one of {listed}.", None)

"""JSON as WordPress writes it, `_fields`, and PHP's way of reading a query string."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

Fields = dict[str, Any]
"""Wanted keys: name -> True, or the wanted keys below it."""


def to_json(value: Any) -> bytes:
    """Compact, ASCII only, slashes escaped: byte for byte what PHP's `wp_json_encode` sends."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def parse_fields(text: str) -> Fields:
    """`id,billing.email` as nested keys. A key wanted whole swallows what is asked below it."""
    wanted: Fields = {}
    for name in (part.strip() for part in text.replace(" ", ",").split(",")):
        if not name:
            continue
        *above, last = name.split(".")
        level = wanted
        for key in above:
            if level.get(key) is True:
                break
            level = level.setdefault(key, {})
        else:
            level[last] = True
    return wanted


def cut(value: Any, fields: Fields) -> Any:
    """Only the wanted keys, in their old order. Lists below a nested key come out empty, as in WordPress."""
    if not isinstance(value, Mapping):
        return []
    kept = {
        key: inner if fields[key] is True or not isinstance(inner, dict | list) else cut(inner, fields[key])
        for key, inner in value.items()
        if key in fields
    }
    return kept or []


def php_query(raw: str) -> dict[str, Any]:
    """Query pairs as `$_GET`: later values win, `a[]=1&a[]=2` becomes a list, `a[x]=1` a mapping."""
    result: dict[str, Any] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        _put(result, unquote_plus(name), unquote_plus(value))
    return {key: _lists(value) for key, value in result.items()}


def build_query(params: Mapping[str, Any]) -> str:
    """`add_query_arg`'s form of parameters: `status%5B0%5D=any&dp=2`."""
    return "&".join(_pairs(params, ""))


def _put(into: dict[str, Any], name: str, value: str) -> None:
    head, bracket, rest = name.partition("[")
    if not bracket or not head or "]" not in rest:
        into[name] = value
        return
    keys = [part.removeprefix("[") for part in rest.split("]")[:-1]]
    level = into
    for key, following in zip([head, *keys], keys, strict=False):
        name_here = str(len(level)) if key == "" else key
        if not isinstance(level.get(name_here), dict):
            level[name_here] = {}
        level = level[name_here]
        del following
    last = keys[-1]
    level[str(len(level)) if last == "" else last] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    if list(inner) == [str(place) for place in range(len(inner))]:
        return list(inner.values())
    return inner


def _pairs(value: Any, prefix: str) -> list[str]:
    items = value.items() if isinstance(value, Mapping) else ((str(n), one) for n, one in enumerate(value))
    pairs: list[str] = []
    for key, one in items:
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(one, Mapping | list):
            pairs += _pairs(one, name)
        else:
            text = ("true" if one else "false") if isinstance(one, bool) else str(one)
            pairs.append(f"{quote(name, safe='')}={quote(text, safe='')}")
    return pairs

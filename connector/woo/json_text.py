"""Reads JSON for money: numbers with a point become Decimals, and every text can be stored."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn

from connector.woo.texts import storable


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_BLANKS = " \t\r\n\ufeff"
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)


def loads(text: str) -> object:
    """The value of a JSON text, without floats. Raises ValueError, also for NaN, Infinity and absurd nesting."""
    body = text.strip(_BLANKS)
    value, end = loads_at(body, 0)
    if end != len(body):
        raise ValueError("more than one JSON value")
    return value


def loads_at(text: str, start: int) -> tuple[object, int]:
    """The JSON value that begins at `start`, and where it ends. Raises ValueError as `loads` does."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    # NUL and half characters can only arrive as \u escapes: the walk is paid for by the rare text that has them.
    if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        value = _storable(value)
    return value, end


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): _storable(item) for key, item in value.items()}
    return value

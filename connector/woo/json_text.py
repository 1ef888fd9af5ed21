"""Reads JSON for money: numbers with a point become Decimals, and every text can be stored."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn

from connector.woo.texts import storable


def loads(text: str) -> object:
    """The value of a JSON text, without floats. Raises ValueError, also for NaN, Infinity and absurd nesting."""
    try:
        value: object = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    # NUL and half characters can only arrive as \u escapes: the walk is paid for by the rare text that has them.
    if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        return _storable(value)
    return value


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): _storable(item) for key, item in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")

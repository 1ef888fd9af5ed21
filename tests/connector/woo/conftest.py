"""Captured answers of two real stores, and ready-made orders to bend."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.woo.parse import loads

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "woocommerce"

Load = Callable[[str, str], Any]


def load_payload(store: str, name: str) -> Any:
    return loads((PAYLOADS / store / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def payload() -> Load:
    """payload("fr", "orders"): a captured answer, without floats."""
    return load_payload


@pytest.fixture
def order_of() -> Callable[[str, int], dict[str, Any]]:
    """order_of("fr", 86): one captured order by id, free to be changed."""

    def find(store: str, order_id: int, name: str = "orders") -> dict[str, Any]:
        return copy.deepcopy(next(order for order in load_payload(store, name) if order["id"] == order_id))

    return find

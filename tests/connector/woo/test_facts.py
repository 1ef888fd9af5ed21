from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.woo.facts import StoreFacts, StoreIndex, read_index, read_tax_rate

INDEX = StoreIndex("x", "https://shop.example", "https://shop.example/wp-json/", "Etc/UTC", Decimal(0), True)
FACTS = StoreFacts(INDEX, 1, datetime(2026, 11, 24, tzinfo=UTC), 0.0, True, True)


@pytest.mark.parametrize(
    ("version", "recent"),
    [("10.2.4", True), ("5.8.0", True), ("5.8", True), ("5.7.3", False), ("4.9", False), ("", True), ("dev", True)],
)
def test_a_store_must_be_able_to_tell_what_changed(version: str, recent: bool) -> None:
    assert replace(FACTS, version=version).is_recent_enough is recent


@pytest.mark.parametrize(
    ("zone", "offset", "name"),
    [
        ("Europe/Paris", 1, "Europe/Paris"),
        ("", 2, "Etc/GMT-2"),
        ("", -5, "Etc/GMT+5"),
        ("", 0, "Etc/UTC"),
        ("", "0", "Etc/UTC"),
        ("", Decimal("5.5"), ""),
    ],
)
def test_a_store_with_a_bare_offset_still_has_a_zone(zone: str, offset: object, name: str) -> None:
    index = read_index({"timezone_string": zone, "gmt_offset": offset}, index_url="https://shop.example/wp-json/")
    assert index.time_zone == name


def test_a_tax_rate_is_read_as_the_store_keeps_it() -> None:
    raw = {"id": 3, "name": "TVA 5.5%", "rate": "5.5000", "country": "FR", "state": "", "class": "reduced-rate"}
    rate = read_tax_rate(raw | {"priority": 1, "compound": False, "shipping": True})
    assert (rate.id, rate.percent, rate.tax_class, rate.applies_to_shipping) == (
        3,
        Decimal("5.5"),
        "reduced-rate",
        True,
    )

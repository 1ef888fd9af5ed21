"""How date values are read (WooCommerce behaviour, Dates: the table)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from sandbox.store.clock import Clock, comparable
from tests.sandbox.store.conftest import Client

PIVOT = "2026-10-02T12:30:40"
PARIS, NEW_YORK = Clock("Europe/Paris"), Clock("America/New_York")


def _shift(hours: int) -> str:
    return (datetime.fromisoformat(PIVOT) + timedelta(hours=hours)).isoformat()


@pytest.mark.parametrize(
    ("value", "gmt", "paris", "new_york"),
    [
        (PIVOT, False, PIVOT, PIVOT),
        (PIVOT, True, PIVOT, PIVOT),
        (f"{PIVOT}Z", False, _shift(2), _shift(-4)),
        (f"{PIVOT}+00:00", False, _shift(2), _shift(-4)),
        (f"{PIVOT}Z", True, _shift(2), _shift(-4)),
        (f"{PIVOT}.000Z", False, PIVOT, PIVOT),
        (f"{PIVOT}.123456+00:00", False, PIVOT, PIVOT),
        (f"{PIVOT}.000Z", True, _shift(2), _shift(-4)),
    ],
)
def test_a_value_is_compared_with_the_local_or_the_utc_column(value: str, gmt: bool, paris: str, new_york: str) -> None:
    assert comparable(value, PARIS, against_gmt=gmt) == paris
    assert comparable(value, NEW_YORK, against_gmt=gmt) == new_york


@pytest.mark.parametrize(
    "value", ["2026-10-02", "1790000000", "2026-10-02T12:30:40+00:00", "notadate", "2026-13-02T12:30:40"]
)
def test_other_forms_are_refused(fr_captured: Client, value: str) -> None:
    answer = fr_captured.get("orders", f"modified_after={value}")
    assert answer.status == 400
    assert answer.json["data"]["params"] == {"modified_after": "Invalid date."}


@pytest.mark.parametrize("country", ["fr_captured", "us_captured"])
def test_naive_utc_with_dates_are_gmt_is_exact_and_strict(country: str, request: pytest.FixtureRequest) -> None:
    client: Client = request.getfixturevalue(country)
    rows = client.walk("orders", "status=any,trash&_fields=id,date_modified_gmt")
    pivot = sorted(row["date_modified_gmt"] for row in rows)[len(rows) // 2]
    for name, claim in (("modified_after", "__gt__"), ("modified_before", "__lt__")):
        wanted = {row["id"] for row in rows if getattr(row["date_modified_gmt"], claim)(pivot)}
        exact = client.walk("orders", f"status=any,trash&{name}={pivot}&dates_are_gmt=true&_fields=id")
        zoned = client.walk("orders", f"status=any,trash&{name}={quote(pivot + '+00:00')}&_fields=id")
        assert {row["id"] for row in exact} == {row["id"] for row in zoned} == wanted


def test_zone_and_dates_are_gmt_together_lose_orders_in_france(fr_captured: Client) -> None:
    rows = fr_captured.walk("orders", "_fields=id,date_modified_gmt")
    pivot = sorted(row["date_modified_gmt"] for row in rows)[80]
    exact = fr_captured.walk("orders", f"modified_after={pivot}&dates_are_gmt=true&_fields=id")
    both = fr_captured.walk("orders", f"modified_after={pivot}Z&dates_are_gmt=true&_fields=id")
    assert len(both) <= len(exact)
    late = (datetime.fromisoformat(pivot) + timedelta(hours=2)).isoformat()
    assert both == fr_captured.walk("orders", f"modified_after={late}&dates_are_gmt=true&_fields=id")


def test_created_filters_and_refund_filters_are_strict_too(fr_captured: Client) -> None:
    pivot = "2026-08-12T18:05:36"
    ids = [row["id"] for row in fr_captured.walk("refunds", f"before={pivot}&_fields=id")]
    assert 108 not in ids
    assert 106 in ids
    assert 108 in [row["id"] for row in fr_captured.walk("refunds", "modified_after=2026-08-12T18:05:35&_fields=id")]
    assert 81 not in [row["id"] for row in fr_captured.walk("orders", "after=2026-08-03T10:25:42&_fields=id")]


def test_the_date_header_is_the_stores_own_clock(fr: Client) -> None:
    fr.control("clock", {"offset_seconds": -86400})
    told = datetime.strptime(fr.get("orders", "per_page=1").headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    assert abs((datetime.now(UTC).replace(tzinfo=None) - told).total_seconds() - 86400) < 5
    changed = fr.put("orders/81", {"customer_note": "x"}).json["date_modified_gmt"]
    assert abs((datetime.fromisoformat(changed) - told).total_seconds()) < 5

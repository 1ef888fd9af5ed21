"""A store made of captures serves exactly what the real one served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.store.conftest import PAYLOADS, Client, captured

LISTS = [
    ("products.json", "products", "orderby=id&order=asc"),
    ("refunds_list.json", "refunds", "orderby=id&order=asc"),
    ("taxes.json", "taxes", ""),
    ("customers.json", "customers", "role=all&orderby=id"),
    ("coupons.json", "coupons", "orderby=id&order=asc"),
    ("orders_trash.json", "orders", "status=trash"),
    ("orders_checkout_draft.json", "orders", "status=checkout-draft"),
]
SINGLES = [
    ("payment_gateways.json", "payment_gateways"),
    ("settings_general.json", "settings/general"),
    ("settings_tax.json", "settings/tax"),
    ("tax_classes.json", "taxes/classes"),
    ("data_currency_current.json", "data/currencies/current"),
    ("system_status.json", "system_status"),
]


def _store(country: str, request: pytest.FixtureRequest) -> Client:
    client: Client = request.getfixturevalue(f"{country}_captured")
    return client


def _without_meta_order(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "meta_data": sorted(order["meta_data"], key=lambda meta: meta["id"])}


@pytest.mark.parametrize("country", ["fr", "us"])
def test_orders_come_out_byte_for_byte(country: str, request: pytest.FixtureRequest) -> None:
    client = _store(country, request)
    lines = (PAYLOADS / country / "orders.json").read_text(encoding="utf-8").strip()[1:-1].split(",\n{")
    wanted = {json.loads(text)["id"]: text for text in (line if line[0] == "{" else "{" + line for line in lines)}
    for order_id, text in wanted.items():
        assert client.get(f"orders/{order_id}").body.decode() == text


@pytest.mark.parametrize("country", ["fr", "us"])
@pytest.mark.parametrize(("name", "path", "query"), LISTS)
def test_lists_are_those_captured(
    country: str, name: str, path: str, query: str, request: pytest.FixtureRequest
) -> None:
    assert _store(country, request).walk(path, query) == captured(country, name)


@pytest.mark.parametrize("country", ["fr", "us"])
@pytest.mark.parametrize(("name", "path"), SINGLES)
def test_small_answers_are_those_captured(country: str, name: str, path: str, request: pytest.FixtureRequest) -> None:
    assert _store(country, request).get(path).json == captured(country, name)


@pytest.mark.parametrize("country", ["fr", "us"])
def test_six_decimals_come_from_the_capture_with_six(country: str, request: pytest.FixtureRequest) -> None:
    client = _store(country, request)
    for order in captured(country, "orders_dp6.json"):
        assert _without_meta_order(client.get(f"orders/{order['id']}", "dp=6").json) == _without_meta_order(order)


def test_an_order_known_with_two_decimals_is_padded(fr_captured: Client) -> None:
    assert fr_captured.get("orders/81", "dp=6").json["total"] == "166.330000"


@pytest.mark.parametrize("country", ["fr", "us"])
def test_refunds_and_variations_are_found_below_their_parents(country: str, request: pytest.FixtureRequest) -> None:
    client = _store(country, request)
    for order_id, refunds in captured(country, "refunds.json").items():
        assert client.get(f"orders/{order_id}/refunds", "per_page=100").json == refunds
    for product_id, variations in captured(country, "variations.json").items():
        served = {row["id"]: row for row in client.get(f"products/{product_id}/variations", "per_page=100").json}
        assert served == {row["id"]: row for row in variations}


def test_zone_and_storage_are_those_of_the_store(fr_captured: Client, us_captured: Client) -> None:
    assert fr_captured.ask("GET", "/wp-json/").json["timezone_string"] == "Europe/Paris"
    assert us_captured.ask("GET", "/wp-json/").json["timezone_string"] == "America/New_York"
    assert fr_captured.store.shop.is_hpos
    assert not us_captured.store.shop.is_hpos

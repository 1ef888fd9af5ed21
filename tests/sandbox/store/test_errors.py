"""Refusals in WooCommerce's own words (errors.json)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.http import HangUp
from tests.sandbox.store.conftest import Client, captured

ERRORS = {row["name"]: row for row in captured("fr", "errors.json")}
TOO_MANY = {"update": [{"id": number, "stock_quantity": 1} for number in range(101)]}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("order_not_found", None),
        ("product_not_found", None),
        ("refunds_of_missing_order", None),
        ("variation_not_found", {"stock_quantity": 1}),
        ("no_route", None),
        ("no_route_root", None),
        ("invalid_param_per_page", None),
        ("invalid_param_several", None),
        ("invalid_json_body", b"{not json"),
        ("wrong_type", {"customer_id": "abc", "line_items": ["x"]}),
        ("method_not_allowed", {}),
        ("delete_without_force_not_supported", None),
        ("batch_101", TOO_MANY),
        ("batch_mixed", {"update": [{"id": 999999, "stock_quantity": 1}]}),
    ],
)
def test_the_answer_is_the_captured_one(fr_captured: Client, name: str, body: Any) -> None:
    method, _, target = ERRORS[name]["request"].partition(" ")
    path, _, query = target.partition("?")
    answer = fr_captured.ask(method, path, query, body)
    assert (answer.status, answer.body.decode()) == (ERRORS[name]["status"], ERRORS[name]["body"])


def test_the_method_can_be_overridden_in_the_query(fr_captured: Client) -> None:
    answer = fr_captured.ask("POST", "/wp-json/wc/v3/orders", "_method=GET&per_page=1&_fields=id")
    assert answer.json == [{"id": 485}]


def test_a_variation_is_not_changed_as_a_product(fr_captured: Client) -> None:
    answer = fr_captured.put("products/63", {"stock_quantity": 1})
    assert answer.status == 404
    assert "/products/&lt;product_id&gt;/variations/&lt;id&gt;" in answer.json["message"]
    assert fr_captured.get("products/63").json["type"] == "variation"


def test_maintenance_is_a_503_with_json_and_a_time_to_wait(fr: Client) -> None:
    fr.control("faults", {"action": "maintenance", "path_contains": "/orders"})
    answer = fr.get("orders")
    assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (503, "wp_die", "600")
    assert fr.get("orders").status == 200


def test_a_php_notice_stands_before_the_json(fr: Client) -> None:
    fr.control("faults", {"action": "notice_before_json"})
    body = fr.get("orders", "per_page=1&_fields=id").body.decode()
    noise, _, rest = body.partition("<br />\n[")
    assert noise.startswith("<br />\n<b>Warning</b>:")
    assert json.loads("[" + rest) == [{"id": 485}]


def test_answers_can_be_cut_short_or_of_the_wrong_type(fr: Client) -> None:
    fr.control("faults", {"action": "truncated_json"})
    with pytest.raises(json.JSONDecodeError):
        _ = fr.get("orders").json
    fr.control("faults", {"action": "wrong_type", "field": "line_items"})
    assert fr.get("orders").json[0]["line_items"] is False


def test_a_lost_answer_has_done_its_work(fr: Client) -> None:
    fr.control("faults", {"action": "hang_up_after", "method": "POST"})
    assert isinstance(fr.request("POST", "/wp-json/wc/v3/orders", "", {"customer_note": "lost"}), HangUp)
    assert fr.get("orders", "per_page=1").json[0]["customer_note"] == "lost"


def test_wrong_control_calls_say_what_to_do(fr_captured: Client) -> None:
    answer = fr_captured.ask("POST", "/_sandbox/faults", "", {"action": "explode"})
    assert answer.status == 400
    assert "action must be one of" in answer.json["error"]
    assert "stats" in fr_captured.control("")

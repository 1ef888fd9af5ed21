"""The control API, and the pages a person looks at."""

from __future__ import annotations

from typing import Any

from tests.sandbox.store.conftest import Client


def test_orders_are_added_invented_or_as_given(fr: Client) -> None:
    added = fr.control("orders", {"add": 3})["orders"]
    assert len(added) == 3
    assert fr.get("orders", "per_page=3&orderby=id").ids == sorted((row["id"] for row in added), reverse=True)
    given = {"line_items": [{"product_id": 18, "quantity": 1}], "status": "completed"}
    old = fr.control("orders", {"add": given, "at": "2026-09-01T10:00:00"})["orders"][0]
    assert (old["date_created_gmt"], old["total"]) == ("2026-09-01T10:00:00", "9.99")


def test_an_order_is_changed_trashed_anonymised_and_deleted(fr: Client) -> None:
    assert fr.control("orders", {"change": 81, "status": "completed"})["status"] == "completed"
    fr.control("orders", {"anonymise": 81})
    order = fr.get("orders/81").json
    assert (order["billing"]["last_name"], order["billing"]["email"]) == ("", "deleted@site.invalid")
    fr.control("orders", {"trash": 82})
    assert fr.get("orders/82").json["status"] == "trash"
    fr.control("orders", {"delete": 83})
    assert fr.get("orders/83").status == 404


def test_refunds_are_added_and_deleted(fr: Client) -> None:
    line = fr.get("orders/97").json["line_items"][0]
    part = fr.control("refunds", {"order": 97, "lines": [{"id": line["id"], "quantity": 1}], "reason": "Taille"})
    assert part["line_items"][0]["quantity"] == -1
    whole = fr.control("refunds", {"order": 98, "whole": True})
    assert fr.get("orders/98").json["status"] == "refunded"
    fr.control("refunds", {"delete": whole["id"]})
    assert fr.get("orders/98").json["refunds"] == []


def test_a_list_of_orders_in_short(fr_captured: Client) -> None:
    rows: list[dict[str, Any]] = fr_captured.control("orders")
    assert {row["id"]: row for row in rows}[91]["refunded"] == "2.00"


def test_the_pages_show_orders_and_escape_what_buyers_wrote(fr: Client) -> None:
    fr.put("orders/81", {"billing": {"last_name": "<script>alert(1)</script>"}})
    front = fr.ask("GET", "/").body.decode()
    assert "Maison Lavande" in front
    assert "24.11.2026 03:24" in front
    page = fr.ask("GET", "/orders/81").body.decode()
    assert "<script" not in page
    assert "Calissons d&#x27;Aix" in page
    assert "166.33&nbsp;EUR" in page
    refunded = fr.ask("GET", "/orders/256").body.decode()
    assert "1er remboursement" in refunded
    assert fr.ask("GET", "/orders/999999").status == 404
    assert fr.ask("GET", "/store.css").status == 200


def test_the_last_page_of_orders_is_reached(fr_captured: Client) -> None:
    assert "Page 4 of 4" in fr_captured.ask("GET", "/", "page=9").body.decode()

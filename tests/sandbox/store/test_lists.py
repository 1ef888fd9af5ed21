"""Paging, filters and order of lists (WooCommerce behaviour, Lists and paging; Status filter)."""

from __future__ import annotations

import pytest

from tests.sandbox.store.conftest import HOME, Client


def test_pages_tell_the_total_and_link_to_their_neighbours(fr_captured: Client) -> None:
    answer = fr_captured.get("orders", "per_page=50&page=2&_fields=id%2Ctotal")
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("165", "4")
    common = f"<{HOME}/wp-json/wc/v3/orders?per_page=50&_fields=id%2Ctotal&status%5B0%5D=any&dp=2&context=view&page="
    assert answer.headers["Link"] == f'{common}1>; rel="prev", {common}3>; rel="next"'
    assert answer.headers["Cache-Control"] == "no-cache, must-revalidate, max-age=0, no-store, private"


def test_ten_rows_are_the_default(fr_captured: Client) -> None:
    assert len(fr_captured.get("orders").json) == 10


@pytest.mark.parametrize(
    "query", ["per_page=101", "per_page=0", "per_page=-1", "page=0", "per_page=abc", "orderby=total"]
)
def test_wrong_paging_is_refused(fr_captured: Client, query: str) -> None:
    answer = fr_captured.get("orders", query)
    assert answer.status == 400
    assert answer.json["code"] == "rest_invalid_param"
    assert query.split("=")[0] in answer.json["data"]["params"]


def test_a_page_past_the_end_is_empty_and_forgets_the_total(fr_captured: Client) -> None:
    answer = fr_captured.get("orders", "page=999")
    assert answer.json == []
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("0", "0")
    assert 'page=0>; rel="prev"' in answer.headers["Link"]


def test_unknown_parameters_are_ignored(fr_captured: Client) -> None:
    assert fr_captured.get("orders", "foo=bar").status == 200
    assert len(fr_captured.get("customers", "modified_after=2999-01-01T00:00:00").json) == 6


def test_include_finds_only_what_exists(fr_captured: Client) -> None:
    answer = fr_captured.get("orders", "include=81,82,162,999999,114&orderby=include")
    assert answer.ids == [81, 82]
    assert answer.headers["X-WP-Total"] == "2"
    assert fr_captured.get("orders", "include=114&status=trash").ids == [114]


def test_fields_cut_the_answer_also_below(fr_captured: Client) -> None:
    row = fr_captured.get("orders", "include=91&_fields=id,refunds,billing.email").json[0]
    assert list(row) == ["id", "billing", "refunds"]
    assert list(row["billing"]) == ["email"]
    assert row["refunds"] == [{"id": 94, "reason": "ok", "total": "-2.00"}]
    assert fr_captured.post("orders/batch", {"update": []}, "_fields=id").json == []


def test_any_includes_checkout_drafts_and_leaves_out_the_trash(fr_captured: Client) -> None:
    everything = {row["id"]: row["status"] for row in fr_captured.walk("orders", "_fields=id,status")}
    assert everything[485] == "checkout-draft"
    assert 114 not in everything
    both = fr_captured.get("orders", "status=any,trash&include=114,485").ids
    assert sorted(both) == [114, 485]


def test_statuses_are_taken_as_list_or_brackets(fr_captured: Client) -> None:
    one = fr_captured.get("orders", "status=failed,cancelled&per_page=100").ids
    other = fr_captured.get("orders", "status[]=failed&status[]=cancelled&per_page=100").ids
    assert one == other
    assert len(one) == 3


@pytest.mark.parametrize("status", ["wc-processing", "draft", "all", "bogus"])
def test_unknown_statuses_are_refused(fr_captured: Client, status: str) -> None:
    answer = fr_captured.get("orders", f"status={status}")
    assert answer.status == 400
    assert answer.json["data"]["params"]["status"].startswith("status[0] is not one of any, trash, auto-draft, pending")


def test_a_status_no_plugin_registers_is_hidden_with_hpos_and_listed_with_posts(fr: Client, us: Client) -> None:
    for client, seen in ((fr, False), (us, True)):
        order_id = client.get("orders", "status=processing&per_page=1").ids[0]
        order = {**client.store.shop.database.rows("order")[order_id].document, "status": "from-a-plugin"}
        client.store.database.put("order", order_id, order)
        assert client.get(f"orders/{order_id}").json["status"] == "from-a-plugin"
        assert (order_id in [row["id"] for row in client.walk("orders", "_fields=id")]) is seen
        assert client.get("orders", "status=from-a-plugin").status == 400


def _modify_within_one_second(client: Client) -> list[int]:
    ids = client.get("orders", "per_page=30&orderby=id").ids
    for order_id in ids:
        document = dict(client.store.database.rows("order")[order_id].document)
        client.store.shop.stamp(document, "date_modified", client.store.shop.clock.now())
        client.store.database.put("order", order_id, document)
    return ids


def _page_through(client: Client, query: str) -> list[int]:
    return [row["id"] for row in client.walk("orders", f"{query}&_fields=id", per_page=3)]


def test_with_posts_rows_of_one_second_repeat_and_others_are_missing(us: Client) -> None:
    ids = _modify_within_one_second(us)
    query = f"include={','.join(map(str, ids))}&order=asc"
    seen = _page_through(us, f"{query}&orderby=modified")
    assert len(seen) == 30
    assert len(set(seen)) < 30
    assert set(_page_through(us, f"{query}&orderby=date")) == set(ids)
    assert set(_page_through(us, f"{query}&orderby=id")) == set(ids)


def test_with_hpos_rows_of_one_second_have_a_second_key(fr: Client) -> None:
    ids = _modify_within_one_second(fr)
    assert set(_page_through(fr, f"include={','.join(map(str, ids))}&order=asc&orderby=modified")) == set(ids)


@pytest.mark.parametrize("move", ["first", "last", "random"])
def test_an_order_that_changes_between_pages_shifts_the_pages(fr: Client, move: str) -> None:
    before = {row["id"] for row in fr.walk("orders", "_fields=id")}
    fr.control("change_between_pages", {"on": True, "move": move})
    seen = [row["id"] for row in fr.walk("orders", "orderby=modified&order=asc&_fields=id", per_page=20)]
    assert set(seen) != before
    fr.control("change_between_pages", {"on": False})
    assert {row["id"] for row in fr.walk("orders", "_fields=id")} == before


def test_an_order_can_leave_the_window_before_it_is_read(fr: Client) -> None:
    now = fr.control("clock")["now_gmt"]
    window = f"modified_before={now}&dates_are_gmt=true&orderby=id&order=asc&_fields=id"
    fr.control("change_between_pages", {"on": True, "move": "next"})
    seen = fr.walk("orders", window, per_page=50)
    assert len(seen) < 165


def test_orders_are_found_by_buyer_customer_and_product(fr_captured: Client) -> None:
    assert fr_captured.get("orders", "search=dupont&per_page=100").json
    customer = fr_captured.get("orders", "customer=2&per_page=100").json
    assert {row["customer_id"] for row in customer} == {2}
    product = fr_captured.get("orders", "product=37&per_page=100").json
    assert all(any(line["product_id"] == 37 for line in row["line_items"]) for row in product)


def test_head_and_trailing_slash_and_index_php_answer(fr_captured: Client) -> None:
    head = fr_captured.ask("HEAD", "/wp-json/wc/v3/orders/", "per_page=1")
    assert (head.status, head.headers["X-WP-Total"]) == (200, "165")
    assert fr_captured.ask("GET", "/index.php/wp-json/wc/v3/orders", "per_page=1").status == 200
    assert fr_captured.ask("GET", "/wp-json/wc/v2/orders", "per_page=1").ids == [485]
    assert fr_captured.ask("GET", "/wp-json/wc/v1/orders").json == []
    assert fr_captured.ask("GET", "/wp-json/wc/v4/orders").status == 404


def test_variations_are_found_by_sku_only(fr_captured: Client) -> None:
    assert fr_captured.get("products", "type=variation").status == 400
    assert fr_captured.get("products", "sku=CHE-LIN-S,SAV-LAV-100&orderby=id&order=asc").ids == [18, 63]
    assert 63 not in [row["id"] for row in fr_captured.walk("products", "_fields=id")]


def test_totals_by_status_count_every_order(fr_captured: Client) -> None:
    totals = {row["slug"]: row["total"] for row in fr_captured.get("reports/orders/totals").json}
    assert totals["refunded"] == 6
    assert totals["checkout-draft"] == 1

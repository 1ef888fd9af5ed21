from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import responses
import tenacity

from connector.accounting.commerce import Order, Refund, Unreadable
from connector.errors import ConnectionLostError, FaultError, RetryableError
from connector.http import PUBLIC_ONLY, Retry
from connector.woo.client import WooStore
from connector.woo.session import StoreKeys
from sync.engine.ports import Store

Load = Callable[[str, str], Any]

BASE = "https://shop.example/wp-json/wc/v3"
PAGING = {"X-WP-Total": "164", "X-WP-TotalPages": "2", "Date": "Tue, 24 Nov 2026 02:17:17 GMT"}
NOT_FOUND = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 404}}


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def store(slept: list[float]) -> Iterator[WooStore]:
    retry = Retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(2), sleep=slept.append)
    with WooStore("https://shop.example", StoreKeys("ck_1", "cs_2"), guard=PUBLIC_ONLY, retry=retry) as store:
        yield store


def plain(value: Any) -> Any:
    """Captured JSON with its Decimals as texts, to be served again."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value


def asked(web: responses.RequestsMock, position: int = -1) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(web.calls[position].request.url)).query, keep_blank_values=True))


def test_it_is_the_store_the_engine_knows(store: WooStore) -> None:
    port: Store = store
    assert port.calls == 0


def test_the_clock_is_the_stores_own(web: responses.RequestsMock, store: WooStore) -> None:
    web.get(f"{BASE}/orders", json=[{"id": 471}], headers=PAGING)
    assert store.now() == datetime(2026, 11, 24, 2, 17, 17, tzinfo=UTC)
    assert asked(web) == {"per_page": "1", "_fields": "id"}
    assert store.calls == 1


def test_a_page_of_orders_is_asked_for_exactly(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    web.get(f"{BASE}/orders", json=plain(payload("fr", "orders")[:100]), headers=PAGING)
    page = store.orders(
        page=2,
        per_page=100,
        modified_after=datetime(2026, 1, 2, 3, 4, 5, 999_999),
        modified_before=datetime(2026, 1, 3, 4, 5, 6, 1, tzinfo=timezone(timedelta(hours=2))),
        created_after=datetime(2025, 12, 31, 23, 0, 0, tzinfo=UTC),
        status="processing,completed",
    )
    query = asked(web)
    fields = query.pop("_fields").split(",")
    assert query == {
        "page": "2",
        "per_page": "100",
        "orderby": "id",
        "order": "asc",
        "dp": "6",
        "modified_after": "2026-01-02T03:04:05",
        "modified_before": "2026-01-03T02:05:07",
        "after": "2025-12-31T23:00:00",
        "dates_are_gmt": "true",
        "status": "processing,completed",
    }
    assert len(fields) == len(set(fields))
    assert (page.total, page.pages, len(page.rows)) == (164, 2, 100)
    assert 0 <= page.seconds < 10
    raw, order = page.rows[0]
    assert isinstance(order, Order)
    assert raw["id"] == order.id


def test_only_the_fields_we_use_are_enough_to_read_every_order(
    web: responses.RequestsMock, store: WooStore, payload: Load
) -> None:
    web.get(f"{BASE}/orders", json=[], headers=PAGING)
    store.orders(page=1, per_page=1)
    fields = asked(web)["_fields"].split(",")
    for name in ("fr", "us"):
        for raw in payload(name, "orders"):
            assert store.parse({key: raw[key] for key in fields}) == store.parse(raw)


def test_without_bounds_nothing_is_said_about_dates(web: responses.RequestsMock, store: WooStore) -> None:
    web.get(f"{BASE}/orders", json=[], headers=PAGING | {"X-WP-Total": "0", "X-WP-TotalPages": "0"})
    page = store.orders(page=9, per_page=50)
    assert "dates_are_gmt" not in asked(web)
    assert "status" not in asked(web)
    assert (page.rows, page.total, page.pages) == ((), 0, 0)


@pytest.mark.parametrize(("page", "per_page"), [(0, 10), (1, 0), (1, 101)])
def test_a_page_that_no_store_has_is_not_asked_for(store: WooStore, page: int, per_page: int) -> None:
    with pytest.raises(ValueError, match="Pages begin at 1"):
        store.orders(page=page, per_page=per_page)
    assert store.calls == 0


def test_a_strange_row_does_not_stop_the_page(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    good = plain(payload("fr", "orders")[0])
    web.get(f"{BASE}/orders", json=["oops", good | {"total": "many"}, good], headers=PAGING)
    (empty, first), (_, second), (_, third) = store.orders(page=1, per_page=3).rows
    assert empty == {}
    assert isinstance(first, Unreadable)
    assert isinstance(second, Unreadable)
    assert second.id == good["id"]
    assert isinstance(third, Order)


def test_a_page_without_its_counts_is_no_page(web: responses.RequestsMock, store: WooStore) -> None:
    web.get(f"{BASE}/orders", json=[])
    with pytest.raises(RetryableError, match="X-WP-Total"):
        store.orders(page=1, per_page=1)


def test_orders_are_asked_for_by_id_with_the_trashed_ones(
    web: responses.RequestsMock, store: WooStore, payload: Load
) -> None:
    trashed = plain(payload("fr", "orders_trash"))
    web.get(f"{BASE}/orders", json=trashed, headers=PAGING)
    rows = store.orders_by_id([7, trashed[0]["id"], 7])
    assert asked(web)["include"] == f"7,{trashed[0]['id']}"
    assert asked(web)["status"] == "any,trash"
    assert asked(web)["per_page"] == "100"
    assert [order.status for _, order in rows if isinstance(order, Order)] == ["trash"]


def test_no_ids_need_no_call_and_too_many_are_refused(store: WooStore) -> None:
    assert store.orders_by_id([]) == ()
    assert store.products_by_id([]) == ()
    with pytest.raises(ValueError, match="At most 100"):
        store.orders_by_id(range(1, 102))
    assert store.calls == 0


def test_refunds_come_oldest_first(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    raws = plain(payload("us", "refunds")["153"])
    web.get(f"{BASE}/orders/153/refunds", json=raws, headers=PAGING | {"X-WP-TotalPages": "1"})
    refunds = [refund for _, refund in store.refunds(153)]
    assert [refund.id for refund in refunds] == sorted(raw["id"] for raw in raws)
    assert all(isinstance(refund, Refund) and refund.order_id == 153 for refund in refunds)


def test_refunds_on_several_pages_are_all_read(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    first, *rest = plain(payload("us", "refunds")["153"])
    web.get(f"{BASE}/orders/153/refunds", json=[first], headers=PAGING)
    web.get(f"{BASE}/orders/153/refunds", json=rest, headers=PAGING)
    assert len(store.refunds(153)) == 3
    assert [asked(web, call)["page"] for call in (0, 1)] == ["1", "2"]


def test_variations_that_the_list_leaves_out_are_asked_for_alone(
    web: responses.RequestsMock, store: WooStore, payload: Load
) -> None:
    product = plain(payload("fr", "products")[0])
    variation = plain(payload("fr", "variations")["62"][0])
    web.get(f"{BASE}/products", json=[product], headers=PAGING)
    web.get(f"{BASE}/products/{variation['id']}", json=variation)
    web.get(f"{BASE}/products/999999", json=NOT_FOUND, status=404)
    found = store.products_by_id([variation["id"], 999_999, product["id"]])
    assert [(one.id, one.kind) for one in found] == [(variation["id"], "variation"), (product["id"], "simple")]


def test_a_busy_store_is_asked_again_after_its_own_advice(
    web: responses.RequestsMock, store: WooStore, slept: list[float]
) -> None:
    web.get(f"{BASE}/orders", status=429, headers={"Retry-After": "3"})
    web.get(f"{BASE}/orders", status=502, body="<html>")
    web.get(f"{BASE}/orders", json=[], headers=PAGING)
    store.now()
    assert slept == [3, 2]
    assert store.calls == 3


def test_maintenance_is_not_waited_for(web: responses.RequestsMock, store: WooStore, slept: list[float]) -> None:
    web.get(f"{BASE}/orders", json={"code": "wp_die"}, status=503, headers={"Retry-After": "600"})
    with pytest.raises(RetryableError) as caught:
        store.now()
    assert (caught.value.reason, caught.value.retry_after_seconds, slept) == ("store_maintenance", 600, [])


def test_after_three_tries_the_run_decides(web: responses.RequestsMock, store: WooStore, slept: list[float]) -> None:
    web.get(f"{BASE}/orders", status=500, body="<html>")
    with pytest.raises(RetryableError):
        store.now()
    assert (store.calls, len(slept)) == (3, 2)


def serve_settings(web: responses.RequestsMock, payload: Load, name: str) -> None:
    index = {"name": "Maison &amp; Lavande", "home": "https://shop.example", "gmt_offset": 1}
    index |= {"timezone_string": "Europe/Paris", "namespaces": ["wp/v2", "wc/v3"]}
    web.get("https://shop.example/wp-json/", json=index)
    web.get(f"{BASE}/orders", json=[{"id": 471}], headers=PAGING)
    web.get(f"{BASE}/system_status", json=plain(payload(name, "system_status")))
    web.get(f"{BASE}/settings/tax", json=plain(payload(name, "settings_tax")))
    web.get(f"{BASE}/settings/general", json=plain(payload(name, "settings_general")))


def test_a_store_is_looked_over_when_it_is_connected(
    web: responses.RequestsMock, store: WooStore, payload: Load
) -> None:
    serve_settings(web, payload, "fr")
    web.post(f"{BASE}/products/batch", json={})
    facts = store.check()
    assert (facts.index.name, facts.index.time_zone, facts.index.home_url) == (
        "Maison & Lavande",
        "Europe/Paris",
        "https://shop.example",
    )
    assert facts.index.index_url == "https://shop.example/wp-json/"
    assert (facts.currency, facts.decimals, facts.country, facts.version) == ("EUR", 2, "FR", "10.2.4")
    assert (facts.prices_include_tax, facts.rounds_at_subtotal, facts.calculates_taxes) == (True, False, True)
    assert (facts.can_write, facts.can_read_settings, facts.has_order_tables) == (True, True, True)
    assert facts.store_id == "ca331f78-dcb0-48e0-86d9-fead5b6fba00"
    assert facts.is_recent_enough
    assert facts.orders == 164
    assert "Authorization" not in web.calls[0].request.headers
    assert web.calls[-1].request.body == b"{}"


def test_keys_that_may_only_read_are_found_out(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    serve_settings(web, payload, "us")
    refusal = {"code": "woocommerce_rest_authentication_error", "message": "The API key provided does not have write …"}
    web.post(f"{BASE}/products/batch", json=refusal, status=401)
    facts = store.check()
    assert not facts.can_write
    assert (facts.currency, facts.prices_include_tax, facts.has_order_tables) == ("USD", False, False)


def test_keys_of_a_user_without_settings_still_connect(web: responses.RequestsMock, store: WooStore) -> None:
    index = {"name": "x", "gmt_offset": -5, "timezone_string": "", "namespaces": ["wc/v3"]}
    web.get("https://shop.example/wp-json/", json=index)
    web.get(f"{BASE}/orders", json=[], headers=PAGING)
    web.get(f"{BASE}/system_status", json={"code": "woocommerce_rest_cannot_view"}, status=403)
    web.post(f"{BASE}/products/batch", json={})
    facts = store.check()
    assert (facts.can_read_settings, facts.currency, facts.prices_include_tax) == (False, "", None)
    assert facts.index.time_zone == "Etc/GMT+5"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 404, "body": "<title>Not found</title>"}, "store_no_rest"),
        ({"status": 404, "json": {"code": "rest_no_route"}}, "store_no_rest"),
        ({"status": 200, "body": "<title>A shop without REST</title>"}, "store_no_rest"),
        ({"status": 200, "json": {"name": "A blog", "namespaces": ["wp/v2"]}}, "store_no_woocommerce"),
        ({"status": 301, "headers": {"Location": "https://www.shop.example/wp-json/"}}, "store_moved"),
    ],
)
def test_an_address_without_a_store_is_told_apart(
    answer: dict[str, Any], reason: str, web: responses.RequestsMock, store: WooStore
) -> None:
    web.get("https://shop.example/wp-json/", **answer)
    with pytest.raises(ConnectionLostError) as caught:
        store.check()
    assert caught.value.reason == reason


def test_lists_for_the_mappings_are_typed(web: responses.RequestsMock, store: WooStore, payload: Load) -> None:
    web.get(f"{BASE}/taxes", json=plain(payload("us", "taxes")), headers=PAGING | {"X-WP-TotalPages": "1"})
    web.get(f"{BASE}/payment_gateways", json=plain(payload("fr", "payment_gateways")))
    rates = store.taxes()
    assert len(rates) == 20
    assert rates[0].percent == Decimal("4.75")
    assert [gateway.id for gateway in store.payment_gateways()] == ["bacs", "cheque", "cod", "stripe", "ppcp-gateway"]


SCHEMA = {
    "endpoints": [{"args": {"status": {"items": {"enum": ["any", "trash", "processing", "wait-list", "draft"]}}}}]
}


@pytest.mark.parametrize(
    ("report", "statuses"),
    [
        (
            {
                "json": [
                    {"slug": "processing", "name": "En cours"},
                    {"slug": "wait-list", "name": "Liste &amp; attente"},
                ]
            },
            [("processing", "En cours"), ("wait-list", "Liste & attente")],
        ),
        (
            {"json": {"code": "rest_no_route"}, "status": 404},
            [("processing", "processing"), ("wait-list", "wait-list")],
        ),
    ],
)
def test_statuses_are_the_stores_own_custom_ones_included(
    report: dict[str, Any], statuses: list[tuple[str, str]], web: responses.RequestsMock, store: WooStore
) -> None:
    web.add("OPTIONS", f"{BASE}/orders", json=SCHEMA)
    web.get(f"{BASE}/reports/orders/totals", **report)
    assert [(status.slug, status.name) for status in store.statuses()] == statuses


def test_every_failure_is_one_the_engine_knows(web: responses.RequestsMock, store: WooStore) -> None:
    web.get(f"{BASE}/products", json={"code": "rest_invalid_param", "message": "per_page"}, status=400)
    web.get(f"{BASE}/orders", body=requests.ConnectionError("reset"))
    with pytest.raises(FaultError):
        store.products_by_id([1])
    with pytest.raises(RetryableError):
        store.now()

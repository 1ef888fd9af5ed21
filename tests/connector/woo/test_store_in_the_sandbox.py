"""The adapter against a whole shop over HTTP on loopback, with a real store's orders in it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tenacity

from connector.accounting.commerce import Order
from connector.errors import ConnectionLostError, FaultError, RetryableError
from connector.http import ANY_ADDRESS, PUBLIC_ONLY, Retry, Session
from connector.woo.client import OrderPage, WooStore
from connector.woo.session import StoreApi, StoreKeys
from sandbox.http import Server
from sandbox.store.app import Store

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "woocommerce"
RETRY = Retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_none(), sleep=lambda seconds: None)
PER_PAGE = 10


@dataclass(frozen=True)
class Shop:
    """A running shop, seen through the adapter, and changed by its owner meanwhile."""

    store: WooStore
    stand_in: Store
    url: str
    owner: StoreApi

    def touch(self, order_id: int) -> None:
        """A change that moves the order's modification time, two seconds after anything before."""
        self.stand_in.shop.clock.offset_seconds += 2
        self.owner.call("PUT", f"orders/{order_id}", data={"customer_note": "changed meanwhile"}).raise_for_status()

    def trash(self, order_id: int) -> None:
        self.owner.call("DELETE", f"orders/{order_id}").raise_for_status()

    def fail(self, **rule: Any) -> None:
        self.stand_in.faults.add(rule)

    def ids(self, **window: Any) -> list[int]:
        """Every id of a window, while nothing changes."""
        pages = self.store.orders(page=1, per_page=100, **window).pages
        return [
            one for page in range(1, pages + 1) for one in ids_of(self.store.orders(page=page, per_page=100, **window))
        ]


@pytest.fixture(params=["fr", "us"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    stand_in = Store(captures=PAYLOADS / request.param)
    server = Server(stand_in.handle)
    server.start()
    keys = StoreKeys(stand_in.consumer_key, stand_in.consumer_secret)
    session = Session(timeout=(2, 10), event="owner", guard=ANY_ADDRESS)
    with WooStore(server.url, keys, guard=ANY_ADDRESS, retry=RETRY, timeout=(2, 10)) as store, session:
        yield Shop(store, stand_in, server.url, StoreApi(server.url, keys, session))
    server.stop()
    stand_in.close()


def ids_of(page: OrderPage) -> list[int]:
    return [order.id for _, order in page.rows]


def read_while_changing(shop: Shop, change: Callable[[], None], end: datetime, *, backwards: bool) -> list[int]:
    """The ids a run reads in pages of ten up to `end`, with a change before every further page."""
    pages = shop.store.orders(page=1, per_page=PER_PAGE, modified_before=end).pages
    read: list[int] = []
    for number in range(pages, 0, -1) if backwards else range(1, pages + 1):
        read += ids_of(shop.store.orders(page=number, per_page=PER_PAGE, modified_before=end))
        change()
    return read


def test_every_order_of_the_shop_is_read_over_plain_http(shop: Shop) -> None:
    pages = shop.store.orders(page=1, per_page=50).pages
    orders = [order for number in range(1, pages + 1) for _, order in shop.store.orders(page=number, per_page=50).rows]
    assert len(orders) > 160
    assert all(isinstance(order, Order) for order in orders)
    assert [order.id for order in orders] == sorted({order.id for order in orders})


@pytest.mark.parametrize("where", [0.0, 0.5, 0.999])
def test_reading_backwards_misses_nothing_while_the_shop_changes_between_every_two_pages(
    shop: Shop, where: float
) -> None:
    end = shop.store.now() + timedelta(seconds=1)
    everything = shop.ids(modified_before=end)
    left = list(everything)
    read = read_while_changing(shop, lambda: shop.touch(left.pop(int(where * len(left)))), end, backwards=True)
    changed = set(everything) - set(left)
    assert len(changed) >= len(everything) // PER_PAGE
    # An order not seen has left the window, and so is in the next one.
    missed = set(everything) - set(read)
    assert missed <= changed
    assert missed <= set(shop.ids(modified_after=end - timedelta(seconds=1)))


def test_reading_backwards_misses_nothing_while_orders_are_trashed(shop: Shop) -> None:
    end = shop.store.now() + timedelta(seconds=1)
    everything = shop.ids(modified_before=end)
    left = list(everything)
    read = read_while_changing(shop, lambda: shop.trash(left.pop(0)), end, backwards=True)
    assert set(left) <= set(read)


def test_reading_forwards_would_miss_orders_that_never_changed(shop: Shop) -> None:
    end = shop.store.now() + timedelta(seconds=1)
    left = shop.ids(modified_before=end)
    read = read_while_changing(shop, lambda: shop.touch(left.pop(0)), end, backwards=False)
    assert set(left) - set(read)


def test_orders_gone_for_good_are_not_in_the_answer_and_trashed_ones_are(shop: Shop) -> None:
    first, second, *_ = ids_of(shop.store.orders(page=1, per_page=10))
    shop.trash(first)
    rows = shop.store.orders_by_id([first, second, 999_999])
    assert [(order.id, order.status == "trash") for _, order in rows if isinstance(order, Order)] == [
        (first, True),
        (second, False),
    ]


def test_the_refunds_of_an_order_are_those_it_lists(shop: Shop) -> None:
    rows = [order for _, order in shop.store.orders(page=1, per_page=100).rows if isinstance(order, Order)]
    for order in [order for order in rows if order.refunds][:5]:
        found = [refund for _, refund in shop.store.refunds(order.id)]
        assert sorted(refund.id for refund in found) == sorted(refund.id for refund in order.refunds)


def test_products_and_variations_are_found_by_id(shop: Shop) -> None:
    folder = PAYLOADS / ("fr" if shop.store.check().currency == "EUR" else "us")
    variation = next(iter(json.loads((folder / "variations.json").read_text()).values()))[0]
    product = json.loads((folder / "products.json").read_text())[0]
    found = shop.store.products_by_id([variation["id"], product["id"], 999_999])
    assert [one.sku for one in found] == [variation["sku"], product["sku"]]


def test_the_shop_is_looked_over(shop: Shop) -> None:
    facts = shop.store.check()
    assert facts.can_write
    assert facts.can_read_settings
    assert facts.currency in ("EUR", "USD")
    assert facts.prices_include_tax is (facts.currency == "EUR")
    assert facts.index.time_zone in ("Europe/Paris", "America/New_York")
    assert len(shop.store.taxes()) >= 19
    assert {gateway.id for gateway in shop.store.payment_gateways()} >= {"bacs", "stripe"}
    assert {status.slug for status in shop.store.statuses()} >= {"processing", "completed", "refunded"}


def test_a_wrong_secret_loses_the_connection(shop: Shop) -> None:
    keys = StoreKeys(shop.stand_in.consumer_key, "cs_" + "0" * 40)
    with (
        WooStore(shop.url, keys, guard=ANY_ADDRESS, retry=RETRY) as store,
        pytest.raises(ConnectionLostError) as caught,
    ):
        store.now()
    assert caught.value.reason == "store_refused_keys"


def test_the_address_guard_stands_before_the_wire(shop: Shop) -> None:
    keys = StoreKeys("ck_1", "cs_2")
    with (
        WooStore(shop.url, keys, guard=PUBLIC_ONLY, retry=RETRY) as store,
        pytest.raises(ConnectionLostError) as caught,
    ):
        store.now()
    assert caught.value.reason == "store_address_refused"


def test_two_lost_answers_in_a_row_are_asked_for_again(shop: Shop) -> None:
    shop.fail(method="GET", path_contains="/orders", action="hang_up_after", times=2)
    calls = shop.store.calls
    assert shop.store.orders(page=1, per_page=1).total > 160
    assert shop.store.calls - calls == 3


def test_a_gateway_page_is_worth_another_run(shop: Shop) -> None:
    shop.fail(path_contains="/orders", action="html", status=200, times=1)
    with pytest.raises(RetryableError) as caught:
        shop.store.now()
    assert caught.value.reason == "store_not_json"
    assert shop.store.now().tzinfo is not None


def test_an_invalid_question_is_refused_with_its_code(shop: Shop) -> None:
    with pytest.raises(FaultError) as caught:
        shop.store.orders(page=1, per_page=1, status="wc-processing")
    assert caught.value.code == "rest_invalid_param"


def test_a_shop_that_is_gone_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = WooStore(url, StoreKeys("ck_1", "cs_2"), guard=ANY_ADDRESS, retry=RETRY)
        with pytest.raises(RetryableError) as caught:
            store.now()
    assert caught.value.reason == "store_unreachable"

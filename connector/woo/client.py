"""One shop over REST: orders by page and by id, refunds, products, and what is looked at when a store is connected.

Satisfies the engine's `Store`. Every failure is one of `connector.errors` (see `answers`); nothing above this line sees
`requests`. Only reads are repeated, for seconds; longer waits are the run's own business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from connector.accounting.commerce import Order, Product, ProductKey, Refund, StockAnswer, Unreadable
from connector.errors import FaultError
from connector.http import PUBLIC_ONLY, AddressPolicy, Retry
from connector.woo.answers import Answer, expect_list, expect_object
from connector.woo.calls import MOST_PER_PAGE, RETRY, TIMEOUT, StoreCalls
from connector.woo.facts import StoreFacts, StoreGateway, StoreIndex, StoreStatus, StoreTaxRate
from connector.woo.fields import integer
from connector.woo.inspection import check_store, find_index, list_gateways, list_statuses, list_taxes
from connector.woo.parse import parse_order, parse_product, parse_refund
from connector.woo.session import StoreKeys
from connector.woo.texts import clean_text
from connector.woo.webhooks import Webhook, create_webhook, delete_webhook, list_webhooks, revive_webhook

OrderRow = tuple[dict[str, Any], Order | Unreadable]
RefundRow = tuple[dict[str, Any], Refund | Unreadable]
ProductRow = tuple[dict[str, Any], Product | Unreadable]

PRECISION = "6"
ORDER_FIELDS = (
    "id,number,status,currency,date_created_gmt,date_modified_gmt,date_paid_gmt,date_completed_gmt,prices_include_tax,"
    "total,total_tax,cart_tax,discount_total,discount_tax,shipping_total,shipping_tax,customer_id,billing,shipping,"
    "payment_method,payment_method_title,transaction_id,customer_note,created_via,line_items,shipping_lines,fee_lines,"
    "tax_lines,coupon_lines,refunds,meta_data"
)
REFUND_FIELDS = (
    "id,date_created_gmt,amount,reason,refunded_payment,line_items,shipping_lines,fee_lines,tax_lines,meta_data"
)
PRODUCT_FIELDS = "id,parent_id,type,name,sku,price,status,manage_stock,stock_quantity,date_modified_gmt,attributes"
LISTED_FIELDS = f"{PRODUCT_FIELDS},short_description,description"
STOCK_FIELDS = "id,parent_id,type,name,sku,price,status,manage_stock,stock_quantity"
PARENT_NAME = "parent_name"
"""Put into a variation's payload, as order lines have it: the store names only its options."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page. `total` and `pages` are 0 past the end; `warning`: what a plugin printed around the JSON."""

    rows: tuple[OrderRow, ...]
    total: int
    pages: int
    seconds: float
    warning: str = ""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """One page of products, without variations. `total` and `pages` are 0 past the end."""

    rows: tuple[ProductRow, ...]
    total: int
    pages: int
    seconds: float


class WooStore:
    """The store of one tenant, for one job. Not for several threads at once.

    url: as `address.normalise_store_url` gives it. guard: which addresses may be reached. meta_keys: meta data the
    merchant's settings ask for, besides the keys we know.
    """

    def __init__(
        self,
        url: str,
        keys: StoreKeys,
        *,
        guard: AddressPolicy = PUBLIC_ONLY,
        retry: Retry = RETRY,
        timeout: tuple[float, float] = TIMEOUT,
        meta_keys: Collection[str] = (),
    ) -> None:
        self._calls = StoreCalls(url, keys, guard=guard, retry=retry, timeout=timeout)
        self._meta_keys = frozenset(meta_keys)

    def __enter__(self) -> WooStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the pooled connections go."""
        self._calls.close()

    @property
    def calls(self) -> int:
        """Requests made so far, repeated ones included."""
        return self._calls.calls

    @property
    def warnings(self) -> Sequence[str]:
        """What plugins printed around the JSON, and products that could not be read; each text once."""
        return tuple(self._calls.warnings)

    # What a run reads

    def parse(self, raw: dict[str, Any]) -> Order | Unreadable:
        """A stored payload typed again; never raises."""
        return parse_order(raw, meta_keys=self._meta_keys)

    def parse_refund(self, raw: dict[str, Any], order_id: int) -> Refund | Unreadable:
        """A stored refund typed again; never raises."""
        return parse_refund(raw, order_id)

    def now(self) -> datetime:
        """The store's own clock, aware UTC (one cheap call that also proves the keys)."""
        reply = self._calls.get("orders", {"per_page": "1", "_fields": "id"})
        expect_list(reply.answer)
        return reply.date

    def orders(
        self,
        *,
        page: int,
        per_page: int,
        modified_after: datetime | None = None,
        modified_before: datetime | None = None,
        created_after: datetime | None = None,
        status: str = "",
    ) -> OrderPage:
        """One page of orders by id, ascending; all bounds are exclusive, as the store's are.

        Read a window with an upper bound from its last page to its first. An order changed meanwhile leaves the window
        and the orders behind it move towards the first page: pages still to be read can repeat rows, never miss one.
        Read forwards, the same move would carry a row past the reader. Without `status` all but the trash comes, drafts
        of the checkout included.
        """
        params = _page(page, per_page) | {"dp": PRECISION, "_fields": ORDER_FIELDS}
        bounds = {
            "modified_after": _bound(modified_after, upper=False),
            "modified_before": _bound(modified_before, upper=True),
            "after": _bound(created_after, upper=False),
        }
        params |= {name: value for name, value in {**bounds, "status": status}.items() if value}
        if any(bounds.values()):
            params["dates_are_gmt"] = "true"
        reply = self._calls.get("orders", params)
        return OrderPage(
            rows=self._order_rows(reply.answer),
            total=reply.count("X-WP-Total"),
            pages=reply.count("X-WP-TotalPages"),
            seconds=reply.seconds,
            warning=reply.answer.warning,
        )

    def orders_by_id(self, ids: Sequence[int]) -> Sequence[OrderRow]:
        """At most 100 ids; those that no longer exist are simply not in the answer; trashed ones are asked for too."""
        if not ids:
            return ()
        params = _by_ids(ids) | {"status": "any,trash", "dp": PRECISION, "_fields": ORDER_FIELDS}
        return self._order_rows(self._calls.get("orders", params).answer)

    def refunds(self, order_id: int) -> Sequence[RefundRow]:
        """All refunds of an order, oldest first; none for an order that does not exist."""
        params = {"dp": PRECISION, "_fields": REFUND_FIELDS}
        raws = self._calls.all_rows(f"orders/{order_id}/refunds", params)
        rows = [(raw if isinstance(raw, dict) else {}, parse_refund(raw, order_id)) for raw in raws]
        return sorted(rows, key=lambda row: row[1].id)

    def products_by_id(self, ids: Sequence[int]) -> Sequence[Product]:
        """At most 100 products or variations; those that no longer exist are not in the answer.

        The product list knows no variations (WooCommerce behaviour, Lines and products): what it leaves out is asked
        for one by one.
        """
        if not ids:
            return ()
        raws = expect_list(self._calls.get("products", _by_ids(ids) | {"_fields": PRODUCT_FIELDS}).answer)
        found = {product.id: product for raw in raws if (product := self._product(raw)) is not None}
        for product_id in dict.fromkeys(ids):
            if product_id not in found and (single := self._product_alone(product_id)) is not None:
                found[single.id] = single
        return tuple(found[product_id] for product_id in dict.fromkeys(ids) if product_id in found)

    def parse_product(self, raw: dict[str, Any]) -> Product | Unreadable:
        """A stored payload typed again; never raises."""
        return parse_product(raw, parent_name=str(raw.get(PARENT_NAME) or ""))

    def products(
        self,
        *,
        page: int,
        per_page: int,
        modified_after: datetime | None = None,
        modified_before: datetime | None = None,
        status: str = "",
    ) -> ProductPage:
        """One page of products by id, ascending, drafts included; to be read from the last page like orders.

        The list leaves variations out; without `status` it leaves the trash out too."""
        params = _page(page, per_page) | {"_fields": LISTED_FIELDS}
        bounds = {
            "modified_after": _bound(modified_after, upper=False),
            "modified_before": _bound(modified_before, upper=True),
        }
        params |= {name: value for name, value in {**bounds, "status": status}.items() if value}
        if any(bounds.values()):
            params["dates_are_gmt"] = "true"
        reply = self._calls.get("products", params)
        return ProductPage(
            rows=tuple(self._product_row(raw) for raw in expect_list(reply.answer)),
            total=reply.count("X-WP-Total"),
            pages=reply.count("X-WP-TotalPages"),
            seconds=reply.seconds,
        )

    def variations(self, product_id: int, name: str) -> Sequence[ProductRow]:
        """All variations of a product, in one call per 100; `name` is the product's. None when it is gone."""
        params = {"_fields": LISTED_FIELDS, "orderby": "id", "order": "asc"}
        try:
            raws = self._calls.all_rows(f"products/{product_id}/variations", params)
        except FaultError as fault:
            if fault.code.endswith("_invalid_id"):
                return ()
            raise
        own = {"parent_id": product_id, "type": "variation", PARENT_NAME: name}
        return tuple(self._product_row({**raw, **own} if isinstance(raw, dict) else raw) for raw in raws)

    def stock_of(self, products: Collection[ProductKey]) -> Mapping[ProductKey, Product]:
        """At most 100 products or variations as the store has them now; those that are gone are left out.

        One call for all products, one for the variations of each parent."""
        if not products:
            return {}
        found: list[Product] = []
        simple = [product_id for product_id, variation_id in products if not variation_id]
        if simple:
            raws = expect_list(self._calls.get("products", _by_ids(simple) | {"_fields": STOCK_FIELDS}).answer)
            found += [product for raw in raws if (product := self._product(raw)) is not None]
        for parent_id, ids in _by_parent(products).items():
            found += self._variations_by_id(parent_id, ids)
        wanted = set(products)
        return {product.product: product for product in found if product.product in wanted}

    def set_stock(self, quantities: Mapping[ProductKey, int]) -> Mapping[ProductKey, StockAnswer]:
        """Sets absolute stock quantities, in batches of at most 100; answers what the store has now, by product.

        A failed item does not stop the others (WooCommerce behaviour, Stock). A product whose answer lacks is left out.
        """
        answers: dict[ProductKey, StockAnswer] = {}
        simple = {key: quantity for key, quantity in quantities.items() if not key[1]}
        batches = [("products/batch", chunk) for chunk in _chunks(simple)]
        for parent_id in _by_parent(quantities):
            own = {key: quantity for key, quantity in quantities.items() if key[0] == parent_id and key[1]}
            batches += [(f"products/{parent_id}/variations/batch", chunk) for chunk in _chunks(own)]
        for endpoint, chunk in batches:
            keys = {key[1] or key[0]: key for key in chunk}
            update = [{"id": number, "stock_quantity": chunk[key]} for number, key in keys.items()]
            try:
                reply = expect_object(self._calls.post(endpoint, {"update": update}).answer)
            except FaultError as fault:
                # A parent that is gone refuses its whole batch: the other products still get theirs.
                answers |= {key: StockAnswer(None, fault.code, fault.message) for key in chunk}
                continue
            rows = reply.get("update")
            for row in rows if isinstance(rows, list) else []:
                if isinstance(row, dict) and (key := keys.get(integer(row.get("id")) or 0)) is not None:
                    answers[key] = _stock_answer(row)
        return answers

    # What is looked at when a store is connected, and on the health page

    def index(self) -> StoreIndex:
        """The REST index, asked without keys. Raises ConnectionLostError where there is no WooCommerce."""
        return find_index(self._calls)

    def check(self) -> StoreFacts:
        """The facts needed at connection. Raises ConnectionLostError: there is no store, or the keys are refused."""
        return check_store(self._calls, our_time=datetime.now(UTC))

    def taxes(self) -> Sequence[StoreTaxRate]:
        """The store's whole tax table."""
        return list_taxes(self._calls)

    def payment_gateways(self) -> Sequence[StoreGateway]:
        """Every payment method, disabled ones too: old orders were paid with them."""
        return list_gateways(self._calls)

    def statuses(self) -> Sequence[StoreStatus]:
        """Every status an order can be chosen by, custom ones included."""
        return list_statuses(self._calls)

    # Webhooks

    def webhooks(self) -> Sequence[Webhook]:
        """All webhooks of the shop, other services' too."""
        return list_webhooks(self._calls)

    def create_webhook(self, *, topic: str, delivery_url: str, secret: str, name: str) -> Webhook:
        return create_webhook(self._calls, topic=topic, delivery_url=delivery_url, secret=secret, name=name)

    def revive_webhook(self, webhook_id: int, *, delivery_url: str, secret: str) -> Webhook:
        """Switched on again, with the address and the secret that count now."""
        return revive_webhook(self._calls, webhook_id, delivery_url=delivery_url, secret=secret)

    def delete_webhook(self, webhook_id: int) -> None:
        delete_webhook(self._calls, webhook_id)

    def _order_rows(self, answer: Answer) -> tuple[OrderRow, ...]:
        raws = expect_list(answer)
        return tuple(
            (raw if isinstance(raw, dict) else {}, parse_order(raw, meta_keys=self._meta_keys)) for raw in raws
        )

    def _product_row(self, raw: object) -> ProductRow:
        plain = raw if isinstance(raw, dict) else {}
        return plain, parse_product(raw, parent_name=str(plain.get(PARENT_NAME) or ""))

    def _variations_by_id(self, parent_id: int, ids: Sequence[int]) -> Sequence[Product]:
        try:
            reply = self._calls.get(f"products/{parent_id}/variations", _by_ids(ids) | {"_fields": STOCK_FIELDS})
        except FaultError as fault:
            if fault.code.endswith("_invalid_id"):
                return ()
            raise
        found: list[Product] = []
        for raw in expect_list(reply.answer):
            product = parse_product(raw, parent_id=parent_id)
            if isinstance(product, Unreadable):
                self._calls.warn(f"Product {product.id}: {product.problem}")
            else:
                found.append(replace(product, parent_id=parent_id))
        return found

    def _product(self, raw: object) -> Product | None:
        found = parse_product(raw)
        if isinstance(found, Unreadable):
            self._calls.warn(f"Product {found.id}: {found.problem}")
            return None
        return found

    def _product_alone(self, product_id: int) -> Product | None:
        try:
            reply = self._calls.get(f"products/{product_id}", {"_fields": PRODUCT_FIELDS})
        except FaultError as fault:
            if fault.code.endswith("_invalid_id"):
                return None
            raise
        return self._product(expect_object(reply.answer))


def _page(page: int, per_page: int) -> dict[str, str]:
    if not 1 <= per_page <= MOST_PER_PAGE or page < 1:
        raise ValueError(f"Pages begin at 1 and hold 1 to {MOST_PER_PAGE} rows, not page {page} of {per_page}.")
    return {"page": str(page), "per_page": str(per_page), "orderby": "id", "order": "asc"}


def _by_parent(products: Collection[ProductKey]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for product_id, variation_id in products:
        if variation_id:
            found.setdefault(product_id, []).append(variation_id)
    return found


def _chunks(quantities: Mapping[ProductKey, int]) -> Iterator[dict[ProductKey, int]]:
    rows = list(quantities.items())
    for start in range(0, len(rows), MOST_PER_PAGE):
        yield dict(rows[start : start + MOST_PER_PAGE])


def _stock_answer(row: Mapping[str, Any]) -> StockAnswer:
    error = row.get("error")
    if isinstance(error, dict):
        return StockAnswer(None, str(error.get("code") or "error"), clean_text(str(error.get("message") or "")))
    return StockAnswer(integer(row.get("stock_quantity")) if row.get("manage_stock") is True else None)


def _by_ids(ids: Sequence[int]) -> dict[str, str]:
    if len(ids) > MOST_PER_PAGE:
        raise ValueError(f"At most {MOST_PER_PAGE} ids a call, not {len(ids)}.")
    include = ",".join(str(number) for number in sorted(set(ids)))
    return {"include": include, "per_page": str(MOST_PER_PAGE), "orderby": "id", "order": "asc"}


def _bound(moment: datetime | None, *, upper: bool) -> str:
    """Naive UTC in whole seconds, to be sent with dates_are_gmt=true: the one form that every store reads exactly.

    The store keeps whole seconds and compares strictly, so a fraction is dropped below and rounded up above.
    """
    if moment is None:
        return ""
    naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo is not None else moment
    if upper and naive.microsecond:
        naive += timedelta(seconds=1)
    return naive.replace(microsecond=0).isoformat()

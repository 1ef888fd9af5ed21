"""Which endpoint answers which path below `/wp-json/`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from sandbox.http import Response
from sandbox.store import batch, catalogue, orders_api, orders_write, reference, refunds_api, webhooks
from sandbox.store.call import Call

Endpoint = Callable[[Call], Response]

_V3 = r"wc/v[23]"
_ID = r"(\d+)"


class Route:
    """One path and its endpoints by method. HEAD asks like GET."""

    def __init__(self, pattern: str, **endpoints: Endpoint) -> None:
        self.pattern = re.compile(f"^{pattern}$")
        self.template = re.sub(r"\([^)]*\)", "<id>", pattern.replace(_V3, "wc/v3"))
        self.endpoints = {name.upper(): endpoint for name, endpoint in endpoints.items()}
        if "PUT" in self.endpoints:
            self.endpoints |= {"PATCH": self.endpoints["PUT"]}
            self.endpoints.setdefault("POST", self.endpoints["PUT"])
        order = ("GET", "POST", "PUT", "PATCH", "DELETE")
        self.allow = ", ".join(name for name in order if name in self.endpoints)


def build_routes(lists: orders_api.OrderLists) -> list[Route]:
    """All routes; the first whose pattern fits answers."""
    return [
        Route("", get=reference.site_index),
        Route(_V3, get=reference.namespace_index),
        Route(f"{_V3}/orders", get=partial(orders_api.list_orders, lists=lists), post=orders_write.create_order),
        Route(f"{_V3}/orders/batch", post=batch.batch_orders, put=batch.batch_orders),
        Route(
            f"{_V3}/orders/{_ID}",
            get=orders_api.read_order,
            put=orders_write.update_order,
            delete=orders_write.remove_order,
        ),
        Route(
            f"{_V3}/orders/{_ID}/refunds",
            get=refunds_api.list_refunds_of_order,
            post=refunds_api.create_order_refund,
        ),
        Route(f"{_V3}/orders/{_ID}/refunds/{_ID}", get=refunds_api.read_refund, delete=refunds_api.remove_refund),
        Route(f"{_V3}/refunds", get=refunds_api.list_all_refunds),
        Route(f"{_V3}/products", get=catalogue.list_products),
        Route(f"{_V3}/products/batch", post=batch.batch_products, put=batch.batch_products),
        Route(
            f"{_V3}/products/{_ID}",
            get=catalogue.read_product,
            put=catalogue.update_product,
            delete=catalogue.remove_product,
        ),
        Route(f"{_V3}/products/{_ID}/variations", get=catalogue.list_variations),
        Route(f"{_V3}/products/{_ID}/variations/batch", post=batch.batch_variations, put=batch.batch_variations),
        Route(f"{_V3}/products/{_ID}/variations/{_ID}", get=catalogue.read_variation, put=catalogue.update_variation),
        Route(f"{_V3}/customers", get=reference.list_customers),
        Route(f"{_V3}/customers/{_ID}", get=reference.read_customer),
        Route(f"{_V3}/coupons", get=reference.list_coupons),
        Route(f"{_V3}/coupons/{_ID}", get=reference.read_coupon),
        Route(f"{_V3}/taxes", get=reference.list_taxes),
        Route(f"{_V3}/taxes/classes", get=reference.list_tax_classes),
        Route(f"{_V3}/taxes/{_ID}", get=reference.read_tax, delete=reference.remove_tax),
        Route(f"{_V3}/payment_gateways", get=reference.list_gateways),
        Route(rf"{_V3}/payment_gateways/([\w-]+)", get=reference.read_gateway),
        Route(rf"{_V3}/settings/([\w-]+)", get=reference.list_settings),
        Route(rf"{_V3}/settings/([\w-]+)/([\w-]+)", get=reference.read_setting),
        Route(f"{_V3}/system_status", get=reference.system_status),
        Route(f"{_V3}/data/currencies/current", get=reference.current_currency),
        Route(f"{_V3}/reports/orders/totals", get=reference.order_totals),
        Route(f"{_V3}/webhooks", get=webhooks.list_webhooks, post=webhooks.create_webhook),
        Route(
            f"{_V3}/webhooks/{_ID}",
            get=webhooks.read_webhook,
            put=webhooks.update_webhook,
            delete=webhooks.remove_webhook,
        ),
        Route("wc/v1/orders", get=_empty_list),
    ]


def _empty_list(call: Call) -> Response:
    """The oldest version of the API still has the route, and shows nothing."""
    call.demand("list")
    return call.answer([])

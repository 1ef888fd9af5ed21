"""What a store says about itself: currency, taxes, gateways, statuses, clock and rights, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connector.accounting.commerce import DRAFT_STATUSES
from connector.woo.fields import ZERO, Fields

MINIMUM_VERSION = (5, 8)
"""`modified_after` and `dates_are_gmt` exist since WooCommerce 5.8; without them no change could be found."""

NOT_FOR_CHOOSING = DRAFT_STATUSES | {"any", "trash"}


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """The store's REST index. `time_zone` is an IANA name, "" when the store only keeps an odd offset."""

    name: str
    home_url: str
    index_url: str
    time_zone: str
    offset_hours: Decimal
    has_woocommerce: bool


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Everything looked at when a store is connected.

    Settings are "" or None when these keys may not read them. store_id: WooCommerce's own id of the shop, which a moved
    address keeps. skew_seconds: the store's clock minus ours. warning: what a plugin printed around the JSON.
    """

    index: StoreIndex
    orders: int
    store_time: datetime
    skew_seconds: float
    can_write: bool
    can_read_settings: bool
    store_id: str = ""
    version: str = ""
    currency: str = ""
    decimals: int | None = None
    country: str = ""
    calculates_taxes: bool | None = None
    prices_include_tax: bool | None = None
    rounds_at_subtotal: bool | None = None
    has_order_tables: bool | None = None
    warning: str = ""

    @property
    def is_recent_enough(self) -> bool:
        """Whether the version is at least the minimum; an unreadable version counts as recent."""
        numbers = tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])
        return not numbers or numbers >= MINIMUM_VERSION


@dataclass(frozen=True, slots=True)
class StoreTaxRate:
    """One row of the store's tax table; country, state "" = everywhere. `tax_class` is "standard" or a slug."""

    id: int
    name: str
    percent: Decimal
    country: str
    state: str
    tax_class: str
    priority: int
    compound: bool
    applies_to_shipping: bool


@dataclass(frozen=True, slots=True)
class StoreGateway:
    """A payment method of the store, switched on or not."""

    id: str
    title: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """An order status. `name` is the store's own label, in its language; the slug when it gives none."""

    slug: str
    name: str


def read_index(raw: Mapping[str, object], *, index_url: str) -> StoreIndex:
    """The index of `/wp-json/`."""
    fields = Fields(raw, "The index")
    offset = fields.optional_number("gmt_offset") or ZERO
    namespaces = raw.get("namespaces")
    return StoreIndex(
        name=fields.text("name"),
        home_url=(fields.code("home") or fields.code("url")).rstrip("/"),
        index_url=index_url,
        time_zone=fields.code("timezone_string") or _zone_of(offset),
        offset_hours=offset,
        has_woocommerce=isinstance(namespaces, list) and "wc/v3" in namespaces,
    )


def read_tax_rate(raw: Mapping[str, object]) -> StoreTaxRate:
    fields = Fields(raw, "The tax rate")
    return StoreTaxRate(
        id=fields.id(),
        name=fields.text("name"),
        percent=fields.optional_number("rate") or ZERO,
        country=fields.code("country"),
        state=fields.code("state"),
        tax_class=fields.code("class") or "standard",
        priority=fields.id("priority"),
        compound=fields.flag("compound"),
        applies_to_shipping=fields.flag("shipping"),
    )


def read_gateway(raw: Mapping[str, object]) -> StoreGateway:
    fields = Fields(raw, "The payment method")
    return StoreGateway(
        id=fields.code("id"),
        title=fields.text("title") or fields.text("method_title") or fields.code("id"),
        enabled=fields.flag("enabled"),
    )


def read_statuses(schema: Mapping[str, object], names: Mapping[str, str]) -> tuple[StoreStatus, ...]:
    """The statuses an order can have, drafts and trash left out.

    schema: the answer of `OPTIONS /orders`, which lists what can be filtered by. names: slug -> label, from the report.
    """
    slugs: list[object] = list(names)
    for endpoint in Fields(schema, "The description of orders").parts("endpoints", "Endpoint"):
        allowed = endpoint.part("args").part("status").part("items").raw.get("enum")
        slugs += allowed if isinstance(allowed, list) and "any" in allowed else []
    return tuple(
        StoreStatus(slug, names.get(slug) or slug)
        for slug in dict.fromkeys(slug for slug in slugs if isinstance(slug, str))
        if slug not in NOT_FOR_CHOOSING
    )


def _zone_of(offset_hours: Decimal) -> str:
    if offset_hours != offset_hours.to_integral_value():
        return ""
    hours = int(offset_hours)
    # POSIX signs: Etc/GMT-2 is two hours ahead of UTC.
    return f"Etc/GMT{'-' if hours > 0 else '+'}{abs(hours)}" if hours else "Etc/UTC"

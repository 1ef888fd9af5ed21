"""Looks a store over: when it is connected, on the health page, and to fill the lists of the Manage tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.errors import ConnectionLostError, FaultError, RetryableError
from connector.woo.answers import expect_list, expect_object
from connector.woo.calls import StoreCalls
from connector.woo.facts import (
    StoreFacts,
    StoreGateway,
    StoreIndex,
    StoreStatus,
    StoreTaxRate,
    read_gateway,
    read_index,
    read_statuses,
    read_tax_rate,
)
from connector.woo.fields import Fields

INDEX_FIELDS = "name,url,home,gmt_offset,timezone_string,namespaces"


def find_index(calls: StoreCalls) -> StoreIndex:
    """The REST index. Raises ConnectionLostError: "store_no_rest" where there is none, "store_no_woocommerce"."""
    try:
        raw = expect_object(calls.get_index({"_fields": INDEX_FIELDS}).answer)
    except RetryableError as error:
        # Nothing here ever answered in JSON: it is the wrong address, or permalinks are off.
        if error.reason == "store_not_json":
            raise ConnectionLostError("store_no_rest", error.detail, side="store") from error
        raise
    index = read_index(raw, index_url=f"{calls.url}/wp-json/")
    if not index.has_woocommerce:
        raise ConnectionLostError("store_no_woocommerce", index.index_url, side="store")
    return index


def check_store(calls: StoreCalls, *, our_time: datetime) -> StoreFacts:
    """The facts needed at connection. Raises ConnectionLostError when there is no store, or the keys are refused.

    Writing is tried with an empty batch, which changes nothing. A key whose user may not see the settings is no error:
    the facts say so.
    """
    index = find_index(calls)
    orders = calls.get("orders", {"per_page": "1", "_fields": "id"})
    expect_list(orders.answer)
    try:
        settings = {"can_read_settings": True, **_read_settings(calls)}
    except ConnectionLostError as error:
        if error.reason != "store_refused_keys":
            raise
        settings = {"can_read_settings": False}
    return StoreFacts(
        index=index,
        orders=orders.count("X-WP-Total"),
        store_time=orders.date,
        skew_seconds=(orders.date - our_time).total_seconds(),
        can_write=_may_write(calls),
        warning=calls.warnings[0] if calls.warnings else "",
        **settings,
    )


def list_taxes(calls: StoreCalls) -> Sequence[StoreTaxRate]:
    rows = calls.all_rows("taxes", {"orderby": "id", "order": "asc"})
    return tuple(read_tax_rate(raw) for raw in rows if isinstance(raw, dict))


def list_gateways(calls: StoreCalls) -> Sequence[StoreGateway]:
    rows = expect_list(calls.get("payment_gateways", {"_fields": "id,title,method_title,enabled"}).answer)
    return tuple(read_gateway(raw) for raw in rows if isinstance(raw, dict))


def list_statuses(calls: StoreCalls) -> Sequence[StoreStatus]:
    return read_statuses(expect_object(calls.options("orders").answer), _status_names(calls))


def _may_write(calls: StoreCalls) -> bool:
    try:
        calls.post("products/batch", {})
    except ConnectionLostError as error:
        if error.reason == "store_refused_keys":
            return False
        raise
    return True


def _read_settings(calls: StoreCalls) -> dict[str, Any]:
    status = expect_object(calls.get("system_status", {"_fields": "environment,settings"}).answer)
    environment = Fields(status, "The system status").part("environment")
    settings = Fields(status, "The system status").part("settings")
    tax = _options(calls, "settings/tax")
    general = _options(calls, "settings/general")
    return {
        "store_id": environment.code("store_id"),
        "version": environment.code("version"),
        "currency": general.get("woocommerce_currency") or settings.code("currency"),
        "decimals": settings.id("number_of_decimals") if "number_of_decimals" in settings.raw else None,
        "country": general.get("woocommerce_default_country", "").partition(":")[0],
        "calculates_taxes": _yes(general, "woocommerce_calc_taxes"),
        "prices_include_tax": _yes(tax, "woocommerce_prices_include_tax"),
        "rounds_at_subtotal": _yes(tax, "woocommerce_tax_round_at_subtotal"),
        "has_order_tables": settings.flag("HPOS_enabled") if "HPOS_enabled" in settings.raw else None,
    }


def _options(calls: StoreCalls, endpoint: str) -> Mapping[str, str]:
    """Setting id -> text. Without `_fields` the general group weighs 104 kB of country names."""
    rows = expect_list(calls.get(endpoint, {"_fields": "id,value"}).answer)
    named = ((raw.get("id"), raw.get("value")) for raw in rows if isinstance(raw, dict))
    return {key: value for key, value in named if isinstance(key, str) and isinstance(value, str)}


def _status_names(calls: StoreCalls) -> Mapping[str, str]:
    """Slug -> the store's label. Where the report of order totals is switched off there are only slugs."""
    try:
        rows = expect_list(calls.get("reports/orders/totals", {"_fields": "slug,name"}).answer)
    except FaultError:
        return {}
    except ConnectionLostError as error:
        if error.reason in ("store_no_rest", "store_refused_keys"):
            return {}
        raise
    named = (Fields(raw, "The status") for raw in rows if isinstance(raw, dict))
    return {fields.code("slug"): fields.text("name") for fields in named}


def _yes(options: Mapping[str, str], key: str) -> bool | None:
    return options[key] == "yes" if key in options else None

"""Which meta data of an order we use, and what of a line's meta data its buyer sees.

Plugins keep what the core has no field for in meta data. Only the keys of this list, and those the merchant names, are
kept; nested values have no place in our books, but for the fee that PayPal Payments keeps in one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from connector.accounting.commerce import VAT_NUMBER_KEYS
from connector.accounting.fees import FEE_KEYS, PPCP_FEE, PPCP_FEE_CURRENCY
from connector.accounting.instalments import DEPOSIT_KEYS
from connector.woo.fields import Fields
from connector.woo.texts import clean_text

INVOICE_NUMBER_KEYS = (
    "_wcpdf_invoice_number",
    "_wcpdf_formatted_invoice_number",
    "_ywpi_invoice_formatted_number",
    "_ywpi_invoice_number",
    "wf_invoice_number",
    "_bewpi_invoice_number",
    "_pip_invoice_number",
    "_invoice_number",
    "_order_number_formatted",
    "_order_number",
)
EXCHANGE_RATE_KEYS = (
    "_wcpay_multi_currency_order_exchange_rate",
    "_wcpay_multi_currency_order_default_currency",
    "_wcpay_multi_currency_stripe_exchange_rate",
    "_woocs_order_rate",
    "_woocs_order_base_currency",
    "_base_currency_exchange_rate",
)
GATEWAY_FEE_KEYS = tuple(
    key for row in FEE_KEYS for key in (row.key, row.currency, row.unless_no) if key and key != PPCP_FEE_CURRENCY
)
VAT_EXEMPT_KEY = "is_vat_exempt"
USED_KEYS = frozenset(
    (
        *VAT_NUMBER_KEYS, *INVOICE_NUMBER_KEYS, *EXCHANGE_RATE_KEYS, *GATEWAY_FEE_KEYS, *DEPOSIT_KEYS, VAT_EXEMPT_KEY,
    )
)  # fmt: skip
ORIGINAL_LINE_KEY = "_refunded_item_id"


def simple_meta(entries: Iterable[Fields], extra_keys: Collection[str] = ()) -> Mapping[str, str]:
    """Key -> text of the keys we use; of a repeated key the first value counts, as in WooCommerce's own get_meta."""
    found: dict[str, str] = {}
    for entry in entries:
        key = entry.raw.get("key")
        if isinstance(key, str) and (key in USED_KEYS or key in extra_keys) and key not in found:
            value = _simple(entry.raw.get("value"))
            if value:
                found[key] = value
        if key == PPCP_FEE and key not in found:
            found |= _paypal_fee(entry.raw.get("value"))
    return found


def _paypal_fee(value: object) -> Mapping[str, str]:
    """{"paypal_fee": {"currency_code": "EUR", "value": "1.41"}, …} as two plain keys; nothing where it says nothing."""
    inner = value.get("paypal_fee") if isinstance(value, Mapping) else None
    if not isinstance(inner, Mapping):
        return {}
    amount = _simple(inner.get("value"))
    return {PPCP_FEE: amount, PPCP_FEE_CURRENCY: _simple(inner.get("currency_code"))} if amount else {}


def visible_attributes(entries: Iterable[Fields]) -> tuple[tuple[str, str], ...]:
    """(label, value) of the meta data a buyer sees on a line: keys without a leading underscore, plain values."""
    found = []
    for entry in entries:
        key = entry.raw.get("key")
        label = _simple(entry.raw.get("display_key")) or _simple(key)
        value = _simple(entry.raw.get("display_value")) or _simple(entry.raw.get("value"))
        if isinstance(key, str) and not key.startswith("_") and label and value and not label.startswith("_"):
            found.append((label, value))
    return tuple(found)


def original_line(entries: Iterable[Fields]) -> int:
    """The id of the order line that a refund line gives back; 0 when the store does not say."""
    for entry in entries:
        if entry.raw.get("key") == ORIGINAL_LINE_KEY:
            return entry.id("value")
    return 0


def _simple(value: object) -> str:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return repr(value)  # of a payload that was stored and read again: its shortest notation is the JSON text itself
    if isinstance(value, int | Decimal):
        return str(value)
    return ""

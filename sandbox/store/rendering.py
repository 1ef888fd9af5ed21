"""Order and refund documents as the API shows them: amounts with `dp` decimals, everything else as it is.

Documents are kept as the JSON of `wc/v3` with amounts at stored precision ("24.975").
"""

from __future__ import annotations

from typing import Any

from sandbox.store.money import shown

Document = dict[str, Any]

_ORDER_AMOUNTS = (
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
    "amount",
)
_ITEM_LISTS = {
    "line_items": ("subtotal", "subtotal_tax", "total", "total_tax"),
    "shipping_lines": ("total", "total_tax"),
    "fee_lines": ("total", "total_tax"),
    "tax_lines": ("tax_total", "shipping_tax_total"),
}


def with_decimals(document: Document, decimals: int) -> Document:
    """A copy with every amount at `decimals`. Coupon amounts and `price` keep their own digits, as in WooCommerce."""
    result = dict(document)
    for name in _ORDER_AMOUNTS:
        if name in result:
            result[name] = shown(result[name], decimals)
    for list_name, names in _ITEM_LISTS.items():
        if result.get(list_name):
            result[list_name] = [_item(item, names, decimals) for item in result[list_name]]
    if result.get("refunds"):
        result["refunds"] = [{**refund, "total": shown(refund["total"], decimals)} for refund in result["refunds"]]
    return result


def with_amounts_of(document: Document, precise: Document) -> Document:
    """A document with the amounts of the same order seen with more decimals."""
    result = {**document, **{name: precise[name] for name in _ORDER_AMOUNTS if name in document}}
    for list_name, names in _ITEM_LISTS.items():
        finer = {item["id"]: item for item in precise.get(list_name, [])}
        result[list_name] = [
            {**item, **{name: finer[item["id"]][name] for name in (*names, "taxes") if name in item}}
            for item in document.get(list_name, [])
        ]
    return result


def _item(item: Document, names: tuple[str, ...], decimals: int) -> Document:
    result = dict(item)
    for name in names:
        result[name] = shown(result[name], decimals)
    if result.get("taxes"):
        result["taxes"] = [
            {key: value if key == "id" or value == "" else shown(value, decimals) for key, value in tax.items()}
            for tax in result["taxes"]
        ]
    return result

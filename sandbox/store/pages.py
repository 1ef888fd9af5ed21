"""The store's pages: its orders, and one order with everything on it. Plain HTML, no script."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.http import Response
from sandbox.store.clock import moment_of
from sandbox.store.database import Document
from sandbox.store.money import number_of, shown
from sandbox.store.shop import Shop

_STYLE = Path(__file__).parent / "static" / "store.css"
_PER_PAGE = 50
_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – {shop}</title>
<link rel="stylesheet" href="/store.css">
</head>
<body>
<header><a class="shop" href="/">{shop}</a>
<span class="about">WooCommerce stand-in · {currency} · {zone}</span></header>
<main>
{main}
</main>
</body>
</html>
"""


def style_sheet() -> Response:
    return Response(200, _STYLE.read_bytes(), "text/css; charset=utf-8")


def orders_page(shop: Shop, number: int) -> Response:
    """All orders, newest first, fifty a page."""
    rows = sorted(
        shop.database.rows("order").values(), key=lambda row: (row.document["date_created_gmt"], row.id), reverse=True
    )
    last = max(1, -(-len(rows) // _PER_PAGE))
    number = min(max(1, number), last)
    lines = [_order_row(shop, row.document) for row in rows[(number - 1) * _PER_PAGE : number * _PER_PAGE]]
    pager = f'<nav class="pages">{_page_link(number - 1, "Newer", number > 1)}'
    pager += f"<span>Page {number} of {last}</span>{_page_link(number + 1, 'Older', number < last)}</nav>"
    main = (
        f"<h1>Orders <small>{len(rows)}</small></h1>"
        '<div class="wide"><table><thead><tr><th>Order</th><th>Date</th><th>Buyer</th><th>Status</th>'
        '<th>Paid by</th><th class="money">Total</th><th class="money">Refunded</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>{pager}"
    )
    return _page(shop, "Orders", main)


def order_page(shop: Shop, order_id: int) -> Response:
    """One order, or a friendly 404."""
    row = shop.database.get("order", order_id)
    if row is None:
        return _page(
            shop, "Order not found", "<h1>This order does not exist</h1><p><a href='/'>All orders</a></p>", 404
        )
    order = row.document
    parts = [
        f'<p class="back"><a href="/">All orders</a></p><h1>Order {_text(order["number"])} {_status(order)}</h1>',
        f'<p class="facts">{_when(shop, order["date_created_gmt"])} · id {order["id"]} · {_payment(order)}</p>',
        f'<div class="columns">{_address("Billing", order["billing"])}{_address("Shipping", order["shipping"])}'
        f"{_note(order)}</div>",
        _lines(shop, order),
        _taxes(shop, order),
        _refunds(shop, order_id),
    ]
    return _page(shop, f"Order {order['number']}", "".join(parts))


def _order_row(shop: Shop, order: Document) -> str:
    refunded = sum((number_of(refund["total"]) for refund in order["refunds"]), Decimal(0))
    refund_text = _money(shop, refunded, order) if refunded else ""
    return (
        f'<tr><td><a href="/orders/{order["id"]}">{_text(order["number"])}</a></td>'
        f"<td>{_when(shop, order['date_created_gmt'])}</td><td>{_buyer(order)}</td><td>{_status(order)}</td>"
        f"<td>{_text(order['payment_method_title'])}</td>"
        f'<td class="money">{_money(shop, order["total"], order)}</td><td class="money">{refund_text}</td></tr>'
    )


def _lines(shop: Shop, order: Document) -> str:
    rows = []
    for line in order["line_items"]:
        about = " · ".join(str(part) for part in (line["sku"], _options(line)) if part)
        name = f"{_text(line['name'])}<small>{_text(about)}</small>"
        rows.append(_amount_row(shop, order, name, line, str(line["quantity"])))
    rows += [_amount_row(shop, order, _text(line["method_title"]), line) for line in order["shipping_lines"]]
    rows += [_amount_row(shop, order, _text(line["name"]), line) for line in order["fee_lines"]]
    coupons = [
        f"<tr><th colspan='2'>Coupon {_text(line['code'])} (already in the lines)</th>"
        f"<td class='money'>−{_money(shop, line['discount'], order)}</td>"
        f"<td class='money'>−{_money(shop, line['discount_tax'], order)}</td><td></td></tr>"
        for line in order["coupon_lines"]
    ]
    total = (
        f"<tr class='total'><th colspan='3'>Total</th><td class='money'>{_money(shop, order['total_tax'], order)}</td>"
        f"<td class='money'>{_money(shop, order['total'], order)}</td></tr>"
    )
    return (
        "<div class='wide'><table><thead><tr><th>Line</th><th class='money'>Pieces</th>"
        "<th class='money'>Without tax</th>"
        f"<th class='money'>Tax</th><th class='money'>With tax</th></tr></thead><tbody>{''.join(rows)}</tbody>"
        f"<tfoot>{''.join(coupons)}{total}</tfoot></table></div>"
    )


def _amount_row(shop: Shop, order: Document, name: str, line: Document, pieces: str = "") -> str:
    gross = number_of(line["total"]) + number_of(line["total_tax"])
    return (
        f"<tr><td>{name}</td><td class='money'>{pieces}</td>"
        f"<td class='money'>{_money(shop, line['total'], order)}</td>"
        f"<td class='money'>{_money(shop, line['total_tax'], order)}</td>"
        f"<td class='money'>{_money(shop, gross, order)}</td></tr>"
    )


def _taxes(shop: Shop, order: Document) -> str:
    if not order["tax_lines"]:
        return "<h2>Taxes</h2><p>None.</p>"
    rows = "".join(
        f"<tr><td>{_text(line['label'])}<small>{_text(line['rate_code'])}</small></td>"
        f"<td class='money'>{line['rate_percent']} %</td>"
        f"<td class='money'>{_money(shop, line['tax_total'], order)}</td>"
        f"<td class='money'>{_money(shop, line['shipping_tax_total'], order)}</td></tr>"
        for line in order["tax_lines"]
    )
    return (
        "<h2>Taxes</h2><div class='wide'><table><thead><tr><th>Rate</th><th class='money'>Percent</th>"
        f"<th class='money'>On goods</th><th class='money'>On shipping</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _refunds(shop: Shop, order_id: int) -> str:
    rows = [row.document for row in shop.database.rows("refund").values() if row.parent == order_id]
    if not rows:
        return ""
    order = shop.database.rows("order")[order_id].document
    items = "".join(
        f"<li><strong>{_money(shop, refund['amount'], order)}</strong> on {_when(shop, refund['date_created_gmt'])}"
        f"{' – ' + _text(refund['reason']) if refund['reason'] else ''}<small>{_refunded_lines(refund)}</small></li>"
        for refund in sorted(rows, key=lambda one: str(one["date_created_gmt"]))
    )
    return f"<h2>Refunds</h2><ul class='refunds'>{items}</ul>"


def _refunded_lines(refund: Document) -> str:
    parts = [f"{-line['quantity']} × {_text(line['name'])}" for line in refund["line_items"]]
    parts += [_text(line["method_title"]) for line in refund["shipping_lines"]]
    parts += [_text(line["name"]) for line in refund["fee_lines"]]
    return ", ".join(parts) or "an amount, no lines"


def _address(title: str, place: Document) -> str:
    name = f"{place['first_name']} {place['last_name']}".strip()
    town = f"{place['postcode']} {place['city']}".strip()
    country = " ".join(part for part in (place["state"], place["country"]) if part)
    rows = [
        place["company"],
        name,
        place["address_1"],
        place["address_2"],
        town,
        country,
        place.get("email", ""),
        place["phone"],
    ]
    shown_rows = "<br>".join(_text(row) for row in rows if row)
    return f"<section><h2>{title}</h2><address>{shown_rows or 'None'}</address></section>"


def _note(order: Document) -> str:
    note = order["customer_note"]
    return f"<section><h2>Buyer's note</h2><p>{_text(note)}</p></section>" if note else ""


def _payment(order: Document) -> str:
    parts = [order["payment_method_title"] or "no payment method", order["transaction_id"]]
    return _text(" · ".join(part for part in parts if part))


def _buyer(order: Document) -> str:
    billing = order["billing"]
    name = f"{billing['first_name']} {billing['last_name']}".strip()
    return _text(billing["company"] or name or billing["email"] or "–")


def _status(order: Document) -> str:
    return f'<span class="status {_text(order["status"])}">{_text(order["status"].replace("-", " "))}</span>'


def _options(line: Document) -> str:
    seen = (meta for meta in line["meta_data"] if not str(meta["key"]).startswith("_"))
    return ", ".join(f"{meta.get('display_key', meta['key'])}: {meta.get('display_value', '')}" for meta in seen)


def _when(shop: Shop, gmt: str) -> str:
    return moment_of(gmt).astimezone(shop.clock.zone).strftime("%d.%m.%Y %H:%M")


def _money(shop: Shop, value: Any, order: Document) -> str:
    return f"{shown(str(value), shop.decimals)}&nbsp;{_text(order['currency'])}"


def _text(value: Any) -> str:
    """Product names come with entities and tags of their own: shown as the shop shows them, without the tags."""
    plain = html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", "", str(value)))
    return html.escape(plain)


def _page_link(number: int, word: str, there: bool) -> str:
    return f'<a href="/?page={number}">{word}</a>' if there else f"<span>{word}</span>"


def _page(shop: Shop, title: str, main: str, status: int = 200) -> Response:
    page = _SHELL.format(
        title=_text(title),
        shop=_text(shop.database.facts.get("name", "Store")),
        currency=_text(shop.currency),
        zone=_text(shop.clock.zone_name),
        main=main,
    )
    return Response(status, page.encode(), "text/html; charset=utf-8")

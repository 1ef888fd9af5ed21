"""Refunds as `wc_create_refund()` makes them: by lines, by amount, or the rest of an order.

WooCommerce behaviour, Refunds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.store.database import Document, copied
from sandbox.store.documents import new_refund
from sandbox.store.errors import ApiError
from sandbox.store.lifecycle import save_order, set_status
from sandbox.store.money import as_number, number_of, round_half_up, stored
from sandbox.store.shop import Shop
from sandbox.store.totals import refundable, write_refund_taxes


@dataclass(frozen=True, slots=True)
class LineRefund:
    """How much of an order's line (product, fee or shipping) is refunded; amounts positive, without tax."""

    item_id: int
    quantity: Decimal
    total: Decimal
    taxes: Mapping[int, Decimal]

    @property
    def amount(self) -> Decimal:
        return self.total + sum(self.taxes.values(), Decimal(0))


def create_refund(
    shop: Shop,
    order: Document,
    lines: Sequence[LineRefund],
    *,
    amount: Decimal | None,
    reason: str = "",
    through_gateway: bool = False,
    restock: bool = True,
    moment: datetime | None = None,
) -> Document:
    """Refund part of an order document (a copy, which is changed and saved). Without `amount` the lines' sum counts."""
    when = moment or shop.clock.now()
    total = round_half_up(sum((line.amount for line in lines), Decimal(0)) if amount is None else amount, shop.decimals)
    left = refundable(order)
    if total < 0 or total > left:
        raise _refused("Invalid refund amount.")
    if through_gateway:
        _check_gateway(shop, order)
    with shop.database.change():
        refund = new_refund(shop, shop.next_post_id(), order["id"], created=when, reason=reason)
        refund["amount"] = stored(total)
        refund["refunded_payment"] = through_gateway
        refund["meta_data"] = [shop.meta("_refund_type", "full" if total == left else "partial")]
        for line in lines:
            _add_line(shop, refund, order, line)
        write_refund_taxes(shop, refund, order)
        shop.database.put("refund", refund["id"], refund, parent=order["id"])
        if restock:
            _restock(shop, order, lines, when)
        if total == left:
            set_status(shop, order, "refunded", when)
        save_order(shop, order, moment=when)
    return refund


def refund_the_rest(shop: Shop, order: Document, moment: datetime) -> None:
    """Status set to refunded by hand: WooCommerce refunds what is left of the total, without lines."""
    left = refundable(order)
    if left <= 0:
        return
    refund = new_refund(shop, shop.next_post_id(), order["id"], created=moment, reason="Order fully refunded.")
    refund["amount"] = stored(left)
    refund["meta_data"] = [shop.meta("_refund_type", "full")]
    shop.database.put("refund", refund["id"], refund, parent=order["id"])


def delete_refund(shop: Shop, order: Document, refund_id: int) -> None:
    """A deleted refund bumps nothing and leaves no trace."""
    with shop.database.change():
        shop.database.remove("refund", refund_id)
        save_order(shop, order, bump=False)


def read_lines(order: Document, posted: Sequence[Mapping[str, Any]]) -> list[LineRefund]:
    """A request's `line_items`: `[{"id", "quantity", "refund_total", "refund_tax": [{"id", "refund_total"}]}]`."""
    known = _items(order)
    lines = []
    for item in posted:
        item_id = int(item.get("id") or 0)
        if item_id not in known:
            raise ApiError(
                "woocommerce_rest_invalid_line_item", "Line item ID provided is not associated with order.", 400
            )
        taxes = {int(tax["id"]): number_of(tax.get("refund_total")) for tax in item.get("refund_tax") or []}
        lines.append(LineRefund(item_id, number_of(item.get("quantity")), number_of(item.get("refund_total")), taxes))
    return lines


def whole_line(line: Document, quantity: int | None = None) -> LineRefund:
    """A line as the order screen offers it for refund: its share by quantity, to the cent."""
    pieces = int(line.get("quantity") or 0)
    chosen = pieces if quantity is None else quantity
    share = Decimal(chosen) / pieces if pieces else Decimal(1)
    return LineRefund(
        item_id=line["id"],
        quantity=Decimal(chosen),
        total=round_half_up(number_of(line["total"]) * share, 2),
        taxes={tax["id"]: round_half_up(number_of(tax["total"]) * share, 2) for tax in line["taxes"]},
    )


def _items(order: Document) -> dict[int, tuple[str, Document]]:
    names = ("line_items", "fee_lines", "shipping_lines")
    return {line["id"]: (name, line) for name in names for line in order[name]}


def _add_line(shop: Shop, refund: Document, order: Document, part: LineRefund) -> None:
    """The refunded part of a line, negative; lines refunded by nothing are left out."""
    if not part.quantity and not part.total and not any(part.taxes.values()):
        return
    name, original = _items(order)[part.item_id]
    line = copied(original)
    total, rules = stored(-part.total), shop.rules
    tax = sum(
        (amount if rules.round_at_subtotal else rules.round_tax(amount) for amount in part.taxes.values()), Decimal(0)
    )
    line |= {"id": shop.next_item_id(), "total": total, "total_tax": stored(-tax)}
    line["taxes"] = [
        {"id": key, "total": stored(-amount), "subtotal": stored(-amount) if name == "line_items" else ""}
        for key, amount in part.taxes.items()
    ]
    if name == "line_items":
        line |= {"quantity": -int(part.quantity), "subtotal": total, "subtotal_tax": line["total_tax"]}
        line["price"] = as_number(part.total / part.quantity) if part.quantity else 0
    line["meta_data"] = [shop.meta("_refunded_item_id", str(part.item_id), displayed=True)]
    refund[name].append(line)


def _restock(shop: Shop, order: Document, lines: Sequence[LineRefund], moment: datetime) -> None:
    products = {line["id"]: line for line in order["line_items"]}
    for part in lines:
        line = products.get(part.item_id)
        if line is None or part.quantity <= 0:
            continue
        reduced = next((meta for meta in line["meta_data"] if meta["key"] == "_reduced_stock"), None)
        if reduced is None:
            continue
        back = min(part.quantity, Decimal(reduced["value"]))
        if shop.change_stock(line["variation_id"] or line["product_id"], back, moment):
            reduced["value"] = reduced["display_value"] = str(int(Decimal(reduced["value"]) - back))
            line["meta_data"].append(shop.meta("_restock_refunded_items", str(int(back)), displayed=True))


def _check_gateway(shop: Shop, order: Document) -> None:
    gateways = {row.document["id"]: row.document for row in shop.database.rows("gateway").values()}
    gateway = gateways.get(order["payment_method"])
    if gateway is None:
        raise _refused("The payment gateway for this order does not exist.")
    if "refunds" not in gateway["method_supports"]:
        raise _refused("The payment gateway for this order does not support automatic refunds.")


def _refused(message: str) -> ApiError:
    """Some refund errors carry the bare number 500 as their data."""
    return ApiError("woocommerce_rest_cannot_create_order_refund", message, 500, data=500)

"""What happens to an order after it was made: statuses with their dates and stock, changes, trash, deletion.

WooCommerce behaviour: What bumps an order's date_modified; Paid dates; Stock.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sandbox.store.database import Document, copied
from sandbox.store.money import number_of, stored
from sandbox.store.shop import Shop

_TAKES_STOCK = ("processing", "completed", "on-hold")
_GIVES_STOCK_BACK = ("cancelled", "pending")
_PAID = ("processing", "completed")


def copy_order(shop: Shop, order_id: int) -> Document | None:
    """A copy to change and hand to `save_order`; None for an unknown id."""
    row = shop.database.get("order", order_id)
    return None if row is None else copied(row.document)


def save_order(
    shop: Shop, order: Document, *, moment: datetime | None = None, bump: bool = True, told: bool = True
) -> None:
    """Write an order; with `bump` it counts as modified at `moment` (default: now), and webhooks are `told`."""
    is_new = shop.database.get("order", order["id"]) is None
    if bump:
        shop.stamp(order, "date_modified", moment or shop.clock.now())
    status = order["status"]
    order["is_editable"] = status in ("pending", "on-hold", "auto-draft")
    order["needs_payment"] = status in ("pending", "failed", "checkout-draft") and number_of(order["total"]) > 0
    order["needs_processing"] = any(_needs_processing(shop, line) for line in order["line_items"])
    order["refunds"] = list_refunds(shop, order["id"])
    shop.database.put("order", order["id"], order)
    if bump and told:
        shop.tell("order.updated", order["id"])
        if is_new:
            shop.tell("order.created", order["id"])


def list_refunds(shop: Shop, order_id: int) -> list[Document]:
    """An order's refunds in short, newest first, totals negative."""
    rows = [row for row in shop.database.rows("refund").values() if row.parent == order_id]
    return [
        {"id": row.id, "reason": row.document["reason"], "total": stored(-number_of(row.document["amount"]))}
        for row in sorted(rows, key=lambda one: (one.document["date_created_gmt"], one.id), reverse=True)
    ]


def set_status(shop: Shop, order: Document, status: str, moment: datetime) -> None:
    """Change the status of a document: paid and completed dates, stock. The caller saves it."""
    old = order["status"]
    order["status"] = status
    if status == old:
        return
    cash_on_delivery = order["payment_method"] == "cod" and status == "processing"
    if status in _PAID and not cash_on_delivery and not order["date_paid"]:
        shop.stamp(order, "date_paid", moment)
    if status == "completed":
        shop.stamp(order, "date_completed", moment)
    move_stock(shop, order, moment)


def pay(shop: Shop, order: Document, moment: datetime, transaction_id: str = "") -> None:
    """`payment_complete()`: paid now, processing, or completed when nothing has to be shipped or done."""
    if order["status"] not in ("pending", "on-hold", "failed", "cancelled", "checkout-draft"):
        return
    if transaction_id:
        order["transaction_id"] = transaction_id
    if not order["date_paid"]:
        shop.stamp(order, "date_paid", moment)
    needs_processing = any(_needs_processing(shop, line) for line in order["line_items"])
    set_status(shop, order, "processing" if needs_processing else "completed", moment)


def move_stock(shop: Shop, order: Document, moment: datetime) -> None:
    """Take or give back stock as the order's status asks, once per line (`_reduced_stock`)."""
    for line in order["line_items"]:
        reduced = next((meta for meta in line["meta_data"] if meta["key"] == "_reduced_stock"), None)
        product_id = line["variation_id"] or line["product_id"]
        if order["status"] in _TAKES_STOCK and reduced is None:
            if line["quantity"] > 0 and shop.change_stock(product_id, Decimal(-line["quantity"]), moment):
                line["meta_data"].append(shop.meta("_reduced_stock", str(line["quantity"]), displayed=True))
        elif order["status"] in _GIVES_STOCK_BACK and reduced is not None:
            shop.change_stock(product_id, Decimal(reduced["value"]), moment)
            line["meta_data"].remove(reduced)


def trash_order(shop: Shop, order: Document, moment: datetime) -> None:
    """Into the trash: visible by id and with status=trash, stock stays taken, the order is bumped."""
    order["meta_data"].append(shop.meta("_wp_trash_meta_status", f"wc-{order['status']}"))
    order["meta_data"].append(shop.meta("_wp_trash_meta_time", str(int(moment.timestamp()))))
    order["status"] = "trash"
    save_order(shop, order, moment=moment, told=False)
    shop.tell("order.deleted", order["id"])
    if not shop.is_hpos:
        # The check of what kind of post it is relies on a global that only wp-admin sets.
        shop.tell("product.deleted", order["id"])


def leave_trash(order: Document) -> None:
    """A status set on a trashed order restores it; the trash's marks go."""
    order["meta_data"] = [meta for meta in order["meta_data"] if not meta["key"].startswith("_wp_trash_meta")]


def delete_order(shop: Shop, order_id: int) -> None:
    """Gone for good, with its refunds; no list shows it any more."""
    with shop.database.change():
        for row in list(shop.database.rows("refund").values()):
            if row.parent == order_id:
                shop.database.remove("refund", row.id)
        shop.database.remove("order", order_id)
    shop.tell("order.deleted", order_id)


def forget_product(shop: Shop, product_ids: set[int]) -> None:
    """A product deleted for good: lines keep their name but lose id and SKU; the orders are not bumped."""
    for row in list(shop.database.rows("order").values()):
        lines = row.document["line_items"]
        if any(line["product_id"] in product_ids or line["variation_id"] in product_ids for line in lines):
            order = copied(row.document)
            for line in order["line_items"]:
                if line["product_id"] in product_ids or line["variation_id"] in product_ids:
                    line |= {"product_id": 0, "variation_id": 0, "sku": None}
            shop.database.put("order", row.id, order)


def anonymise(shop: Shop, order: Document, moment: datetime) -> None:
    """WordPress's personal data eraser: the buyer's name and addresses are wiped, the sale stays."""
    for part in ("billing", "shipping"):
        order[part] = dict.fromkeys(order[part], "")
    order["billing"]["email"] = "deleted@site.invalid"
    order |= {"customer_id": 0, "customer_ip_address": "", "customer_user_agent": "", "transaction_id": ""}
    order["meta_data"] = [*order["meta_data"], shop.meta("_anonymized", "yes")]
    save_order(shop, order, moment=moment)


def _needs_processing(shop: Shop, line: Document) -> bool:
    product = shop.product(line["variation_id"] or line["product_id"])
    return product is None or not (product["virtual"] and product["downloadable"])

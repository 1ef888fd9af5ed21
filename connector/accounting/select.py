"""Which orders become documents: what the settings leave out is skipped with a reason, what is unpaid waits."""

from __future__ import annotations

from connector.accounting.commerce import DRAFT_STATUSES, UNPAID_STATUSES, Order
from connector.accounting.dates import local_date
from connector.accounting.documents import Skipped, Waiting
from connector.accounting.instalments import has_deposit, is_wholly_paid, received_so_far
from connector.accounting.policy import PostingPolicy

PARTIALLY_REFUNDED = "partially-refunded"
"""Not a status of WooCommerce: an order that carries refunds (product specification §3)."""


def select_order(order: Order, policy: PostingPolicy) -> Skipped | Waiting | None:
    """None when the order is to be posted now.

    What the order is comes before what was chosen: a draft is a draft whatever the statuses say, and only an order
    that would be posted can wait for its money.
    """
    if order.status in DRAFT_STATUSES:
        return Skipped("draft")
    if order.status == "trash":
        return Skipped("trash")
    if order.part == "payment":
        return payment_of_another(order)
    created_on = local_date(order.created_at, policy.time_zone)
    if created_on < policy.start_date:
        return Skipped("before_start_date", {"date": created_on.isoformat(), "start": policy.start_date.isoformat()})
    if not is_status_selected(order, policy):
        return Skipped(f"status:{order.status}")
    if not (order.lines or order.shipping_lines or order.fee_lines) and order.total == 0:
        return Skipped("empty_order")
    if order.total == 0 and policy.zero_total == "skip":
        return Skipped("zero_total")
    if policy.document == "sales_receipt" and not has_its_money(order):
        return Waiting("awaiting_payment", _awaited(order))
    return None


def payment_of_another(order: Order) -> Skipped:
    """Its money is booked with the order that it pays; as a sale of its own the revenue would be there twice."""
    return Skipped("payment_of_another", {"parent": str(order.parent_id)})


def is_status_selected(order: Order, policy: PostingPolicy) -> bool:
    """The status read is chosen, or the order carries refunds and the pseudo-status is chosen.

    Polling cannot see passages through a status, so a wholly refunded order counts as one that carries refunds.
    """
    return order.status in policy.statuses or (bool(order.refunds) and PARTIALLY_REFUNDED in policy.statuses)


def has_its_money(order: Order) -> bool:
    """Paid in full, or nothing to pay: a free order that the shop has accepted needs no date_paid."""
    return is_wholly_paid(order) or (order.total == 0 and order.status not in UNPAID_STATUSES)


def _awaited(order: Order) -> dict[str, str]:
    method = {"method": order.payment_method_title or order.payment_method}
    if not has_deposit(order):
        return method
    return {**method, "problem": "deposit", "received": f"{received_so_far(order):f}", "total": f"{order.total:f}"}

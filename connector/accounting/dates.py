"""Which day a document bears: an instant of the order seen in the tenant's zone, kept out of a closed period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.accounting.commerce import Order
from connector.accounting.documents import Held
from connector.accounting.policy import PostingPolicy


@dataclass(frozen=True, slots=True)
class DocumentDate:
    """`true_date` is set when the books were closed on it and the document had to move to the first open day."""

    day: date
    true_date: date | None = None


def local_date(moment: datetime, time_zone: str) -> date:
    return moment.astimezone(ZoneInfo(time_zone)).date()


def order_moment(order: Order, policy: PostingPolicy) -> datetime:
    """Created, paid or completed by choice; where that is missing: completed, else paid, else created."""
    chosen = {"created": order.created_at, "paid": order.paid_at, "completed": order.completed_at}[policy.date_choice]
    return chosen or order.completed_at or order.paid_at or order.created_at


def open_date(moment: datetime, policy: PostingPolicy) -> DocumentDate | Held:
    """The day of a moment, or the first open day, or a hold, when the company's books are closed on it."""
    day = local_date(moment, policy.time_zone)
    if policy.closed_until is None or day > policy.closed_until:
        return DocumentDate(day)
    if policy.closed_period == "hold":
        return Held("closed_period", {"date": day.isoformat(), "closed_until": policy.closed_until.isoformat()})
    return DocumentDate(policy.closed_until + timedelta(days=1), true_date=day)

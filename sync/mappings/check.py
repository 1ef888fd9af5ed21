"""How the latest orders would come out with today's choices: exact by which means, or held, and for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Means, Planned
from connector.woo.parse import parse_order
from sync.models import Record
from sync.setup import newest_orders, rehearse_with
from sync.wiring import current_options
from tenants.models import Tenant

CHECKED = 200
TAX_REASONS = frozenset({"unmapped_tax_rate", "tax_not_representable", "missing_setting:untaxed_code"})


@dataclass(frozen=True, slots=True)
class Check:
    """orders: looked at. computed: QuickBooks' own arithmetic gives the store's tax, or there is none. stated: the
    store's amounts are sent. adjusted: by lines that cancel or a rounding line. held: for a tax; by rate in `rates`.
    other: skipped, waiting, or held for something else.
    """

    orders: int
    computed: int
    stated: int
    adjusted: int
    held: int
    other: int
    rates: Mapping[str, int] = field(default_factory=dict)

    @property
    def exact(self) -> int:
        return self.computed + self.stated + self.adjusted


def check_orders(tenant: Tenant) -> Check:
    """The newest CHECKED orders that were read, or the store's newest 100 while none was. Raises what the store adapter
    raises, and LookupError without options or company."""
    records = Record.objects.for_tenant(tenant).filter(source=Record.Source.ORDER).order_by("-ordered_at")
    raws = [raw for raw in records.values_list("raw", flat=True)[:CHECKED] if raw]
    orders = [parse_order(raw) for raw in raws] if raws else newest_orders(tenant, 100)
    options = current_options(tenant).document
    found: Counter[str] = Counter()
    rates: Counter[str] = Counter()
    for one in rehearse_with(tenant, options, [order for order in orders if isinstance(order, Order)]):
        outcome = one.outcome
        if isinstance(outcome, Planned):
            means = outcome.proof.means
            adjusted = means in (Means.CANCELLING, Means.ROUNDING)
            found["adjusted" if adjusted else "stated" if means is Means.STATED else "computed"] += 1
        elif isinstance(outcome, Held) and outcome.reason in TAX_REASONS:
            found["held"] += 1
            rates[str(outcome.details.get("rate") or "")] += 1
        else:
            found["other"] += 1
    named = {name: number for name, number in rates.most_common() if name}
    return Check(
        sum(found.values()), found["computed"], found["stated"], found["adjusted"], found["held"], found["other"], named
    )

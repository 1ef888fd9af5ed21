"""What occurs on real orders: which combinations of tax rates a line bears, and which payment methods were used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.core.cache import cache
from django.db.models import Max

from connector.accounting.commerce import Order, TaxLine
from connector.accounting.policy import TaxWorld
from connector.accounting.rates import RateIds, rates_on_lines, rates_on_order
from connector.woo.parse import parse_order
from sync.models import Record
from sync.setup import newest_orders
from tenants.models import Tenant

LOOKED_AT = 500
"""How many of the newest orders are counted."""
LIVE = 100
"""How many are asked of the store while nothing was ever synced."""
KEPT_SECONDS = 600

Untaxed = Literal["vat_exempt", "export", "other"]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """lines: lines by the rates they bear. untaxed: lines without tax, by why. gateways: orders by payment method.

    rates: each rate as the newest order that bears it shows it. titles: a payment method's title on orders.
    """

    orders: int = 0
    lines: Mapping[RateIds, int] = field(default_factory=dict)
    untaxed: Mapping[Untaxed, int] = field(default_factory=dict)
    gateways: Mapping[str, int] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[int, TaxLine] = field(default_factory=dict)


def occurrences(tenant: Tenant, world: TaxWorld, *, home_country: str, fresh: bool = False) -> Occurrences:
    """From the newest orders that were read, or from the store's newest while there is none.

    Kept for some minutes, and only as long as no order is newer. Raises what the store adapter raises."""
    records = Record.objects.for_tenant(tenant).filter(source=Record.Source.ORDER)
    last = records.aggregate(pk=Max("pk"), at=Max("modified_at"))
    changed_at = last["at"].timestamp() if last["at"] else 0
    key = f"occurrences:{tenant.key}:{world}:{last['pk']}:{changed_at}"
    known = None if fresh else cache.get(key)
    if isinstance(known, Occurrences):
        return known
    if last["pk"] is None:
        orders: Iterable[object] = newest_orders(tenant, LIVE)
    else:
        raws = records.order_by("-ordered_at").values_list("raw", flat=True)[:LOOKED_AT]
        orders = (parse_order(raw) for raw in raws if raw)
    found = count_occurrences((order for order in orders if isinstance(order, Order)), world, home_country=home_country)
    cache.set(key, found, KEPT_SECONDS)
    return found


def count_occurrences(orders: Iterable[Order], world: TaxWorld, *, home_country: str) -> Occurrences:
    """Newest orders first. In the US manual world a document has one code, so an order counts as one line."""
    seen = 0
    lines: Counter[RateIds] = Counter()
    untaxed: Counter[Untaxed] = Counter()
    gateways: Counter[str] = Counter()
    titles: dict[str, str] = {}
    rates: dict[int, TaxLine] = {}
    for order in orders:
        seen += 1
        for rate in order.tax_lines:
            rates.setdefault(rate.rate_id, rate)
        if order.payment_method:
            gateways[order.payment_method] += 1
            titles.setdefault(order.payment_method, order.payment_method_title)
        for borne in [rates_on_order(order)] if world == "us_manual" else rates_on_lines(order):
            if borne:
                lines[borne] += 1
            else:
                untaxed[_why_untaxed(order, home_country)] += 1
    return Occurrences(seen, dict(lines), dict(untaxed), dict(gateways), titles, rates)


def _why_untaxed(order: Order, home_country: str) -> Untaxed:
    """As the core decides it (connector.accounting.rates.untaxed_code)."""
    if order.is_vat_exempt:
        return "vat_exempt"
    ship_to = order.shipping.country or order.billing.country
    return "export" if ship_to and home_country and ship_to != home_country else "other"

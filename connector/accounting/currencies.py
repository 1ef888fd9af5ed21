"""Sales in another currency than the company's: may they be posted, and at which exchange rate.

The rate is QuickBooks' own of the day unless the merchant chose the one that the store's currency plugin kept on the
order. What each plugin means by its number: WooPayments keeps order units for one base unit (and what Stripe converted
at, the other way round), WOOCS order units for one base unit, Aelia base units for one order unit.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from connector.accounting.commerce import Order
from connector.accounting.documents import Held, Notice
from connector.accounting.policy import PostingPolicy

_RATE_UNIT = Decimal("0.0000001")
_LARGEST_RATE = Decimal(10) ** 7

#: Meta key of the rate, meta key of the currency it leads to ("" where the plugin names none: the store's), and whether
#: it is home units for one unit of the order (else the other way round). The first that is there counts.
_KEPT_RATES = (
    ("_wcpay_multi_currency_stripe_exchange_rate", "_wcpay_multi_currency_order_default_currency", True),
    ("_wcpay_multi_currency_order_exchange_rate", "_wcpay_multi_currency_order_default_currency", False),
    ("_woocs_order_rate", "_woocs_order_base_currency", False),
    ("_base_currency_exchange_rate", "", True),
)


def currency_problem(order: Order, policy: PostingPolicy) -> Held | None:
    """A foreign sale in a company that keeps one currency only."""
    if order.currency == policy.home_currency or policy.multicurrency:
        return None
    return Held("currency_off", {"currency": order.currency, "home": policy.home_currency})


def exchange_rate(order: Order, policy: PostingPolicy) -> Decimal | None:
    """Home units for one unit of the order's currency (QBO reference, 5.4); None where QuickBooks is to know."""
    if order.currency == policy.home_currency or policy.exchange_rates != "order":
        return None
    for rate_key, base_key, is_direct in _KEPT_RATES:
        base = order.meta.get(base_key, "").strip().upper() if base_key else policy.store_currency
        rate = _read_rate(order.meta.get(rate_key, ""))
        if rate is None or base != policy.home_currency:
            continue
        rate = (rate if is_direct else 1 / rate).quantize(_RATE_UNIT, ROUND_HALF_UP)
        return rate if 0 < rate < _LARGEST_RATE else None
    return None


def currency_notices(order: Order, policy: PostingPolicy) -> tuple[Notice, ...]:
    is_missing = order.currency != policy.home_currency and exchange_rate(order, policy) is None
    if policy.exchange_rates != "order" or not is_missing:
        return ()
    return (Notice("no_exchange_rate", {"currency": order.currency}),)


def _read_rate(text: str) -> Decimal | None:
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 1 / _LARGEST_RATE < rate < _LARGEST_RATE else None

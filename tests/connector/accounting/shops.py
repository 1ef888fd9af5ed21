"""The two shops of the captures with the companies behind them, and their orders as the store sent them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from connector.accounting.books import PostedSale, RecordedMoney
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import DocumentKind, Parties, PaymentDocument, Planned
from connector.accounting.plan import needed_products, plan_order
from connector.accounting.policy import (
    GatewayMapping,
    PostingPolicy,
    RateMapping,
    Ref,
    TaxCode,
    TaxPolicy,
    TaxRate,
)
from connector.woo.parse import parse_order, parse_refund
from tests.canada import canadian_taxes

PAYLOADS = Path(__file__).parents[2] / "payloads" / "woocommerce"
STATUSES = frozenset({"processing", "completed", "refunded", "partially-refunded"})
EXEMPT = TaxCode("10", "Exempt")


@cache
def captured_orders(shop: str, name: str = "orders") -> tuple[Order, ...]:
    """All orders of a capture; every one of them is readable."""
    raws = json.loads((PAYLOADS / shop / f"{name}.json").read_text(encoding="utf-8"))
    orders = [parse_order(raw) for raw in raws]
    assert all(isinstance(order, Order) for order in orders)
    return tuple(order for order in orders if isinstance(order, Order))


def captured_order(shop: str, order_id: int, name: str = "orders") -> Order:
    return next(order for order in captured_orders(shop, name) if order.id == order_id)


@cache
def captured_refunds(shop: str) -> tuple[tuple[Order, Refund], ...]:
    """All refunds of a capture with their orders, by id."""
    orders = {order.id: order for order in captured_orders(shop)}
    raws = json.loads((PAYLOADS / shop / "refunds.json").read_text(encoding="utf-8"))
    found = []
    for order_id, listed in raws.items():
        for raw in listed:
            refund = parse_refund(raw, int(order_id))
            assert isinstance(refund, Refund)
            found.append((orders[refund.order_id], refund))
    return tuple(sorted(found, key=lambda pair: pair[1].id))


def earlier_of(shop: str, refund: Refund) -> tuple[Refund, ...]:
    """The other refunds of the same order, as the engine hands them on."""
    return tuple(one for _, one in captured_refunds(shop) if one.order_id == refund.order_id and one != refund)


def posted_sale(order: Order, policy: PostingPolicy, **changes: object) -> PostedSale:
    """The order's sale as it stands in the books after it was planned and posted; `changes` are fields of it."""
    planned = plan_order(order, policy, parties_of(order), include_selection=False)
    assert isinstance(planned, Planned), planned
    sale = planned.sale
    money: tuple[RecordedMoney, ...] = ()
    for document in planned.documents:
        if isinstance(document, PaymentDocument):
            money = (RecordedMoney(document.deposit_account, document.total, document.payment_method),)
    if sale.deposit_account is not None:
        money = (RecordedMoney(sale.deposit_account, sale.total, sale.payment_method),)
    is_open = sale.kind is DocumentKind.INVOICE and not money
    fields: dict[str, object] = {
        "kind": sale.kind,
        "qbo_id": f"q{order.id}",
        "number": sale.number,
        "document_date": sale.document_date,
        "total": sale.total,
        "customer": sale.customer,
        "money": money,
        "open_balance": sale.total if is_open else Decimal(0),
    }
    return PostedSale(**(fields | changes))  # type: ignore[arg-type]


def parties_of(order: Order) -> Parties:
    """A customer, and an item for every product the order names."""
    return Parties(Ref("58", "Customer"), {key: Ref(f"{key[0]}{key[1] or ''}") for key in needed_products(order)})


def single_rate_code(code_id: str, name: str, percent: str) -> TaxCode:
    return TaxCode(code_id, name, (TaxRate(f"r{code_id}", name, Decimal(percent)),))


def mapping(rate_ids: Iterable[int], code: TaxCode, percent: str | None = None) -> RateMapping:
    return RateMapping(frozenset(rate_ids), code, Decimal(percent) if percent else None)


FR_20 = single_rate_code("2", "20.0% S", "20")
FR_55 = single_rate_code("3", "5.5% S", "5.5")
FR_10 = single_rate_code("4", "10.0% S", "10")
FR_MAPPINGS = (
    mapping([1], FR_20, "20"),
    mapping([2], FR_55, "5.5"),
    mapping([3], FR_10, "10"),
    mapping([4], single_rate_code("5", "DE 19%", "19"), "19"),
    *(mapping([rate_id], single_rate_code("6", "DE 7%", "7"), "7") for rate_id in (5, 6)),
    mapping([7], single_rate_code("7", "BE 21%", "21"), "21"),
    mapping([8], single_rate_code("8", "BE 6%", "6"), "6"),
    mapping([9], single_rate_code("9", "BE 12%", "12"), "12"),
    mapping([10], single_rate_code("11", "ES 21%", "21"), "21"),
    *(mapping([rate_id], single_rate_code("12", "ES 10%", "10"), "10") for rate_id in (11, 12)),
    mapping([13], single_rate_code("13", "IT 22%", "22"), "22"),
    *(mapping([rate_id], single_rate_code("14", "IT 10%", "10"), "10") for rate_id in (14, 15)),
    mapping([16], single_rate_code("15", "NL 21%", "21"), "21"),
    *(mapping([rate_id], single_rate_code("16", "NL 9%", "9"), "9") for rate_id in (17, 18)),
    mapping([19], TaxCode("17", "0% Z", (TaxRate("r17", "0%", Decimal(0)),)), "0"),
    mapping([20], TaxCode("18", "Reverse charge", (TaxRate("r18", "Reverse charge", Decimal(0)),)), "0"),
)


def fr_taxes(**changes: object) -> TaxPolicy:
    values: dict[str, object] = {"world": "global", "rates": FR_MAPPINGS, "untaxed": EXEMPT}
    return TaxPolicy(**(values | changes))  # type: ignore[arg-type]


def us_taxes(**changes: object) -> TaxPolicy:
    values: dict[str, object] = {"world": "off", "tax_item": Ref("90", "Sales tax collected")}
    return TaxPolicy(**(values | changes))  # type: ignore[arg-type]


US_RATES = {
    rate_id: TaxRate(f"r{rate_id}", name, Decimal(percent), compound=rate_id == 17)
    for rate_id, name, percent in (
        (1, "NC State", "4.75"), (2, "Buncombe County", "2.25"), (3, "Mecklenburg County", "2.5"), (4, "NC Food", "2"),
        (5, "NY State", "4"), (6, "New York City", "4.5"), (7, "MCTD", "0.375"),
        (8, "CA State", "6"), (9, "CA County", "1.25"), (10, "Los Angeles District", "2.25"),
        (11, "TX State", "6.25"), (12, "Austin", "2"), (13, "WA", "10.25"), (14, "GA", "8.9"), (15, "HI GET", "4.712"),
        (16, "GST", "5"), (17, "QST", "9.975"), (18, "PST", "7"), (19, "HST provincial", "8"),
    )
}  # fmt: skip
US_SETS = (
    (1, 2), (11, 12), (1,), (5, 6, 7), (14,), (1, 3), (8, 9, 10), (15,), (13,), (1, 2, 4), (4,), (16, 18), (16, 19),
    (16, 17), (1, 4),
)  # fmt: skip
"""Every combination of rates that occurs on an order of the capture, but that of the deleted rate."""


def us_manual_taxes(**changes: object) -> TaxPolicy:
    """A company with one tax code for each combination."""
    rates = tuple(
        mapping(ids, TaxCode(f"c{place}", "+".join(US_RATES[i].name for i in ids), tuple(US_RATES[i] for i in ids)))
        for place, ids in enumerate(US_SETS)
    )
    values: dict[str, object] = {"world": "us_manual", "rates": rates}
    return TaxPolicy(**(values | changes))  # type: ignore[arg-type]


def us_automated_taxes(**changes: object) -> TaxPolicy:
    return TaxPolicy(**({"world": "us_automated"} | changes))  # type: ignore[arg-type]


def _gateways() -> dict[str, GatewayMapping]:
    card, cash = Ref("3", "Credit Card"), Ref("1", "Cash")
    return {
        "stripe": GatewayMapping("stripe", Ref("36", "Stripe clearing"), card),
        "ppcp-gateway": GatewayMapping("ppcp-gateway", Ref("37", "PayPal clearing"), None),
        "bacs": GatewayMapping("bacs", Ref("35", "Bank"), None),
        "cod": GatewayMapping("cod", Ref("35", "Bank"), cash),
    }


def fr_policy(**changes: object) -> PostingPolicy:
    values: dict[str, object] = {
        "tenant_key": "maison-dupont",
        "time_zone": "Europe/Paris",
        "start_date": date(2026, 1, 1),
        "statuses": STATUSES,
        "home_currency": "EUR",
        "multicurrency": False,
        "country": "FR",
        "taxes": fr_taxes(),
        "number_prefix": "Wio",
        "default_item": Ref("81", "Divers"),
        "shipping_item": Ref("82", "Expédition"),
        "fee_item": Ref("83", "Frais"),
        "rounding_item": Ref("84", "Arrondi"),
        "default_account": Ref("4", "Fonds non déposés"),
        "gateways": _gateways(),
        "language": "fr",
    }
    return PostingPolicy(**(values | changes))  # type: ignore[arg-type]


def us_policy(**changes: object) -> PostingPolicy:
    values: dict[str, object] = {
        "tenant_key": "blue-ridge",
        "time_zone": "America/New_York",
        "start_date": date(2026, 1, 1),
        "statuses": STATUSES,
        "home_currency": "USD",
        "multicurrency": False,
        "country": "US",
        "taxes": us_taxes(),
        "number_prefix": "Wio",
        "default_item": Ref("81", "Misc"),
        "shipping_item": Ref("82", "Shipping"),
        "fee_item": Ref("83", "Fees"),
        "rounding_item": Ref("84", "Rounding"),
        "default_account": Ref("4", "Undeposited Funds"),
        "gateways": _gateways(),
    }
    return PostingPolicy(**(values | changes))  # type: ignore[arg-type]


def us_manual_policy(**changes: object) -> PostingPolicy:
    return us_policy(**({"taxes": us_manual_taxes()} | changes))


def ca_policy(**changes: object) -> PostingPolicy:
    values: dict[str, object] = {
        "tenant_key": "atelier-laurentides",
        "time_zone": "America/Toronto",
        "home_currency": "CAD",
        "country": "CA",
        "taxes": canadian_taxes(),
    }
    return fr_policy(**(values | changes))


POLICIES = {"fr": fr_policy, "us": us_policy, "us_manual": us_manual_policy, "ca": ca_policy}

"""An invented order for a shop that has none yet, so that a choice can be seen at work; always marked as such."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from connector.accounting.commerce import Address, LineTax, Order, OrderLine, ShippingLine, TaxLine

CENT = Decimal("0.01")
GOODS, SHIPPING = Decimal("40.00"), Decimal("5.00")


def sample_order(options: Mapping[str, Any], currency: str, now: datetime | None = None) -> Order:
    """Two pieces and shipping, paid, taxed at the first rate that has a code; untaxed while none has."""
    rate = next((row for row in options["taxes"]["rates"] if len(row["rate_ids"]) == 1 and row.get("percent")), None)
    percent = Decimal(str(rate["percent"])) if rate else Decimal(0)
    rate_id = int(rate["rate_ids"][0]) if rate else 0
    goods_tax, shipping_tax = _tax(GOODS, percent), _tax(SHIPPING, percent)
    taxes = bool(rate_id and percent)
    moment = now or datetime.now(UTC)
    buyer = Address(first_name="Camille", last_name="Martin", email="camille@example.com", line1="1 Main Street")
    line = OrderLine(
        id=1,
        name=_("Sample product"),
        product_id=0,
        variation_id=0,
        sku="",
        quantity=Decimal(2),
        subtotal=GOODS,
        subtotal_tax=goods_tax,
        total=GOODS,
        total_tax=goods_tax,
        taxes=(LineTax(rate_id, goods_tax),) if taxes else (),
    )
    shipping = ShippingLine(2, _("Shipping"), "flat_rate", SHIPPING, shipping_tax, _line_taxes(rate_id, shipping_tax))
    tax_line = TaxLine(rate_id, _("Tax"), "", percent, False, goods_tax, shipping_tax)
    return Order(
        id=0,
        number="1234",
        status="processing",
        currency=currency,
        created_at=moment,
        modified_at=moment,
        paid_at=moment,
        completed_at=None,
        prices_include_tax=False,
        total=GOODS + SHIPPING + goods_tax + shipping_tax,
        total_tax=goods_tax + shipping_tax,
        discount_total=Decimal(0),
        discount_tax=Decimal(0),
        shipping_total=SHIPPING,
        customer_id=0,
        billing=buyer,
        shipping=Address(),
        payment_method=_first_gateway(options),
        payment_method_title="",
        transaction_id="",
        customer_note="",
        lines=(line,),
        shipping_lines=(shipping,),
        tax_lines=(tax_line,) if taxes else (),
    )


def _tax(net: Decimal, percent: Decimal) -> Decimal:
    return (net * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP)


def _line_taxes(rate_id: int, tax: Decimal) -> tuple[LineTax, ...]:
    return (LineTax(rate_id, tax),) if rate_id and tax else ()


def _first_gateway(options: Mapping[str, Any]) -> str:
    methods = options["payments"]["methods"]
    return str(methods[0]["gateway"]) if methods else ""

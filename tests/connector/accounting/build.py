"""Small orders made by hand, in the words of the test that needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connector.accounting.commerce import (
    Address,
    FeeLine,
    LineTax,
    Order,
    OrderLine,
    Refund,
    ShippingLine,
    TaxLine,
)

D = Decimal


def taxes(**amounts: str) -> tuple[LineTax, ...]:
    """taxes(r1="5.00") is 5.00 at rate 1."""
    return tuple(LineTax(int(name[1:]), D(amount)) for name, amount in amounts.items())


def line(
    total: str, quantity: str = "1", *, subtotal: str = "", sku: str = "SAV-1", product: int = 20, **rates: str
) -> OrderLine:
    listed = taxes(**rates)
    return OrderLine(
        id=product * 10,
        name="Savon",
        product_id=product,
        variation_id=0,
        sku=sku,
        quantity=D(quantity),
        subtotal=D(subtotal or total),
        subtotal_tax=D(0),
        total=D(total),
        total_tax=sum((tax.total for tax in listed), D(0)),
        taxes=listed,
    )


def shipping(total: str, **rates: str) -> ShippingLine:
    listed = taxes(**rates)
    return ShippingLine(7, "Colissimo", "flat_rate", D(total), sum((tax.total for tax in listed), D(0)), listed)


def fee(total: str, name: str = "Pourboire", **rates: str) -> FeeLine:
    listed = taxes(**rates)
    return FeeLine(8, name, D(total), sum((tax.total for tax in listed), D(0)), listed)


def rate(rate_id: int, percent: str, total: str, *, shipping_total: str = "0", compound: bool = False) -> TaxLine:
    return TaxLine(rate_id, f"Rate {rate_id}", f"R-{rate_id}", D(percent), compound, D(total), D(shipping_total))


def order(*parts: OrderLine | ShippingLine | FeeLine | TaxLine, total: str, tax: str = "0", **fields: object) -> Order:
    """A paid French order with these lines; every other field by name."""
    created = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    buyer = Address(first_name="Jane", last_name="Doe", email="jane@x.example", country="FR")
    values: dict[str, object] = {
        "id": 1234,
        "number": "1234",
        "status": "processing",
        "currency": "EUR",
        "created_at": created,
        "modified_at": created,
        "paid_at": created,
        "completed_at": None,
        "prices_include_tax": True,
        "total": D(total),
        "total_tax": D(tax),
        "discount_total": D(0),
        "discount_tax": D(0),
        "shipping_total": D(0),
        "customer_id": 0,
        "billing": buyer,
        "shipping": Address(),
        "payment_method": "stripe",
        "payment_method_title": "Carte",
        "transaction_id": "pi_1",
        "customer_note": "",
        "lines": tuple(part for part in parts if isinstance(part, OrderLine)),
        "shipping_lines": tuple(part for part in parts if isinstance(part, ShippingLine)),
        "fee_lines": tuple(part for part in parts if isinstance(part, FeeLine)),
        "tax_lines": tuple(part for part in parts if isinstance(part, TaxLine)),
    }
    return Order(**(values | fields))  # type: ignore[arg-type]


def refund(
    *parts: OrderLine | ShippingLine | FeeLine | TaxLine, amount: str, id: int = 9, reason: str = "", of: int = 1234
) -> Refund:
    """A refund of ten days later; refunds with higher ids are made later."""
    return Refund(
        id=id,
        order_id=of,
        created_at=datetime(2026, 3, 11, 10, 0, tzinfo=UTC) + timedelta(hours=id),
        amount=D(amount),
        reason=reason,
        refunded_payment=False,
        lines=tuple(part for part in parts if isinstance(part, OrderLine)),
        shipping_lines=tuple(part for part in parts if isinstance(part, ShippingLine)),
        fee_lines=tuple(part for part in parts if isinstance(part, FeeLine)),
        tax_lines=tuple(part for part in parts if isinstance(part, TaxLine)),
    )

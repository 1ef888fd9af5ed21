from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.commerce import LineTax, Order, Product, Refund, Unreadable
from connector.woo.fields import number
from connector.woo.parse import loads, parse_order, parse_product, parse_refund

OrderOf = Callable[..., dict[str, Any]]
Load = Callable[[str, str], Any]

STORES = ("fr", "us")


def read(raw: object) -> Order:
    order = parse_order(raw)
    assert isinstance(order, Order), order
    return order


def refund_of(payload: Load, store: str, order_id: int, position: int = 0) -> Refund:
    refund = parse_refund(payload(store, "refunds")[str(order_id)][position], order_id)
    assert isinstance(refund, Refund), refund
    return refund


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", ["orders", "orders_dp6", "orders_trash", "orders_checkout_draft"])
def test_every_captured_order_is_read(store: str, name: str, payload: Load) -> None:
    raws = payload(store, name)
    assert raws
    for raw in raws:
        order = read(raw)
        assert order.id == raw["id"]
        assert str(order.total) == raw["total"]
        assert len(order.lines) == len(raw["line_items"])
        assert order.created_at.tzinfo is UTC


@pytest.mark.parametrize("store", STORES)
def test_every_captured_refund_is_read_and_none_of_its_lines_is_negative(store: str, payload: Load) -> None:
    for order_id, raws in payload(store, "refunds").items():
        for raw in raws:
            refund = parse_refund(raw, int(order_id))
            assert isinstance(refund, Refund), refund
            amounts = [refund.amount, *(line.total for line in refund.lines), *(fee.total for fee in refund.fee_lines)]
            amounts += [shipping.total for shipping in refund.shipping_lines]
            assert not any(amount.is_signed() for amount in amounts)


@pytest.mark.parametrize("store", STORES)
def test_every_captured_product_and_variation_is_read(store: str, payload: Load) -> None:
    variations = [raw for raws in payload(store, "variations").values() for raw in raws]
    for raw in [*payload(store, "products"), *variations]:
        product = parse_product(raw)
        assert isinstance(product, Product), product
        assert product.sku == raw["sku"]


def test_times_come_from_the_gmt_fields_as_utc(order_of: OrderOf) -> None:
    order = read(order_of("fr", 86))
    assert order.created_at == datetime(2026, 8, 5, 7, 54, 36, tzinfo=UTC)
    assert order.paid_at == order.created_at
    assert order.completed_at is None


def test_names_and_companies_are_decoded_but_odd_people_keep_their_names(order_of: OrderOf) -> None:
    assert read(order_of("fr", 91)).billing.company == "Épicerie D’Angelo & Fils SARL"
    assert read(order_of("fr", 239)).billing.last_name == "<O'Neil>"
    assert read(order_of("us", 124)).billing.line1 == "c/o Front Desk\nBuilding B"


def test_taxes_with_an_empty_amount_are_left_out(order_of: OrderOf) -> None:
    raw = order_of("fr", 86)
    raw["line_items"][0]["taxes"] = [{"id": 1, "total": "", "subtotal": ""}, {"id": 2, "total": "0.00"}]
    assert read(raw).lines[0].taxes == (LineTax(2, Decimal("0.00")),)


def test_a_line_shows_what_its_buyer_chose_and_nothing_hidden(order_of: OrderOf, payload: Load) -> None:
    orders = {raw["id"]: raw for raw in payload("us", "orders")}
    chosen = {attribute for line in read(orders[125]).lines for attribute in line.attributes}
    assert ("Engraving", 'À Marie, "toujours" <3') in chosen
    assert not any(label.startswith("_") for label, _ in chosen)


def test_meta_data_is_reduced_to_the_keys_we_use(order_of: OrderOf) -> None:
    assert read(order_of("fr", 171)).meta == {"is_vat_exempt": "yes", "_vat_number": "BE0403170701"}
    assert read(order_of("us", 209)).meta == {"_wcpay_multi_currency_order_exchange_rate": "1.0842"}


def test_meta_data_the_merchant_names_is_kept_too(order_of: OrderOf) -> None:
    raw = order_of("fr", 86) | {
        "meta_data": [
            {"id": 1, "key": "legal_number", "value": "F-2026-17"},
            {"id": 2, "key": "legal_number", "value": "second"},
            {"id": 3, "key": "_stripe_fee", "value": {"nested": "1.00"}},
            {"id": 4, "key": "_shipping_hash", "value": "aef"},
        ]
    }
    order = parse_order(raw, meta_keys={"legal_number"})
    assert isinstance(order, Order)
    assert order.meta == {"legal_number": "F-2026-17"}


def test_the_fee_that_paypal_payments_keeps_in_an_object_is_read(order_of: OrderOf) -> None:
    fees = {"gross_amount": {"currency_code": "EUR", "value": "30.00"},
            "paypal_fee": {"currency_code": "EUR", "value": "1.41"}}  # fmt: skip
    raw = order_of("fr", 86) | {"meta_data": [{"id": 1, "key": "_ppcp_paypal_fees", "value": fees}]}
    assert read(raw).meta == {"_ppcp_paypal_fees": "1.41", "_ppcp_paypal_fees:currency": "EUR"}
    for nothing in ("", [], {"paypal_fee": None}, {"paypal_fee": {"value": {}}}):
        raw = raw | {"meta_data": [{"id": 1, "key": "_ppcp_paypal_fees", "value": nothing}]}
        assert read(raw).meta == {}


def test_a_vat_exempt_buyer_is_known(order_of: OrderOf) -> None:
    assert read(order_of("us", 240)).is_vat_exempt
    assert not read(order_of("us", 239)).is_vat_exempt


def test_a_line_without_product_is_a_line(order_of: OrderOf) -> None:
    line = read(order_of("fr", 270)).lines[0]
    assert (line.product, line.sku, str(line.total)) == ((0, 0), "", "12.35")


def test_a_rate_is_free_of_float_noise(order_of: OrderOf) -> None:
    raw = order_of("us", 204)
    raw["tax_lines"][0]["rate_percent"] = Decimal("8.325000000000001")
    assert read(raw).tax_lines[0].percent == Decimal("8.325")


def test_a_stored_order_reads_the_same_again(payload: Load) -> None:
    for raw in payload("us", "orders"):
        kept = json.loads(json.dumps(raw, default=float))
        assert parse_order(kept) == parse_order(raw)
        assert parse_order(json.loads(json.dumps(raw, default=str))) == parse_order(raw)


def test_a_refund_points_to_the_lines_it_gives_back(payload: Load, order_of: OrderOf) -> None:
    refund = refund_of(payload, "us", 278)
    original = {line.id: line for line in read(order_of("us", 278)).lines}
    assert [line.id for line in refund.lines] == [920]
    assert 920 in original
    assert (refund.lines[0].quantity, refund.lines[0].total, refund.tax_lines[0].total) == (
        Decimal(1),
        Decimal("14.20"),
        Decimal("0.67"),
    )


def test_a_refund_of_tax_alone_has_a_line_of_nothing_with_its_tax(payload: Load) -> None:
    refund = refund_of(payload, "fr", 117)
    line = refund.lines[0]
    assert (line.quantity, line.total, line.total_tax) == (Decimal(0), Decimal(0), Decimal("18.00"))


def test_an_amount_only_refund_has_no_lines(payload: Load) -> None:
    refund = refund_of(payload, "fr", 91)
    assert (refund.amount, refund.lines, refund.reason) == (Decimal("2.00"), (), "ok")


def test_a_discount_taken_back_lowers_the_refund(payload: Load) -> None:
    raw = payload("fr", "refunds")["220"][0]
    raw["line_items"] = [
        {"id": 9, "name": "Bol", "product_id": 1, "variation_id": 0, "quantity": -1, "subtotal": "-20.00"}
        | {"subtotal_tax": "0.00", "total": "-20.00", "total_tax": "0.00", "taxes": [], "meta_data": [], "sku": "B"}
    ]
    raw["fee_lines"][0]["total"] = "5.00"
    refund = parse_refund(raw, 220)
    assert isinstance(refund, Refund)
    assert (refund.lines[0].total, refund.fee_lines[0].total) == (Decimal("20.00"), Decimal("-5.00"))


def test_a_variation_whose_stock_is_its_parents_manages_none_itself() -> None:
    raw = {"id": 5, "parent_id": 4, "sku": "X", "price": "", "manage_stock": "parent", "stock_quantity": 12}
    product = parse_product(raw)
    assert isinstance(product, Product)
    assert (product.kind, product.manages_stock, product.stock_quantity, product.price) == (
        "variation",
        False,
        Decimal(12),
        None,
    )


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("total", "12,50", "The order has “12,50” as “total”, which is not an amount."),
        ("total", "", "The order has no field “total”, or it is empty."),
        ("total", "NaN", "not an amount"),
        ("total", "1_000", "not an amount"),
        ("total", True, "not an amount"),
        ("total", ["1"], "not an amount"),
        ("total", "9" * 30, "not an amount"),
        ("total", "1e99", "not an amount"),
        ("currency", "", "not a currency code"),
        ("currency", None, "not a currency code"),
        ("status", "", "no status"),
        ("date_created_gmt", "yesterday", "not a time"),
        ("date_created_gmt", "2026-02-30T10:00:00", "not a time"),
        ("date_created_gmt", 1764000000, "not a time"),
        ("date_created_gmt", "0000-00-00T00:00:00", "no creation date"),
        ("line_items", {"0": {}}, "not a list of objects"),
        ("line_items", ["x"], "not a list of objects"),
        ("billing", "Rue X", "not an object"),
        ("customer_note", {"a": 1}, "not a text"),
        ("customer_id", "alice", "not a whole number"),
    ],
)
def test_what_does_not_fit_becomes_a_sentence(order_of: OrderOf, field: str, value: object, says: str) -> None:
    found = parse_order(order_of("fr", 86) | {field: value})
    assert isinstance(found, Unreadable)
    assert (found.id, found.number) == (86, "86")
    assert says in found.problem
    assert found.modified_at == datetime(2026, 8, 5, 7, 54, 36, tzinfo=UTC)


def test_a_line_that_does_not_fit_is_named(order_of: OrderOf) -> None:
    raw = order_of("fr", 86)
    raw["line_items"][0]["total"] = "a lot"
    del raw["line_items"][1]["total_tax"]
    found = parse_order(raw)
    assert isinstance(found, Unreadable)
    assert found.problem == "Line 23 has “a lot” as “total”, which is not an amount."


@pytest.mark.parametrize("raw", [None, [], "order", 7, {}, {"id": -4}, {"id": "x", "number": ["y"]}])
def test_something_else_altogether_is_unreadable_and_raises_nothing(raw: object) -> None:
    for found in (parse_order(raw), parse_refund(raw, 1), parse_product(raw)):
        assert isinstance(found, Unreadable)
        assert found.id == 0
        assert found.problem


@pytest.mark.parametrize("store", STORES)
def test_no_field_whatever_it_holds_makes_reading_fail(store: str, payload: Load) -> None:
    raw = payload(store, "orders")[5]
    odd: tuple[object, ...] = (None, "", "x", -1, [], {}, [1], [{}], {"a": []}, True, Decimal("1E+400"), "\x00")
    odd_meta: tuple[object, ...] = ([{"key": "a", "display_value": []}], [{"key": "a", "display_key": "_", "value": 1}])
    for field in raw:
        for value in odd:
            assert isinstance(parse_order(raw | {field: value}), Order | Unreadable)
    for field in raw["line_items"][0]:
        for value in (*odd, *odd_meta):
            bent = raw | {"line_items": [raw["line_items"][0] | {field: value}]}
            assert isinstance(parse_order(bent), Order | Unreadable)


def test_numbers_with_noise_keep_six_places() -> None:
    assert loads("[0.1]") == [Decimal("0.1")]
    product = parse_product({"id": 1, "price": Decimal("8.325000000000001")})
    assert isinstance(product, Product)
    assert product.price == Decimal("8.325000")


@pytest.mark.parametrize("price", ["0.000012571428571428572", 1.2571428571428572e-05])
def test_a_price_next_to_nothing_is_a_number(price: object) -> None:
    """A coupon over the whole cart may leave a millionth on a line, whose price has more than twenty decimals."""
    assert number(price) == Decimal("0.000012571428571428572")

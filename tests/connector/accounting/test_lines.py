"""Lines that add up: allotted amounts, prices, discounts, rounding."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.accounting.commerce import Order, OrderLine
from connector.accounting.documents import DocumentLine, Held, Outcome, Parties, Planned
from connector.accounting.plan import needed_products, plan_order, rehearsal_parties
from connector.accounting.policy import Ref
from tests.connector.accounting.build import fee, line, order, rate, shipping
from tests.connector.accounting.shops import fr_policy, parties_of, us_automated_taxes, us_policy

D = Decimal


def plan(wanted: Order, **options: object) -> Outcome:
    """In a company without tax: lines alone are looked at."""
    return plan_order(wanted, us_policy(home_currency="EUR", **options), parties_of(wanted))


def lines_of(wanted: Order, **options: object) -> tuple[DocumentLine, ...]:
    outcome = plan(wanted, **options)
    assert isinstance(outcome, Planned), outcome
    return outcome.sale.lines


def test_shown_amounts_are_made_exact_by_the_stores_price() -> None:
    shown = replace(line("24.98", "3"), price=D("8.325000000000001"))
    assert [li.amount for li in lines_of(order(shown, total="24.97"))] == [D("24.97")]


def test_a_price_that_contradicts_the_amount_is_not_believed() -> None:
    shown = replace(line("24.98", "3"), price=D("9"))
    assert [li.amount for li in lines_of(order(shown, total="24.98"))] == [D("24.98")]


def test_a_cent_that_no_line_explains_becomes_a_rounding_line() -> None:
    sources = [(li.source, li.amount) for li in lines_of(order(line("10.00"), total="9.99"))]
    assert sources == [("product", D("10.00")), ("rounding", D("-0.01"))]
    assert plan(order(line("10.00"), total="9.99"), rounding_item=None) == Held("missing_setting:rounding_item")


def test_more_than_two_cents_are_held() -> None:
    held = plan(order(line("10.00"), total="10.03"))
    assert held == Held("totals_differ", {"problem": "lines_differ", "lines": "10.00", "order": "10.03"})


def test_a_shop_without_decimals_rounds_to_whole_units() -> None:
    whole = order(line("24.98"), line("4.17", product=21), line("8.30", product=22), total="37")
    assert [li.amount for li in lines_of(whole, store_decimals=0)] == [D(25), D(4), D(8)]


@pytest.mark.parametrize("store_decimals", [2, None])
def test_a_whole_total_alone_is_no_shop_without_decimals(store_decimals: int | None) -> None:
    rounded_down_by_a_plugin = order(line("24.98"), line("4.17", product=21), line("8.30", product=22), total="37")
    held = plan(rounded_down_by_a_plugin, store_decimals=store_decimals)
    assert held == Held("totals_differ", {"problem": "lines_differ", "lines": "37.45", "order": "37.00"})


def test_a_whole_tax_and_a_whole_total_are_a_shop_without_decimals_and_a_whole_net_amount_is_not() -> None:
    goods = (line("24.98", r1="5.00"), line("12.47", product=21))
    whole = order(*goods, rate(1, "20", "5.00"), total="42", tax="5.00")
    assert [li.amount for li in lines_of(whole)][:2] == [D(25), D(12)]
    in_cents = order(*goods, rate(1, "20", "5.40"), total="42.40", tax="5.40")
    held = plan(in_cents, store_decimals=0)
    assert held == Held("totals_differ", {"problem": "lines_differ", "lines": "37.45", "order": "37.00"})


@pytest.mark.parametrize(("quantity", "text"), [("0", "Savon"), ("1.5", "1.5 × Savon"), ("-2", "-2 × Savon")])
def test_what_cannot_be_counted_is_one_piece_with_the_quantity_in_the_text(quantity: str, text: str) -> None:
    only = lines_of(order(line("10.01", quantity), total="10.01"))[0]
    assert (only.quantity, only.unit_price, only.description) == (D(1), D("10.01"), text)


def test_lines_are_net_of_discount_without_a_discount_item() -> None:
    cut = order(line("9.00", subtotal="10.00"), total="9.00")
    assert [(li.source, li.amount) for li in lines_of(cut)] == [("product", D("9.00"))]


def test_with_a_discount_item_lines_stand_at_list_price() -> None:
    cut = order(
        line("9.00", subtotal="10.00"), line("4.50", subtotal="5.00", product=21), total="13.50", coupons=("dix",)
    )
    found = [(li.source, li.amount, li.description) for li in lines_of(cut, discount_item=Ref("85"))]
    assert found == [
        ("product", D("10.00"), "Savon"),
        ("product", D("5.00"), "Savon"),
        ("discount", D("-1.50"), "Discount (dix)"),
    ]


def test_a_line_dearer_than_its_subtotal_is_no_negative_discount() -> None:
    dear = order(line("12.00", subtotal="10.00"), total="12.00")
    assert [(li.source, li.amount) for li in lines_of(dear, discount_item=Ref("85"))] == [("product", D("12.00"))]


def test_a_vanished_discount_item_matters_only_where_there_is_a_discount() -> None:
    gone: dict[str, object] = {"discount_item": None, "inactive_refs": {"discount_item": "Remise"}}
    assert isinstance(plan(order(line("10.00"), total="10.00"), **gone), Planned)
    held = plan(order(line("9.00", subtotal="10.00"), total="9.00"), **gone)
    assert held == Held("missing_setting:discount_item", {"name": "Remise", "problem": "inactive"})


@pytest.mark.parametrize(("due", "key"), [(shipping("5.00"), "shipping_item"), (fee("5.00"), "fee_item")])
def test_shipping_and_fees_need_their_items(due: object, key: str) -> None:
    wanted = order(line("10.00"), due, total="15.00")  # type: ignore[arg-type]
    assert plan(wanted, **{key: None}) == Held(f"missing_setting:{key}")


def test_free_shipping_is_left_out_and_needs_no_item() -> None:
    free = order(line("10.00"), shipping("0.00"), total="10.00")
    assert [li.source for li in lines_of(free, shipping_item=None)] == ["product"]


def test_free_shipping_alone_stays() -> None:
    assert [li.source for li in lines_of(order(shipping("0.00"), total="0"))] == ["shipping"]


def test_a_fee_goes_to_the_item_chosen_for_its_name() -> None:
    gift = order(line("10.00"), fee("-4.00", "  carte CADEAU "), total="6.00")
    assert lines_of(gift, fee_items={"Carte cadeau": Ref("77")})[1].item == Ref("77")


def test_a_line_without_product_takes_the_default_item_or_is_named() -> None:
    free_text = order(line("10.00", product=0, sku=""), total="10.00")
    assert lines_of(free_text)[0].item == Ref("81", "Misc")
    held = plan(free_text, default_item=None)
    assert held == Held("unmatched_product", {"sku": "", "name": "Savon", "product_id": "0"})


def test_descriptions_carry_attributes_once_and_are_cut() -> None:
    long: OrderLine = replace(line("10.00"), name="Veste - Bleu", attributes=(("Couleur", "Bleu"), ("Taille", "M")))
    assert lines_of(order(long, total="10.00"))[0].description == "Veste - Bleu, Taille: M"
    endless = replace(line("10.00"), name="x\x00y\n" * 3000)
    cut = lines_of(order(endless, total="10.00"))[0].description
    assert len(cut) <= 4000
    assert cut.startswith("xy xy ")
    assert cut.endswith("…")


def test_751_lines_are_too_many_for_a_taxed_document_only() -> None:
    many = tuple(line("1.00", product=number) for number in range(1, 752))
    assert len(lines_of(order(*many, total="751.00"))) == 751


def test_a_currency_the_company_does_not_keep_is_held() -> None:
    held = plan(order(line("10.00"), total="10.00", currency="GBP"))
    assert held == Held("currency_off", {"currency": "GBP", "home": "EUR"})


def test_amounts_that_are_no_numbers_are_held() -> None:
    for odd in (D("NaN"), D("Infinity"), D("1e15")):
        held = plan(replace(order(line("10.00"), total="10.00"), total=odd))
        assert isinstance(held, Held)
        assert held.details["problem"] == "unusable_amount"


def test_a_document_below_zero_is_held() -> None:
    held = plan(order(line("-10.00"), total="-10.00"))
    assert isinstance(held, Held)
    assert held.details["problem"] == "negative_total"


@pytest.mark.parametrize(("currency", "total", "amount"), [("JPY", "1810.80", "1811"), ("KWD", "1.2345", "1.235")])
def test_a_currency_is_rounded_to_its_smallest_unit(currency: str, total: str, amount: str) -> None:
    wanted = order(line(total, "3"), total=total, currency=currency)
    outcome = plan_order(wanted, us_policy(home_currency=currency), parties_of(wanted))
    assert isinstance(outcome, Planned)
    assert outcome.sale.total == outcome.sale.lines[0].amount == D(amount)


def test_needed_products_are_named_once() -> None:
    wanted = order(line("1.00"), line("2.00"), line("3.00", product=0), line("4.00", product=7), total="10.00")
    assert needed_products(wanted) == ((20, 0), (7, 0))


def test_a_rehearsal_pretends_only_what_would_be_created() -> None:
    wanted = order(line("1.00"), line("2.00", product=7, sku=""), line("3.00", product=8), total="6.00")
    known = {(8, 0): Ref("i8")}
    parties = rehearsal_parties(wanted, us_policy(create_items=True), items=known)
    assert parties == Parties(
        Ref("new:customer:original:jane@x.example:EUR", "Jane Doe (EUR)"),
        {(20, 0): Ref("new:item:20:0", "Savon"), (8, 0): Ref("i8")},
    )


def test_a_taxed_document_holds_750_lines() -> None:
    many = tuple(line("1.00", product=number, r1="0.20") for number in range(1, 752))
    wanted = order(*many, rate(1, "20", "150.20"), total="901.20", tax="150.20")
    automated = us_policy(home_currency="EUR", taxes=us_automated_taxes())
    for policy in (fr_policy(), automated):
        held = plan_order(wanted, policy, parties_of(wanted))
        assert held == Held("too_many_lines", {"lines": "751", "limit": "750"})

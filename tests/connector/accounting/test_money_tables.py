"""The worked tables of docs/money.md, number by number, against what the core makes of the same orders."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from connector.accounting.arithmetic import CodedNet, computed_taxes, unrounded_taxes
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import Planned, SaleDocument
from connector.accounting.money import unit_price
from connector.accounting.plan import plan_order
from connector.accounting.policy import Ref, TaxCode, TaxRate
from connector.accounting.refunds import plan_refund
from connector.woo.parse import parse_order, parse_refund
from tests.connector.accounting.build import line, order, rate, refund
from tests.connector.accounting.shops import (
    FR_20,
    captured_order,
    fr_policy,
    fr_taxes,
    parties_of,
    posted_sale,
    us_manual_taxes,
    us_policy,
)

D = Decimal
CENT = D("0.01")
GOLDEN = Path(__file__).parents[2] / "golden"
PAGE = (Path(__file__).parents[3] / "docs" / "money.md").read_text(encoding="utf-8")


def table(heading: str, place: int = 0) -> dict[str, list[str]]:
    """A table under a heading: first cell of each row -> its other cells, as they read."""
    section = PAGE.split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    tables: list[list[str]] = [[]]
    for row in section.splitlines():
        if row.startswith("|"):
            tables[-1].append(row)
        elif tables[-1]:
            tables.append([])
    rows = [[cell.strip().replace("*", "").replace("−", "-") for cell in row.split("|")[1:-1]] for row in tables[place]]
    return {row[0]: row[1:] for row in rows}


def planned(wanted: Order, **options: object) -> Planned:
    outcome = plan_order(wanted, fr_policy(**options), parties_of(wanted))
    assert isinstance(outcome, Planned), outcome
    return outcome


def amounts(sale: SaleDocument, *sources: str) -> list[str]:
    return [str(item.amount) for item in sale.lines if not sources or item.source in sources]


def rates(sale: SaleDocument) -> dict[str, tuple[str, str]]:
    assert sale.tax is not None
    return {one.rate.name: (str(one.net), str(one.amount)) for one in sale.tax.rates}


def test_from_unrounded_lines_to_the_net_amount() -> None:
    shown = table("From unrounded lines to the net amount")
    sale = planned(captured_order("fr", 163)).sale
    assert [shown[name][3] for name in ("3 × soap", "7 × tapenade", "13 × sample", "shipping")] == amounts(sale)
    assert shown["together"][3] == str(sum((item.amount for item in sale.lines), D(0)))
    for name, exact in (("3 × soap", "24.975000"), ("7 × tapenade", "28.862559"), ("13 × sample", "10.725000")):
        whole, cent_below, rest = shown[name][0], D(shown[name][1]), D(shown[name][2])
        assert (whole, cent_below) == (exact, D(exact) // CENT * CENT)
        assert abs(D(exact) - cent_below - rest) < D("0.00005")


def test_prices() -> None:
    rows = [row for row in table("Prices").items() if row[0].replace(".", "").isdigit()]
    assert len(rows) == 3
    for amount, (quantity, price, _why) in rows:
        assert unit_price(D(amount), D(quantity)) == D(price)


def test_a_coupon_over_two_rates() -> None:
    shown = table("Discounts")
    sale = planned(captured_order("fr", 197), discount_item=Ref("85")).sale
    assert [shown["olive oil, list price"][0], shown["candle, list price"][1]] == amounts(sale, "product")
    assert shown["discount"] == amounts(sale, "discount")
    assert shown["shipping"][1] == amounts(sale, "shipping")[0]
    assert shown["base"] == [rates(sale)["5.5% S"][0], rates(sale)["20.0% S"][0]]


def test_a_fee_that_carries_several_classes_of_tax() -> None:
    shown = table("A fee that carries several classes of tax")
    sale = planned(captured_order("fr", 83)).sale
    by_code = {item.tax_code.name: item.amount for item in sale.lines if item.source == "fee" and item.tax_code}
    assert (D(shown["5.5 %"][4]), D(shown["20 %"][4])) == (by_code["5.5% S"], by_code["20.0% S"])
    assert D(shown["together"][4]) == sum(by_code.values())


def test_once_per_rate_and_line_by_line() -> None:
    shown = table("What QuickBooks computes")
    nets = [CodedNet(FR_20, D("0.13"))] * 2
    assert shown["tax"][0].endswith(str(computed_taxes(nets, CENT)["r2"]))
    assert shown["tax"][1] == str(computed_taxes(nets, CENT, "per_line")["r2"])


def test_gst_and_qst() -> None:
    shown = table("What QuickBooks computes", 1)
    gst, qst = TaxRate("g", "GST", D(5)), TaxRate("q", "QST", D("9.975"))
    canoe, book = (
        CodedNet(TaxCode("1", "GST/QST", (gst, qst)), D("4495.16")),
        CodedNet(TaxCode("2", "GST", (gst,)), D(30)),
    )
    assert [D(cell) for cell in shown["canoe"]] == [canoe.net, *unrounded_taxes([canoe]).values()]
    assert [D(cell) for cell in shown["2 × book"][:2]] == [book.net, *unrounded_taxes([book]).values()]
    exact, rounded = unrounded_taxes([canoe, book]), computed_taxes([canoe, book], CENT)
    assert D(shown["taxes of the document"][0]) == canoe.net + book.net
    for cell, name in zip(shown["taxes of the document"][1:], ("g", "q"), strict=True):
        assert [D(part) for part in cell.split(" → ")] == [exact[name], rounded[name]]


@pytest.mark.parametrize(("column", "order_id"), [(0, 161), (1, 155)])
def test_three_at_9_99_with_tax_inside(column: int, order_id: int) -> None:
    shown = {name: cells[column] for name, cells in table("The means, in their order").items()}
    wanted = captured_order("fr", order_id)
    plan = planned(wanted)
    assert shown["the store's tax"] == str(wanted.total_tax)
    assert shown["net amount"] == str(wanted.total - wanted.total_tax)
    assert shown["soap, shipping"] == " + ".join(amounts(plan.sale))
    assert shown["QuickBooks computes"].endswith(f"→ {plan.proof.computed_tax}")
    assert shown["so"] == f"{wanted.total_tax} is stated"
    assert plan.sale.tax is not None
    assert plan.sale.tax.stated


def test_two_lines_that_cancel() -> None:
    shown = table("Two lines that cancel")
    plan = planned(captured_order("fr", 161), taxes=fr_taxes(overrides="ignored"))
    moved = amounts(plan.sale, "cancelling")
    assert [shown["x = -0.01"][0], shown["x = -0.01"][1].replace("+", "")] == moved
    assert (shown["document"][0], shown["document"][2].split("→ ")[1]) == rates(plan.sale)["20.0% S"]


def test_rates_on_some_lines_only_of_an_american_document() -> None:
    shown = table("American sales tax")
    wanted = captured_order("us", 89)
    outcome = plan_order(wanted, us_policy(taxes=us_manual_taxes()), parties_of(wanted))
    assert isinstance(outcome, Planned)
    assert shown["stated"][1:] == [rates(outcome.sale)[name][1] for name in ("NC State", "Buncombe County", "NC Food")]
    assert shown["trail bars"][0] == rates(outcome.sale)["NC Food"][0]
    assert shown["tee, shipping"][0] == rates(outcome.sale)["NC State"][0]
    assert D(shown["QuickBooks computes"][0]) == sum((item.amount for item in outcome.sale.lines), D(0))
    assert sum(map(D, shown["QuickBooks computes"][1:])) == outcome.proof.computed_tax


def test_a_partial_refund_of_a_rounded_line() -> None:
    shown = table("Refunds", 1)
    six = replace(line("66.85", "6", r1="13.37"), price=D("11.1416666667"))
    sold = order(six, rate(1, "20", "13.37"), total="80.22", tax="13.37")
    back = refund(line("33.43", "3", r1="6.69"), rate(1, "20", "6.69"), amount="40.11")
    policy = fr_policy(refund_item=Ref("86"))
    outcome = plan_refund(back, sold, policy, parties_of(sold), posted_sale(sold, policy))
    assert isinstance(outcome, Planned), outcome
    assert outcome.sale.tax is not None
    booked = [outcome.sale.lines[0].amount, outcome.sale.tax.total, outcome.sale.total]
    assert [D(cell) for cell in shown["three, as they are booked"]] == booked
    whole = [D(cell) for cell in shown["sold, 6 × 11.141667"]]
    assert whole == [D("66.85"), D("13.37"), D("80.22")]
    assert [D(cell) for cell in shown["left of the sale"]] == [a - b for a, b in zip(whole, booked, strict=True)]
    assert outcome.sale.tax.stated
    assert str(outcome.proof.computed_tax) == "6.68"


def test_tax_of_a_rate_that_thirds_give_back_too_much_of() -> None:
    shown = table("Never more than the sale")
    policy = fr_policy(refund_item=Ref("86"))
    folder = GOLDEN / "refund_of_more_tax_than_was_taken"
    sold = parse_order(json.loads((folder / "order.json").read_text(encoding="utf-8")))
    assert isinstance(sold, Order)
    raws = json.loads((folder / "refunds.json").read_text(encoding="utf-8"))
    *earlier, last = [back for raw in raws if isinstance(back := parse_refund(raw, sold.id), Refund)]
    outcome = plan_refund(last, sold, policy, parties_of(sold), posted_sale(sold, policy), earlier=earlier)
    assert isinstance(outcome, Planned)
    assert outcome.sale.tax is not None
    net = sum((item.amount for item in outcome.sale.lines), D(0))
    assert [D(cell) for cell in shown["third, as it is booked"][:2]] == [net, outcome.sale.tax.total]

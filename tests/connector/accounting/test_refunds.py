from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.books import NoSale, PostedCredit, PostedSale, RecordedMoney
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import (
    CreditApplication,
    DocumentKind,
    Held,
    Notice,
    Outcome,
    Parties,
    Planned,
    SaleDocument,
    Skipped,
    Waiting,
)
from connector.accounting.policy import GatewayMapping, Ref
from connector.accounting.refunds import plan_refund
from tests.connector.accounting.build import fee, line, order, rate, refund, shipping
from tests.connector.accounting.shops import (
    fr_policy,
    fr_taxes,
    mapping,
    parties_of,
    posted_sale,
    single_rate_code,
)

D = Decimal
SOLD = order(
    line("100.00", "4", r1="20.00"),
    shipping("5.00", r1="1.00"),
    rate(1, "20", "20.00", shipping_total="1.00"),
    total="126.00",
    tax="21.00",
)
ONE_PIECE = refund(line("25.00", r1="5.00"), rate(1, "20", "5.00"), amount="30.00")
UNPAID = {"document": "invoice", "record_payments": False}


def plan(
    wanted: Refund,
    sold: Order = SOLD,
    sale: PostedSale | NoSale | None = None,
    earlier: tuple[Refund, ...] = (),
    **options: object,
) -> Outcome:
    policy = fr_policy(**{"refund_item": Ref("86", "Remboursements"), **options})
    stands = posted_sale(sold, policy) if sale is None else sale
    return plan_refund(wanted, sold, policy, parties_of(sold), stands, earlier=earlier)


def planned(
    wanted: Refund,
    sold: Order = SOLD,
    sale: PostedSale | NoSale | None = None,
    earlier: tuple[Refund, ...] = (),
    **options: object,
) -> Planned:
    outcome = plan(wanted, sold, sale, earlier, **options)
    assert isinstance(outcome, Planned), outcome
    return outcome


def lines_of(document: SaleDocument) -> list[tuple[str, str, str, str]]:
    return [
        (line.source, line.item.id, f"{line.amount:f}", line.tax_code.name if line.tax_code else "")
        for line in document.lines
    ]


def test_the_money_of_a_sales_receipt_leaves_its_account_again() -> None:
    outcome = planned(ONE_PIECE)
    document = outcome.sale
    assert (document.kind, document.key, document.number) == (
        DocumentKind.REFUND_RECEIPT, "order:1234:refund:9", "CWio1234",
    )  # fmt: skip
    assert (document.deposit_account, document.payment_method) == (
        Ref("36", "Stripe clearing"),
        Ref("3", "Credit Card"),
    )
    assert (document.total, document.document_date) == (D("30.00"), date(2026, 3, 11))
    assert document.tax is not None
    assert document.tax.total == D("5.00")
    assert lines_of(document) == [("product", "20", "25.00", "20.0% S")]
    assert document.private_note.startswith("woo:maison-dupont:1234:refund:9\nRemboursement 9 · Commande 1234")
    assert outcome.documents == (document,)
    assert outcome.notices == ()


def test_the_money_of_a_paid_invoice_leaves_the_account_of_its_payment() -> None:
    document = planned(ONE_PIECE, document="invoice").sale
    assert (document.kind, document.deposit_account) == (DocumentKind.REFUND_RECEIPT, Ref("36", "Stripe clearing"))


def test_an_unpaid_invoice_gets_a_credit_memo_that_is_set_against_it() -> None:
    outcome = planned(ONE_PIECE, **UNPAID)
    memo, application = outcome.documents
    assert isinstance(memo, SaleDocument)
    assert (memo.kind, memo.deposit_account, memo.payment_method) == (DocumentKind.CREDIT_MEMO, None, None)
    assert application == CreditApplication(
        key="order:1234:refund:9:apply",
        invoice_key="order:1234:sale",
        credit_key="order:1234:refund:9",
        document_date=date(2026, 3, 11),
        currency="EUR",
        customer=Ref("58", "Customer"),
        amount=D("30.00"),
        private_note="woo:maison-dupont:1234:refund:9:apply\nRemboursement 9 · Commande 1234 · Carte · pi_1",
    )


def test_a_credit_is_set_against_what_the_invoice_leaves_to_pay_and_the_rest_is_told() -> None:
    sale = posted_sale(SOLD, fr_policy(**UNPAID), open_balance=D("10.00"))
    outcome = planned(ONE_PIECE, sale=sale, **UNPAID)
    application = outcome.documents[1]
    assert isinstance(application, CreditApplication)
    assert application.amount == D("10.00")
    assert outcome.notices == (Notice("credit_left_open", {"amount": "20.00"}),)


def test_an_invoice_that_a_human_marked_as_paid_leaves_its_credit_to_the_customer() -> None:
    sale = posted_sale(SOLD, fr_policy(**UNPAID), open_balance=D(0))
    outcome = planned(ONE_PIECE, sale=sale, **UNPAID)
    assert [document.kind for document in outcome.documents] == [DocumentKind.CREDIT_MEMO]
    assert outcome.notices == (Notice("credit_left_open", {"amount": "30.00"}),)


def test_a_link_does_not_come_before_the_invoice() -> None:
    sale = posted_sale(SOLD, fr_policy(**UNPAID), document_date=date(2026, 4, 1))
    memo, application = planned(ONE_PIECE, sale=sale, **UNPAID).documents
    assert isinstance(memo, SaleDocument)
    assert isinstance(application, CreditApplication)
    assert (memo.document_date, application.document_date) == (date(2026, 3, 11), date(2026, 4, 1))


def test_the_customer_is_the_one_of_the_sale() -> None:
    policy = fr_policy()
    sale = posted_sale(SOLD, policy, customer=Ref("7", "As posted"))
    outcome = plan_refund(ONE_PIECE, SOLD, policy, Parties(Ref("99"), parties_of(SOLD).items), sale)
    assert isinstance(outcome, Planned)
    assert outcome.sale.customer == Ref("7", "As posted")


@pytest.mark.parametrize(
    ("credit_memos", "options", "kinds"),
    [
        ("credit_memo", {}, ["CreditMemo"]),
        ("credit_memo", {"document": "invoice"}, ["CreditMemo"]),
        ("credit_memo", UNPAID, ["CreditMemo", "Payment"]),
        ("refund_receipt", {}, ["RefundReceipt"]),
        ("refund_receipt", UNPAID, ["RefundReceipt"]),
    ],
)
def test_the_merchant_may_want_always_the_same_document(
    credit_memos: str, options: dict[str, object], kinds: list[str]
) -> None:
    outcome = planned(ONE_PIECE, credit_memos=credit_memos, **options)
    assert [document.kind.value for document in outcome.documents] == kinds


def test_a_refund_receipt_without_any_account_is_held() -> None:
    unrecorded = {"stripe": GatewayMapping("stripe", Ref("36"), None, record=False)}
    outcome = plan(ONE_PIECE, credit_memos="refund_receipt", gateways=unrecorded, **UNPAID)
    assert isinstance(outcome, Held)
    assert outcome.reason == "unmapped_gateway"


def test_an_account_that_has_gone_is_asked_for() -> None:
    outcome = plan(ONE_PIECE, sale=posted_sale(SOLD, fr_policy()), inactive_refs={"gateway:stripe": "Stripe clearing"})
    assert outcome == Held("missing_setting:gateway:stripe", {"name": "Stripe clearing", "problem": "inactive"})


def test_of_several_accounts_the_one_that_took_most_gives_back() -> None:
    money = (RecordedMoney(Ref("35"), D("26.00")), RecordedMoney(Ref("36"), D("100.00"), Ref("3")))
    sale = posted_sale(SOLD, fr_policy(document="invoice"), money=money)
    assert planned(ONE_PIECE, sale=sale).sale.deposit_account == Ref("36")


@pytest.mark.parametrize(
    ("wanted", "sale", "options", "outcome"),
    [
        (refund(amount="0.00"), None, {}, Skipped("zero_refund")),
        (refund(amount="0.00"), NoSale.NEVER, {}, Skipped("zero_refund")),
        (ONE_PIECE, None, {"credit_memos": "off"}, Skipped("by_hand", {"why": "credit_memos_off"})),
        (ONE_PIECE, NoSale.AWAITED, {}, Waiting("awaiting_sale", {"order": "1234", "refund": "9"})),
        (ONE_PIECE, NoSale.NEVER, {}, Held("refund_without_sale", {"order": "1234", "refund": "9"})),
        (ONE_PIECE, None, {"home_currency": "USD"}, Held("currency_off", {"currency": "EUR", "home": "USD"})),
        (
            refund(line("NaN"), amount="1.00"),
            None,
            {},
            Held("totals_differ", {"problem": "unusable_amount", "where": "line"}),
        ),
    ],
)
def test_refunds_that_make_no_document(
    wanted: Refund, sale: NoSale | None, options: dict[str, object], outcome: Outcome
) -> None:
    stands = sale or posted_sale(SOLD, fr_policy())
    assert plan(wanted, sale=stands, **options) == outcome


@pytest.mark.parametrize(
    ("fields", "options", "kind"),
    [
        ({}, {}, DocumentKind.REFUND_RECEIPT),
        ({"paid_at": None}, {}, DocumentKind.CREDIT_MEMO),
        ({}, {"record_payments": False}, DocumentKind.CREDIT_MEMO),
    ],
)
def test_a_refund_may_be_posted_alone_when_asked(
    fields: dict[str, object], options: dict[str, object], kind: DocumentKind
) -> None:
    outcome = planned(ONE_PIECE, replace(SOLD, **fields), NoSale.ALONE, **options)  # type: ignore[arg-type]
    assert (outcome.sale.kind, outcome.sale.number, len(outcome.documents)) == (kind, "CWio1234", 1)


def test_statuses_do_not_matter_once_the_sale_is_posted() -> None:
    assert planned(ONE_PIECE, statuses=frozenset({"completed"})).sale.total == D("30.00")


@pytest.mark.parametrize(("policy", "day"), [("first_open_day", date(2026, 4, 1)), ("hold", None)])
def test_a_refund_stays_out_of_the_closed_period(policy: str, day: date | None) -> None:
    sale = posted_sale(SOLD, fr_policy())
    outcome = plan(ONE_PIECE, sale=sale, closed_until=date(2026, 3, 31), closed_period=policy)
    if day is None:
        assert isinstance(outcome, Held)
        assert outcome.reason == "closed_period"
        return
    assert isinstance(outcome, Planned)
    assert outcome.sale.document_date == day
    assert "Datée du 2026-03-11" in outcome.sale.private_note


def test_numbers_follow_the_ids_of_refunds_whichever_comes_first() -> None:
    made = tuple(replace(ONE_PIECE, id=number) for number in (9, 12, 11))
    numbers = {one.id: planned(one, earlier=made).sale.number for one in made}
    assert numbers == {9: "CWio1234", 11: "CWio1234-2", 12: "CWio1234-3"}


def test_refunds_of_nothing_have_no_number() -> None:
    assert planned(ONE_PIECE, earlier=(refund(amount="0.00", id=3),)).sale.number == "CWio1234"


def test_a_number_that_stands_is_never_given_twice() -> None:
    deleted = PostedCredit("order:1234:refund:3", "CWio1234", D("10.00"))
    cancelled = PostedCredit("order:1234:cancel", "CWio1234", D("10.00"))
    own = PostedCredit("order:1234:refund:9", "CWio1234-7", D("30.00"))
    for credits, number in [((deleted,), "CWio1234-2"), ((cancelled,), "CWio1234-2"), ((deleted, own), "CWio1234-7")]:
        assert planned(ONE_PIECE, sale=posted_sale(SOLD, fr_policy(), credits=credits)).sale.number == number


def test_a_number_has_at_most_21_characters() -> None:
    outcome = plan(ONE_PIECE, sale=posted_sale(SOLD, fr_policy(), number="x" * 21))
    details = {"number": "C" + "x" * 21, "limit": "21", "problem": "sale"}
    assert outcome == Held("number_too_long", details)
    assert planned(ONE_PIECE, sale=posted_sale(SOLD, fr_policy(), number="x" * 20)).sale.number == "C" + "x" * 20
    assert (
        planned(ONE_PIECE, sale=posted_sale(SOLD, fr_policy(), number="x" * 21), chosen_number="C7").sale.number == "C7"
    )
    assert planned(ONE_PIECE, automatic_numbers=True, custom_numbers_on=False).sale.number == ""


@pytest.mark.parametrize("credits", [(), (PostedCredit("order:1234:refund:1", "C1", D("100.00")),)])
def test_refunds_never_come_to_more_than_the_sale(credits: tuple[PostedCredit, ...]) -> None:
    earlier = () if credits else (refund(amount="100.00", id=1),)
    outcome = plan(ONE_PIECE, sale=posted_sale(SOLD, fr_policy(), credits=credits), earlier=earlier)
    assert outcome == Held(
        "refund_exceeds_sale",
        {"problem": "total", "amount": "30.00", "left": "26.00", "order": "1234", "refund": "9"},
    )


def test_a_refund_that_is_planned_again_does_not_count_itself() -> None:
    own = PostedCredit("order:1234:refund:9", "CWio1234", D("126.00"), applied=D("20.00"))
    sale = posted_sale(SOLD, fr_policy(**UNPAID), credits=(own,), open_balance=D("106.00"))
    _, application = planned(ONE_PIECE, sale=sale, **UNPAID).documents
    assert isinstance(application, CreditApplication)
    assert application.amount == D("10.00")


def test_more_tax_than_was_taken_is_held() -> None:
    much = refund(line("0.00", "0", r1="22.00"), rate(1, "20", "22.00"), amount="22.00")
    outcome = plan(much)
    assert isinstance(outcome, Held)
    assert (outcome.reason, outcome.details["problem"]) == ("refund_exceeds_sale", "tax")
    assert (outcome.details["rate"], outcome.details["left"]) == ("Rate 1", "21.00")


def test_an_amount_without_lines_stands_on_the_refund_item_without_tax() -> None:
    document = planned(refund(amount="7.35", reason="Geste\ncommercial")).sale
    assert lines_of(document) == [("refund", "86", "7.35", "Exempt")]
    assert document.lines[0].description == "Remboursement (Geste commercial)"


def test_without_refund_item_the_default_product_takes_it_and_without_both_the_merchant_is_asked() -> None:
    amount = refund(amount="7.35")
    assert planned(amount, refund_item=None).sale.lines[0].item == Ref("81", "Divers")
    assert plan(amount, refund_item=None, default_item=None) == Held("missing_setting:refund_item")
    gone = plan(amount, inactive_refs={"refund_item": "Remboursements"})
    assert isinstance(gone, Held)
    assert gone.reason == "missing_setting:refund_item"


def test_the_whole_order_without_lines_comes_back_as_it_was_sold_or_as_one_amount() -> None:
    whole = refund(amount="126.00")
    mirrored, amount = planned(whole).sale, planned(whole, whole_order_refunds="amount").sale
    assert lines_of(mirrored) == [("product", "20", "100.00", "20.0% S"), ("shipping", "82", "5.00", "20.0% S")]
    assert mirrored.lines[0].quantity == 4
    assert mirrored.tax is not None
    assert mirrored.tax.total == D("21.00")
    assert lines_of(amount) == [("refund", "86", "126.00", "Exempt")]


def test_tax_alone_comes_back_on_two_lines_that_cancel() -> None:
    alone = refund(line("0.00", "0", r1="18.00"), rate(1, "20", "18.00"), amount="18.00")
    document = planned(alone).sale
    assert lines_of(document) == [("refund", "86", "90.00", "20.0% S"), ("refund", "86", "-90.00", "Exempt")]
    assert document.tax is not None
    assert (document.tax.total, document.tax.stated) == (D("18.00"), False)


def test_tax_alone_is_the_tax_line_where_the_company_keeps_no_tax() -> None:
    alone = refund(line("0.00", "0", r1="18.00"), rate(1, "20", "18.00"), amount="18.00")
    document = planned(alone, taxes=fr_taxes(world="off", tax_item=Ref("90"))).sale
    assert lines_of(document) == [("tax", "90", "18.00", "")]


def test_tax_of_two_rates_comes_back_at_the_code_of_both() -> None:
    """The code of GST + QST, not one for each, though each would have one."""
    both = refund(line("0.00", "0", r1="2.00", r2="0.55"), amount="2.55")
    sold = order(
        line("100.00", r1="20.00", r2="5.50"),
        rate(1, "20", "20.00"),
        rate(2, "5.5", "5.50"),
        total="125.50",
        tax="25.50",
    )
    code = single_rate_code("30", "25.5%", "25.5")
    document = planned(both, sold, taxes=fr_taxes(rates=(mapping([1, 2], code),))).sale
    assert lines_of(document) == [("refund", "86", "10.00", "25.5%"), ("refund", "86", "-10.00", "Exempt")]


def test_an_amount_that_comes_back_without_its_tax_bears_none() -> None:
    document = planned(refund(line("25.00", r1="0.00"), amount="25.00")).sale
    assert lines_of(document) == [("product", "20", "25.00", "Exempt")]


def test_a_small_amount_keeps_the_code_it_was_sold_with() -> None:
    document = planned(refund(line("0.02"), amount="0.02")).sale
    assert lines_of(document) == [("product", "20", "0.02", "20.0% S")]


def test_an_amount_without_a_piece_restocks_nothing() -> None:
    document = planned(refund(line("10.00", "0", r1="2.00"), rate(1, "20", "2.00"), amount="12.00")).sale
    assert lines_of(document) == [("refund", "86", "10.00", "20.0% S")]
    assert document.lines[0].description == "Savon"


def test_a_piece_that_comes_back_for_nothing_is_restocked() -> None:
    document = planned(refund(line("0.00", "1"), amount="5.00")).sale
    assert lines_of(document) == [("product", "20", "0.00", "20.0% S"), ("refund", "86", "5.00", "Exempt")]


def test_shipping_and_fees_come_back_on_their_items() -> None:
    sold = order(
        line("100.00", r1="20.00"), shipping("5.00", r1="1.00"), fee("4.00", r1="0.80"),
        rate(1, "20", "20.80", shipping_total="1.00"), total="130.80", tax="21.80",
    )  # fmt: skip
    back = refund(
        shipping("5.00", r1="1.00"),
        fee("4.00", r1="0.80"),
        rate(1, "20", "0.80", shipping_total="1.00"),
        amount="10.80",
    )
    assert lines_of(planned(back, sold).sale) == [
        ("shipping", "82", "5.00", "20.0% S"),
        ("fee", "83", "4.00", "20.0% S"),
    ]


@pytest.mark.parametrize(("amount", "rounding"), [("30.00", None), ("30.02", "0.02"), ("29.99", "-0.01")])
def test_lines_a_cent_off_the_amount_get_a_rounding_line(amount: str, rounding: str | None) -> None:
    outcome = planned(replace(ONE_PIECE, amount=D(amount)))
    extra = [f"{line.amount:f}" for line in outcome.sale.lines if line.source == "rounding"]
    assert extra == ([rounding] if rounding else [])
    assert bool(outcome.notices) == bool(rounding)


def test_lines_further_off_are_held() -> None:
    outcome = plan(replace(ONE_PIECE, amount=D("30.10")))
    assert isinstance(outcome, Held)
    assert (outcome.reason, outcome.details["problem"]) == ("totals_differ", "lines_differ")


def test_a_line_without_rates_takes_those_it_was_sold_with() -> None:
    unnamed = replace(line("25.00"), total_tax=D("5.00"))
    document = planned(refund(unnamed, amount="30.00")).sale
    assert lines_of(document) == [("product", "20", "25.00", "20.0% S")]
    assert document.tax is not None
    assert document.tax.total == D("5.00")


def test_a_product_that_was_deleted_since_comes_back_on_the_item_it_was_sold_as() -> None:
    gone = replace(line("25.00", r1="5.00"), product_id=0, sku="", name="")
    document = planned(refund(gone, rate(1, "20", "5.00"), amount="30.00")).sale
    assert (document.lines[0].item.id, document.lines[0].description) == ("20", "Savon")


def test_a_refund_bears_class_and_location_like_its_sale() -> None:
    document = planned(ONE_PIECE, sales_class=Ref("9", "Web"), location=Ref("8", "Lyon")).sale
    assert (document.sales_class, document.location, document.ship_method) == (Ref("9", "Web"), Ref("8", "Lyon"), "")

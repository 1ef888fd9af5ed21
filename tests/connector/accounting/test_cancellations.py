from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.accounting.books import PostedCredit, PostedSale
from connector.accounting.cancellations import plan_cancellation
from connector.accounting.commerce import Order, Refund
from connector.accounting.documents import CreditApplication, DocumentKind, Held, Planned, SaleDocument, Skipped, Void
from connector.accounting.policy import Ref
from tests.connector.accounting.build import line, order, rate, refund, shipping
from tests.connector.accounting.shops import fr_policy, parties_of, posted_sale

D = Decimal
ON_HOLD = order(
    line("100.00", "4", r1="20.00"),
    shipping("5.00", r1="1.00"),
    rate(1, "20", "20.00", shipping_total="1.00"),
    total="126.00",
    tax="21.00",
    paid_at=None,
    status="on-hold",
    modified_at=datetime(2026, 3, 9, 10, 0, tzinfo=UTC),
)
CANCELLED = replace(ON_HOLD, status="cancelled")
ONE_PIECE = refund(line("25.00", r1="5.00"), rate(1, "20", "5.00"), amount="30.00")
ONE_PIECE_CREDIT = PostedCredit("order:1234:refund:9", "CWio1234", D("30.00"), applied=D("30.00"))


def options_of(options: dict[str, object]) -> dict[str, object]:
    return {"document": "invoice", "refund_item": Ref("86"), **options}


def invoice(**changes: object) -> PostedSale:
    return posted_sale(ON_HOLD, fr_policy(document="invoice"), **changes)


def plan(
    wanted: Order = CANCELLED,
    sale: PostedSale | None = None,
    refunds: tuple[Refund, ...] = (),
    **options: object,
) -> Planned | Void | Skipped | Held | None:
    policy = fr_policy(**options_of(options))
    return plan_cancellation(wanted, policy, parties_of(wanted), sale or invoice(), refunds=refunds)


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_an_unpaid_invoice_is_taken_back_by_a_credit_memo_over_the_whole(status: str) -> None:
    outcome = plan(replace(CANCELLED, status=status))
    assert isinstance(outcome, Planned)
    memo, application = outcome.documents
    assert isinstance(memo, SaleDocument)
    assert (memo.kind, memo.key, memo.number) == (DocumentKind.CREDIT_MEMO, "order:1234:cancel", "CWio1234")
    assert (memo.total, memo.document_date) == (D("126.00"), date(2026, 3, 9))
    assert [(one.source, one.amount, one.quantity) for one in memo.lines] == [
        ("product", D("100.00"), 4),
        ("shipping", D("5.00"), 1),
    ]
    assert memo.private_note == "woo:maison-dupont:1234:cancel\nCommande 1234 · Annulée"
    assert isinstance(application, CreditApplication)
    assert (application.key, application.credit_key) == ("order:1234:cancel:apply", "order:1234:cancel")
    assert application.amount == D("126.00")


def test_the_merchant_may_want_it_voided() -> None:
    assert plan(cancelled="void") == Void("order:1234:sale", DocumentKind.INVOICE, "q1234")
    assert plan(cancelled="void", credit_memos="off") == Void("order:1234:sale", DocumentKind.INVOICE, "q1234")


def test_an_invoice_of_the_closed_period_is_not_voided() -> None:
    outcome = plan(cancelled="void", closed_until=date(2026, 3, 5))
    assert isinstance(outcome, Planned)
    assert outcome.sale.document_date == date(2026, 3, 9)


def test_who_wants_no_credit_memos_takes_it_back_by_hand() -> None:
    assert plan(credit_memos="off") == Skipped("by_hand", {"why": "credit_memos_off"})


def test_always_a_refund_receipt_does_not_mean_a_receipt_without_money() -> None:
    outcome = plan(credit_memos="refund_receipt")
    assert isinstance(outcome, Planned)
    assert outcome.sale.kind is DocumentKind.CREDIT_MEMO


@pytest.mark.parametrize(
    ("paid", "sale"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), None),
        (None, invoice(open_balance=D(0))),
        (None, invoice(open_balance=D("100.00"))),
        (None, posted_sale(replace(ON_HOLD, status="processing"), fr_policy())),
    ],
)
def test_money_that_was_paid_and_not_refunded_is_a_question(paid: datetime | None, sale: PostedSale | None) -> None:
    """By the store's word, by a human's in QuickBooks, or because it is a sales receipt."""
    outcome = plan(replace(CANCELLED, paid_at=paid), sale)
    assert outcome == Held("cancelled_but_paid", {"order": "1234", "refunded": "0"})


def test_money_that_was_refunded_in_part_is_a_question_too() -> None:
    paid = replace(CANCELLED, paid_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert plan(paid, refunds=(ONE_PIECE,)) == Held("cancelled_but_paid", {"order": "1234", "refunded": "30.00"})


@pytest.mark.parametrize(
    ("cancelled", "sale", "refunds"),
    [
        (replace(CANCELLED, status="processing"), None, ()),
        (CANCELLED, None, (refund(amount="126.00"),)),
        (replace(CANCELLED, paid_at=datetime(2026, 3, 2, tzinfo=UTC)), None, (refund(amount="126.00"),)),
        (CANCELLED, invoice(credits=(PostedCredit("order:1234:cancel", "CWio1234", D("126.00")),)), ()),
        (CANCELLED, invoice(credits=(PostedCredit("order:1234:refund:9", "CWio1234", D("126.00")),)), ()),
        (CANCELLED, invoice(total=D(0)), ()),
    ],
)
def test_nothing_is_left_to_do(cancelled: Order, sale: PostedSale | None, refunds: tuple[Refund, ...]) -> None:
    assert plan(cancelled, sale, refunds) is None


def test_what_refunds_left_is_taken_back_line_by_line() -> None:
    sale = invoice(open_balance=D("96.00"), credits=(ONE_PIECE_CREDIT,))
    outcome = plan(sale=sale, refunds=(ONE_PIECE,), cancelled="void")
    assert isinstance(outcome, Planned)
    memo, application = outcome.documents
    assert isinstance(memo, SaleDocument)
    assert memo.number == "CWio1234-2"
    assert [(one.source, one.amount, one.quantity) for one in memo.lines] == [
        ("product", D("75.00"), 3),
        ("shipping", D("5.00"), 1),
    ]
    assert memo.tax is not None
    assert (memo.total, memo.tax.total) == (D("96.00"), D("16.00"))
    assert isinstance(application, CreditApplication)
    assert application.amount == D("96.00")


def test_an_amount_that_was_given_back_lowers_what_is_taken_back() -> None:
    credit = PostedCredit("order:1234:refund:9", "CWio1234", D("26.00"), applied=D("26.00"))
    outcome = plan(sale=invoice(open_balance=D("100.00"), credits=(credit,)), refunds=(refund(amount="26.00"),))
    assert isinstance(outcome, Planned)
    assert outcome.sale.total == D("100.00")
    assert [(one.source, one.amount) for one in outcome.sale.lines] == [
        ("product", D("100.00")),
        ("shipping", D("5.00")),
        ("refund", D("-26.00")),
    ]
    assert outcome.proof.document_tax == D("21.00")


def test_an_order_that_grew_after_it_was_posted_is_held() -> None:
    outcome = plan(sale=invoice(total=D("120.00"), open_balance=D("120.00")))
    assert isinstance(outcome, Held)
    assert outcome.reason == "refund_exceeds_sale"


def test_a_cancellation_stays_out_of_the_closed_period() -> None:
    held = plan(closed_until=date(2026, 3, 31))
    assert isinstance(held, Held)
    assert held.reason == "closed_period"
    moved = plan(closed_until=date(2026, 3, 31), closed_period="first_open_day", cancelled="void")
    assert isinstance(moved, Planned)
    assert moved.sale.document_date == date(2026, 4, 1)

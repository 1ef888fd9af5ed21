from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.books import PostedCredit, PostedSale, RecordedMoney
from connector.accounting.commerce import Order
from connector.accounting.documents import (
    DocumentKind,
    Held,
    Outcome,
    PaymentDocument,
    Planned,
    Skipped,
    Waiting,
)
from connector.accounting.instalments import receipts_of
from connector.accounting.payments import invoice_payments
from connector.accounting.plan import plan_order
from connector.accounting.policy import Ref
from connector.accounting.refunds import plan_refund
from tests.connector.accounting.build import line, order, refund
from tests.connector.accounting.shops import parties_of, us_policy

DEPOSIT_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BALANCE_AT = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
D = Decimal


def meta(prefix: str = "_wc_deposits_", **changes: str) -> dict[str, str]:
    values = {
        "order_has_deposit": "yes",
        "deposit_amount": "30",
        "second_payment": "70",
        "deposit_paid": "yes",
        "second_payment_paid": "no",
        "deposit_payment_time": str(int(DEPOSIT_AT.timestamp())),
    }
    return {f"{prefix}{name}": value for name, value in {**values, **changes}.items()}


def sale(status: str = "partially-paid", *, keys: dict[str, str] | None = None, **fields: object) -> Order:
    values: dict[str, object] = {"paid_at": DEPOSIT_AT, "modified_at": DEPOSIT_AT, **fields}
    return order(line("100.00"), total="100.00", status=status, meta=keys or meta(), **values)


def settled(**fields: object) -> Order:
    values: dict[str, object] = {"keys": meta(second_payment_paid="yes"), "modified_at": BALANCE_AT, **fields}
    return sale("processing", **values)  # type: ignore[arg-type]


def plan(wanted: Order, document: str = "invoice", **options: object) -> Outcome:
    statuses = frozenset({"partially-paid", "partial-payment", "processing", "completed", "on-hold"})
    policy = us_policy(home_currency="EUR", document=document, statuses=statuses, **options)
    return plan_order(wanted, policy, parties_of(wanted))


def payments(wanted: Order, **options: object) -> list[tuple[str, date, Decimal]]:
    outcome = plan(wanted, **options)
    assert isinstance(outcome, Planned), outcome
    found = [one for one in outcome.documents if isinstance(one, PaymentDocument)]
    return [(one.key.partition(":")[2].partition(":")[2], one.document_date, one.total) for one in found]


@pytest.mark.parametrize("prefix", ["_wc_deposits_", "_awcdp_deposits_"])
def test_an_invoice_over_the_whole_gets_the_deposit_on_its_day(prefix: str) -> None:
    outcome = plan(sale(keys=meta(prefix)))
    assert isinstance(outcome, Planned)
    assert outcome.sale.total == D("100.00")
    assert payments(sale(keys=meta(prefix))) == [("payment:1", date(2026, 3, 2), D("30"))]
    assert [(one.reason, one.details) for one in outcome.notices] == [("balance_open", {"amount": "70.00"})]


def test_the_balance_is_a_payment_of_its_own() -> None:
    outcome = plan(settled())
    assert isinstance(outcome, Planned)
    assert payments(settled()) == [
        ("payment:1", date(2026, 3, 2), D("30")),
        ("payment:2", date(2026, 3, 20), D("70.00")),
    ]
    notes = [one.private_note.split("\n")[0] for one in outcome.documents]
    assert notes == ["woo:blue-ridge:1234", "woo:blue-ridge:1234:payment", "woo:blue-ridge:1234:payment:2"]
    assert [one.reason for one in outcome.notices] == ["balance_day_estimated"]


def test_a_deposit_confirmed_by_hand_leaves_date_paid_to_the_balance() -> None:
    wanted = settled(paid_at=BALANCE_AT, modified_at=BALANCE_AT + timedelta(days=9))
    assert payments(wanted)[1][1:] == (date(2026, 3, 20), D("70.00"))
    outcome = plan(wanted)
    assert isinstance(outcome, Planned)
    assert outcome.notices == ()


def test_an_order_read_long_after_takes_the_day_it_was_completed() -> None:
    late = settled(modified_at=datetime(2026, 9, 1, tzinfo=UTC), completed_at=BALANCE_AT)
    assert payments(late)[1][1] == date(2026, 3, 20)


@pytest.mark.parametrize("status", ["partially-paid", "on-hold"])
def test_an_instalment_of_unknown_amount_is_not_taken_for_the_balance(status: str) -> None:
    assert len(payments(sale(status, keys=meta(second_payment_paid="yes")))) == 1


@pytest.mark.parametrize(("keys", "status"), [
    (meta(deposit_paid="no"), "on-hold"), (meta(), "pending"), (meta(), "failed"),
])  # fmt: skip
def test_what_was_not_received_is_not_booked(keys: dict[str, str], status: str) -> None:
    assert receipts_of(sale(status, keys=keys)) == ()


def test_a_third_is_rounded_and_the_balance_takes_the_rest() -> None:
    wanted = settled(
        keys=meta(deposit_amount="33.333333333333", second_payment="66.666666666667", second_payment_paid="yes")
    )
    assert [amount for _key, _day, amount in payments(wanted)] == [D("33.33"), D("66.67")]


def test_a_deposit_of_everything_is_one_payment() -> None:
    wanted = sale("processing", keys=meta(deposit_amount="100", second_payment="0"))
    assert payments(wanted) == [("payment:1", date(2026, 3, 2), D("100.00"))]


@pytest.mark.parametrize(("changes", "problem"), [
    ({"deposit_amount": "a lot"}, "no_amount"),
    ({"second_payment": ""}, "no_amount"),
    ({"second_payment": "-70"}, "no_amount"),
    ({"second_payment": "75.00"}, "sum"),
])  # fmt: skip
def test_amounts_that_cannot_be_trusted_hold_the_order(changes: dict[str, str], problem: str) -> None:
    held = plan(sale(keys=meta(**changes)))
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"]) == ("deposit_unclear", problem)


@pytest.mark.parametrize("status", ["partially-paid", "partial-payment"])
def test_a_part_payment_that_names_no_amount_is_held(status: str) -> None:
    held = plan(replace(sale(status), meta={}))
    assert held == Held("deposit_unclear", {"problem": "no_amount", "status": status})


def test_a_sales_receipt_waits_for_the_whole() -> None:
    waits = plan(sale(), document="sales_receipt")
    assert isinstance(waits, Waiting)
    assert (waits.reason, waits.details["received"], waits.details["total"]) == ("awaiting_payment", "30.00", "100.00")
    sold = plan(settled(), document="sales_receipt")
    assert isinstance(sold, Planned)
    assert (sold.sale.total, len(sold.documents)) == (D("100.00"), 1)


def test_payments_in_the_books_are_not_planned_again() -> None:
    policy = us_policy(home_currency="EUR")
    after_edit = invoice_payments(settled(), policy, customer=Ref("58"), total=D("90.00"), recorded=[D("30.00")])
    assert not isinstance(after_edit, Held)
    assert [(one.key, one.total) for one in after_edit[0]] == [("order:1234:payment:2", D("60.00"))]
    done = invoice_payments(settled(), policy, customer=Ref("58"), total=D("120"), recorded=[D("30"), D("60")])
    assert done == ((), ())


def test_a_part_of_a_split_sale_is_paid_by_its_own_order() -> None:
    for part in ("deposit", "balance"):
        wanted = replace(sale("partial-payment"), meta={}, part=part)  # type: ignore[arg-type]
        assert payments(wanted, default_item=Ref("77", "Online sale")) == [("payment:1", date(2026, 3, 2), D("100.00"))]


def test_the_balance_of_a_split_sale_needs_the_default_product() -> None:
    wanted = replace(sale("processing"), meta={}, part="balance")
    assert plan(wanted, default_item=None) == Held("missing_setting:default_item", {"problem": "balance"})


@pytest.mark.parametrize("include_selection", [True, False])
def test_an_order_that_is_a_payment_is_no_sale(include_selection: bool) -> None:
    wanted = replace(sale("completed"), part="payment", parent_id=12)
    policy = us_policy(home_currency="EUR")
    outcome = plan_order(wanted, policy, parties_of(wanted), include_selection=include_selection)
    assert outcome == Skipped("payment_of_another", {"parent": "12"})


@given(
    total=st.integers(1, 10**7),
    share=st.decimals(0, 1, places=6),
    credits=st.integers(0, 10**6),
    is_all=st.booleans(),
)
def test_payments_never_exceed_the_sale_and_together_make_it_exactly(
    total: int, share: Decimal, credits: int, is_all: bool
) -> None:
    whole, taken = D(total) / 100, D(credits) / 100
    deposit = whole * share
    keys = meta(
        deposit_amount=f"{deposit:f}",
        second_payment=f"{whole - deposit:f}",
        second_payment_paid="yes" if is_all else "no",
    )
    wanted = replace(sale("processing" if is_all else "partially-paid", keys=keys), total=whole)
    found = invoice_payments(wanted, us_policy(home_currency="EUR"), customer=Ref("58"), total=whole, credits=taken)
    assert not isinstance(found, Held)
    paid = sum((one.total for one in found[0]), D(0))
    assert all(one.total > 0 for one in found[0])
    assert paid <= max(whole - taken, D(0))
    if is_all:
        assert paid == max(whole - taken, D(0))
    assert [one.key for one in found[0]] == [f"order:1234:payment:{n}" for n in range(1, len(found[0]) + 1)]


def posted(*, money: str, open_balance: str, credits: tuple[PostedCredit, ...] = ()) -> PostedSale:
    return PostedSale(
        kind=DocumentKind.INVOICE,
        qbo_id="9",
        number="1234",
        document_date=date(2026, 3, 1),
        total=D("100.00"),
        customer=Ref("58"),
        money=(RecordedMoney(Ref("36", "Stripe clearing"), D(money)),),
        open_balance=D(open_balance),
        credits=credits,
    )


def give_back(amount: str, stands: PostedSale, **options: object) -> Outcome:
    bought = sale()
    back = refund(line(amount), amount=amount)
    policy = us_policy(home_currency="EUR", document="invoice", **options)
    return plan_refund(back, bought, policy, parties_of(bought), stands)


def test_a_refund_within_the_deposit_leaves_the_account_it_came_to() -> None:
    outcome = give_back("30.00", posted(money="30.00", open_balance="70.00"))
    assert isinstance(outcome, Planned)
    assert (outcome.sale.kind, outcome.sale.total) == (DocumentKind.REFUND_RECEIPT, D("30.00"))


@pytest.mark.parametrize(("paid_out", "left"), [("0", "30.00"), ("10.00", "20.00")])
def test_a_refund_of_more_than_was_received_is_for_a_person(paid_out: str, left: str) -> None:
    before = (PostedCredit("order:1234:refund:5", "C1", D(paid_out), paid_out=D(paid_out)),)
    held = give_back("30.01", posted(money="30.00", open_balance="70.00", credits=before))
    assert isinstance(held, Held)
    assert (held.reason, held.details["problem"], held.details["left"]) == ("refund_exceeds_sale", "money", left)
    memo = give_back("30.01", posted(money="30.00", open_balance="70.00", credits=before), credit_memos="credit_memo")
    assert isinstance(memo, Planned)

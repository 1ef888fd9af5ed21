"""The options of the page Refunds."""

from __future__ import annotations

from typing import Any

from tests.sync.test_refunds import refund, total_of, unpaid
from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World, run_to_end

TAKEN_BACK = ("CreditMemo", "RefundReceipt")


def refunds_a_paid_and_an_unpaid_order(world: World) -> None:
    for order_id in (world.add_order(line_items=TEA), unpaid(world, line_items=TEA)):
        refund(world, order_id, amount="1.00")


def refunds_an_amount(world: World) -> None:
    refund(world, world.add_order(line_items=TEA), amount="1.00")


def refunds_everything_without_lines(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    refund(world, order_id, amount=str(total_of(world, order_id)))


def waits_for_its_money(world: World) -> None:
    unpaid(world, line_items=TEA)


def cancels_after_the_invoice(books: Books) -> None:
    order_id = books.world.store_control("orders")[0]["id"]
    run_to_end(books.tenant)
    books.world.change_order(order_id, status="cancelled")
    run_to_end(books.tenant)


def taken_back(books: Books) -> list[str]:
    return sorted(one["type"] for one in books.documents(*TAKEN_BACK))


def items_of_the_refund(books: Books) -> Any:
    return {name for name, _amount in books.lines(books.only(*TAKEN_BACK))}


def is_the_sales_tax(books: Books) -> bool:
    sale, back = books.sale, books.only(*TAKEN_BACK)
    assert back["TotalAmt"] == sale["TotalAmt"]
    return bool(back["TotalTax"] == sale["TotalTax"])


PROOFS = {
    "orders.credit_memos": Proof(
        "A refund is a credit memo where nothing was paid and else a refund receipt, always one of the two, or none.",
        lambda books: (taken_back(books), books.reasons("refund")),
        (
            ("automatic", (["CreditMemo", "RefundReceipt"], set())),
            ("credit_memo", (["CreditMemo", "CreditMemo"], set())),
            ("refund_receipt", (["RefundReceipt", "RefundReceipt"], set())),
            ("off", ([], {"by_hand"})),
        ),
        given=refunds_a_paid_and_an_unpaid_order,
        settings={"document": "invoice"},
    ),
    "orders.refund_item": Proof(
        "A refund of an amount without lines stands on the refund item, else on the default product.",
        items_of_the_refund,
        ((Named("Item", "Refund"), {"Refund"}), ("", {"Online sale"})),
        given=refunds_an_amount,
    ),
    "refunds.whole_order": Proof(
        "A refund of everything without lines takes the sale's tax back, or is one untaxed amount.",
        is_the_sales_tax,
        (("mirror", True), ("amount", False)),
        given=refunds_everything_without_lines,
    ),
    "orders.cancelled": Proof(
        "The unpaid invoice of a cancelled order gets a credit memo over the whole, or is voided.",
        lambda books: (taken_back(books), books.only("Invoice")["TotalAmt"] == "0.00"),
        (("credit_memo", (["CreditMemo"], False)), ("void", ([], True))),
        given=waits_for_its_money,
        settings={"document": "invoice"},
        then=cancels_after_the_invoice,
    ),
}

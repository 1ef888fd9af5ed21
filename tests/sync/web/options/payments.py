"""The options of the page Payments."""

from __future__ import annotations

from typing import Any

from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World

FEE = [{"key": "_stripe_fee", "value": "1.17"}, {"key": "_stripe_currency", "value": "EUR"}]


def sells_through_an_unknown_gateway(world: World) -> None:
    world.add_order(line_items=TEA, payment_method="klarna", payment_method_title="Klarna")


def sells_through_stripe_with_its_fee(world: World) -> None:
    world.add_order(line_items=TEA, meta_data=FEE)


def money_of(books: Books) -> Any:
    """The account that the buyer's money reached, and whether all of it stands there."""
    account = str(books.sale["DepositToAccountRef"]["name"])
    return account, books.balance(account) == books.sale["TotalAmt"]


def fees_of(books: Books) -> list[tuple[str, str]]:
    """The expense account and the amount of every fee."""
    details = [(one, one["Line"][0]["AccountBasedExpenseLineDetail"]) for one in books.documents("Purchase")]
    return [(str(detail["AccountRef"]["name"]), str(one["TotalAmt"])) for one, detail in details]


PROOFS = {
    "payments.record": Proof(
        "A paid invoice has its payment, or stays open.",
        lambda books: (books.kinds, books.only("Invoice")["Balance"] == "0.00"),
        (("on", (["Invoice", "Payment"], True)), (None, (["Invoice"], False))),
        settings={"document": "invoice"},
    ),
    "payments.default_account": Proof(
        "Where the money of a payment method without an account of its own goes; without one its sales receipt waits.",
        lambda books: books.held_or(lambda: money_of(books)),
        (
            (Named("Account", "Undeposited Funds"), ("Undeposited Funds", True)),
            (Named("Account", "PayPal clearing"), ("PayPal clearing", True)),
            ("", {"unmapped_gateway"}),
        ),
        given=sells_through_an_unknown_gateway,
    ),
    "payments.gateway_fees": Proof(
        "What the gateway kept is an expense from the clearing account, or is not booked.",
        fees_of,
        ((None, []), ("on", [("Bank charges", "1.17")])),
        given=sells_through_stripe_with_its_fee,
        along={"payments-fee_account": Named("Account", "Bank charges")},
    ),
    "payments.fee_account": Proof(
        "The expense account of gateway fees.",
        fees_of,
        (
            (Named("Account", "Bank charges"), [("Bank charges", "1.17")]),
            (Named("Account", "Cost of Goods Sold"), [("Cost of Goods Sold", "1.17")]),
        ),
        given=sells_through_stripe_with_its_fee,
        along={"payments-gateway_fees": "on"},
    ),
}

"""The options of taxes on the page Orders."""

from __future__ import annotations

from typing import Any

from tests.sync.shelf import shop_rows
from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World, buyer

A_CENT_APART = [{**TEA[0], "subtotal": "1.02", "total": "1.02"}] * 2
"""Two lines at 5.5 %: 0.06 each, so 0.12 by lines; 0.11 on their sum."""


def rounds_lines_where_the_store_rounds_the_sum(world: World) -> None:
    world.company_control("behaviour", rounding="per_line")
    world.store_control("options", tax_round_at_subtotal=True)
    world.add_order(line_items=A_CENT_APART)


def rounds_the_sum_where_the_store_rounds_lines(world: World) -> None:
    world.store_control("options", tax_round_at_subtotal=False)
    world.add_order(line_items=A_CENT_APART)


def on_rounding(books: Books) -> list[str]:
    return [amount for name, amount in books.lines(books.sale) if name == "Rounding"]


def tax_of(books: Books) -> tuple[bool, list[str]]:
    """Whether QuickBooks counts a tax, and the amounts on the tax item."""
    return books.sale["TotalTax"] != "0.00", [amount for name, amount in books.lines(books.sale) if name == "Fee"]


def tax_and_means(books: Books) -> tuple[str, bool, list[str]]:
    """The tax, whether QuickBooks' first answer had to be repaired, and the lines that even it out."""
    return books.sale["TotalTax"], books.sale["SyncToken"] != "0", on_rounding(books)


def evens_out_with(books: Books) -> Any:
    return books.held_or(lambda: {name for name, amount in books.lines(books.sale) if amount in ("0.06", "-0.06")})


def sells_where_quickbooks_keeps_no_tax(world: World) -> None:
    address = {**buyer()["billing"], "country": "US", "state": "NC", "postcode": "28801", "city": "Asheville"}
    product = shop_rows(world, type="simple")[0]
    world.add_order(line_items=[{"product_id": product["id"], "quantity": 1}], billing=address, shipping=address)


def item_of_the_tax(books: Books) -> Any:
    return books.held_or(lambda: books.lines(books.sale)[-1][0])


PROOFS = {
    "taxes.mode": Proof(
        "The tax is QuickBooks' own by codes, or a line on the tax item.",
        tax_of,
        (("auto", (True, [])), ("off", (False, ["0.12"]))),
        given=rounds_the_sum_where_the_store_rounds_lines,
        settings={"taxes": {"tax_item": "Fee"}},
    ),
    "taxes.tax_item": Proof(
        "Where QuickBooks keeps no tax: the item that the store's tax stands on; without one the order waits.",
        item_of_the_tax,
        (
            (Named("Item", "Fee"), "Fee"),
            (Named("Item", "Refund"), "Refund"),
            ("", {"missing_setting:tax_item"}),
        ),
        given=sells_where_quickbooks_keeps_no_tax,
        profile="us",
    ),
    "taxes.override": Proof(
        "The store's tax is stated where QuickBooks computes another, always, or never: lines then even it out.",
        tax_and_means,
        (("auto", ("0.11", True, [])), ("always", ("0.11", False, [])), ("never", ("0.11", True, ["-0.10", "0.10"]))),
        given=rounds_lines_where_the_store_rounds_the_sum,
    ),
    "taxes.cancelling_lines": Proof(
        "Where tax cannot be stated: two lines that cancel each other give the store's tax, or a line takes the cent.",
        on_rounding,
        (("on", ["0.06", "-0.06"]), (None, ["0.01"])),
        given=rounds_the_sum_where_the_store_rounds_lines,
        along={"taxes-override": "never"},
    ),
    "orders.rounding_item": Proof(
        "What the lines that even out a cent stand on.",
        evens_out_with,
        (
            (Named("Item", "Rounding"), {"Rounding"}),
            (Named("Item", "Refund"), {"Refund"}),
            ("", {"missing_setting:rounding_item"}),
        ),
        given=rounds_the_sum_where_the_store_rounds_lines,
        along={"taxes-override": "never"},
    ),
}

"""The options of the page Orders, except those of taxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sync.test_refunds import unpaid
from tests.sync.web.options.proof import TEA, Books, Named, Proof
from tests.sync.world import World, buyer

CLOSED = {"book_close_date": "2026-06-30"}
IN_CLOSED_PERIOD = "2026-05-20T10:00:00"
DAY = 86_400


def note_of(books: Books) -> str:
    return str(books.sale["PrivateNote"])


def order_at(world: World, at: str, **body: Any) -> int:
    """An order of a day long gone."""
    wanted = {**buyer(), "set_paid": True, "status": "processing", "payment_method": "stripe", "line_items": TEA}
    added = world.store_control("orders", add={**wanted, **body}, at=at)
    world.tick()
    return int(added["orders"][0]["id"])


def sells_with_a_note(world: World) -> None:
    world.add_order(line_items=TEA, customer_note="Ring twice")


def sells_with_a_legal_number(world: World) -> None:
    world.add_order(line_items=TEA, meta_data=[{"key": "_legal_number", "value": "F-2026-7"}])


def sells_in_a_closed_period(world: World) -> None:
    world.company_control("preferences", **CLOSED)
    order_at(world, IN_CLOSED_PERIOD)


def is_paid_and_completed_days_later(world: World) -> None:
    """Created thirty days ago, paid twenty days ago, completed ten days ago."""
    order_id = unpaid(world, at=datetime.now(UTC) - timedelta(days=30), line_items=TEA)
    for days, change in ((20, {"status": "processing", "set_paid": True}), (10, {"status": "completed"})):
        world.store_control("clock", offset_seconds=-days * DAY)
        world.change_order(order_id, **change)
        world.seconds_ahead += 1
    world.tick()
    world.change_order(order_id, customer_note="Looked at again today")


def days_ago(books: Books) -> int:
    day = datetime.fromisoformat(books.sale["TxnDate"]).date()
    return (datetime.now(UTC).date() - day).days


def sells_for_nothing(world: World) -> None:
    world.add_order(line_items=[{**TEA[0], "subtotal": "0.00", "total": "0.00"}])


def sells_with_shipping(world: World) -> None:
    world.add_order(
        line_items=TEA, shipping_lines=[{"method_id": "flat_rate", "method_title": "Post", "total": "4.90"}]
    )


def sells_at_a_discount(world: World) -> None:
    world.add_order(line_items=[{**TEA[0], "subtotal": "10.00", "total": "8.00"}])


def sells_with_a_fee(world: World) -> None:
    world.add_order(line_items=TEA, fee_lines=[{"name": "Tip", "total": "3.00", "tax_status": "none"}])


def tracks_classes(world: World) -> None:
    world.company_control("preferences", classes=True)
    world.edit_books("Class", create={"Name": "Web shop"})
    world.add_order(line_items=TEA)


def tracks_locations(world: World) -> None:
    world.company_control("preferences", locations=True)
    world.edit_books("Department", create={"Name": "Lyon"})
    world.add_order(line_items=TEA)


def item_of(amount: str) -> Any:
    """Which product or service bears the line of that amount."""
    return lambda books: books.held_or(lambda: {name for name, one in books.lines(books.sale) if one == amount})


def classes(document: dict[str, Any]) -> set[str]:
    refs = [
        document.get("ClassRef"),
        *((line.get("SalesItemLineDetail") or {}).get("ClassRef") for line in document["Line"]),
    ]
    return {str(ref["name"]) for ref in refs if ref}


def discounts_of(books: Books) -> tuple[str, list[tuple[str, str]]]:
    """The amount of the product's line, and the lines below it."""
    (_item, amount), *others = books.lines(books.sale)
    return amount, others


def number_of(books: Books) -> str:
    """The order's, in the store."""
    return str(books.world.store_control("orders")[0]["number"])


def days_to_pay(books: Books) -> int:
    due, dated = (datetime.fromisoformat(books.sale[key]) for key in ("DueDate", "TxnDate"))
    return (due - dated).days


PROOFS = {
    "orders.enabled": Proof(
        "Orders become documents, or none does.",
        lambda books: books.kinds,
        (("on", ["SalesReceipt"]), (None, [])),
    ),
    "orders.statuses": Proof(
        "Only orders in a chosen status become documents; the others are listed as skipped.",
        lambda books: (books.kinds, books.reasons()),
        ((["processing"], (["SalesReceipt"], set())), (["completed"], ([], {"status:processing"}))),
    ),
    "orders.document": Proof(
        "A sale is a sales receipt, or an invoice with its payment.",
        lambda books: books.kinds,
        (("sales_receipt", ["SalesReceipt"]), ("invoice", ["Invoice", "Payment"])),
    ),
    "orders.date": Proof(
        "The date of the document: the day the order was created, paid or completed.",
        days_ago,
        (("created", 30), ("paid", 20), ("completed", 10)),
        given=is_paid_and_completed_days_later,
    ),
    "orders.zero_total": Proof(
        "An order of 0.00 becomes a document of 0.00, or none.",
        lambda books: books.held_or(lambda: books.sale["TotalAmt"]),
        (("post", "0.00"), ("skip", {"zero_total"})),
        given=sells_for_nothing,
    ),
    "orders.closed_period": Proof(
        "A sale of a closed period waits, or stands on the first open day with its true date in the memo.",
        lambda books: books.held_or(lambda: (books.sale["TxnDate"], "2026-05-20" in note_of(books))),
        (("hold", {"closed_period"}), ("first_open_day", ("2026-07-01", True))),
        given=sells_in_a_closed_period,
    ),
    "orders.number_prefix": Proof(
        "What the document's number begins with.",
        lambda books: books.sale["DocNumber"].rstrip("0123456789"),
        (("Wio", "Wio"), ("WEB-", "WEB-"), ("", "")),
    ),
    "orders.automatic_numbers": Proof(
        "The document bears QuickBooks' number instead of the order's; the order's stands in the memo either way.",
        lambda books: (books.sale.get("DocNumber", "").startswith("Wio"), number_of(books) in note_of(books)),
        ((None, (True, True)), ("on", (False, True))),
    ),
    "orders.number_source": Proof(
        "The document bears the legal number of an extension; an order without it waits.",
        lambda books: books.held_or(lambda: books.sale["DocNumber"]),
        (("_legal_number", "WioF-2026-7"), ("_no_such_field", {"missing_setting:number_source"})),
        given=sells_with_a_legal_number,
    ),
    "orders.terms": Proof(
        "An invoice bears the terms, and they decide its due date.",
        lambda books: (books.sale["SalesTermRef"]["name"], days_to_pay(books)),
        ((Named("Term", "Net 15"), ("Net 15", 15)), (Named("Term", "Net 30"), ("Net 30", 30))),
        settings={"document": "invoice"},
    ),
    "orders.language": Proof(
        "The language of the words that we write onto documents.",
        lambda books: ("Commande" in note_of(books), "Order" in note_of(books)),
        (("fr", (True, False)), ("en", (False, True))),
    ),
    "orders.customer_note": Proof(
        "The memo holds the buyer's note, or does not.",
        lambda books: "Ring twice" in note_of(books),
        (("on", True), (None, False)),
        given=sells_with_a_note,
    ),
    "orders.shipping_item": Proof(
        "Shipping stands on the line of the chosen item; without one the order waits.",
        item_of("4.90"),
        (
            (Named("Item", "Shipping"), {"Shipping"}),
            (Named("Item", "Fee"), {"Fee"}),
            ("", {"missing_setting:shipping_item"}),
        ),
        given=sells_with_shipping,
    ),
    "orders.discount_item": Proof(
        "A discount is a line of its own below the list price, or the lines are net of it.",
        discounts_of,
        ((Named("Item", "Discount"), ("10.00", [("Discount", "-2.00")])), ("", ("8.00", []))),
        given=sells_at_a_discount,
    ),
    "orders.fee_item": Proof(
        "A fee stands on the line of the chosen item; without one the order waits.",
        item_of("3.00"),
        (
            (Named("Item", "Fee"), {"Fee"}),
            (Named("Item", "Online sale"), {"Online sale"}),
            ("", {"missing_setting:fee_item"}),
        ),
        given=sells_with_a_fee,
    ),
    "orders.fee_items": Proof(
        "A fee of that name stands on an item of its own, the others on the fee item.",
        item_of("3.00"),
        (({"Tip": Named("Item", "Online sale")}, {"Online sale"}), ({"Gift": Named("Item", "Online sale")}, {"Fee"})),
        given=sells_with_a_fee,
    ),
    "orders.class": Proof(
        "Every sale bears the class.",
        lambda books: classes(books.sale),
        ((Named("Class", "Web shop"), {"Web shop"}), ("", set())),
        given=tracks_classes,
    ),
    "orders.location": Proof(
        "Every sale bears the location.",
        lambda books: (books.sale.get("DepartmentRef") or {}).get("name"),
        ((Named("Department", "Lyon"), "Lyon"), ("", None)),
        given=tracks_locations,
    ),
}

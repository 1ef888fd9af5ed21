"""The options of the page Customers."""

from __future__ import annotations

from typing import Any

from tests.sync.test_parties import existing
from tests.sync.web.options.proof import TEA, Books, Proof
from tests.sync.world import World, buyer

EMAIL = "jeanne@moreau.example"


def sells_to_a_company(world: World) -> None:
    who = buyer()
    world.add_order(line_items=TEA, **{**who, "billing": {**who["billing"], "company": "Port & Fils"}})


def has_an_inactive_customer(world: World) -> None:
    old = existing(world, "Jeanne Moreau", EMAIL)
    world.edit_books("Customer", id=old, change={"Active": False})
    world.add_order(line_items=TEA)


def knows_the_mailbox_by_another_name(world: World) -> None:
    existing(world, "J. Moreau", EMAIL)
    world.add_order(line_items=TEA)


def knows_the_buyer_with_an_older_street_and_no_phone(world: World) -> None:
    existing(world, "J. Moreau", EMAIL, BillAddr={"Line1": "An older street", "City": "Lyon"})
    who = buyer()
    world.add_order(line_items=TEA, **{**who, "billing": {**who["billing"], "phone": "0600000001"}})


def notes_the_vat_number_in_a_field_of_its_own(world: World) -> None:
    world.add_order(line_items=TEA, meta_data=[{"key": "_my_vat", "value": "FR40303265045"}])


def customer_of(books: Books) -> str:
    return str(books.sale["CustomerRef"]["name"])


def details_of(books: Books) -> tuple[Any, Any]:
    customer = books.row("Customer", "J. Moreau", "DisplayName")
    return customer["BillAddr"]["Line1"], (customer.get("PrimaryPhone") or {}).get("FreeFormNumber")


def vat_number_of(books: Books) -> tuple[Any, bool]:
    customer = books.row("Customer", "Jeanne Moreau", "DisplayName")
    return customer.get("PrimaryTaxIdentifier"), "FR40303265045" in str(books.sale.get("CustomerMemo"))


def pays_in_a_currency_that_is_not_listed(world: World) -> None:
    world.company_control("preferences", multicurrency=True)
    world.add_order(line_items=TEA, currency="GBP")


def notes_a_rate_on_the_order(world: World) -> None:
    world.company_control("preferences", multicurrency=True, currencies={"USD": "0.92"})
    rate = [{"key": "_base_currency_exchange_rate", "value": "0.875"}]
    world.add_order(line_items=TEA, currency="USD", meta_data=rate)


PROOFS = {
    "orders.customer_mode": Proof(
        "Whom the sale is booked on: the buyer, the buyer's organisation, or one customer for all.",
        customer_of,
        (("original", "Jeanne Moreau"), ("organisation", "Port & Fils"), ("generic", "WooCommerce Customer")),
        given=sells_to_a_company,
    ),
    "orders.generic_customer": Proof(
        "The name of the customer that all sales are booked on.",
        customer_of,
        (("WooCommerce Customer", "WooCommerce Customer"), ("Web sales", "Web sales")),
        along={"orders-customer_mode": "generic"},
    ),
    "customers.reactivate": Proof(
        "The buyer's inactive customer becomes active and bears the sale, or the order waits.",
        lambda books: books.held_or(lambda: (customer_of(books), len(books.world.names("Customer")))),
        ((None, {"inactive_customer"}), ("on", ("Jeanne Moreau", 1))),
        given=has_an_inactive_customer,
    ),
    "customers.same_email_other_name": Proof(
        "A buyer whose e-mail belongs to another name: that customer bears the sale, or a new one.",
        customer_of,
        (("existing", "J. Moreau"), ("new", "Jeanne Moreau")),
        given=knows_the_mailbox_by_another_name,
    ),
    "customers.update": Proof(
        "What the order knows of an existing customer fills the empty fields, replaces all, or changes nothing.",
        details_of,
        (
            ("fill_empty", ("An older street", "0600000001")),
            ("overwrite", ("1 rue du Port", "0600000001")),
            ("never", ("An older street", None)),
        ),
        given=knows_the_buyer_with_an_older_street_and_no_phone,
    ),
    "customers.activate_currency": Proof(
        "A currency that the company does not list is added for its first buyer, or the order waits.",
        lambda books: books.held_or(lambda: books.sale["CurrencyRef"]["value"]),
        ((None, {"currency_off"}), ("on", "GBP")),
        given=pays_in_a_currency_that_is_not_listed,
    ),
    "orders.exchange_rates": Proof(
        "A sale in another currency bears QuickBooks' rate of the day, or the one that the order noted.",
        lambda books: str(books.sale["ExchangeRate"]),
        (("quickbooks", "0.92"), ("order", "0.875")),
        given=notes_a_rate_on_the_order,
    ),
    "customers.vat_number_source": Proof(
        "The buyer's VAT number of that field stands on the customer and on the document.",
        vat_number_of,
        (("_my_vat", ("FR40303265045", True)), ("", (None, False))),
        given=notes_the_vat_number_in_a_field_of_its_own,
    ),
}

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.accounting.books import CustomerWanted, NameKind, NameRow
from connector.accounting.commerce import Address, Order
from connector.accounting.customers import (
    CreateCustomer,
    CustomerDecision,
    ReactivateCustomer,
    UseCustomer,
    match_customer,
    possible_names,
    wanted_customer,
)
from connector.accounting.documents import Held, Planned
from connector.accounting.plan import plan_order
from connector.accounting.policy import CustomerPolicy, Ref
from tests.connector.accounting.build import line, order
from tests.connector.accounting.shops import fr_policy, parties_of, us_policy

ORDER = order(line("10.00"), total="10.00")


def buyer(**fields: str) -> Order:
    return replace(ORDER, billing=Address(country="FR", **fields))


def wanted(changed: Order = ORDER, **options: object) -> CustomerWanted:
    return wanted_customer(changed, fr_policy(**options))


def row(
    name: str,
    qbo_id: str = "1",
    *,
    email: str = "",
    kind: NameKind = "Customer",
    active: bool = True,
    currency: str = "",
) -> NameRow:
    return NameRow(kind, qbo_id, name, active, email=email, currency=currency)


def decide(*rows: NameRow, customer: CustomerWanted | None = None, **options: object) -> CustomerDecision:
    return match_customer(customer or wanted(), rows, CustomerPolicy(**options))  # type: ignore[arg-type]


def created_name(decision: CustomerDecision) -> str:
    assert isinstance(decision, CreateCustomer), decision
    return decision.wanted.display_name


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"first_name": "Jane", "last_name": "Doe", "email": "jane@x.example"}, "Jane Doe"),
        ({"first_name": "Dr: Jane\t", "last_name": " Doe\nJunior"}, "Dr Jane Doe Junior"),
        ({"company": "Dupont & Fils", "email": "a@x.example"}, "Dupont & Fils"),
        ({"email": "a@x.example"}, "a@x.example"),
        ({}, "WooCommerce Customer"),
        ({"first_name": "x" * 300}, "x" * 99 + "…"),
    ],
)
def test_the_original_customer_is_named_after_the_buyer(fields: dict[str, str], name: str) -> None:
    assert wanted(buyer(**fields)).display_name == name


def test_the_recipient_names_a_buyer_who_gave_no_name() -> None:
    gift = replace(buyer(email="a@x.example"), shipping=Address(first_name="Max", last_name="Mustermann"))
    assert wanted(gift).display_name == "Max Mustermann"


def test_an_organisation_is_one_customer_for_all_its_buyers() -> None:
    one = wanted(buyer(first_name="Jane", company="ACME", email="jane@x.example"), customer_mode="organisation")
    other = wanted(buyer(first_name="Bob", company="acme", email="bob@x.example"), customer_mode="organisation")
    assert one.key == other.key == "customer:organisation:acme:EUR"
    assert (one.display_name, one.given_name) == ("ACME", "Jane")
    assert decide(row("Acme", "7", email="jane@x.example"), customer=other) == UseCustomer(Ref("7", "Acme"))


def test_a_buyer_without_company_is_as_original_with_a_notice() -> None:
    assert wanted(customer_mode="organisation") == wanted()
    outcome = plan_order(ORDER, us_policy(home_currency="EUR", customer_mode="organisation"), parties_of(ORDER))
    assert isinstance(outcome, Planned)
    assert [notice.reason for notice in outcome.notices] == ["no_company"]


def test_the_generic_customer_carries_nobodys_details() -> None:
    generic = wanted(customer_mode="generic", generic_customer="Ventes web")
    assert (generic.key, generic.display_name, generic.email, generic.billing) == (
        "customer:generic:ventes web:EUR",
        "Ventes web",
        "",
        None,
    )


def test_a_foreign_currency_is_another_customer() -> None:
    foreign = wanted(replace(ORDER, currency="USD"), multicurrency=True)
    assert (foreign.display_name, foreign.key, foreign.send_currency) == (
        "Jane Doe (USD)",
        "customer:original:jane@x.example:USD",
        True,
    )
    euro = row("Jane Doe", email="jane@x.example", currency="EUR")
    assert created_name(decide(euro, customer=foreign)) == "Jane Doe (USD)"


def test_the_e_mail_finds_the_customer_whatever_its_case() -> None:
    assert decide(row("Jane DOE", "5", email="JANE@X.example")) == UseCustomer(Ref("5", "Jane DOE"))


def test_the_same_e_mail_under_another_name_is_the_same_customer_by_default() -> None:
    other_name = row("J. Smith", "5", email="jane@x.example")
    assert decide(other_name) == UseCustomer(Ref("5", "J. Smith"))
    assert created_name(decide(other_name, same_email_other_name="new")) == "Jane Doe"


def test_by_option_two_names_behind_one_e_mail_are_two_customers() -> None:
    bob = buyer(first_name="Bob", email="jane@x.example")
    new = CustomerPolicy(same_email_other_name="new")
    assert wanted(bob).key == wanted().key
    assert wanted(bob, customers=new).key != wanted(customers=new).key


def test_the_vat_number_goes_to_the_customer_and_the_document() -> None:
    business = replace(ORDER, meta={"_billing_vat_number": " FR40303265045 "})
    assert wanted(business).vat_number == "FR40303265045"
    outcome = plan_order(business, us_policy(home_currency="EUR"), parties_of(business))
    assert isinstance(outcome, Planned)
    assert outcome.sale.customer_memo == "VAT number: FR40303265045"


def test_the_name_finds_a_customer_without_e_mail() -> None:
    assert decide(row("jane  doe", "6")) == UseCustomer(Ref("6", "jane  doe"))


def test_a_namesake_with_another_e_mail_is_somebody_else() -> None:
    namesake = row("Jane Doe", email="other@x.example")
    assert created_name(decide(namesake)) == "Jane Doe (jane@x.example)"
    again = row("Jane Doe (jane@x.example)", "9")
    assert decide(namesake, again) == UseCustomer(Ref("9", "Jane Doe (jane@x.example)"))


@pytest.mark.parametrize("kind", ["Vendor", "Employee"])
def test_a_clash_with_a_vendor_or_employee_gets_a_suffix(kind: NameKind) -> None:
    assert created_name(decide(row("Jane Doe", kind=kind))) == "Jane Doe (client)"
    assert created_name(decide(row("Jane Doe", kind=kind, active=False))) == "Jane Doe (client)"


def test_a_name_is_found_even_when_all_good_ones_are_taken() -> None:
    names = ["Jane Doe", "Jane Doe (jane@x.example)", "Jane Doe (client)"]
    taken = [row(name, str(place), email="other@x.example") for place, name in enumerate(names)]
    name = created_name(decide(*taken))
    assert name.startswith("Jane Doe (")
    assert name not in names
    assert name == created_name(decide(*reversed(taken)))


def test_the_suffix_survives_a_long_name() -> None:
    long = replace(wanted(), display_name="x" * 100)
    assert all(len(name) <= 100 for name in possible_names(long))
    assert list(possible_names(long))[1].endswith("… (jane@x.example)")


def test_an_inactive_customer_is_reactivated_by_option_only() -> None:
    sleeping = row("Jane Doe", "5", email="jane@x.example", active=False)
    assert decide(sleeping) == Held("inactive_customer", {"name": "Jane Doe", "customer_id": "5"})
    assert decide(sleeping, reactivate=True) == ReactivateCustomer(Ref("5", "Jane Doe"), sleeping)


def test_an_active_twin_is_preferred_to_an_inactive_one() -> None:
    twins = (row("Jane Doe", "5", email="jane@x.example", active=False), row("Jane D.", "6", email="jane@x.example"))
    assert decide(*twins[1:]) == UseCustomer(Ref("6", "Jane D."))
    assert decide(twins[0], replace(twins[1], name="Jane Doe (jane@x.example)")) == UseCustomer(
        Ref("6", "Jane Doe (jane@x.example)")
    )


def test_a_deleted_name_is_free() -> None:
    assert created_name(decide(replace(row("Jane Doe", email="other@x.example"), deleted=True))) == "Jane Doe"

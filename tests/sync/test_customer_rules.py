"""Who a sale belongs to, rule by rule, through whole runs (docs/customers-and-items.md)."""

from __future__ import annotations

from typing import Any

import pytest

from sync.models import Link
from tests.sync.test_parties import customer_of, customers, details_of, existing
from tests.sync.world import World, assert_no_duplicates, buyer, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]
GENERIC: dict[str, Any] = {"orders": {"customer_mode": "generic"}}


def of_company(name: str, **who: str) -> dict[str, Any]:
    body = buyer(**who)
    return {**body, "billing": {**body["billing"], "company": name}}


def nameless(email: str = "") -> dict[str, Any]:
    """A guest who gave no name, and no company either."""
    return {"billing": {"email": email, "country": "FR"}, "shipping": {"country": "FR"}}


def currencies_of(world: World) -> dict[str, str]:
    return {one["DisplayName"]: one["CurrencyRef"]["value"] for one in world.names("Customer")}


def twice_in_each_currency(world: World, **who: Any) -> None:
    world.company_control("preferences", multicurrency=True, currencies={"USD": "0.92"})
    for currency in ("EUR", "USD", "EUR", "USD"):
        world.add_order(line_items=TEA, currency=currency, **who)


# The three modes


def test_the_customer_bears_the_buyers_name_and_details(world: World) -> None:
    world.add_order(line_items=TEA)
    run_to_end(world.connect())
    found = details_of(world, "Jeanne Moreau")
    assert (found["GivenName"], found["FamilyName"]) == ("Jeanne", "Moreau")
    assert found["PrimaryEmailAddr"]["Address"] == "jeanne@moreau.example"
    assert found["BillAddr"]["Line1"] == "1 rue du Port"


def test_an_organisation_bears_the_companys_name_with_the_person_in_it(world: World) -> None:
    world.add_order(line_items=TEA, **of_company("Maison Swann"))
    run_to_end(world.connect(orders={"customer_mode": "organisation"}))
    found = details_of(world, "Maison Swann")
    assert (found["CompanyName"], found["GivenName"], found["FamilyName"]) == ("Maison Swann", "Jeanne", "Moreau")
    assert customers(world) == ["Maison Swann"]


@pytest.mark.parametrize("mode", ["generic", "organisation"])
def test_buyers_who_share_a_customer_are_named_on_their_own_documents(world: World, mode: str) -> None:
    world.add_order(line_items=TEA, **of_company("Maison Swann"))
    world.add_order(line_items=TEA, **of_company("Maison Swann", first="Odette", email="odette@crecy.example"))
    run_to_end(world.connect(orders={"customer_mode": mode}))
    sales = world.names("SalesReceipt")
    assert len({one["CustomerRef"]["value"] for one in sales}) == 1
    named = {(one["BillAddr"]["Line1"], one["BillEmail"]["Address"]) for one in sales}
    assert named == {("Jeanne Moreau", "jeanne@moreau.example"), ("Odette Moreau", "odette@crecy.example")}


def test_without_a_company_the_organisation_is_the_customer_that_original_has(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    world.apply(world.document(orders={"customer_mode": "organisation"}))
    world.add_order(line_items=TEA)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert len({one["CustomerRef"]["value"] for one in world.documents()}) == 1


def test_the_generic_customer_has_the_chosen_name_and_nobodys_details(world: World) -> None:
    world.add_order(line_items=TEA)
    run_to_end(world.connect(orders={"customer_mode": "generic", "generic_customer": "Ventes en ligne"}))
    found = details_of(world, "Ventes en ligne")
    assert customers(world) == ["Ventes en ligne"]
    assert not {"PrimaryEmailAddr", "BillAddr", "ShipAddr", "PrimaryPhone", "FamilyName"} & set(found)


@pytest.mark.parametrize("held_by", ["Vendor", "Customer"])
def test_the_generic_customer_is_the_one_of_its_name_and_told_apart_from_a_vendor(world: World, held_by: str) -> None:
    world.edit_books(held_by, create={"DisplayName": "WooCommerce Customer"})
    for _order in range(2):
        world.add_order(line_items=TEA)
    run_to_end(world.connect(**GENERIC))
    expected = "WooCommerce Customer" if held_by == "Customer" else "WooCommerce Customer (customer)"
    assert customers(world) == [expected]
    assert customer_of(world) == [expected] * 2


# Which of the company's customers it is


def test_our_own_link_goes_before_the_e_mail_and_the_e_mail_before_the_name(world: World) -> None:
    by_name = existing(world, "Jeanne Moreau")
    by_email = existing(world, "J. M.", "jeanne@moreau.example")
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    assert [one["CustomerRef"]["value"] for one in world.documents()] == [by_email]
    world.edit_books("Customer", id=by_email, change={"PrimaryEmailAddr": {"Address": "left@office.example"}})
    world.edit_books("Customer", id=by_name, change={"PrimaryEmailAddr": {"Address": "jeanne@moreau.example"}})
    world.add_order(line_items=TEA)
    world.make_names_old(tenant)
    run_to_end(tenant)
    assert [one["CustomerRef"]["value"] for one in world.documents()] == [by_email] * 2


def test_a_namesakes_name_is_the_same_every_time(world: World) -> None:
    existing(world, "Jeanne Moreau", "another@jeanne.example")
    tenant = world.connect()
    for _order in range(3):
        world.add_order(line_items=TEA)
        run_to_end(tenant)
        Link.objects.filter(kind="customer").delete()
    assert customers(world) == ["Jeanne Moreau", "Jeanne Moreau (jeanne@moreau.example)"]
    assert customer_of(world) == ["Jeanne Moreau (jeanne@moreau.example)"] * 3


@pytest.mark.parametrize("choice", ["existing", "new"])
def test_another_name_behind_a_known_e_mail_is_the_existing_customer_unless_chosen(world: World, choice: str) -> None:
    existing(world, "Jeanne Moreau", "jeanne@moreau.example")
    world.add_order(line_items=TEA, **buyer("Marcel", "Proust"))
    run_to_end(world.connect(customers={"same_email_other_name": choice}))
    assert customer_of(world) == ["Jeanne Moreau" if choice == "existing" else "Marcel Proust"]


@pytest.mark.parametrize("kind", ["Vendor", "Employee"])
def test_an_inactive_vendor_or_employee_still_stands_in_the_way(world: World, kind: str) -> None:
    body = {"DisplayName": "Jeanne Moreau", "GivenName": "Jeanne", "FamilyName": "Moreau"}
    made = world.edit_books(kind, create=body)
    world.edit_books(kind, id=str((made.get(kind) or made)["Id"]), change={"Active": False})
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert_no_duplicates(world)
    (name,) = customer_of(world)
    assert name.startswith("Jeanne Moreau")


def test_an_organisation_that_is_a_vendor_too_gets_the_word_behind_its_name(world: World) -> None:
    world.edit_books("Vendor", create={"DisplayName": "Maison Swann"})
    for _order in range(2):
        world.add_order(line_items=TEA, **of_company("Maison Swann"))
    run_to_end(world.connect(orders={"customer_mode": "organisation"}))
    assert customers(world) == ["Maison Swann (customer)"]


def test_an_inactive_namesake_with_another_e_mail_is_left_alone(world: World) -> None:
    old = existing(world, "Jeanne Moreau", "another@jeanne.example")
    world.edit_books("Customer", id=old, change={"Active": False})
    world.add_order(line_items=TEA)
    tenant = world.connect(customers={"reactivate": True})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert [one["CustomerRef"]["value"] for one in world.documents()] != [old]
    assert not next(one for one in world.names("Customer") if one["Id"] == old)["Active"]


# Guests


def test_a_guest_without_any_name_is_their_e_mail(world: World) -> None:
    for _order in range(2):
        world.add_order(line_items=TEA, **nameless("guest@quai.example"))
    run_to_end(world.connect())
    assert customers(world) == ["guest@quai.example"]


def test_a_guest_without_name_and_e_mail_is_the_generic_customer(world: World) -> None:
    order_id = world.add_order(line_items=TEA, **nameless())
    tenant = world.connect()
    run_to_end(tenant)
    assert record_of(tenant, order_id).state == "synced"
    assert customers(world) == ["WooCommerce Customer"]


# Currencies


def test_the_generic_customer_is_one_for_each_currency(world: World) -> None:
    twice_in_each_currency(world)
    tenant = world.connect(**GENERIC)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 4}
    assert currencies_of(world) == {"WooCommerce Customer": "EUR", "WooCommerce Customer (USD)": "USD"}


def test_an_organisation_is_one_customer_for_each_currency(world: World) -> None:
    twice_in_each_currency(world, **of_company("Maison Swann"))
    tenant = world.connect(orders={"customer_mode": "organisation"})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 4}
    assert currencies_of(world) == {"Maison Swann": "EUR", "Maison Swann (USD)": "USD"}


def test_a_customer_in_another_currency_with_the_buyers_e_mail_is_not_taken(world: World) -> None:
    world.company_control("preferences", multicurrency=True, currencies={"USD": "0.92"})
    existing(world, "Jeanne Moreau", "jeanne@moreau.example", CurrencyRef={"value": "USD"})
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, currency="USD")
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    used = {one["CurrencyRef"]["value"]: one["CustomerRef"]["name"] for one in world.documents()}
    assert used["USD"] == "Jeanne Moreau"
    assert used["EUR"] != "Jeanne Moreau"
    assert len(customers(world)) == 2


# Texts as the store writes them


def test_names_companies_and_addresses_are_decoded_once(world: World) -> None:
    who = of_company("Swann &amp; Fils &amp;lt;SARL&amp;gt;", last="Moreau &amp; Cie")
    who["billing"]["address_1"] = "1 rue &quot;du Port&quot;"
    world.add_order(line_items=TEA, **who)
    run_to_end(world.connect())
    found = details_of(world, "Jeanne Moreau & Cie")
    assert found["CompanyName"] == "Swann & Fils &lt;SARL&gt;"
    assert '1 rue "du Port"' in found["BillAddr"].values()
    [sale] = world.names("SalesReceipt")
    lines = sale["BillAddr"]
    assert "Swann & Fils &lt;SARL&gt;" in lines.values()
    assert '1 rue "du Port"' in lines.values()


def test_a_long_name_keeps_the_e_mail_that_tells_it_apart(world: World) -> None:
    first, last = "J" * 60, "M" * 60
    world.add_order(line_items=TEA, **buyer(first, last))
    world.add_order(line_items=TEA, **buyer(first, last, "jeanne@elsewhere.example"))
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert sorted(len(name) <= 100 for name in customers(world)) == [True, True]
    assert any(name.endswith("(jeanne@elsewhere.example)") for name in customers(world))


@pytest.mark.parametrize("kind", ["colon", "emoji"])
def test_namesakes_with_odd_characters_are_still_two(world: World, kind: str) -> None:
    last = {"colon": "Moreau:Fils", "emoji": "Moreau 🌸"}[kind]
    for email in ("jeanne@moreau.example", "jeanne@elsewhere.example"):
        world.add_order(line_items=TEA, **buyer("Jeanne", last, email))
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    plain = {"colon": "Jeanne Moreau Fils", "emoji": "Jeanne Moreau 🌸"}[kind]
    assert customers(world) == [plain, f"{plain} (jeanne@elsewhere.example)"]

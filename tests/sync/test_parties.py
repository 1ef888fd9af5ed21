"""Customers and items: found, created, told apart, and never taken for somebody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from sync.models import Link, MirrorEntry, Posting, Run
from tenants.models import Company
from tests.sync.world import World, assert_no_duplicates, buyer, merged, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]


def customers(world: World) -> list[str]:
    return sorted(one["DisplayName"] for one in world.names("Customer"))


def customer_of(world: World) -> list[str]:
    return sorted(one["CustomerRef"]["name"] for one in world.documents())


def existing(world: World, name: str, email: str = "", **more: Any) -> str:
    body = {"DisplayName": name, **({"PrimaryEmailAddr": {"Address": email}} if email else {}), **more}
    made = world.edit_books("Customer", create=body)
    return str((made.get("Customer") or made)["Id"])


# Customers


def test_a_known_e_mail_is_the_customer_whatever_the_case(world: World) -> None:
    existing(world, "J. Moreau", "Jeanne@Moreau.example")
    world.add_order(line_items=TEA)
    run_to_end(world.connect())
    assert customer_of(world) == ["J. Moreau"]


def test_a_namesake_with_another_e_mail_becomes_a_customer_of_his_own(world: World) -> None:
    existing(world, "Jeanne Moreau", "another@jeanne.example")
    world.add_order(line_items=TEA)
    run_to_end(world.connect())
    assert customer_of(world) == ["Jeanne Moreau (jeanne@moreau.example)"]


def test_two_namesakes_in_one_slice_are_two_customers(world: World) -> None:
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, **buyer(email="jeanne@elsewhere.example"))
    run_to_end(world.connect())
    assert customers(world) == ["Jeanne Moreau", "Jeanne Moreau (jeanne@elsewhere.example)"]


def test_a_name_without_an_e_mail_is_taken_for_the_buyer(world: World) -> None:
    existing(world, "Jeanne Moreau")
    world.add_order(line_items=TEA)
    run_to_end(world.connect())
    assert customers(world) == ["Jeanne Moreau"]


@pytest.mark.parametrize(("choice", "expected"), [("existing", 1), ("new", 2)])
def test_one_e_mail_with_another_name_follows_the_choice(world: World, choice: str, expected: int) -> None:
    world.add_order(line_items=TEA)
    world.add_order(line_items=TEA, **buyer("Marcel", "Moreau"))
    tenant = world.connect(customers={"same_email_other_name": choice})
    run_to_end(tenant)
    assert len(customers(world)) == expected
    assert states(tenant) == {"synced": 2}


@pytest.mark.parametrize("kind", ["Vendor", "Employee"])
def test_a_vendor_or_employee_with_the_buyers_name_gets_company(world: World, kind: str) -> None:
    names = {"GivenName": "Jeanne", "FamilyName": "Moreau"}
    world.edit_books(kind, create={"DisplayName": "Jeanne Moreau", **names})
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert customers(world) == ["Jeanne Moreau (customer)"]


@pytest.mark.parametrize("kind", ["Vendor", "Customer"])
def test_a_name_given_out_by_hand_after_we_looked_is_met_and_told_apart(world: World, kind: str) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    world.edit_books(kind, create={"DisplayName": "Jeanne Moreau", "PrimaryEmailAddr": {"Address": "b@other.example"}})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    (name,) = customer_of(world)
    assert name in ("Jeanne Moreau (customer)", "Jeanne Moreau (jeanne@moreau.example)")


def test_the_same_buyer_made_by_hand_meanwhile_is_adopted_by_the_id_quickbooks_names(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    by_hand = existing(world, "Jeanne Moreau", "jeanne@moreau.example")
    run = run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert Link.objects.get(kind="customer").qbo_id == by_hand
    assert customers(world) == ["Jeanne Moreau"]
    assert run.qbo_reads == 1


@pytest.mark.parametrize("reactivate", [False, True])
def test_an_inactive_customer_is_reactivated_only_by_option(world: World, reactivate: bool) -> None:
    order_id = world.add_order(line_items=TEA)
    old = existing(world, "Jeanne Moreau", "jeanne@moreau.example")
    world.edit_books("Customer", id=old, change={"Active": False})
    tenant = world.connect(customers={"reactivate": reactivate})
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    if reactivate:
        assert record.state == "synced"
        assert world.documents()[0]["CustomerRef"]["value"] == old
    else:
        assert (record.state, record.reason) == ("attention", "inactive_customer")
        assert world.documents() == []


def test_a_customer_made_inactive_after_we_linked_it_is_noticed(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    linked = Link.objects.get(kind="customer").qbo_id
    world.edit_books("Customer", id=linked, change={"Active": False})
    order_id = world.add_order(line_items=TEA)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.state, record.reason) == ("attention", "inactive_customer")
    assert len(world.documents()) == 1


@pytest.mark.parametrize("mode", ["generic", "organisation"])
def test_several_buyers_share_a_customer_where_the_mode_says_so(world: World, mode: str) -> None:
    for who in (buyer(), buyer("Marcel", "Proust", "marcel@proust.example")):
        who["billing"]["company"] = "Maison Swann"
        world.add_order(line_items=TEA, **who)
    tenant = world.connect(orders={"customer_mode": mode})
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert customers(world) == ["WooCommerce Customer" if mode == "generic" else "Maison Swann"]


@pytest.mark.parametrize(
    ("first", "last"),
    [("Zoé 🌸", "Moreau"), ("Moreau:", "Fils"), ("J" * 90, "M" * 90), ("Jeanne", "Moreau &amp; Fils")],
    ids=["emoji", "colon", "long", "entities"],
)
def test_a_name_that_quickbooks_would_refuse_is_written_so_that_it_takes_it_and_stays_one_customer(
    world: World, first: str, last: str
) -> None:
    tenant = world.connect()
    for _order in range(2):
        world.add_order(line_items=TEA, **buyer(first, last))
        run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    (name,) = customers(world)
    assert ":" not in name
    assert "&amp;" not in name
    assert len(name) <= 500


def test_without_a_company_the_organisation_is_the_buyer_and_the_record_says_so(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect(orders={"customer_mode": "organisation"})
    run_to_end(tenant)
    assert customers(world) == ["Jeanne Moreau"]
    assert "no_company" in {one["reason"] for one in record_of(tenant, order_id).notices}


# Details of those that exist


def details_of(world: World, name: str = "J. Moreau") -> dict[str, Any]:
    return next(one for one in world.names("Customer") if one["DisplayName"] == name)


def with_phone(phone: str, street: str = "1 rue du Port") -> dict[str, Any]:
    who = buyer()
    return {**who, "billing": {**who["billing"], "phone": phone, "address_1": street}}


def test_empty_fields_of_an_existing_customer_are_filled_in_once(world: World) -> None:
    existing(world, "J. Moreau", "jeanne@moreau.example", BillAddr={"Line1": "An older street", "City": "Lyon"})
    tenant = world.connect()
    for phone in ("0600000001", "0600000001", "0600000002"):
        world.add_order(line_items=TEA, **with_phone(phone))
        run_to_end(tenant)
    found = details_of(world)
    assert found["PrimaryPhone"]["FreeFormNumber"] == "0600000001"
    assert found["BillAddr"]["Line1"] == "An older street"
    assert found["ShipAddr"]["Line1"] == "1 rue du Port"
    updates = Posting.objects.filter(entity="Customer", operation="update")
    assert [set(one.payload) for one in updates] == [{"Id", "SyncToken", "sparse", "PrimaryPhone", "ShipAddr"}]


def test_by_option_the_newest_order_replaces_them(world: World) -> None:
    existing(world, "J. Moreau", "jeanne@moreau.example", BillAddr={"Line1": "An older street", "City": "Lyon"})
    tenant = world.connect(customers={"update": "overwrite"})
    for phone, street in (
        ("0600000001", "2 rue du Lac"),
        ("0600000001", "2 rue du Lac"),
        ("0600000002", "3 rue du Lac"),
    ):
        world.add_order(line_items=TEA, **with_phone(phone, street))
        run_to_end(tenant)
    found = details_of(world)
    assert (found["PrimaryPhone"]["FreeFormNumber"], found["BillAddr"]["Line1"]) == ("0600000002", "3 rue du Lac")
    assert found["DisplayName"] == "J. Moreau"
    assert Posting.objects.filter(entity="Customer", operation="update").count() == 2


def test_by_option_they_are_never_touched(world: World) -> None:
    existing(world, "J. Moreau", "jeanne@moreau.example")
    world.add_order(line_items=TEA, **with_phone("0600000001"))
    run_to_end(world.connect(customers={"update": "never"}))
    assert "PrimaryPhone" not in details_of(world)


def test_details_that_quickbooks_refuses_hold_no_order(world: World) -> None:
    """Somebody changed the customer meanwhile: what is filled in comes with the next order."""
    qbo_id = existing(world, "J. Moreau", "jeanne@moreau.example")
    tenant = world.connect()
    world.edit_books("Customer", id=qbo_id, change={"Notes": "calls on Mondays"})
    for _number in range(2):
        world.add_order(line_items=TEA, **with_phone("0600000001"))
        run_to_end(tenant)
        assert set(states(tenant)) == {"synced"}
    assert details_of(world)["PrimaryPhone"]["FreeFormNumber"] == "0600000001"
    assert details_of(world)["Notes"] == "calls on Mondays"


def test_buyers_of_one_company_do_not_replace_each_others_details(world: World) -> None:
    tenant = world.connect(
        orders={**world.document()["orders"], "customer_mode": "organisation"}, customers={"update": "overwrite"}
    )
    for phone in ("0600000001", "0600000002"):
        who = with_phone(phone)
        world.add_order(line_items=TEA, **{**who, "billing": {**who["billing"], "company": "Port & Fils"}})
        run_to_end(tenant)
    assert details_of(world, "Port & Fils")["PrimaryPhone"]["FreeFormNumber"] == "0600000001"


# Items


def test_an_item_with_the_sku_is_used_and_remembered_when_its_sku_goes(world: World) -> None:
    tenant = world.connect()
    account = next(one for one in world.names("Account") if one["Name"] == "Sales of Product Income")
    made = world.edit_books(
        "Item",
        create={
            "Name": "Sencha", "Sku": " the-sen-100 ", "Type": "Service", "IncomeAccountRef": {"value": account["Id"]},
        },
    )  # fmt: skip
    item = str((made.get("Item") or made)["Id"])
    world.add_order(line_items=TEA)
    world.make_names_old(tenant)
    run_to_end(tenant)
    assert Link.objects.get(kind="item").qbo_id == item
    world.edit_books("Item", id=item, change={"Sku": "another"})
    world.add_order(line_items=TEA)
    world.make_names_old(tenant)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 2}
    assert Link.objects.filter(kind="item").count() == 1


def test_two_items_with_one_sku_are_a_question(world: World) -> None:
    account = next(one for one in world.names("Account") if one["Name"] == "Sales of Product Income")
    for name in ("Sencha", "Sencha 2"):
        ref = {"IncomeAccountRef": {"value": account["Id"]}}
        world.edit_books("Item", create={"Name": name, "Sku": "THE-SEN-100", "Type": "Service", **ref})
    order_id = world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    assert record_of(tenant, order_id).reason == "ambiguous_sku"
    assert world.documents() == []


def test_two_products_of_one_name_are_two_items(world: World) -> None:
    first = world.add_order(line_items=[{"sku": "BOI-WAS-100"}])
    second = world.add_order(line_items=[{"sku": "BOI-WAS-100B"}])
    tenant = world.connect()
    run_to_end(tenant)
    assert {record_of(tenant, one).state for one in (first, second)} == {"synced"}
    names = [one["Name"] for one in world.names("Item") if "washi" in one["Name"]]
    assert len(names) == len(set(names)) == 2


@pytest.mark.parametrize("reactivate", [False, True])
def test_an_inactive_item_is_reactivated_only_by_option(world: World, reactivate: bool) -> None:
    world.add_order(line_items=TEA)
    document = world.document(items={"reactivate": reactivate})
    world.apply(document)
    tenant = world.document_tenant()
    run_to_end(tenant)
    item = Link.objects.get(kind="item").qbo_id
    world.edit_books("Item", id=item, change={"Active": False})
    order_id = world.add_order(line_items=TEA)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    if reactivate:
        assert record.state == "synced"
        assert len(world.documents()) == 2
    else:
        assert (record.state, record.reason) == ("attention", "inactive_item")


def test_a_product_that_may_not_be_created_is_named_and_uses_the_default_once_there_is_one(world: World) -> None:
    order_id = world.add_order(line_items=TEA)
    document = world.document(items={"create": False}, orders={"default_item": None})
    world.apply(document)
    tenant = world.document_tenant()
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.reason, record.details["sku"]) == ("unmatched_product", "THE-SEN-100")
    assert customers(world) == [], "a held order leaves no customer behind"
    world.apply(merged(document, orders={"default_item": "Online sale"}))
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}


# The mirror


def test_a_change_read_that_leaves_a_sku_out_does_not_forget_it(world: World) -> None:
    world.add_order(line_items=TEA)
    tenant = world.connect()
    run_to_end(tenant)
    item = MirrorEntry.objects.get(kind="Item", sku="THE-SEN-100")
    world.edit_books("Item", id=item.qbo_id, change={"Description": "touched"})
    Link.objects.filter(kind="item").delete()
    world.add_order(line_items=TEA, **buyer("Ana", "Lopez", "ana@lopez.example"))
    world.make_names_old(tenant)
    run_to_end(tenant)
    item.refresh_from_db()
    assert item.sku == "THE-SEN-100"
    assert states(tenant) == {"synced": 2}


@pytest.mark.parametrize(("days", "is_read_whole"), [(27, False), (40, True), (400, True)])
def test_lists_that_are_too_old_to_be_brought_up_to_date_are_read_whole(
    world: World, days: int, is_read_whole: bool
) -> None:
    tenant = world.connect()
    existing(world, "Jeanne Moreau", "jeanne@moreau.example")
    world.add_order(line_items=TEA)
    world.make_names_old(tenant, days=days)
    world.forget_stats()
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 1}
    assert customers(world) == ["Jeanne Moreau"]
    company = Company.objects.get()
    assert company.names_read_at is not None
    assert timezone.now() - company.names_read_at < timedelta(hours=1)
    assert (world.stats()["reads"] > 1) == is_read_whole
    assert_no_duplicates(world)


def test_more_changes_than_one_answer_holds_lead_to_whole_lists(world: World) -> None:
    tenant = world.connect()
    for number in range(1001):
        existing(world, f"Customer {number}")
    world.add_order(line_items=TEA)
    world.make_names_old(tenant)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant) == {"synced": 1}
    assert MirrorEntry.objects.filter(kind="Customer").count() == 1002

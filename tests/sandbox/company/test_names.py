"""Customers, items and the small lists: which names are taken, and what an inactive entry looks like."""

import pytest

from tests.sandbox.company.desk import Desk


def test_a_taken_name_answers_the_id_of_its_holder(desk: Desk) -> None:
    holder = desk.customer("Zoé Ménard")
    error = desk.refused("Customer", {"DisplayName": "ZOÉ MÉNARD"})
    assert error["code"] == "6240"
    assert error["Detail"] == f"The name supplied already exists. : Id={holder}"


@pytest.mark.parametrize("other", ["Vendor", "Employee"])
def test_a_name_held_by_another_kind_of_person_gives_no_id(desk: Desk, other: str) -> None:
    desk.post(other, {"DisplayName": "Paul Roux"})
    error = desk.refused("Customer", {"DisplayName": "Paul Roux"})
    assert error["Detail"] == (
        "The name supplied already exists. : Another customer, vendor or employee is already using this name. "
        "Please use a different name."
    )


def test_an_inactive_customer_shows_a_suffix_and_still_holds_the_name(desk: Desk) -> None:
    ident = desk.customer("Paul Roux")
    gone = desk.post("Customer", {"Id": ident, "SyncToken": "0", "sparse": True, "Active": False})
    assert gone["DisplayName"] == "Paul Roux (deleted)"
    assert desk.query("SELECT * FROM Customer") == {}
    assert desk.query("SELECT * FROM Customer WHERE Active IN (true, false)")["maxResults"] == 1
    assert desk.refused("Customer", {"DisplayName": "Paul Roux"})["Detail"].endswith(f"Id={ident}")
    assert desk.refused("SalesReceipt", desk.sale(ident))["code"] == "610"
    back = desk.post("Customer", {"Id": ident, "SyncToken": "1", "sparse": True, "Active": True})
    assert back["DisplayName"] == "Paul Roux"


@pytest.mark.parametrize("name", ["a:b", "a\tb", "a\nb"])
def test_a_name_takes_no_colon_tab_or_newline(desk: Desk, name: str) -> None:
    assert desk.refused("Customer", {"DisplayName": name})["code"] == "2040"
    income = desk.named("Account", "Services")
    item = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": income}}
    assert desk.refused("Item", item)["code"] == "2040"


def test_a_display_name_is_built_from_its_parts(desk: Desk) -> None:
    made = desk.post("Customer", {"GivenName": "Ada", "FamilyName": "Lovelace"})
    assert made["DisplayName"] == "Ada Lovelace"
    assert desk.refused("Customer", {"Notes": "nobody"})["code"] == "6080"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"GivenName": "x" * 101}, "2050"),
        ({"PrimaryPhone": {"FreeFormNumber": "1" * 22}}, "2050"),
        ({"PrimaryEmailAddr": {"Address": "no-at-sign"}}, "2210"),
        ({"WebAddr": {"URI": "not an address"}}, "2200"),
        ({"BillAddr": {"Line9": "x"}}, "2010"),
        ({"BillAddr": {"PostalCode": "1" * 31}}, "2050"),
        ({"PreferredDeliveryMethod": "Email"}, "6420"),
        ({"CurrencyRef": {"value": "USD"}}, "6000"),
        ({"PaymentMethodRef": {"value": "999"}}, "2500"),
    ],
)
def test_a_customer_is_checked_field_by_field(desk: Desk, change: dict[str, object], code: str) -> None:
    assert desk.refused("Customer", {"DisplayName": "Alice", **change})["code"] == code
    desk.customer("Alice")


def test_an_inventory_item_needs_all_that_stock_needs(desk: Desk) -> None:
    body = {
        "Name": "Lamp",
        "Type": "Inventory",
        "Sku": "LAMP-1",
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
        "PurchaseCost": "4.00",
        "IncomeAccountRef": {"value": desk.named("Account", "Sales of Product Income")},
        "ExpenseAccountRef": {"value": desk.named("Account", "Cost of Goods Sold")},
        "AssetAccountRef": {"value": desk.named("Account", "Inventory Asset")},
    }
    for name in ("InvStartDate", "ExpenseAccountRef", "AssetAccountRef", "TrackQtyOnHand"):
        assert desk.refused("Item", {key: value for key, value in body.items() if key != name})["code"] == "2020"
    assert desk.refused("Item", {**body, "QtyOnHand": None})["code"] == "6520"
    assert desk.refused("Item", {**body, "AssetAccountRef": body["IncomeAccountRef"]})["code"] == "6430"
    lamp = desk.post("Item", body)
    customer = desk.customer()
    early = desk.sale(customer, desk.line(10, item="Lamp", Qty=2, UnitPrice=5))
    assert desk.refused("SalesReceipt", {**early, "TxnDate": "2025-12-31"})["code"] == "6270"
    receipt = desk.post("SalesReceipt", early)
    assert desk.get("Item", lamp["Id"])["QtyOnHand"] == 8
    assert (desk.balance("Inventory Asset"), desk.balance("Cost of Goods Sold")) == (32, 8)
    desk.post("CreditMemo", early)
    assert desk.get("Item", lamp["Id"])["QtyOnHand"] == 10
    desk.post("SalesReceipt", {"Id": receipt["Id"], "SyncToken": "0"}, operation="delete")
    assert desk.get("Item", lamp["Id"])["QtyOnHand"] == 12
    desk.control("preferences", {"inventory": False})
    assert desk.refused("Item", {**body, "Name": "Lamp 2"})["code"] == "5030"


def test_an_item_without_type_is_a_service_and_names_are_unique_per_parent(desk: Desk) -> None:
    income = {"value": desk.named("Account", "Services")}
    category = desk.post("Item", {"Name": "Shoes", "Type": "Category"})
    first = desk.post("Item", {"Name": "Boot", "IncomeAccountRef": income})
    assert first["Type"] == "Service"
    child = {"Name": "Boot", "Type": "NonInventory", "IncomeAccountRef": income, "ParentRef": {"value": category["Id"]}}
    assert desk.post("Item", child)["FullyQualifiedName"] == "Shoes:Boot"
    assert desk.refused("Item", {"Name": "boot", "IncomeAccountRef": income})["code"] == "6240"
    assert desk.refused("Item", {"Name": "Laces", "Type": "Service"})["code"] == "2020"


def test_classes_and_locations_must_be_switched_on(desk: Desk) -> None:
    assert desk.refused("Class", {"Name": "Web"})["code"] == "5030"
    desk.control("preferences", {"classes": True, "locations": True})
    web, shop = desk.post("Class", {"Name": "Web"}), desk.post("Department", {"Name": "Online"})
    refs = {"ClassRef": {"value": web["Id"]}, "DepartmentRef": {"value": shop["Id"]}}
    body = desk.sale(desk.customer(), desk.line(10, ClassRef={"value": web["Id"]}), **refs)
    receipt = desk.post("SalesReceipt", body)
    assert receipt["DepartmentRef"]["name"] == "Online"
    assert receipt["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "Web"
    desk.control("preferences", {"classes": False, "locations": False})
    plain = desk.post("SalesReceipt", body)
    assert "ClassRef" not in plain
    assert "DepartmentRef" not in plain


def test_a_british_item_needs_both_accounts(open_company) -> None:  # type: ignore[no-untyped-def]
    desk = open_company(profile="gb")
    income = {"value": desk.named("Account", "Services")}
    assert desk.refused("Item", {"Name": "Tea", "Type": "Service", "IncomeAccountRef": income})["code"] == "2020"


def test_an_account_is_created_with_its_classification(desk: Desk) -> None:
    made = desk.post("Account", {"Name": "Klarna clearing", "AccountType": "Bank"})
    assert made["Classification"] == "Asset"
    assert desk.get("Account", made["Id"])["CurrentBalance"] == 0
    assert desk.refused("Account", {"Name": "Nothing"})["code"] == "6010"

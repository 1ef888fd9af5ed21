"""The query language: what is found, what is hidden, what is refused."""

from collections.abc import Callable

import pytest

from tests.sandbox.company.desk import Desk, error_of


def names(desk: Desk, statement: str) -> list[str]:
    return [one["DisplayName"] for one in desk.query(statement).get("Customer", [])]


@pytest.fixture
def people(desk: Desk) -> Desk:
    for name, mail in (("Adam's Café", "adam@example.com"), ("Bob", "bob@example.com"), ("C_D", "cd@example.org")):
        desk.customer(name, PrimaryEmailAddr={"Address": mail})
    return desk


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (r"DisplayName = 'adam\'s café'", ["Adam's Café"]),
        ("displayname LIKE '%b%'", ["Bob"]),
        ("DisplayName LIKE '_o_'", []),
        ("PrimaryEmailAddr = 'BOB@example.com'", ["Bob"]),
        ("PrimaryEmailAddr LIKE '%.org'", ["C_D"]),
        ("DisplayName IN ('Bob', 'C_D')", ["Bob", "C_D"]),
        ("DisplayName > 'B' AND DisplayName < 'C'", ["Bob"]),
        ("Balance = '0' AND DisplayName = 'Bob'", ["Bob"]),
        ("CompanyName = 'None'", []),
        ("MetaData.CreateTime > '2199-01-01'", []),
        ("MetaData.LastUpdatedTime >= '2020-01-31T10:20:30-08:00' AND Active = true AND DisplayName = 'Bob'", ["Bob"]),
    ],
)
def test_conditions(people: Desk, condition: str, found: list[str]) -> None:
    assert names(people, f"select * from Customer where {condition}") == found


def test_ids_are_compared_with_equals_and_in(people: Desk) -> None:
    ident = people.query("SELECT * FROM Customer WHERE DisplayName = 'Bob'")["Customer"][0]["Id"]
    assert names(people, f"SELECT * FROM Customer WHERE Id IN ('{ident}', '999')") == ["Bob"]
    assert error_of(people.call("POST", "query", f"SELECT * FROM Customer WHERE Id > '{ident}'"))["code"] == "4001"


def test_order_pages_and_counts(people: Desk) -> None:
    statement = "SELECT * FROM Customer ORDERBY DisplayName DESC STARTPOSITION 2 MAXRESULTS 1"
    answer = people.query(statement)
    assert [one["DisplayName"] for one in answer["Customer"]] == ["Bob"]
    assert (answer["startPosition"], answer["maxResults"]) == (2, 1)
    assert names(people, "SELECT * FROM Customer ORDER BY DisplayName") == ["Adam's Café", "Bob", "C_D"]
    assert people.query("SELECT COUNT(*) FROM Customer WHERE DisplayName = 'Bob'") == {"totalCount": 1}
    assert people.query("SELECT * FROM Customer STARTPOSITION 9") == {}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("", "4000"),
        ("SELECT FROM Customer", "4000"),
        ('SELECT * FROM Customer WHERE DisplayName = "Bob"', "4000"),
        ("SELECT * FROM Customer WHERE Id = 5", "4000"),
        ("SELECT * FROM Customer WHERE DisplayName != 'Bob'", "4000"),
        ("SELECT * FROM Customer WHERE DisplayName = 'Bob' OR DisplayName = 'Eve'", "4000"),
        ("SELECT * FROM Customer WHERE (DisplayName = 'Bob')", "4000"),
        ("SELECT * FROM Customer LIMIT 5", "4000"),
        ("SELECT * FROM Customer WHERE DisplayName = 'Bob", "4000"),
        ("SELECT * FROM Spaceship", "4001"),
        ("SELECT * FROM Customer WHERE Colour = 'red'", "4001"),
        ("SELECT * FROM Customer MAXRESULTS 1001", "4001"),
        ("SELECT * FROM Customer STARTPOSITION 0", "4001"),
        ("SELECT * FROM Customer WHERE Active = 'true'", "4001"),
        ("SELECT * FROM Invoice WHERE DepartmentRef = '1'", "4001"),
        ("SELECT * FROM Payment WHERE DocNumber = '1'", "4001"),
        ("SELECT * FROM Item WHERE IncomeAccountRef = '1'", "4001"),
    ],
)
def test_a_statement_outside_the_language_is_refused(desk: Desk, statement: str, code: str) -> None:
    assert error_of(desk.call("POST", "query", statement))["code"] == code


def test_an_item_shows_its_sku_only_when_asked(desk: Desk) -> None:
    income = {"value": desk.named("Account", "Services")}
    desk.post("Item", {"Name": "Lamp", "Type": "Service", "Sku": "L-1", "IncomeAccountRef": income})
    assert "Sku" not in desk.query("SELECT * FROM Item WHERE Sku = 'L-1'")["Item"][0]
    assert desk.query("SELECT *, Sku FROM Item WHERE Sku = 'L-1'")["Item"][0]["Sku"] == "L-1"
    projected = desk.query("SELECT Id, Name FROM Item WHERE Name = 'Lamp'")["Item"][0]
    assert set(projected) == {"Id", "Name", "domain", "sparse"}


def test_documents_are_found_by_number_date_customer_and_amount(desk: Desk) -> None:
    customer = desk.customer()
    desk.post("SalesReceipt", desk.sale(customer, DocNumber="W-1"))
    desk.post("SalesReceipt", desk.sale(customer, desk.line(10), DocNumber="W-2", TxnDate="2026-04-01"))
    statement = f"SELECT * FROM SalesReceipt WHERE CustomerRef = '{customer}' AND TxnDate >= '2026-03-05'"
    assert [one["DocNumber"] for one in desk.query(statement)["SalesReceipt"]] == ["W-2", "W-1"]
    assert desk.query("SELECT COUNT(*) FROM SalesReceipt WHERE TotalAmt > '100.00'") == {"totalCount": 1}
    assert desk.query("SELECT * FROM SalesReceipt WHERE DocNumber IN ('w-1')")["maxResults"] == 1


def test_a_query_may_come_by_get_with_spaces_and_accents(desk: Desk) -> None:
    desk.customer("Zoé")
    answer = desk.call("GET", "query", query="SELECT * FROM Customer WHERE DisplayName = 'Zoé'")
    assert answer.status == 200
    assert "Zoé".encode() in answer.body


def test_us_codes_tax_and_non_are_pseudo_codes(open_company: Callable[..., Desk]) -> None:
    desk = open_company(profile="us")
    found = {one["Id"] for one in desk.query("SELECT * FROM TaxCode")["TaxCode"]}
    assert {"TAX", "NON"} <= found
    assert desk.query("SELECT * FROM CompanyInfo")["CompanyInfo"][0]["Country"] == "US"
    assert desk.query("SELECT * FROM Preferences")["Preferences"][0]["TaxPrefs"]["UsingSalesTax"] is False

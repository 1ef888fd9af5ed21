"""What a sales document becomes in the books, and what is refused."""

from decimal import Decimal

import pytest

from tests.sandbox.company.desk import Desk


def test_a_sales_receipt_comes_back_completed(desk: Desk) -> None:
    customer = desk.customer(BillAddr={"Line1": "3 rue des Lilas", "City": "Paris", "Country": "France"})
    receipt = desk.post("SalesReceipt", desk.sale(customer, desk.line("27.50", Qty=2, UnitPrice="13.75")))
    assert receipt["TotalAmt"] == Decimal("33")
    assert receipt["SyncToken"] == "0"
    assert receipt["CustomerRef"] == {"value": customer, "name": "Alice Martin"}
    assert receipt["BillAddr"]["City"] == "Paris"
    assert receipt["DepositToAccountRef"]["name"] == "Undeposited Funds"
    assert receipt["Line"][-1] == {
        "Amount": Decimal("27.5"),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
    assert "PrivateNote" not in receipt


def test_a_sales_receipt_needs_no_customer_but_an_invoice_does(desk: Desk) -> None:
    body = desk.sale("0")
    del body["CustomerRef"]
    assert "CustomerRef" not in desk.post("SalesReceipt", body)
    error = desk.refused("Invoice", body)
    assert error["code"] == "2020"
    assert error["Detail"] == "Required parameter CustomerRef is missing in the request"


def test_the_amount_must_be_the_exact_product_rounded_half_up(desk: Desk) -> None:
    customer = desk.customer()
    right = desk.line("1861.08", Qty="128.350", UnitPrice="14.50")
    desk.post("SalesReceipt", desk.sale(customer, right))
    wrong = desk.line("1861.07", Qty="128.350", UnitPrice="14.50")
    error = desk.refused("SalesReceipt", desk.sale(customer, wrong))
    assert (error["code"], error["Detail"]) == (
        "6070",
        "Amount is not equal to UnitPrice * Qty. Supplied value:1,861.07",
    )


def test_seven_decimals_of_a_unit_price_are_kept(desk: Desk) -> None:
    line = desk.line("277.69", Qty=3, UnitPrice="92.5633333")
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer(), line))
    assert receipt["Line"][0]["SalesItemLineDetail"]["UnitPrice"] == Decimal("92.5633333")


def test_negative_lines_pass_while_the_total_does_not_fall_below_zero(desk: Desk) -> None:
    customer = desk.customer()
    receipt = desk.post("SalesReceipt", desk.sale(customer, desk.line(10), desk.line(-10, item="Discount")))
    assert receipt["TotalAmt"] == 0
    error = desk.refused("SalesReceipt", desk.sale(customer, desk.line(10), desk.line("-10.01", item="Discount")))
    assert error["code"] == "6000"
    assert "Transaction amount must be 0 or greater" in error["Detail"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"DocNumber": "x" * 22}, "2050", "Min:0 Max:21 supported. Supplied length:22"),
        ({"PrivateNote": "x" * 4001}, "2050", "Min:0 Max:4,000 supported. Supplied length:4,001"),
        ({"CustomerMemo": {"value": "x" * 1016}}, "2050", "Min:0 Max:1,000 supported. Supplied length:1,016"),
        ({"Colour": "red"}, "2010", 'Unrecognized field "Colour"'),
        ({"Line": []}, "2020", "Required parameter Line is missing in the request"),
        ({"CustomerRef": {"value": "999"}}, "2500", "Invalid Reference Id : Names element id 999 not found"),
        ({"DepositToAccountRef": {"value": "999"}}, "2500", "Accounts element id 999 not found"),
        ({"TxnDate": "5 March"}, "2060", "Invalid Date"),
        ({"TxnDate": "2026-02-30"}, "2070", "Invalid Date"),
        ({"EmailStatus": "NeedToSend"}, "6420", "Email"),
        ({"BillEmail": {"Address": "nobody"}}, "2210", "nobody"),
        ({"GlobalTaxCalculation": "Perhaps"}, "2170", "Perhaps"),
        ({"CurrencyRef": {"value": "USD"}}, "6000", "multicurrency"),
        ({"ExchangeRate": "a lot"}, "2080", "a lot"),
    ],
)
def test_a_wrong_property_is_refused_in_quickbooks_words(
    desk: Desk, change: dict[str, object], code: str, words: str
) -> None:
    body = desk.sale(desk.customer())
    desk.post("SalesReceipt", body)
    error = desk.refused("SalesReceipt", {**body, **change})
    assert error["code"] == code
    assert words in error["Detail"]


def test_a_line_needs_an_item_that_exists_and_is_active(desk: Desk) -> None:
    customer = desk.customer()
    line = desk.line(10)
    del line["SalesItemLineDetail"]["ItemRef"]
    assert desk.refused("SalesReceipt", desk.sale(customer, line))["code"] == "6440"
    line["SalesItemLineDetail"]["ItemRef"] = {"value": "404"}
    assert desk.refused("SalesReceipt", desk.sale(customer, line))["code"] == "2500"
    fee = desk.named("Item", "Fee")
    desk.control("edit", {"type": "Item", "id": fee, "change": {"Active": False}})
    line["SalesItemLineDetail"]["ItemRef"] = {"value": fee}
    assert desk.refused("SalesReceipt", desk.sale(customer, line))["code"] == "610"
    desk.control("behaviour", {"inactive_items": "6000"})
    assert "You need to activate this item" in desk.refused("SalesReceipt", desk.sale(customer, line))["Detail"]


def test_a_document_number_is_unique_within_its_type(desk: Desk) -> None:
    body = desk.sale(desk.customer(), DocNumber="W1001")
    first = desk.post("Invoice", body)
    desk.post("SalesReceipt", body)
    error = desk.refused("Invoice", body)
    assert error["code"] == "6140"
    assert error["Detail"].endswith(f"DocNumber=W1001 is assigned to TxnType=Invoice with TxnId={first['Id']}")
    assert desk.post("Invoice", body, include="allowduplicatedocnum")["DocNumber"] == "W1001"
    desk.control("behaviour", {"duplicate_numbers": "accept"})
    desk.post("Invoice", body)


def test_a_company_may_hold_numbers_unique_over_all_sales(desk: Desk) -> None:
    body = desk.sale(desk.customer(), DocNumber="W1001")
    desk.post("Invoice", body)
    desk.control("behaviour", {"number_family": "all"})
    assert "TxnType=Invoice" in desk.refused("SalesReceipt", body)["Detail"]


def test_without_custom_numbers_the_company_gives_its_own(desk: Desk) -> None:
    body = desk.sale(desk.customer(), DocNumber="W7")
    del body["DocNumber"]
    assert "DocNumber" not in desk.post("SalesReceipt", body)
    desk.control("preferences", {"custom_transaction_numbers": False})
    assert desk.post("SalesReceipt", {**body, "DocNumber": "W7"})["DocNumber"] == "1001"
    assert desk.post("SalesReceipt", body)["DocNumber"] == "1002"


def test_nothing_is_written_into_closed_books(desk: Desk) -> None:
    body = desk.sale(desk.customer())
    old = desk.post("Invoice", body)
    desk.control("preferences", {"book_close_date": "2026-03-31"})
    assert "account period has closed" in desk.refused("Invoice", body)["Detail"]
    assert desk.refused("Invoice", {"Id": old["Id"], "SyncToken": "0"}, operation="delete")["code"] == "6210"
    desk.post("Invoice", {**body, "TxnDate": "2026-04-01"})


def test_an_ended_subscription_takes_no_more_data(desk: Desk) -> None:
    body = desk.sale(desk.customer())
    desk.control("preferences", {"subscription_status": "EXPIRED"})
    error = desk.refused("SalesReceipt", body)
    assert error["code"] == "6190"
    assert "trial or subscription period ended" in error["Detail"]
    assert desk.query("SELECT * FROM Customer")["maxResults"] == 1


def test_a_refund_receipt_names_the_account_the_money_leaves(desk: Desk) -> None:
    body = desk.sale(desk.customer())
    assert "Select a bank account" in desk.refused("RefundReceipt", body)["Detail"]
    income = desk.named("Account", "Services")
    error = desk.refused("RefundReceipt", {**body, "DepositToAccountRef": {"value": income}})
    assert error["code"] == "6430"
    bank = desk.named("Account", "Bank")
    assert desk.post("RefundReceipt", {**body, "DepositToAccountRef": {"value": bank}})["TotalAmt"] == 120
    assert desk.balance("Bank") == -120


def test_a_discount_line_is_spread_over_the_items_for_tax(desk: Desk) -> None:
    discount = {
        "DetailType": "DiscountLineDetail",
        "Amount": 30,
        "DiscountLineDetail": {"PercentBased": False},
    }
    body = desk.sale(desk.customer(), desk.line(100), desk.line(200, "10.0% S"), discount)
    receipt = desk.post("SalesReceipt", body)
    assert [line["Amount"] for line in receipt["TxnTaxDetail"]["TaxLine"]] == [Decimal("18"), Decimal("18")]
    assert receipt["TotalAmt"] == 270 + 36
    assert desk.balance("Discounts given") == 30
    desk.control("preferences", {"discounts": False})
    assert desk.refused("SalesReceipt", body)["code"] == "5030"


def test_a_multicurrency_company_wants_active_currencies_and_the_customers_own(desk: Desk) -> None:
    desk.control("preferences", {"currencies": {"USD": "0.92"}})
    dollars = {"CurrencyRef": {"value": "USD"}}
    euro_customer, dollar_customer = desk.customer("Eve"), desk.customer("Dan", **dollars)
    assert desk.refused("SalesReceipt", desk.sale(dollar_customer))["code"] == "2020"
    assert desk.refused("SalesReceipt", desk.sale(dollar_customer, CurrencyRef={"value": "GBP"}))["code"] == "2220"
    assert "currency of the customer" in desk.refused("SalesReceipt", desk.sale(euro_customer, **dollars))["Detail"]
    receipt = desk.post("SalesReceipt", desk.sale(dollar_customer, **dollars))
    assert (receipt["ExchangeRate"], receipt["HomeTotalAmt"]) == (Decimal("0.92"), Decimal("110.4"))
    assert desk.balance("Undeposited Funds") == Decimal("110.40")


def test_more_than_750_taxable_lines_are_refused(desk: Desk) -> None:
    line = desk.line(1)
    assert "750" in desk.refused("SalesReceipt", desk.sale(desk.customer(), *[line] * 751))["Detail"]


def test_the_built_in_shipping_item_needs_its_preference(desk: Desk) -> None:
    line = desk.line(5)
    line["SalesItemLineDetail"]["ItemRef"] = {"value": "SHIPPING_ITEM_ID"}
    body = desk.sale(desk.customer(), desk.line(10), line)
    assert desk.post("SalesReceipt", body)["TotalAmt"] == 18
    assert desk.balance("Shipping Income") == -5
    desk.control("preferences", {"shipping": False})
    assert desk.refused("SalesReceipt", body)["code"] == "2500"

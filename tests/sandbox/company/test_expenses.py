"""Expenses: what leaves a bank account for a cost, and from which accounts it may."""

from typing import Any

from tests.sandbox.company.desk import Desk


def expense(desk: Desk, amount: Any = 5, *, account: str = "Stripe clearing", **more: Any) -> dict[str, Any]:
    detail = {"AccountRef": {"value": desk.named("Account", "Bank charges")}}
    line = {
        "DetailType": "AccountBasedExpenseLineDetail", "Amount": amount, "Description": "Fee",
        "AccountBasedExpenseLineDetail": detail,
    }  # fmt: skip
    paid_from = {"value": desk.named("Account", account)}
    return {"PaymentType": "Cash", "AccountRef": paid_from, "TxnDate": "2026-03-06", "Line": [line], **more}


def test_an_expense_lowers_the_account_it_is_paid_from(desk: Desk) -> None:
    made = desk.post("Purchase", expense(desk, 5.25, PrivateNote="woo:x:1:fee", GlobalTaxCalculation="NotApplicable"))
    assert (made["TotalAmt"], made["AccountRef"]["name"]) == (5.25, "Stripe clearing")
    assert (desk.balance("Stripe clearing"), desk.balance("Bank charges")) == (-5.25, 5.25)
    found = desk.query("SELECT * FROM Purchase WHERE TxnDate = '2026-03-06'")
    assert [one["Id"] for one in found["Purchase"]] == [made["Id"]]
    desk.post("Purchase", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert (desk.balance("Stripe clearing"), desk.balance("Bank charges")) == (0, 0)


def test_only_a_bank_account_pays(desk: Desk) -> None:
    assert desk.refused("Purchase", expense(desk, account="Undeposited Funds"))["code"] == "6430"
    assert desk.refused("Purchase", {**expense(desk), "PaymentType": "CreditCard"})["code"] == "6430"
    assert desk.refused("Purchase", expense(desk, -1))["code"] == "6000"
    assert desk.refused("Purchase", {**expense(desk), "CustomerRef": {"value": "1"}})["code"] == "2010"
    assert desk.refused("Purchase", {**expense(desk), "Line": []})["code"] == "2020"

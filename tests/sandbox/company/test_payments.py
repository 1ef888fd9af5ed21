"""Payments and credits: what they close, and what they may not."""

from typing import Any

from tests.sandbox.company.desk import Desk


def payment(customer: str, total: Any, *links: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": ident, "TxnType": kind}]} for kind, ident, amount in links]
    return {"CustomerRef": {"value": customer}, "TotalAmt": total, "TxnDate": "2026-03-06", "Line": lines, **more}


def test_a_payment_closes_an_invoice_and_raises_its_sync_token(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer))
    account = {"value": desk.named("Account", "Stripe clearing")}
    paid = desk.post("Payment", payment(customer, 120, ("Invoice", invoice["Id"], 120), DepositToAccountRef=account))
    closed = desk.get("Invoice", invoice["Id"])
    assert (closed["Balance"], closed["SyncToken"]) == (0, "1")
    assert closed["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    assert (desk.balance("Stripe clearing"), desk.balance("Accounts Receivable (A/R)")) == (120, 0)
    assert desk.get("Customer", customer)["Balance"] == 0


def test_a_payment_needs_an_amount_and_a_customer(desk: Desk) -> None:
    customer = desk.customer()
    error = desk.refused("Payment", {"CustomerRef": {"value": customer}})
    assert error["Detail"] == "Business Validation Error: You must set a transaction amount."
    assert desk.refused("Payment", {"TotalAmt": 5})["code"] == "2020"
    assert desk.post("Payment", payment(customer, 5))["UnappliedAmt"] == 5


def test_no_more_than_the_open_balance_can_be_paid(desk: Desk) -> None:
    customer = desk.customer()
    ident = desk.post("Invoice", desk.sale(customer))["Id"]
    assert desk.refused("Payment", payment(customer, 121, ("Invoice", ident, 121)))["code"] == "6000"
    assert desk.refused("Payment", payment(customer, 100, ("Invoice", ident, 120)))["code"] == "6000"
    desk.post("Payment", payment(customer, 120, ("Invoice", ident, 120)))
    assert desk.refused("Payment", payment(customer, 1, ("Invoice", ident, 1)))["code"] == "620"
    assert desk.get("Invoice", ident)["SyncToken"] == "1"


def test_only_the_customers_own_documents_can_be_linked(desk: Desk) -> None:
    ident = desk.post("Invoice", desk.sale(desk.customer("Alice")))["Id"]
    other = desk.customer("Bob")
    assert desk.refused("Payment", payment(other, 120, ("Invoice", ident, 120)))["code"] == "620"
    assert desk.refused("Payment", payment(other, 120, ("Invoice", "999", 120)))["code"] == "620"
    assert desk.refused("Payment", payment(other, 120, ("SalesReceipt", ident, 120)))["code"] == "620"


def test_a_payment_of_zero_applies_a_credit_to_an_invoice(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer))
    memo = desk.post("CreditMemo", desk.sale(customer, desk.line(50)))
    assert memo["RemainingCredit"] == 60
    links = (("Invoice", invoice["Id"], 40), ("CreditMemo", memo["Id"], 40))
    desk.post("Payment", payment(customer, 0, *links))
    assert desk.get("Invoice", invoice["Id"])["Balance"] == 80
    assert desk.get("CreditMemo", memo["Id"])["RemainingCredit"] == 20
    assert desk.get("Customer", customer)["Balance"] == 60


def test_auto_apply_uses_a_new_credit_at_once(desk: Desk) -> None:
    desk.control("preferences", {"auto_apply_credit": True})
    customer = desk.customer()
    first = desk.post("Invoice", desk.sale(customer, desk.line(10)))
    second = desk.post("Invoice", desk.sale(customer))
    memo = desk.post("CreditMemo", desk.sale(customer, desk.line(50)))
    assert memo["RemainingCredit"] == 0
    assert [desk.get("Invoice", one["Id"])["Balance"] for one in (first, second)] == [0, 72]
    made = desk.query("SELECT * FROM Payment")["Payment"][0]
    assert (made["TotalAmt"], made["PrivateNote"]) == (0, "Created by QB Online to link credits to charges.")


def test_deleting_or_voiding_an_invoice_frees_its_payment(desk: Desk) -> None:
    customer = desk.customer()
    for operation in ("delete", "void"):
        invoice = desk.post("Invoice", desk.sale(customer))
        paid = desk.post("Payment", payment(customer, 120, ("Invoice", invoice["Id"], 120)))
        desk.post("Invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation=operation)
        freed = desk.get("Payment", paid["Id"])
        assert (freed["UnappliedAmt"], freed["Line"], freed["SyncToken"]) == (120, [], "1")
    assert desk.get("Customer", customer)["Balance"] == -240


def test_deleting_a_payment_opens_the_invoice_again(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer))
    paid = desk.post("Payment", payment(customer, 120, ("Invoice", invoice["Id"], 120)))
    desk.post("Payment", {"Id": paid["Id"], "SyncToken": "0"}, operation="delete")
    opened = desk.get("Invoice", invoice["Id"])
    assert (opened["Balance"], opened["LinkedTxn"], opened["SyncToken"]) == (120, [], "2")


def test_an_invoice_that_shrinks_below_its_payment_leaves_the_rest_unapplied(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer))
    paid = desk.post("Payment", payment(customer, 120, ("Invoice", invoice["Id"], 120)))
    smaller = {"Id": invoice["Id"], "SyncToken": "1", "sparse": True, "Line": [desk.line(50)]}
    assert desk.post("Invoice", smaller)["Balance"] == 0
    assert desk.get("Payment", paid["Id"])["UnappliedAmt"] == 60
    assert desk.get("Customer", customer)["Balance"] == -60


def test_an_updated_payment_moves_to_another_invoice(desk: Desk) -> None:
    customer = desk.customer()
    first, second = (desk.post("Invoice", desk.sale(customer))["Id"] for _ in range(2))
    paid = desk.post("Payment", payment(customer, 120, ("Invoice", first, 120)))
    change = {**payment(customer, 120, ("Invoice", second, 120)), "Id": paid["Id"], "SyncToken": "0", "sparse": True}
    desk.post("Payment", change)
    assert [desk.get("Invoice", ident)["Balance"] for ident in (first, second)] == [120, 0]


def test_a_deposit_on_an_invoice_lowers_its_balance(desk: Desk) -> None:
    customer = desk.customer()
    body = desk.sale(customer, Deposit=50)
    assert desk.post("Invoice", body)["Balance"] == 70
    assert (desk.balance("Undeposited Funds"), desk.balance("Accounts Receivable (A/R)")) == (50, 70)
    assert desk.refused("Invoice", {**body, "Deposit": 121})["code"] == "6000"
    desk.control("preferences", {"deposits": False})
    assert desk.post("Invoice", body)["Balance"] == 120


def test_a_refused_payment_leaves_no_trace(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer))
    before = desk.ledger()
    desk.refused("Payment", payment(customer, 120, ("Invoice", invoice["Id"], 100), ("Invoice", "999", 20)))
    assert desk.ledger() == before

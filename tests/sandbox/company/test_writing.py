"""Updates, deletes and voids: what stays, what is lost, and who is too late."""

from tests.sandbox.company.desk import Desk, error_of


def test_a_stale_sync_token_is_refused(desk: Desk) -> None:
    ident = desk.customer()
    change = {"Id": ident, "SyncToken": "0", "sparse": True, "Notes": "first"}
    assert desk.post("Customer", change)["SyncToken"] == "1"
    error = desk.refused("Customer", change)
    assert error["code"] == "5010"
    assert "were working on this at the same time" in error["Detail"]


def test_a_full_update_nulls_what_it_leaves_out_and_a_sparse_one_does_not(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer(), PrivateNote="Order 7", DocNumber="W7"))
    sparse = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True, "CustomerMemo": {"value": "Thanks"}}
    kept = desk.post("SalesReceipt", sparse)
    assert (kept["PrivateNote"], kept["CustomerMemo"]["value"], kept["TotalAmt"]) == ("Order 7", "Thanks", 120)
    full = {**desk.sale("0"), "Id": receipt["Id"], "SyncToken": "1"}
    del full["CustomerRef"]
    lost = desk.post("SalesReceipt", full)
    assert {"PrivateNote", "CustomerRef", "DocNumber", "CustomerMemo"}.isdisjoint(lost)


def test_a_sparse_update_with_lines_replaces_all_lines_and_computes_the_tax_anew(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer(), desk.line(100), desk.line(50)))
    kept = {"Id": receipt["Line"][1]["Id"], **desk.line(60)}
    changed = desk.post(
        "SalesReceipt", {"Id": receipt["Id"], "SyncToken": "0", "sparse": True, "Line": [kept, desk.line(1)]}
    )
    assert [line.get("Id") for line in changed["Line"]] == ["2", "3", None]
    assert changed["TotalAmt"] == desk.balance("Undeposited Funds")
    assert str(changed["TotalAmt"]) == "73.2"


def test_sending_the_old_tax_back_with_new_lines_keeps_the_old_tax(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer()))
    change = {**receipt, "sparse": True, "Line": [desk.line(200)]}
    assert desk.post("SalesReceipt", change)["TotalAmt"] == 220


def test_delete_leaves_a_stub_and_takes_the_amounts_back(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer()))
    identity = {"Id": receipt["Id"], "SyncToken": "0"}
    gone = desk.post("SalesReceipt", identity, operation="delete")
    assert gone == {"status": "Deleted", "domain": "QBO", "Id": receipt["Id"]}
    assert desk.balance("Undeposited Funds") == 0
    assert "Another user has deleted this transaction" in desk.refused("SalesReceipt", identity)["Detail"]
    assert error_of(desk.call("GET", f"salesreceipt/{receipt['Id']}"))["code"] == "610"


def test_a_delete_that_echoes_what_no_schema_knows_is_refused(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer()))
    assert desk.refused("SalesReceipt", {**receipt, "SalesReceiptEx": {}}, operation="delete")["code"] == "2010"


def test_names_cannot_be_deleted(desk: Desk) -> None:
    assert desk.refused("Customer", {"Id": desk.customer(), "SyncToken": "0"}, operation="delete")["code"] == "500"


def test_a_void_keeps_the_document_with_zero_amounts(desk: Desk) -> None:
    invoice = desk.post("Invoice", desk.sale(desk.customer(), PrivateNote="Order 7"))
    voided = desk.post("Invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided - Order 7")
    assert voided["Line"][0]["SalesItemLineDetail"]["Qty"] == 0
    assert desk.balance("Accounts Receivable (A/R)") == 0
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer("Bob")))
    identity = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True}
    assert desk.post("SalesReceipt", identity, operation="update", include="void")["PrivateNote"] == "Voided"
    memo = desk.post("CreditMemo", desk.sale(desk.customer("Eve")))
    assert desk.refused("CreditMemo", {"Id": memo["Id"], "SyncToken": "0"}, operation="void")["code"] == "500"


def test_a_deposited_receipt_cannot_be_changed(desk: Desk) -> None:
    receipt = desk.post("SalesReceipt", desk.sale(desk.customer()))
    where = {"type": "SalesReceipt", "id": receipt["Id"]}
    deposited = desk.control("deposit", where)
    assert deposited["LinkedTxn"][0]["TxnType"] == "Deposit"
    assert (desk.balance("Bank"), desk.balance("Undeposited Funds")) == (120, 0)
    identity = {"Id": receipt["Id"], "SyncToken": deposited["SyncToken"]}
    for operation in ("delete", "update"):
        error = desk.refused("SalesReceipt", {**identity, "sparse": True, "PrivateNote": "x"}, operation=operation)
        assert error["code"] == "6540"
        assert "This transaction has been deposited." in error["Detail"]
    desk.control("deposit", {**where, "undo": True})
    assert (desk.balance("Bank"), desk.balance("Undeposited Funds")) == (0, 120)


def test_a_customers_currency_and_an_items_type_do_not_change(desk: Desk) -> None:
    ident = desk.customer()
    changed = desk.post("Customer", {"Id": ident, "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "USD"}})
    assert changed["CurrencyRef"]["value"] == "EUR"


def test_preferences_are_changed_with_their_sync_token(desk: Desk) -> None:
    token = desk.read_control("preferences")["SyncToken"]
    change = {"SyncToken": token, "SalesFormsPrefs": {"CustomTxnNumbers": False}}
    assert desk.post("Preferences", change)["SalesFormsPrefs"]["CustomTxnNumbers"] is False
    assert desk.refused("Preferences", change)["code"] == "5010"


def test_a_body_must_be_utf_8_json(desk: Desk) -> None:
    assert error_of(desk.call("POST", "customer", b'{"DisplayName": "Zo\xe9"}'))["code"] == "500"
    assert error_of(desk.call("POST", "customer", b"{"))["code"] == "2010"
    assert error_of(desk.call("POST", "customer", {"Id": "abc", "SyncToken": "0"}))["code"] == "2030"
    assert error_of(desk.call("POST", "spaceship", {}))["code"] == "500"

"""Whatever happens to a company, its books balance."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.company.app import Company
from sandbox.http import Response
from tests.sandbox.company.desk import Desk, parsed

KINDS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt", "Payment")
CODES = ("20.0% S", "5.5% S", "DE 19.0% S", "0.0% S")
ITEMS = ("Online sale", "Shipping", "Lamp")

amounts = st.integers(min_value=-2_000, max_value=90_000).map(lambda cents: Decimal(cents) / 100)
lines = st.tuples(amounts, st.sampled_from(CODES), st.sampled_from(ITEMS))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from(KINDS), st.lists(lines, min_size=1, max_size=4)),
        st.tuples(st.just("change"), st.integers(0, 30), st.lists(lines, min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["delete", "void", "deposit"]), st.integers(0, 30), st.just([])),
    ),
    max_size=12,
)


def _do(desk: Desk, known: dict[str, str], made: list[tuple[str, str]], step: Any) -> None:
    operation, what, wanted = step
    body_lines = [
        {
            "Amount": amount,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": known[item]}, "TaxCodeRef": {"value": known[code]}},
        }
        for amount, code, item in wanted
    ]
    if operation == "create":
        body: dict[str, Any] = {"CustomerRef": {"value": known["customer"]}, "TxnDate": "2026-03-05"}
        if what == "Payment":
            body["TotalAmt"] = abs(wanted[0][0])
            opened = [ident for kind, ident in made if kind == "Invoice"]
            if opened:
                linked = {"TxnId": opened[-1], "TxnType": "Invoice"}
                body["Line"] = [{"Amount": min(body["TotalAmt"], Decimal(5)), "LinkedTxn": [linked]}]
        else:
            body |= {"GlobalTaxCalculation": "TaxExcluded", "Line": body_lines}
            body["DepositToAccountRef"] = {"value": known["Bank"]}
        answer = desk.call("POST", what.lower(), body)
        if answer.status == 200:
            made.append((what, parsed(answer)[what]["Id"]))
    elif made:
        kind, ident = made[what % len(made)]
        edit = {"change": {"Line": body_lines}} if operation == "change" else {operation: True}
        path = "/_sandbox/deposit" if operation == "deposit" else "/_sandbox/edit"
        answered = desk.send("POST", path, {"type": kind, "id": ident, **edit})
        assert isinstance(answered, Response)
        assert answered.status in (200, 400)


def _opened() -> tuple[Desk, dict[str, str]]:
    desk = Desk(Company())
    known = {name: desk.code(name) for name in CODES} | {"customer": desk.customer()}
    known["Bank"] = desk.named("Account", "Bank")
    accounts = {
        "IncomeAccountRef": "Services",
        "ExpenseAccountRef": "Cost of Goods Sold",
        "AssetAccountRef": "Inventory Asset",
    }
    lamp = {name: {"value": desk.named("Account", account)} for name, account in accounts.items()}
    stock = {"TrackQtyOnHand": True, "QtyOnHand": 7, "InvStartDate": "2026-01-01", "PurchaseCost": "3.33"}
    desk.post("Item", {"Name": "Lamp", "Type": "Inventory", **stock, **lamp})
    return desk, known | {name: desk.named("Item", name) for name in ITEMS}


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_all_balances_sum_to_zero_and_agree_with_the_open_documents(steps: list[Any]) -> None:
    desk, known = _opened()
    made: list[tuple[str, str]] = []
    for step in steps:
        _do(desk, known, made, step)
    ledger = desk.ledger()
    balances = {account["Name"]: Decimal(account["balance"]) for account in ledger["accounts"]}
    assert sum(balances.values()) == 0
    assert ledger["sum"] == "0.00"
    documents = ledger["documents"]
    owed = {
        kind: sum((Decimal(one["Balance"]) for one in documents if one["type"] == kind), Decimal(0))
        for kind in ("Invoice", "CreditMemo", "Payment")
    }
    receivable = owed["Invoice"] - owed["CreditMemo"] - owed["Payment"]
    assert balances["Accounts Receivable (A/R)"] == receivable
    assert desk.get("Customer", known["customer"])["Balance"] == receivable
    signs = {"Invoice": 1, "SalesReceipt": 1, "CreditMemo": -1, "RefundReceipt": -1, "Payment": 0}
    taxes = sum((signs[one["type"]] * Decimal(one["TotalTax"]) for one in documents), Decimal(0))
    assert balances["Tax liability"] == -taxes
    desk.company.close()


def test_taking_everything_back_leaves_empty_books() -> None:
    desk, known = _opened()
    before = desk.ledger()["accounts"]
    made: list[tuple[str, str]] = []
    for kind in KINDS:
        _do(desk, known, made, ("create", kind, [(Decimal("19.99"), "20.0% S", "Lamp")]))
    assert len(made) == 5
    for kind, ident in reversed(made):
        desk.control("edit", {"type": kind, "id": ident, "delete": True})
    ledger = desk.ledger()
    assert (ledger["accounts"], ledger["documents"]) == (before, [])
    assert ledger["stock"][0]["QtyOnHand"] == "7"


def test_the_ledger_tells_each_documents_taxes_and_links(desk: Desk) -> None:
    customer = desk.customer()
    invoice = desk.post("Invoice", desk.sale(customer, DocNumber="W1", PrivateNote="Order 1"))
    link = [{"Amount": 20, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}]
    desk.post("Payment", {"CustomerRef": {"value": customer}, "TotalAmt": 20, "Line": link})
    payment, shown = desk.ledger()["documents"]
    assert (shown["TotalAmt"], shown["TotalTax"], shown["Balance"]) == ("120.00", "20.00", "100.00")
    rate = desk.rate_of("20.0% S")
    assert shown["taxes"] == [{"rate_id": rate, "name": "20.0% S", "percent": "20", "net": "100.00", "tax": "20.00"}]
    assert payment["LinkedTxn"] == [{"TxnId": invoice["Id"], "TxnType": "Invoice", "Amount": "20.00"}]

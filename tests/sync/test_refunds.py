"""Refunds follow their sale into the books: the right document, the right account, once, whatever came before it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sync.models import OptionsVersion, Posting, Record, Run
from tenants.models import Tenant
from tests.sync.conftest import NewWorld
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    buyer,
    merged,
    record_of,
    run_to_end,
    states,
)

pytestmark = pytest.mark.django_db

TEA = {"sku": "THE-SEN-100", "quantity": 2}
POT = {"sku": "THI-FON-08", "quantity": 1}


def refund(world: World, order_id: int, **what: Any) -> int:
    """The new refund's id."""
    before = {one["id"] for one in refunds_in_store(world, order_id)}
    world.store_control("refunds", order=order_id, **what)
    world.tick()
    [new] = {one["id"] for one in refunds_in_store(world, order_id)} - before
    return int(new)


def refunds_in_store(world: World, order_id: int) -> list[dict[str, Any]]:
    store = world.box.store.shop
    return [row.document | {"id": row.id} for row in store.database.rows("refund").values() if row.parent == order_id]


def total_of(world: World, order_id: int) -> Decimal:
    return next(Decimal(str(one["total"])) for one in world.store_control("orders") if one["id"] == order_id)


def balance(world: World, account: str) -> str:
    return next(str(one["balance"]) for one in world.ledger()["accounts"] if one["Name"] == account)


def only(world: World, kind: str) -> dict[str, Any]:
    [found] = world.documents(kind)
    return found


def unpaid(world: World, *, at: datetime | None = None, **body: Any) -> int:
    order = {"payment_method": "bacs", "set_paid": False, "status": "on-hold", "line_items": [TEA], **body}
    if at is None:
        return world.add_order(**order)
    added = world.store_control(
        "orders", add={**buyer(), **order}, at=at.replace(tzinfo=None).isoformat(timespec="seconds")
    )
    world.tick()
    return int(added["orders"][0]["id"])


# Which document, and whose money


def test_a_whole_refund_of_a_sales_receipt_leaves_the_clearing_account_at_nothing(world: World) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    refund_id = refund(world, order_id, whole=True)
    tenant = world.connect()
    run_to_end(tenant)
    sale, back = only(world, "SalesReceipt"), only(world, "RefundReceipt")
    assert (back["TotalAmt"], back["TotalTax"]) == (sale["TotalAmt"], sale["TotalTax"])
    assert {tax["name"]: tax["tax"] for tax in back["taxes"]} == {tax["name"]: tax["tax"] for tax in sale["taxes"]}
    assert back["DocNumber"] == f"C{sale['DocNumber']}"
    assert balance(world, "Stripe clearing") == "0.00"
    record = record_of(tenant, refund_id, "refund")
    assert record.state == "synced"
    assert Decimal(record.proof["answered"]["total"]) == Decimal(record.proof["document_total"]) == record.store_total
    assert [event.kind for event in record.events.all()][-3:] == ["posted", "compared", "synced"]


def test_the_refund_of_an_invoice_with_our_payment_takes_the_money_back_out(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    assert only(world, "Invoice")["Balance"] == "0.00"
    assert only(world, "RefundReceipt")["TotalAmt"] == "5.00"
    assert Decimal(balance(world, "Stripe clearing")) == total_of(world, order_id) - 5


def test_the_refund_of_an_unpaid_invoice_is_set_against_it_and_the_later_payment_is_the_rest(world: World) -> None:
    order_id = unpaid(world, at=datetime.now(UTC) - timedelta(days=21))
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    total = total_of(world, order_id)
    assert Decimal(only(world, "Invoice")["Balance"]) == total - 5
    assert only(world, "CreditMemo")["Balance"] == "0.00"
    assert record_of(tenant, refund_id, "refund").state == "synced"
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    assert only(world, "Invoice")["Balance"] == "0.00"
    paid = [one for one in world.documents("Payment") if Decimal(one["TotalAmt"])]
    assert [Decimal(one["TotalAmt"]) for one in paid] == [total - 5]
    assert (paid[0]["DepositToAccountRef"]["name"], paid[0]["TxnDate"]) == ("Undeposited Funds", paid_day(world))
    late = date.fromisoformat(paid[0]["TxnDate"]) - date.fromisoformat(only(world, "Invoice")["TxnDate"])
    assert late.days >= 20


def paid_day(world: World) -> str:
    orders = world.box.store.shop.database.rows("order").values()
    return next(str(row.document["date_paid"])[:10] for row in orders if row.document["date_paid"])


@pytest.mark.parametrize(("choice", "kind"), [("credit_memo", "CreditMemo"), ("refund_receipt", "RefundReceipt")])
@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_the_merchant_may_choose_one_kind_for_all(world: World, choice: str, kind: str, document: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect(document=document, orders={"credit_memos": choice})
    run_to_end(tenant)
    assert only(world, kind)["TotalAmt"] == "5.00"
    record = record_of(tenant, refund_id, "refund")
    assert record.state == "synced"
    left_open = [notice["reason"] for notice in record.notices]
    assert ("credit_left_open" in left_open) == (choice == "credit_memo")


def test_refunds_that_are_entered_by_hand_are_skipped_and_come_back_with_the_choice(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(orders={"credit_memos": "off"})
    run_to_end(tenant)
    assert states(tenant, "refund") == {"skipped:by_hand": 1}
    assert world.documents("RefundReceipt", "CreditMemo") == []
    world.apply(merged(world.document(), orders={"credit_memos": "automatic"}))
    run_to_end(tenant)
    assert states(tenant, "refund") == {"synced": 1}


# Order of things


def test_refunds_are_numbered_by_their_ids_and_never_exceed_the_sale(world: World) -> None:
    order_id = world.add_order(line_items=[TEA, POT])
    tenant = world.connect()
    refund(world, order_id, amount="1.00")
    refund(world, order_id, amount="0.00")
    refund(world, order_id, amount="2.00")
    run_to_end(tenant)
    refund(world, order_id, amount="3.00")
    run_to_end(tenant)
    number = only(world, "SalesReceipt")["DocNumber"]
    made = {one["TotalAmt"]: one["DocNumber"] for one in world.documents("RefundReceipt")}
    assert made == {"1.00": f"C{number}", "2.00": f"C{number}-2", "3.00": f"C{number}-3"}
    assert states(tenant, "refund") == {"synced": 3, "skipped:zero_refund": 1}


def test_a_refund_follows_its_sale_whatever_the_selected_statuses_say(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(orders={"statuses": ["processing"]})
    run_to_end(tenant)
    refund(world, order_id, whole=True)
    world.change_order(order_id, status="refunded")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert states(tenant, "refund") == {"synced": 1}
    assert balance(world, "Stripe clearing") == "0.00"


def test_a_refund_waits_for_a_sale_that_is_held_and_follows_it(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(payments={"default_account": None, "methods": []})
    run_to_end(tenant)
    assert states(tenant) == {"attention:unmapped_gateway": 1}
    assert states(tenant, "refund") == {"waiting:awaiting_sale": 1}
    world.apply(world.document())
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert only(world, "RefundReceipt")["TotalAmt"] == "5.00"


def test_an_order_that_is_paid_while_its_refund_is_on_the_way_is_paid_for_the_rest(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    refund(world, order_id, amount="5.00")
    world.break_company(item_body_contains='"CreditMemo"', fault={"code": "6000", "message": "not today"})
    run_to_end(tenant)
    [reason] = states(tenant, "refund")
    assert reason == "attention:refused_by_quickbooks:6000"
    world.heal()
    world.change_order(order_id, status="processing", set_paid=True)
    assert Record.objects.get(source="refund").queue_again(by="a person")
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert only(world, "Invoice")["Balance"] == "0.00"
    assert Decimal(balance(world, "Undeposited Funds")) == total_of(world, order_id) - 5


# Without a sale


def _refund_of_a_skipped_order(world: World) -> tuple[Tenant, Record]:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect(orders={"statuses": ["completed"]})
    run_to_end(tenant)
    return tenant, record_of(tenant, refund_id, "refund")


def test_a_refund_whose_sale_was_never_sent_is_a_question(world: World) -> None:
    tenant, record = _refund_of_a_skipped_order(world)
    assert (record.state, record.reason) == ("attention", "refund_without_sale")
    assert world.documents() == []
    record.decide("refund_without_sale", "alone", by="a person")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == "synced"
    back = only(world, "RefundReceipt")
    assert (back["TotalAmt"], back["CustomerRef"]["name"]) == ("5.00", "Jeanne Moreau")


def test_a_refund_that_was_a_question_follows_once_its_sale_is_sent(world: World) -> None:
    tenant, record = _refund_of_a_skipped_order(world)
    world.apply(world.document(orders={"statuses": ["processing", "completed"]}))
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == "synced"
    assert only(world, "RefundReceipt")["DocNumber"] == f"C{only(world, 'SalesReceipt')['DocNumber']}"


# Deleted in the store


def test_a_refund_deleted_in_the_store_needs_a_person_once_its_document_stands(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect()
    run_to_end(tenant)
    world.store_control("refunds", delete=refund_id)
    world.change_order(order_id, customer_note="touched")
    run_to_end(tenant)
    record = record_of(tenant, refund_id, "refund")
    assert (record.state, record.reason) == ("attention", "refund_deleted")
    assert len(world.documents("RefundReceipt")) == 1
    # The next one does not take its number.
    refund(world, order_id, amount="2.00")
    run_to_end(tenant)
    numbers = sorted(one["DocNumber"] for one in world.documents("RefundReceipt"))
    assert numbers == [f"C{only(world, 'SalesReceipt')['DocNumber']}{suffix}" for suffix in ("", "-2")]
    assert record_of(tenant, refund_id, "refund").state == "attention"


def test_a_refund_deleted_before_it_was_sent_is_nothing_to_do(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect(payments={"default_account": None, "methods": []})
    run_to_end(tenant)
    world.store_control("refunds", delete=refund_id)
    world.change_order(order_id, customer_note="touched")
    world.apply(world.document())
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"skipped:trash": 1})
    assert world.documents("RefundReceipt") == []


# Cancelled orders


def _cancel(world: World, order_id: int, status: str = "cancelled") -> None:
    world.change_order(order_id, status=status)


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_cancelled_order_takes_its_unpaid_invoice_back_once(world: World, status: str) -> None:
    order_id = unpaid(world, line_items=[TEA, POT])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    _cancel(world, order_id, status)
    run = run_to_end(tenant)
    invoice, memo = only(world, "Invoice"), only(world, "CreditMemo")
    assert (invoice["Balance"], memo["Balance"]) == ("0.00", "0.00")
    assert (memo["TotalAmt"], memo["TotalTax"]) == (invoice["TotalAmt"], invoice["TotalTax"])
    assert memo["DocNumber"] == f"C{invoice['DocNumber']}"
    assert balance(world, "Accounts Receivable (A/R)") == balance(world, "Sales of Product Income") == "0.00"
    assert states(tenant) == {"synced": 1}
    assert run.qbo_reads == 1, "whether somebody else was paid is asked, once"
    before = world.books(tenant)
    world.change_order(order_id, customer_note="touched again")
    assert run_to_end(tenant).qbo_calls == 0
    assert world.books(tenant) == before


def test_a_cancelled_order_may_void_its_invoice(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice", orders={"cancelled": "void"})
    run_to_end(tenant)
    _cancel(world, order_id)
    run_to_end(tenant)
    invoice = only(world, "Invoice")
    assert (invoice["TotalAmt"], invoice["Balance"]) == ("0.00", "0.00")
    assert invoice["PrivateNote"].startswith("Voided")
    assert world.documents("CreditMemo") == []
    assert states(tenant) == {"synced": 1}
    assert "voided" in [event.kind for event in record_of(tenant, order_id).events.all()]


def test_a_void_whose_answer_was_lost_is_not_taken_for_somebodys_change(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice", orders={"cancelled": "void"})
    run_to_end(tenant)
    _cancel(world, order_id)
    world.company_control("behaviour", keep_request_ids=False)
    world.break_company(path_contains="/invoice", action="hang_up_after")
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert only(world, "Invoice")["TotalAmt"] == "0.00"


def test_an_invoice_that_was_changed_by_hand_is_not_voided(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice", orders={"cancelled": "void"})
    run_to_end(tenant)
    world.edit_books("Invoice", id=only(world, "Invoice")["Id"], change={"CustomerMemo": {"value": "by hand"}})
    _cancel(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"attention:edited_in_quickbooks": 1}
    assert Decimal(only(world, "Invoice")["TotalAmt"]) == total_of(world, order_id)


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_an_order_cancelled_after_payment_is_a_question(world: World, document: str) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect(document=document)
    run_to_end(tenant)
    _cancel(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"attention:cancelled_but_paid": 1}
    assert world.documents("CreditMemo", "RefundReceipt") == []
    refund(world, order_id, whole=True)
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert balance(world, "Stripe clearing") == "0.00"


def test_an_invoice_that_somebody_paid_in_quickbooks_is_not_taken_back(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    _pay_by_hand(world)
    _cancel(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"attention:cancelled_but_paid": 1}
    assert world.documents("CreditMemo") == []


def test_the_refund_of_an_invoice_that_somebody_paid_in_quickbooks_stays_the_customers_credit(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    _pay_by_hand(world)
    refund_id = refund(world, order_id, amount="5.00")
    assert run_to_end(tenant).qbo_reads == 1
    record = record_of(tenant, refund_id, "refund")
    assert record.state == "synced"
    assert [notice["reason"] for notice in record.notices] == ["credit_left_open"]
    assert only(world, "CreditMemo")["Balance"] == "5.00"


def _pay_by_hand(world: World) -> None:
    invoice = only(world, "Invoice")
    line = {"Amount": float(invoice["Balance"]), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": float(invoice["Balance"]), "Line": [line]}
    world.edit_books("Payment", create=body)


def test_what_refunds_have_left_of_a_cancelled_order_is_taken_back(world: World) -> None:
    order_id = unpaid(world, line_items=[TEA, POT])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    _cancel(world, order_id)
    run_to_end(tenant)
    total = total_of(world, order_id)
    assert sorted(Decimal(one["TotalAmt"]) for one in world.documents("CreditMemo")) == sorted([Decimal(5), total - 5])
    assert only(world, "Invoice")["Balance"] == "0.00"
    assert balance(world, "Accounts Receivable (A/R)") == "0.00"
    assert_no_duplicates(world)


def test_a_cancelled_order_that_lives_again_is_a_question(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    _cancel(world, order_id)
    run_to_end(tenant)
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    record = record_of(tenant, order_id)
    assert (record.reason, record.details["problem"]) == ("cancelled_but_paid", "restored")
    assert world.documents("Payment") != []
    _cancel(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}


def test_a_free_order_needs_no_taking_back(world: World) -> None:
    order_id = unpaid(world, line_items=[{**TEA, "subtotal": "0.00", "total": "0.00"}])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    _cancel(world, order_id)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    assert world.documents("CreditMemo") == []


# Answers


@pytest.mark.parametrize("rounding", ["per_rate", "per_line"])
@pytest.mark.parametrize("overrides", ["keep", "ignore", "refuse"])
def test_no_refund_ends_synced_with_another_total_or_tax(new_world: NewWorld, overrides: str, rounding: str) -> None:
    world = new_world("fr", captured=True)
    tenant = world.connect()
    world.company_control("behaviour", overrides=overrides, rounding=rounding)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_all_ended(tenant)
    assert_no_duplicates(world)
    documents = {marker(one): one for one in world.documents("RefundReceipt", "CreditMemo")}
    refunds = list(Record.objects.filter(source="refund"))
    for record in refunds:
        standing = documents.get(f"woo:{tenant.key}:{record.parent.woo_id}:refund:{record.woo_id}")
        if record.state == "synced":
            assert standing is not None, record.number
            assert Decimal(standing["TotalAmt"]) == record.store_total, record.number
            assert Decimal(standing["TotalTax"]) == record.store_tax, record.number
        else:
            assert standing is None, (record.number, record.reason)
    assert sum(record.state == "synced" for record in refunds) >= 21


def marker(document: dict[str, Any]) -> str:
    return str(document["PrivateNote"]).split("\n", 1)[0].strip()


def test_a_credit_that_may_not_be_set_against_its_invoice_is_held_and_done_on_retry(world: World) -> None:
    order_id = unpaid(world)
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    world.break_company(
        item_body_contains='"TxnType":"CreditMemo"', fault={"code": "620", "message": "cannot be linked"}
    )
    run_to_end(tenant)
    record = record_of(tenant, refund_id, "refund")
    assert (record.state, record.reason) == ("attention", "refused_by_quickbooks:620")
    assert record.details["number"] == only(world, "CreditMemo")["DocNumber"]
    record.queue_again(by="a person")
    run_to_end(tenant)
    record.refresh_from_db()
    assert record.state == "synced"
    assert only(world, "CreditMemo")["Balance"] == "0.00"
    assert_no_duplicates(world)


def test_sync_tokens_raised_by_our_own_links_are_remembered(world: World) -> None:
    order_id = unpaid(world)
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    world.change_order(order_id, status="processing", set_paid=True)
    run_to_end(tenant)
    for posting in Posting.objects.filter(state="posted", record__isnull=False):
        [document] = [one for one in world.documents(posting.entity) if one["Id"] == posting.qbo_id]
        assert posting.sync_token == document["SyncToken"], posting


def test_the_lines_of_a_refund_are_read_once(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    refund(world, order_id, amount="5.00")
    world.tick()
    first = run_to_end(tenant)
    world.change_order(order_id, customer_note="touched")
    second = run_to_end(tenant)
    assert first.woo_calls - second.woo_calls == 1
    assert second.qbo_calls == 0


def test_a_refund_the_store_will_not_show_is_held_with_the_stores_words(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="5.00")
    tenant = world.connect()
    world.break_store(path_contains="/refunds", action="status", status=400, times=None,
                      body='{"code":"plugin_says_no","message":"No refunds here","data":{"status":400}}')  # fmt: skip
    run_to_end(tenant)
    record = record_of(tenant, refund_id, "refund")
    assert (record.state, record.reason) == ("attention", "refused_by_store:plugin_says_no")
    assert states(tenant) == {"synced": 1}
    world.heal()
    record.queue_again(by="a person")
    run_to_end(tenant)
    assert states(tenant, "refund") == {"synced": 1}


def test_refunds_that_cannot_be_read_do_not_stop_those_of_other_orders(world: World) -> None:
    broken, fine = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA])
    for order_id in (broken, fine):
        refund(world, order_id, amount="5.00")
    tenant = world.connect()
    world.break_store(path_contains=f"/orders/{broken}/refunds", action="status", status=500, times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert states(tenant, "refund") == {"synced": 1, "attention:refused_by_store:store_failed": 1}
    world.heal()
    run_to_end(tenant, order_ids=[broken])
    assert states(tenant, "refund") == {"synced": 2}


def test_an_invoice_deleted_in_quickbooks_takes_no_credit(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    world.edit_books("Invoice", id=only(world, "Invoice")["Id"], delete=True)
    refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    assert states(tenant) == {"attention:document_gone": 1}
    assert states(tenant, "refund") == {"waiting:awaiting_sale": 1}
    assert world.documents("CreditMemo") == []


def test_a_refund_is_governed_by_the_rules_of_the_day_it_is_sent(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = world.connect()
    run_to_end(tenant)
    world.apply(world.document(orders={"credit_memos": "credit_memo"}))
    refund_id = refund(world, order_id, amount="5.00")
    run_to_end(tenant)
    record = record_of(tenant, refund_id, "refund")
    assert record.options_version == OptionsVersion.objects.order_by("-number").first()
    assert only(world, "CreditMemo")["TotalAmt"] == "5.00"

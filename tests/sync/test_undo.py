"""Undo deletes what we created, newest first, once, and nothing where a person or the bank stands in the way."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sync.models import Posting, Record, Request
from tenants.models import Tenant
from tests.sync.asking import carried_out, wish
from tests.sync.test_edits import BOTH, add_line, kinds
from tests.sync.test_fees import sold as paid_with_fee
from tests.sync.test_fees import with_fees
from tests.sync.test_linking import key_in, link, seen
from tests.sync.test_refunds import POT, TEA, only, refund, unpaid
from tests.sync.world import World, assert_all_ended, assert_no_duplicates, record_of, run_to_end, states

pytestmark = pytest.mark.django_db

UNDO = Request.Kind.UNDO


def lived(world: World, document: str) -> tuple[Tenant, Record]:
    """A sale with its payment and a partial refund, all in the books."""
    order_id = world.add_order(line_items=[TEA, POT])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document=document)
    run_to_end(tenant)
    return tenant, record_of(tenant, order_id)


def unpaid_and_refunded(world: World) -> tuple[Tenant, Record]:
    """An invoice with a credit memo set against it."""
    order_id = unpaid(world)
    refund(world, order_id, amount="3.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    return tenant, record_of(tenant, order_id)


@BOTH
def test_everything_of_a_record_goes_and_the_accounts_are_as_before(world: World, document: str, kind: str) -> None:
    tenant, record = lived(world, document)
    documents = len(world.documents())
    world.forget_stats()
    run, outcomes = carried_out(tenant, UNDO, record)
    assert outcomes == ["undone"]
    assert world.documents() == []
    assert {one["balance"] for one in world.ledger()["accounts"]} == {"0.00"}
    assert (record.state, record.reason) == ("skipped", "undone")
    assert states(tenant, "refund") == {"skipped:undone": 1}
    assert sum(world.stats()["deletes"].values()) == documents
    assert run.qbo_reads == len({one.entity for one in Posting.objects.filter(operation="delete")})
    assert not Posting.objects.filter(record__isnull=False, operation="create", state="posted").exists()
    assert kinds(record)[-1] == "undone"
    assert world.stats()["faults"] == {}


def test_an_applied_credit_goes_before_what_it_is_applied_to(world: World) -> None:
    tenant, record = unpaid_and_refunded(world)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]
    assert world.documents() == []
    assert {one["balance"] for one in world.ledger()["accounts"]} == {"0.00"}
    gone = Posting.objects.filter(operation="delete").order_by("pk").values_list("entity", flat=True)
    assert list(gone) == ["Payment", "CreditMemo", "Invoice"]


@BOTH
def test_what_was_undone_stays_away_until_a_person_wants_it_again(world: World, document: str, kind: str) -> None:
    tenant, record = lived(world, document)
    before = world.books(tenant)["documents"]
    carried_out(tenant, UNDO, record)
    add_line(world, record.woo_id)
    run_to_end(tenant)
    run_to_end(tenant, order_ids=[record.woo_id])
    world.apply(world.document(document=document, orders={"number_prefix": "New"}))
    run_to_end(tenant)
    assert world.documents() == []
    world.apply(world.document(document=document))
    record.refresh_from_db()
    assert record.post_again(by="a person")
    run_to_end(tenant)
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert len(world.books(tenant)["documents"]) == len(before)
    assert_no_duplicates(world)
    assert_all_ended(tenant)


def test_one_refund_is_taken_back_alone(world: World) -> None:
    tenant, record = unpaid_and_refunded(world)
    refund_record = Record.objects.get(source="refund")
    invoice = only(world, "Invoice")
    assert carried_out(tenant, UNDO, refund_record)[1] == ["undone"]
    assert (refund_record.state, refund_record.reason) == ("skipped", "undone")
    assert Decimal(only(world, "Invoice")["Balance"]) == Decimal(invoice["TotalAmt"])
    assert [one["type"] for one in world.documents()] == ["Invoice"]
    run_to_end(tenant, order_ids=[record.woo_id])
    assert [one["type"] for one in world.documents()] == ["Invoice"]
    assert refund_record.post_again(by="a person")
    run_to_end(tenant)
    assert Decimal(only(world, "Invoice")["Balance"]) == Decimal(invoice["TotalAmt"]) - 3


def test_an_edited_order_is_taken_back_whole(world: World) -> None:
    tenant, record = lived(world, "invoice")
    add_line(world, record.woo_id)
    run_to_end(tenant)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]
    assert world.documents() == []


def test_a_voided_invoice_is_taken_back(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice", orders={"cancelled": "void"})
    run_to_end(tenant)
    world.change_order(order_id, status="cancelled")
    run_to_end(tenant)
    assert carried_out(tenant, UNDO, record_of(tenant, order_id))[1] == ["undone"]
    assert world.documents() == []


def test_the_fee_of_a_gateway_goes_with_its_sale(world: World) -> None:
    order_id = paid_with_fee(world)
    tenant = with_fees(world)
    run_to_end(tenant)
    assert world.documents("Purchase")
    assert carried_out(tenant, UNDO, record_of(tenant, order_id))[1] == ["undone"]
    assert world.documents() == []
    assert {one["balance"] for one in world.ledger()["accounts"]} == {"0.00"}


def test_a_document_that_was_only_linked_is_not_ours_to_delete(world: World) -> None:
    order_id = world.add_order(line_items=[TEA])
    tenant = seen(world)
    record = record_of(tenant, order_id)
    link(tenant, record, key_in(world, order_id))
    assert carried_out(tenant, UNDO, record)[1] == ["nothing"]
    assert carried_out(tenant, Request.Kind.RESYNC, record)[1] == ["same"]
    add_line(world, order_id)
    run_to_end(tenant)
    record.refresh_from_db()
    assert (record.state, record.reason) == ("attention", "totals_differ")
    assert len(world.documents()) == 1
    assert Posting.objects.exclude(operation="create").count() == 0


# What stands in the way


def assert_untouched(world: World, tenant: Tenant, record: Record, outcome: str, *, attention: str = "") -> None:
    before, was = world.ledger(), (record.state, record.reason)
    world.forget_stats()
    assert carried_out(tenant, UNDO, record)[1] == [outcome]
    assert world.ledger() == before
    assert world.stats()["deletes"] == {}
    assert (record.state, record.reason) == was
    assert record.events.filter(kind="undo_refused").get().details["outcome"] == outcome


@pytest.mark.parametrize(("document", "kind"), [("sales_receipt", "SalesReceipt"), ("invoice", "Payment")])
def test_deposited_money_is_left_alone(world: World, document: str, kind: str) -> None:
    tenant, record = lived(world, document)
    world.company_control("deposit", type=kind, id=only(world, kind)["Id"])
    assert_untouched(world, tenant, record, "deposited")
    world.company_control("deposit", type=kind, id=only(world, kind)["Id"], undo=True)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]


@BOTH
def test_a_closed_period_is_left_alone(world: World, document: str, kind: str) -> None:
    tenant, record = lived(world, document)
    company = tenant.company
    assert company is not None
    company.facts = {**company.facts, "closed_until": only(world, kind)["TxnDate"]}
    company.save(update_fields=["facts"])
    assert_untouched(world, tenant, record, "closed")


@pytest.mark.parametrize("kind", ["Invoice", "Payment", "RefundReceipt"])
def test_what_a_person_changed_is_left_alone(world: World, kind: str) -> None:
    tenant, record = lived(world, "invoice")
    world.edit_books(kind, id=only(world, kind)["Id"], change={"PrivateNote": "by hand"})
    assert_untouched(world, tenant, record, "edited")


def test_an_invoice_that_somebody_else_paid_is_left_alone(world: World) -> None:
    order_id = unpaid(world)
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    invoice = only(world, "Invoice")
    line = {"Amount": 2.0, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    world.edit_books("Payment", create={"CustomerRef": invoice["CustomerRef"], "TotalAmt": 2.0, "Line": [line]})
    assert_untouched(world, tenant, record_of(tenant, order_id), "linked")


def test_what_somebody_deleted_already_is_no_obstacle(world: World) -> None:
    tenant, record = lived(world, "invoice")
    world.edit_books("Payment", id=only(world, "Payment")["Id"], delete=True)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]
    assert world.documents() == []


@pytest.mark.parametrize(("code", "outcome"), [("6540", "deposited"), ("6210", "closed"), ("6000", "refused")])
def test_a_refusal_of_the_first_deletion_leaves_all_as_it_was(world: World, code: str, outcome: str) -> None:
    tenant, record = lived(world, "invoice")
    before = world.ledger()
    fault = {"code": code, "message": "Refused for the test"}
    world.break_company(item_body_contains='"operation":"delete"', fault=fault, times=None)
    assert carried_out(tenant, UNDO, record)[1] == [outcome]
    assert world.ledger() == before
    assert record.state == "synced"


def test_a_refusal_on_the_way_has_what_went_before_sent_again(world: World) -> None:
    tenant, record = lived(world, "invoice")
    before = world.books(tenant)["documents"]
    fault = {"code": "6000", "message": "Refused for the test"}
    world.break_company(item_body_contains='"Invoice":{"Id"', fault=fault, times=None)
    assert carried_out(tenant, UNDO, record)[1] == ["refused"]
    assert world.stats()["deletes"] == {"Payment": 1, "RefundReceipt": 1}
    assert (states(tenant), states(tenant, "refund")) == ({"synced": 1}, {"synced": 1})
    assert world.books(tenant)["documents"] == before
    assert_no_duplicates(world)


# Never twice


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("times", [1, 3, 7])
def test_deletions_whose_answers_are_lost_are_made_once(world: World, keeps: bool, times: int) -> None:
    tenant, record = lived(world, "invoice")
    world.company_control("behaviour", keep_request_ids=keeps)
    world.break_company(path_contains="/batch", action="hang_up_after", times=times)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]
    assert world.documents() == []
    assert (record.state, record.reason) == ("skipped", "undone")
    assert_all_ended(tenant)


def test_a_token_that_rose_otherwise_than_we_thought_is_read_again(world: World) -> None:
    tenant, record = lived(world, "invoice")
    fault = {"code": "5010", "message": "Stale Object Error"}
    world.break_company(item_body_contains='"Invoice":{"Id"', fault=fault, times=1)
    assert carried_out(tenant, UNDO, record)[1] == ["undone"]
    assert world.documents() == []


def test_asking_twice_undoes_once(world: World) -> None:
    tenant, record = lived(world, "sales_receipt")
    wish(tenant, UNDO, record)
    assert wish(tenant, UNDO, record) == []
    assert carried_out(tenant, UNDO)[1] == []
    record.refresh_from_db()
    assert record.reason == "undone"
    assert carried_out(tenant, UNDO, record)[1] == ["nothing"]
    assert record.reason == "undone"


def test_many_records_go_together_with_one_read_for_each_kind(world: World) -> None:
    for _number in range(9):
        world.add_order(line_items=[TEA])
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    run, outcomes = carried_out(tenant, UNDO, *Record.objects.filter(source="order"))
    assert outcomes == ["undone"] * 9
    assert world.documents() == []
    assert run.qbo_reads == 2

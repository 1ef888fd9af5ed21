"""Resync, keep, replace, send again, accept and undo: what the pages offer, write down and say."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sync.models import Record, Request, Run
from tenants.models import AuditEntry, Role, Tenant
from tests.factories import Cast, captured, hold, member, record_of
from tests.sync.asking import carried_out
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.test_refunds import POT, TEA, only, refund
from tests.sync.test_resync import change_by_hand
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, finish, run_to_end


@pytest.fixture
def world(new_world: Any, db: None) -> World:  # noqa: F811
    cache.clear()
    made: World = new_world("fr")
    return made


@pytest.fixture
def shop(world: World) -> tuple[Tenant, Record]:
    order_id = world.add_order(line_items=[TEA, POT])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    return tenant, Record.objects.get(source="order")


@pytest.fixture
def owner(shop: tuple[Tenant, Record]) -> Client:
    return signed_in(member(shop[0], "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def page(client: Client, record: Record) -> str:
    answer = client.get(reverse("record", args=[record.tenant.slug, record.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, name: str, record: Record, **data: str) -> None:
    answer = client.post(reverse(name, args=[record.tenant.slug, record.pk]), data)
    assert answer.status_code == 302, answer.content.decode()
    record.refresh_from_db()


def do_what_was_asked(record: Record) -> Run:
    run = finish(Run.objects.filter(tenant=record.tenant).latest("pk"))
    record.refresh_from_db()
    return run


def test_resync_is_asked_for_once_and_its_outcome_stands_on_the_page(
    owner: Client, shop: tuple[Tenant, Record]
) -> None:
    _tenant, record = shop
    assert 'action="' + reverse("record_resync", args=[record.tenant.slug, record.pk]) in page(owner, record)
    press(owner, "record_resync", record)
    press(owner, "record_resync", record)
    request = Request.objects.get()
    assert (request.kind, request.who) == ("resync", "Alice Dupont")
    waiting = page(owner, record)
    assert "being read and compared" in waiting
    assert reverse("record_resync", args=[record.tenant.slug, record.pk]) not in waiting
    do_what_was_asked(record)
    after = page(owner, record)
    assert "nothing differs" in after
    assert "Read and compared again for Alice Dupont" in after
    assert AuditEntry.objects.filter(action="records.resync").count() == 1


def test_what_was_changed_by_hand_is_shown_side_by_side_with_two_buttons(
    owner: Client, shop: tuple[Tenant, Record], world: World
) -> None:
    tenant, record = shop
    change_by_hand(world, "Invoice")
    carried_out(tenant, Request.Kind.RESYNC, record)
    shown = page(owner, record)
    assert "Changed by hand in QuickBooks" in shown
    assert "Keep QuickBooks’ version" in shown
    assert "Replace with the store’s" in shown
    cause = {"reason": "edited_in_quickbooks", "subject": record.details["number"]}
    answer = owner.post(
        reverse("take_cure", args=[tenant.slug]), {**cause, "action": "replace", "back": str(record.pk)}
    )
    assert answer.status_code == 302
    do_what_was_asked(record)
    assert record.state == "synced"
    assert "had QuickBooks’ version replaced" in page(owner, record)


def test_keeping_is_said_and_can_be_turned_round(owner: Client, shop: tuple[Tenant, Record], world: World) -> None:
    tenant, record = shop
    change_by_hand(world, "Invoice", amount=100.0)
    carried_out(tenant, Request.Kind.RESYNC, record)
    press(owner, "record_keep", record)
    do_what_was_asked(record)
    assert record.reason == "kept_in_quickbooks"
    shown = page(owner, record)
    assert "Alice Dupont kept it so" in shown
    assert reverse("record_replace", args=[tenant.slug, record.pk]) in shown
    press(owner, "record_replace", record)
    do_what_was_asked(record)
    assert record.state == "synced"


def test_a_document_that_is_gone_is_sent_again_or_accepted(
    owner: Client, shop: tuple[Tenant, Record], world: World
) -> None:
    tenant, record = shop
    world.edit_books("Invoice", id=only(world, "Invoice")["Id"], delete=True)
    carried_out(tenant, Request.Kind.RESYNC, record)
    shown = page(owner, record)
    assert "Send it again" in shown
    assert "Accept" in shown
    press(owner, "record_accept", record)
    assert (record.state, record.reason) == ("skipped", "deletion_accepted")
    press(owner, "record_accept", record)
    press(owner, "record_post_again", record)
    assert record.state == "queued"
    do_what_was_asked(record)
    assert record.state == "synced"


def test_a_voided_document_is_sent_again_under_the_next_number_and_the_pages_say_so(
    owner: Client, shop: tuple[Tenant, Record], world: World
) -> None:
    tenant, record = shop
    invoice = only(world, "Invoice")
    following = f"{invoice['DocNumber']}-2"
    world.edit_books("Invoice", id=invoice["Id"], void=True)
    carried_out(tenant, Request.Kind.RESYNC, record)
    card = owner.get(reverse("attention", args=[tenant.slug])).content.decode()
    assert f"What is sent again takes the next one, such as {following}." in card
    press(owner, "record_post_again", record)
    do_what_was_asked(record)
    assert record.state == "synced"
    shown = page(owner, record)
    assert f"Number {invoice['DocNumber']} belongs to a voided document" in shown
    assert f"Sent with number {following} instead" in shown


def test_undo_shows_what_goes_and_then_deletes_it(owner: Client, shop: tuple[Tenant, Record], world: World) -> None:
    tenant, record = shop
    url = reverse("record_undo", args=[tenant.slug, record.pk])
    shown = owner.get(url).content.decode()
    assert "3 documents are deleted" in shown
    assert "Delete 3 documents" in shown
    for document in world.documents():
        assert (document.get("DocNumber") or "Payment") in shown
    assert len(world.documents()) == 3
    press(owner, "record_undo", record)
    press(owner, "record_undo", record)
    assert Request.objects.count() == 1
    do_what_was_asked(record)
    assert world.documents() == []
    after = page(owner, record)
    assert "Removed from QuickBooks" in after
    assert reverse("record_post_again", args=[tenant.slug, record.pk]) in after
    assert url not in after


def test_why_an_undo_was_refused_stands_on_the_page(owner: Client, shop: tuple[Tenant, Record], world: World) -> None:
    _tenant, record = shop
    world.company_control("deposit", type="Payment", id=only(world, "Payment")["Id"])
    press(owner, "record_undo", record)
    do_what_was_asked(record)
    shown = page(owner, record)
    assert "was deposited" in shown
    assert "Not removed from QuickBooks" in shown
    assert len(world.documents()) == 3


def test_a_run_is_undone_and_says_what_stays(owner: Client, shop: tuple[Tenant, Record], world: World) -> None:
    tenant, record = shop
    later = world.add_order(line_items=[TEA])
    refund(world, record.woo_id, amount="1.00")
    second = run_to_end(tenant)
    url = reverse("run_undo", args=[tenant.slug, second.pk])
    assert url in owner.get(reverse("run", args=[tenant.slug, second.pk])).content.decode()
    shown = owner.get(url).content.decode()
    assert "3 documents are deleted" in shown
    before = len(world.documents())
    assert owner.post(url).status_code == 302
    do_what_was_asked(record)
    assert len(world.documents()) == before - 3
    states = {one.woo_id: one.state for one in Record.objects.filter(source="order")}
    assert states == {record.woo_id: "synced", later: "skipped"}
    assert owner.get(url).status_code == 200


def test_nothing_impossible_is_offered(people: Cast, alice: Client) -> None:
    held = hold(record_of(people.tenant, captured(271)), "unmapped_tax_rate", rate="FR 20 %")
    shown = alice.get(reverse("record", args=[people.tenant.slug, held.pk])).content.decode()
    for name in ("record_resync", "record_undo", "record_post_again", "record_replace"):
        assert reverse(name, args=[people.tenant.slug, held.pk]) not in shown
    for name in ("record_resync", "record_keep", "record_replace", "record_undo", "record_post_again", "record_accept"):
        alice.post(reverse(name, args=[people.tenant.slug, held.pk]))
    held.refresh_from_db()
    assert held.state == "attention"
    assert not Request.objects.exists()
    assert not Run.objects.exists()

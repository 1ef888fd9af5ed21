"""The page that finds what is in the books already: by itself, once, and out of the way when there is nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import KeyedDocument, Posting, Record, Run
from tenants.models import AuditEntry, Tenant
from tests.sync.conftest import new_world, nobody_waits, point_at, world  # noqa: F401  (fixtures)
from tests.sync.test_linking import key_in
from tests.sync.test_refunds import POT, TEA, refund
from tests.sync.web.test_cures import finish_runs, owner_of
from tests.sync.world import World, record_of, run_to_end, states

pytestmark = pytest.mark.django_db


def url(tenant: Tenant, name: str = "setup_documents") -> str:
    return reverse(name, args=[tenant.slug])


def look(owner: Client, tenant: Tenant) -> Any:
    """Opens the page until the search is through."""
    assert owner.get(url(tenant)).status_code == 200
    assert Run.objects.for_tenant(tenant).get(state__in=Run.ACTIVE).parameters == {"only": "search"}
    poll = owner.get(url(tenant), headers={"HX-Request": "true"})
    assert b"<h1" not in poll.content
    finish_runs(tenant)
    assert owner.get(url(tenant), headers={"HX-Request": "true"}).headers["HX-Redirect"] == url(tenant)
    return owner.get(url(tenant))


def test_without_anything_the_page_leads_on_and_reads_no_second_time(world: World) -> None:  # noqa: F811
    world.add_order(line_items=[TEA])
    tenant = world.connect()
    owner = owner_of(tenant)
    assert look(owner, tenant).headers["Location"] == url(tenant, "setup_on")
    world.forget_stats()
    assert owner.get(url(tenant)).status_code == 302
    assert world.stats()["calls"] == 0
    assert not Record.objects.exists()


def test_certain_pairs_are_ticked_and_linked_and_the_rest_is_sent(world: World) -> None:  # noqa: F811
    sure, doubtful, sent = (world.add_order(line_items=[TEA]) for _n in range(3))
    key_in(world, sure, number=f"WC-{world.number_of(sure)}")
    key_in(world, doubtful, number=world.number_of(doubtful), total="12.00")
    tenant = world.connect()
    owner = owner_of(tenant)
    answer = look(owner, tenant)
    rows = answer.context["rows"]
    assert [(pair.row.woo_id, pair.row.is_certain, pair.agrees) for pair in rows] == [
        (doubtful, False, False),
        (sure, True, True),
    ]
    assert answer.content.decode().count('" checked>') == 1
    body = {"shown": [pair.row.pk for pair in rows], "link": [rows[1].row.pk]}
    assert owner.post(url(tenant), body).headers["Location"] == url(tenant)
    assert AuditEntry.objects.get(tenant=tenant, action="documents.link").changes == {"records": [0, 1]}
    finish_runs(tenant)
    text = owner.get(url(tenant)).content.decode()
    assert "1 order is linked to its document" in text
    run_to_end(tenant)
    assert states(tenant) == {"synced": 3}
    assert len(world.documents()) == 4, "what was not ticked is sent"
    assert record_of(tenant, sent).postings.get().is_linked is False


def test_refunds_are_shown_by_their_number_and_linked_beside_their_orders(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    refund_id = refund(world, order_id, amount="3.00")
    number = world.number_of(order_id)
    key_in(world, order_id, number=f"WC-{number}")
    key_in(world, order_id, "CreditMemo", number=f"CWio{number}", total="3.00", percent="0")
    tenant = world.connect()
    owner = owner_of(tenant)
    answer = look(owner, tenant)
    text = answer.content.decode()
    assert "2 documents of orders and refunds seem to be in QuickBooks already." in text
    assert f"Refund {number}-1" in text
    assert f"Link refund {number}-1 to Credit memo CWio{number}" in text
    assert text.count('" checked>') == 2
    rows = [pair.row.pk for pair in answer.context["rows"]]
    owner.post(url(tenant), {"shown": rows, "link": rows})
    finish_runs(tenant)
    told = [str(one) for one in owner.get(url(tenant), follow=True).context["messages"]]
    assert told == [
        "1 order is linked to its document. It is not sent.",
        "1 refund is linked to its document. It is not sent.",
    ]
    run_to_end(tenant)
    assert record_of(tenant, refund_id, "refund").state == "synced"
    assert len(world.documents()) == 2


def test_pairs_of_other_pages_follow_one_tick(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("sync.web.views.keyed.PAIRS_A_PAGE", 2)
    for _n in range(5):
        order_id = world.add_order(line_items=[TEA])
        key_in(world, order_id, number=world.number_of(order_id))
    tenant = world.connect()
    owner = owner_of(tenant)
    answer = look(owner, tenant)
    assert (answer.context["elsewhere"], len(answer.context["rows"])) == (3, 2)
    shown = [pair.row.pk for pair in answer.context["rows"]]
    owner.post(url(tenant), {"shown": shown, "link": shown[:1], "others": "on"})
    finish_runs(tenant)
    assert KeyedDocument.objects.filter(state="linked").count() == 4
    assert Posting.objects.filter(is_linked=True).count() == 4


def test_turning_on_looks_first_and_then_goes_on(world: World) -> None:  # noqa: F811
    world.add_order(line_items=[POT])
    tenant = world.connect()
    owner = owner_of(tenant)
    day = datetime.now(UTC).date().isoformat()
    answer = owner.post(url(tenant, "setup_on"), {"start_date": day})
    assert answer.headers["Location"] == f"{url(tenant)}?then=on"
    tenant.refresh_from_db()
    assert not tenant.automatic_sync
    owner.get(answer.headers["Location"])
    finish_runs(tenant)
    page = owner.get(answer.headers["Location"])
    assert page.context["turns_on"]
    answer = owner.post(url(tenant, "setup_on"), {"start_date": day}, headers={"HX-Request": "true"})
    assert "/runs/" in answer.headers["HX-Redirect"]
    tenant.refresh_from_db()
    assert tenant.automatic_sync


def test_foreign_rows_are_never_chosen(world: World) -> None:  # noqa: F811
    order_id = world.add_order(line_items=[TEA])
    key_in(world, order_id, number=world.number_of(order_id))
    tenant = world.connect()
    look(owner_of(tenant), tenant)
    world.apply(world.document(slug="other") | {"orders": {**world.document()["orders"], "number_prefix": "Oth"}})
    other = world.document_tenant("other")
    row = KeyedDocument.objects.get()
    stranger = owner_of_other(other)
    stranger.post(url(other), {"shown": [row.pk], "link": [row.pk], "others": "on"})
    row.refresh_from_db()
    assert row.state == "found"


def owner_of_other(tenant: Tenant) -> Client:
    from tenants.models import Role
    from tests.factories import member
    from tests.sync.web.conftest import signed_in

    return signed_in(member(tenant, "dora@other.example", Role.OWNER, "Dora"))


def test_a_search_that_fails_says_why_and_can_be_asked_again(world: World) -> None:  # noqa: F811
    tenant = world.connect()
    owner = owner_of(tenant)
    owner.get(url(tenant))
    Run.objects.for_tenant(tenant).update(
        state="failed", error_reason="quickbooks_failed", finished_at=datetime.now(UTC)
    )
    answer = owner.get(url(tenant))
    assert answer.context["trouble"] is not None
    assert owner.post(url(tenant, "setup_documents_again")).headers["Location"] == url(tenant)
    finish_runs(tenant)
    assert owner.get(url(tenant)).status_code == 302

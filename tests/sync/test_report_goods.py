"""What reports say of products and of the stock, after real runs against both stand-ins: counted, asked, and once."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from sync import stock as decisions
from sync.digests import figures_of_period, figures_of_problems, figures_of_run
from sync.mail_tasks import mail_digests, send_reports
from sync.models import Report, ReportSchedule, Run, StockPass
from sync.web import report_settings
from sync.web.report_words import read_by, words_of
from tenants.models import Membership, Role, Tenant, User
from tests.factories import person
from tests.sync.shelf import INVENTORY, change_product, count_in_books, inventory_item, stocked_products
from tests.sync.test_products import ALL, sellable
from tests.sync.test_stock import hours_go_by, last_pass
from tests.sync.test_stock_decisions import braked, shop_of, turn_on
from tests.sync.world import World, run_to_end, states

pytestmark = pytest.mark.django_db

ALICE = "alice@example.com"


@pytest.fixture
def alice(db: None) -> User:
    return person(ALICE, language="en")


def ask_for(tenant: Tenant, alice: User, when: str) -> None:
    """From now on: what happened before is not told of."""
    Membership.objects.get_or_create(user=alice, tenant=tenant, defaults={"role": Role.OWNER})
    report_settings.change_report(tenant, user=alice, when=when)
    report_settings.add(tenant, ALICE, "", user=alice)


def minute() -> list[str]:
    """One beat, and what it enqueues carried out; the subjects of the mails that left in it."""
    before = len(mail.outbox)
    mail_digests()
    send_reports()
    return [message.subject for message in mail.outbox[before:]]


def an_hour_later() -> None:
    """As far as reports and waiting passes are concerned."""
    ReportSchedule.objects.update(next_at=None)
    StockPass.objects.update(counted_at=timezone.now() - timedelta(hours=1))


def last_mail() -> tuple[str, str]:
    """(text, HTML) of the newest mail; they say the same."""
    message = mail.outbox[-1]
    return str(message.body), html.unescape(str(message.alternatives[0][0]))  # type: ignore[attr-defined]


def run_figures(run: Run) -> dict[str, Any]:
    return figures_of_run(Run.objects.select_related("tenant__company").get(pk=run.pk))


def notes(tenant: Tenant, figures: dict[str, Any], language: str = "en") -> list[str]:
    with read_by(figures, language):
        return words_of(figures, tenant.slug).notes


# Products


def test_a_run_tells_how_many_products_became_items_and_which_need_attention(world: World) -> None:
    twin = next(row for row in sellable(world) if row["type"] == "simple")
    for name in ("Twin one", "Twin two"):
        inventory_item(world, name, twin["sku"])
    before = {one["Id"] for one in world.names("Item")}
    tenant = world.connect(**ALL)
    run = run_to_end(tenant)
    figures = run_figures(run)
    made = [one for one in world.names("Item") if one["Id"] not in before]
    assert figures["items"] == {"made": len(made), "changed": 0}
    assert len(made) > 20
    assert notes(tenant, figures)[0] == (f"{len(made)} items were created in QuickBooks for products of the store.")
    assert figures["open"] == {"product": 1}
    [cause] = figures["causes"]
    assert (cause["reason"], cause["names"], cause["numbers"]) == ("ambiguous_sku", [twin["name"]], [])
    with read_by(figures, "en"):
        text = words_of(figures, tenant.slug)
    assert text.subject == f"Shop: {len(made)} items created, 1 product needs attention"
    assert text.causes[0].numbers == f"1 waits: {twin['name']}."
    assert text.causes[0].amount == "", "a product has no amount"
    again = run_figures(run_to_end(tenant))
    assert again["items"] == {"made": 0, "changed": 0}


def test_what_followed_the_store_is_counted_apart(world: World) -> None:
    tenant = world.connect(products={"enabled": True, "scope": "all", "update": True})
    run_to_end(tenant)
    product = stocked_products(world, 1)[0]
    change_product(world, product["id"], name="A better name")
    figures = run_figures(run_to_end(tenant))
    assert figures["items"] == {"made": 0, "changed": 1}
    assert notes(tenant, figures) == ["1 item was updated in QuickBooks after its product had changed."]


def test_skipped_products_are_named_and_told_apart_from_orders(world: World) -> None:
    world.add_order(status="failed", set_paid=False, line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    tenant = world.connect(**ALL)
    figures = run_figures(run_to_end(tenant))
    assert sum(states(tenant, "product")[state] for state in states(tenant, "product") if "skipped" in state) == sum(
        one["records"] for one in figures["skipped"] if one["source"] == "product"
    )
    parents = next(one for one in figures["skipped"] if one["reason"] == "sold_by_parts")
    assert parents["names"]
    assert parents["numbers"] == []
    [order] = [one for one in figures["skipped"] if one["source"] == "order"]
    assert (order["reason"], order["names"], len(order["numbers"])) == ("status:failed", [], 1)


# Stock


def test_the_brake_is_told_of_once_with_the_way_to_its_button(world: World, alice: User) -> None:
    tenant, _products, _items = shop_of(world, [9] * 10, items=INVENTORY)
    turn_on(tenant, alice)
    ask_for(tenant, alice, "problems")
    assert minute() == []
    for item in _items[:3]:
        count_in_books(world, item, 0)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert minute() == ["Shop: the stock waits for your decision"]
    url = settings.PUBLIC_URL + reverse("stock", args=[tenant.slug]) + "#question"
    for said in last_mail():
        assert "The brake stopped this: 3 products would drop to zero." in said
        assert "Decide" in said
        assert url in said
    an_hour_later()
    assert minute() == [], "told once"
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert last_pass(tenant).state == "stopped"
    an_hour_later()
    assert minute() == [], "the same question, counted anew while it was not answered"
    assert decisions.decline(tenant, last_pass(tenant), user=alice)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    an_hour_later()
    assert minute() == ["Shop: the stock waits for your decision"], "answered and asked again"


def test_a_first_preview_is_told_of_once_nobody_looks_at_it(world: World, alice: User) -> None:
    tenant, _products, _items = shop_of(world, [12, 7])
    ask_for(tenant, alice, "problems")
    run_to_end(tenant)
    assert last_pass(tenant).state == "ready"
    assert minute() == [], "whoever turned it on is looking at it"
    an_hour_later()
    assert minute() == ["Shop: the stock waits for your decision"]
    text, _page = last_mail()
    assert "A preview shows what your store would get from QuickBooks. Nothing has been sent." in text
    assert "Look at the preview" in text


def test_a_report_of_every_run_tells_of_quantities_sent_and_of_the_question(world: World, alice: User) -> None:
    tenant, _products, items = shop_of(world, [12, 7, 9])
    ask_for(tenant, alice, "every_run")
    run_to_end(tenant)
    assert minute() == ["Shop: the stock waits for your decision"]
    decisions.decide(tenant, last_pass(tenant), "counted", user=alice)
    run_to_end(tenant, only="stock")
    assert minute() == ["Shop: 3 stock quantities corrected"]
    assert "3 stock quantities of the store were set to what QuickBooks has on hand." in last_mail()[0]
    run_to_end(tenant)
    assert minute() == [], "a run that did nothing"
    assert items


def test_a_day_counts_what_was_sent_and_keeps_asking(world: World, alice: User) -> None:
    """A question stays in every daily report until it is answered; in a mail about problems it is news once."""
    tenant, _products, _items = braked(world, alice)
    now = timezone.now() + timedelta(seconds=1)
    figures = figures_of_period(tenant, "daily", now - timedelta(days=1), now)
    assert figures["stock"] == {
        "sent": 10, "refused": 0, "asks": {"pass": last_pass(tenant).pk, "kind": "changes", "zeros": 3},
    }  # fmt: skip
    ask_for(tenant, alice, "daily")
    ReportSchedule.objects.update(next_at=now - timedelta(minutes=1), covered_until=now - timedelta(days=2))
    assert len(minute()) == 1
    assert StockPass.objects.get(pk=last_pass(tenant).pk).told_at is not None
    assert figures_of_period(tenant, "daily", now - timedelta(days=1), now)["stock"]["asks"] is not None
    assert figures_of_problems(tenant, now, now, Q())["stock"]["asks"] is None
    assert Report.objects.count() == 1


def test_another_workspace_is_not_asked_about_ours(world: World, alice: User) -> None:
    tenant, _products, _items = braked(world, alice)
    other = Tenant.objects.create(slug="other", name="Other")
    ask_for(other, alice, "problems")
    Run.objects.create(tenant=other, state="finished", finished_at=timezone.now(), tally={"synced": 1})
    assert minute() == []
    assert tenant.pk != other.pk


def test_french_says_it_in_french(world: World, alice: User) -> None:
    tenant, _products, _items = braked(world, alice)
    now = timezone.now() + timedelta(seconds=1)
    figures = figures_of_period(tenant, "daily", now - timedelta(days=1), now)
    assert notes(tenant, figures, "fr") == ["10 quantités en stock de la boutique ont été alignées sur QuickBooks."]
    with read_by(figures, "fr"):
        text = words_of(figures, tenant.slug)
    assert text.subject == (
        "Rapport du jour, Shop\u00a0: 10 quantités en stock corrigées, le stock attend votre décision"
    )

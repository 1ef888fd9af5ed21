"""The payments page: accounts are chosen, new payment methods are announced, and what waited leaves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync.mappings.payments import new_gateways, payment_table
from sync.models import Cursor, OptionsVersion, Run
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits, point_at  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, finish, run_to_end, states

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    cache.clear()


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    world: World = new_world("fr", orders=12)
    return world


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def methods_of(tenant: Tenant) -> dict[str, dict[str, Any]]:
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number")[0]
    return {row["gateway"]: row for row in version.document["payments"]["methods"]}


def test_every_payment_method_of_the_store_and_of_its_orders_has_a_row(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    shop.add_order(line_items=TEA, payment_method="klarna", payment_method_title="Klarna")
    run_to_end(tenant)
    rows = {row.gateway: row for row in payment_table(tenant).rows}
    assert rows["klarna"].enabled is None
    assert rows["klarna"].used == 1
    assert rows["klarna"].is_new
    assert rows["stripe"].state == "matched"
    assert any(row.enabled for row in rows.values())


def switch_on(shop: World, gateway: str, title: str) -> None:
    """By the shop's owner, in WooCommerce."""
    database = shop.box.store.shop.database
    rows = database.rows("gateway")
    place = next((place for place, row in rows.items() if row.document["id"] == gateway), len(rows) + 1)
    known = rows[place].document if place in rows else next(iter(rows.values())).document
    database.put("gateway", place, {**known, "id": gateway, "title": title, "enabled": True})


def a_day_later(tenant: Tenant) -> None:
    Cursor.objects.for_tenant(tenant).filter(stream="gateways").update(position=timezone.now() - timedelta(days=1))


def test_what_the_first_sync_finds_is_no_news(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    assert new_gateways(tenant) == []
    assert not any(row.is_new for row in payment_table(tenant).rows)


def test_a_payment_method_that_comes_up_later_is_announced_until_its_account_is_chosen(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    shop.add_order(line_items=TEA, payment_method="klarna", payment_method_title="Klarna")
    run_to_end(tenant)
    assert new_gateways(tenant) == ["Klarna"]
    owner = owner_of(tenant)
    announced = "New payment method in your store: “Klarna”."
    assert announced in owner.get(reverse("overview", args=[tenant.slug])).content.decode()
    assert announced in owner.get(reverse("mapping_payments", args=[tenant.slug])).content.decode()
    bank = next(one for one in payment_table(tenant).accounts if one.name == "Bank")
    owner.post(reverse("mapping_payment_save", args=[tenant.slug]), {"gateway": "klarna", "account": bank.qbo_id})
    assert new_gateways(tenant) == []
    assert announced not in owner.get(reverse("overview", args=[tenant.slug])).content.decode()


def test_a_payment_method_that_was_only_switched_on_is_found_within_a_day(shop: World) -> None:
    tenant = shop.connect()
    run_to_end(tenant)
    switch_on(shop, "square", "Square")
    calls = run_to_end(tenant).woo_calls
    assert new_gateways(tenant) == [], "the store is asked once a day"
    a_day_later(tenant)
    assert run_to_end(tenant).woo_calls == calls + 1
    assert new_gateways(tenant) == ["Square"]
    assert {row.gateway: row.is_new for row in payment_table(tenant).rows}["square"]


def test_a_shop_that_refuses_the_list_is_synced_all_the_same(shop: World) -> None:
    tenant = shop.connect()
    shop.break_store(path_contains="payment_gateways", action="status", status=404, times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    shop.heal()


def test_saving_one_row_keeps_the_others_and_sends_what_waited(shop: World) -> None:
    tenant = shop.connect(payments={"default_account": None})
    shop.add_order(line_items=TEA, payment_method="klarna", payment_method_title="Klarna")
    run_to_end(tenant)
    held = states(tenant)["attention:unmapped_gateway"]
    row = next(row for row in payment_table(tenant).rows if row.gateway == "klarna")
    assert row.state == "blocking"
    bank = next(one for one in payment_table(tenant).accounts if one.name == "Bank")
    owner = owner_of(tenant)
    owner.post(reverse("mapping_payment_save", args=[tenant.slug]), {"gateway": "klarna", "account": bank.qbo_id})
    assert methods_of(tenant)["klarna"]["account"]["name"] == "Bank"
    assert methods_of(tenant)["stripe"]["account"]["name"] == "Stripe clearing"
    finish(Run.objects.for_tenant(tenant).get(state__in=Run.ACTIVE))
    assert states(tenant)["attention:unmapped_gateway"] == held - row.blocked
    assert [one for one in shop.documents("SalesReceipt") if one["DepositToAccountRef"]["name"] == "Bank"]


def test_a_receipt_is_the_payment_so_nothing_may_be_left_out(shop: World) -> None:
    tenant = shop.connect()
    owner = owner_of(tenant)
    answer = owner.post(
        reverse("mapping_payment_save", args=[tenant.slug]),
        {"gateway": "stripe", "account": "none"},
        headers={"HX-Request": "true"},
    )
    assert "A sales receipt is the payment itself." in answer.content.decode()
    assert methods_of(tenant)["stripe"]["record"] is True


def test_an_invoice_s_payment_may_be_left_to_somebody_else(shop: World) -> None:
    tenant = shop.connect(document="invoice")
    owner = owner_of(tenant)
    owner.post(reverse("mapping_payment_save", args=[tenant.slug]), {"gateway": "stripe", "account": "none"})
    assert methods_of(tenant)["stripe"]["record"] is False
    row = next(row for row in payment_table(tenant).rows if row.gateway == "stripe")
    assert row.state == "not_recorded"


def test_an_invoice_without_payment_gets_it_once_its_account_is_chosen(shop: World) -> None:
    tenant = shop.connect(document="invoice", payments={"default_account": None, "methods": []})
    run_to_end(tenant)
    assert shop.documents("Invoice")
    assert money_received(shop) == []
    owner = owner_of(tenant)
    table = payment_table(tenant)
    account = next(one for one in table.accounts if one.name == "Undeposited Funds")
    owner.post(reverse("mapping_default_account", args=[tenant.slug]), {"account": account.qbo_id})
    finish(Run.objects.for_tenant(tenant).get(state__in=Run.ACTIVE))
    assert money_received(shop)


def money_received(shop: World) -> list[str]:
    """What was paid; a payment of nothing only sets a credit memo against its invoice."""
    return [one["TotalAmt"] for one in shop.documents("Payment") if Decimal(one["TotalAmt"])]


def test_accepting_takes_only_accounts_that_bear_the_name(shop: World) -> None:
    tenant = shop.connect(payments={"methods": []})
    owner = owner_of(tenant)
    wanted = {row.gateway for row in payment_table(tenant).suggested}
    owner.post(reverse("mapping_payments_accept", args=[tenant.slug]))
    assert set(methods_of(tenant)) == wanted
    assert methods_of(tenant)["stripe"]["account"]["name"] == "Stripe clearing"
    assert methods_of(tenant)["stripe"]["payment_method"]["name"] == "Credit Card"


def test_an_account_that_is_none_is_refused(shop: World) -> None:
    tenant = shop.connect()
    owner = owner_of(tenant)
    income = next(row["Id"] for row in shop.names("Account") if row["Name"] == "Shipping Income")
    for name, body in (
        ("mapping_payment_save", {"gateway": "stripe", "account": income}),
        ("mapping_default_account", {"account": income}),
    ):
        answer = owner.post(reverse(name, args=[tenant.slug]), body, follow=True)
        assert "Choose an account of the list." in answer.content.decode()
    assert methods_of(tenant)["stripe"]["account"]["name"] == "Stripe clearing"


def test_what_was_made_in_quickbooks_meanwhile_can_be_chosen_after_a_refresh(shop: World) -> None:
    tenant = shop.connect()
    shop.edit_books("Account", create={"Name": "Alma clearing", "AccountType": "Bank", "AccountSubType": "Checking"})
    owner, url = owner_of(tenant), reverse("mapping_payments", args=[tenant.slug])
    assert "Alma clearing" not in owner.get(url).content.decode()
    assert "Alma clearing" in owner.get(url, {"refresh": 1}).content.decode()


def test_the_second_of_two_people_does_not_undo_the_first_unseen(shop: World) -> None:
    tenant = shop.connect()
    table = payment_table(tenant)
    row = next(row for row in table.rows if row.gateway == "stripe")
    first, second = [account.qbo_id for account in table.accounts if account.qbo_id != row.chosen][:2]
    owner, url = owner_of(tenant), reverse("mapping_payment_save", args=[tenant.slug])
    body = {"gateway": "stripe", "was": row.chosen}
    for _click in range(2):  # the same choice twice is no conflict
        owner.post(url, body | {"account": first}, headers={"HX-Request": "true"})
        assert methods_of(tenant)["stripe"]["account"]["id"] == first
    answer = owner.post(url, body | {"account": second}, headers={"HX-Request": "true"})
    assert "Since you opened this page" in answer.content.decode()
    assert methods_of(tenant)["stripe"]["account"]["id"] == first
    owner.post(url, body | {"account": second, "was": first}, headers={"HX-Request": "true"})
    assert methods_of(tenant)["stripe"]["account"]["id"] == second


def test_the_default_account_is_not_changed_over_anothers_choice(shop: World) -> None:
    tenant = shop.connect()
    table = payment_table(tenant)
    was = table.default_account.id if table.default_account else ""
    first, second = [account.qbo_id for account in table.accounts if account.qbo_id != was][:2]
    owner, url = owner_of(tenant), reverse("mapping_default_account", args=[tenant.slug])
    for account in (first, second):
        owner.post(url, {"account": account, "was": was})
    default = payment_table(tenant).default_account
    assert default is not None
    assert default.id == first

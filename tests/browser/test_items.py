"""One item of thousands in a browser: found with the keyboard alone, and without script; what waited leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sync.models import Link, MirrorEntry, OptionsVersion, Record, Run
from tenants.models import Role, Tenant
from tests.browser.hand import Keyboard
from tests.factories import member
from tests.sync.conftest import point_at
from tests.sync.world import World, finish, run_to_end, small_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
MANY = 5000
CUT_OFF = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
"""What htmx says of an answer that was still on its way when the page was left."""


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def tenant(settings: Settings, tmp_path: Path, live_server: LiveServer) -> Iterator[Tenant]:
    settings.PUBLIC_URL = live_server.url
    cache.clear()
    with small_world(tmp_path, "fr") as made:
        yield shop(point_at(settings, made))
    cache.clear()


def shop(world: World) -> Tenant:
    """Three products without an item, and the item of one of them among thousands."""
    account = next(one for one in world.names("Account") if one["Name"] == "Sales of Product Income")
    income = {"IncomeAccountRef": {"value": account["Id"]}}
    world.edit_books("Item", create={"Name": "Zinc, arrosoir de Provence", "Sku": "ZN-7", "Type": "Service", **income})
    for sku in ("THE-SEN-100", "BOI-WAS-100"):
        world.add_order(line_items=[{"sku": sku}])
    tenant = world.connect(slug="maison-dupont", items={"create": False}, orders={"default_item": None})
    run_to_end(tenant)
    MirrorEntry.objects.bulk_create(
        MirrorEntry(
            company=tenant.company,
            kind="Item",
            qbo_id=f"9{n:05}",
            name=f"Article du fournisseur n° {n:05}",
            name_key=f"article du fournisseur n° {n:05}",
            sku=f"FOU-{n:05}",
            sku_key=f"fou-{n:05}",
            type="Service",
        )
        for n in range(MANY)
    )
    return tenant


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(tenant: Tenant, chromium: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    opened = []

    def open_one(language: str = "en", width: int = 1280, **wanted: object) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            base_url=live_server.url,
            reduced_motion="reduce",
            locale=language,
            **wanted,  # type: ignore[arg-type]
        )
        context.set_default_timeout(20_000)
        person = member(tenant, f"alice{len(opened)}@dupont.example", Role.OWNER, language=language)
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        opened.append((context, complaints))
        return page

    yield open_one
    for context, complaints in opened:
        context.close()
        assert [said for said in complaints if not said.startswith(CUT_OFF)] == []


def address(tenant: Tenant, name: str) -> str:
    return reverse(name, args=[tenant.slug])


def finish_runs(tenant: Tenant) -> None:
    for run in Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE).order_by("pk"):
        finish(run)


def zinc() -> MirrorEntry:
    return MirrorEntry.objects.get(sku="ZN-7")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_selects_are_accessible_and_fit(tenant: Tenant, open_page: OpenPage, language: str) -> None:
    page = open_page(language)
    for name in ("attention", "manage_orders", "manage_products", "setup_orders"):
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(address(tenant, name))
            page.wait_for_load_state("networkidle")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} at {width}"
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=f"{folder}/items-{name}-{language}-{width}.png", full_page=True)
            if width != 320:
                found = Axe().run(page, options=RULES)
                assert found.violations_count == 0, found.generate_report()


def test_an_unmatched_product_is_cured_by_searching_with_the_keyboard_alone(
    tenant: Tenant, open_page: OpenPage
) -> None:
    page, item = open_page(), zinc()
    page.goto(address(tenant, "attention"))
    card = page.locator("article.cause").first
    select, search = card.locator("select"), card.locator("[data-picks]")
    assert item.qbo_id not in select.locator("option").evaluate_all("all => all.map(one => one.value)")
    hand = Keyboard(page)
    hand.type(f"#{search.get_attribute('id')}", "provence arro")
    expect(card.locator(".found")).to_have_text("1 item matches.")
    page.keyboard.press("Enter")
    expect(select).to_be_focused()
    expect(select).to_have_value(item.qbo_id)
    hand.click(card.get_by_role("button", name="Link and send"))
    expect(page.locator(".solved [role=status]")).to_contain_text("is sold as the item")
    assert Link.objects.get(tenant=tenant, made_by="hand").qbo_id == item.qbo_id
    finish_runs(tenant)
    assert Record.objects.for_tenant(tenant).filter(state="synced").count() == 1
    assert Record.objects.for_tenant(tenant).filter(state="attention").count() == 1


def test_enter_right_after_typing_waits_for_the_answer_and_sends_nothing(tenant: Tenant, open_page: OpenPage) -> None:
    page, item, versions = open_page(), zinc(), OptionsVersion.objects.count()
    page.goto(address(tenant, "manage_orders"))
    page.locator("#id_orders-fee_item-q").fill("zn-7")
    page.keyboard.press("Enter")
    expect(page.locator("#id_orders-fee_item")).to_have_value(item.qbo_id)
    expect(page.locator("#id_orders-fee_item")).to_be_focused()
    expect(page.locator("#tag-orders-fee_item")).to_have_text("changed")
    expect(page.locator("#save-text")).to_contain_text("1 setting changed")
    assert OptionsVersion.objects.count() == versions
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("1 setting changed")
    expect(page.locator("#id_orders-fee_item")).to_have_value(item.qbo_id)


def test_a_search_that_finds_nothing_leaves_the_choice(tenant: Tenant, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(address(tenant, "manage_orders"))
    before = page.locator("#id_orders-shipping_item").input_value()
    page.locator("#id_orders-shipping_item-q").fill("no such thing")
    expect(page.locator("#id_orders-shipping_item-found")).to_have_text("No active item of QuickBooks matches.")
    page.keyboard.press("Enter")
    expect(page.locator("#id_orders-shipping_item")).to_have_value(before)
    page.locator("#id_orders-shipping_item-q").fill("fournisseur")
    expect(page.locator("#id_orders-shipping_item-found")).to_have_text("4,950 more: type more letters.")
    expect(page.locator("#id_orders-shipping_item")).to_have_value(before)


def test_without_script_the_card_leads_to_a_search_of_all_items(tenant: Tenant, open_page: OpenPage) -> None:
    page, item = open_page(java_script_enabled=False), zinc()
    page.goto(address(tenant, "attention"))
    card = page.locator("article.cause").first
    card.locator("[data-picks]").fill("provence arro")
    card.get_by_role("button", name="Search all items").click()
    expect(page.locator("#id_q")).to_have_value("provence arro")
    page.get_by_role("button", name="Use this item").click()
    expect(page.locator(".toast")).to_contain_text("is sold as the item")
    assert Link.objects.get(tenant=tenant, made_by="hand").qbo_id == item.qbo_id
    finish_runs(tenant)
    assert Record.objects.for_tenant(tenant).filter(state="synced").count() == 1


def test_without_script_a_page_of_settings_searches_and_keeps_what_was_entered(
    tenant: Tenant, open_page: OpenPage
) -> None:
    page, item = open_page(java_script_enabled=False), zinc()
    page.goto(address(tenant, "manage_orders"))
    page.get_by_label("Order number prefix").fill("WEB")
    page.locator("#id_orders-fee_item-q").fill("zn-7")
    page.get_by_role("button", name="Search all items Fee item", exact=True).click()
    expect(page.get_by_label("Order number prefix")).to_have_value("WEB")
    page.get_by_label("Fee item", exact=True).select_option(item.qbo_id)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("2 settings changed")
    document = OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document
    assert (document["orders"]["fee_item"]["id"], document["orders"]["number_prefix"]) == (item.qbo_id, "WEB")

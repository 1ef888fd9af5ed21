"""Products and customers in a browser: accessible, searched while one types, decided with and without script."""

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

from sync.mappings.catalogue import read_catalogue
from sync.models import Link, Mapping
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import point_at
from tests.sync.world import World, buyer, run_to_end, small_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SIZES = [320, 390, 768, 1280]


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
    """One product with an item, one that waits; one buyer who may be there twice."""
    account = next(one for one in world.names("Account") if one["Name"] == "Sales of Product Income")
    ref = {"IncomeAccountRef": {"value": account["Id"]}}
    world.edit_books("Item", create={"Name": "Thé Sencha", "Sku": "THE-SEN-100", "Type": "Service", **ref})
    mail = {"PrimaryEmailAddr": {"Address": "old@moreau.example"}}
    world.edit_books("Customer", create={"DisplayName": "Jeanne Moreau", **mail})
    world.add_order(line_items=[{"sku": "THE-SEN-100"}])
    world.add_order(line_items=[{"sku": "BOI-WAS-100"}], **buyer("Ana", "Lopez", "ana@lopez.example"))
    tenant = world.connect(slug="maison-dupont", items={"create": False}, orders={"default_item": None})
    run_to_end(tenant)
    Mapping.see_products(tenant, {f"item:9000{n}:0": (f"Bol en grès n° {n}", f"BOL-{n:03}") for n in range(1, 60)})
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
        assert complaints == []


def addresses(tenant: Tenant) -> dict[str, str]:
    held = next(row for row in read_catalogue(tenant).rows if row.waiting)
    link = Link.objects.get(tenant=tenant, store_key__contains="jeanne@moreau")
    choose = [reverse(f"mapping_{name}_choose", args=[tenant.slug]) for name in ("product", "customer")]
    return {
        "products": reverse("mapping_products", args=[tenant.slug]),
        "product": f"{choose[0]}?key={held.key}",
        "customers": reverse("mapping_customers", args=[tenant.slug]),
        "customer": f"{choose[1]}?buyer={link.pk}",
    }


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("fr", "dark")])
def test_the_pages_are_accessible_and_never_scroll_sideways(
    tenant: Tenant, open_page: OpenPage, language: str, scheme: str
) -> None:
    page = open_page(language, color_scheme=scheme)
    for name, url in addresses(tenant).items():
        for width in SIZES:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(url)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} at {width}"
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=f"{folder}/{name}-{language}-{scheme}-{width}.png", full_page=True)
            if width in (390, 1280):
                found = Axe().run(page, options=RULES)
                assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("script", [True, False])
def test_an_item_is_searched_and_chosen_with_and_without_script(
    tenant: Tenant, open_page: OpenPage, script: bool
) -> None:
    page = open_page(java_script_enabled=script)
    page.goto(addresses(tenant)["product"])
    page.locator("#id_q").fill("shipp")
    if not script:
        page.locator("form[role=search] button").click()
    expect(page.locator("#choices li")).to_have_count(1)
    page.get_by_role("button", name="Use this item Shipping").click()
    expect(page.locator(".toast")).to_contain_text("is sold as the item “Shipping” from now on.")
    assert Link.objects.get(tenant=tenant, made_by="hand").name == "Shipping"
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("The choice is taken back.")
    assert not Link.objects.filter(tenant=tenant, made_by="hand").exists()


def test_the_list_narrows_while_one_types(tenant: Tenant, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(addresses(tenant)["products"])
    page.locator("#id_q").fill("BOL-007")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    assert "q=BOL-007" in page.url

"""The Manage tab in a browser: accessible in both languages and themes, live while one types, and the same without."""

from __future__ import annotations

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

from sync.models import OptionsVersion
from sync.web.manage.table import TABLE
from tenants.models import Role, Tenant, User
from tests.factories import member
from tests.sync.conftest import point_at
from tests.sync.world import World, small_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
SUBJECTS = [subject.key for subject in TABLE.subjects]


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    """The browser's loop runs in this thread; Django must not mind when it opens the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def tenant(settings: Settings, tmp_path: Path, live_server: LiveServer) -> Iterator[Tenant]:
    settings.PUBLIC_URL = live_server.url
    cache.clear()
    with small_world(tmp_path, "fr", orders=12) as made:
        yield shop(point_at(settings, made))
    cache.clear()


def shop(world: World) -> Tenant:
    return world.connect(slug="maison-dupont", orders={"discount_item": "Discount", "refund_item": "Refund"})


OpenPage = Callable[..., Page]

CUT_OFF = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
"""What htmx says of a preview that was still on its way when the page was left."""


@pytest.fixture
def open_page(tenant: Tenant, chromium: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    opened = []

    def open_one(email: str = "alice@dupont.example", role: Role = Role.OWNER, **wanted: object) -> Page:
        context = chromium.new_context(
            viewport=DESKTOP,  # type: ignore[arg-type]
            base_url=live_server.url,
            reduced_motion="reduce",
            **wanted,  # type: ignore[arg-type]
        )
        context.set_default_timeout(15_000)
        client = Client()
        client.force_login(member(tenant, email, role), backend="django.contrib.auth.backends.ModelBackend")
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


def address(tenant: Tenant, subject: str) -> str:
    return reverse(f"manage_{subject}", args=[tenant.slug])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_subject_is_accessible_and_fits(language: str, open_page: OpenPage, tenant: Tenant) -> None:
    page = open_page()
    User.objects.update(language=language)
    for subject in SUBJECTS:
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.goto(address(tenant, subject))
        expect(page.locator("html")).to_have_attribute("lang", language)
        page.wait_for_load_state("networkidle")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            nothing_found(page, f"{subject} in {scheme}")
        for width in (1024, 640, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            fits(page, subject)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        nothing_found(page, f"{subject} on a phone")
        assert small_targets(page) == [], subject


def test_the_preview_and_the_list_follow_before_anything_is_saved(open_page: OpenPage, tenant: Tenant) -> None:
    page = open_page()
    page.goto(address(tenant, "orders"))
    expect(page.locator(".sheet-head")).to_contain_text("Sales receipt")
    page.get_by_label("Invoice", exact=False).first.check()
    expect(page.locator(".sheet-head")).to_contain_text("Invoice")
    expect(page.locator("#tag-orders-document")).to_have_text("changed")
    prefix = page.get_by_label("Order number prefix")
    prefix.fill("WEB")
    expect(page.locator(".sheet-head")).to_contain_text("WEB")
    expect(page.locator("#save-text")).to_contain_text("2 settings changed")
    expect(prefix).to_be_focused()
    prefix.fill("WOOCOMMERCE-SHOP-N")
    expect(page.locator("#note-orders-number_prefix")).to_contain_text("QuickBooks accepts 21")
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1
    prefix.fill("WEB")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("2 settings changed. They apply to orders not yet sent")
    document = OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document
    assert (document["orders"]["document"], document["orders"]["number_prefix"]) == ("invoice", "WEB")


def test_without_script_a_button_shows_what_would_change(open_page: OpenPage, tenant: Tenant) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(address(tenant, "orders"))
    page.get_by_label("Invoice", exact=False).first.check()
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".sheet-head")).to_contain_text("Invoice")
    expect(page.locator(".changes")).to_contain_text("Sales receipt")
    assert OptionsVersion.objects.filter(tenant=tenant).count() == 1
    page.get_by_role("button", name="Save").click()
    document = OptionsVersion.objects.filter(tenant=tenant).order_by("-number")[0].document
    assert document["orders"]["document"] == "invoice"


def test_with_the_keyboard_alone(open_page: OpenPage, tenant: Tenant) -> None:
    page = open_page()
    page.goto(address(tenant, "customers"))
    page.get_by_label("Original customer", exact=False).focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#tag-orders-customer_mode")).to_have_text("changed")
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("1 setting changed")


def test_leaving_with_changes_asks_once(open_page: OpenPage, tenant: Tenant) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(address(tenant, "orders"))
    page.get_by_label("Order number prefix").press_sequentially("X")
    page.get_by_role("link", name="Customers").click()
    page.wait_for_url(f"**{address(tenant, 'customers')}")
    assert asked == ["beforeunload"]
    page.goto(address(tenant, "orders"))
    page.get_by_label("Order number prefix").press_sequentially("X")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_load_state()
    assert asked == ["beforeunload"]


def nothing_found(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def fits(page: Page, where: str) -> None:
    screen = page.viewport_size
    assert screen is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= screen["width"], f"{where} is {width} px wide on a screen of {screen['width']}"


def small_targets(page: Page) -> list[str]:
    """What a finger would miss; a tick is pressed by its whole line."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main a, main button, main select, main input:not([type=hidden])')]
            .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest('.vh, .skip, p:not(.more)'))
            .map(one => [one.outerHTML.slice(0, 120), (one.closest('.tick') ?? one).getBoundingClientRect()])
            .filter(([html, box]) => box.height && !html.includes('switch') && (box.height < 43.5 || box.width < 43.5))
            .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
    )
    return found

"""The comparison in a browser: asked for with a button, followed, read in both languages and themes, with and without
script."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from sync.models import Reconciliation
from sync.tasks import compare_books
from tenants.models import Role, Tenant, User
from tests.browser.test_pages import RULES
from tests.factories import member
from tests.sync.conftest import NewWorld, new_world, nobody_waits
from tests.sync.world import World, run_to_end

__all__ = ["new_world", "nobody_waits"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
WIDTHS = (1280, 1024, 640, 390, 320)


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


def shop(new_world: NewWorld) -> tuple[World, Tenant, User]:
    """Orders of some weeks, all sent; one document deleted by hand, one dated anew."""
    world = new_world("fr", orders=25)
    tenant = world.connect()
    run_to_end(tenant)
    receipts = sorted(world.documents("SalesReceipt"), key=lambda one: str(one["TxnDate"]))
    world.edit_books("SalesReceipt", id=receipts[-1]["Id"], delete=True)
    world.edit_books("SalesReceipt", id=receipts[-2]["Id"], change={"DocNumber": "MINE-1"})
    return world, tenant, member(tenant, "alice@shop.example", Role.OWNER)


def opened(chromium: Browser, live_server: LiveServer, person: User, *, script: bool = True) -> Page:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900},
        base_url=live_server.url,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.set_default_timeout(15_000)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def days(tenant: Tenant) -> str:
    today = timezone.localdate(timezone=tenant.zone)
    return f"?since={today - timedelta(days=80)}&until={today}"


def test_a_comparison_is_asked_for_followed_and_read(
    new_world: NewWorld, chromium: Browser, live_server: LiveServer
) -> None:
    _world, tenant, alice = shop(new_world)
    url = reverse("reconciliation", args=[tenant.slug])
    page = opened(chromium, live_server, alice)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(url + days(tenant))
    expect(page.get_by_role("heading", level=1)).to_have_text("This period has not been compared yet.")
    page.get_by_role("button", name="Compare now").click()
    expect(page.get_by_text("Reading QuickBooks.")).to_be_visible()
    compare_books(Reconciliation.objects.get().pk)
    # The page looks again by itself.
    expect(page.get_by_role("heading", level=1)).to_contain_text("days agree to the cent.")
    expect(page.get_by_text("Deleted in QuickBooks")).to_be_visible()
    expect(page.get_by_text("Changed: number")).to_be_visible()

    for language, theme in (("en", "light"), ("en", "dark"), ("fr", "light"), ("fr", "dark")):
        alice.language, alice.theme = language, theme
        alice.save()
        for path in (url + days(tenant), reverse("reconciliation_documents", args=[tenant.slug, _newest()])):
            for size in SIZES:
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.goto(path)
                found = Axe().run(page, options=RULES).response["violations"]
                assert found == [], [(one["id"], one["nodes"][0]["html"]) for one in found]
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
    page.context.close()
    assert complaints == []


def test_without_script_everything_is_a_link_or_a_form(
    new_world: NewWorld, chromium: Browser, live_server: LiveServer
) -> None:
    _world, tenant, alice = shop(new_world)
    page = opened(chromium, live_server, alice, script=False)
    page.goto(reverse("reconciliation", args=[tenant.slug]) + days(tenant))
    page.get_by_role("button", name="Compare now").click()
    compare_books(Reconciliation.objects.get().pk)
    page.get_by_role("link", name="See how far it is").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("days agree to the cent.")
    page.get_by_role("combobox", name="Grouping").select_option("week")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("days agree to the cent.")
    page.get_by_role("region", name="Net sales by period").get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Documents")
    expect(page.get_by_role("link", name="Reconciliation").first).to_be_visible()
    page.context.close()


def _newest() -> int:
    return Reconciliation.objects.latest("pk").pk

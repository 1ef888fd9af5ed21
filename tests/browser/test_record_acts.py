"""A person compares a record again, decides about a change by hand, and removes it from QuickBooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sync.engine.requests import ask
from sync.models import Record, Request, Run
from tenants.models import Role, Tenant, User
from tests.factories import member
from tests.sync.conftest import point_at
from tests.sync.test_refunds import POT, TEA, refund
from tests.sync.test_resync import change_by_hand
from tests.sync.world import World, finish, run_to_end, small_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WORDS = {
    "en": {"resync": "Resync", "same": "nothing differs", "replace": "Replace with the store’s",
           "remove": "Remove from QuickBooks…", "delete": "Delete 3 documents", "again": "Send again"},
    "fr": {"resync": "Resynchroniser", "same": "aucune différence", "replace": "Remplacer par celle de la boutique",
           "remove": "Retirer de QuickBooks…", "delete": "Supprimer 3 documents", "again": "Renvoyer"},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    """The browser's loop runs in this thread; Django must not mind when it opens the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def world(settings: Settings, tmp_path: Path, live_server: LiveServer) -> Iterator[World]:
    settings.PUBLIC_URL = live_server.url
    with small_world(tmp_path, "fr") as made:
        yield point_at(settings, made)


@pytest.fixture
def tenant(world: World) -> Tenant:
    order_id = world.add_order(line_items=[TEA, POT])
    refund(world, order_id, amount="5.00")
    tenant = world.connect(document="invoice")
    run_to_end(tenant)
    return tenant


def visit(chromium: Browser, live_server: LiveServer, tenant: Tenant, language: str, *, script: bool) -> Page:
    alice = member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont")
    User.objects.filter(pk=alice.pk).update(language=language)
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900},
        base_url=live_server.url,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.set_default_timeout(20_000)
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def _carry_out(page: Page, tenant: Tenant, record: Record) -> None:
    """As a worker does it; the page is left meanwhile, for it would read the same tables in this process."""
    page.goto("about:blank")
    finish(Run.objects.filter(tenant=tenant).latest("pk"))
    page.goto(reverse("record", args=[tenant.slug, record.pk]))


def nothing_found(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


@pytest.mark.parametrize(("language", "script"), [("en", True), ("fr", True), ("en", False)])
def test_a_record_is_compared_decided_and_removed(
    language: str, script: bool, chromium: Browser, live_server: LiveServer, tenant: Tenant, world: World
) -> None:
    words = WORDS[language]
    record = Record.objects.get(source="order")
    page = visit(chromium, live_server, tenant, language, script=script)
    page.goto(reverse("record", args=[tenant.slug, record.pk]))

    page.get_by_role("button", name=words["resync"]).click()
    expect(page.get_by_role("button", name=words["resync"])).to_have_count(0)
    _carry_out(page, tenant, record)
    expect(page.get_by_text(words["same"]).first).to_be_visible()

    change_by_hand(world, "Invoice")
    page.get_by_role("button", name=words["resync"]).click()
    _carry_out(page, tenant, record)
    expect(page.locator("#edits")).to_be_visible()
    if script:
        nothing_found(page, "a document changed by hand")
    page.get_by_role("button", name=words["replace"]).click()
    _carry_out(page, tenant, record)
    expect(page.locator(".title .badge.ok")).to_be_visible()

    page.get_by_role("link", name=words["remove"]).click()
    expect(page.locator("tbody tr")).to_have_count(3)
    if script:
        nothing_found(page, "what goes")
    page.get_by_role("button", name=words["delete"]).click()
    _carry_out(page, tenant, record)
    expect(page.get_by_role("button", name=words["again"])).to_be_visible()
    assert world.documents() == []
    page.context.close()


def test_the_page_tells_by_itself_when_a_wish_is_done(
    chromium: Browser, live_server: LiveServer, tenant: Tenant
) -> None:
    record = Record.objects.get(source="order")
    page = visit(chromium, live_server, tenant, "en", script=True)
    [request] = ask([record], Request.Kind.RESYNC)
    page.goto(reverse("record", args=[tenant.slug, record.pk]))
    expect(page.locator("#pending")).to_be_visible()
    with page.expect_request(lambda one: one.headers.get("hx-target") == "pending"):
        pass
    page.route("**/*", lambda route: route.abort())
    request.end(Request.State.DONE, None, outcome="same")
    page.unroute("**/*")
    expect(page.get_by_text("nothing differs").first).to_be_visible()
    expect(page.locator("#pending")).to_have_count(0)
    page.context.close()

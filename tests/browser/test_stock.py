"""The stock as a merchant meets it: look, turn on, and see the shop follow; the brake, and what becomes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from sync.models import OptionsVersion, Run, StockPass
from tenants.models import Company, Role, Tenant, User
from tests.browser.test_pages import DESKTOP, NARROW, PHONE, _fits, _nothing_found
from tests.factories import Cast, cast, member, stock_pass, workspace
from tests.sync.conftest import new_world  # noqa: F401
from tests.sync.shelf import count_in_books, inventory_item, link, stock, stocked_products
from tests.sync.test_stock import hours_go_by
from tests.sync.world import World, finish, run_to_end

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("SCREENSHOTS", "")
"""A folder to keep a picture of every page in, for whoever looks at them."""


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


def visit(chromium: Browser, live_server: LiveServer, person: User) -> Page:
    context = chromium.new_context(viewport=DESKTOP, base_url=live_server.url, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


def stocked(slug: str, people: Cast, lines: dict[str, int], *, is_on: bool = True, **fields: str) -> Tenant:
    tenant = workspace(slug, slug.title())
    member(tenant, people.alice.email, Role.OWNER)
    if lines:
        stock_pass(tenant, lines, **fields)
    if is_on:
        OptionsVersion.objects.create(tenant=tenant, number=2, document={"stock": {"enabled": True}})
    return tenant


def keep_stock() -> None:
    for company in Company.objects.all():
        company.facts = {**company.facts, "inventory": True}
        company.save(update_fields=["facts"])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_stock_page_is_accessible_and_fits(language: str, chromium: Browser, live_server: LiveServer) -> None:
    people = cast()
    off = stocked("off", people, {}, is_on=False)
    preview = stocked("preview", people, {"to_zero": 2, "never_set": 11, "changed": 30, "same": 40}, is_on=False)
    brake = stocked(
        "brake", people, {"to_zero": 14, "never_set": 9, "changed": 20, "same": 10}, kind="full", state="stopped"
    )
    done = stocked(
        "done", people, {"aside": 1, "changed": 3, "failed": 1}, kind="full", state="done", decision="counted"
    )
    keep_stock()
    locked = people.tenant
    locked.company.facts = {**locked.company.facts, "inventory": False}  # type: ignore[union-attr]
    locked.company.save(update_fields=["facts"])  # type: ignore[union-attr]
    User.objects.update(language=language)
    page = visit(chromium, live_server, people.alice)
    paths = [reverse("stock", args=[tenant.slug]) for tenant in (off, preview, brake, done, locked)]
    paths += [
        reverse("stock_pass", args=[done.slug, StockPass.objects.get(tenant=done).pk]),
        reverse("overview", args=[brake.slug]),
        reverse("attention", args=[brake.slug]),
        reverse("setup_extras", args=[off.slug]),
    ]
    for place, path in enumerate(paths):
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            _nothing_found(page, f"{path} in {scheme}")
            _keep(page, f"{place}-{language}-{scheme}")
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": 800})
            _fits(page, path)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        _fits(page, path)
        _nothing_found(page, f"{path} on a phone")
        _keep(page, f"{place}-{language}-phone")
    page.context.close()


def _keep(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.fixture
def shop(new_world: object) -> World:  # noqa: F811
    world: World = new_world("fr")  # type: ignore[operator]
    return world


def last_run(tenant: Tenant) -> Run:
    found = Run.objects.for_tenant(tenant).order_by("-pk").first()
    assert found is not None
    return found


def test_preview_on_change_and_brake(shop: World, chromium: Browser, live_server: LiveServer) -> None:
    """What the worker would do is done between two clicks; every click is the merchant's."""
    products = stocked_products(shop, 6)
    items = [inventory_item(shop, row["name"], row["sku"], 9) for row in products]
    tenant = shop.connect()
    for row, item in zip(products, items, strict=True):
        link(tenant, row["id"], item, name=row["name"])
    page = visit(chromium, live_server, member(tenant, "alice@dupont.example", Role.OWNER))
    url = reverse("stock", args=[tenant.slug])
    page.goto(url)
    page.locator("main form button.primary").click()
    finish(last_run(tenant))
    page.goto(url)
    rows = page.locator("main table.grid tbody tr")
    expect(rows).to_have_count(6)
    assert stock(shop, products[0]["id"]) == products[0]["stock_quantity"]
    page.locator("#way-counted").click()
    finish(last_run(tenant))
    assert [stock(shop, row["id"]) for row in products] == [9] * 6

    count_in_books(shop, items[0], 5)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    assert stock(shop, products[0]["id"]) == 5
    page.goto(url)
    expect(page.locator("main tbody tr", has_text=products[0]["sku"]).locator("td").first).to_have_text("5")

    for item in items[1:4]:
        count_in_books(shop, item, 0)
    hours_go_by(tenant, 7)
    run_to_end(tenant)
    page.goto(reverse("overview", args=[tenant.slug]))
    page.locator(".callout.warn a.btn").click()
    page.wait_for_url(f"**{url}")
    assert [stock(shop, row["id"]) for row in products[1:4]] == [9] * 3
    page.locator("#typed-counted").fill("3")
    page.locator("#way-counted").click()
    finish(last_run(tenant))
    assert [stock(shop, row["id"]) for row in products] == [5, 0, 0, 0, 9, 9]
    page.context.close()

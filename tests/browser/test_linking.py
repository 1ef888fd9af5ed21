"""What is in the books already, at the browser: found by itself, ticked, linked; a taken number; one by hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from sync.models import Posting, Run
from tenants.models import Role, Tenant, User
from tests.browser.test_pages import DESKTOP, NARROW, PHONE, _database_beside_a_loop, _fits, _nothing_found  # noqa: F401
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits, point_at, world  # noqa: F401  (fixtures)
from tests.sync.test_linking import key_in
from tests.sync.test_refunds import POT, TEA, refund
from tests.sync.world import World, buyer, finish, record_of, run_to_end

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURES = os.environ.get("PICTURES", "")
"""A folder to leave pictures in, for whoever wants to look."""


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = chromium.new_context(viewport=DESKTOP, base_url=live_server.url, reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def enter(page: Page, live_server: LiveServer, tenant: Tenant, language: str) -> None:
    owner = member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont")
    User.objects.filter(pk=owner.pk).update(language=language)
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    cookie: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])


def finish_runs(page: Page, tenant: Tenant) -> None:
    """Meanwhile the page asks nothing: a run and a request share the one connection to a database in memory."""
    address = page.url
    page.goto("about:blank")
    for run in Run.objects.for_tenant(tenant).filter(state__in=Run.ACTIVE):
        finish(run)
    page.goto(address)


def look_at(page: Page, name: str) -> None:
    """Accessible in both themes, and never wider than the screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        _nothing_found(page, f"{name} in {scheme}")
        _picture(page, f"{name}-{scheme}")
    page.emulate_media(color_scheme="light")
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 800})
        _fits(page, name)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    _fits(page, name)
    _nothing_found(page, f"{name} on a phone")
    _picture(page, f"{name}-phone")
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def _picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_was_keyed_by_hand_is_found_and_linked(
    language: str,
    page: Page,
    live_server: LiveServer,
    world: World,  # noqa: F811
) -> None:
    orders = [
        world.add_order(line_items=[TEA], **buyer("Ana", f"Lopez {n}", f"ana{n}@lopez.example")) for n in range(5)
    ]
    for n, order_id in enumerate(orders[:3]):
        key_in(world, order_id, number=f"WC-{world.number_of(order_id)}", customer=f"Ana Lopez {n}")
    key_in(world, orders[3], "Invoice", number=world.number_of(orders[3]), customer="Ana Lopez 3", total="12.00")
    returned = refund(world, orders[0], amount="3.00")
    key_in(world, orders[0], "CreditMemo", number=f"CWio{world.number_of(orders[0])}", total="3.00", percent="0")
    tenant = world.connect()
    enter(page, live_server, tenant, language)
    page.goto(reverse("setup_documents", args=[tenant.slug]))
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#looking")).to_be_visible()
    _nothing_found(page, "while it looks")
    _picture(page, f"looking-{language}")
    finish_runs(page, tenant)
    boxes = page.locator("input[name=link]")
    expect(boxes).to_have_count(5)
    assert [boxes.nth(place).is_checked() for place in range(5)] == [False, True, True, True, True]
    look_at(page, f"documents-{language}")
    page.locator("main form button.primary").first.click()
    expect(page.locator("#looking")).to_be_visible()
    finish_runs(page, tenant)
    expect(page.locator(".callout.ok").first).to_contain_text("3")
    expect(page.locator(".callout.ok").last).to_contain_text("1")
    expect(page.locator("input[name=link]")).to_have_count(1)
    _nothing_found(page, "after linking")
    _picture(page, f"linked-{language}")
    assert Posting.objects.filter(is_linked=True).count() == 4
    page.goto(reverse("record", args=[tenant.slug, record_of(tenant, returned, "refund").pk]))
    look_at(page, f"refund-{language}")
    page.goto(reverse("record", args=[tenant.slug, record_of(tenant, orders[0]).pk]))
    look_at(page, f"record-{language}")
    page.locator(f"a[href='{reverse('record_unlink', args=[tenant.slug, record_of(tenant, orders[0]).pk])}']").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    _nothing_found(page, "the question before a link is taken off")
    _picture(page, f"unlink-{language}")
    page.locator("dialog[open] button[value=skip]").click()
    expect(page.locator(".title .badge")).to_be_visible()
    assert Posting.objects.filter(is_linked=True, state="posted").count() == 3


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_number_that_is_taken_is_compared_and_linked(
    language: str,
    page: Page,
    live_server: LiveServer,
    world: World,  # noqa: F811
) -> None:
    same, other = world.add_order(line_items=[TEA]), world.add_order(line_items=[POT])
    key_in(world, same, number=f"Wio{world.number_of(same)}")
    key_in(world, other, number=f"Wio{world.number_of(other)}", total="12.00")
    tenant = world.connect()
    run_to_end(tenant)
    enter(page, live_server, tenant, language)
    page.goto(reverse("attention", args=[tenant.slug]))
    expect(page.locator("article.cause")).to_have_count(2)
    look_at(page, f"taken-{language}")
    page.locator("button[name=action][value=link]").click()
    expect(page.locator("article.solved")).to_be_visible()
    assert record_of(tenant, same).state == "synced"
    record = record_of(tenant, other)
    page.goto(reverse("record_link", args=[tenant.slug, record.pk]))
    page.locator("#id_number").fill(record.number)
    page.locator("main form button.primary").click()
    expect(page.locator("#found")).to_be_visible()
    look_at(page, f"search-{language}")
    page.locator("section:has(#found) tbody a.btn").first.click()
    page.wait_for_url("**/compare/**")
    look_at(page, f"compare-{language}")
    page.locator("#accept").check()
    page.locator("main form button.primary").click()
    expect(page.locator(".title .badge.ok")).to_be_visible()
    assert record_of(tenant, other).state == "synced"

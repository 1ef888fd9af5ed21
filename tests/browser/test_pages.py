"""Every page of a busy workspace, in both languages: accessible in both themes, and never wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from sync.models import Record, Run
from tenants.models import Role, User
from tests.factories import Cast, busy_month, cast, live_run, member, workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
NARROW = (1024, 640, 320)
"""A small laptop; 200 % and 400 % zoom on a large one."""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    """The browser's loop runs in this thread; Django must not mind when it opens the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def people() -> Cast:
    people = cast()
    busy_month(people.tenant)
    importing = workspace("importing", "Importing")
    member(importing, people.alice.email, Role.OWNER)
    live_run(importing)
    member(workspace("empty", "Empty"), people.alice.email, Role.OWNER)
    return people


@pytest.fixture
def page(people: Cast, chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = chromium.new_context(viewport=DESKTOP, base_url=live_server.url, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    client = Client()
    client.force_login(people.alice, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def addresses(people: Cast) -> list[str]:
    slug = people.tenant.slug
    records = Record.objects.filter(tenant=people.tenant)
    shown = [
        records.filter(state="synced", proof__means="stated").first(),
        records.filter(reason="unmapped_tax_rate").first(),
        records.filter(reason="edited_in_quickbooks").first(),
        records.filter(state="waiting").first(),
    ]
    held = records.filter(state="attention").latest("pk")
    return [
        "/clients/",
        *[reverse(name, args=[slug]) for name in ("overview", "attention", "records", "runs", "more")],
        *[reverse("record", args=[slug, record.pk]) for record in shown if record is not None],
        reverse("skip_record", args=[slug, held.pk]),
        reverse("record_undo", args=[slug, records.filter(state="synced").latest("pk").pk]),
        reverse("run_undo", args=[slug, Run.objects.filter(tenant=people.tenant).latest("total").pk]),
        reverse("run", args=[slug, Run.objects.filter(tenant=people.tenant).latest("total").pk]),
        reverse("records", args=[slug]) + "?q=zebra",
        reverse("overview", args=["importing"]),
        reverse("overview", args=["empty"]),
    ]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_accessible_and_fits(language: str, page: Page, people: Cast) -> None:
    User.objects.update(language=language)
    for path in addresses(people):
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            _nothing_found(page, f"{path} in {scheme}")
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": 800})
            _fits(page, path)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        _fits(page, path)
        _nothing_found(page, f"{path} on a phone")


LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
BEYOND = """[...document.querySelectorAll('main *')]
    .filter(one => one.checkVisibility() && !one.closest('.scroll, .vh'))
    .filter(one => one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML.slice(0, 120))"""


def test_words_without_end_stay_within_their_card(page: Page, people: Cast) -> None:
    details = {
        "unmapped_tax_rate": {"rate": LONG},
        "unmatched_product": {"sku": LONG.upper(), "name": LONG},
        "number_too_long": {"number": "W" * 38, "length": 38, "limit": 21},
        "refused_by_quickbooks:6000": {"code": "6000", "message": LONG * 2},
    }
    held = list(Record.objects.filter(tenant=people.tenant, state="attention")[: len(details)])
    assert len(held) == len(details)
    for record, (reason, words) in zip(held, details.items(), strict=True):
        Record.objects.filter(pk=record.pk).update(reason=reason, details=words, buyer=LONG)
    slug = people.tenant.slug
    pages = [reverse(name, args=[slug]) for name in ("overview", "attention", "records")]
    for path in [*pages, *[reverse("record", args=[slug, record.pk]) for record in held]]:
        page.goto(path)
        for width in (1280, 640, 360, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(BEYOND) == [], f"{path} at {width}"


def test_skip_asks_in_a_dialog_and_gives_the_focus_back(page: Page, people: Cast) -> None:
    held = Record.objects.filter(tenant=people.tenant, reason="unmapped_tax_rate").latest("pk")
    page.goto(reverse("record", args=[people.tenant.slug, held.pk]))
    page.get_by_role("link", name="Skip…").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    _nothing_found(page, "the dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="Skip…")).to_be_focused()
    page.get_by_role("link", name="Skip…").click()
    dialog.locator("textarea").fill("Entered by hand")
    dialog.locator("button.primary").click()
    expect(page.locator(".toast")).to_contain_text("skipped.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".title .badge")).to_contain_text("Queued")


def test_filters_work_while_typing_and_stay_in_the_address(page: Page, people: Cast) -> None:
    page.goto(reverse("records", args=[people.tenant.slug]))
    page.locator("#id_q").press_sequentially("240")
    page.wait_for_url("**q=240**")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#id_q")).to_be_focused()
    page.reload()
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_ticks_are_counted_cleared_and_retried(page: Page, people: Cast) -> None:
    page.goto(reverse("records", args=[people.tenant.slug]) + "?state=attention")
    bar, head = page.locator("#bulk"), page.locator("[data-all]")
    expect(bar).to_be_hidden()
    page.locator("[name=id]").nth(0).check()
    expect(bar).to_contain_text("1 selected")
    assert head.evaluate("box => box.indeterminate")
    head.check()
    held = Record.objects.filter(tenant=people.tenant, state="attention").count()
    expect(bar).to_contain_text(f"{held} selected")
    page.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    page.locator("[name=id]").first.check()
    page.get_by_role("button", name="Retry 1").click()
    expect(page.locator("h1")).to_have_text("1 record is looked at again.")
    assert Record.objects.filter(tenant=people.tenant, state="attention").count() == held - 1


def test_progress_follows_the_run_and_tells_its_end(page: Page, people: Cast) -> None:
    page.goto(reverse("overview", args=["importing"]))
    run = Run.objects.get(tenant__slug="importing")
    Run.objects.filter(pk=run.pk).update(done=4000, tally={"synced": 4000})
    expect(page.locator(f"#live-{run.pk}")).to_contain_text("4,000 of 4,812", timeout=15_000)


def test_the_end_of_a_run_is_told_everywhere_on_its_page(page: Page, people: Cast) -> None:
    run = Run.objects.get(tenant__slug="importing")
    page.goto(reverse("run", args=["importing", run.pk]))
    expect(page.locator("#run-badge .badge.run")).to_be_visible()
    Run.objects.filter(pk=run.pk).update(
        state="finished", done=run.total, tally={"synced": run.total}, qbo_calls=321, finished_at=timezone.now()
    )
    expect(page.locator("#run-badge .badge.ok")).to_be_visible(timeout=15_000)
    expect(page.locator("#took")).to_contain_text("321")
    expect(page.locator("#pulse")).not_to_contain_text("Syncing")
    expect(page.locator("#status")).to_have_text("The run has ended.")


def test_every_target_on_a_phone_is_large_enough(page: Page, people: Cast) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for name in ("overview", "attention", "records"):
        page.goto(reverse(name, args=[people.tenant.slug]))
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, select, input:not([type=hidden])')]
                .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest('.vh, .skip, p'))
                .map(one => [one.outerHTML.slice(0, 120), (one.closest('label') ?? one).getBoundingClientRect()])
                .filter(([, box]) => box.height && (box.height < 43.5 || box.width < 43.5))
                .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""
        )
        assert small == [], name


def _nothing_found(page: Page, where: str) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def _fits(page: Page, path: str) -> None:
    screen = page.viewport_size
    assert screen is not None
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= screen["width"], f"{path} is {width} px wide on a screen of {screen['width']}"

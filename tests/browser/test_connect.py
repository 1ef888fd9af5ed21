"""Both sides connected by clicks, in English and French, against the stand-ins; from expired to resumed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sync.models import OptionsVersion, Run
from sync.tasks import advance_once, mail_lost_connection, read_company_names, watch_connections
from tenants.models import Company, Connection, Tenant, User
from tests.factories import Cast, cast
from tests.sync.conftest import point_at
from tests.sync.world import World, assert_all_ended, assert_no_duplicates, finish, small_world, states

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WORDS = {
    "en": {
        "address": "Address of your store",
        "check": "Check this address",
        "approve": "Approve in the store",
        "by_hand": "Enter keys by hand",
        "key": "Consumer key",
        "secret": "Consumer secret",
        "connect_keys": "Connect with these keys",
        "refused": "The store refused these keys.",
        "declined": "You declined in the store.",
        "read_only": "The store’s key can read but not write.",
        "store_done": "Your store is connected.",
        "continue": "Continue",
        "connect": "Connect to QuickBooks",
        "refused_consent": "You declined in QuickBooks.",
        "company_done": "QuickBooks is connected:",
        "reading": "Reading customers, items and accounts",
        "expired": "QuickBooks has to be reconnected",
        "reconnect": "Reconnect QuickBooks",
    },
    "fr": {
        "address": "Adresse de votre boutique",
        "check": "Vérifier cette adresse",
        "approve": "Autoriser dans la boutique",
        "by_hand": "Saisir les clés à la main",
        "key": "Clé client",
        "secret": "Secret client",
        "connect_keys": "Connecter avec ces clés",
        "refused": "La boutique a refusé ces clés.",
        "declined": "Vous avez refusé",
        "read_only": "La clé de la boutique permet de lire, pas d’écrire.",
        "store_done": "Votre boutique est connectée.",
        "continue": "Continuer",
        "connect": "Connecter QuickBooks",
        "refused_consent": "Vous avez refusé dans QuickBooks.",
        "company_done": "QuickBooks est connecté",
        "reading": "Lecture des clients",
        "expired": "QuickBooks est à reconnecter",
        "reconnect": "Reconnecter QuickBooks",
    },
}
LANGUAGES = pytest.mark.parametrize("language", ["en", "fr"])


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    """The browser's loop runs in this thread; Django must not mind when it opens the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def world(settings: Settings, tmp_path: Path, live_server: LiveServer) -> Iterator[World]:
    settings.PUBLIC_URL = live_server.url
    with small_world(tmp_path, "fr", orders=5) as made:
        made.box.store.allow_http_callbacks = True
        yield point_at(settings, made)


@pytest.fixture
def people(world: World) -> Cast:
    made = cast(company=None, store_url="", store_consumer_key="", store_consumer_secret="")
    OptionsVersion.objects.all().delete()
    return made


@pytest.fixture
def page(people: Cast, chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, base_url=live_server.url, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    client = Client()
    client.force_login(people.alice, backend="django.contrib.auth.backends.ModelBackend")
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: (
            complaints.append(f"{page.url}: {said.text}")
            if said.type in ("error", "warning") and live_server.url in page.url
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def sound(page: Page) -> None:
    """Accessible, in light and dark, and no wider than a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 900})


@LANGUAGES
def test_a_store_is_connected_by_its_own_page_after_a_refusal(
    language: str, page: Page, people: Cast, world: World
) -> None:
    User.objects.update(language=language)
    words = WORDS[language]
    page.goto(reverse("connect_store", args=[people.tenant.slug]))
    sound(page)
    page.get_by_label(words["address"]).fill(f"{world.box.store_url}/wp-admin/")
    page.get_by_role("button", name=words["check"]).click()
    sound(page)

    page.get_by_role("button", name=words["approve"]).click()
    page.get_by_role("link", name="Deny").click()
    expect(page.get_by_text(words["declined"])).to_be_visible()

    page.get_by_role("button", name=words["approve"]).click()
    page.get_by_role("link", name="Approve").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["store_done"])
    sound(page)
    tenant = Tenant.objects.get(pk=people.tenant.pk)
    assert (tenant.store_url, tenant.store_state) == (world.box.store_url, Connection.CONNECTED)


@LANGUAGES
def test_wrong_keys_by_hand_are_cured(language: str, page: Page, people: Cast, world: World) -> None:
    User.objects.update(language=language)
    words, store = WORDS[language], world.details["store"]
    page.goto(f"{reverse('connect_store_keys', args=[people.tenant.slug])}?address={world.box.store_url}")
    page.get_by_text(words["by_hand"]).click()
    page.get_by_label(words["key"]).fill("ck_" + "0" * 40)
    page.get_by_label(words["secret"]).fill("cs_" + "0" * 40)
    page.get_by_role("button", name=words["connect_keys"]).click()
    expect(page.get_by_text(words["refused"])).to_be_visible()
    sound(page)
    read_only = world.store_control("keys", permissions="read")
    for keys, comes in ((read_only, page.get_by_text(words["read_only"])), (store, None)):
        page.get_by_label(words["key"]).fill(keys["consumer_key"])
        page.get_by_label(words["secret"]).fill(keys["consumer_secret"])
        page.get_by_role("button", name=words["connect_keys"]).click()
        expect(comes or page.get_by_role("heading", level=1, name=words["store_done"])).to_be_visible()
        sound(page)


@LANGUAGES
def test_a_company_is_connected_after_a_refusal_and_its_lists_are_read(
    language: str, page: Page, people: Cast, world: World
) -> None:
    User.objects.update(language=language)
    words = WORDS[language]
    page.goto(reverse("connect_quickbooks", args=[people.tenant.slug]))
    sound(page)
    page.get_by_role("button", name=words["connect"]).click()
    page.locator("button:not(.main)").click()
    expect(page.get_by_text(words["refused_consent"])).to_be_visible()

    connect(page, words)
    sound(page)
    assert not Company.objects.exists()
    page.locator("button[value=link]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["company_done"])
    expect(page.get_by_text(words["reading"])).to_be_visible()
    sound(page)
    read_company_names(Company.objects.get().pk)
    expect(page.get_by_role("link", name=words["continue"])).to_be_visible()
    page.goto(reverse("health", args=[people.tenant.slug]))
    sound(page)


@LANGUAGES
def test_from_expired_to_resumed(language: str, page: Page, people: Cast, world: World) -> None:
    words = WORDS[language]
    tenant = world.connect(slug="expired")
    tenant.memberships.create(user=people.alice, role="owner")
    User.objects.update(language=language)
    Tenant.objects.filter(pk=tenant.pk).update(automatic_sync=True)
    world.add_order(line_items=[{"sku": "THE-SEN-100", "quantity": 1}])
    world.company_control("revoke", now=True)
    Company.objects.update(access_expires_at=timezone.now() - timedelta(hours=1))
    run = Run.objects.create(tenant=tenant)
    while advance_once(run.pk).more:
        Run.objects.filter(pk=run.pk).update(not_before=None)
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED

    watch_connections()
    mail_lost_connection(tenant.pk, "quickbooks")
    mail_lost_connection(tenant.pk, "quickbooks")
    assert [letter.to for letter in mail.outbox] == [[people.alice.email]], "told once"
    page.goto(reverse("overview", args=[tenant.slug]))
    expect(page.get_by_text(words["expired"])).to_be_visible()
    expect(page.get_by_role("link", name=words["reconnect"])).to_be_visible()
    sound(page)
    page.goto(str(next(re.finditer(r"https?://\S+", str(mail.outbox[0].body)))[0]))
    page.get_by_role("button", name=words["reconnect"]).click()
    page.locator("button.main").click()
    page.locator("button[value=link]").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(words["company_done"])
    expect(page.get_by_text(words["expired"])).to_have_count(0)
    resumed = Run.objects.get(tenant=tenant, state__in=Run.ACTIVE)
    assert resumed.trigger == "reconnect"
    finish(resumed)
    assert_all_ended(tenant)
    assert_no_duplicates(world)
    assert states(tenant)["synced"] == len(world.documents()) >= 1


def test_another_language_keeps_the_page(page: Page, people: Cast) -> None:
    path = f"{reverse('records', args=[people.tenant.slug])}?q=4127&state=synced"
    page.goto(path)
    for language in ("fr", "en"):
        page.locator("button.who:visible").click()
        page.locator(f".langs:visible button[value={language}]").click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.url.endswith(path)


def connect(page: Page, words: dict[str, str]) -> None:
    page.get_by_role("button", name=words["connect"]).click()
    page.locator("button.main").click()

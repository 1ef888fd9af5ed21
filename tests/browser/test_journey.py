"""From a stranger to the first order in the books, as a person does it: counted in clicks, measured in seconds.

The service, the shop and the company are processes of their own and talk over HTTP; nothing is prepared but the shop's
orders and the company's lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hand import Hand, Keyboard
from tests.browser.product import Product

pytestmark = pytest.mark.browser

MOST_CLICKS = 25
MOST_SECONDS = 300
ADDRESS = "claire@maison-dupont.example"
PASSWORD = "correct horse battery"
WORKSPACE = "Maison Dupont"
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
TITLES = {
    "en": [
        "Connect your store",
        "Connect QuickBooks",
        "Orders",
        "Taxes and payments",
        "Dry run",
        "Products and stock",
        "Turn on",
    ],
    "fr": [
        "Connecter votre boutique",
        "Connecter QuickBooks",
        "Commandes",
        "Taxes et paiements",
        "Simulation",
        "Produits et stock",
        "Activer",
    ],
}


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path / "product") as running:
        yield running


def visitor(chromium: Browser, product: Product, language: str, *, script: bool = True) -> Page:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900},
        locale=LOCALES[language],
        timezone_id="Europe/Paris",
        base_url=product.url,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.set_default_timeout(30_000)
    return context.new_page()


def sign_up(hand: Hand, product: Product) -> None:
    page = hand.page
    page.goto("/")
    hand.click("a[href^='/accounts/signup/']")
    hand.type("#id_email", ADDRESS)
    hand.type("#id_password1", PASSWORD)
    hand.click("main form button.primary")
    page.wait_for_url("**/accounts/confirm-email/")
    hand.open(product.link_in_letter(ADDRESS))
    hand.click("main form button.primary")
    page.wait_for_url("**/workspaces/new/")
    hand.done("sign up, confirm the address")


def create_workspace(hand: Hand) -> None:
    hand.type("#id_name", WORKSPACE)
    hand.click("main button.primary")
    hand.page.wait_for_url(re.compile(r"/t/maison-dupont/"))
    hand.done("workspace")


def connect_store(hand: Hand, product: Product) -> None:
    page = hand.page
    page.wait_for_url("**/t/maison-dupont/**")
    hand.type("#id_address", product.store_url)
    hand.click("main form button.primary")
    page.wait_for_url("**/store/keys/**")
    hand.click("main form button.primary")
    hand.click(page.get_by_role("link", name="Approve"))
    page.wait_for_url("**/t/maison-dupont/**")
    hand.click("main a.primary")
    hand.done("store")


def connect_company(hand: Hand) -> None:
    hand.click("main form button.primary")
    hand.click("button.main")
    hand.click("button[value=link]")
    hand.wait_for("main a.primary")
    hand.click("main a.primary")
    hand.done("QuickBooks")


def choose(hand: Hand) -> None:
    """What is suggested is taken as it stands."""
    page = hand.page
    page.wait_for_url("**/setup/orders/")
    hand.click("main form button.primary")
    page.wait_for_url("**/setup/mappings/")
    expect(page.locator("select[name^=rate_]").first).not_to_have_value("")
    hand.done("orders")
    hand.click("main form button.primary")
    page.wait_for_url("**/setup/rehearsal/")
    hand.done("taxes and payments")


def rehearse(hand: Hand) -> None:
    page = hand.page
    rows = page.locator("table.grid tbody tr")
    assert rows.count() > 5
    hand.click("main a.primary")
    page.wait_for_url("**/setup/on/")
    hand.done("dry run")


def turn_on(hand: Hand) -> None:
    page = hand.page
    month_ago = datetime.now(UTC).date() - timedelta(days=40)
    field = "#id_start_date"
    hand.type(field, f"{month_ago:%m%d%Y}" if isinstance(hand, Keyboard) else month_ago.isoformat())
    expect(page.locator(field)).to_have_value(month_ago.isoformat())
    hand.click("main form button.primary")
    if not hand.has_script:
        # The books are looked through first; what a script sends by itself then, a person sends.
        page.wait_for_url("**/setup/documents/?then=on")
        hand.wait_for("main form button.primary")
        hand.click("main form button.primary")
    page.wait_for_url("**/runs/*/")
    hand.wait_for(".title .badge.ok, .title .badge.warn", 120)
    hand.done("turned on, first sync through")


def see_one(hand: Hand) -> None:
    """The first order, on its own page, with its proof."""
    page = hand.page
    hand.click(page.locator("header.side a[href$='/records/']").first)
    hand.click(page.locator("#results tbody tr:has(.badge.ok) th a").first)
    page.wait_for_url(re.compile(r"/records/\d+/$"))
    amounts = page.locator(".proof").first.locator(".amount").all_text_contents()
    assert len(amounts) == 2
    assert amounts[0] == amounts[1]
    hand.done("first order with its proof")


@pytest.mark.parametrize(
    ("language", "manner"), [("en", "mouse"), ("fr", "mouse"), ("en", "keyboard"), ("fr", "without script")]
)
def test_from_a_stranger_to_the_first_order_in_the_books(
    language: str, manner: str, chromium: Browser, product: Product, pytestconfig: pytest.Config
) -> None:
    has_script = manner != "without script"
    page = visitor(chromium, product, language, script=has_script)
    hand = Keyboard(page) if manner == "keyboard" else Hand(page, has_script=has_script)
    sign_up(hand, product)
    create_workspace(hand)
    connect_store(hand, product)
    connect_company(hand)
    page.wait_for_url("**/setup/orders/")
    expect(page.locator("html")).to_have_attribute("lang", language)
    steps = [text.strip() for text in page.locator(".stepper li").all_inner_texts()]
    assert all(title in step for title, step in zip(TITLES[language], steps, strict=True)), steps
    choose(hand)
    rehearse(hand)
    assert product.company("ledger")["documents"] == []
    turn_on(hand)
    see_one(hand)
    page.context.close()
    _say(pytestconfig, hand.report(f"The way in {language}, {manner}"))
    assert hand.clicks <= MOST_CLICKS
    assert hand.seconds <= MOST_SECONDS
    documents = product.company("ledger")["documents"]
    assert documents
    assert len({one["DocNumber"] for one in documents}) == len(documents)


def _say(config: pytest.Config, text: str) -> None:
    capture = config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        print(text)

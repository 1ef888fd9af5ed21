"""The demo in a real browser: sign in, sync, and follow one order until its proof; for every reader, in every look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.connector.management.demo_process import OWNER, DemoProcess, wait_until

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@dataclass
class Visit:
    """A signed-in owner at the demo, and everything that the browser complained about on the way."""

    demo: DemoProcess
    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "response",
            lambda answer: self.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.demo.url}{path}")

    def sign_in(self) -> None:
        self.go("/")
        self.page.fill("input[name=login]", OWNER)
        self.page.fill("input[name=password]", self.demo.password())
        self.page.click("main form button.primary")
        self.page.wait_for_url("**/t/maison-dupont/")

    def read_in(self, language: str) -> None:
        """As the person's account says."""
        self.go("/account/")
        self.page.select_option("select[name=language]", language)
        self.page.locator("form:has(select[name=language]) button.primary").click()
        expect(self.page.locator("html")).to_have_attribute("lang", language)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[DemoProcess]:
    with DemoProcess(tmp_path_factory.mktemp("browser") / "state") as running:
        yield running
        assert running.interrupt()[0] == 0, running.said


@pytest.fixture(scope="module")
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=DESKTOP, locale="fr-FR", reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module")
def visit(demo: DemoProcess, context: BrowserContext) -> Visit:
    visit = Visit(demo, context.new_page())
    visit.sign_in()
    return visit


@pytest.fixture(autouse=True)
def nothing_to_complain_about(visit: Visit) -> Iterator[None]:
    visit.complaints.clear()
    yield
    assert visit.complaints == []


def first_synced(visit: Visit) -> str:
    """The path of the newest synced order."""
    visit.go("/t/maison-dupont/records/?state=synced&source=order")
    return str(visit.page.locator("#results tbody th a").first.get_attribute("href"))


def test_one_click_syncs_and_every_order_has_its_proof(visit: Visit) -> None:
    page, demo = visit.page, visit.demo
    wait_until(lambda: demo.runs() == ["finished"], 60, "the first sync is through")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator(".proof .cap").first).to_have_class(re.compile(r"\bok\b"))

    page.get_by_role("button", name="Synchroniser").first.click()
    page.wait_for_url("**/runs/*/")
    wait_until(lambda: demo.runs() == ["finished", "finished"], 60, "the run by the button is through")
    page.reload()
    expect(page.locator(".title")).to_contain_text("Terminée")

    page.get_by_role("navigation").get_by_role("link", name="Activité").first.click()
    page.wait_for_url("**/records/")
    page.select_option("select[name=state]", "synced")
    page.select_option("select[name=source]", "order")
    page.wait_for_url("**source=order**")
    page.locator("#results tbody th a").first.click()
    page.wait_for_url(re.compile(r"/records/\d+/$"))
    proof = page.locator(".proof").first
    amounts = proof.locator(".amount").all_text_contents()
    assert len(amounts) == 2
    assert amounts[0] == amounts[1]
    assert "€" in amounts[0]
    expect(proof.locator(".cap")).to_have_class(re.compile(r"\bok\b"))
    for equation in proof.locator(".equation").all():
        left, right = equation.locator("data").all()
        assert left.get_attribute("value") == right.get_attribute("value")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_are_accessible_and_fit_a_phone(visit: Visit, language: str) -> None:
    page = visit.page
    visit.read_in(language)
    paths = ["/t/maison-dupont/", "/t/maison-dupont/records/", first_synced(visit)]
    for path in paths:
        visit.go(path)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path} in {scheme}: {found.generate_report()}"
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"{path} is {width} px wide"
        page.set_viewport_size(DESKTOP)

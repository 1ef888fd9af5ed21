"""A person who has never seen the product signs up, gets a workspace and a second factor: with the keyboard alone.

Then every page about people in both languages and themes, on a laptop and on a phone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from allauth.account.models import EmailConfirmationHMAC
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tenants.audit import log_change
from tenants.models import Membership, Role, User
from tenants.web import team
from tests.factories import PASSWORD, Cast, cast, member, person, workspace
from tests.tenants.web.codes import code_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@dataclass
class Visit:
    """A browser at the service, and everything it complained about. `expected`: answers that are meant to refuse."""

    url: str
    page: Page
    expected: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(f"status of {status}" in message.text for status in self.expected):
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def read_in(self, language: str) -> None:
        """As a visitor who chose a language before."""
        self.page.context.add_cookies([{"name": "django_language", "value": language, "url": self.url}])

    def be(self, someone: User) -> None:
        """Signed in, without the way there."""
        client = Client()
        client.force_login(someone, backend="django.contrib.auth.backends.ModelBackend")
        cookie = client.cookies["sessionid"].value
        self.page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": self.url}])

    def tab_to(self, selector: str) -> None:
        """Tab until it has the focus, as somebody without a mouse does; what has it must be seen to have it."""
        for _step in range(60):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                outline = self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"{selector} does not show that it has the focus"
                return
        raise AssertionError(f"No way to {selector} by keyboard on {self.page.url}")

    def type_into(self, selector: str, text: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.type(text)

    def press(self, selector: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.press("Enter")


@pytest.fixture(scope="module", autouse=True)
def _database_beside_a_loop() -> Iterator[None]:
    """The browser's loop runs in this thread; Django must not mind when it opens the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture
def visit(chromium: Browser, live_server: LiveServer, settings: Settings) -> Iterator[Visit]:
    cache.clear()
    settings.PUBLIC_URL = live_server.url
    context = chromium.new_context(viewport=SIZES[0], locale="en-GB", timezone_id="Europe/Paris")
    context.set_default_timeout(15_000)
    visit = Visit(live_server.url, context.new_page())
    yield visit
    context.close()
    assert visit.complaints == []


def link_in(body: str) -> str:
    found = re.search(r"https?://\S+", body)
    assert found is not None
    return found[0]


def test_from_nothing_to_a_workspace_with_a_second_factor_by_keyboard(visit: Visit) -> None:
    page = visit.page
    visit.go("/")
    page.wait_for_url("**/accounts/login/**")
    visit.press("a[href^='/accounts/signup/']")
    page.wait_for_url("**/accounts/signup/**")
    visit.type_into("#id_email", "claire@example.com")
    visit.type_into("#id_password1", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/confirm-email/")
    expect(page.locator("main")).to_contain_text("claire@example.com")

    page.goto(link_in(mail.outbox[0].body))
    visit.press("main button")
    page.wait_for_url("**/workspaces/new/")
    visit.type_into("#id_name", "Maison Dupont")
    visit.tab_to("#id_slug")
    expect(page.locator("#id_slug")).to_have_value("maison-dupont")
    expect(page.locator("#id_time_zone")).to_have_value("Europe/Paris")
    visit.press("main button.primary")
    page.wait_for_url("**/t/maison-dupont/**")

    visit.go("/account/")
    visit.press("main a[href*='totp/activate']")
    page.wait_for_url("**/reauthenticate/**")
    visit.type_into("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/totp/activate/")
    secret = page.locator(".secret code").inner_text()
    visit.type_into("#id_code", code_of(secret))
    page.keyboard.press("Enter")
    page.wait_for_url("**/recovery-codes/")
    assert page.locator(".codes li").count() == 10
    assert mail.outbox[-1].subject == "Two-factor authentication is on"

    visit.go("/account/")
    visit.press(".plain-head form button")
    page.wait_for_url("**/accounts/login/")
    visit.type_into("#id_login", "claire@example.com")
    visit.type_into("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/two-factor/authenticate/")
    visit.type_into("#id_code", code_of(secret, later=1))
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/maison-dupont/")

    visit.go("/account/")
    visit.tab_to("#id_language")
    page.keyboard.press("F")
    visit.press("form:has(#id_language) button.primary")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("h1")).to_have_text("Compte")


def test_an_invited_person_joins_without_a_second_letter(visit: Visit) -> None:
    people = cast()
    owner = Membership.objects.get(user=people.alice)
    team.invite(owner, "dora@cabinet.example", Role.VIEWER)
    page = visit.page
    page.goto(link_in(mail.outbox[0].body))
    visit.press("main a.primary")
    expect(page.locator("#id_email")).to_have_value("dora@cabinet.example")
    visit.type_into("#id_password1", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/invitation/**")
    visit.press("main form button.primary")
    page.wait_for_url("**/t/maison-dupont/")
    assert len(mail.outbox) == 1
    assert Membership.objects.get(user__email="dora@cabinet.example").role == Role.VIEWER


def test_the_switcher_finds_a_workspace(visit: Visit) -> None:
    people = cast()
    for name in ("Atelier Nord", "Bord de mer", "Chez Paul"):
        member(workspace(name.lower().replace(" ", "-"), name), people.alice.email, Role.ADMIN)
    visit.be(people.alice)
    visit.go("/t/maison-dupont/team/")
    visit.press(".switch")
    visit.type_into("#switcher-q", "mer")
    expect(visit.page.locator("#switcher-list a")).to_have_count(1)
    visit.press("#switcher-list a")
    visit.page.wait_for_url("**/t/bord-de-mer/")


def look_at(visit: Visit, paths: list[str], name: str) -> list[str]:
    """What axe finds on each page in both themes and sizes, and what scrolls sideways at any width people have."""
    axe, found = Axe(), []
    for path in paths:
        visit.page.set_viewport_size(SIZES[0])
        visit.go(path)
        for size in SIZES:
            visit.page.set_viewport_size(size)
            for theme in ("light", "dark"):
                visit.page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
                visit.page.wait_for_timeout(150)
                results = axe.run(visit.page, options=RULES)
                where = f"{name} {path} {size['width']} {theme}"
                found += [f"{where}: {one['id']} {one['nodes'][0]['html']}" for one in results.response["violations"]]
        for width in (1280, 1024, 640, 390, 320):
            visit.page.set_viewport_size({"width": width, "height": 800})
            wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{name} {path} {width}: {wide} px too wide"] if wide > 0 else []
    return found


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_for_visitors_suit_everybody(visit: Visit, language: str) -> None:
    people = cast()
    invited = team.invite(Membership.objects.get(user=people.alice), "dora@cabinet.example", Role.VIEWER).invitation
    known = team.invite(Membership.objects.get(user=people.alice), people.charlie.email, Role.ADMIN).invitation
    fresh = person("eve@example.com")
    fresh.emailaddress_set.update(verified=False)
    key = EmailConfirmationHMAC(fresh.emailaddress_set.get()).key
    visit.expected = {410, 404}
    visit.read_in(language)
    paths = [
        reverse("account_login"),
        reverse("account_signup"),
        reverse("account_email_verification_sent"),
        reverse("account_confirm_email", args=[key]),
        reverse("account_confirm_email", args=["worn-out"]),
        reverse("account_reset_password"),
        reverse("account_reset_password_done"),
        reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "worn-out"}),
        reverse("account_reset_password_from_key_done"),
        reverse("account_inactive"),
        reverse("invitation", args=[team.link_token(invited)]),
        reverse("invitation", args=[team.link_token(known)]),
        reverse("invitation", args=["worn-out"]),
        "/no-such-page/",
    ]
    assert look_at(visit, paths, language) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_for_people_suit_everybody(visit: Visit, language: str) -> None:
    people = busy_team(language)
    visit.expected = {404}
    visit.be(people.alice)
    slug = people.tenant.slug
    bob = Membership.objects.get(user=people.bob)
    paths = [
        reverse("account"),
        reverse("account_email"),
        reverse("account_change_password"),
        reverse("account_reauthenticate"),
        reverse("account_logout"),
        reverse("mfa_index"),
        reverse("usersessions_list"),
        reverse("workspace_new"),
        reverse("clients"),
        reverse("team", args=[slug]),
        reverse("member_remove", args=[slug, bob.pk]),
        reverse("audit", args=[slug]),
        "/t/nobodys/",
    ]
    assert look_at(visit, paths, language) == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_of_the_second_factor_suit_everybody(visit: Visit, language: str) -> None:
    people = busy_team(language)
    page = visit.page
    visit.read_in(language)
    sign_in(visit, people.alice)
    visit.go(reverse("mfa_activate_totp"))
    page.fill("#id_password", PASSWORD)
    page.locator("main form button.primary").click()
    page.wait_for_url("**/totp/activate/")
    assert look_at(visit, [reverse("mfa_activate_totp")], language) == []
    page.fill("#id_code", code_of(page.locator(".secret code").inner_text()))
    page.locator("main form button.primary").click()
    page.wait_for_url("**/recovery-codes/")
    names = ["mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_deactivate_totp", "mfa_index"]
    assert look_at(visit, [*[reverse(name) for name in [*names, "mfa_reauthenticate"]]], language) == []
    page.context.clear_cookies()
    visit.read_in(language)
    sign_in(visit, people.alice)
    page.wait_for_url("**/two-factor/authenticate/")
    assert look_at(visit, [reverse("mfa_authenticate")], language) == []


def busy_team(language: str) -> Cast:
    """A team with everybody in it, an expired invitation, and a history."""
    people = cast()
    User.objects.filter(pk=people.alice.pk).update(language=language)
    member(people.tenant, "gabriel.de-la-rochefoucauld-montmorency@cabinet-comptable.example", Role.ADMIN)
    owner = Membership.objects.get(user=people.alice)
    for email in ("dora@cabinet.example", "emil@cabinet.example"):
        team.invite(owner, email, Role.VIEWER)
    changes = {f"orders.option_{number}": [number, number + 1] for number in range(8)}
    log_change(people.tenant, "options", changes, user=people.alice)
    return people


def sign_in(visit: Visit, someone: User) -> None:
    visit.go(reverse("account_login"))
    visit.page.fill("#id_login", someone.email)
    visit.page.fill("#id_password", PASSWORD)
    visit.page.locator("main form button.primary").first.click()
    visit.page.wait_for_url(re.compile(r"/t/|/two-factor/"))

"""Connecting a company in the browser, against the stand-in over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from sync.models import MirrorEntry, OptionsVersion
from sync.tasks import read_company_names
from tenants.models import AuditEntry, Company, Connection, ConnectionAttempt, Membership, Role, Tenant
from tests.factories import Cast, cast, member, workspace
from tests.sync.conftest import NewWorld
from tests.sync.web.conftest import signed_in
from tests.sync.web.connecting import allow, begin, consent, link
from tests.sync.world import World


@pytest.fixture
def people(db: None) -> Cast:
    return cast(company=None)


@pytest.fixture
def world(new_world: NewWorld, settings: Settings) -> World:
    settings.PUBLIC_URL = "http://testserver"
    return new_world("fr")


def page_text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def said(client: Client, url: str) -> str:
    """The page a redirect leads to, with what it says."""
    return page_text(client.get(url, follow=True))


def test_a_company_is_named_and_confirmed_before_anything_is_linked(world: World, alice: Client, people: Cast) -> None:
    answer = consent(alice, people.tenant)
    tenant = Tenant.objects.get(pk=people.tenant.pk)
    assert tenant.company is None
    assert not Company.objects.exists()

    page = page_text(alice.get(answer.headers["Location"]))
    assert "right company?" in page
    for words in ("France", "EUR", "A tax code on every line"):
        assert words in page

    linked = alice.post(answer.headers["Location"], {"answer": "link"})
    assert linked.status_code == 302
    tenant.refresh_from_db()
    assert tenant.company is not None
    assert tenant.company.realm_id == world.box.company.realm_id
    assert tenant.company.state == Connection.CONNECTED
    assert tenant.company.facts["country"] == "FR"
    entry = AuditEntry.objects.get(action="company.connected")
    assert entry.user == people.alice


def test_the_lists_are_read_in_the_background_and_the_page_says_how_far(
    world: World, alice: Client, people: Cast
) -> None:
    link(alice, people.tenant)
    company = Company.objects.get()
    url = reverse("connect_quickbooks", args=[people.tenant.slug])
    assert "Reading customers, items and accounts" in page_text(alice.get(url))
    read_company_names(company.pk)
    assert MirrorEntry.objects.filter(company=company, kind="Account").exists()
    after = page_text(alice.get(url, headers={"HX-Request": "true", "HX-Target": "names"}))
    assert "Reading customers" not in after
    assert "Continue" in after
    assert "<html" not in after


def test_tokens_are_encrypted_and_the_attempt_forgets_them(world: World, alice: Client, people: Cast) -> None:
    consent(alice, people.tenant)
    attempt = ConnectionAttempt.objects.get()
    token = attempt.refresh_token
    assert token.startswith("AB11")
    raw = ConnectionAttempt.objects.extra(select={"sealed": "refresh_token"}).values_list("sealed", flat=True)
    assert not next(iter(raw)).startswith("AB11")
    alice.post(reverse("confirm_quickbooks", args=[people.tenant.slug, attempt.pk]), {"answer": "link"})
    attempt.refresh_from_db()
    assert (attempt.refresh_token, attempt.access_token) == ("", "")
    assert Company.objects.get().refresh_token == token


def test_an_answer_counts_once(world: World, alice: Client, people: Cast) -> None:
    back = allow(begin(alice, people.tenant))
    first = alice.get(back)
    assert "/confirm/" in first.headers["Location"]
    again = alice.get(back)
    assert again.status_code == 302
    assert "already used" in said(alice, again.headers["Location"])
    # The first answer still stands: a repeated exchange would have ended its tokens.
    assert alice.post(first.headers["Location"], {"answer": "link"}).status_code == 302
    assert Company.objects.get().state == Connection.CONNECTED


def test_an_answer_counts_only_for_the_person_and_browser_it_was_asked_by(
    world: World, alice: Client, people: Cast
) -> None:
    back = allow(begin(alice, people.tenant))
    other_person = member(people.tenant, "dora@dupont.example", Role.ADMIN)
    other_browser = signed_in(people.alice)
    for client in (signed_in(other_person), other_browser):
        answer = client.get(back)
        assert answer.status_code == 302
        assert "/confirm/" not in answer.headers["Location"]
    assert alice.get(back).headers["Location"].endswith("/confirm/" + str(ConnectionAttempt.objects.get().pk) + "/")


def test_a_visitor_with_somebody_elses_answer_is_only_sent_to_the_sign_in(
    world: World, alice: Client, people: Cast
) -> None:
    answer = Client().get(allow(begin(alice, people.tenant)))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "x"},
        {"state": "x.y", "code": "1", "realmId": "1"},
        {"state": "\ud7ff", "error": "access_denied"},
        {"error": "server_error"},
    ],
)
def test_an_answer_to_nothing_is_refused_by_a_redirect(
    world: World, alice: Client, people: Cast, query: dict[str, str]
) -> None:
    answer = alice.get(f"{reverse('quickbooks_callback')}?{urlencode(query)}")
    assert answer.status_code == 302
    assert "belongs to no request of ours" in said(alice, answer.headers["Location"])


def test_a_state_of_yesterday_has_expired(world: World, alice: Client, people: Cast) -> None:
    back = allow(begin(alice, people.tenant))
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        answer = alice.get(back)
        assert "has expired" in said(alice, answer.headers["Location"])
    assert not Company.objects.exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [("access_denied", "You declined in QuickBooks"), ("server_error", "broke off"), ("<script>", "broke off")],
)
def test_a_refusal_is_explained_where_the_person_began(
    world: World, alice: Client, people: Cast, error: str, words: str
) -> None:
    state = parse_qs(urlsplit(begin(alice, people.tenant)).query)["state"][0]
    answer = alice.get(f"{reverse('quickbooks_callback')}?{urlencode({'error': error, 'state': state})}")
    assert answer.headers["Location"] == reverse("connect_quickbooks", args=[people.tenant.slug])
    assert words in said(alice, answer.headers["Location"])


def test_a_realm_the_tokens_do_not_open_is_refused_and_harms_nobody(world: World, alice: Client, people: Cast) -> None:
    victim = workspace("victim", "Victim")
    assert victim.company is not None
    before = Company.objects.filter(pk=victim.company.pk).values().get()
    back = allow(begin(alice, people.tenant)).replace(world.box.company.realm_id, victim.company.realm_id)
    answer = alice.get(back)
    assert "does not open the company" in said(alice, answer.headers["Location"])
    assert Company.objects.filter(pk=victim.company.pk).values().get() == before
    assert ConnectionAttempt.objects.get().refresh_token == ""
    assert Tenant.objects.get(pk=people.tenant.pk).company is None


def test_whoever_declines_leaves_nothing_behind(world: World, alice: Client, people: Cast) -> None:
    page = consent(alice, people.tenant).headers["Location"]
    answer = alice.post(page, {"answer": "decline"})
    assert "Nothing was connected" in said(alice, answer.headers["Location"])
    assert not Company.objects.exists()
    assert alice.get(page).status_code == 302
    revoked = world.box.company.storage.row("SELECT COUNT(*) FROM token WHERE revoked = 0 AND kind = 'refresh'")
    assert revoked is not None
    assert revoked[0] <= 1  # the one of the sandbox's own start


def test_a_slow_intuit_loses_no_consent(world: World, alice: Client, people: Cast) -> None:
    back = allow(begin(alice, people.tenant))
    world.break_company(path_contains="/companyinfo/", action="html", times=20)
    answer = alice.get(back)
    assert "/confirm/" in answer.headers["Location"]
    assert "has not answered yet" in page_text(alice.get(answer.headers["Location"]))
    world.heal()
    assert "right company?" in page_text(alice.get(answer.headers["Location"]))


def test_intuits_addresses_out_of_reach_are_said(world: World, alice: Client, people: Cast, settings: Settings) -> None:
    settings.INTUIT_DISCOVERY_URL = "http://127.0.0.1:9/none"
    page = page_text(alice.post(reverse("connect_quickbooks", args=[people.tenant.slug])))
    assert "QuickBooks did not answer" in page


# A shared company, another company, disconnecting


@pytest.fixture
def second(people: Cast) -> Tenant:
    tenant = workspace("second", "Second Shop", company=None)
    OptionsVersion.objects.filter(tenant=tenant).delete()
    Membership.objects.create(tenant=tenant, user=people.alice, role=Role.OWNER)
    return tenant


def test_a_second_workspace_needs_its_own_prefix(world: World, alice: Client, people: Cast, second: Tenant) -> None:
    link(alice, people.tenant)
    page = consent(alice, second).headers["Location"]
    text = page_text(alice.get(page))
    assert "Other workspaces already use this company" in text
    assert people.tenant.name in text

    same = alice.post(page, {"answer": "link", "number_prefix": " wio "})
    assert same.status_code == 200
    assert "already uses this order number prefix" in page_text(same)
    assert Tenant.objects.get(pk=second.pk).company is None

    assert alice.post(page, {"answer": "link", "number_prefix": "SEC-"}).status_code == 302
    second.refresh_from_db()
    assert second.company == Tenant.objects.get(pk=people.tenant.pk).company
    document = OptionsVersion.objects.filter(tenant=second).first()
    assert document is not None
    assert document.document["orders"]["number_prefix"] == "SEC-"


def test_a_stranger_on_the_same_company_is_counted_not_named(
    world: World, alice: Client, people: Cast, db: None
) -> None:
    link(alice, people.tenant)
    Tenant.objects.filter(pk=people.tenant.pk).update(name="Secret Shop")
    other = workspace("other", "Other", company=None)
    zoe = member(other, "zoe@other.example", Role.OWNER)
    client = signed_in(zoe)
    text = page_text(client.get(consent(client, other).headers["Location"]))
    assert "Secret Shop" not in text
    assert "belongs to somebody else" in text


def test_the_last_workspace_that_leaves_ends_the_consent(
    world: World, alice: Client, people: Cast, second: Tenant
) -> None:
    link(alice, people.tenant)
    link(alice, second, number_prefix="SEC-")
    company = Company.objects.get()

    url = reverse("leave_quickbooks", args=[people.tenant.slug])
    assert "they stay connected" in page_text(alice.get(url))
    alice.post(url)
    company.refresh_from_db()
    assert company.state == Connection.CONNECTED
    assert company.refresh_token

    url = reverse("leave_quickbooks", args=[second.slug])
    assert "ends at Intuit too" in page_text(alice.get(url))
    token = company.refresh_token
    alice.post(url)
    company.refresh_from_db()
    assert (company.state, company.refresh_token, company.access_token) == (Connection.REVOKED, "", "")
    row = world.box.company.storage.row("SELECT revoked FROM token WHERE token = ?", (token,))
    assert row is not None
    assert row[0] == 1


def test_another_company_on_reconnection_is_asked_about(
    world: World, new_world: NewWorld, alice: Client, people: Cast, settings: Settings
) -> None:
    link(alice, people.tenant)
    first = Company.objects.get()
    other = new_world("gb")  # the settings point at this one from now on
    page = consent(alice, people.tenant).headers["Location"]
    text = page_text(alice.get(page))
    assert "Mappings and links belong to one company" in text
    assert Tenant.objects.get(pk=people.tenant.pk).company == first
    alice.post(page, {"answer": "link"})
    tenant = Tenant.objects.select_related("company").get(pk=people.tenant.pk)
    assert tenant.company is not None
    assert tenant.company.realm_id == other.box.company.realm_id


# Intuit's own pages


def test_intuits_launch_opens_the_workspace_of_the_company(world: World, alice: Client, people: Cast) -> None:
    link(alice, people.tenant)
    realm = Company.objects.get().realm_id
    answer = alice.get(f"/intuit/launch?realmId={realm}")
    assert answer.headers["Location"] == reverse("overview", args=[people.tenant.slug])
    assert alice.get("/intuit/launch?realmId=123").headers["Location"] == reverse("home")
    assert Client().get("/intuit/launch").headers["Location"].startswith("/accounts/login/")


def test_intuits_disconnect_page_asks_intuit_instead_of_believing_the_address(
    world: World, alice: Client, people: Cast
) -> None:
    link(alice, people.tenant)
    company = Company.objects.get()
    page = f"/intuit/disconnect?realmId={company.realm_id}"
    Company.objects.update(refreshed_at=timezone.now() - timedelta(hours=1))
    assert Client().get(page).status_code == 200
    alice.get(page)
    company.refresh_from_db()
    assert company.state == Connection.CONNECTED, "an address proves nothing"

    world.company_control("disconnect", now=True)
    Company.objects.update(refreshed_at=timezone.now() - timedelta(hours=1))
    text = page_text(alice.get(page))
    assert "The connection to QuickBooks has ended" in text
    assert reverse("connect_quickbooks", args=[people.tenant.slug]) in text
    company.refresh_from_db()
    assert company.state == Connection.EXPIRED


def test_intuits_reconnect_page_leads_to_the_button(world: World, alice: Client, charlie: Client, people: Cast) -> None:
    link(alice, people.tenant)
    page = f"/intuit/reconnect?realmId={Company.objects.get().realm_id}"
    assert alice.get(page).headers["Location"] == reverse("connect_quickbooks", args=[people.tenant.slug])
    text = page_text(charlie.get(page))
    assert people.tenant.name not in text
    for junk in ("x", "1" * 40, "١٢٣"):
        assert alice.get("/intuit/reconnect", {"realmId": junk}).status_code == 200

"""Every address of connecting and of the health page, for an owner, a viewer, a stranger and a visitor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sync.connections import attempts
from sync.connections.consent import QUICKBOOKS
from sync.web.urls_connect import urlpatterns, workspace_urls
from tenants.models import AuditEntry, ConnectionAttempt, Role, Tenant
from tests.factories import Cast, member, workspace

LOOKS = {"health"}
PAGES = [
    ("health", "get"),
    ("check_now", "post"),
    ("connect_store", "get"),
    ("connect_store", "post"),
    ("connect_store_keys", "get"),
    ("connect_store_keys", "post"),
    ("approve_store", "post"),
    ("store_return", "get"),
    ("leave_store", "get"),
    ("leave_store", "post"),
    ("connect_quickbooks", "get"),
    ("connect_quickbooks", "post"),
    ("confirm_quickbooks", "get"),
    ("confirm_quickbooks", "post"),
    ("leave_quickbooks", "get"),
    ("leave_quickbooks", "post"),
]
every_page = pytest.mark.parametrize(("name", "method"), PAGES)


@pytest.fixture
def attempt(people: Cast) -> ConnectionAttempt:
    """Alice has consented and not confirmed yet."""
    attempts.begin(QUICKBOOKS, people.tenant, people.alice, browser="b")
    found = ConnectionAttempt.objects.get()
    found.answered_at, found.realm_id, found.refresh_token = timezone.now(), "123", "AB11"
    found.facts = {"name": "Maison Dupont SARL", "country": "FR", "home_currency": "EUR", "tax_world": "global"}
    found.expires_at = timezone.now() + timedelta(minutes=30)
    found.save()
    return found


def ask(client: Client, name: str, method: str, slug: str, attempt: ConnectionAttempt) -> int:
    extra = [attempt.pk] if name == "confirm_quickbooks" else []
    return int(getattr(client, method)(reverse(name, args=[slug, *extra])).status_code)


def untouched(people: Cast) -> bool:
    tenant = Tenant.objects.get(pk=people.tenant.pk)
    return (
        tenant.company_id == people.tenant.company_id
        and tenant.store_consumer_key == "ck_test"
        and ConnectionAttempt.objects.filter(ended_at__isnull=True).count() == 1
        and not AuditEntry.objects.exists()
    )


@every_page
def test_a_stranger_meets_a_404(
    name: str, method: str, charlie: Client, people: Cast, attempt: ConnectionAttempt
) -> None:
    assert ask(charlie, name, method, people.tenant.slug, attempt) == 404
    assert untouched(people)


@every_page
def test_a_viewer_sees_the_health_page_and_nothing_else(
    name: str, method: str, bob: Client, people: Cast, attempt: ConnectionAttempt
) -> None:
    assert ask(bob, name, method, people.tenant.slug, attempt) == (200 if name in LOOKS else 403)
    assert untouched(people)


@every_page
def test_a_visitor_is_sent_to_the_sign_in(name: str, method: str, people: Cast, attempt: ConnectionAttempt) -> None:
    assert ask(Client(), name, method, people.tenant.slug, attempt) == 302
    assert untouched(people)


@pytest.mark.parametrize("name", ["health", "connect_store", "connect_quickbooks", "leave_store", "leave_quickbooks"])
def test_an_owner_sees_the_pages(name: str, alice: Client, people: Cast, attempt: ConnectionAttempt) -> None:
    assert ask(alice, name, "get", people.tenant.slug, attempt) == 200


@pytest.mark.parametrize("name", ["check_now", "approve_store"])
def test_looking_at_an_action_does_nothing(name: str, alice: Client, people: Cast, attempt: ConnectionAttempt) -> None:
    assert ask(alice, name, "get", people.tenant.slug, attempt) == 405
    assert untouched(people)


def test_an_attempt_belongs_to_one_person_and_one_workspace(
    alice: Client, people: Cast, attempt: ConnectionAttempt, client: Client
) -> None:
    other = workspace("other", "Other")
    member(other, people.alice.email, Role.OWNER)
    dora = member(people.tenant, "dora@dupont.example", Role.ADMIN)
    client.force_login(dora, backend="django.contrib.auth.backends.ModelBackend")
    assert ask(alice, "confirm_quickbooks", "get", people.tenant.slug, attempt) == 200
    assert ask(alice, "confirm_quickbooks", "get", other.slug, attempt) == 302
    assert ask(client, "confirm_quickbooks", "post", people.tenant.slug, attempt) == 302
    assert untouched(people)


def test_a_viewer_finds_no_button_that_acts(bob: Client, alice: Client, people: Cast) -> None:
    url = reverse("health", args=[people.tenant.slug])
    action = reverse("check_now", args=[people.tenant.slug])
    assert action in alice.get(url).content.decode()
    assert action not in bob.get(url).content.decode()


def test_every_address_of_these_modules_is_asked_for() -> None:
    assert {pattern.name for pattern in workspace_urls} == {name for name, _method in PAGES}
    assert {pattern.name: str(pattern.pattern) for pattern in urlpatterns} == {
        "quickbooks_callback": "oauth/quickbooks/callback",
        "store_keys": "connect/woocommerce/<str:state>/keys",
        "quickbooks_webhook": "webhooks/quickbooks",
        "woocommerce_webhook": "webhooks/woocommerce/<str:store_id>",
        "intuit_button": "intuit/button",
        "intuit_launch": "intuit/launch",
        "intuit_reconnect": "intuit/reconnect",
        "intuit_disconnect": "intuit/disconnect",
    }

"""The health page: what is fine, what is not, what contradicts, and looking again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from sync.models import OptionsVersion, StoreHook
from sync.web.checks import store_checks
from sync.web.conflicts import find_conflicts
from sync.web.upkeep import company_upkeep, store_upkeep
from tenants.models import Company, Connection, Role, Tenant
from tests.factories import Cast, cast, member
from tests.sync.web.conftest import signed_in
from tests.sync.world import World

FINE: dict[str, Any] = {
    "index": {"time_zone": "Europe/Paris"},
    "orders": 3,
    "can_read_settings": True,
    "can_write": True,
    "version": "10.2.4",
    "currency": "EUR",
    "prices_include_tax": True,
    "rounds_at_subtotal": False,
    "calculates_taxes": True,
    "skew_seconds": 1.5,
    "warning": "",
}


def page_text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def failed(tenant: Tenant) -> set[str]:
    return {str(check.label) for check in store_checks(tenant) if check.state == "failed"}


def test_a_sound_store_has_nothing_to_cure(people: Cast) -> None:
    people.tenant.store_facts = FINE
    assert failed(people.tenant) == set()


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"version": "5.7.2"}, "WooCommerce version"),
        ({"can_write": False}, "Permission to write"),
        ({"can_read_settings": False}, "Permission to read"),
        ({"currency": "USD"}, "Currency"),
        ({"index": {"time_zone": "Etc/GMT-2"}}, "Time zone"),
        ({"index": {"time_zone": ""}}, "Time zone"),
        ({"skew_seconds": -900}, "Clock"),
        ({"warning": "Notice: Undefined index"}, "Clean answers"),
    ],
)
def test_each_weakness_is_named_with_its_cure(people: Cast, change: dict[str, Any], label: str) -> None:
    people.tenant.store_facts = FINE | change
    assert failed(people.tenant) == {label}
    assert all(check.cure for check in store_checks(people.tenant) if check.state == "failed")


QUIET: dict[str, Any] = {"orders": {"credit_memos": "off", "automatic_numbers": False}, "stock": {}, "items": {}}
BOOKS: dict[str, Any] = {"home_currency": "EUR", "custom_numbers": True}


@pytest.mark.parametrize(
    ("facts", "options", "key"),
    [
        ({}, {"orders": {"class": {"id": "1"}}}, "classes"),
        ({}, {"orders": {"location": {"id": "1"}}}, "locations"),
        ({"auto_apply_credit": True}, {"orders": {"credit_memos": "automatic"}}, "auto_apply_credit"),
        ({"custom_numbers": True}, {"orders": {"automatic_numbers": True}}, "numbers_blank"),
        ({"custom_numbers": False}, {}, "numbers_ignored"),
        ({"home_currency": "CAD"}, {}, "multicurrency"),
        ({}, {"stock": {"enabled": True}}, "inventory"),
        ({}, {"items": {"type": "inventory"}}, "inventory"),
    ],
)
def test_switches_that_contradict_choices_are_found(facts: dict[str, Any], options: dict[str, Any], key: str) -> None:
    merged = {section: {**QUIET[section], **options.get(section, {})} for section in QUIET}
    found = find_conflicts(BOOKS | facts, merged, FINE)
    assert [conflict.key for conflict in found] == [key]
    assert all(conflict.there and conflict.here for conflict in found)


def test_without_contradiction_there_is_no_conflict() -> None:
    assert find_conflicts(BOOKS, QUIET, FINE) == []


def test_the_page_says_what_is_missing(db: None) -> None:
    people = cast(company=None, store_url="")
    page = page_text(signed_in(people.bob).get(reverse("health", args=[people.tenant.slug])))
    assert "A connection is missing." in page


def test_a_conflict_is_on_the_page_with_both_ways_out(alice: Client, people: Cast) -> None:
    assert people.tenant.company is not None
    Company.objects.update(facts=people.tenant.company.facts | {"custom_numbers": False, "tax_world": "global"})
    Tenant.objects.update(store_facts=FINE)
    page = page_text(alice.get(reverse("health", args=[people.tenant.slug])))
    assert "1 point needs a look" in page
    assert "Turn it on there, under Account and settings" in page
    assert "Or turn on automatic invoice numbers here" in page


def test_a_consent_that_ends_soon_is_said_in_time(alice: Client, people: Cast) -> None:
    Company.objects.update(refresh_expires_at=timezone.now() + timedelta(days=5))
    assert "Reconnect QuickBooks before that day" in page_text(alice.get(reverse("health", args=[people.tenant.slug])))


@pytest.fixture
def connected(world: World, db: None) -> tuple[Client, Tenant]:
    tenant = world.connect()
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER)), tenant


def test_check_now_asks_both_sides_and_reads_the_books_at_most_once_a_minute(
    world: World, connected: tuple[Client, Tenant]
) -> None:
    client, tenant = connected
    url = reverse("check_now", args=[tenant.slug])
    Company.objects.update(facts_read_at=timezone.now() - timedelta(hours=1))
    world.company_control("preferences", book_close_date="2026-03-31")
    world.forget_stats()
    page = page_text(client.post(url, follow=True))
    assert "Both sides answered." in page
    assert "31 March 2026" in page or "March 31, 2026" in page
    assert world.stats()["reads"] == 4
    client.post(url)
    assert world.stats()["reads"] == 4


def test_check_now_finds_lost_connections_and_cured_ones(world: World, connected: tuple[Client, Tenant]) -> None:
    client, tenant = connected
    url = reverse("check_now", args=[tenant.slug])
    Company.objects.update(facts_read_at=timezone.now() - timedelta(hours=1))
    world.company_control("disconnect", now=True)
    world.break_store(path_contains="/orders", action="status", status=401, body={"code": "x", "message": "y"})
    page = page_text(client.post(url, follow=True))
    assert "Syncing is paused: a connection was lost." in page
    tenant = Tenant.objects.select_related("company").get(pk=tenant.pk)
    assert tenant.company is not None
    assert tenant.company.state != Connection.CONNECTED
    assert tenant.store_state == Connection.EXPIRED

    world.heal()
    client.post(url)
    assert Tenant.objects.get(pk=tenant.pk).store_state == Connection.CONNECTED


def test_a_side_that_does_not_answer_just_now_is_not_lost(world: World, connected: tuple[Client, Tenant]) -> None:
    client, tenant = connected
    world.break_store(action="html", times=9)
    page = page_text(client.post(reverse("check_now", args=[tenant.slug]), follow=True))
    assert "maintenance" in page
    assert Tenant.objects.get(pk=tenant.pk).store_state == Connection.CONNECTED


def test_options_of_the_workspace_rule_what_conflicts(world: World, connected: tuple[Client, Tenant]) -> None:
    client, tenant = connected
    assert OptionsVersion.objects.filter(tenant=tenant).exists()
    assert "contradict" not in page_text(client.get(reverse("health", args=[tenant.slug])))


# Webhooks and ages


def webhooks_line(tenant: Tenant, **values: Any) -> tuple[str, str, str]:
    """(state, result, cure) of the line about a shop's webhooks."""
    StoreHook.objects.update_or_create(tenant=tenant, defaults=values)
    (line,) = [check for check in store_upkeep(tenant) if check.label == "Webhooks"]
    return line.state, str(line.result), str(line.cure)


def ago(**span: float) -> timedelta:
    """Before the test itself runs, not before the file was read."""
    return timedelta(**span)


@pytest.mark.parametrize(
    ("values", "state", "words"),
    [
        ({}, "noted", "Not set up yet"),
        ({"state": "unreachable"}, "noted", "no public https address"),
        ({"state": "refused"}, "noted", "does not let these keys"),
        ({"state": "paused"}, "noted", "Paused in the store"),
        ({"state": "active"}, "passed", "nothing told yet"),
        ({"state": "active", "delivered_at": ago(minutes=3)}, "passed", "last told 3"),
        (
            {"state": "active", "delivered_at": ago(hours=2), "repaired_at": ago(minutes=5)},
            "noted",
            "switched on again",
        ),
        ({"state": "active", "delivered_at": ago(minutes=1), "repaired_at": ago(hours=5)}, "passed", "last told"),
        (
            {"state": "active", "delivered_at": ago(hours=2), "refused_at": ago(minutes=1), "refusals": 3},
            "failed",
            "3 deliveries with a wrong signature",
        ),
        ({"state": "active", "delivered_at": ago(minutes=1), "refused_at": ago(hours=2)}, "passed", "last told"),
    ],
)
def test_the_webhooks_of_a_shop_are_told_with_a_cure(
    people: Cast, values: dict[str, Any], state: str, words: str
) -> None:
    moments = {
        name: timezone.now() - value if isinstance(value, timedelta) else value for name, value in values.items()
    }
    found, result, cure = webhooks_line(people.tenant, **moments)
    assert found == state
    assert words in result
    assert cure or found == "passed"


def test_the_webhooks_of_quickbooks_are_told(people: Cast, settings: Settings) -> None:
    company = people.tenant.company
    assert company is not None
    settings.INTUIT_WEBHOOK_VERIFIER_TOKEN = ""
    assert "operator" in str(company_upkeep(company)[0].result)
    settings.INTUIT_WEBHOOK_VERIFIER_TOKEN = "given"
    assert "Nothing told yet" in str(company_upkeep(company)[0].result)
    company.heard_at = timezone.now() - timedelta(minutes=4)
    assert company_upkeep(company)[0].state == "passed"


@pytest.mark.parametrize(("language", "words"), [("en", "Last complete sync"), ("fr", "Webhooks (crochets web)")])
def test_the_page_tells_it_in_both_languages(
    alice: Client, people: Cast, django_user_model: Any, language: str, words: str
) -> None:
    django_user_model.objects.filter(pk=people.alice.pk).update(language=language)
    with translation.override(language):
        assert words in page_text(alice.get(reverse("health", args=[people.tenant.slug])))


def test_a_lost_shop_shows_its_last_answer(people: Cast) -> None:
    people.tenant.store_state = Connection.EXPIRED
    assert [str(check.label) for check in store_upkeep(people.tenant)] == ["Last answer"]

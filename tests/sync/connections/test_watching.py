"""From lost to regained: runs pause, the owners are told once, and everything goes on by itself."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from sync import mail as letters
from sync.connections import attempts
from sync.connections.consent import QUICKBOOKS
from sync.connections.ending import disconnect_company
from sync.connections.watching import refresh_idle_companies
from sync.models import Record, Run
from sync.tasks import (
    advance_once,
    dispatch_due_tenants,
    mail_lost_connection,
    read_company_names,
    watch_connections,
)
from tenants.models import Company, Connection, ConnectionAttempt, Role, Tenant
from tests.factories import member
from tests.sync.web.conftest import signed_in
from tests.sync.web.connecting import link
from tests.sync.world import World, finish, run_to_end, states

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]


@pytest.fixture
def shop(world: World, db: None, settings: Settings) -> Tenant:
    """A workspace that is on and has synced; Alice owns it in French, Eve in English, Bob looks on."""
    settings.PUBLIC_URL = "http://testserver"
    tenant = world.connect()
    Tenant.objects.filter(pk=tenant.pk).update(automatic_sync=True, next_run_at=timezone.now())
    member(tenant, "alice@dupont.example", Role.OWNER, language="fr")
    member(tenant, "eve@dupont.example", Role.OWNER, language="en")
    member(tenant, "bob@cabinet.example", Role.VIEWER)
    world.add_order(line_items=TEA)
    run_to_end(tenant)
    assert states(tenant) == {"synced": 1}
    tenant.refresh_from_db()
    return tenant


def watch() -> None:
    """The minute's beat, with the messages it enqueues carried out at once."""
    watch_connections()
    for tenant in Tenant.objects.all():
        for side in ("store", "quickbooks"):
            mail_lost_connection(tenant.pk, side)


def owner(tenant: Tenant) -> Client:
    return signed_in(tenant.memberships.get(user__email="alice@dupont.example").user)


def expire(world: World) -> None:
    world.company_control("revoke", now=True)
    Company.objects.update(access_expires_at=timezone.now())


def test_expired_told_once_reconnected_resumed(world: World, shop: Tenant) -> None:
    world.add_order(line_items=TEA)
    expire(world)
    run = run_to_end(shop)
    assert (run.state, run.error_reason) == (Run.State.PAUSED, "quickbooks_expired")
    waiting = Record.objects.for_tenant(shop).filter(state__in=Record.IN_FLIGHT).count()
    assert Company.objects.get().state == Connection.EXPIRED

    for _minute in range(3):
        watch()
    assert sorted(message.to[0] for message in mail.outbox) == ["alice@dupont.example", "eve@dupont.example"]
    assert {message.subject for message in mail.outbox} == {
        "Reconnect QuickBooks for Shop",
        "Reconnectez QuickBooks pour Shop",
    }
    assert f"http://testserver{reverse('connect_quickbooks', args=[shop.slug])}" in str(mail.outbox[0].body)

    client = owner(shop)
    page = client.get(reverse("overview", args=[shop.slug])).content.decode()
    assert reverse("connect_quickbooks", args=[shop.slug]) in page, "the banner leads to the cure"
    Tenant.objects.update(next_run_at=timezone.now() - timedelta(minutes=1))
    dispatch_due_tenants()
    assert not Run.objects.filter(state__in=Run.ACTIVE).exists(), "paused until reconnected"

    link(client, shop)
    resumed = Run.objects.get(state__in=Run.ACTIVE)
    assert resumed.trigger == "reconnect"
    assert finish(resumed).state == Run.State.FINISHED
    assert states(shop) == {"synced": 2}
    assert waiting <= 1
    watch()
    assert len(mail.outbox) == 2

    # Another outage is another mail.
    expire(world)
    world.add_order(line_items=TEA)
    run_to_end(shop)
    watch()
    assert len(mail.outbox) == 4


def test_a_store_that_refuses_our_keys_is_told_once_too(world: World, shop: Tenant) -> None:
    world.break_store(path_contains="/orders", action="status", status=401, body={"code": "x", "message": "y"})
    assert run_to_end(shop).state == Run.State.PAUSED
    watch()
    watch()
    assert len(mail.outbox) == 2
    assert reverse("connect_store", args=[shop.slug]) in str(mail.outbox[0].body)


def test_two_senders_at_once_send_one_mail(world: World, shop: Tenant) -> None:
    Company.objects.update(state=Connection.EXPIRED, state_since=timezone.now())
    both = [Tenant.objects.select_related("company").get(pk=shop.pk) for _sender in range(2)]
    assert [letters.send_disconnected(tenant, "quickbooks") for tenant in both] == [True, False]
    assert len(mail.outbox) == 2


def test_a_mail_server_that_is_down_loses_no_mail(world: World, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    Company.objects.update(state=Connection.EXPIRED, state_since=timezone.now())

    def refuse(_self: Any) -> bool:
        raise ConnectionRefusedError("no mail today")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.open", refuse)
        watch()
        assert mail.outbox == []
    watch()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("language", ["en", "fr", "fr-ca"])
@pytest.mark.parametrize("side", ["store", "quickbooks"])
def test_the_letter_reads_well_in_both_languages(shop: Tenant, side: str, language: str) -> None:
    with translation.override(language):
        letter = letters.disconnected_letter(shop, side)
    html, text = letters.render_letter(letter, language)
    for words in (letter.subject, letter.title, letter.button, letter.why, *letter.paragraphs):
        assert words
    assert "<script" not in html
    assert letter.url in html
    assert letter.url in text
    assert f'lang="{language}"' in html


def test_idle_connections_are_used_weekly(world: World, shop: Tenant) -> None:
    company = Company.objects.get()
    assert refresh_idle_companies() == 0
    Company.objects.update(refreshed_at=timezone.now() - timedelta(days=8))
    assert refresh_idle_companies() == 1
    fresh = Company.objects.get()
    assert fresh.refresh_token != company.refresh_token
    assert fresh.refreshed_at is not None
    assert fresh.refreshed_at > timezone.now() - timedelta(minutes=1)


def test_an_idle_connection_that_died_is_noticed_and_told(world: World, shop: Tenant) -> None:
    expire(world)
    Company.objects.update(refreshed_at=timezone.now() - timedelta(days=8))
    watch()
    assert Company.objects.get().state == Connection.EXPIRED
    assert len(mail.outbox) == 2


def test_intuit_out_of_reach_ends_no_connection(world: World, shop: Tenant) -> None:
    Company.objects.update(refreshed_at=timezone.now() - timedelta(days=8))
    world.break_company(path_contains="/oauth2/", action="html", times=20)
    watch()
    assert Company.objects.get().state == Connection.CONNECTED
    assert mail.outbox == []


def test_disconnecting_while_intuit_is_out_of_reach_is_finished_later(world: World, shop: Tenant) -> None:
    token = Company.objects.get().refresh_token
    world.break_company(path_contains="/revoke", action="html", times=1)
    assert not disconnect_company(shop, shop.memberships.get(user__email="alice@dupont.example").user)
    company = Company.objects.get()
    assert company.refresh_token == token, "kept, to be revoked"
    assert not company.tenants.exists()
    watch()
    company.refresh_from_db()
    assert (company.refresh_token, company.state) == ("", Connection.REVOKED)
    assert mail.outbox == [], "whoever disconnects knows"


def test_consents_nobody_confirmed_are_revoked(world: World, shop: Tenant) -> None:
    user = shop.memberships.get(user__email="alice@dupont.example").user
    attempts.begin(QUICKBOOKS, shop, user, browser="b")
    other = world.company_control("reconnect", now=True)["refresh_token"]
    ConnectionAttempt.objects.update(answered_at=timezone.now())
    attempt = ConnectionAttempt.objects.get()
    attempt.realm_id, attempt.refresh_token = "999", other
    attempt.save()
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        watch_connections()
    attempt.refresh_from_db()
    assert attempt.ended_at is not None
    assert attempt.refresh_token == ""
    row = world.box.company.storage.row("SELECT revoked FROM token WHERE token = ?", (other,))
    assert row is not None
    assert row[0] == 1


def test_a_run_waits_for_the_lists_of_a_new_company(world: World, shop: Tenant) -> None:
    company = Company.objects.get()
    Company.objects.update(names_read_at=None, names_progress={"list": 1, "lists": 9, "at": timezone.now().isoformat()})
    world.add_order(line_items=TEA)
    run = Run.objects.create(tenant=shop)
    step = advance_once(run.pk)
    assert step.more
    assert step.not_before is not None
    read_company_names(company.pk)
    assert finish(run).state == Run.State.FINISHED
    assert states(shop) == {"synced": 2}


def test_lists_nobody_reads_any_more_are_read_by_the_run_itself(world: World, shop: Tenant) -> None:
    long_ago = (timezone.now() - timedelta(hours=1)).isoformat()
    Company.objects.update(names_read_at=None, names_progress={"list": 1, "lists": 9, "at": long_ago})
    run = Run.objects.create(tenant=shop)
    assert finish(run).state == Run.State.FINISHED
    assert Company.objects.get().names_read_at is not None


def test_lists_that_cannot_be_read_say_why_and_are_tried_again(world: World, shop: Tenant) -> None:
    Company.objects.update(names_read_at=None)
    world.break_company(path_contains="/query", action="html", times=30)
    read_company_names(Company.objects.get().pk)
    company = Company.objects.get()
    assert company.names_progress["problem"] == "quickbooks_failed"
    page = owner(shop).get(reverse("connect_quickbooks", args=[shop.slug])).content.decode()
    assert "The lists are read again in a moment" in page or "relues dans un instant" in page
    world.heal()
    read_company_names(company.pk)
    assert Company.objects.get().names_progress == {}


def test_lists_are_read_again_as_soon_as_quickbooks_says(
    world: World, shop: Tenant, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    waits: list[float] = []

    def apply_async(**wanted: Any) -> None:
        waits.append(round((wanted["eta"] - timezone.now()).total_seconds()))

    monkeypatch.setattr(read_company_names, "apply_async", apply_async)
    Company.objects.update(names_read_at=None)
    company_id = Company.objects.get().pk
    world.break_company(path_contains="/query", action="status", status=429, headers={"Retry-After": "7"}, times=1)
    with django_capture_on_commit_callbacks(execute=True):
        read_company_names(company_id)
    for _again in range(5):
        world.heal()
        world.break_company(path_contains="/query", action="html", times=30)
        with django_capture_on_commit_callbacks(execute=True):
            read_company_names(company_id)
    assert waits == [7, 30, 60, 120], "as told, then doubling, then it is left to the minute's watch"


def test_a_whole_connect_flow_logs_and_shows_no_secret(
    world: World, shop: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = owner(shop)
    expire(world)
    world.add_order(line_items=TEA)
    run_to_end(shop)
    watch()
    link(client, shop)
    finish(Run.objects.get(state__in=Run.ACTIVE))
    pages = [
        client.get(reverse(name, args=[shop.slug])).content.decode()
        for name in ("overview", "health", "connect_store", "connect_quickbooks", "runs")
    ]
    company, tenant = Company.objects.get(), Tenant.objects.get(pk=shop.pk)
    secrets = {
        company.refresh_token,
        company.access_token,
        company.realm_id,
        tenant.store_consumer_key,
        tenant.store_consumer_secret,
        world.details["company"]["client_secret"],
    }
    logged = "\n".join(
        f"{record.getMessage()} {record.__dict__}"
        for record in caplog.records
        if not record.name.startswith(("urllib3", "django.db"))
    )
    told = "\n".join([*pages, *(str(message.message()) for message in mail.outbox)])
    assert logged
    for secret in secrets:
        assert secret
        assert secret not in logged
        assert secret not in told

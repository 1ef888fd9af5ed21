"""What stores, networks and QuickBooks do wrong, and that nothing is lost by it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection, connections

from connector.qbo.oauth import IntuitApp
from sync.engine.requests import request_run
from sync.models import Run
from sync.wiring import intuit_app
from tenants.models import Company, Connection, Tenant
from tenants.tokens import access_token, renew_access_token
from tests.sync.world import (
    World,
    assert_all_ended,
    assert_no_duplicates,
    finish,
    merged,
    one_slice,
    run_to_end,
    states,
)

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]
LIST = {"path_contains": "modified_before"}


@pytest.fixture
def tenant(db: None, world: World) -> Tenant:
    world.add_order(line_items=TEA)
    return world.connect()


def assert_nothing_was_lost(world: World, tenant: Tenant) -> None:
    assert states(tenant) == {"synced": 1}
    assert len(world.documents()) == 1
    assert_no_duplicates(world)
    assert_all_ended(tenant)


# The store


@pytest.mark.parametrize(("accident", "reason"), [
    ({"action": "hang_up_before"}, "store_hung_up"),
    ({"action": "status", "status": 500}, "store_failed"),
    ({"action": "html", "status": 200}, "store_not_json"),
    ({"action": "html", "status": 503}, "store_maintenance"),
    ({"action": "maintenance"}, "store_maintenance"),
    ({"action": "truncated_json"}, "store_not_json"),
    ({"action": "status", "status": 403, "body": "<html>Firewall</html>"}, "store_blocked"),
    ({"action": "status", "status": 200, "body": {"not": "a list"}}, "store_odd_answer"),
])  # fmt: skip
def test_a_store_without_a_usable_answer_makes_the_run_wait_and_go_on(
    world: World, tenant: Tenant, accident: dict[str, Any], reason: str
) -> None:
    world.break_store(**LIST, times=6, **accident)
    run, _ = request_run(tenant, trigger="test")
    assert one_slice(run).more
    run.refresh_from_db()
    assert (run.state, run.waiting_for) == (Run.State.RUNNING, reason)
    assert run.not_before is not None
    assert finish(run).state == Run.State.FINISHED
    assert_nothing_was_lost(world, tenant)


def test_a_store_in_maintenance_is_left_alone_for_as_long_as_it_says(world: World, tenant: Tenant) -> None:
    world.break_store(**LIST, action="maintenance")
    run, _ = request_run(tenant, trigger="test")
    step = one_slice(run)
    run.refresh_from_db()
    assert step.not_before == run.not_before
    assert run.progressed_at is not None
    assert run.not_before is not None
    assert 550 < (run.not_before - run.progressed_at).total_seconds() <= 601


def test_a_php_notice_before_the_json_disturbs_nobody(world: World, tenant: Tenant) -> None:
    world.break_store(action="notice_before_json", times=None)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_nothing_was_lost(world, tenant)


def test_a_store_that_is_down_for_hours_fails_the_run_and_the_next_one_finds_everything(
    world: World, tenant: Tenant
) -> None:
    world.break_store(**LIST, action="hang_up_before", times=None)
    run = run_to_end(tenant)
    assert (run.state, run.error_reason) == (Run.State.FAILED, "store_hung_up")
    world.heal()
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)


def test_wrong_keys_pause_the_tenant_and_new_ones_resume_it(world: World, tenant: Tenant) -> None:
    world.store_control("keys", revoke=world.details["store"]["consumer_key"])
    run = run_to_end(tenant)
    assert (run.state, run.error_reason) == (Run.State.PAUSED, "store_refused_keys")
    tenant.refresh_from_db()
    assert (tenant.store_state, tenant.is_connected) == (Connection.EXPIRED, False)
    fresh = world.store_control("keys", permissions="read_write")
    world.details["store"] |= {name: fresh[name] for name in ("consumer_key", "consumer_secret")}
    world.apply(world.document())
    tenant.refresh_from_db()
    assert tenant.is_connected
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)


# QuickBooks


@pytest.mark.parametrize("accident", [
    {"action": "status", "status": 500},
    {"action": "status", "status": 503},
    {"action": "status", "status": 504, "body": "<html>gateway</html>"},
    {"action": "status", "status": 429},
    {"action": "status", "status": 429, "body": "<html>slow down</html>"},
    {"action": "status", "status": 403, "body": "<html>proxy</html>"},
    {"action": "status", "status": 404, "body": ""},
    {"action": "status", "status": 401},
    {"action": "hang_up_before"},
    {"action": "hang_up_after"},
    {"action": "status", "status": 500, "carry_out": True},
    {"action": "html", "carry_out": True},
], ids=lambda rule: f"{rule['action']} {rule.get('status', '')} {'done' if rule.get('carry_out') else ''}")  # fmt: skip
@pytest.mark.parametrize("skip", [0, 1])
def test_what_quickbooks_does_wrong_for_a_while_posts_once(
    world: World, tenant: Tenant, accident: dict[str, Any], skip: int
) -> None:
    world.break_company(path_contains="/batch", skip=skip, times=1, **accident)
    assert run_to_end(tenant).state == Run.State.FINISHED
    assert_nothing_was_lost(world, tenant)


def test_an_order_refused_with_a_400_needs_attention_with_quickbooks_own_words(world: World, tenant: Tenant) -> None:
    world.break_company(
        item_body_contains="SalesReceipt", fault={"code": "2050", "message": "Too long", "detail": "String too long"}
    )
    run_to_end(tenant)
    record = tenant.records.get()
    assert (record.state, record.reason) == ("attention", "refused_by_quickbooks:2050")
    assert "String too long" in record.details["message"]


def test_a_disconnected_company_pauses_and_resumes_after_reconnecting(world: World, tenant: Tenant) -> None:
    world.company_control("disconnect", now=True)
    run = run_to_end(tenant)
    assert run.state == Run.State.PAUSED
    assert Company.objects.get().state == Connection.REVOKED
    token = world.company_control("reconnect", now=True)["refresh_token"]
    world.apply(merged(_without_store(world), quickbooks={"refresh_token": token}))
    assert Company.objects.get().state == Connection.CONNECTED
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)


def test_an_expired_refresh_token_pauses_marks_the_company_and_resumes_with_a_new_one(
    world: World, tenant: Tenant
) -> None:
    world.company_control("revoke", now=True)
    run = run_to_end(tenant)
    assert (run.state, run.error_reason) == (Run.State.PAUSED, "quickbooks_expired")
    assert Company.objects.get().state == Connection.EXPIRED
    with pytest.raises(CommandError, match="expired"):
        world.apply(_without_store(world))
    token = world.company_control("reconnect", now=True)["refresh_token"]
    world.apply(merged(_without_store(world), quickbooks={"refresh_token": token}))
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)


def test_a_subscription_that_ended_pauses_and_what_was_planned_waits(world: World, tenant: Tenant) -> None:
    world.company_control("preferences", subscription_status="EXPIRED")
    run = run_to_end(tenant)
    assert run.state == Run.State.PAUSED
    world.company_control("preferences", subscription_status="PAID")
    Company.objects.update(state=Connection.CONNECTED)
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)


def _without_store(world: World) -> dict[str, Any]:
    document = world.document()
    del document["woocommerce"]
    return document


# Tokens


def test_an_expired_access_token_is_renewed_within_the_call(world: World, tenant: Tenant) -> None:
    before = Company.objects.get().refresh_token
    world.company_control("expire_access_tokens", now=True)
    run_to_end(tenant)
    assert_nothing_was_lost(world, tenant)
    assert Company.objects.get().access_token != ""
    assert before


def test_the_rotated_refresh_token_is_stored_before_it_is_used(world: World, tenant: Tenant) -> None:
    company = Company.objects.get()
    world.company_control("behaviour", old_refresh_token_seconds=0)
    for _time in range(3):
        token = renew_access_token(company.pk, intuit_app(), Company.objects.get().access_token)
        stored = Company.objects.get()
        assert stored.access_token == token
    world.forget_stats()
    assert access_token(company.pk, intuit_app()) == token
    assert world.stats()["token_calls"] == 0


def test_an_answer_to_a_refresh_that_is_lost_does_not_end_the_connection(world: World, tenant: Tenant) -> None:
    company = Company.objects.get()
    world.break_company(path_contains="/tokens/bearer", action="hang_up_after")
    world.company_control("expire_access_tokens", now=True)
    run_to_end(tenant)
    company.refresh_from_db()
    assert company.state == Connection.CONNECTED
    assert_nothing_was_lost(world, tenant)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_processes_that_need_a_token_make_one_refresh(world: World) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("threads need PostgreSQL (TEST_DATABASE_URL)")
    world.connect()
    world.company_control("behaviour", old_refresh_token_seconds=0)
    company = Company.objects.get()
    stale = company.access_token
    app: IntuitApp = intuit_app()
    world.forget_stats()
    found: list[str] = []

    def renew() -> None:
        found.append(renew_access_token(company.pk, app, stale))
        connections.close_all()

    threads = [threading.Thread(target=renew) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert world.stats()["token_calls"] == 1

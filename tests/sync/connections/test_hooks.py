"""Webhooks in a shop: set up, put right, left alone where a person or the shop wants it so, and taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from connector.woo.webhooks import TOPICS
from sync import tasks
from sync.connections.hooks import delivery_url, due_hooks, keep_webhooks, remove_webhooks
from sync.connections.store import connect_store, disconnect_store
from sync.models import StoreHook
from sync.tasks import keep_store_webhooks, watch_connections
from sync.wiring import open_store
from tenants.models import Connection, Tenant
from tests.sync.world import World

PUBLIC = "http://127.0.0.1:1"
"""Nothing listens there: these tests look at what is registered, not at deliveries."""


@pytest.fixture
def shop(world: World, settings: Settings, db: None) -> Tenant:
    settings.PUBLIC_URL = PUBLIC
    return world.connect()


def registered(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.store_control("webhooks")["webhooks"]
    return found


def topics(world: World, status: str = "active") -> list[str]:
    return sorted(one["topic"] for one in registered(world) if one["status"] == status)


def change(tenant: Tenant, webhook_id: int, **values: str) -> None:
    """As the shop, or a person in it, would."""
    with open_store(tenant) as store:
        store._calls.put(f"webhooks/{webhook_id}", values)


def test_a_connected_shop_gets_its_webhooks_once(world: World, shop: Tenant) -> None:
    for _time in range(2):
        hook = keep_webhooks(shop)
    assert topics(world) == sorted(TOPICS)
    assert {one["delivery_url"] for one in registered(world)} == {delivery_url(hook)}
    assert hook.state == StoreHook.State.ACTIVE
    assert hook.repaired_at is None
    assert hook.next_check_at > timezone.now() + timedelta(hours=5)


def test_the_secret_is_ours_and_encrypted(world: World, shop: Tenant) -> None:
    hook = keep_webhooks(shop)
    kept = world.box.store.database.facts
    assert {kept[f"webhook_secret_{one['id']}"] for one in registered(world)} == {hook.secret}
    stored = StoreHook.objects.filter(pk=hook.pk).extra(select={"raw": "secret"}).values_list("raw", flat=True).get()
    assert hook.secret not in stored


@pytest.mark.parametrize("status", ["disabled", "deleted", "elsewhere"])
def test_what_the_shop_dropped_is_put_right(world: World, shop: Tenant, status: str) -> None:
    hook = keep_webhooks(shop)
    victim = registered(world)[1]
    if status == "deleted":
        with open_store(shop) as store:
            store.delete_webhook(victim["id"])
    elif status == "disabled":
        change(shop, victim["id"], status="disabled")
    else:
        change(
            shop, victim["id"], delivery_url=f"http://127.0.0.1:9{reverse('woocommerce_webhook', args=[hook.address])}"
        )
    hook = keep_webhooks(shop)
    assert topics(world) == sorted(TOPICS)
    assert {one["delivery_url"] for one in registered(world)} == {delivery_url(hook)}
    assert (hook.repaired_at is not None) == (status != "elsewhere")


def test_doubles_are_deleted_and_other_services_left_alone(world: World, shop: Tenant) -> None:
    hook = keep_webhooks(shop)
    with open_store(shop) as store:
        for url in (delivery_url(hook), "https://other.example/hook"):
            store.create_webhook(topic="order.updated", delivery_url=url, secret="x", name="another")
    keep_webhooks(shop)
    assert topics(world) == sorted([*TOPICS, "order.updated"])
    assert "https://other.example/hook" in {one["delivery_url"] for one in registered(world)}


def test_what_a_person_paused_stays_paused(world: World, shop: Tenant) -> None:
    keep_webhooks(shop)
    change(shop, registered(world)[0]["id"], status="paused")
    hook = keep_webhooks(shop, anew=True)
    assert len(topics(world, "paused")) == 1
    assert hook.state == StoreHook.State.PAUSED


def test_a_shop_that_refuses_them_stays_connected(world: World, shop: Tenant) -> None:
    refusal = {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."}
    world.break_store(path_contains="/webhooks", action="status", status=403, body=refusal, times=None)
    hook = keep_webhooks(shop)
    assert hook.state == StoreHook.State.REFUSED
    shop.refresh_from_db()
    assert shop.store_state == Connection.CONNECTED
    world.heal()
    assert keep_webhooks(shop).state == StoreHook.State.ACTIVE


def test_a_shop_that_does_not_answer_is_asked_again_soon(world: World, shop: Tenant) -> None:
    world.break_store(path_contains="/webhooks", action="hang_up_before", times=None)
    hook = keep_webhooks(shop)
    assert hook.state == StoreHook.State.UNCHECKED
    assert hook.next_check_at < timezone.now() + timedelta(hours=1)


def test_without_a_public_address_nothing_is_registered(world: World, shop: Tenant, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_STORE_URLS = False
    hook = keep_webhooks(shop)
    assert hook.state == StoreHook.State.UNREACHABLE
    assert registered(world) == []


def test_a_disconnected_shop_keeps_none_and_is_believed_no_more(world: World, shop: Tenant) -> None:
    hook = keep_webhooks(shop)
    disconnect_store(shop)
    assert registered(world) == []
    assert not StoreHook.objects.filter(address=hook.address).exists()


def test_a_shop_that_is_gone_can_be_disconnected(world: World, shop: Tenant) -> None:
    hook = keep_webhooks(shop)
    world.break_store(path_contains="/webhooks", action="hang_up_before", times=None)
    disconnect_store(shop)
    assert not StoreHook.objects.filter(address=hook.address).exists()
    shop.refresh_from_db()
    assert shop.store_consumer_key == ""


def test_another_shop_gets_an_address_and_a_secret_of_its_own(world: World, shop: Tenant) -> None:
    """The former one, which answers no more, may go on delivering: nobody listens to it."""
    before = keep_webhooks(shop)
    store = world.details["store"]
    Tenant.objects.update(store_url="http://127.0.0.1:9")
    shop.refresh_from_db()
    connect_store(
        shop, url=store["url"], consumer_key=store["consumer_key"],
        consumer_secret=store["consumer_secret"],
    )  # fmt: skip
    after = keep_webhooks(Tenant.objects.get(pk=shop.pk))
    assert before.address != after.address
    assert before.secret != after.secret
    assert not StoreHook.objects.filter(address=before.address).exists()


def test_the_watch_sends_each_due_shop_once(
    world: World, shop: Tenant, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.keep_store_webhooks, "apply_async", lambda args, **_how: sent.extend(args))
    assert [hook.tenant_id for hook in due_hooks(timezone.now())] == [shop.pk], "connecting made the row"
    for _minute in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            watch_connections()
    assert sent == [shop.pk]
    keep_store_webhooks(shop.pk)
    assert topics(world) == sorted(TOPICS)
    assert not due_hooks(timezone.now()).exists()


def test_a_lost_shop_is_left_alone(world: World, shop: Tenant) -> None:
    Tenant.objects.update(store_state=Connection.EXPIRED)
    assert not due_hooks(timezone.now()).exists()
    keep_store_webhooks(shop.pk)
    assert registered(world) == []


def test_removing_twice_does_no_harm(world: World, shop: Tenant) -> None:
    keep_webhooks(shop)
    remove_webhooks(shop)
    remove_webhooks(shop)
    assert registered(world) == []

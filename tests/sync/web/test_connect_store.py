"""Connecting a shop in the browser: its address, the hand-over of its keys, keys by hand; against the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sandbox.http import Request, Response, Server
from sync.models import Run
from tenants.models import AuditEntry, Connection, ConnectionAttempt, Role, Tenant
from tests.factories import Cast, captured, cast, member, record_of, workspace
from tests.sync.conftest import NewWorld
from tests.sync.web.conftest import signed_in
from tests.sync.web.connecting import approve, way_out
from tests.sync.world import World

KEYS_BY_HAND = {"keys-consumer_key": "ck_" + "a" * 40, "keys-consumer_secret": "cs_" + "b" * 40}


@pytest.fixture
def people(transactional_db: None) -> Cast:
    return cast(company=None, store_url="", store_consumer_key="", store_consumer_secret="")


@pytest.fixture
def world(new_world: NewWorld, settings: Settings, live_server: LiveServer) -> World:
    settings.PUBLIC_URL = live_server.url
    world = new_world("fr")
    world.box.store.allow_http_callbacks = True
    return world


def page_text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def address_page(tenant: Tenant) -> str:
    return reverse("connect_store", args=[tenant.slug])


def keys_page(tenant: Tenant, world: World) -> str:
    return f"{reverse('connect_store_keys', args=[tenant.slug])}?address={world.box.store_url}"


def begin(client: Client, tenant: Tenant, world: World, **fields: str) -> str:
    url = reverse("approve_store", args=[tenant.slug])
    return way_out(client.post(url, {"address": world.box.store_url, **fields}))


def in_service(url: str) -> str:
    """A whole address of this service as the test client takes it."""
    place = urlsplit(url)
    return f"{place.path}?{place.query}"


# The address


def test_the_address_is_normalised_and_looked_at_live(world: World, alice: Client, people: Cast) -> None:
    answer = alice.post(address_page(people.tenant), {"address": f" {world.box.store_url}/wp-admin/index.php?x=1 "})
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"address": [world.box.store_url]}
    assert "Approve in the store" in page_text(alice.get(answer.headers["Location"]))
    assert Tenant.objects.get(pk=people.tenant.pk).store_url == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Enter the address"),
        ("mailto:a@b.example", "This is not a web address"),
        ("http://user:secret@shop.example", "contains a user"),
        ("not an address", "does not look like an address"),
        ("http://127.0.0.1:9", "Nothing answers at this address."),
    ],
)
def test_an_address_that_cannot_be_used_says_what_to_do(
    world: World, alice: Client, people: Cast, typed: str, words: str
) -> None:
    answer = alice.post(address_page(people.tenant), {"address": typed})
    assert answer.status_code == 200
    assert words in page_text(answer)


def test_a_site_without_woocommerce_is_told_apart(world: World, alice: Client, people: Cast) -> None:
    with site(lambda _request: Response(404, b"<html>Not found</html>", "text/html")) as url:
        assert "choose pretty permalinks" in page_text(alice.post(address_page(people.tenant), {"address": url}))
    index = json.dumps({"name": "Blog", "namespaces": ["wp/v2"]}).encode()
    with site(lambda _request: Response(200, index)) as url:
        text = page_text(alice.post(address_page(people.tenant), {"address": url}))
        assert "WooCommerce does not answer" in text


def test_a_shop_that_moved_offers_its_new_address(world: World, alice: Client, people: Cast) -> None:
    def moved(request: Request) -> Response:
        return Response(301, b"", "text/html", {"Location": f"{world.box.store_url}{request.path}"})

    with site(moved) as url:
        text = page_text(alice.post(address_page(people.tenant), {"address": url}))
    assert f"it now lives at {world.box.store_url}" in text
    assert f'href="?address={world.box.store_url.replace(":", "%3A").replace("/", "%2F")}"' in text


def test_private_addresses_are_refused_also_behind_a_redirect_or_a_name(
    world: World, alice: Client, people: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOW_PRIVATE_STORE_URLS = False
    world.forget_stats()
    for typed in ("http://127.0.0.1:8101", "localhost", "https://192.168.1.4/shop", "10.0.0.8", "[::1]", "2130706433"):
        answer = alice.post(address_page(people.tenant), {"address": typed})
        assert answer.status_code == 200, typed

    names: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        names.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("connector.http.socket.getaddrinfo", resolve)
    text = page_text(alice.post(address_page(people.tenant), {"address": "https://rebound.example"}))
    assert "private network" in text
    assert names == ["rebound.example"]
    answer = alice.post(
        f"{reverse('connect_store_keys', args=[people.tenant.slug])}?address=https://rebound.example", KEYS_BY_HAND
    )
    assert "private network" in page_text(answer)


def test_without_permission_http_never_carries_a_key(
    world: World, alice: Client, people: Cast, settings: Settings
) -> None:
    settings.ALLOW_PRIVATE_STORE_URLS = False
    url = reverse("connect_store_keys", args=[people.tenant.slug])
    assert alice.get(f"{url}?address={world.box.store_url}").status_code == 302
    answer = alice.post(reverse("approve_store", args=[people.tenant.slug]), {"address": world.box.store_url})
    assert answer.headers["Location"] == address_page(people.tenant)
    assert not ConnectionAttempt.objects.exists()


# The hand-over


def test_the_shop_hands_its_keys_over_and_the_checks_are_shown(world: World, alice: Client, people: Cast) -> None:
    back = approve(begin(alice, people.tenant, world), world)
    assert back.status_code == 302
    landed = alice.get(in_service(back.headers["Location"]), follow=True)
    text = page_text(landed)
    for words in ("The store is connected", "Permission to write", "Line by line", "Europe/Paris", "EUR", "In step"):
        assert words in text, words
    tenant = Tenant.objects.get(pk=people.tenant.pk)
    assert tenant.store_url == world.box.store_url
    assert tenant.store_state == Connection.CONNECTED
    assert tenant.store_consumer_key.startswith("ck_")
    assert tenant.store_consumer_secret not in text
    assert tenant.store_consumer_key not in text
    entry = AuditEntry.objects.get(action="store.connected")
    assert (entry.user, entry.changes) == (people.alice, {"store_url": ["", world.box.store_url]})


def test_whoever_denies_is_told_that_nothing_was_made(world: World, alice: Client, people: Cast) -> None:
    url = begin(alice, people.tenant, world)
    denied = parse_qs(urlsplit(url).query)["return_url"][0] + f"?success=0&user_id={state_of(url)}"
    text = page_text(alice.get(in_service(denied), follow=True))
    assert "You declined in the store" in text
    assert approve(url, world).status_code == 401, "the state has ended"
    assert Tenant.objects.get(pk=people.tenant.pk).store_url == ""


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["user_id"][0]


def hand_over(live_server: LiveServer, state: str, world: World, **changed: Any) -> int:
    store = world.details["store"]
    body = {"key_id": 4, "user_id": state, "key_permissions": "read_write"}
    body |= {name: store[name] for name in ("consumer_key", "consumer_secret")}
    answer = requests.post(f"{live_server.url}/connect/woocommerce/{state}/keys", json=body | changed, timeout=30)
    assert "ck_" not in answer.text
    return answer.status_code


def test_a_state_takes_keys_once(world: World, alice: Client, people: Cast, live_server: LiveServer) -> None:
    state = state_of(begin(alice, people.tenant, world))
    assert hand_over(live_server, state, world) == 200
    assert hand_over(live_server, state, world) == 403
    assert hand_over(live_server, state[:-2] + "xx", world) == 403
    assert hand_over(live_server, "nothing", world) == 403


def test_keys_that_do_not_work_at_the_given_address_are_not_taken(
    world: World, alice: Client, people: Cast, live_server: LiveServer
) -> None:
    state = state_of(begin(alice, people.tenant, world))
    assert hand_over(live_server, state, world, consumer_secret="cs_" + "0" * 40) == 422
    assert Tenant.objects.get(pk=people.tenant.pk).store_url == ""
    back = reverse("store_return", args=[people.tenant.slug])
    text = page_text(alice.get(f"{back}?success=1&user_id={state}", follow=True))
    assert "The store refused these keys" in text


@pytest.mark.parametrize(
    "changed", [{"user_id": "tenant-42"}, {"user_id": ""}, {"consumer_key": "ck_x"}, {"consumer_secret": None}]
)
def test_a_post_that_is_not_the_shops_is_refused(
    world: World, alice: Client, people: Cast, live_server: LiveServer, changed: dict[str, Any]
) -> None:
    state = state_of(begin(alice, people.tenant, world))
    assert hand_over(live_server, state, world, **changed) in (400, 403)
    assert Tenant.objects.get(pk=people.tenant.pk).store_url == ""
    assert hand_over(live_server, state, world) == 200, "the shop's own post still counts"


def test_only_a_post_hands_keys_over(world: World, live_server: LiveServer) -> None:
    assert requests.get(f"{live_server.url}/connect/woocommerce/x/keys", timeout=10).status_code == 405


def test_the_return_page_believes_only_the_persons_own_attempt(
    world: World, alice: Client, people: Cast, live_server: LiveServer
) -> None:
    state = state_of(begin(alice, people.tenant, world))
    dora = signed_in(member(people.tenant, "dora@dupont.example", Role.ADMIN))
    back = reverse("store_return", args=[people.tenant.slug])
    for client, given in ((dora, state), (alice, "x"), (alice, "")):
        assert "no request of ours" in page_text(client.get(f"{back}?success=1&user_id={given}", follow=True))
    assert "has not sent its keys" in page_text(alice.get(f"{back}?success=1&user_id={state}", follow=True))


# Keys by hand


def test_wrong_keys_by_hand_are_cured_by_right_ones(world: World, alice: Client, people: Cast) -> None:
    url = keys_page(people.tenant, world)
    assert "The store refused these keys" in page_text(alice.post(url, KEYS_BY_HAND))
    swapped = {
        "keys-consumer_key": KEYS_BY_HAND["keys-consumer_secret"],
        "keys-consumer_secret": KEYS_BY_HAND["keys-consumer_key"],
    }
    assert "The two keys are swapped" in page_text(alice.post(url, swapped))
    assert "not a whole consumer key" in page_text(alice.post(url, KEYS_BY_HAND | {"keys-consumer_key": "ck_1"}))
    store = world.details["store"]
    right = {"keys-consumer_key": f" {store['consumer_key']} ", "keys-consumer_secret": store["consumer_secret"]}
    page = page_text(alice.post(url, right, follow=True))
    assert "The store is connected" in page
    assert Tenant.objects.get(pk=people.tenant.pk).store_consumer_key == store["consumer_key"]


def test_a_key_that_can_only_read_is_refused(world: World, alice: Client, people: Cast) -> None:
    reading = world.store_control("keys", permissions="read")
    given = {
        "keys-consumer_key": reading["consumer_key"],
        "keys-consumer_secret": reading["consumer_secret"],
    }
    page = page_text(alice.post(keys_page(people.tenant, world), given))
    assert "can read but not write" in page
    assert Tenant.objects.get(pk=people.tenant.pk).store_url == ""


# Another address, another shop


@pytest.fixture
def posted(world: World, people: Cast) -> Tenant:
    """A workspace that has sent an order of a shop at another address."""
    tenant = workspace("posted", "Posted", store_url="https://old.example")
    member(tenant, people.alice.email, Role.OWNER)
    record_of(tenant, captured(86))
    return tenant


def test_a_new_address_asks_whether_it_is_the_same_shop(world: World, alice: Client, posted: Tenant) -> None:
    page = page_text(alice.get(keys_page(posted, world)))
    assert "Yes, it is the same shop at a new address" in page
    url = reverse("approve_store", args=[posted.slug])
    silent = alice.post(url, {"address": world.box.store_url}, follow=True)
    assert "does not say whether it is the same one" in page_text(silent)
    assert approve(begin(alice, posted, world, **{"approval-is_same_shop": "on"}), world).status_code == 302
    assert Tenant.objects.get(pk=posted.pk).store_url == world.box.store_url


def test_another_shop_is_refused_whatever_a_person_says(world: World, alice: Client, posted: Tenant) -> None:
    store = world.details["store"]
    Tenant.objects.filter(pk=posted.pk).update(store_facts={"store_id": "another-shop"})
    status = {"environment": {"store_id": "this-shop", "version": "10.2.4"}, "settings": {"currency": "EUR"}}
    world.break_store(path_contains="system_status", action="status", status=200, body=status, times=None)
    given = {
        "keys-consumer_key": store["consumer_key"],
        "keys-consumer_secret": store["consumer_secret"],
        "keys-is_same_shop": "on",
    }
    page = page_text(alice.post(keys_page(posted, world), given))
    assert "This is another shop" in page
    assert Tenant.objects.get(pk=posted.pk).store_url == "https://old.example"


# Leaving


def test_disconnecting_asks_then_forgets_the_keys_and_keeps_the_address(
    world: World, alice: Client, people: Cast
) -> None:
    approve(begin(alice, people.tenant, world), world)
    url = reverse("leave_store", args=[people.tenant.slug])
    assert "Disconnect 127.0.0.1" in page_text(alice.get(url))
    assert Tenant.objects.get(pk=people.tenant.pk).store_consumer_key
    alice.post(url)
    tenant = Tenant.objects.get(pk=people.tenant.pk)
    assert (tenant.store_consumer_key, tenant.store_consumer_secret) == ("", "")
    assert tenant.store_url == world.box.store_url
    assert not tenant.is_connected
    assert not Run.objects.exists()


@contextmanager
def site(handler: Any) -> Iterator[str]:
    server = Server(handler)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()

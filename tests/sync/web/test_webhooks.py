"""Deliveries at the door: who is believed, what is answered, and what they set in motion."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from sync import tasks
from sync.deliveries import AT_MOST_EVERY, SETTLE
from sync.models import Posting, Run, StoreHook
from sync.tasks import hand_over_events, pull_forward, sweep, take_in_events
from tenants.models import Company, Connection, Tenant
from tests.factories import Cast, ended_run, workspace

TOKEN = "verifier-of-the-tests"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def shop(people: Cast) -> StoreHook:
    Tenant.objects.update(automatic_sync=True)
    return StoreHook.objects.create(tenant=people.tenant)


def signed(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def deliver(hook: StoreHook, raw: object = None, *, topic: str = "order.updated", **headers: str) -> int:
    """One delivery as the shop makes it; returns the status of our answer."""
    body = json.dumps({"id": 7, "status": "processing"} if raw is None else raw).encode()
    sent = {
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Signature": signed(hook.secret, body),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    url = reverse("woocommerce_webhook", args=[hook.address])
    answer = Client(enforce_csrf_checks=True).post(url, body, content_type="application/json", headers=sent)
    return answer.status_code


def tell(events: Any, *, token: str = TOKEN, signature: str | None = None) -> int:
    body = json.dumps(events).encode()
    answer = Client(enforce_csrf_checks=True).post(
        reverse("quickbooks_webhook"),
        body,
        content_type="application/cloudevents+json",
        headers={"intuit-signature": signed(token, body) if signature is None else signature},
    )
    return answer.status_code


def event(
    realm_id: str, kind: str = "item", ident: str = "5", *, verb: str = "updated", at: str = ""
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": "88cd52aa-33b6-4351-9aa4-47572edbd068",
        "type": f"qbo.{kind}.{verb}.v1",
        "time": at or "2026-06-01T11:59:30.179851517Z",
        "intuitentityid": ident,
        "intuitaccountid": realm_id,
        "data": {},
    }


def runs(tenant: Tenant) -> list[str]:
    return list(Run.objects.filter(tenant=tenant).order_by("pk").values_list("trigger", flat=True))


# The shop


def test_an_authentic_delivery_asks_for_one_run(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert deliver(shop) == 200
        assert deliver(shop, {"id": 8}) == 200
        pull_forward(shop.tenant_id)
        assert runs(shop.tenant) == [], "deliveries settle first"
        clock.shift(SETTLE)
        pull_forward(shop.tenant_id)
        pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["webhook"]
    shop.refresh_from_db()
    assert (shop.deliveries, shop.refusals) == (2, 0)


@pytest.mark.parametrize("signature", ["", "AAAA", "ä", signed("another secret", b'{"id": 7, "status": "processing"}')])
def test_a_wrong_or_missing_signature_is_refused_and_counted(shop: StoreHook, signature: str) -> None:
    assert deliver(shop, X_WC_Webhook_Signature=signature) == 401
    shop.refresh_from_db()
    assert (shop.deliveries, shop.refusals, shop.wanted_since) == (0, 1, None)


def test_a_body_that_was_changed_on_the_way_is_refused(shop: StoreHook) -> None:
    assert deliver(shop, X_WC_Webhook_Signature=signed(shop.secret, b'{"id": 8}')) == 401


def test_a_replay_costs_no_second_run(shop: StoreHook) -> None:
    order = {"id": 7, "date_modified_gmt": "2026-06-01T11:59:58"}
    with time_machine.travel(NOON, tick=False) as clock:
        assert deliver(shop, order) == 200
        clock.shift(SETTLE)
        pull_forward(shop.tenant_id)
        Run.objects.update(state=Run.State.FINISHED, started_at=timezone.now(), finished_at=timezone.now())
        pull_forward(shop.tenant_id)
        clock.shift(timedelta(minutes=5))
        assert deliver(shop, order) == 200
        assert deliver(shop, order, topic="order.created") == 200
        clock.shift(SETTLE)
        pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["webhook"]


def test_the_ping_of_a_new_webhook_is_answered_and_changes_nothing(shop: StoreHook) -> None:
    url = reverse("woocommerce_webhook", args=[shop.address])
    answer = Client().post(url, b"webhook_id=12", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    shop.refresh_from_db()
    assert (shop.deliveries, shop.refusals, shop.wanted_since) == (0, 0, None)


def test_a_form_that_is_no_ping_is_a_forgery(shop: StoreHook) -> None:
    url = reverse("woocommerce_webhook", args=[shop.address])
    answer = Client().post(url, b"webhook_id=1&id=7", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 401


def test_an_address_of_nobody_is_not_found(shop: StoreHook) -> None:
    shop.address = "forged"
    assert deliver(shop) == 404


def test_a_body_without_measure_is_not_read(shop: StoreHook) -> None:
    assert deliver(shop, {"id": 7, "note": "x" * 2_000_000}) == 413


@pytest.mark.parametrize("topic", ["product.updated", "product.deleted", "customer.created", ""])
def test_only_orders_ask_for_a_run(shop: StoreHook, topic: str) -> None:
    """Stock that we write ourselves comes back as product.updated."""
    assert deliver(shop, topic=topic) == 200
    shop.refresh_from_db()
    assert (shop.deliveries, shop.wanted_since) == (1, None)


@pytest.mark.parametrize(
    "change", [{"automatic_sync": False}, {"is_paused": True}, {"store_state": Connection.EXPIRED}, {"company": None}]
)
def test_a_workspace_that_does_not_sync_by_itself_is_not_pulled(shop: StoreHook, change: dict[str, Any]) -> None:
    Tenant.objects.update(**change)
    assert deliver(shop) == 200
    shop.refresh_from_db()
    assert (shop.deliveries, shop.wanted_since) == (1, None)


def test_a_run_that_reads_already_gets_a_follow_up(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        run = ended_run(
            shop.tenant, NOON - timedelta(seconds=10), state=Run.State.RUNNING, finished_at=None, phase="read"
        )
        deliver(shop)
        clock.shift(SETTLE)
        pull_forward(shop.tenant_id)
        assert len(runs(shop.tenant)) == 1, "it joins the run under way"
        Run.objects.filter(pk=run.pk).update(state=Run.State.FINISHED, finished_at=timezone.now())
        clock.shift(AT_MOST_EVERY)
        pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["schedule", "webhook"]


def test_a_run_that_began_after_the_delivery_answers_it(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        deliver(shop)
        ended_run(shop.tenant, NOON + timedelta(seconds=3))
        clock.shift(timedelta(minutes=2))
        pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["schedule"]
    shop.refresh_from_db()
    assert shop.wanted_since is None


def test_a_run_over_some_orders_alone_answers_nothing(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        deliver(shop)
        ended_run(shop.tenant, NOON + timedelta(seconds=3), parameters={"order_ids": [99]}, trigger="button")
        clock.shift(timedelta(minutes=1))
        pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["button", "webhook"]


def test_a_run_that_failed_is_not_repeated_without_end(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        deliver(shop)
        ended_run(shop.tenant, NOON + timedelta(seconds=10), state=Run.State.FAILED, trigger="webhook")
        for _minute in range(3):
            clock.shift(timedelta(minutes=1))
            sweep()
            pull_forward(shop.tenant_id)
    assert runs(shop.tenant) == ["webhook"]


def test_a_busy_shop_gets_two_runs_a_minute_at_most(shop: StoreHook) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        for second in range(120):
            deliver(shop, {"id": second})
            pull_forward(shop.tenant_id)
            Run.objects.filter(state="queued", created_at__lt=timezone.now()).update(
                state=Run.State.FINISHED, started_at=timezone.now(), finished_at=timezone.now()
            )
            clock.shift(timedelta(seconds=1))
    assert 3 <= len(runs(shop.tenant)) <= 5


def test_a_wish_whose_message_was_lost_is_found_by_the_sweep(
    shop: StoreHook, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.pull_forward, "apply_async", lambda args, **_how: sent.append(tuple(args)))
    with time_machine.travel(NOON, tick=False) as clock:
        deliver(shop)
        sweep()
        assert sent == [], "nothing was committed yet in this test"
        clock.shift(timedelta(seconds=61))
        with django_capture_on_commit_callbacks(execute=True):
            sweep()
    assert sent == [(shop.tenant_id,)]


# QuickBooks


@pytest.fixture
def books(people: Cast, settings: Settings) -> Company:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKEN = TOKEN
    assert people.tenant.company is not None
    return people.tenant.company


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Any]]:
    """Messages to the worker, which are also carried out at once."""
    sent: list[tuple[int, Any]] = []

    def at_once(args: Any, **_how: Any) -> None:
        sent.append(tuple(args))
        take_in_events(*json.loads(json.dumps(args)))

    monkeypatch.setattr(take_in_events, "apply_async", at_once)
    return sent


def marks(company: Company) -> tuple[datetime | None, datetime | None]:
    company.refresh_from_db()
    return company.names_changed_at, company.items_changed_at


@pytest.mark.parametrize("token", ["", "another token"])
def test_events_that_intuit_did_not_sign_are_refused(books: Company, token: str) -> None:
    assert tell([event(books.realm_id)], token=token) == 401
    assert tell([event(books.realm_id)], signature="") == 401
    assert marks(books) == (None, None)


def test_without_a_verifier_token_nothing_is_believed(books: Company, settings: Settings) -> None:
    settings.INTUIT_WEBHOOK_VERIFIER_TOKEN = ""
    assert tell([event(books.realm_id)], token="") == 401


@pytest.mark.parametrize("body", ["a text", 7, {"something": "else"}, {"eventNotifications": 3}])
def test_what_is_in_no_format_is_refused(books: Company, body: Any) -> None:
    assert tell(body) == 400


def test_odd_members_of_a_delivery_do_no_harm(books: Company, handed_over: list[Any]) -> None:
    odd = [None, 3, {}, {"type": "qbo.item.updated.v1"}, {"type": "other", "intuitaccountid": books.realm_id}]
    assert tell([*odd, {**event(books.realm_id), "time": "yesterday"}]) == 200
    assert [len(events) for _company, events in handed_over] == [1]


def test_an_item_changed_by_others_marks_names_and_stock(books: Company, handed_over: list[Any]) -> None:
    assert tell([event(books.realm_id)]) == 200
    at = datetime(2026, 6, 1, 11, 59, 30, 179851, tzinfo=UTC)
    assert marks(books) == (at, at)
    assert books.heard_at is not None


def test_the_older_format_says_the_same(books: Company, handed_over: list[Any]) -> None:
    entity = {"id": "5", "operation": "Update", "name": "Item", "lastUpdated": "2026-06-01T11:59:30.179Z"}
    notifications = [{"realmId": books.realm_id, "dataChangeEvent": {"entities": [entity]}}]
    assert tell({"eventNotifications": notifications}) == 200
    at = datetime(2026, 6, 1, 11, 59, 30, 179000, tzinfo=UTC)
    assert marks(books) == (at, at)


def test_events_told_twice_late_or_in_any_order_come_out_equal(books: Company, handed_over: list[Any]) -> None:
    late, early = "2026-06-01T11:59:30Z", "2026-06-01T11:00:00Z"
    for at in (late, early, late):
        tell([event(books.realm_id, at=at)])
    assert marks(books)[1] == datetime(2026, 6, 1, 11, 59, 30, tzinfo=UTC)


def test_a_delivery_may_mix_companies(books: Company, handed_over: list[Any]) -> None:
    other = workspace("other", "Other").company
    assert other is not None
    assert tell([event(books.realm_id), event("999999"), event(other.realm_id, "customer", "9")]) == 200
    assert marks(books)[1] is not None
    assert marks(other)[1] is None
    assert marks(other)[0] is not None
    assert all(realm not in json.dumps(handed_over) for realm in (books.realm_id, other.realm_id))


def test_a_company_that_nobody_uses_is_left_out(books: Company, handed_over: list[Any]) -> None:
    Tenant.objects.update(company=None)
    assert tell([event(books.realm_id)]) == 200
    assert handed_over == []


@pytest.mark.parametrize(("kind", "entity"), [("invoice", "Invoice"), ("item", "Item")])
def test_our_own_writes_mark_nothing_and_start_nothing(
    shop: StoreHook, books: Company, handed_over: list[Any], kind: str, entity: str
) -> None:
    started = datetime(2026, 6, 1, 11, 59, tzinfo=UTC)
    run = ended_run(shop.tenant, started)
    Posting.objects.create(
        tenant=shop.tenant, company=books, run=run, key="sale:7", operation="create", entity=entity, payload={},
        state=Posting.State.POSTED, qbo_id="5",
    )  # fmt: skip
    assert tell([event(books.realm_id, kind, "5")]) == 200
    assert marks(books) == (None, None)
    assert len(runs(shop.tenant)) == 1
    tell([event(books.realm_id, kind, "6")])
    assert marks(books)[1] is not None, "another object of that kind was written by others"
    tell([event(books.realm_id, kind, "5", at="2026-06-01T13:30:00Z")])
    assert marks(books)[1] == datetime(2026, 6, 1, 13, 30, tzinfo=UTC), "much later it is somebody else's change"
    assert len(runs(shop.tenant)) == 1


def test_a_clock_that_runs_ahead_sets_no_mark_in_the_future(books: Company, handed_over: list[Any]) -> None:
    with time_machine.travel(NOON, tick=False):
        tell([event(books.realm_id, at="2027-01-01T00:00:00Z")])
    assert marks(books)[1] == NOON


def test_when_the_broker_is_down_intuit_is_asked_to_come_again(books: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_how: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(take_in_events, "apply_async", down)
    assert tell([event(books.realm_id)]) == 503


def test_long_deliveries_travel_in_parts(books: Company, handed_over: list[Any]) -> None:
    assert tell([event(books.realm_id, ident=str(number)) for number in range(450)]) == 200
    assert [len(events) for _company, events in handed_over] == [200, 200, 50]
    hand_over_events(books.pk, [])
    assert len(handed_over) == 3

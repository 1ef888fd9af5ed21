"""A store's address and keys: normalised, checked against the live store, and kept only when everything works."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import tenacity
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import ANY_ADDRESS, PUBLIC_ONLY, Retry
from connector.woo.address import AddressProblem, key_problem, normalise_store_url
from connector.woo.client import WooStore
from connector.woo.facts import StoreFacts
from connector.woo.session import StoreKeys
from sync.connections.hooks import hook_of, remove_webhooks
from sync.connections.telling import explain, sentence
from sync.models import Posting
from tenants.models import Connection, Tenant

QUICK_TIMEOUT = (5.0, 20.0)
QUICK_RETRY = Retry(stop=tenacity.stop_after_attempt(2) | tenacity.stop_after_delay(15))
"""Somebody waits in front of a page, or the store's own page waits for our answer: no more than this."""

_ELSEWHERE = frozenset({"store_no_rest", "store_no_woocommerce", "store_redirects", "store_odd_answer"})
"""Nothing of WooCommerce at this address: it may live in another folder of what was typed."""


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A WooCommerce store that answers at `url`."""

    url: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Why an address cannot be used. reason: a key of the pages' sentences; sentence: the same in plain English.

    moved_to: where the store says it lives now, ready to be tried instead.
    """

    reason: str
    sentence: str = ""
    detail: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What the store answered, or why it cannot be used: `problem` is a sentence with what to do, `reason` its key."""

    facts: dict[str, Any]
    problem: str = ""
    reason: str = ""
    detail: str = ""
    moved_to: str = ""


def find_store(text: str) -> FoundStore | StoreProblem:
    """Looks for the store a merchant means, live: at the address typed, then in the folders it might mean."""
    address = normalise_store_url(text, allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
    if isinstance(address, AddressProblem):
        return StoreProblem(address.reason, address.sentence)
    first: StoreProblem | None = None
    for url in (address.url, *address.others):
        try:
            with _open(url, StoreKeys("", "")) as store:
                index = store.index()
            return FoundStore(url, index.name, index.time_zone)
        except (ConnectionLostError, RetryableError, FaultError) as error:
            first = first or _problem(error, url)
            if error.reason not in _ELSEWHERE:
                break
    return first or StoreProblem("store_no_rest")


def connect_store(
    tenant: Tenant, *, url: str, consumer_key: str, consumer_secret: str, is_same_shop: bool = False
) -> StoreCheck:
    """Checks address and keys against the live store, then keeps them. Nothing is kept when a check fails.

    is_same_shop: a person said so. It counts only where the shop itself does not say which one it is.
    """
    address = normalise_store_url(url, allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
    if isinstance(address, AddressProblem):
        return StoreCheck({}, address.sentence, address.reason)
    consumer_key, consumer_secret = consumer_key.strip(), consumer_secret.strip()
    wrong_keys = key_problem(consumer_key, consumer_secret)
    if wrong_keys is not None:
        return StoreCheck({}, wrong_keys.sentence, wrong_keys.reason)
    try:
        with _open(address.url, StoreKeys(consumer_key, consumer_secret)) as store:
            facts = store.check()
    except (ConnectionLostError, RetryableError, FaultError) as error:
        found = _problem(error, address.url)
        return StoreCheck({}, found.sentence, found.reason, found.detail, found.moved_to)
    reason = _objection(tenant, address.url, facts, is_same_shop=is_same_shop)
    if reason:
        detail = facts.version if reason == "store_too_old" else ""
        return StoreCheck({}, sentence(reason, detail), reason, detail)
    if tenant.store_url and _host(tenant.store_url) != _host(address.url):
        remove_webhooks(tenant)
    plain = _keep_facts(tenant, facts, store_url=address.url)
    tenant.store_consumer_key, tenant.store_consumer_secret = consumer_key, consumer_secret
    tenant.save(update_fields=["store_consumer_key", "store_consumer_secret"])
    return StoreCheck(plain)


def check_store_again(tenant: Tenant) -> StoreCheck:
    """Looks the connected store over again. Refused keys, or a store that is gone, mark the connection as lost."""
    keys = StoreKeys(tenant.store_consumer_key, tenant.store_consumer_secret)
    try:
        with _open(tenant.store_url, keys) as store:
            facts = store.check()
    except (ConnectionLostError, RetryableError, FaultError) as error:
        if isinstance(error, ConnectionLostError):
            Tenant.objects.filter(pk=tenant.pk, store_state=Connection.CONNECTED).update(
                store_state=Connection.EXPIRED,
                store_state_since=timezone.now(),
                store_state_detail=f"{error.reason}: {error.detail}"[:255],
            )
        found = _problem(error, tenant.store_url)
        return StoreCheck({}, found.sentence, found.reason, found.detail, found.moved_to)
    if not facts.can_write:
        return StoreCheck(_plain(asdict(facts)), sentence("store_read_only"), "store_read_only")
    return StoreCheck(_keep_facts(tenant, facts))


def disconnect_store(tenant: Tenant) -> None:
    """Takes our webhooks away and forgets the keys. The address stays, so that it can be connected again."""
    remove_webhooks(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(
        store_state=Connection.REVOKED,
        store_state_since=timezone.now(),
        store_state_detail="store_disconnected",
        store_mail_for=None,
    )
    tenant.refresh_from_db()
    tenant.store_consumer_key = tenant.store_consumer_secret = ""
    tenant.store_mail_for = tenant.store_state_since
    tenant.save(update_fields=["store_consumer_key", "store_consumer_secret", "store_mail_for"])


def is_other_address(tenant: Tenant, url: str) -> bool:
    """Whether something was already sent for a shop at another host: then "same shop?" has to be asked."""
    return bool(
        tenant.store_url and _host(tenant.store_url) != _host(url) and Posting.objects.for_tenant(tenant).exists()
    )


def _objection(tenant: Tenant, url: str, facts: StoreFacts, *, is_same_shop: bool) -> str:
    if not facts.can_write:
        return "store_read_only"
    if not facts.is_recent_enough:
        return "store_too_old"
    known_id = str((tenant.store_facts or {}).get("store_id") or "")
    if known_id and facts.store_id:
        is_another = known_id != facts.store_id and Posting.objects.for_tenant(tenant).exists()
        return "store_is_another" if is_another else ""
    return "store_maybe_another" if is_other_address(tenant, url) and not is_same_shop else ""


def _keep_facts(tenant: Tenant, facts: StoreFacts, *, store_url: str = "") -> dict[str, Any]:
    plain: dict[str, Any] = _plain(asdict(facts))
    known = tenant.store_facts or {}
    if "statuses" in known and store_url in ("", tenant.store_url):
        plain["statuses"] = known["statuses"]
    now = timezone.now()
    Tenant.objects.filter(pk=tenant.pk).update(store_facts=plain, store_seen_at=now)
    returns = Tenant.objects.filter(pk=tenant.pk)
    if not store_url:
        returns = returns.filter(~Q(store_state=Connection.CONNECTED))
    returns.update(
        store_url=store_url or tenant.store_url,
        store_state=Connection.CONNECTED,
        store_state_since=now,
        store_state_detail="",
    )
    tenant.refresh_from_db()
    hook_of(tenant)
    return plain


def _open(url: str, keys: StoreKeys) -> WooStore:
    guard = ANY_ADDRESS if settings.ALLOW_PRIVATE_STORE_URLS else PUBLIC_ONLY
    return WooStore(url, keys, guard=guard, retry=QUICK_RETRY, timeout=QUICK_TIMEOUT)


def _problem(error: SyncError, url: str) -> StoreProblem:
    moved_to = ""
    if error.reason == "store_moved":
        place = normalise_store_url(error.detail, allow_private=settings.ALLOW_PRIVATE_STORE_URLS)
        moved_to = "" if isinstance(place, AddressProblem) or place.url == url else place.url
    return StoreProblem(error.reason, explain(error), error.detail, moved_to)


def _host(url: str) -> str:
    return urlsplit(url).netloc.removeprefix("www.").lower()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value

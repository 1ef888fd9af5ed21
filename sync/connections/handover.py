"""The key hand-over with a store: where the shopkeeper is sent, and what happens with the keys that come back.

The store posts the keys and waits; it keeps them only after an answer of exactly 200. So they are checked at the
address the merchant gave, and stored, before we answer.
"""

from __future__ import annotations

from django.conf import settings

from connector.woo.handover import HandedKeys, approval_url
from sync.connections import attempts
from sync.connections.store import StoreCheck, connect_store
from tenants.audit import log_change
from tenants.models import ConnectionAttempt, Tenant, User

STORE = ConnectionAttempt.Side.STORE


def begin_handover(
    tenant: Tenant, user: User, *, store_url: str, return_path: str, callback_path: str, is_same_shop: bool = False
) -> str:
    """The store's approval page. callback_path holds "{state}" where the state goes."""
    state = attempts.begin(STORE, tenant, user, store_url=store_url, is_same_shop=is_same_shop)
    return approval_url(
        store_url,
        app_name=settings.PRODUCT_NAME,
        state=state,
        return_url=f"{settings.PUBLIC_URL}{return_path}",
        callback_url=f"{settings.PUBLIC_URL}{callback_path.replace('{state}', state)}",
    )


def receive_keys(state: str, keys: HandedKeys) -> StoreCheck:
    """Checks and keeps the keys of a state, once. Raises attempts.Refused when the state counts for nothing."""
    if keys.user_id != state:
        raise attempts.Refused("state_foreign")
    attempt = attempts.take(STORE, state)
    check = adopt_keys(
        attempt.tenant,
        attempt.user,
        url=attempt.store_url,
        consumer_key=keys.consumer_key,
        consumer_secret=keys.consumer_secret,
        is_same_shop=attempt.is_same_shop,
    )
    attempts.end(attempt, problem=check.reason, detail=check.moved_to or check.detail)
    return check


def adopt_keys(
    tenant: Tenant, user: User, *, url: str, consumer_key: str, consumer_secret: str, is_same_shop: bool = False
) -> StoreCheck:
    """Connects the store with these keys and notes who did it."""
    before = tenant.store_url
    check = connect_store(
        tenant, url=url, consumer_key=consumer_key, consumer_secret=consumer_secret, is_same_shop=is_same_shop
    )
    if not check.reason:
        log_change(tenant, "store.connected", {"store_url": [before, tenant.store_url]}, user=user)
    return check

"""The webhooks in a shop: registered with a secret of our own, put right when it dropped them, taken away at the end.

They only make a sync quicker. A shop that refuses them, or cannot reach us, is synced every hour all the same, so
nothing here ever marks a connection as lost.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import tenacity
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from connector.http import ANY_ADDRESS, PUBLIC_ONLY, Retry
from connector.woo.client import WooStore
from connector.woo.session import StoreKeys
from connector.woo.webhooks import PRODUCT_TOPICS, TOPICS, Webhook
from sync.deliveries import follows_products
from sync.models import StoreHook
from sync.wiring import open_store
from tenants.models import Connection, Tenant

logger = logging.getLogger(__name__)

CHECK_EVERY = timedelta(hours=6)
TRY_AGAIN_AFTER = timedelta(minutes=30)
LEAVING_TIMEOUT = (3.0, 8.0)
LEAVING_RETRY = Retry(stop=tenacity.stop_after_attempt(1))
"""Somebody waits for the disconnection: a shop that does not answer keeps webhooks that nobody believes any more."""


def due_hooks(now: datetime) -> QuerySet[StoreHook]:
    """Those of connected shops that were not looked at for some hours, the longest first."""
    return (
        StoreHook.objects.filter(next_check_at__lte=now, tenant__store_state=Connection.CONNECTED)
        .exclude(tenant__store_url="")
        .order_by("next_check_at")
    )


def hook_of(tenant: Tenant) -> StoreHook:
    return StoreHook.objects.get_or_create(tenant=tenant)[0]


def delivery_url(hook: StoreHook) -> str:
    return f"{settings.PUBLIC_URL}{reverse('woocommerce_webhook', args=[hook.address])}"


def keep_webhooks(tenant: Tenant, *, anew: bool = False) -> StoreHook:
    """Registers what is missing, switches on what the shop switched off, deletes doubles. Safe to repeat.

    anew: our address and secret are written again even where everything looks right. What the shop answers is kept in
    the row and raised nowhere."""
    hook = hook_of(tenant)
    if not _can_be_reached():
        return _keep(hook, StoreHook.State.UNREACHABLE)
    try:
        with open_store(tenant) as store:
            state, is_repaired = _put_right(store, hook, anew=anew)
    except RetryableError as error:
        return _keep(hook, hook.state, detail=error.reason, again_after=TRY_AGAIN_AFTER)
    except (ConnectionLostError, FaultError) as error:
        logger.info("webhooks.refused", extra={"tenant": tenant.pk, "reason": error.reason, "detail": error.detail})
        return _keep(hook, StoreHook.State.REFUSED, detail=error.reason)
    return _keep(hook, state, is_repaired=is_repaired)


def remove_webhooks(tenant: Tenant) -> None:
    """Deletes them in the shop as far as it answers; from here on their deliveries find nobody."""
    hook = StoreHook.objects.for_tenant(tenant).first()
    if hook is None:
        return
    guard = ANY_ADDRESS if settings.ALLOW_PRIVATE_STORE_URLS else PUBLIC_ONLY
    keys = StoreKeys(tenant.store_consumer_key, tenant.store_consumer_secret)
    try:
        if tenant.store_url and keys.consumer_key and hook.checked_at is not None:
            with WooStore(tenant.store_url, keys, guard=guard, retry=LEAVING_RETRY, timeout=LEAVING_TIMEOUT) as store:
                for webhook in _ours(store.webhooks(), hook):
                    store.delete_webhook(webhook.id)
    except SyncError as error:
        logger.info("webhooks.left_behind", extra={"tenant": tenant.pk, "reason": error.reason})
    hook.delete()


def _put_right(store: WooStore, hook: StoreHook, *, anew: bool) -> tuple[str, bool]:
    """(the state they are in now, whether something had to be repaired)."""
    url = delivery_url(hook)
    own = _ours(store.webhooks(), hook)
    was_complete = hook.state == StoreHook.State.ACTIVE
    is_repaired = is_paused = False
    wanted = (*TOPICS, *PRODUCT_TOPICS) if follows_products(hook.tenant) else TOPICS
    for unwanted in (webhook for webhook in own if webhook.topic not in wanted):
        store.delete_webhook(unwanted.id)
    for topic in wanted:
        found = [webhook for webhook in own if webhook.topic == topic]
        kept = next((one for one in found if one.status == "active"), found[0] if found else None)
        for double in found:
            if kept is not None and double.id != kept.id:
                store.delete_webhook(double.id)
        if kept is None:
            store.create_webhook(
                topic=topic, delivery_url=url, secret=hook.secret, name=f"{settings.PRODUCT_NAME}: {topic}"
            )
            is_repaired = is_repaired or (was_complete and topic in TOPICS)
        elif kept.status == "paused":
            is_paused = True
        elif anew or kept.status != "active" or kept.delivery_url != url:
            store.revive_webhook(kept.id, delivery_url=url, secret=hook.secret)
            is_repaired = is_repaired or kept.status != "active"
    return (StoreHook.State.PAUSED if is_paused else StoreHook.State.ACTIVE), is_repaired


def _ours(webhooks: Sequence[Webhook], hook: StoreHook) -> list[Webhook]:
    """By the last part of their address, which is ours alone, wherever this service was reached when they were made."""
    end = reverse("woocommerce_webhook", args=[hook.address])
    return [webhook for webhook in webhooks if webhook.delivery_url.endswith(end)]


def _can_be_reached() -> bool:
    """Shops deliver to public https addresses; on one's own network the operator allows private shops as well."""
    return settings.PUBLIC_URL.startswith("https://") or settings.ALLOW_PRIVATE_STORE_URLS


def _keep(
    hook: StoreHook,
    state: str,
    *,
    detail: str = "",
    is_repaired: bool = False,
    again_after: timedelta = CHECK_EVERY,
) -> StoreHook:
    now = timezone.now()
    hook.state, hook.state_detail, hook.next_check_at = state, detail[:255], now + again_after
    if not detail or state == StoreHook.State.REFUSED:
        hook.checked_at = now
    if is_repaired:
        hook.repaired_at = now
        logger.info("webhooks.repaired", extra={"tenant": hook.tenant_id})
    hook.save(update_fields=["state", "state_detail", "next_check_at", "checked_at", "repaired_at"])
    return hook

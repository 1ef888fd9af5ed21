"""A shop's deliveries: whether they are signed with the secret we gave it, and how they are asked for.

WooCommerce behaviour, Webhooks. A shop switches a webhook off after its endpoint failed some times in a row, and never
on again by itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import FaultError
from connector.woo.answers import expect_object
from connector.woo.calls import StoreCalls

SIGNATURE_HEADER = "X-WC-Webhook-Signature"
TOPIC_HEADER = "X-WC-Webhook-Topic"
TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
PRODUCT_TOPICS = ("product.created", "product.updated")
"""Asked for only where products are sent: a shop tells of every sale's effect on a stock as well."""
FIELDS = "id,status,topic,delivery_url"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One as it is registered in a shop. status: active, paused (by a person) or disabled (by the shop)."""

    id: int
    topic: str
    status: str
    delivery_url: str


def is_authentic(body: bytes, signature: str, secret: str) -> bool:
    """base64(HMAC-SHA256(secret, raw body)), compared in constant time before anything is parsed.

    Without a secret nothing is authentic: an empty key would let anybody sign.
    """
    if not secret:
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))


def is_ping(body: bytes, content_type: str) -> bool:
    """The unsigned form `webhook_id=1` that a shop posts once when a webhook is created."""
    name, _, number = body.partition(b"=")
    is_form = content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    return is_form and name == b"webhook_id" and number.isdigit()


def list_webhooks(calls: StoreCalls) -> Sequence[Webhook]:
    """All webhooks of the shop, other services' too."""
    rows = calls.all_rows("webhooks", {"status": "all", "orderby": "id", "order": "asc", "_fields": FIELDS})
    return tuple(_read(raw) for raw in rows if isinstance(raw, dict))


def create_webhook(calls: StoreCalls, *, topic: str, delivery_url: str, secret: str, name: str) -> Webhook:
    """Registered and active. The shop pings the address at once."""
    values = {"topic": topic, "delivery_url": delivery_url, "secret": secret, "name": name, "status": "active"}
    return _read(dict(expect_object(calls.post("webhooks", values).answer)))


def revive_webhook(calls: StoreCalls, webhook_id: int, *, delivery_url: str, secret: str) -> Webhook:
    """Switched on again, with the address and the secret that count now."""
    values = {"delivery_url": delivery_url, "secret": secret, "status": "active"}
    return _read(dict(expect_object(calls.put(f"webhooks/{webhook_id}", values).answer)))


def delete_webhook(calls: StoreCalls, webhook_id: int) -> None:
    """Gone for good; one that is gone already is as good."""
    try:
        calls.delete(f"webhooks/{webhook_id}", {"force": "true"})
    except FaultError as fault:
        if not fault.code.endswith("_invalid_id"):
            raise


def _read(raw: dict[str, object]) -> Webhook:
    number = raw.get("id")
    return Webhook(
        id=number if isinstance(number, int) else 0,
        topic=str(raw.get("topic") or ""),
        status=str(raw.get("status") or ""),
        delivery_url=str(raw.get("delivery_url") or ""),
    )

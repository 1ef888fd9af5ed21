"""Intuit's deliveries: whether they come from Intuit, and what they name (QBO reference, 7.2 Webhooks).

Two formats: an array of CloudEvents, which may mix companies, and the older `eventNotifications`. Neither carries data,
only ids; both may come late, twice and out of order.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

SIGNATURE_HEADER = "intuit-signature"

_TYPE = re.compile(r"qbo\.([a-z]+)\.([a-z]+)(?:\.v\d+)?")
_FRACTION = re.compile(r"\.(\d{1,6})\d*")


@dataclass(frozen=True, slots=True)
class Event:
    """Something changed. kind and verb in lower case, e.g. "item", "updated"; `at` is aware UTC by Intuit's clock, None
    where it cannot be read."""

    realm_id: str
    kind: str
    qbo_id: str
    verb: str
    at: datetime | None


def is_authentic(body: bytes, signature: str, verifier_token: str) -> bool:
    """base64(HMAC-SHA256(verifier token, raw body)), compared in constant time before anything is parsed.

    Without a verifier token nothing is authentic: an empty key would let anybody sign.
    """
    if not verifier_token:
        return False
    expected = base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))


def read_events(body: bytes) -> list[Event]:
    """The events of a delivery in either format; what is none of ours is left out.

    Raises ValueError when the body is neither format."""
    found: object = json.loads(body)
    if isinstance(found, list):
        return [event for one in found if (event := _cloud_event(one)) is not None]
    if isinstance(found, dict) and isinstance(found.get("eventNotifications"), list):
        return [event for one in found["eventNotifications"] for event in _notification(one)]
    raise ValueError("neither CloudEvents nor eventNotifications")


def _cloud_event(raw: object) -> Event | None:
    if not isinstance(raw, dict):
        return None
    named = _TYPE.fullmatch(str(raw.get("type") or "").lower())
    realm_id = str(raw.get("intuitaccountid") or "")
    if named is None or not realm_id:
        return None
    return Event(realm_id, named[1], str(raw.get("intuitentityid") or ""), named[2], _moment(raw.get("time")))


def _notification(raw: object) -> Iterator[Event]:
    if not isinstance(raw, dict):
        return
    change = raw.get("dataChangeEvent")
    entities = change.get("entities") if isinstance(change, dict) else None
    for one in entities if isinstance(entities, list) else ():
        if isinstance(one, dict):
            kind, verb = str(one.get("name") or "").lower(), str(one.get("operation") or "").lower()
            moment = _moment(one.get("lastUpdated"))
            yield Event(str(raw.get("realmId") or ""), kind, str(one.get("id") or ""), verb, moment)


def _moment(text: object) -> datetime | None:
    """Python reads at most six digits of a second, Intuit sends nine."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r".\1", text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)

"""WooCommerce's own key hand-over page: where to send the shopkeeper, and what the store then posts to us.

WooCommerce behaviour, Key hand-over: nothing that is posted is signed and the store names itself only in its
User-Agent. The echoed `user_id` is the one thing that ties keys to a request, so it carries our single-use state, and
the keys count only once they have worked at the address the merchant gave.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

SCOPE = "read_write"
LARGEST_BODY = 10_000
_KEY = re.compile(r"(ck|cs)_[0-9A-Za-z]{32,64}")


@dataclass(frozen=True, slots=True)
class HandedKeys:
    """Keys as the store posted them. user_id: the state of ours that it echoes; permissions: e.g. read_write."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    user_id: str = field(repr=False)
    permissions: str = ""


def approval_url(store_url: str, *, app_name: str, state: str, return_url: str, callback_url: str) -> str:
    """The page of the store on which the shopkeeper approves. All five parameters are needed, or it answers 401."""
    query = urlencode(
        {
            "app_name": app_name,
            "scope": SCOPE,
            "user_id": state,
            "return_url": return_url,
            "callback_url": callback_url,
        }
    )
    return f"{store_url.rstrip('/')}/wc-auth/v1/authorize?{query}"


def read_handed_keys(body: bytes) -> HandedKeys:
    """The posted keys. Raises ValueError for anything that is not what WooCommerce posts; the text holds no key."""
    if len(body) > LARGEST_BODY:
        raise ValueError("the body is too large for a pair of keys")
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(posted, dict):
        raise ValueError("the body is not a JSON object")
    key, secret = posted.get("consumer_key"), posted.get("consumer_secret")
    for value, prefix in ((key, "ck_"), (secret, "cs_")):
        if not isinstance(value, str) or not value.startswith(prefix) or not _KEY.fullmatch(value):
            raise ValueError(f"there is no key that starts with {prefix}")
    return HandedKeys(
        consumer_key=str(key),
        consumer_secret=str(secret),
        user_id=str(posted.get("user_id") or ""),
        permissions=str(posted.get("key_permissions") or "")[:20],
    )

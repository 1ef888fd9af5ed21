"""Whether a delivery of a shop is signed with the secret we gave it (WooCommerce behaviour, Webhooks)."""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNATURE_HEADER = "X-WC-Webhook-Signature"


def is_authentic(body: bytes, signature: str, secret: str) -> bool:
    """base64(HMAC-SHA256(secret, raw body)), compared in constant time before anything is parsed.

    Without a secret nothing is authentic: an empty key would let anybody sign.
    """
    if not secret:
        return False
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))

"""Whether a delivery comes from Intuit (QBO reference, 7.2 Webhooks); the same in both of its formats."""

from __future__ import annotations

import base64
import hashlib
import hmac

SIGNATURE_HEADER = "intuit-signature"


def is_authentic(body: bytes, signature: str, verifier_token: str) -> bool:
    """base64(HMAC-SHA256(verifier token, raw body)), compared in constant time before anything is parsed.

    Without a verifier token nothing is authentic: an empty key would let anybody sign.
    """
    if not verifier_token:
        return False
    expected = base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, signature.strip().encode("utf-8", "replace"))

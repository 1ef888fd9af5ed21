from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from connector.qbo.webhooks import is_authentic

TOKEN = "c5a1-verifier"
BODY = b'[{"specversion":"1.0","type":"qbo.account.created.v1","intuitaccountid":"310687"}]'


def sign(body: bytes, token: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest()).decode()


def test_what_intuit_signed_is_believed_byte_for_byte() -> None:
    signature = sign(BODY, TOKEN)
    assert is_authentic(BODY, signature, TOKEN)
    assert not is_authentic(BODY.replace(b"310687", b"310688"), signature, TOKEN)
    assert not is_authentic(BODY, sign(BODY, "another"), TOKEN)


@pytest.mark.parametrize("signature", ["", "====", "é", "\ud800", "not base64 at all"])
def test_junk_instead_of_a_signature_is_just_wrong(signature: str) -> None:
    assert not is_authentic(BODY, signature, TOKEN)


def test_without_a_verifier_token_nobody_is_believed() -> None:
    assert not is_authentic(BODY, sign(BODY, ""), "")

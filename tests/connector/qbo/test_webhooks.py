from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from connector.qbo.webhooks import is_authentic, read_events

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


def test_nanoseconds_are_cut_and_verbs_are_lower_case() -> None:
    (event,) = read_events(
        b'[{"type": "qbo.item.Updated.v1", "time": "2025-09-10T21:31:25.179851517Z", "intuitentityid": "1234",'
        b' "intuitaccountid": "310687"}]'
    )
    assert (event.realm_id, event.kind, event.qbo_id, event.verb) == ("310687", "item", "1234", "updated")
    assert event.at is not None
    assert event.at.isoformat() == "2025-09-10T21:31:25.179851+00:00"


def test_a_merge_and_a_void_are_read_in_either_spelling() -> None:
    new = json.dumps([{"type": f"qbo.invoice.{verb}.v1", "intuitaccountid": "1"} for verb in ("void", "voided")])
    old = json.dumps(
        {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [{"operation": "Merge", "id": "5"}]}}]}
    )
    assert [event.verb for event in read_events(new.encode())] == ["void", "voided"]
    assert [event.verb for event in read_events(old.encode())] == ["merge"]


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[1", b"null"])
def test_what_is_no_delivery_raises(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"neither|Expecting|decode|delimiter"):
        read_events(body)

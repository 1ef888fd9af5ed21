from __future__ import annotations

import pytest

from connector.woo.webhooks import SIGNATURE_HEADER, is_authentic
from tests.connector.woo.conftest import Load

SECRET = "lab-webhook-secret-fr"


@pytest.mark.parametrize("name", ["webhooks/02-order.updated", "webhooks/09-order.deleted"])
def test_the_signature_of_a_real_delivery_is_recognised(payload: Load, name: str) -> None:
    delivery = payload("fr", name)
    body, signature = delivery["body"].encode(), dict(delivery["headers"])[SIGNATURE_HEADER]
    assert is_authentic(body, signature, SECRET)
    assert not is_authentic(body + b" ", signature, SECRET)
    assert not is_authentic(body, signature, "another secret")


@pytest.mark.parametrize("signature", ["", "====", "é", "\ud800", "x" * 10_000])
def test_junk_instead_of_a_signature_is_just_wrong(signature: str) -> None:
    assert not is_authentic(b"{}", signature, SECRET)


def test_without_a_secret_nobody_is_believed() -> None:
    signed_with_nothing = "NoCLl3dnnLe0gTFX0Z+jnQTIu2RL8HOKMTN1pTyqVG4="
    assert not is_authentic(b"", signed_with_nothing, "")

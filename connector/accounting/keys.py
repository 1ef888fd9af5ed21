"""Identity: which write is which, whatever crashes, retries and clocks do (product specification §1, Identity)."""

from __future__ import annotations

import hashlib
from typing import Literal

Operation = Literal["create", "update", "void", "delete"]

MARKER_PREFIX = "woo:"


def sale_key(order_id: int) -> str:
    return f"order:{order_id}:sale"


def payment_key(order_id: int, number: int) -> str:
    """The n-th payment of an order, counted from 1."""
    return f"order:{order_id}:payment:{number}"


def fee_key(order_id: int) -> str:
    """What the payment gateway kept of an order's money."""
    return f"order:{order_id}:fee"


def refund_key(order_id: int, refund_id: int) -> str:
    return f"order:{order_id}:refund:{refund_id}"


def refund_apply_key(order_id: int, refund_id: int) -> str:
    """The payment of nothing that sets a refund's credit memo against the invoice."""
    return f"{refund_key(order_id, refund_id)}:apply"


def cancel_key(order_id: int) -> str:
    return f"order:{order_id}:cancel"


def cancel_apply_key(order_id: int) -> str:
    return f"{cancel_key(order_id)}:apply"


def customer_key(*, mode: str, email: str, name: str, currency: str) -> str:
    """One customer by (mode, normalised e-mail else name, currency): most buyers are guests without an id."""
    return f"customer:{mode}:{normalise(email) or normalise(name)}:{currency}"


ITEM_PREFIX = "item:"


def item_key(product_id: int, variation_id: int) -> str:
    return f"{ITEM_PREFIX}{product_id}:{variation_id}"


NAME_PREFIX = "name:"


def name_key(kind: str, name: str) -> str:
    """An item or account that the merchant's settings name, not a product of the store."""
    return f"{NAME_PREFIX}{kind}:{normalise(name)}"


def normalise(text: str) -> str:
    """Compare-ready text: case folded, outer blanks off, inner runs of blanks one blank."""
    return " ".join(text.split()).casefold()


def request_id(tenant_key: str, key: str, operation: Operation, generation: int) -> str:
    """The `requestid` of a single call: 32 hexadecimal characters (QBO reference, 1.3: at most 50, 36 on a batch)."""
    text = "\x1f".join((tenant_key, key, operation, str(generation)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def sale_marker(tenant_key: str, order_id: int) -> str:
    """First in PrivateNote, so that it survives truncation; tells our documents from everybody else's."""
    return f"{MARKER_PREFIX}{tenant_key}:{order_id}"


def payment_marker(tenant_key: str, order_id: int, number: int = 1) -> str:
    """The first payment bears no number, as before an order could have several."""
    plain = f"{sale_marker(tenant_key, order_id)}:payment"
    return plain if number == 1 else f"{plain}:{number}"


def fee_marker(tenant_key: str, order_id: int) -> str:
    return f"{sale_marker(tenant_key, order_id)}:fee"


def refund_marker(tenant_key: str, order_id: int, refund_id: int) -> str:
    return f"{sale_marker(tenant_key, order_id)}:refund:{refund_id}"


def refund_apply_marker(tenant_key: str, order_id: int, refund_id: int) -> str:
    return f"{refund_marker(tenant_key, order_id, refund_id)}:apply"


def cancel_marker(tenant_key: str, order_id: int) -> str:
    return f"{sale_marker(tenant_key, order_id)}:cancel"


def cancel_apply_marker(tenant_key: str, order_id: int) -> str:
    return f"{cancel_marker(tenant_key, order_id)}:apply"


def has_marker(private_note: str, marker: str) -> bool:
    """True when the note begins with this marker as a whole, not with a longer one of the same beginning."""
    first_line = private_note.split("\n", 1)[0].strip()
    return first_line == marker or first_line.startswith(f"{marker} ")

"""What the tests of this adapter share: captured-like answers, and books that never wait."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import responses
import tenacity

from connector.accounting.documents import DocumentKind, DocumentLine, SaleDocument
from connector.accounting.policy import Ref
from connector.http import Retry
from connector.qbo.client import QuickBooksBooks
from connector.qbo.transport import CallKind

PAYLOADS = Path(__file__).parents[2] / "payloads" / "quickbooks"
REALM = "4620816365291234567"
BASE = "https://quickbooks.example"
COMPANY = f"{BASE}/v3/company/{REALM}"


def text(name: str) -> str:
    return (PAYLOADS / name).read_text(encoding="utf-8")


def body(name: str) -> Any:
    """The payload with exact decimals, as the adapter reads it."""
    return json.loads(text(name), parse_float=Decimal)


def sent_text(call: responses.Call) -> str:
    """The body of a request that was sent."""
    sent = call.request.body
    return sent.decode("utf-8") if isinstance(sent, bytes) else str(sent or "")


class Waits:
    """A sleep that only takes notes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def quick_retry(sleep: Callable[[float], None], attempts: int = 3) -> Retry:
    return Retry(stop=tenacity.stop_after_attempt(attempts), statuses=frozenset({500, 502, 503, 504}), sleep=sleep)


def make_books(
    *,
    base_url: str = BASE,
    realm_id: str = REALM,
    token: Callable[[], str] = lambda: "old-token",
    refresh: Callable[[str], str] | None = lambda stale: "new-token",
    before_call: Callable[[CallKind], None] = lambda kind: None,
) -> QuickBooksBooks:
    return QuickBooksBooks(
        realm_id=realm_id,
        base_url=base_url,
        access_token=token,
        refresh=refresh,
        before_call=before_call,
        retry=quick_retry(Waits()),
    )


def receipt(**changes: Any) -> SaleDocument:
    """A small sales receipt; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "kind": DocumentKind.SALES_RECEIPT,
        "key": "order:1234:sale",
        "number": "Wio1234",
        "document_date": date(2026, 1, 5),
        "currency": "GBP",
        "customer": Ref("58", "Ada Byron"),
        "lines": (
            DocumentLine(
                item=Ref("206", "Mug"),
                description="Mug",
                amount=Decimal("277.69"),
                quantity=Decimal(3),
                unit_price=Decimal("92.5633333"),
                tax_code=Ref("5"),
            ),
        ),
        "tax": None,
        "total": Decimal("333.23"),
        "private_note": "woo:t-7f3a:1234\nOrder 1234",
    }
    return SaleDocument(**{**fields, **changes})

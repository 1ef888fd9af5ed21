"""The error families: grouped by what the caller must do, not by where they arose.

SyncError
├── RetryableError          the same call later; may say when
│   └── AnswerLostError     a write may have happened: repeat it identically, never afresh
├── NeedsAttentionError     this record waits for a human, the run goes on
├── ConnectionLostError     the tenant pauses until somebody reconnects
└── FaultError              QuickBooks or the store refused this one request, definitely
"""

from __future__ import annotations

from typing import Literal

Side = Literal["store", "quickbooks"]


class SyncError(Exception):
    """A failure the engine knows how to answer.

    reason: key of a translated sentence for the merchant, with a button, e.g. "unmapped_tax_rate".
    detail: for us: request id, fault code, record. Never a token, never personal data.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class RetryableError(SyncError):
    """The same call may succeed later. `retry_after_seconds` is the answer's own advice, if it gave one."""

    def __init__(self, reason: str, detail: str = "", *, side: Side, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason, detail)
        self.side = side
        self.retry_after_seconds = retry_after_seconds


class AnswerLostError(RetryableError):
    """The request left and no usable answer came back: it may have been carried out."""


class NeedsAttentionError(SyncError):
    """This record waits for a human; the run goes on."""


class ConnectionLostError(SyncError):
    """Keys or tokens are refused: nothing on this side works until somebody reconnects."""

    def __init__(self, reason: str, detail: str = "", *, side: Side) -> None:
        super().__init__(reason, detail)
        self.side = side


class FaultError(SyncError):
    """One request was refused for good. `code` is QuickBooks' fault code or the store's error code."""

    def __init__(self, reason: str, detail: str = "", *, code: str, message: str = "", element: str = "") -> None:
        super().__init__(reason, detail)
        self.code = code
        self.message = message
        self.element = element

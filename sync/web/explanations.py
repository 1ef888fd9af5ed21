"""Why a document's tax or total is made the way it is, in words: nothing on a record is a mystery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sync.models import Posting, Record
from sync.templatetags.formats import as_decimal, long_date, money
from sync.web.reasons import fill


@dataclass(frozen=True, slots=True)
class Explanation:
    title: str
    text: str


def explain(record: Record) -> list[Explanation]:
    """One for each means that was needed; none where QuickBooks' own arithmetic agrees."""
    proof: dict[str, Any] = record.proof
    was_sent = bool(proof.get("answered"))
    words = {
        "store": money(proof.get("store_tax"), record.currency),
        "computed": money(proof.get("computed_tax"), record.currency),
        "rounding": money(proof.get("rounding"), record.currency),
        "moved": money(proof.get("moved_base"), record.currency),
    }
    found: list[Explanation] = []
    means = proof.get("means")
    if means == "stated" and proof.get("computed_tax") is not None:
        text = (
            _("QuickBooks would have computed %(computed)s; we sent the store’s %(store)s and it was accepted.")
            if was_sent
            else _("QuickBooks would compute %(computed)s; the store’s %(store)s will be sent instead.")
        )
        found.append(Explanation(_("Why “the store’s amount”?"), fill(text, words)))
    elif means == "stated" and was_sent:
        text = _("The store’s tax amounts were sent as they are, and QuickBooks accepted them.")
        found.append(Explanation(_("Why “the store’s amount”?"), text))
    if means == "cancelling":
        text = _(
            "QuickBooks would have computed a tax of %(computed)s. Two lines of %(moved)s that cancel out bring it to"
            " the store’s %(store)s; the total stays the same."
        )
        found.append(Explanation(_("Why two lines that cancel out?"), fill(text, words)))
    rounding = as_decimal(proof.get("rounding"))
    if rounding:
        found.append(
            Explanation(
                _("Why a rounding line?"), fill(_("A rounding line of %(rounding)s makes the total exact."), words)
            )
        )
    return found


def explain_fee(record: Record, fee: Posting) -> Explanation:
    """Where the gateway's fee went, and what the clearing account keeps of this sale."""
    body = fee.answer or fee.payload
    lines = body.get("Line") or [{}]
    expense = (lines[0].get("AccountBasedExpenseLineDetail") or {}).get("AccountRef") or {}
    words = {
        "fee": money(fee.total, record.currency),
        "clearing": str((body.get("AccountRef") or {}).get("name", "")),
        "expense": str(expense.get("name", "")),
        "day": long_date(str(body.get("TxnDate", ""))),
    }
    text = _(
        "%(fee)s, an expense of %(day)s from “%(clearing)s” to “%(expense)s”. The sale keeps its full amount and its"
        " tax; “%(clearing)s” keeps what the gateway pays out. A refund does not bring the fee back."
    )
    return Explanation(_("What the gateway kept"), fill(text, words))

"""Why a document's tax or total is made the way it is, in words: nothing on a record is a mystery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from sync.models import Record
from sync.templatetags.formats import as_decimal, money
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

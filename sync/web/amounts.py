"""The amounts of a record on both sides: the store's, and those that QuickBooks answered, else the planned ones."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from sync.models import Posting, Record
from sync.templatetags.formats import as_decimal


@dataclass(frozen=True, slots=True)
class RatePair:
    label: str
    store: Decimal | None
    document: Decimal | None


@dataclass(frozen=True, slots=True)
class Amounts:
    """None where it is not known: an order that was never planned has no document side."""

    store_total: Decimal | None
    store_tax: Decimal | None
    document_total: Decimal | None
    document_tax: Decimal | None
    rates: tuple[RatePair, ...]

    @property
    def store_net(self) -> Decimal | None:
        return _minus(self.store_total, self.store_tax)

    @property
    def document_net(self) -> Decimal | None:
        return _minus(self.document_total, self.document_tax)


def amounts_of(record: Record, posting: Posting | None) -> Amounts:
    """A tax that stands on a line of its own (a company without tax) has no rate id: it counts as planned.

    What the store does not tax has a rate in QuickBooks alone, of 0 %."""
    proof = record.proof
    listed = proof.get("rates") or []
    has_tax_line = any(not rate.get("rate_id") for rate in listed)
    answered = posting.rates if posting else {}
    planned_tax = as_decimal(proof.get("document_tax"))
    return Amounts(
        store_total=as_decimal(proof.get("store_total")) if "store_total" in proof else record.store_total,
        store_tax=as_decimal(proof.get("store_tax")) if "store_tax" in proof else record.store_tax,
        document_total=posting.total if posting else as_decimal(proof.get("document_total")),
        document_tax=posting.tax if posting and not has_tax_line else planned_tax,
        rates=tuple(
            RatePair(
                str(rate.get("label") or _("Untaxed")),
                as_decimal(rate.get("store")),
                as_decimal(answered.get(rate.get("rate_id")) or rate.get("document")),
            )
            for rate in listed
        ),
    )


def _minus(total: Decimal | None, tax: Decimal | None) -> Decimal | None:
    return None if total is None else total - (tax or Decimal(0))

"""Documents that are in the books already, in words: why one cannot be linked, and what it is beside its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from connector.accounting.books import FoundDocument
from sync.engine import keyed
from sync.engine.linking import Refusal, differences
from sync.models import Record
from sync.web.labels import ENTITIES, quickbooks_link
from sync.web.reason_texts import Text
from tenants.models import Tenant

REFUSED: Mapping[Refusal, Text] = {
    Refusal.ON_ITS_WAY: _("It is on its way to QuickBooks just now. Look again in a moment."),
    Refusal.HAS_DOCUMENT: _("It has its document in QuickBooks already."),
    Refusal.WRONG_KIND: _("A document of this kind cannot be the sale or the refund."),
    Refusal.TAKEN: _("This document belongs to another order already."),
    Refusal.CURRENCY: _("This document is in another currency."),
    Refusal.DIFFERS: _("Its amounts are not the store’s. Tick the box if it is the same sale all the same."),
    Refusal.NOT_LINKED: _("It is not linked to a document of somebody else."),
    Refusal.FOLLOWED: _("A payment or a refund of ours is set against this document. The link has to stay."),
}
WHY: Mapping[str, Text] = {
    "number": _("Same number, same total"),
    "note": _("Its number in the note, same total"),
    "number_tax": _("Same number and total, but another tax"),
    "number_far": _("Same number and total, but another customer and month"),
    "customer": _("Same total, customer and day"),
    "number_only": _("Same number and customer, but another total"),
    "several_documents": _("Several documents fit this order"),
    "several_orders": _("Several orders fit this document"),
    "several_refunds": _("Several refunds fit this document"),
}
GONE: Text = _("This document is no longer in QuickBooks.")
NOT_IN_STORE: Text = _("The store no longer has it.")
BUSY: Text = _("A sync is at work for this company just now. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A document of a search beside its record. why: why it cannot be linked, "" where it can."""

    kind: str
    qbo_id: str
    name: str
    number: str
    day: date | None
    customer: str
    total: Decimal | None
    agrees: bool
    why: str
    link: str


def found_row(tenant: Tenant, record: Record, found: FoundDocument, refused: Refusal | None) -> FoundRow:
    return FoundRow(
        kind=found.entity,
        qbo_id=found.qbo_id,
        name=str(ENTITIES.get(found.entity, found.entity)),
        number=found.number,
        day=found.document_date,
        customer=str((found.raw.get("CustomerRef") or {}).get("name") or ""),
        total=found.total,
        agrees="total" not in differences(tenant, record, found),
        why=str(REFUSED[refused]) if refused is not None else "",
        link=quickbooks_link(found.entity, found.qbo_id),
    )


def refusal_words(refusal: str) -> str:
    """Why a chosen pair was not linked after all."""
    if refusal in set(Refusal):
        return str(REFUSED[Refusal(refusal)])
    return str(NOT_IN_STORE if refusal == keyed.NOT_IN_STORE else GONE)

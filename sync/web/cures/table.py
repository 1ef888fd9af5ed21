"""Which cure belongs to which reason: the one place where a decision is plugged into cards."""

from __future__ import annotations

from collections.abc import Mapping

from sync.reports import Cause
from sync.web.cures import documents, inactive, linked, numbers, payments, products, refunds, settings, tax, too_long
from sync.web.cures.offer import Cure, Offer
from sync.web.workspace import Workspace

CURES: Mapping[str, Cure] = {
    "unmapped_tax_rate": Cure(tax.offer, tax.take),
    "unmapped_gateway": Cure(payments.offer, payments.take),
    "unmatched_product": Cure(products.offer, products.take),
    "ambiguous_sku": Cure(products.offer, products.take),
    inactive.ITEM: Cure(inactive.offer, inactive.take),
    "inactive_customer": Cure(inactive.offer, inactive.take),
    refunds.REASON: Cure(refunds.offer, refunds.take),
    "missing_setting": Cure(settings.offer, settings.take),
    too_long.REASON: Cure(too_long.offer, too_long.take),
    linked.REASON: Cure(linked.offer, linked.take),
    numbers.REASON: Cure(numbers.offer, numbers.take),
    "closed_period": Cure(settings.offer_open_day, settings.take_open_day),
    "edited_in_quickbooks": Cure(documents.offer_edited, documents.take_edited),
    "document_gone": Cure(documents.offer_gone, documents.take_gone),
    "currency_off": Cure(settings.offer_read_again),
}


def cure_of(reason: str) -> Cure | None:
    """By the reason without what follows its colon."""
    return CURES.get(reason.partition(":")[0])


def offer_for(workspace: Workspace, cause: Cause) -> Offer | None:
    """What the card of this cause asks; nothing of whoever may only look."""
    cure = cure_of(cause.reason) if workspace.may_act else None
    return cure.offer(workspace, cause) if cure is not None else None

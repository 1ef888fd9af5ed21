"""What a comparison found, in words: for pages, files and whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sync.models import ReconciliationLine

Text = str | Promise
Finding = ReconciliationLine.Finding


@dataclass(frozen=True, slots=True)
class Found:
    """title: of a row. cure: what to do, one sentence."""

    title: Text
    cure: Text


FINDINGS: Mapping[str, Found] = {
    Finding.NOT_SENT: Found(
        _("Not in QuickBooks"), _("Its state says why; it counts as explained while it is on its way or waits.")
    ),
    Finding.DELETED: Found(
        _("Deleted in QuickBooks"), _("Open the record and decide whether it is sent again or stays away.")
    ),
    Finding.VOIDED: Found(
        _("Voided in QuickBooks"), _("Open the record and decide whether it is sent again or stays voided.")
    ),
    Finding.AMOUNT: Found(
        _("Other amount in QuickBooks"), _("Open the record: keep QuickBooks’ amount, or correct the document there.")
    ),
    Finding.REDATED: Found(
        _("Other date in QuickBooks"), _("It counts on its new date. Set the date back there unless that was meant.")
    ),
    Finding.OTHER_ACCOUNT: Found(
        _("Other account in QuickBooks"), _("Choose the clearing account again there unless that was meant.")
    ),
    Finding.EDITED: Found(
        _("Edited in QuickBooks"), _("The amounts agree. Nothing has to be done unless the change was a mistake.")
    ),
    Finding.STORE_CHANGED: Found(
        _("Changed in the store since"), _("Open the record: the store says something else than when it was sent.")
    ),
    Finding.COPY: Found(_("A copy of a document"), _("The sale counts twice. Delete the copy in QuickBooks.")),
    Finding.WITHOUT_ORDER: Found(
        _("A document without an order"),
        _("It bears our mark, but nothing of ours stands behind it. Look at it in QuickBooks."),
    ),
}

CHANGES: Mapping[str, Text] = {
    "total": _("total"),
    "tax": _("tax"),
    "date": _("date"),
    "number": _("number"),
    "customer": _("customer"),
    "account": _("account"),
    "lines": _("lines"),
}

ENTITIES: Mapping[str, Text] = {
    "Invoice": _("Invoice"),
    "SalesReceipt": _("Sales receipt"),
    "CreditMemo": _("Credit memo"),
    "RefundReceipt": _("Refund receipt"),
    "Payment": _("Payment"),
    "Purchase": _("Expense"),
}

"""Personal data go when they are no longer needed: payloads of ended orders and refunds, and what was copied from them.

Amounts, numbers, proofs, fingerprints, markers and QuickBooks' ids stay: they are what "never twice", the proof, undo
and reconciliation are made of. What still waits or needs a person keeps its payload; what is planned again is read
anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from sync.models import Cursor, KeyedDocument, OptionsVersion, Posting, Record, RecordEvent
from sync.models.scoping import TenantQuerySet
from sync.schema import RETENTION_DAYS
from tenants.models import Tenant

AT_ONCE = 200
ENDED = (Record.State.SYNCED, Record.State.SKIPPED)
SOURCES = (Record.Source.ORDER, Record.Source.REFUND)
"""A product's payload names nobody."""
PERSONAL = frozenset({
    "BillAddr", "ShipAddr", "BillEmail", "BillEmailCc", "BillEmailBcc", "CustomerMemo", "DeliveryInfo", "RemitToAddr",
    "PrimaryEmailAddr", "PrimaryPhone", "AlternatePhone", "Mobile", "Fax", "WebAddr", "OtherAddr", "OtherContactInfo",
    "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "CompanyName", "DisplayName", "FullyQualifiedName",
    "PrintOnCheckName", "PrimaryTaxIdentifier", "SecondaryTaxIdentifier", "Notes", "CreditCardPayment",
})  # fmt: skip
"""Properties of QuickBooks' documents and customers that speak of a person (QBO reference, 5.1 and 5.4)."""
_OF_EVENTS: Mapping[str, tuple[str, ...]] = {
    "customer_found": ("name",),
    "customer_created": ("name",),
    "held": ("name", "message"),
    "refused": ("message",),
}
"""Kind of an event -> what of its details may name a person."""


def days_kept(tenant: Tenant) -> int:
    """The merchant's choice; RETENTION_DAYS while nobody has chosen."""
    newest = OptionsVersion.objects.for_tenant(tenant).order_by("-number").only("document").first()
    return int((newest.document if newest else {}).get("retention_days", RETENTION_DAYS))


def forget_old(tenant: Tenant, now: datetime) -> int:
    """Removes the payloads of records that ended long enough ago; returns how many. Safe to repeat and to stop."""
    before = now - timedelta(days=days_kept(tenant))
    removed = 0
    while records := list(_old(tenant, before).values_list("pk", "source")[:AT_ONCE]):
        with transaction.atomic():
            for pk, source in records:
                removed += _forget(pk, source, before, now)
    _forget_customers(tenant, before)
    _forget_keyed(tenant, before)
    return removed


def _forget_keyed(tenant: Tenant, before: datetime) -> None:
    """What an old search found in the books, with the names of buyers; whoever needs it looks again."""
    if Cursor.objects.for_tenant(tenant).filter(stream=KeyedDocument.STREAM, position__lt=before).exists():
        found = KeyedDocument.objects.for_tenant(tenant)
        found.exclude(state=KeyedDocument.State.CHOSEN).delete()


def _old(tenant: Tenant, before: datetime) -> TenantQuerySet[Record]:
    """Not while a refund of the order is still to be dealt with: it is planned against the order's lines."""
    open_refund = Record.objects.filter(parent=OuterRef("pk")).exclude(state__in=ENDED)
    rows = Record.objects.for_tenant(tenant).filter(source__in=SOURCES, state__in=ENDED, state_since__lt=before)
    return rows.filter(raw_removed_at=None).exclude(Exists(open_refund)).order_by("state_since")


def _forget(pk: int, source: str, before: datetime, now: datetime) -> int:
    """Conditional: a record that a run took up meanwhile keeps what it needs. A refund's hash goes with its lines, so
    that they are read again when another refund of the order is planned (`read_refunds`)."""
    hash_too = {"raw_hash": "", "planned_hash": ""} if source == Record.Source.REFUND else {}
    changed = Record.objects.filter(pk=pk, state__in=ENDED, state_since__lt=before).update(
        raw={}, buyer="", raw_removed_at=now, **hash_too
    )
    if not changed:
        return 0
    for posting in Posting.objects.filter(record=pk).only("payload", "answer", "fault_detail"):
        posting.payload, posting.answer = _bare(posting.payload), _bare(posting.answer)
        posting.answer.pop("Id", None)  # an answer without it is no longer whole: a person's edits are not read from it
        posting.answer.pop("Id", None)  # an answer without it is no longer whole: a person's edits are not read from it
        posting.fault_detail = ""
        posting.save(update_fields=["payload", "answer", "fault_detail"])
    for event in RecordEvent.objects.filter(record=pk, kind__in=_OF_EVENTS):
        kept = {name: value for name, value in event.details.items() if name not in _OF_EVENTS[event.kind]}
        if kept != event.details:
            event.details = kept
            event.save(update_fields=["details"])
    return changed


def _forget_customers(tenant: Tenant, before: datetime) -> None:
    """Customers that we made: they stand in QuickBooks and are linked; what was sent is not needed again."""
    answered = Posting.objects.for_tenant(tenant).filter(entity="Customer", answered_at__lt=before)
    named = answered.exclude(state=Posting.State.PLANNED).exclude(payload={})
    while found := list(named.only("qbo_id")[:AT_ONCE]):
        for posting in found:
            answer = {"Id": posting.qbo_id} if posting.qbo_id else {}
            Posting.objects.filter(pk=posting.pk).update(payload={}, answer=answer, fault_detail="")


def _bare(body: Any) -> Any:
    """A document without what speaks of a person; references keep their id, the note its marker."""
    if isinstance(body, list):
        return [_bare(one) for one in body]
    if not isinstance(body, Mapping):
        return body
    found = {name: _bare(value) for name, value in body.items() if name not in PERSONAL}
    if isinstance(found.get("CustomerRef"), Mapping):
        found["CustomerRef"] = {"value": found["CustomerRef"].get("value", "")}
    if isinstance(found.get("PrivateNote"), str):
        found["PrivateNote"] = found["PrivateNote"].split("\n", 1)[0]
    return found

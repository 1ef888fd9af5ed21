"""What an undo would delete, as far as our own rows tell: QuickBooks itself is asked before anything goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from sync.engine.undo import Ours, documents_of_all
from sync.models import Posting, Record, Request, Run
from sync.reports import CREDITS, SALES
from sync.templatetags.formats import money
from sync.web.labels import ENTITIES, HEADING, named
from sync.web.reason_texts import Text
from tenants.models import Tenant

SHOWN = 50

_STAYS: dict[str, Text] = {
    "closed": _("its date lies in a closed period"),
    "edited_in_quickbooks": _("it was changed by hand in QuickBooks"),
    "pending": _("something else is being done to it"),
}


@dataclass(frozen=True, slots=True)
class Going:
    """One document that goes. `name` is its kind, `total` in words."""

    record: Record
    heading: str
    name: str
    number: str
    day: date
    total: str


@dataclass(slots=True)
class Undoing:
    """records are those that are asked for; `staying` are left, each with its reason."""

    records: list[Record] = field(default_factory=list)
    going: list[Going] = field(default_factory=list)
    staying: list[tuple[Record, str, Text]] = field(default_factory=list)
    sums: dict[tuple[str, str], tuple[int, Decimal]] = field(default_factory=dict)

    @property
    def shown(self) -> Sequence[Going]:
        return self.going[:SHOWN]

    @property
    def hidden(self) -> int:
        return max(len(self.going) - SHOWN, 0)

    @property
    def has_sums(self) -> bool:
        """One document of each kind is its own sum."""
        return len(self.going) > len(self.sums)

    @property
    def totals(self) -> list[tuple[Text, int, str]]:
        """(kind of document, how many, their total) for each currency."""
        return [
            (ENTITIES[entity], count, money(total, currency))
            for (entity, currency), (count, total) in self.sums.items()
        ]


def undoing_of(tenant: Tenant, records: Sequence[Record]) -> Undoing:
    found = Undoing()
    busy = set(Request.objects.for_tenant(tenant).filter(state=Request.State.OPEN).values_list("record_id", flat=True))
    of_all = documents_of_all(records)
    for record in records:
        documents = of_all[record.pk]
        why = _why_it_stays(tenant, record, documents, busy)
        heading = named(record, HEADING)
        if why:
            found.staying.append((record, heading, _STAYS[why]))
            continue
        if documents:
            found.records.append(record)
        for ours in documents:
            _add(found, record, heading, ours)
    return found


def _add(found: Undoing, record: Record, heading: str, ours: Ours) -> None:
    entity, total = ours.create.entity, ours.last.total or Decimal(0)
    name = str(ENTITIES[entity]) if total or entity != "Payment" else str(_("Credit applied"))
    number = ours.last.doc_number or ours.create.doc_number
    found.going.append(Going(record, heading, name, number, ours.day, money(total, record.currency)))
    count, total_so_far = found.sums.get((entity, record.currency), (0, Decimal(0)))
    found.sums[entity, record.currency] = (count + 1, total_so_far + total)


def _why_it_stays(tenant: Tenant, record: Record, documents: Sequence[Ours], busy: set[int]) -> str:
    if record.pk in busy or record.state in Record.IN_FLIGHT:
        return "pending"
    if record.reason == "edited_in_quickbooks":
        return "edited_in_quickbooks"
    closed = str(((tenant.company.facts if tenant.company else None) or {}).get("closed_until") or "")
    if closed and any(ours.day.isoformat() <= closed for ours in documents):
        return "closed"
    return ""


def records_of_run(run: Run) -> list[Record]:
    """Whose sale or refund this run sent; what it added to older sales, and edits, stay with those."""
    sent = Posting.objects.filter(run=run, operation="create", state=Posting.State.POSTED, record__isnull=False)
    orders = sent.filter(entity__in=SALES).values("record")
    refunds = sent.filter(entity__in=CREDITS, record__source=Record.Source.REFUND).exclude(record__parent__in=orders)
    records = Record.objects.for_tenant(run.tenant_id).select_related("parent").defer("raw", "proof", "parent__raw")
    return [*records.filter(pk__in=orders).order_by("woo_id"), *records.filter(pk__in=refunds.values("record"))]


def stays_with_older(run: Run) -> int:
    """Payments and credits that this run added to sales of earlier runs: they stay."""
    sent = Posting.objects.filter(run=run, operation="create", state=Posting.State.POSTED, record__isnull=False)
    own = sent.filter(entity__in=SALES).values("record")
    return sent.filter(record__source=Record.Source.ORDER).exclude(record__in=own).count()


def sent_something(run: Run) -> bool:
    """Whether a document that this run created still stands, as far as we know."""
    sent = Posting.objects.filter(run=run, operation="create", state=Posting.State.POSTED, record__isnull=False)
    return sent.filter(entity__in=[*SALES, *CREDITS]).exists()

"""Which records a person selected in a list, what they come to, and what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from sync.decisions import Outcome, Result
from sync.models import Record
from sync.models.scoping import TenantQuerySet
from sync.templatetags.formats import count, money
from sync.web.forms import RecordFilter
from sync.web.labels import record_label
from sync.web.reason_texts import Text
from tenants.models import Tenant

SHOWN = 200
"""So many records are listed one by one; the rest is counted."""


@dataclass
class Selection:
    """`is_all`: every record of the filtered list, on whatever page; else the ticked ones."""

    tenant: Tenant
    wanted: RecordFilter
    ids: Sequence[int] = ()
    is_all: bool = False

    @classmethod
    def read(cls, data: Any, tenant: Tenant) -> Selection:
        """From the list's form; what is no number selects nothing."""
        ids = [int(one) for one in data.getlist("id") if one.isascii() and one.isdigit() and len(one) < 19]
        return cls(tenant, RecordFilter.read(data), ids, data.get("all") == "1")

    @property
    def list_url(self) -> str:
        query = self.wanted.query
        return reverse("records", args=[self.tenant.slug]) + (f"?{query}" if query else "")

    @cached_property
    def records(self) -> TenantQuerySet[Record]:
        every = Record.objects.for_tenant(self.tenant)
        chosen = self.wanted.apply(every, self.tenant) if self.is_all else every.filter(pk__in=self.ids)
        return self.wanted.sort(chosen)

    @cached_property
    def _sums(self) -> list[tuple[str, int, Decimal]]:
        rows = self.records.order_by().values("currency").annotate(records=Count("pk"), total=Sum("store_total"))
        return sorted(
            ((row["currency"], row["records"], row["total"] or Decimal(0)) for row in rows),
            key=lambda row: (-row[1], row[0]),
        )

    @property
    def count(self) -> int:
        return sum(records for _currency, records, _total in self._sums)

    @cached_property
    def found(self) -> int:
        """How many records the filtered list has."""
        return self.wanted.apply(Record.objects.for_tenant(self.tenant), self.tenant).count()

    @property
    def sum(self) -> str:
        """What they come to in the store, currency by currency."""
        return " · ".join(money(total, currency) for currency, _records, total in self._sums)

    @property
    def summary(self) -> str:
        text = ngettext("%(count)s selected", "%(count)s selected", self.count)
        return f"{text % {'count': count(self.count)}} · {self.sum}"

    @property
    def retry(self) -> str:
        return ngettext("Retry %(count)s", "Retry %(count)s", self.count) % {"count": count(self.count)}

    @property
    def skip(self) -> str:
        return ngettext("Skip %(count)s…", "Skip %(count)s…", self.count) % {"count": count(self.count)}


DONE: dict[str, Text] = {
    "retry": _("Looked at again now."),
    "skip": _("Set aside with your reason."),
}
LEFT: dict[tuple[str, Outcome], Text] = {
    ("retry", Outcome.IN_FLIGHT): _("Already on its way."),
    ("retry", Outcome.SYNCED): _("Already synced: there is nothing to retry."),
    ("retry", Outcome.UNDECIDED): _(
        "Its document was touched in QuickBooks: open it and decide which version is right."
    ),
    ("retry", Outcome.CHANGED): _("It has moved on in the meantime. Look at it again."),
    ("skip", Outcome.IN_FLIGHT): _("On its way to QuickBooks: it can be skipped once it stops there."),
    ("skip", Outcome.SYNCED): _("Already synced: to take it out of QuickBooks, open it and undo it."),
    ("skip", Outcome.SKIPPED): _("Already skipped."),
    ("skip", Outcome.CHANGED): _("It has moved on in the meantime. Look at it again."),
}
"""Why a record was left as it is, with the next step."""


@dataclass(frozen=True, slots=True)
class Line:
    record: Record
    label: str
    is_done: bool
    sentence: str


@dataclass(slots=True)
class Told:
    """`lines` show what was left first: that is where somebody still has to look."""

    title: str
    done: list[Result] = field(default_factory=list)
    left: list[Result] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return len(self.done) + len(self.left) - len(self.lines)


def tell_results(wish: str, results: Sequence[Result]) -> Told:
    by_outcome: dict[bool, list[Result]] = defaultdict(list)
    for result in results:
        by_outcome[result.outcome is Outcome.DONE].append(result)
    told = Told(_title(wish, len(by_outcome[True]), len(by_outcome[False])), by_outcome[True], by_outcome[False])
    told.lines = [_line(wish, result) for result in [*told.left, *told.done][:SHOWN]]
    return told


def _title(wish: str, done: int, left: int) -> str:
    if wish == "retry":
        text = ngettext("%(count)s record is looked at again.", "%(count)s records are looked at again.", done)
    else:
        text = ngettext("%(count)s record skipped.", "%(count)s records skipped.", done)
    title = text % {"count": count(done)} if done else gettext("Nothing was done.")
    if not left:
        return title
    kept = ngettext("%(count)s was left as it is.", "%(count)s were left as they are.", left) % {"count": count(left)}
    return f"{title} {kept}"


def _line(wish: str, result: Result) -> Line:
    is_done = result.outcome is Outcome.DONE
    sentence = DONE[wish] if is_done else LEFT[wish, result.outcome]
    record = result.record
    return Line(record, record_label(record), is_done, str(sentence))

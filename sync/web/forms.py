"""What pages of records take from their address and their forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from sync.models import Posting, Record
from sync.models.scoping import TenantQuerySet
from sync.reports import with_subject
from tenants.models import Tenant

_IS_PRODUCT = Q(source=Record.Source.PRODUCT)


class SkipForm(forms.Form):
    """`label` asks why, in the words that fit an order, a refund or a product."""

    why = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept in the history, for example: entered by hand on 3 March."),
        error_messages={"required": _("Say why in a few words: a colleague will want to know.")},
    )

    def __init__(self, data: Any = None, *, label: str) -> None:
        super().__init__(data)
        self.fields["why"].label = label


class RecordFilterForm(forms.Form):
    """Every field is optional and part of the address; what makes no sense is left out, never an error."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("State: any")), *Record.State.choices])
    source = forms.ChoiceField(label=_("Type"), required=False, choices=[("", _("Type: all")), *Record.Source.choices])
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    subject = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class RecordFilter:
    q: str = ""
    state: str = ""
    source: str = ""
    since: date | None = None
    until: date | None = None
    reason: str = ""
    subject: str = ""

    @classmethod
    def read(cls, query: Any) -> RecordFilter:
        form = RecordFilterForm(query)
        form.is_valid()
        clean = form.cleaned_data
        return cls(
            q=clean.get("q", "").strip(),
            state=clean.get("state", ""),
            source=clean.get("source", ""),
            since=clean.get("since"),
            until=clean.get("until"),
            reason=clean.get("reason", ""),
            subject=clean.get("subject", ""),
        )

    def apply(self, records: TenantQuerySet[Record], tenant: Tenant) -> TenantQuerySet[Record]:
        """Days are the tenant's own."""
        if self.state:
            records = records.filter(state=self.state)
        if self.source:
            records = records.filter(source=self.source)
        if self.reason:
            records = records.filter(reason=self.reason)
            if self.subject:
                records = with_subject(records).filter(subject=self.subject)
        if self.since:
            start = datetime.combine(self.since, time.min, tzinfo=tenant.zone)
            records = records.filter(Q(ordered_at__gte=start) | Q(_IS_PRODUCT, state_since__gte=start))
        if self.until:
            end = datetime.combine(self.until + timedelta(days=1), time.min, tzinfo=tenant.zone)
            records = records.filter(Q(ordered_at__lt=end) | Q(_IS_PRODUCT, state_since__lt=end))
        return _search(records, self.q) if self.q else records

    def sort(self, records: TenantQuerySet[Record]) -> TenantQuerySet[Record]:
        """Newest first. A product has no day of its own: it stands where its state last changed, after all orders."""
        if self.source == Record.Source.PRODUCT:
            return records.order_by("-state_since", "-pk")
        return records.order_by(F("ordered_at").desc(nulls_last=True), "-pk")

    def items(self) -> dict[str, str]:
        """Only what is set, as it stands in the address."""
        found = {
            "q": self.q,
            "state": self.state,
            "source": self.source,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "reason": self.reason,
            "subject": self.subject,
        }
        return {key: value for key, value in found.items() if value}

    def without(self, *names: str) -> str:
        return urlencode({key: value for key, value in self.items().items() if key not in names})

    @property
    def query(self) -> str:
        return urlencode(self.items())


def _search(records: TenantQuerySet[Record], text: str) -> TenantQuerySet[Record]:
    """By order number or SKU, buyer or product, document number, item, or the store's id."""
    bare = text.removeprefix("#").removeprefix("n°").strip()
    with_number = Posting.objects.filter(record=OuterRef("pk"), doc_number__icontains=bare)
    wanted = Q(number__icontains=bare) | Q(buyer__icontains=text) | Q(Exists(with_number))
    wanted |= Q(_IS_PRODUCT, details__item__icontains=text)
    return records.filter(wanted | Q(woo_id=int(bare)) if bare.isdigit() else wanted)

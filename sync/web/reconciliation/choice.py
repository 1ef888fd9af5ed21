"""Which days, how grouped, in which currency: all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.models import Reconciliation
from sync.reconciliation.periods import DAY, LONGEST, MONTH, NAMED, WEEK, Period, named
from sync.templatetags.formats import long_date, month_and_year
from sync.web.reason_texts import Text
from sync.web.reasons import fill
from tenants.models import Tenant

PERIODS: dict[str, Text] = {
    "this_month": gettext_lazy("This month"),
    "last_month": gettext_lazy("Last month"),
    "this_quarter": gettext_lazy("This quarter"),
    "last_quarter": gettext_lazy("Last quarter"),
    "this_year": gettext_lazy("This year"),
    "last_year": gettext_lazy("Last year"),
}
GROUPS: dict[str, Text] = {
    DAY: gettext_lazy("by day"),
    WEEK: gettext_lazy("by week"),
    MONTH: gettext_lazy("by month"),
}


class PeriodForm(forms.Form):
    """Every field is optional; what makes no sense is left out, and the page says which days it shows."""

    since = forms.DateField(label=gettext_lazy("From"), required=False)
    until = forms.DateField(label=gettext_lazy("To"), required=False)
    period = forms.ChoiceField(required=False, choices=[(name, name) for name in NAMED])
    by = forms.ChoiceField(required=False, choices=[(name, name) for name in GROUPS])
    currency = forms.CharField(required=False, max_length=3)


@dataclass(frozen=True, slots=True)
class Choice:
    """`by` is one of the groupings that fit the period."""

    period: Period
    by: str
    currency: str = ""

    @classmethod
    def read(cls, query: QueryDict, tenant: Tenant) -> Choice:
        """Two days win over a name; without either, what was compared last, else this month."""
        form = PeriodForm(query)
        form.is_valid()
        clean: dict[str, Any] = form.cleaned_data
        today = timezone.localdate(timezone=tenant.zone)
        since, until = clean.get("since"), clean.get("until")
        if since and until and since <= until and (until - since).days < LONGEST:
            period = Period(since, until)
        elif clean.get("period"):
            period = named(clean["period"], today)
        else:
            last = Reconciliation.objects.for_tenant(tenant).only("first", "last").first()
            period = Period(last.first, last.last) if last is not None else named("this_month", today)
        groupings = period.groupings()
        by = clean.get("by") or groupings[0]
        return cls(period, by if by in groupings else groupings[0], (clean.get("currency") or "").upper())

    def query(self, **other: Any) -> str:
        """The address of this choice, with something else in it."""
        period = other.pop("period", self.period)
        parts = {"since": period.first, "until": period.last, "by": self.by, "currency": self.currency, **other}
        return urlencode({name: value for name, value in parts.items() if value})

    def name_of(self, today: date) -> str:
        """The name under which the period stands in the list, "" for days of one's own."""
        return next((name for name in NAMED if named(name, today) == self.period), "")


def period_title(period: Period) -> str:
    """October 2026; 5 October 2026; 1 October 2026 to 5 October 2026."""
    if period.is_month:
        return month_and_year(period.first)
    if period.days == 1:
        return long_date(period.first)
    return fill(_("%(start)s to %(end)s"), {"start": long_date(period.first), "end": long_date(period.last)})

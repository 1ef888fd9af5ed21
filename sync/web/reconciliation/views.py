"""Does the period add up, what lies behind each figure, and what was done by hand since?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import IO, Any, Literal, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import F, Q
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from connector.errors import SyncError
from sync.engine.requests import ask
from sync.models import Reconciliation, ReconciliationLine, Request
from sync.models.scoping import TenantQuerySet
from sync.reconciliation import export, files, reading
from sync.reconciliation.asking import viewers_wait_until
from sync.tasks import start_asked, start_comparison
from sync.templatetags.formats import clock, count, current_locale
from sync.web.reconciliation import page
from sync.web.reconciliation.choice import GROUPS, PERIODS, Choice, period_title
from sync.web.troubles import find_trouble
from sync.web.workspace import Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Connection, Role, Tenant

LINES_A_PAGE = 50
HANDED_OVER_AT_ONCE = 200
FINDINGS_A_PAGE = 10
IN_MEMORY = 1 << 20
POLL_SECONDS = 2
Finding = ReconciliationLine.Finding


@require_safe
@in_workspace()
def reconciliation(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """From the newest snapshot that holds the days: opening the page calls nobody."""
    tenant = workspace.tenant
    choice = Choice.read(request.GET, tenant)
    active = _active(workspace, choice)
    context: dict[str, Any] = {
        "active": active,
        "choice": choice,
        "poll_seconds": POLL_SECONDS,
        "query": choice.query(),
    }
    if request.headers.get("HX-Target") == "reading":
        answer = show(request, workspace, "sync/reconciliation/page.html#reading", "reconciliation", context)
        if active is None:
            answer.headers["HX-Refresh"] = "true"
        return answer
    snapshot = reading.newest(tenant, choice.period)
    wait_until = _wait_until(workspace, choice) if active is None else None
    today = timezone.localdate(timezone=tenant.zone)
    context |= {
        "snapshot": snapshot,
        "failed": _failure(workspace, choice, snapshot),
        "title": _("This period has not been compared yet."),
        "period_name": period_title(choice.period),
        "periods": PERIODS.items(),
        "named": choice.name_of(today),
        "groups": [(name, GROUPS[name]) for name in choice.period.groupings()],
        "before": choice.query(period=choice.period.before()),
        "after": choice.query(period=choice.period.after()) if choice.period.last < today else "",
        "may_compare": _is_connected(workspace) and wait_until is None,
        "wait": _wait_sentence(wait_until) if wait_until is not None else "",
    }
    if snapshot is not None:
        context |= page.about(snapshot, choice, tenant)
        context |= _found(request, workspace, snapshot, choice)
        context["read_at"] = page.read_at(snapshot)
        context["has_comma"] = current_locale().number_symbols["latn"]["decimal"] == ","
    return show(request, workspace, "sync/reconciliation/page.html", "reconciliation", context)


@require_POST
@in_workspace()
def compare(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Has the days read from QuickBooks; the page follows how far that is. It changes nothing, so viewers may too."""
    tenant = workspace.tenant
    choice = Choice.read(request.POST, tenant)
    try:
        with transaction.atomic():
            Tenant.objects.select_for_update().get(pk=tenant.pk)
            wait_until = _wait_until(workspace, choice)
            if wait_until is not None:
                messages.info(request, _wait_sentence(wait_until))
            elif _active(workspace, choice) is None:
                start_comparison(tenant, choice.period, user=workspace.person)
                days = f"{choice.period.first.isoformat()} – {choice.period.last.isoformat()}"
                log_change(tenant, "books.compared", {"period": [None, days]}, user=workspace.person)
    except SyncError as error:
        trouble = find_trouble(error.reason)
        messages.error(request, f"{trouble.text} {trouble.cure}".strip())
    return redirect(f"{reverse('reconciliation', args=[tenant.slug])}?{choice.query()}")


def _wait_until(workspace: Workspace, choice: Choice) -> datetime | None:
    return None if workspace.may_act else viewers_wait_until(workspace.tenant, choice.period, timezone.now())


def _wait_sentence(wait_until: datetime) -> str:
    words = {"time": clock(wait_until + timedelta(seconds=59))}
    return _("A comparison was asked for a moment ago. You can ask for another one at %(time)s.") % words


@require_POST
@in_workspace(Role.ADMIN)
def hand_over(request: HttpRequest, workspace: Workspace, reconciliation_id: int) -> HttpResponse:
    """Has the records behind the findings read and compared again: what was changed by hand then needs a decision."""
    tenant, snapshot = workspace.tenant, _get(workspace, reconciliation_id)
    asked: list[Request] = []
    if tenant.is_connected:
        with transaction.atomic():
            records = list(export.records_to_decide(snapshot, tenant)[:HANDED_OVER_AT_ONCE])
            asked = ask(records, Request.Kind.RESYNC, user=workspace.person)
            if asked:
                told = [f"{one.record.source} {one.record.number or one.record.woo_id}" for one in asked]
                log_change(tenant, "records.resync", {"records": [[], told]}, user=workspace.person)
                start_asked(tenant, user=workspace.person)
    text = ngettext(
        "%(count)s record is being read and compared again. What was changed by hand will need your decision.",
        "%(count)s records are being read and compared again. What was changed by hand will need your decision.",
        len(asked),
    )
    messages.success(request, text % {"count": count(len(asked))})
    days = urlencode({"since": snapshot.first, "until": snapshot.last})
    return redirect(f"{reverse('reconciliation', args=[tenant.slug])}?{days}")


@require_safe
@in_workspace()
def documents(request: HttpRequest, workspace: Workspace, reconciliation_id: int) -> HttpResponse:
    """The orders behind a figure, each beside its document."""
    snapshot = _get(workspace, reconciliation_id)
    wanted = LineFilter.read(request.GET, snapshot)
    lines = wanted.apply(_lines(workspace, snapshot)).order_by("store_day", "books_day", "pk")
    shown = Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page"))
    back = {"since": snapshot.first, "until": snapshot.last, "currency": wanted.currency}
    context = {
        "snapshot": snapshot,
        "wanted": wanted,
        "page": shown,
        "rows": page.rows_of(shown.object_list),
        "kinds": [("", _("Every kind")), *ReconciliationLine.Kind.choices],
        "onlys": ONLY.items(),
        "query": wanted.query(),
        "read_at": page.read_at(snapshot),
        "back": f"{reverse('reconciliation', args=[workspace.tenant.slug])}?{urlencode(back)}",
    }
    return show(request, workspace, "sync/reconciliation/documents.html", "reconciliation", context)


@require_safe
@in_workspace()
def as_csv(request: HttpRequest, workspace: Workspace, reconciliation_id: int) -> HttpResponse:
    """With the decimal sign that the accountant's spreadsheet expects."""
    snapshot = _get(workspace, reconciliation_id)
    decimal: Literal["comma", "point"] = "comma" if request.GET.get("decimal") == "comma" else "point"
    return _file(
        workspace,
        snapshot,
        "csv",
        "text/csv; charset=utf-8",
        lambda to: files.write_csv(snapshot, workspace.tenant, to, decimal=decimal, tell=page.in_words),
    )


@require_safe
@in_workspace()
def as_xlsx(request: HttpRequest, workspace: Workspace, reconciliation_id: int) -> HttpResponse:
    snapshot = _get(workspace, reconciliation_id)
    return _file(
        workspace,
        snapshot,
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda to: files.write_xlsx(snapshot, workspace.tenant, to, tell=page.in_words),
    )


ONLY = {
    "": gettext_lazy("All of them"),
    "differs": gettext_lazy("Only what differs"),
    "open": gettext_lazy("Only what is not sent"),
    "found": gettext_lazy("Only what was found"),
}


class LineFilterForm(forms.Form):
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    kind = forms.ChoiceField(required=False, choices=ReconciliationLine.Kind.choices)
    only = forms.ChoiceField(required=False, choices=[(name, name) for name in ONLY if name])
    currency = forms.CharField(required=False, max_length=3)


@dataclass(frozen=True, slots=True)
class LineFilter:
    """What makes no sense in the address is left out."""

    since: date
    until: date
    kind: str = ""
    only: str = ""
    currency: str = ""

    @classmethod
    def read(cls, query: Any, snapshot: Reconciliation) -> LineFilter:
        form = LineFilterForm(query)
        form.is_valid()
        clean = form.cleaned_data
        return cls(
            clean.get("since") or snapshot.first,
            clean.get("until") or snapshot.last,
            clean.get("kind") or "",
            clean.get("only") or "",
            (clean.get("currency") or "").upper(),
        )

    def apply(self, lines: TenantQuerySet[ReconciliationLine]) -> TenantQuerySet[ReconciliationLine]:
        """A line belongs to the day of either side. Sales receipts are payments as well."""
        days = (self.since, self.until)
        lines = lines.filter(Q(store_day__range=days) | Q(books_day__range=days))
        if self.currency:
            lines = lines.filter(currency=self.currency)
        if self.kind == ReconciliationLine.Kind.PAYMENT:
            lines = lines.filter(Q(kind=self.kind) | Q(entity="SalesReceipt"))
        elif self.kind:
            lines = lines.filter(kind=self.kind)
        if self.only == "open":
            return lines.filter(finding=Finding.NOT_SENT)
        if self.only == "found":
            return lines.exclude(finding__in=["", Finding.NOT_SENT])
        if self.only == "differs":
            return lines.exclude(store_total=F("books_total"), store_day=F("books_day"))
        return lines

    def query(self) -> str:
        parts = {
            "since": self.since, "until": self.until, "kind": self.kind, "only": self.only, "currency": self.currency,
        }  # fmt: skip
        return urlencode({name: value for name, value in parts.items() if value})


def _found(request: HttpRequest, workspace: Workspace, snapshot: Reconciliation, choice: Choice) -> dict[str, Any]:
    """What was done by hand, page by page, and the first of what is not sent, in all currencies."""
    lines = LineFilter(choice.period.first, choice.period.last).apply(_lines(workspace, snapshot))
    findings = Paginator(lines.exclude(finding__in=["", Finding.NOT_SENT]), FINDINGS_A_PAGE)
    shown = findings.get_page(request.GET.get("page"))
    unsent = lines.filter(finding=Finding.NOT_SENT)
    return {
        "page": shown,
        "to_decide": export.records_to_decide(snapshot, workspace.tenant).count() if shown.paginator.count else 0,
        "findings": page.rows_of(shown.object_list),
        "unsent": page.rows_of(unsent[:FINDINGS_A_PAGE]),
        "unsent_number": unsent.count(),
    }


def _lines(workspace: Workspace, snapshot: Reconciliation) -> TenantQuerySet[ReconciliationLine]:
    lines = export.lines_of(snapshot, workspace.tenant).select_related("record")
    return lines.defer("record__raw", "record__proof", "record__details", "record__notices")


def _active(workspace: Workspace, choice: Choice) -> Reconciliation | None:
    active = Reconciliation.objects.for_tenant(workspace.tenant).filter(state__in=Reconciliation.ACTIVE)
    return active.filter(first=choice.period.first, last=choice.period.last).first()


def _failure(workspace: Workspace, choice: Choice, snapshot: Reconciliation | None) -> Any:
    """Why the newest reading of these days failed; None once a later one went through."""
    failed = Reconciliation.objects.for_tenant(workspace.tenant).filter(
        first=choice.period.first, last=choice.period.last, state=Reconciliation.State.FAILED
    )
    last = failed.first()
    if last is None or (snapshot is not None and snapshot.pk > last.pk):
        return None
    return find_trouble(last.error_reason)


def _is_connected(workspace: Workspace) -> bool:
    company = workspace.tenant.company
    return company is not None and company.state == Connection.CONNECTED


def _get(workspace: Workspace, reconciliation_id: int) -> Reconciliation:
    ready = Reconciliation.objects.for_tenant(workspace.tenant).filter(state=Reconciliation.State.READY)
    return get_object_or_404(ready, pk=reconciliation_id)


def _file(
    workspace: Workspace, snapshot: Reconciliation, ending: str, kind: str, write: Callable[[IO[bytes]], None]
) -> HttpResponse:
    """Built on disk once it is large, so that the size of a period never is the size of the process."""
    held = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    write(held)
    held.seek(0)
    name = f"{workspace.tenant.slug}-{snapshot.first.isoformat()}-{snapshot.last.isoformat()}.{ending}"
    # To Django an answer that streams is no HttpResponse, though it takes cookies and headers like one.
    return cast(HttpResponse, FileResponse(held, as_attachment=True, filename=name, content_type=kind))

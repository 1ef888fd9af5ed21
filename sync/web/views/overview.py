"""Do the books match, and what must be decided?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sync.mappings.payments import new_gateways
from sync.models import Run
from sync.reports import documents_by_run, open_causes, period_of, records_of_cause
from sync.templatetags.formats import money
from sync.web.causes import cards_of
from sync.web.chart import draw
from sync.web.labels import Badge
from sync.web.proof import prove_period
from sync.web.reason_texts import NOTICES
from sync.web.reasons import fill
from sync.web.reconciliation.page import last_comparison
from sync.web.stock_words import notice_of
from sync.web.summaries import summarise
from sync.web.troubles import host_of
from sync.web.verdict import judge
from sync.web.workspace import Workspace, frame, in_workspace, show
from tenants.models import Connection, Tenant

DAYS, PHONE_DAYS = 30, 14
TOP_CAUSES = 3
LATEST_RUNS = 4
CARDS_A_PAGE = 20
RECORDS_A_CARD = 5


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    icon: str
    name: str
    note: str
    seen_at: datetime | None
    badge: Badge


@require_safe
@in_workspace()
def overview(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Verdict, proof, causes, chart, connections, counts and runs, in a constant number of queries."""
    tenant = workspace.tenant
    period = period_of(tenant, days=DAYS, now=timezone.now())
    causes = open_causes(tenant)
    open_records = sum(cause.records for cause in causes)
    runs = list(Run.objects.for_tenant(tenant)[:LATEST_RUNS])
    sent = documents_by_run(tenant, runs)
    shell = frame(workspace)
    currency = period.main.currency if period.main else ""
    context = {
        "shell": shell,
        "period": period,
        "verdict": judge(
            tenant,
            period,
            open_records=open_records,
            causes=len(causes),
            last_run=runs[0] if runs else None,
            pulse=shell.pulse,
        ),
        "proof": prove_period(period.main, currency),
        "others": [(one, prove_period(one, one.currency)) for one in period.currencies[1:]],
        "cards": cards_of(causes[:TOP_CAUSES], workspace),
        "open_records": open_records,
        "causes": len(causes),
        "charts": [
            draw(period.days, name="wide", width=620, label_every=7),
            draw(period.days[-PHONE_DAYS:], name="short", width=340, label_every=4),
        ],
        "chart_total": money(sum(day.books for day in period.days), currency),
        "chart_gap": money(sum(day.missing for day in period.days), currency),
        "currency": currency,
        "comparison": last_comparison(tenant),
        "connections": _connections(tenant),
        "runs": [summarise(run, sent.get(run.pk, 0)) for run in runs],
        "progress": shell.pulse.progress,
        "new_gateways": [fill(NOTICES["unmapped_gateway"], {"gateway": title}) for title in new_gateways(tenant)],
        "notice": notice_of(tenant),
    }
    return show(request, workspace, "sync/overview.html", "overview", context)


@require_safe
@in_workspace()
def attention(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One card for each cause, largest amount first, with its newest records."""
    causes = open_causes(workspace.tenant)
    page = Paginator(causes, CARDS_A_PAGE).get_page(request.GET.get("page"))
    cards = cards_of(list(page.object_list), workspace)
    for card in cards:
        if not card.is_single:
            records = records_of_cause(workspace.tenant, card.cause.reason, card.cause.subject)
            card.records = list(records.defer("raw")[:RECORDS_A_CARD])
        elif card.cause.sample is not None:
            card.records = [card.cause.sample]
    open_records = sum(cause.records for cause in causes)
    sums: dict[str, Decimal] = {}
    for cause in causes:
        for currency, amount in cause.amounts.items():
            sums[currency] = sums.get(currency, Decimal(0)) + abs(amount)
    context = {
        "cards": cards,
        "page": page,
        "open_records": open_records,
        "causes": len(causes),
        "notice": notice_of(workspace.tenant),
        "amount": " + ".join(money(amount, currency) for currency, amount in sorted(sums.items())),
    }
    return show(request, workspace, "sync/attention.html", "attention", context)


@require_safe
@in_workspace()
def more(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The rest of the menu as a plain page, for phones."""
    return show(request, workspace, "sync/more.html", "more")


def _connections(tenant: Tenant) -> list[ConnectionRow]:
    company = tenant.company
    rows = []
    if tenant.store_url:
        rows.append(
            ConnectionRow(
                "store", host_of(tenant.store_url), "WooCommerce", tenant.store_seen_at, _badge(tenant.store_state)
            )
        )
    if company is not None:
        rows.append(
            ConnectionRow(
                "book-open-check",
                company.name or "QuickBooks",
                "QuickBooks",
                company.refreshed_at,
                _badge(company.state),
            )
        )
    return rows


def _badge(state: str) -> Badge:
    if state == Connection.CONNECTED:
        return Badge("ok", "plug", _("Connected"))
    return Badge("bad", "unplug", _("Reconnect"))

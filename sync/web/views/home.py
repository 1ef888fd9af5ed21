"""Where people land: their one overview, or all their clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from sync.models import Run
from sync.reports import Sums, open_counts, sums_by_tenant
from sync.templatetags.formats import money
from sync.web.labels import Badge
from sync.web.proof import Proof, prove_period
from sync.web.shell import neighbours_of
from sync.web.summaries import RunLine, summarise
from sync.web.troubles import host_of
from sync.web.workspace import LAST_WORKSPACE_COOKIE, seen_in
from tenants.models import Connection, Membership, Tenant
from tenants.web.people import person_of

DAYS = 30
FEW = 5
"""Up to so many workspaces people come back to the last one; with more they land on all of them (design, §3)."""


@dataclass(frozen=True, slots=True)
class ClientRow:
    """`rank` sorts by what needs work: a broken connection, then what waits for a decision, then what is unfinished."""

    tenant: Tenant
    host: str
    open_records: int
    to_resolve: str
    proof: Proof | None
    run: RunLine | None
    connections: Badge
    rank: int


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """None: make one. One: its overview. A few: the one last opened. Many: all of them."""
    person = person_of(request)
    slugs = list(Membership.objects.filter(user=person).values_list("tenant__slug", flat=True)[: FEW + 1])
    if not slugs:
        return redirect("workspace_new") if settings.SIGN_UP_OPEN else _all_clients(request)
    last = request.COOKIES.get(LAST_WORKSPACE_COOKIE, "")
    if len(slugs) == 1:
        return redirect("overview", slug=slugs[0])
    if len(slugs) <= FEW and last in slugs:
        return redirect("overview", slug=last)
    return _all_clients(request)


@require_safe
@login_required
def clients(request: HttpRequest) -> HttpResponse:
    """All workspaces of a person, also when it is one."""
    return _all_clients(request)


@require_safe
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """The switcher's list for what is being typed; without script the same form leads to all clients."""
    found = neighbours_of(person_of(request), request.GET.get("q", ""))
    return render(request, "components/switcher_list.html", {"neighbours": found})


def _all_clients(request: HttpRequest) -> HttpResponse:
    person, query = person_of(request), request.GET.get("q", "").strip()
    memberships = Membership.objects.filter(user=person).select_related("tenant__company")
    for word in query.split():
        memberships = memberships.filter(
            Q(tenant__name__icontains=word) | Q(tenant__slug__icontains=word) | Q(tenant__store_url__icontains=word)
        )
    rows = _rows([membership.tenant for membership in memberships.order_by("tenant__name")])
    context = {
        "rows": rows,
        "query": query,
        "open_total": sum(row.open_records for row in rows),
        "broken": sum(row.rank == 0 for row in rows),
        "unfinished": sum(row.rank == 2 for row in rows),
        "may_create": settings.SIGN_UP_OPEN,
    }
    return render(request, "tenants/home.html", context)


def _rows(tenants: list[Tenant]) -> list[ClientRow]:
    """Sorted by what needs work; three queries for all of them."""
    counts = open_counts([tenant.pk for tenant in tenants])
    sums = sums_by_tenant(tenants, since=timezone.now() - timedelta(days=DAYS))
    runs = {run.tenant_id: run for run in _latest_runs(tenants)}
    rows = [_row(tenant, counts.get(tenant.pk, 0), sums.get(tenant.pk, []), runs.get(tenant.pk)) for tenant in tenants]
    return sorted(rows, key=lambda row: (row.rank, -row.open_records, row.tenant.name.casefold()))


def _latest_runs(tenants: list[Tenant]) -> list[Run]:
    newest = Run.objects.filter(tenant=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    ids = Tenant.objects.filter(pk__in=[tenant.pk for tenant in tenants]).values_list(Subquery(newest), flat=True)
    return list(Run.objects.filter(pk__in=[pk for pk in ids if pk is not None]))


def _row(tenant: Tenant, open_records: int, sums: list[Sums], run: Run | None) -> ClientRow:
    connections = _connections(tenant)
    is_connected = bool(tenant.store_url) and tenant.company is not None
    with seen_in(tenant):
        to_resolve = [money(one.to_resolve, one.currency) for one in sums if one.open_records]
        return ClientRow(
            tenant=tenant,
            host=host_of(tenant.store_url),
            open_records=open_records,
            to_resolve=" + ".join(to_resolve),
            proof=prove_period(sums[0], "") if sums else None,
            run=summarise(run) if run else None,
            connections=connections,
            rank=0 if connections.look == "bad" else 1 if open_records else 2 if not is_connected else 3,
        )


def _connections(tenant: Tenant) -> Badge:
    """Both sides in one word, the worse one."""
    if not tenant.store_url or tenant.company is None:
        return Badge("", "circle-dashed", _("Not connected yet"))
    if tenant.store_state != Connection.CONNECTED:
        return Badge("bad", "unplug", _("Reconnect the store"))
    if tenant.company.state != Connection.CONNECTED:
        return Badge("bad", "unplug", _("Reconnect QuickBooks"))
    if tenant.is_paused:
        return Badge("", "circle-pause", _("Paused"))
    return Badge("ok", "plug", _("Connected"))

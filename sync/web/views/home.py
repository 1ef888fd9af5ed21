"""Where people land: their one overview, or all their clients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from sync.models import Run
from sync.reports import Sums, open_counts, sums_by_tenant
from sync.templatetags.formats import country_of, money
from sync.web.proof import Proof, prove_period
from sync.web.shell import initials
from sync.web.summaries import RunLine, summarise
from sync.web.troubles import host_of
from sync.web.workspace import country
from tenants.models import Connection, Membership, Tenant
from tenants.web.people import person_of

DAYS = 30


@dataclass(frozen=True, slots=True)
class ClientRow:
    tenant: Tenant
    initials: str
    host: str
    open_records: int
    to_resolve: str
    proof: Proof | None
    run: RunLine | None
    store_is_fine: bool
    books_are_fine: bool


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """One workspace: its overview. Several: all of them. None: why there is nothing to see."""
    person = person_of(request)
    memberships = list(
        Membership.objects.filter(user=person).select_related("tenant__company").order_by("tenant__name")
    )
    if len(memberships) == 1:
        return redirect("overview", slug=memberships[0].tenant.slug)
    rows = _rows([membership.tenant for membership in memberships])
    return render(request, "tenants/home.html", {"rows": rows, "open_total": sum(row.open_records for row in rows)})


@require_safe
@login_required
def clients(request: HttpRequest) -> HttpResponse:
    """All workspaces of a person, also when it is one."""
    memberships = Membership.objects.filter(user=person_of(request)).select_related("tenant__company")
    rows = _rows([membership.tenant for membership in memberships.order_by("tenant__name")])
    return render(request, "tenants/home.html", {"rows": rows, "open_total": sum(row.open_records for row in rows)})


def _rows(tenants: list[Tenant]) -> list[ClientRow]:
    """Sorted by what needs work; three queries for all of them."""
    counts = open_counts([tenant.pk for tenant in tenants])
    sums = sums_by_tenant(tenants, since=timezone.now() - timedelta(days=DAYS))
    runs = {run.tenant_id: run for run in _latest_runs(tenants)}
    rows = [_row(tenant, counts.get(tenant.pk, 0), sums.get(tenant.pk, []), runs.get(tenant.pk)) for tenant in tenants]
    return sorted(rows, key=lambda row: (row.store_is_fine and row.books_are_fine, -row.open_records, row.tenant.name))


def _latest_runs(tenants: list[Tenant]) -> list[Run]:
    latest = Run.objects.filter(tenant__in=tenants).order_by("tenant", "-pk")
    newest: dict[int, int] = {}
    for pk, tenant_id in latest.filter(created_at__gte=timezone.now() - timedelta(days=7)).values_list("pk", "tenant"):
        newest.setdefault(tenant_id, pk)
    return list(Run.objects.filter(pk__in=newest.values()))


def _row(tenant: Tenant, open_records: int, sums: list[Sums], run: Run | None) -> ClientRow:
    with timezone.override(tenant.zone), country_of(country(tenant)):
        to_resolve = [money(one.to_resolve, one.currency) for one in sums if one.open_records]
        return ClientRow(
            tenant=tenant,
            initials=initials(tenant.name),
            host=host_of(tenant.store_url),
            open_records=open_records,
            to_resolve=" + ".join(to_resolve),
            proof=prove_period(sums[0], "") if sums else None,
            run=summarise(run) if run else None,
            store_is_fine=bool(tenant.store_url) and tenant.store_state == Connection.CONNECTED,
            books_are_fine=tenant.company is not None and tenant.company.state == Connection.CONNECTED,
        )

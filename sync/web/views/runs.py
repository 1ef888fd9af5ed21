"""What happened, and is it over?"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from sync.models import Run
from sync.reports import documents_by_run
from sync.tasks import start_run
from sync.web.progress import measure
from sync.web.reason_texts import NOTICES
from sync.web.reasons import fill
from sync.web.summaries import by_day, stock_parts, summarise
from sync.web.troubles import find_trouble
from sync.web.undoing import sent_something
from sync.web.workspace import Workspace, frame, in_workspace, show
from tenants.models import Role

RUNS_A_PAGE = 50


@require_safe
@in_workspace()
def runs(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The live run on top, then all runs by day."""
    every = Run.objects.for_tenant(workspace.tenant)
    page = Paginator(every, RUNS_A_PAGE).get_page(request.GET.get("page"))
    active = next((run for run in page.object_list if run.is_active), None)
    ended = [run for run in page.object_list if not run.is_active]
    context = {
        "days": by_day(ended, documents_by_run(workspace.tenant, ended)),
        "page": page,
        "progress": measure(active) if active else None,
    }
    return show(request, workspace, "sync/runs.html", "activity", context)


@require_safe
@in_workspace()
def run(request: HttpRequest, workspace: Workspace, run_id: int) -> HttpResponse:
    """One run; while it lives, its progress comes alone for the page's poll, and at its end what else tells of it."""
    found = get_object_or_404(
        Run.objects.for_tenant(workspace.tenant).select_related("requested_by", "tenant"), pk=run_id
    )
    line = summarise(found)
    is_poll = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target", "").startswith("live")
    context = {
        "run": found,
        "line": line,
        "progress": measure(found),
        "stock": ", ".join(stock_parts(found)),
        "is_poll": is_poll,
        "may_undo": not found.is_active and sent_something(found),
        "trouble": find_trouble(found.error_reason) if found.error_reason else None,
        "notices": [(fill(NOTICES[reason], {}), count) for reason, count in found.notices.items() if reason in NOTICES],
    }
    if is_poll and not found.is_active:
        asking = urlsplit(request.headers.get("HX-Current-URL", "")).path
        context |= {"shell": frame(workspace), "is_its_page": asking == request.path}
    template = "sync/run.html#live" if is_poll else "sync/run.html"
    return show(request, workspace, template, "activity", context)


@require_POST
@in_workspace(Role.ADMIN)
def sync_now(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Starts a run, or joins the one that is under way."""
    if not workspace.tenant.is_connected:
        messages.error(request, _("The store and QuickBooks have to be connected before a sync can start."))
        return redirect("overview", slug=workspace.tenant.slug)
    running = Run.objects.for_tenant(workspace.tenant).filter(state__in=Run.ACTIVE).exists()
    started = start_run(workspace.tenant, trigger="button", user=workspace.person)
    if running:
        messages.info(request, _("A sync is already running; here is how far it is."))
    return redirect("run", slug=workspace.tenant.slug, run_id=started.pk)


@require_POST
@in_workspace(Role.ADMIN)
def cancel_run(request: HttpRequest, workspace: Workspace, run_id: int) -> HttpResponse:
    """Asks the run to stop after what is being sent; what is sent stays sent."""
    found = get_object_or_404(Run.objects.for_tenant(workspace.tenant), pk=run_id)
    asked = Run.objects.filter(pk=found.pk, state__in=Run.ACTIVE).update(cancel_requested=True)
    if not asked:
        messages.info(request, _("This run has already ended."))
    return redirect("run", slug=workspace.tenant.slug, run_id=found.pk)

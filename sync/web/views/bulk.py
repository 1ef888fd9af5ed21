"""One decision about many records: the ticked ones, or the whole list as it is filtered."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from sync.decisions import retry_all, skip_all
from sync.engine.requests import orders_behind
from sync.models import Record
from sync.tasks import start_run
from sync.web.forms import SkipForm
from sync.web.selection import Selection, tell_results
from sync.web.workspace import Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Role

ORDERS_NAMED = 500
"""More than so many are not named one by one: an ordinary run finds them queued."""


@require_POST
@in_workspace(Role.ADMIN)
def record_bulk(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Counts what is selected, retries it, or asks why it is skipped and skips it; tells the result of each record."""
    selection = Selection.read(request.POST, workspace.tenant)
    if getattr(request, "htmx", False):
        context = {"selection": selection, "found": selection.found}
        return show(request, workspace, "sync/records.html#bulk_bar", "activity", context)
    wish = request.POST.get("do", "")
    if not selection.count or wish not in ("retry", "skip"):
        return redirect(selection.list_url)
    if wish == "retry":
        return _retry(request, workspace, selection)
    return _skip(request, workspace, selection)


def _retry(request: HttpRequest, workspace: Workspace, selection: Selection) -> HttpResponse:
    results = retry_all(selection.records, by=str(workspace.person))
    told = tell_results("retry", results)
    queued = [result.record for result in told.done]
    if queued and workspace.tenant.is_connected:
        orders = orders_behind(queued)
        named = orders if len(orders) <= ORDERS_NAMED else []
        start_run(workspace.tenant, trigger="button", user=workspace.person, order_ids=named)
    _log(workspace, "records.retry", queued)
    return show(request, workspace, "sync/bulk_result.html", "activity", {"told": told, "selection": selection})


def _skip(request: HttpRequest, workspace: Workspace, selection: Selection) -> HttpResponse:
    form = SkipForm(request.POST if "why" in request.POST else None, label=_("Why skip them?"))
    if not form.is_valid():
        return show(request, workspace, "sync/bulk_skip.html", "activity", {"form": form, "selection": selection})
    results = skip_all(selection.records, by=str(workspace.person), why=form.cleaned_data["why"])
    told = tell_results("skip", results)
    _log(workspace, "records.skip", [result.record for result in told.done], why=form.cleaned_data["why"])
    return show(request, workspace, "sync/bulk_result.html", "activity", {"told": told, "selection": selection})


def _log(workspace: Workspace, action: str, done: list[Record], **more: str) -> None:
    if done:
        changes = {"records": [None, len(done)], **{name: [None, value] for name, value in more.items()}}
        log_change(workspace.tenant, action, changes, user=workspace.person)

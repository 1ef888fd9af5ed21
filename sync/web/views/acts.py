"""What a person asks for on a record, or for a whole run: the page writes the wish, a run carries it out."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from sync.engine.requests import ask
from sync.models import Record, Request, Run
from sync.tasks import start_asked, start_run
from sync.templatetags.formats import count
from sync.web.acts import acts_on
from sync.web.labels import RETRIED, named
from sync.web.undoing import records_of_run, stays_with_older, undoing_of
from sync.web.workspace import Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Role


@require_POST
@in_workspace(Role.ADMIN)
def record_resync(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    return _ask(request, workspace, record_id, Request.Kind.RESYNC)


@require_POST
@in_workspace(Role.ADMIN)
def record_keep(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    return _ask(request, workspace, record_id, Request.Kind.KEEP)


@require_POST
@in_workspace(Role.ADMIN)
def record_replace(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    return _ask(request, workspace, record_id, Request.Kind.REPLACE)


@require_POST
@in_workspace(Role.ADMIN)
def record_post_again(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """A new document for one that was deleted by hand, or that was removed from here."""
    found = _get(workspace, record_id)
    with transaction.atomic():
        again = found.post_again(by=str(workspace.person))
        if again:
            _log(workspace, "records.post_again", [found])
            if workspace.tenant.is_connected:
                order_id = found.parent.woo_id if found.parent is not None else found.woo_id
                start_run(workspace.tenant, trigger="button", user=workspace.person, order_ids=[order_id])
    if again:
        messages.success(request, named(found, RETRIED))
    else:
        messages.info(request, _("It moved on meanwhile; nothing was changed."))
    return _back(workspace, found)


@require_POST
@in_workspace(Role.ADMIN)
def record_accept(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """The deletion was meant: it is left without its document."""
    found = _get(workspace, record_id)
    with transaction.atomic():
        accepted = found.accept_deletion(by=str(workspace.person))
        if accepted:
            _log(workspace, "records.accept", [found])
    if accepted:
        messages.success(request, _("It is left as it is. You can still send it again."))
    else:
        messages.info(request, _("It moved on meanwhile; nothing was changed."))
    return _back(workspace, found)


@require_http_methods(["GET", "POST"])
@in_workspace(Role.ADMIN)
def record_undo(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Shows exactly what would be deleted, then asks for it."""
    found = _get(workspace, record_id)
    undoing = undoing_of(workspace.tenant, [found])
    if request.method == "POST":
        if undoing.records and workspace.tenant.is_connected:
            return _ask(request, workspace, record_id, Request.Kind.UNDO)
        messages.info(request, _("There is nothing to remove."))
        return _back(workspace, found)
    return show(request, workspace, "sync/undo.html", "activity", {"record": found, "undoing": undoing})


@require_http_methods(["GET", "POST"])
@in_workspace(Role.ADMIN)
def run_undo(request: HttpRequest, workspace: Workspace, run_id: int) -> HttpResponse:
    """As for a record, for all whose documents this run sent."""
    found = get_object_or_404(Run.objects.for_tenant(workspace.tenant).select_related("tenant"), pk=run_id)
    undoing = undoing_of(workspace.tenant, records_of_run(found))
    if request.method == "POST":
        asked = []
        if workspace.tenant.is_connected:
            with transaction.atomic():
                asked = ask(undoing.records, Request.Kind.UNDO, user=workspace.person, undone_run=found)
                if asked:
                    _log(workspace, "runs.undo", [one.record for one in asked])
                    start_asked(workspace.tenant, user=workspace.person)
        text = ngettext(
            "%(count)s record is being removed from QuickBooks.",
            "%(count)s records are being removed from QuickBooks.",
            len(asked),
        )
        messages.success(request, text % {"count": count(len(asked))})
        return redirect("run", slug=workspace.tenant.slug, run_id=found.pk)
    context = {"run": found, "undoing": undoing, "staying_payments": stays_with_older(found)}
    return show(request, workspace, "sync/undo.html", "activity", context)


def _ask(request: HttpRequest, workspace: Workspace, record_id: int, kind: Request.Kind) -> HttpResponse:
    """Only what the page would offer is asked for; whoever clicks twice asks once."""
    found = _get(workspace, record_id)
    acts = acts_on(found, list(found.postings.all()), workspace.tenant)
    if getattr(acts, kind.value):
        with transaction.atomic():
            if ask([found], kind, user=workspace.person):
                _log(workspace, f"records.{kind.value}", [found])
            start_asked(workspace.tenant, user=workspace.person)
    elif not acts.pending:
        messages.info(request, _("It moved on meanwhile; nothing was changed."))
    return _back(workspace, found)


def _get(workspace: Workspace, record_id: int) -> Record:
    return get_object_or_404(Record.objects.for_tenant(workspace.tenant).select_related("parent"), pk=record_id)


def _log(workspace: Workspace, action: str, records: list[Record]) -> None:
    changes = {"records": [[], [f"{one.source} {one.number or one.woo_id}" for one in records]]}
    log_change(workspace.tenant, action, changes, user=workspace.person)


def _back(workspace: Workspace, record: Record) -> HttpResponse:
    return redirect("record", slug=workspace.tenant.slug, record_id=record.pk)

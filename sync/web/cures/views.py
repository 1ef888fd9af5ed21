"""Taking a decision in a card, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from sync.choices import latest_version
from sync.mappings.undo import take_back
from sync.models import Record
from sync.reports import Cause, find_cause, records_of_cause
from sync.templatetags.formats import count
from sync.web.again import look_again
from sync.web.causes import card_of
from sync.web.cures.offer import Cure, Refused, Taken
from sync.web.cures.refresh import read_company_again
from sync.web.cures.table import cure_of
from sync.web.cures.ways import READ_AGAIN
from sync.web.mappings.taking_back import UNDO_SECONDS, salt, take_links_back
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

_LISTED = ("missing_setting", "inactive_item", "inactive_customer")
"""Reasons that only a fresh name list ends, whoever changed something in QuickBooks."""


@require_POST
@in_workspace(Role.ADMIN)
def take_cure(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """One decision for all records of a cause; they are looked at again, and the card becomes one line."""
    reason, subject = request.POST.get("reason", ""), request.POST.get("subject", "")
    cause, cure = find_cause(workspace.tenant, reason, subject), cure_of(reason)
    if cause is None or cure is None:
        messages.info(request, _("Nothing waits for this decision any more."))
        return _back(request, workspace)
    decided = _decide(request, workspace, cause, cure)
    if isinstance(decided, Refused):
        return _refuse(request, workspace, cause, decided)
    queued = 0
    if decided.looks_again:
        records = records_of_cause(workspace.tenant, reason, subject)
        queued = look_again(workspace, records, grace=decided.can_undo)
    return _done(request, workspace, cause, decided, queued)


@require_POST
@in_workspace(Role.ADMIN)
def undo_cure(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Takes the newest choice back; a choice that somebody built upon stays."""
    try:
        token: Any = signing.loads(request.POST.get("token", ""), salt=salt(workspace), max_age=UNDO_SECONDS)
    except signing.BadSignature:
        token = 0
    if isinstance(token, dict):
        is_done, back = take_links_back(workspace, token), str(token["back"])
    else:
        is_done, back = bool(token) and take_back(workspace.tenant, token, user=workspace.person), "attention"
    if is_done:
        look_again(workspace, Record.objects.none())
        messages.success(request, _("The choice is taken back. What was sent already stays as it is."))
    else:
        messages.error(request, _("Something else was chosen since. Change it on the page of its settings."))
    return redirect(back, slug=workspace.tenant.slug)


def undo_token(workspace: Workspace) -> str:
    """For the newest version of the settings; good for this workspace and an hour."""
    version = latest_version(workspace.tenant)
    return signing.dumps(version.number, salt=salt(workspace)) if version else ""


def _decide(request: HttpRequest, workspace: Workspace, cause: Cause, cure: Cure) -> Taken | Refused:
    if request.POST.get("action") == READ_AGAIN:
        return read_company_again(workspace.tenant, with_lists=cause.reason.startswith(_LISTED))
    return cure.take(workspace, cause, request.POST)


def _done(request: HttpRequest, workspace: Workspace, cause: Cause, decided: Taken, queued: int) -> HttpResponse:
    text = ngettext("%(count)s record is looked at again.", "%(count)s records are looked at again.", queued)
    sentence = f"{decided.sentence} {text % {'count': count(queued)}}" if queued else decided.sentence
    token = undo_token(workspace) if decided.can_undo else ""
    if _is_part(request):
        context = {"sentence": sentence, "token": token, "cause": cause}
        return show(request, workspace, "components/cause.html#done", "attention", context)
    messages.success(request, sentence, extra_tags=f"take-back:{token}" if token else "")
    return _back(request, workspace)


def _refuse(request: HttpRequest, workspace: Workspace, cause: Cause, refused: Refused) -> HttpResponse:
    """The card stays as it is, with the reason and with what was chosen."""
    if not _is_part(request):
        messages.error(request, refused.sentence)
        return _back(request, workspace)
    card = card_of(cause, workspace)
    card.error = refused.sentence
    context: dict[str, Any] = {"card": card, "back": request.POST.get("back", "")}
    return show(request, workspace, "components/cause.html", "attention", context)


def _is_part(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _back(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """To the page the card stood on: the overview, a record, or the list of causes."""
    back = request.POST.get("back", "")
    if _is_part(request):
        answer = HttpResponse(status=204)
        answer.headers["HX-Refresh"] = "true"
        return answer
    if back == "overview":
        return redirect("overview", slug=workspace.tenant.slug)
    if back.isdigit() and Record.objects.for_tenant(workspace.tenant).filter(pk=int(back)).exists():
        return redirect("record", slug=workspace.tenant.slug, record_id=int(back))
    return redirect("attention", slug=workspace.tenant.slug)

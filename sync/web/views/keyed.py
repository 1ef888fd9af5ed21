"""What is in the books already? Looked for before anything is sent, linked in bulk; without it, the step passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from sync import linking, setup
from sync.engine.keyed import LINKS, SEARCH
from sync.models import KeyedDocument, Run
from sync.tasks import start_run
from sync.templatetags.formats import count
from sync.web.labels import ENTITIES
from sync.web.link_texts import WHY, refusal_words
from sync.web.progress import measure
from sync.web.troubles import find_trouble
from sync.web.views.setup import connect_context, needs_connections
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

PAIRS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class PairRow:
    """An order or a refund, and the document it may be."""

    row: KeyedDocument
    document: str
    agrees: bool
    why: str
    label: str


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def documents(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Looks once, by itself; then either leads on, or asks what belongs together."""
    tenant = workspace.tenant
    if (away := needs_connections(request, workspace)) is not None:
        return away
    start_date = date.fromisoformat(setup.options_of(tenant)["tenant"]["start_date"])
    if request.method == "POST":
        return _choose(request, workspace)
    known = linking.search_of(tenant, start_date=start_date)
    if not known.is_covered and not known.is_busy and not _has_failed(known):
        _begin(workspace)
        known = linking.search_of(tenant, start_date=start_date)
    is_poll = bool(getattr(request, "htmx", False))
    if is_poll and not known.is_busy:
        answer = HttpResponse(status=204)
        answer.headers["HX-Redirect"] = request.get_full_path()
        return answer
    is_wizard = not setup.is_set_up(tenant)
    is_over = not (known.is_busy or known.is_open or known.refused or _has_failed(known))
    if is_wizard and is_over and request.GET.get("then") != "on":
        for text in linked_words(known):
            messages.success(request, text)
        return redirect("setup_on", slug=tenant.slug)
    return _show(request, workspace, known, is_over=is_over, is_poll=is_poll)


@require_POST
@in_workspace(Role.ADMIN)
def look_again(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Reads the company's documents once more: something was keyed meanwhile."""
    if (away := needs_connections(request, workspace)) is not None:
        return away
    _begin(workspace)
    return redirect("setup_documents", slug=workspace.tenant.slug)


def _begin(workspace: Workspace) -> None:
    start_run(workspace.tenant, trigger=SEARCH, user=workspace.person, only=SEARCH)


def _choose(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    tenant = workspace.tenant
    number = linking.choose(
        tenant,
        ticked=_ids(request.POST.getlist("link")),
        shown=_ids(request.POST.getlist("shown")),
        with_others="others" in request.POST,
        user=workspace.person,
    )
    if number:
        start_run(tenant, trigger=LINKS, user=workspace.person, only=LINKS)
    else:
        messages.info(request, _("Nothing was ticked, so nothing is linked."))
    return redirect("setup_documents", slug=tenant.slug)


def _show(
    request: HttpRequest, workspace: Workspace, known: linking.Search, *, is_over: bool, is_poll: bool
) -> HttpResponse:
    tenant = workspace.tenant
    page = Paginator(linking.pairs_of(tenant), PAIRS_A_PAGE).get_page(request.GET.get("page"))
    rows = [_pair_row(row) for row in page.object_list]
    shown_certain = sum(1 for pair in rows if pair.row.is_certain)
    refused = KeyedDocument.objects.for_tenant(tenant).filter(state=KeyedDocument.State.REFUSED).order_by("pk")
    context: dict[str, Any] = {
        **connect_context(workspace, "on"),
        "known": known,
        "progress": measure(known.run) if known.is_busy and known.run is not None else None,
        "trouble": find_trouble(known.run.error_reason) if _has_failed(known) and known.run is not None else None,
        "page": page,
        "rows": rows,
        "has_refunds": linking.pairs_of(tenant).exclude(refund_id=0).exists(),
        "linked": linked_words(known),
        "elsewhere": max(known.certain - shown_certain, 0),
        "refused": [(_pair_row(row), refusal_words(row.refusal)) for row in refused[:PAIRS_A_PAGE]],
        "is_over": is_over,
        "turns_on": is_over and not setup.is_set_up(tenant),
        "next": reverse("setup_on" if not setup.is_set_up(tenant) else "records", args=[tenant.slug]),
        "start_date": setup.options_of(tenant)["tenant"]["start_date"],
    }
    template = "sync/setup/documents.html#looking" if is_poll else "sync/setup/documents.html"
    return show(request, workspace, template, "setup" if context["links"] else "activity", context)


def _pair_row(row: KeyedDocument) -> PairRow:
    return PairRow(
        row=row,
        document=f"{ENTITIES.get(row.entity, row.entity)} {row.number or row.qbo_id}",
        agrees=row.order_total is not None and row.order_total == row.total,
        why=str(WHY.get(row.why, "")),
        label=_("Refund %(number)s") % {"number": row.order_number} if row.refund_id else row.order_number,
    )


def _has_failed(known: linking.Search) -> bool:
    return known.run is not None and not known.is_covered and known.run.state in (Run.State.FAILED, Run.State.PAUSED)


def linked_words(known: linking.Search) -> list[str]:
    """What the last linking did, a sentence for orders and one for refunds."""
    orders = ngettext(
        "%(count)s order is linked to its document. It is not sent.",
        "%(count)s orders are linked to their documents. They are not sent.",
        known.linked,
    )
    refunds = ngettext(
        "%(count)s refund is linked to its document. It is not sent.",
        "%(count)s refunds are linked to their documents. They are not sent.",
        known.linked_refunds,
    )
    told = ((orders, known.linked), (refunds, known.linked_refunds))
    return [text % {"count": count(number)} for text, number in told if number]


def _ids(texts: Iterable[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 19]

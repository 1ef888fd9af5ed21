"""Where is order 2289, is it right, and why?"""

from __future__ import annotations

import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector.accounting.keys import fee_key
from sync.engine.linking import may_be_linked
from sync.engine.requests import orders_behind
from sync.models import Posting, Record, Request
from sync.reports import find_cause, records_of_cause, with_documents, with_subject
from sync.retention import days_kept
from sync.tasks import start_run
from sync.templatetags.formats import count
from sync.web.acts import acts_on, last_outcome
from sync.web.causes import Card, card_of
from sync.web.compare import compare, last_sale
from sync.web.edits import edits_of, shown_version
from sync.web.explanations import explain, explain_fee
from sync.web.forms import RecordFilter, RecordFilterForm, SkipForm
from sync.web.history import tell_history
from sync.web.labels import (
    HEADING,
    RETRIED,
    SKIP,
    SKIP_QUESTION,
    SKIPPED,
    WHY_SKIP,
    named,
    quickbooks_link,
    record_badge,
)
from sync.web.listing import chips_of, rows_of
from sync.web.proof import prove_record
from sync.web.reasons import tell, tell_notice
from sync.web.rules import rules_of
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

RECORDS_A_PAGE = 50
RETRIES_AT_ONCE = 500


@require_safe
@in_workspace()
def records(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Search and filters live in the address; pages of 50."""
    wanted = RecordFilter.read(request.GET)
    found = wanted.sort(wanted.apply(Record.objects.for_tenant(workspace.tenant), workspace.tenant))
    paginator = Paginator(found, RECORDS_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = with_documents(found).select_related("parent").defer("raw", "proof", "parent__raw", "parent__proof")
    rows = rows_of(shown[page.start_index() - 1 : page.end_index()] if paginator.count else [])
    context = {
        "rows": rows,
        "page": page,
        "filter": wanted,
        "form": RecordFilterForm(initial=wanted.items()),
        "chips": chips_of(wanted),
        "found": paginator.count,
        "selection": None,
    }
    is_part = bool(getattr(request, "htmx", False)) and request.headers.get("HX-Target") == "results"
    return show(
        request, workspace, "sync/records.html#results" if is_part else "sync/records.html", "activity", context
    )


@require_safe
@in_workspace()
def record(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Order and document side by side, the proof, the history, the rules, the raw data."""
    found = get_record(workspace, record_id)
    if getattr(request, "htmx", False) and request.headers.get("HX-Target") == "pending":
        return _answer_poll(found)
    postings = list(found.postings.order_by("pk"))
    sale = last_sale(postings)
    fee = next((one for one in postings if one.key == fee_key(found.woo_id) and one.is_standing), None)
    events = list(found.events.all())
    acts = acts_on(found, postings, workspace.tenant)
    shown = shown_version(found, sale)
    told = (
        tell(found.reason, found.details, number=found.number, currency=found.currency, source=found.source)
        if found.reason
        else None
    )
    context = {
        "record": found,
        "badge": record_badge(found.state, found.source),
        "heading": named(found, HEADING),
        "parent_heading": named(found.parent, HEADING) if found.parent is not None else "",
        "gateway": str(found.raw.get("payment_method_title") or "") if isinstance(found.raw, dict) else "",
        "told": told,
        "told_kind": "warn" if found.state == Record.State.ATTENTION else "info",
        "proof": prove_record(found, shown, fee) if found.source != Record.Source.PRODUCT else None,
        "comparison": compare(found, postings),
        "explanations": [*explain(found), *([explain_fee(found, fee)] if fee else [])],
        "notices": [text for text in (tell_notice(one, currency=found.currency) for one in found.notices) if text],
        "history": tell_history(found, events),
        "days_kept": days_kept(workspace.tenant),
        "rules": rules_of(found.options_version),
        "raw": json.dumps(found.raw, ensure_ascii=False, indent=2) if found.raw else "",
        "sent": [_as_sent(posting) for posting in postings if not posting.is_linked],
        "link": quickbooks_link(sale.entity, sale.qbo_id) if sale else "",
        "children": [(child, record_badge(child.state, child.source)) for child in found.children.defer("raw")],
        "may_link": may_be_linked(found, postings) and workspace.tenant.company is not None,
        "is_linked": any(one.is_linked and one.state == Posting.State.POSTED for one in postings),
        "acts": acts,
        "outcome": last_outcome(found),
        "card": _card(workspace, found),
        "edits": edits_of(found),
    }
    return show(request, workspace, "sync/record.html", "activity", context)


@require_POST
@in_workspace(Role.ADMIN)
def retry_record(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Looks at it afresh, now."""
    found = get_record(workspace, record_id)
    if found.queue_again(by=str(workspace.person)):
        _start(workspace, [found])
        messages.success(request, named(found, RETRIED))
    else:
        messages.info(request, _("There is nothing to retry: it is already on its way or synced."))
    return redirect("record", slug=workspace.tenant.slug, record_id=found.pk)


@require_http_methods(["GET", "POST"])
@in_workspace(Role.ADMIN)
def skip_record(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Asks why, then sets it aside; a page of its own, or a dialog filled by htmx."""
    found = get_record(workspace, record_id)
    form = SkipForm(request.POST or None, label=str(WHY_SKIP[found.source]))
    if request.method == "POST" and form.is_valid():
        if found.skip_by_hand(by=str(workspace.person), why=form.cleaned_data["why"]):
            messages.success(request, named(found, SKIPPED), extra_tags=f"undo:{found.pk}")
        else:
            messages.info(request, _("There is nothing to skip: it is already on its way or synced."))
        return redirect("record", slug=workspace.tenant.slug, record_id=found.pk)
    is_dialog = bool(getattr(request, "htmx", False))
    context = {"record": found, "question": named(found, SKIP_QUESTION), "verb": named(found, SKIP), "form": form}
    return show(request, workspace, "sync/skip.html#dialog" if is_dialog else "sync/skip.html", "activity", context)


@require_POST
@in_workspace(Role.ADMIN)
def retry_cause(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Looks again at all that is held for one cause."""
    reason, subject = request.POST.get("reason", ""), request.POST.get("subject", "")
    found = records_of_cause(workspace.tenant, reason, subject).select_related("parent").defer("raw", "parent__raw")
    held = list(found[:RETRIES_AT_ONCE]) if reason else []
    with transaction.atomic():
        queued = [one for one in held if one.queue_again(by=str(workspace.person))]
    if queued:
        _start(workspace, queued)
    text = ngettext("%(count)s record is looked at again.", "%(count)s records are looked at again.", len(queued))
    messages.success(request, text % {"count": count(len(queued))})
    return redirect("attention", slug=workspace.tenant.slug)


def _answer_poll(record: Record) -> HttpResponse:
    """While a wish is being carried out nothing changes; then the whole page does."""
    answer = HttpResponse(status=204)
    if not record.requests.filter(state=Request.State.OPEN).exists():
        answer.headers["HX-Refresh"] = "true"
    return answer


def _card(workspace: Workspace, record: Record) -> Card | None:
    """What ends it, where that can be decided here."""
    if record.state != Record.State.ATTENTION or not workspace.may_act:
        return None
    held = with_subject(Record.objects.for_tenant(workspace.tenant).filter(pk=record.pk))
    subject = held.values_list("subject", flat=True).first()
    cause = find_cause(workspace.tenant, record.reason, str(subject or ""))
    card = card_of(cause, workspace) if cause is not None else None
    return card if card is not None and card.offer is not None else None


def _as_sent(posting: Posting) -> tuple[Posting, str, str]:
    """What left and what came back, for the folded evidence."""
    payload = json.dumps(posting.payload, ensure_ascii=False, indent=2, default=str)
    return posting, payload, json.dumps(posting.answer, ensure_ascii=False, indent=2, default=str)


def get_record(workspace: Workspace, record_id: int) -> Record:
    records = Record.objects.for_tenant(workspace.tenant)
    return get_object_or_404(records.select_related("options_version__created_by", "parent"), pk=record_id)


def _start(workspace: Workspace, found: list[Record]) -> None:
    """A run for the orders of these records, when both sides are connected; else the next run finds them queued."""
    if workspace.tenant.is_connected:
        start_run(workspace.tenant, trigger="button", user=workspace.person, order_ids=orders_behind(found))

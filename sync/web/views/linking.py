"""Is this order in the books already? Search, compare, link; and take the link off again."""

from __future__ import annotations

import copy
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from connector.accounting.books import FoundDocument
from connector.accounting.documents import DocumentKind
from connector.errors import SyncError
from sync import linking, setup
from sync.engine.linking import Refusal, differences, kinds_of, linked_posting
from sync.models import Posting, Record
from sync.tasks import start_run
from sync.web.compare import compare
from sync.web.connect_texts import sentences
from sync.web.forms_linking import DocumentSearchForm
from sync.web.labels import HEADING, named
from sync.web.link_texts import BUSY, GONE, REFUSED, FoundRow, found_row
from sync.web.proof import prove_record
from sync.web.views.records import get_record
from sync.web.workspace import Workspace, in_workspace, show
from sync.wiring import LeaseTaken
from tenants.models import Role


@require_safe
@in_workspace(Role.ADMIN)
def record_link(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Searches the company's documents: by number, total or date, one metered read a search."""
    found = _linkable(workspace, record_id)
    is_search = "kind" in request.GET
    form = DocumentSearchForm(request.GET if is_search else None, record=found, initial=_first(workspace, found))
    rows: list[FoundRow] | None = None
    if is_search and form.is_valid():
        rows = _search(request, workspace, found, form)
    context = {
        "record": found,
        "heading": named(found, HEADING),
        "form": form,
        "rows": rows,
        "ways": _ways(found, form),
    }
    return show(request, workspace, "sync/link.html", "activity", context)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def record_compare(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Order and document side by side, and the button that links them; nothing is written to QuickBooks."""
    found = _linkable(workspace, record_id)
    kind, qbo_id = _document_of(request, found)
    if request.method == "POST":
        return _link(request, workspace, found, kind, qbo_id)
    try:
        document = linking.look_at(workspace.tenant, kind, qbo_id)
    except SyncError as error:
        messages.error(request, sentences(error.reason))
        return redirect("record_link", slug=workspace.tenant.slug, record_id=found.pk)
    if document is None:
        messages.error(request, str(GONE))
        return redirect("record_link", slug=workspace.tenant.slug, record_id=found.pk)
    return show(request, workspace, "sync/link_compare.html", "activity", _compared(workspace, found, document))


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def record_unlink(request: HttpRequest, workspace: Workspace, record_id: int) -> HttpResponse:
    """Asks what becomes of the order, then takes the link off; the document stays as it is."""
    found = get_record(workspace, record_id)
    posting = linked_posting(found)
    then = request.POST.get("then")
    if request.method == "POST" and then in ("skip", "send"):
        return _unlink(request, workspace, found, then)
    if posting is None:
        messages.info(request, str(REFUSED[Refusal.NOT_LINKED]))
        return redirect("record", slug=workspace.tenant.slug, record_id=found.pk)
    is_dialog = bool(getattr(request, "htmx", False))
    template = "sync/unlink.html#dialog" if is_dialog else "sync/unlink.html"
    context = {"record": found, "number": posting.doc_number or posting.qbo_id}
    return show(request, workspace, template, "activity", context)


def _linkable(workspace: Workspace, record_id: int) -> Record:
    found = get_record(workspace, record_id)
    if not kinds_of(found) or workspace.tenant.company is None:
        raise Http404("nothing of this kind is linked")
    return found


def _first(workspace: Workspace, record: Record) -> dict[str, Any]:
    """What a search begins with: the kind that the settings choose, and the store's own number."""
    kinds = kinds_of(record)
    wanted = {"invoice": DocumentKind.INVOICE, "sales_receipt": DocumentKind.SALES_RECEIPT}
    chosen = wanted.get(setup.options_of(workspace.tenant)["orders"]["document"], kinds[0])
    number = (record.parent.number if record.parent is not None else record.number)[:21]
    return {"kind": (chosen if chosen in kinds else kinds[0]).value, "number": number}


def _ways(record: Record, form: DocumentSearchForm) -> list[tuple[str, str]]:
    """The two other searches that a person would try next."""
    kind = form["kind"].value()
    ways = []
    if record.store_total is not None:
        ways.append((_("Search by its total"), f"?kind={kind}&total={record.store_total.normalize():f}"))
    if record.ordered_at is not None:
        day = timezone.localtime(record.ordered_at).date().isoformat()
        ways.append((_("Search by its date"), f"?kind={kind}&day={day}"))
    return ways


def _search(
    request: HttpRequest, workspace: Workspace, record: Record, form: DocumentSearchForm
) -> list[FoundRow] | None:
    tenant, wanted = workspace.tenant, form.cleaned_data
    try:
        documents = linking.search(
            tenant, form.wanted, number=wanted["number"].strip(), total=wanted["total"], day=wanted["day"]
        )
    except SyncError as error:
        messages.error(request, sentences(error.reason))
        return None
    return [found_row(tenant, record, one, linking.why_not(tenant, record, one)) for one in documents]


def _document_of(request: HttpRequest, record: Record) -> tuple[DocumentKind, str]:
    source = request.POST if request.method == "POST" else request.GET
    kind, qbo_id = source.get("kind", ""), source.get("document", "")
    if kind not in {one.value for one in kinds_of(record)} or not (qbo_id.isascii() and qbo_id.isdigit()):
        raise Http404("no such document")
    return DocumentKind(kind), qbo_id[:30]


def _compared(workspace: Workspace, record: Record, document: FoundDocument) -> dict[str, Any]:
    """The page as the record would be afterwards: what was planned for it before does not count."""
    tenant = workspace.tenant
    posting = Posting(
        operation="create",
        state=Posting.State.POSTED,
        entity=document.entity,
        qbo_id=document.qbo_id,
        doc_number=document.number,
        total=document.total,
        tax=document.tax,
        answer=document.raw,
    )
    shown = copy.copy(record)
    shown.proof, shown.state, shown.reason = {}, Record.State.SYNCED, ""
    refused = linking.why_not(tenant, record, document)
    return {
        "record": record,
        "heading": named(record, HEADING),
        "document": found_row(tenant, record, document, refused),
        "proof": prove_record(shown, posting),
        "comparison": compare(shown, [posting]),
        "apart": bool(differences(tenant, record, document)),
        "back": f"{reverse('record_link', args=[tenant.slug, record.pk])}?kind={document.entity}",
    }


def _link(request: HttpRequest, workspace: Workspace, record: Record, kind: DocumentKind, qbo_id: str) -> HttpResponse:
    """The total that the person saw comes back with the form: only what was seen is accepted as different."""
    accepts = _amount(request.POST.get("total", "")) if "accept" in request.POST else None
    try:
        done = linking.link(workspace.tenant, record, kind, qbo_id, user=workspace.person, accepts=accepts)
    except LeaseTaken:
        done = None
        messages.error(request, str(BUSY))
    except SyncError as error:
        done = None
        messages.error(request, sentences(error.reason))
    else:
        if isinstance(done, Posting):
            text = _("Linked to document %(number)s. Nothing was sent to QuickBooks.")
            messages.success(request, text % {"number": done.doc_number or done.qbo_id})
            return redirect("record", slug=workspace.tenant.slug, record_id=record.pk)
        messages.error(request, str(GONE if done is None else REFUSED[done]))
    address = reverse("record_compare", args=[workspace.tenant.slug, record.pk])
    return redirect(f"{address}?kind={kind.value}&document={qbo_id}")


def _unlink(request: HttpRequest, workspace: Workspace, record: Record, then: Any) -> HttpResponse:
    tenant = workspace.tenant
    try:
        done = linking.unlink(tenant, record, user=workspace.person, then=then)
    except LeaseTaken:
        messages.error(request, str(BUSY))
    except SyncError as error:
        messages.error(request, sentences(error.reason))
    else:
        if isinstance(done, Refusal):
            messages.error(request, str(REFUSED[done]))
        elif then == "send":
            order_id = record.parent.woo_id if record.parent is not None else record.woo_id
            start_run(tenant, trigger="button", user=workspace.person, order_ids=[order_id])
            messages.success(request, _("The link is off. A document of its own is on its way."))
        else:
            messages.success(request, _("The link is off, and nothing is sent. The document stays as it is."))
    return redirect("record", slug=tenant.slug, record_id=record.pk)


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None

"""Who changed what, when, from which value to which? Newest first."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from sync.web.audit_words import lines_of
from sync.web.manage.words import rows_called
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import AuditEntry, Role

ENTRIES_A_PAGE = 50


@require_safe
@in_workspace(Role.ADMIN)
def audit(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    entries = AuditEntry.objects.filter(tenant=workspace.tenant).order_by("-at", "-pk")
    page = Paginator(entries, ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    with rows_called(workspace.tenant):
        lines = lines_of(page.object_list)
    return show(request, workspace, "tenants/audit.html", "team", {"page": page, "lines": lines})

"""All data of a workspace to take along, and its end. Both are for owners; admins see that they exist."""

from __future__ import annotations

import tempfile

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from sync.archive import write_archive
from sync.connections.deletion import StillRunning, delete_workspace
from sync.web.manage.page import tabs
from sync.web.reasons import fill
from sync.web.workspace import LAST_WORKSPACE_COOKIE, Workspace, in_workspace, show
from tenants.audit import log_change
from tenants.models import Role

IN_MEMORY = 2 * 1024 * 1024


class DeleteForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the workspace"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the name exactly as it stands above.")},
    )

    def __init__(self, data: object = None, *, expected: str) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.expected = expected

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name != self.expected:
            raise forms.ValidationError(_("Type the name exactly as it stands above."))
        return name


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def data(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """A POST deletes the workspace, when its name was typed."""
    form = DeleteForm(request.POST if request.method == "POST" else None, expected=workspace.tenant.name)
    is_owner = workspace.membership.may(Role.OWNER)
    if request.method != "POST":
        return _show(request, workspace, form)
    if not is_owner:
        return _show(request, workspace, form, status=403)
    if not form.is_valid():
        return _show(request, workspace, form, status=422)
    try:
        delete_workspace(workspace.tenant, workspace.person)
    except StillRunning:
        form.add_error(None, _("A run is under way. Wait until it has ended, then delete the workspace."))
        return _show(request, workspace, form, status=409)
    message = fill(_("The workspace “%(workspace)s” is deleted."), {"workspace": form.cleaned_data["name"]})
    messages.success(request, message)
    answer = redirect("home")
    answer.delete_cookie(LAST_WORKSPACE_COOKIE)
    return answer


@require_POST
@in_workspace(Role.OWNER)
def export_data(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    tenant = workspace.tenant
    log_change(tenant, "data_exported", {}, user=workspace.person)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (the response closes it)
    write_archive(tenant, file)
    file.seek(0)
    name = f"{tenant.slug}-{timezone.localdate().isoformat()}.zip"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    answer["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]  # streamed; the frame only sets headers and cookies


def _show(request: HttpRequest, workspace: Workspace, form: DeleteForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "is_owner": workspace.membership.may(Role.OWNER), "tabs": tabs(workspace, "")}
    answer = show(request, workspace, "sync/manage/data.html", "manage", context)
    answer.status_code = status
    return answer

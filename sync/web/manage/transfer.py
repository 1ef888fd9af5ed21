"""All settings as a file, out and in; and their history, with the way back. Nothing is written unseen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from sync import choices
from sync.models import OptionsVersion
from sync.portability import Change, Problem, changes_between, export_document
from sync.schema import DEFAULTS, SCHEMA, check_form
from sync.templatetags.formats import count
from sync.web.manage.following import after_save
from sync.web.manage.page import tabs
from sync.web.manage.words import ChangeWords, change_words, page_words, rows_called
from sync.web.reasons import fill
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

LARGEST = 256 * 1024
VERSIONS_A_PAGE = 20


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Settings file"),
        help_text=gettext_lazy("A file that was exported here, or that tenant_export wrote. At most 256 kB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "empty": gettext_lazy("This file is empty. Choose the one that was exported."),
        },
    )


class Refused(Exception):
    """The file cannot be taken; `sentences` say why, each for the person."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One saved version: what it changed, and how many records it ruled."""

    version: OptionsVersion
    changes: list[ChangeWords]
    ruled: str
    is_current: bool


@require_safe
@in_workspace()
def export_settings(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The tenant document without secrets and without people: what `tenant_apply` and the import below take."""
    tenant = workspace.tenant
    options = choices.options_of(tenant, choices.latest_version(tenant))
    document = export_document(tenant, options, with_secrets=False)
    del document["members"]
    answer = HttpResponse(json.dumps(document, ensure_ascii=False, indent=2), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{tenant.slug}-settings.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def import_settings(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """A file, then its differences, then the save."""
    if request.method != "POST":
        return _ask_for_file(request, workspace)
    is_confirmed = "document" in request.POST
    try:
        if is_confirmed:
            text = request.POST["document"]
        else:
            form = FileForm(request.POST, request.FILES)
            if not form.is_valid():
                return _ask_for_file(request, workspace, form=form, status=422)
            text = _text_of(form.cleaned_data["file"])
        sections = _sections(workspace, _document(text))
        newest = choices.latest_version(workspace.tenant)
        before = choices.options_of(workspace.tenant, newest)
        options, problems = choices.check(workspace.tenant, before, sections)
        if problems:
            raise Refused([_sentence(problem) for problem in problems])
    except Refused as error:
        return _ask_for_file(request, workspace, refused=error.sentences, status=422)
    if not is_confirmed:
        with rows_called(workspace.tenant):
            changes = change_words(changes_between(before, options))
        context = {"changes": changes, "document": text, "number": newest.number if newest else 0}
        return _show(request, workspace, "import", context)
    return _save(request, workspace, sections)


@require_safe
@in_workspace()
def history(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Who saved what, when, and how many records went by it. Newest first."""
    versions = OptionsVersion.objects.for_tenant(workspace.tenant).order_by("-number")
    shown = Paginator(versions.annotate(ruled=Count("records")), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    newest = choices.latest_version(workspace.tenant)
    before = _documents_before(workspace, list(shown.object_list))
    with rows_called(workspace.tenant):
        lines = [
            VersionLine(one, change_words(before[one.number]), _ruled(one), newest is not None and one.pk == newest.pk)
            for one in shown.object_list
        ]
    return _show(request, workspace, "history", {"lines": lines, "page": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def restore(request: HttpRequest, workspace: Workspace, version_id: int) -> HttpResponse:
    """Shows what going back would change; a click saves the old choices as a new version."""
    tenant = workspace.tenant
    version = get_object_or_404(OptionsVersion.objects.for_tenant(tenant), pk=version_id)
    newest = choices.latest_version(tenant)
    now, then = choices.options_of(tenant, newest), choices.options_of(tenant, version)
    sections = {name: then[name] for name in DEFAULTS if then[name] != now[name]}
    if request.method == "POST":
        return _save(request, workspace, sections, action="options.restored")
    with rows_called(workspace.tenant):
        changes = change_words(changes_between(now, then))
    context = {"version": version, "changes": changes, "number": newest.number if newest else 0}
    return _show(request, workspace, "restore", context)


def _save(
    request: HttpRequest, workspace: Workspace, sections: Mapping[str, Any], *, action: str = "options.imported"
) -> HttpResponse:
    base = request.POST.get("version", "")
    saved = choices.save_choices(
        workspace.tenant,
        sections,
        user=workspace.person,
        action=action,
        base=int(base) if base.isdecimal() and len(base) < 10 else 0,
    )
    if saved.newer is not None:
        message = _("%(who)s saved other settings meanwhile. Nothing was changed; look at the differences again.")
        messages.error(request, fill(message, {"who": saved.newer.who or _("Somebody")}))
    elif saved.problems:
        messages.error(request, " ".join(_sentence(problem) for problem in saved.problems[:3]))
    else:
        changed = len(saved.changes)
        text = ngettext("%(count)s setting changed.", "%(count)s settings changed.", changed)
        messages.success(request, text % {"count": count(changed)} if changed else _("Nothing was changed."))
        if after_save(workspace.tenant, {change.path for change in saved.changes}, user=workspace.person):
            return redirect("stock", slug=workspace.tenant.slug)
    return redirect("manage_history", slug=workspace.tenant.slug)


def _text_of(file: Any) -> str:
    if file.size > LARGEST:
        raise Refused([_("This file is larger than 256 kB, so it holds more than settings. Choose another one.")])
    try:
        return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused([_("This file is not text in UTF-8. Choose the file that was exported.")]) from error


def _document(text: str) -> dict[str, Any]:
    """Raises Refused for what is no settings document; every problem of its form at once."""
    if len(text) > LARGEST:
        raise Refused([_("This file is larger than 256 kB, so it holds more than settings. Choose another one.")])
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        message = _("This file is not JSON: it cannot be read from line %(line)s on. Export it again.")
        raise Refused([message % {"line": count(line)}]) from error
    problems = [Problem(path, message) for path, message in check_form(document)]
    if problems:
        raise Refused([_sentence(problem) for problem in problems])
    return dict(document)


def _sections(workspace: Workspace, document: Mapping[str, Any]) -> dict[str, Any]:
    """The options alone: people, connections, and the workspace's own name stay. What another workspace exported means
    its own QuickBooks ids, so there names decide."""
    is_own = document["tenant"].get("slug") == workspace.tenant.slug
    sections = {name: document[name] for name in DEFAULTS if name in document}
    tenant = {name: value for name, value in document["tenant"].items() if f"tenant.{name}" in SCHEMA}
    sections["tenant"] = tenant
    return sections if is_own else {name: _by_name(section) for name, section in sections.items()}


def _by_name(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get("name") and {"id", "name"} >= set(value):
            return {"name": value["name"]}
        return {name: _by_name(one) for name, one in value.items()}
    return [_by_name(one) for one in value] if isinstance(value, list) else value


def _sentence(problem: Problem) -> str:
    return f"{page_words(problem.path)}: {problem.message}" if problem.path else problem.message


def _documents_before(workspace: Workspace, versions: list[OptionsVersion]) -> dict[int, list[Change]]:
    """Number of a version -> what it changed."""
    numbers = {one.number for one in versions} | {one.number - 1 for one in versions}
    rows = OptionsVersion.objects.for_tenant(workspace.tenant).filter(number__in=numbers)
    documents = {row.number: choices.options_of(workspace.tenant, row) for row in rows}
    return {
        one.number: changes_between(documents[one.number - 1], documents[one.number])
        if one.number - 1 in documents
        else []
        for one in versions
    }


def _ruled(version: OptionsVersion) -> str:
    ruled = int(getattr(version, "ruled", 0))
    return ngettext("%(count)s record", "%(count)s records", ruled) % {"count": count(ruled)}


def _ask_for_file(
    request: HttpRequest,
    workspace: Workspace,
    *,
    form: FileForm | None = None,
    refused: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    answer = _show(request, workspace, "import", {"form": form or FileForm(), "refused": refused or []})
    answer.status_code = status
    return answer


def _show(request: HttpRequest, workspace: Workspace, name: str, context: dict[str, Any]) -> HttpResponse:
    shared = {"tabs": tabs(workspace, "")}
    return show(request, workspace, f"sync/manage/{name}.html", "manage", shared | context)

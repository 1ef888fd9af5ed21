"""The pages of the Manage tab: one form a page, saved by one click, with a preview of the latest order beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector.errors import SyncError
from sync import choices
from sync.models import OptionsVersion
from sync.portability import Problem, changes_between
from sync.web.lists_again import read_lists_again
from sync.web.manage.following import after_save
from sync.web.manage.form import OptionsForm, merged_data
from sync.web.manage.lacking import lacking, make
from sync.web.manage.lists import read_lists
from sync.web.manage.page import Page, counted, saved_sentence, tabs
from sync.web.manage.places import Subject
from sync.web.manage.preview import preview
from sync.web.manage.table import TABLE
from sync.web.manage.words import change_words, page_words
from sync.web.reasons import fill
from sync.web.troubles import find_trouble
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role


@require_safe
@in_workspace()
def begin(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    return redirect("manage_orders", slug=workspace.tenant.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace()
def options(request: HttpRequest, workspace: Workspace, subject: str) -> HttpResponse:
    """Shows a subject, and saves it. `do=preview` shows what a save would change, and `find` looks
    for an item, for browsers without script; what was entered stays."""
    page = _open(request, workspace, TABLE.subject(subject))
    if request.method != "POST":
        return _show(request, page)
    is_valid = page.form.is_valid()
    if request.POST.get("do") == "preview" or "find" in request.POST or not is_valid:
        return _show(request, page, status=200 if is_valid else 422)
    base = page.version.number if page.version else 0
    saved = choices.save_choices(workspace.tenant, page.form.sections(), user=workspace.person, base=base)
    if saved.newer is not None:
        return _show_newer(request, page, saved.newer)
    if saved.problems:
        return _show(request, page, problems=saved.problems, status=422)
    messages.success(request, saved_sentence(page, len(saved.changes)))
    if after_save(workspace.tenant, {change.path for change in saved.changes}, user=workspace.person):
        return redirect("stock", slug=workspace.tenant.slug)
    return redirect(f"manage_{subject}", slug=workspace.tenant.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace()
def live(request: HttpRequest, workspace: Workspace, subject: str) -> HttpResponse:
    """The preview, the list of changes and the notes for what stands on the page now; nothing is saved."""
    page = _open(request, workspace, TABLE.subject(subject))
    if page.is_posted:
        page.form.is_valid()
    return show(request, workspace, "sync/manage/live.html", "manage", _context(request, page))


@require_POST
@in_workspace(Role.ADMIN)
def create(request: HttpRequest, workspace: Workspace, subject: str) -> HttpResponse:
    """Makes what the page lacks and chooses it; whatever else was changed on the page stays there, not saved."""
    page = _open(request, workspace, TABLE.subject(subject))
    is_clean = page.form.is_valid()
    make(request, workspace, page.subject)
    if "version" not in request.POST or (is_clean and not page.form.sections()):
        return redirect(f"manage_{subject}", slug=workspace.tenant.slug)
    messages.info(request, _("Your other changes on this page are not saved yet."))
    newest = choices.latest_version(workspace.tenant)
    data = merged_data(page.form, choices.options_of(workspace.tenant, newest))
    merged = _page(workspace, page.subject, newest, data)
    return _show(request, merged, status=200 if merged.form.is_valid() else 422)


@require_POST
@in_workspace(Role.ADMIN)
def refresh(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Reads the lists of both systems again."""
    tenant = workspace.tenant
    try:
        read_lists_again(tenant)
        messages.success(request, _("The lists are up to date."))
    except SyncError as error:
        trouble = find_trouble(error.reason)
        messages.error(request, f"{trouble.text} {trouble.cure}".strip())
    subject = request.POST.get("subject", "")
    known = {one.key for one in TABLE.subjects}
    return redirect(f"manage_{subject if subject in known else 'orders'}", slug=tenant.slug)


def _open(request: HttpRequest, workspace: Workspace, subject: Subject) -> Page:
    """The page with what was posted, on top of the version that the person began from."""
    is_posted = request.method == "POST"
    if is_posted and not workspace.may_act:
        raise PermissionDenied
    version = _begun_from(workspace, request.POST.get("version", "")) if is_posted else None
    version = version or choices.latest_version(workspace.tenant)
    return _page(workspace, subject, version, request.POST if is_posted else None)


def _page(workspace: Workspace, subject: Subject, version: OptionsVersion | None, data: Any) -> Page:
    lists = read_lists(workspace.tenant)
    document = choices.options_of(workspace.tenant, version)
    form = OptionsForm(data, subject=subject, document=document, lists=lists, may_act=workspace.may_act)
    return Page(workspace, subject, lists, version, form, is_posted=data is not None)


def _begun_from(workspace: Workspace, number: str) -> OptionsVersion | None:
    if not number.isdecimal() or len(number) > 9:
        return None
    return OptionsVersion.objects.for_tenant(workspace.tenant).filter(number=int(number)).first()


def _show_newer(request: HttpRequest, page: Page, newest: OptionsVersion) -> HttpResponse:
    """Another person saved meanwhile: their change is named, this person's own choices stand on top of it."""
    workspace = page.workspace
    theirs = change_words(changes_between(page.saved, choices.options_of(workspace.tenant, newest)))
    data = merged_data(page.form, choices.options_of(workspace.tenant, newest))
    merged = _page(workspace, page.subject, newest, data)
    merged.form.is_valid()
    who = newest.who or _("Somebody")
    told = fill(_("%(who)s saved other settings while you were here. Yours are not saved yet."), {"who": who})
    return _show(request, merged, newer={"told": told, "changes": theirs}, status=409)


def _show(
    request: HttpRequest,
    page: Page,
    *,
    problems: Iterable[Problem] = (),
    newer: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    elsewhere = [problem for problem in problems if not _put_on_field(page, problem)]
    found = lacking(page.lists, page.subject, page.saved) if page.workspace.may_act else []
    context = _context(request, page) | {
        "missing": found,
        "only_optional": all(one.is_optional for one in found),
        "here": reverse(f"manage_{page.subject.key}", args=[page.workspace.tenant.slug]),
        "missing_url": reverse(f"manage_{page.subject.key}_missing", args=[page.workspace.tenant.slug]),
        "is_unsaved": page.is_posted and (bool(page.form.errors) or bool(page.form.sections())),
        "tabs": tabs(page.workspace, page.subject.key),
        "cards": page.cards(),
        "problems": [f"{page_words(problem.path)}: {problem.message}" for problem in elsewhere],
        "errors": [(page.form[name], errors[0]) for name, errors in page.form.errors.items()],
        "newer": newer,
        "number": page.version.number if page.version else 0,
        "trouble": find_trouble(page.lists.trouble.reason) if page.lists.trouble else None,
    }
    answer = show(request, page.workspace, "sync/manage/page.html", "manage", context)
    answer.status_code = status
    return answer


def _put_on_field(page: Page, problem: Problem) -> bool:
    """Whether what is wrong stands on this page."""
    for place in page.subject.places:
        if problem.path == place.path or problem.path.startswith((f"{place.path}.", f"{place.path}[")):
            page.form.add_error(place.key, problem.message[:1].upper() + problem.message[1:])
            return True
    return False


def _context(request: HttpRequest, page: Page) -> dict[str, Any]:
    changes = page.changes()
    asked = request.POST if request.method == "POST" else request.GET
    shows = page.is_posted or request.headers.get("HX-Request") == "true"
    shown = preview(page.lists, page.wanted(), asked.get("sample", "")) if page.subject.previews and shows else None
    return {
        "page": page,
        "subject": page.subject,
        "changes": changes,
        "counted": counted(len(changes)),
        "scope": page.scope_sentence(len(changes)),
        "preview": shown,
    }

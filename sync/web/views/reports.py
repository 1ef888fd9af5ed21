"""Who is told what, and when? Settings of the reports, the reports of the last weeks, and each of them to read."""

from __future__ import annotations

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sync import recipients, setup
from sync.models import Report, ReportSchedule
from sync.recipients import Standing
from sync.web import report_settings
from sync.web.forms_reports import LanguageForm, RecipientForm, ReportForm
from sync.web.manage.page import tabs
from sync.web.reasons import fill
from sync.web.report_mails import ask_due, send_sample
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Role

REPORTS_SHOWN = 30
BETWEEN_QUESTIONS_SECONDS = 10 * 60
BETWEEN_SAMPLES_SECONDS = 60


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace()
def reports(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    if request.method != "POST":
        return _page(request, workspace)
    if not workspace.may_act:
        raise PermissionDenied
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _page(request, workspace, form=form, status=422)
    report_settings.change_report(workspace.tenant, user=workspace.person, **form.wishes())
    messages.success(request, _("Saved. The change applies from the next report."))
    return redirect("reports", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def add_recipient(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    tenant = workspace.tenant
    form = RecipientForm(request.POST, known=recipients.current_wishes(tenant).addresses)
    if not form.is_valid():
        return _page(request, workspace, adding=form, status=422)
    email = form.cleaned_data["email"]
    report_settings.add(tenant, email, form.cleaned_data["language"], user=workspace.person)
    standing = next(one for one in recipients.standings(tenant) if one.recipient.email.lower() == email)
    if standing.state == "active":
        messages.success(request, fill(_("%(email)s gets the reports from now on."), {"email": email}))
    elif standing.state == "ended":
        messages.info(request, fill(_("%(email)s ended these reports, so nothing is sent there."), {"email": email}))
    else:
        _ask(request, workspace, standing)
    return redirect("reports", slug=tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def set_language(request: HttpRequest, workspace: Workspace, recipient_id: int) -> HttpResponse:
    row = _standing(workspace, recipient_id).recipient
    form = LanguageForm(request.POST, prefix=f"reader_{row.pk}")
    if form.is_valid():
        language = form.cleaned_data["language"]
        report_settings.choose_language(workspace.tenant, row.email.lower(), language, user=workspace.person)
        messages.success(request, fill(_("The language of %(email)s is saved."), {"email": row.email}))
    return redirect("reports", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def remove_recipient(request: HttpRequest, workspace: Workspace, recipient_id: int) -> HttpResponse:
    row = _standing(workspace, recipient_id).recipient
    report_settings.remove(workspace.tenant, row.email.lower(), user=workspace.person)
    messages.success(request, fill(_("%(email)s gets no more reports."), {"email": row.email}))
    return redirect("reports", slug=workspace.tenant.slug)


@require_POST
@in_workspace()
def ask_again(request: HttpRequest, workspace: Workspace, recipient_id: int) -> HttpResponse:
    """A question once more, another try after refusals; readers who are members start their own again."""
    standing = _standing(workspace, recipient_id, only_own=not workspace.may_act)
    is_own = standing.member is not None and standing.member.pk == workspace.person.pk
    if standing.state == "ended" and is_own:
        recipients.resubscribe(standing.recipient)
        messages.success(request, _("You get the reports again."))
    elif standing.state == "stopped":
        recipients.start_again(standing.recipient)
        messages.success(
            request, fill(_("The next report goes to %(email)s again."), {"email": standing.recipient.email})
        )
    elif standing.state == "unconfirmed" and workspace.may_act:
        if report_settings.asked_lately(standing, timezone.now(), BETWEEN_QUESTIONS_SECONDS):
            messages.info(
                request, _("The question was sent a few minutes ago. Look in the junk folder, or wait a little.")
            )
        else:
            recipients.ask_again(standing.recipient)
            _ask(request, workspace, standing)
    return redirect("reports", slug=workspace.tenant.slug)


@require_POST
@in_workspace(Role.ADMIN)
def sample(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """To the person who asks, at once."""
    person = workspace.person
    if not cache.add(f"report-sample:{workspace.tenant.pk}:{person.pk}", 1, BETWEEN_SAMPLES_SECONDS):
        messages.info(request, _("A sample was sent a moment ago. Wait a minute for the next one."))
    elif send_sample(workspace.tenant, person, timezone.now()):
        messages.success(request, fill(_("A sample is on its way to %(email)s."), {"email": person.email}))
    else:
        messages.error(request, _("The e-mail could not be sent. Try again in a few minutes."))
    return redirect("reports", slug=workspace.tenant.slug)


@require_safe
@in_workspace()
def report(request: HttpRequest, workspace: Workspace, report_id: int) -> HttpResponse:
    rows = Report.objects.for_tenant(workspace.tenant).select_related("tenant").prefetch_related("mails__recipient")
    found = get_object_or_404(rows, pk=report_id)
    context = {
        "report": found,
        "text": report_settings.text_of(found, translation.get_language() or "en"),
        "mails": [(mail, report_settings.mail_badge(mail.state)) for mail in found.mails.all()],
    }
    return show(request, workspace, "sync/report.html", "reports", context)


def _page(
    request: HttpRequest,
    workspace: Workspace,
    *,
    form: ReportForm | None = None,
    adding: RecipientForm | None = None,
    status: int = 200,
) -> HttpResponse:
    settings = settings_context(workspace, form=form, adding=adding)
    context = {**settings, "lines": _lines(workspace), "tabs": tabs(workspace, "reports")}
    answer = show(request, workspace, "sync/reports.html", "reports", context)
    answer.status_code = status
    return answer


def settings_context(
    workspace: Workspace, *, form: ReportForm | None = None, adding: RecipientForm | None = None
) -> dict[str, object]:
    """What `sync/reports_settings.html` shows, wherever it is included."""
    tenant = workspace.tenant
    wanted = setup.options_of(tenant)["tenant"].get("report") or {}
    standings = recipients.standings(tenant)
    schedule = ReportSchedule.objects.filter(tenant=tenant).first()
    readers = sum(one.state == "active" for one in standings)
    return {
        "rhythm": report_settings.rhythm_of(tenant, schedule, readers),
        "form": form or ReportForm(initial={"when": wanted.get("when"), "language": wanted.get("language") or ""}),
        "adding": adding or RecipientForm(),
        "readers": report_settings.reader_rows(
            standings,
            person=workspace.person,
            may_act=workspace.may_act,
            languages=dict(recipients.current_wishes(tenant).languages),
        ),
    }


def _lines(workspace: Workspace) -> list[report_settings.ReportLine]:
    rows = Report.objects.for_tenant(workspace.tenant).select_related("tenant").prefetch_related("mails")
    language = translation.get_language() or "en"
    return [report_settings.line_of(one, language) for one in rows[:REPORTS_SHOWN]]


def _standing(workspace: Workspace, recipient_id: int, *, only_own: bool = False) -> Standing:
    """An address that the options name; 404 for all others, 403 for another's where one may change one's own alone."""
    for one in recipients.standings(workspace.tenant):
        if one.recipient.pk == recipient_id:
            if only_own and (one.member is None or one.member.pk != workspace.person.pk):
                raise PermissionDenied
            return one
    raise Http404


def _ask(request: HttpRequest, workspace: Workspace, standing: Standing) -> None:
    values = {"email": standing.recipient.email}
    if ask_due(workspace.tenant):
        messages.success(request, fill(_("%(email)s was asked to confirm. Reports follow once that is done."), values))
    else:
        messages.error(request, fill(_("The e-mail to %(email)s could not be sent. Try again later."), values))

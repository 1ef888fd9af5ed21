"""Connecting a QuickBooks company: off to Intuit, back with a code, a look at the company, and only then the link."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from connector.errors import ConnectionLostError, FaultError, RetryableError, SyncError
from sync.choices import prefix_of
from sync.connections import attempts
from sync.connections.company import lists_to_read
from sync.connections.consent import (
    QUICKBOOKS,
    CannotLink,
    Consent,
    begin_consent,
    confirm,
    decline,
    open_consent,
    read_consent,
    receive_code,
)
from sync.connections.ending import disconnect_company
from sync.tasks import take_up
from sync.templatetags.formats import count
from sync.web.checks import company_checks, company_facts
from sync.web.connect_texts import sentences, tell
from sync.web.forms_connect import PrefixForm
from sync.web.leaving import browser_of, known_browser, leave_for, next_page
from sync.web.shell import initials
from sync.web.views.setup import connect_context
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Company, Connection, ConnectionAttempt, Membership, Role, User
from tenants.web.people import person_of

logger = structlog.get_logger(__name__)

_REFUSALS = {"access_denied": "access_denied", "invalid_scope": "invalid_scope"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the name lists are. `trouble`: why that has to wait, None while it goes on."""

    done: int
    total: int
    rows: str
    trouble: object = None


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def connect_quickbooks(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """The company that is linked, or the way to Intuit (by a form: a state is made)."""
    tenant = workspace.tenant
    trouble = None
    if request.method == "POST":
        try:
            url = begin_consent(tenant, workspace.person, browser=browser_of(request))
            return leave_for(request, url, place="QuickBooks")
        except (RetryableError, FaultError) as error:
            trouble = tell(error.reason)
    company = tenant.company
    is_connected = company is not None and company.state == Connection.CONNECTED
    reading = _reading(company) if company is not None and is_connected else None
    context = {
        "company": company,
        "is_connected": is_connected,
        "checks": company_checks(tenant),
        "reading": reading,
        "next": next_page(tenant) if is_connected and reading is None else "",
        "trouble": trouble,
        **connect_context(workspace, "company"),
    }
    is_poll = request.headers.get("HX-Target") == "names"
    template = "sync/connect/quickbooks.html#names" if is_poll else "sync/connect/quickbooks.html"
    return show(request, workspace, template, "health", context)


@never_cache
@require_safe
def quickbooks_callback(request: HttpRequest) -> HttpResponse:
    """Intuit's answer. Always a redirect: the address holds a code, and no page may hand it on as its referrer."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    person = person_of(request)
    state = request.GET.get("state", "")
    try:
        attempt = attempts.take(QUICKBOOKS, state, user=person, browser=known_browser(request))
    except attempts.Refused as refused:
        logger.warning("consent.refused", reason=refused.reason)
        return _back(request, person, attempts.find(QUICKBOOKS, state), refused.reason)
    if not _is_admin(person, attempt):
        attempts.end(attempt, problem="state_foreign")
        return _back(request, person, None, "state_foreign")
    if refusal := request.GET.get("error"):
        reason = _REFUSALS.get(refusal, "consent_refused")
        attempts.end(attempt, problem=reason)
        return _back(request, person, attempt, reason)
    try:
        receive_code(attempt, code=request.GET.get("code", ""), realm_id=request.GET.get("realmId", ""))
    except attempts.Refused as refused:
        return _back(request, person, attempt, refused.reason)
    except (RetryableError, ConnectionLostError, FaultError) as error:
        logger.warning("consent.not_read", reason=error.reason)
        if isinstance(error, ConnectionLostError) or not attempt.refresh_token:
            return _back(request, person, attempt, error.reason)
    return redirect("confirm_quickbooks", slug=attempt.tenant.slug, attempt_id=attempt.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def confirm_quickbooks(request: HttpRequest, workspace: Workspace, attempt_id: int) -> HttpResponse:
    """Names the company and what it means to link it; nothing has changed so far."""
    consent = open_consent(workspace.tenant, workspace.person, attempt_id)
    if consent is None:
        messages.error(request, sentences("state_expired"))
        return redirect("connect_quickbooks", slug=workspace.tenant.slug)
    if request.method == "POST" and request.POST.get("answer") == "decline":
        return _decline(request, workspace, consent)
    trouble = _read(consent)
    if trouble == "quickbooks_wrong_company":
        return _back(request, workspace.person, consent.attempt, trouble)
    form = PrefixForm(request.POST or None, initial={"number_prefix": _proposed_prefix(workspace)})
    if request.method == "POST" and not trouble and (form.is_valid() or not consent.others):
        prefix = form.cleaned_data.get("number_prefix", "").strip() if consent.others else None
        try:
            company = confirm(consent, workspace.person, prefix=prefix)
        except CannotLink as refusal:
            if refusal.reason == "prefix_taken" and consent.others:
                form.add_error("number_prefix", sentences(refusal.reason))
            else:
                trouble = refusal.reason
        except (RetryableError, ConnectionLostError) as error:
            trouble = error.reason
        else:
            take_up(company, user=workspace.person)
            messages.success(request, _("QuickBooks is connected."))
            return redirect("connect_quickbooks", slug=workspace.tenant.slug)
    mine = set(Membership.objects.filter(user=workspace.person).values_list("tenant_id", flat=True))
    context = {
        "consent": consent,
        "facts": consent.attempt.facts,
        "before": workspace.tenant.company,
        "checks": company_facts(consent.attempt.facts) if consent.attempt.facts else [],
        "known_names": [other.name for other in consent.others if other.pk in mine],
        "strangers": sum(other.pk not in mine for other in consent.others),
        "form": form,
        "trouble": tell(trouble) if trouble else None,
        **connect_context(workspace, "company"),
    }
    return show(request, workspace, "sync/connect/confirm.html", "health", context)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Role.ADMIN)
def leave_quickbooks(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Asks, then unlinks; the last workspace of a company also ends the consent at Intuit."""
    tenant = workspace.tenant
    company = tenant.company
    if company is None:
        return redirect("connect_quickbooks", slug=tenant.slug)
    if request.method == "POST":
        disconnect_company(tenant, workspace.person)
        messages.success(request, _("QuickBooks is disconnected. Nothing was deleted on either side."))
        return redirect("connect_quickbooks", slug=tenant.slug)
    is_shared = company.tenants.exclude(pk=tenant.pk).exists()
    return show(
        request,
        workspace,
        "sync/connect/leave_quickbooks.html",
        "health",
        {"company": company, "is_shared": is_shared},
    )


def _read(consent: Consent) -> str:
    """Why the company could not be read, "" when it is known."""
    try:
        read_consent(consent.attempt)
    except SyncError as error:
        return error.reason
    return ""


def _decline(request: HttpRequest, workspace: Workspace, consent: Consent) -> HttpResponse:
    try:
        decline(consent.attempt)
    except SyncError as error:
        # The tokens are forgotten here all the same, and unused ones die by themselves.
        logger.warning("consent.not_revoked", reason=error.reason)
    messages.info(request, _("Nothing was connected."))
    return redirect("connect_quickbooks", slug=workspace.tenant.slug)


def _back(request: HttpRequest, person: User, attempt: ConnectionAttempt | None, reason: str) -> HttpResponse:
    """To the workspace's own page where the attempt is this person's, else to the start; with what went wrong."""
    messages.error(request, sentences(reason))
    if attempt is not None and attempt.user_id == person.pk and _is_admin(person, attempt):
        return redirect("connect_quickbooks", slug=attempt.tenant.slug)
    return redirect("home")


def _is_admin(person: User, attempt: ConnectionAttempt) -> bool:
    membership = Membership.objects.filter(user=person, tenant_id=attempt.tenant_id).first()
    return membership is not None and membership.may(Role.ADMIN)


def _proposed_prefix(workspace: Workspace) -> str:
    """The prefix in force, else the workspace's initials."""
    return prefix_of(workspace.tenant) or f"{initials(workspace.tenant.name).strip('=') or 'W'}-"


def _reading(company: Company) -> Reading | None:
    """None when nothing is being read."""
    if company.names_read_at is not None or not company.names_progress:
        return None
    state = company.names_progress
    problem = str(state.get("problem") or "")
    return Reading(
        done=max(int(state.get("list") or 0) - 1, 0),
        total=int(state.get("lists") or 0) or len(lists_to_read(company.facts or {})),
        rows=count(int(state.get("rows") or 0)),
        trouble=tell(problem) if problem else None,
    )

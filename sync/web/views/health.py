"""Is the plumbing sound? Both connections as check lists, and where QuickBooks and our choices contradict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connector.errors import ConnectionLostError, FaultError, RetryableError
from sync.connections.company import read_facts
from sync.connections.store import check_store_again
from sync.models import OptionsVersion
from sync.tasks import request_webhooks, resume
from sync.templatetags.formats import count
from sync.web.checks import Check, company_checks, store_checks
from sync.web.conflicts import Conflict, find_conflicts
from sync.web.connect_texts import sentences
from sync.web.troubles import host_of
from sync.web.upkeep import company_upkeep, store_upkeep
from sync.web.workspace import Workspace, in_workspace, show
from tenants.models import Company, Connection, Role, Tenant

READ_AGAIN_AFTER = timedelta(minutes=1)
"""Intuit meters reads: a second click within this time looks at the store only."""


@dataclass(frozen=True, slots=True)
class Verdict:
    title: str
    text: str


@require_safe
@in_workspace()
def health(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    tenant = workspace.tenant
    store = [*store_checks(tenant), *store_upkeep(tenant)] if tenant.store_url else []
    company = [*company_checks(tenant), *company_upkeep(tenant.company)]
    conflicts = _conflicts(tenant)
    context = {
        "verdict": _verdict(tenant, [*store, *company], conflicts),
        "store": store,
        "host": host_of(tenant.store_url),
        "store_is_fine": tenant.store_state == Connection.CONNECTED,
        "company": tenant.company,
        "company_checks": company,
        "company_is_fine": tenant.company is not None and tenant.company.state == Connection.CONNECTED,
        "conflicts": conflicts,
    }
    return show(request, workspace, "sync/health.html", "health", context)


@require_POST
@in_workspace(Role.ADMIN)
def check_now(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Looks both sides over, live. What works again goes on by itself."""
    tenant = workspace.tenant
    problems = [*_check_store(tenant), *_check_company(tenant.company)]
    for reason in problems:
        messages.error(request, sentences(reason))
    if not problems:
        messages.success(request, _("Both sides answered."))
    resume(Tenant.objects.filter(pk=tenant.pk).select_related("company"), user=workspace.person)
    return redirect("health", slug=tenant.slug)


def _check_store(tenant: Tenant) -> list[str]:
    if not tenant.store_url:
        return ["store_not_connected"]
    check = check_store_again(tenant)
    if not check.reason:
        request_webhooks(tenant, anew=True)
    return [check.reason] if check.reason else []


def _check_company(company: Company | None) -> list[str]:
    """Four metered reads, at most once a minute."""
    if company is None:
        return ["quickbooks_not_connected"]
    if company.facts_read_at is not None and company.facts_read_at > timezone.now() - READ_AGAIN_AFTER:
        return [] if company.state == Connection.CONNECTED else [f"quickbooks_{company.state}"]
    try:
        read_facts(company)
    except ConnectionLostError as error:
        lost = Connection.REVOKED if error.reason == "quickbooks_disconnected" else Connection.EXPIRED
        if error.reason != "quickbooks_app_keys":
            Company.objects.filter(pk=company.pk, state=Connection.CONNECTED).update(
                state=lost, state_since=timezone.now(), state_detail=error.detail[:255]
            )
        return [error.reason]
    except (RetryableError, FaultError) as error:
        return [error.reason]
    return []


def _conflicts(tenant: Tenant) -> list[Conflict]:
    version = OptionsVersion.objects.for_tenant(tenant).order_by("-number").first()
    if version is None or tenant.company is None or not tenant.company.facts:
        return []
    return find_conflicts(tenant.company.facts, version.document, tenant.store_facts or {})


def _verdict(tenant: Tenant, checks: list[Check], conflicts: list[Conflict]) -> Verdict:
    if not tenant.store_url or tenant.company is None:
        return Verdict(_("A connection is missing."), _("Both sides have to be connected before a sync can start."))
    if not tenant.is_connected:
        return Verdict(_("Syncing is paused: a connection was lost."), _("Nothing is lost; it resumes by itself."))
    failed = sum(check.state == "failed" for check in checks) + len(conflicts)
    if failed:
        title = ngettext(
            "Both sides are connected; %(count)s point needs a look.",
            "Both sides are connected; %(count)s points need a look.",
            failed,
        ) % {"count": count(failed)}
        return Verdict(title, _("Each one says what to do."))
    return Verdict(_("Everything is in order."), _("Both sides answer, and their settings agree."))

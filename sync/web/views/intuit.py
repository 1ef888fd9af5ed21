"""The pages that Intuit itself sends people to: opening the service, after a disconnection, and to reconnect."""

from __future__ import annotations

from pathlib import Path

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe

from connector.errors import RetryableError
from sync.connections.consent import REALM_DIGITS
from sync.connections.watching import CHECK_AGAIN_AFTER, check_company
from tenants.models import Company, Connection, Membership, Role, User
from tenants.models.company import CompanyQuerySet
from tenants.web.people import person_of

logger = structlog.get_logger(__name__)

_IMAGES = {".svg": "image/svg+xml", ".png": "image/png"}


@require_safe
@cache_control(public=True, max_age=86_400)
def button(request: HttpRequest) -> HttpResponse:
    """Intuit's own artwork for the button that connects, as the operator provides it; 404 without."""
    if not settings.INTUIT_BUTTON_FILE:
        raise Http404
    place = Path(settings.INTUIT_BUTTON_FILE)
    return HttpResponse(place.read_bytes(), content_type=_IMAGES[place.suffix])


@require_safe
@login_required
def launch(request: HttpRequest) -> HttpResponse:
    """Opened from Intuit's list of apps: the workspace of that company, else where this person lands anyway."""
    memberships = _memberships(person_of(request), request.GET.get("realmId", ""))
    if len(memberships) == 1:
        return redirect("overview", slug=memberships[0].tenant.slug)
    return redirect("home")


@require_safe
@login_required
def reconnect(request: HttpRequest) -> HttpResponse:
    """To the page that reconnects the company, where this person may; else a choice of workspaces."""
    memberships = [
        one for one in _memberships(person_of(request), request.GET.get("realmId", "")) if one.may(Role.ADMIN)
    ]
    if len(memberships) == 1:
        return redirect("connect_quickbooks", slug=memberships[0].tenant.slug)
    own = memberships or [one for one in _memberships(person_of(request)) if one.may(Role.ADMIN)]
    return render(request, "sync/connect/reconnect.html", {"tenants": [one.tenant for one in own]})


@never_cache
@require_safe
def disconnected(request: HttpRequest) -> HttpResponse:
    """Shown after somebody disconnected the app inside QuickBooks. The address proves nothing, so a member's visit
    makes us ask Intuit whether the consent still stands; for anybody else the next run finds out."""
    memberships = []
    if isinstance(request.user, User) and request.GET.get("realmId"):
        memberships = _memberships(request.user, request.GET["realmId"])
        for company in {one.tenant.company_id: one.tenant.company for one in memberships}.values():
            if company is not None and company.state == Connection.CONNECTED and _is_due(company):
                try:
                    check_company(company)
                except RetryableError as error:
                    logger.warning("connection.not_checked", reason=error.reason)
    return render(request, "sync/connect/disconnected.html", {"tenants": [one.tenant for one in memberships]})


def _is_due(company: Company) -> bool:
    return company.refreshed_at is None or company.refreshed_at < timezone.now() - CHECK_AGAIN_AFTER


def _memberships(person: User, realm_id: str = "") -> list[Membership]:
    """All of a person's workspaces, or those of one company."""
    found = Membership.objects.filter(user=person).select_related("tenant__company").order_by("tenant__name")
    if realm_id:
        if not (realm_id.isascii() and realm_id.isdigit() and len(realm_id) <= REALM_DIGITS):
            return []
        found = found.filter(tenant__company__in=CompanyQuerySet(Company).with_realm(realm_id))
    return list(found)

"""A person without a workspace makes one: it is theirs, it has a first version of its options, and nothing runs yet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.views.decorators.http import require_http_methods, require_safe

from sync.portability import complete, save_options
from tenants.audit import log_change
from tenants.models import Membership, Role, Tenant, User
from tenants.web.forms_workspace import WorkspaceForm, free_slug, proposed_zone
from tenants.web.people import person_of


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def create_workspace(request: HttpRequest) -> HttpResponse:
    """Where sign-up is closed, workspaces are made by the operator alone."""
    if not settings.SIGN_UP_OPEN:
        raise Http404
    person = person_of(request)
    form = WorkspaceForm(
        request.POST or None,
        initial={
            "language": translation.get_language(),
            "time_zone": proposed_zone(request.headers.get("Accept-Language", "")),
        },
    )
    if request.method == "POST" and form.is_valid():
        tenant = _create(person, form.cleaned_data)
        return redirect(_next_step(tenant))
    is_first = not Membership.objects.filter(user=person).exists()
    return render(request, "tenants/workspace_new.html", {"form": form, "is_first": is_first})


@require_safe
@login_required
def propose_slug(request: HttpRequest) -> HttpResponse:
    """The short name for the name that is being typed, as the field that shows it."""
    name = request.GET.get("name", "").strip()
    form = WorkspaceForm(initial={"slug": free_slug(name) if name else ""})
    return render(request, "components/field.html", {"field": form["slug"]})


def _create(person: User, wanted: dict[str, Any]) -> Tenant:
    """All or nothing; where somebody took the short name this very moment, the next free one."""
    try:
        return _write(person, wanted, wanted["slug"])
    except IntegrityError:
        return _write(person, wanted, free_slug(wanted["slug"]))


@transaction.atomic
def _write(person: User, wanted: dict[str, Any], slug: str) -> Tenant:
    chosen = {"language": wanted["language"], "time_zone": wanted["time_zone"]}
    tenant = Tenant.objects.create(slug=slug, name=wanted["name"], **chosen)
    Membership.objects.create(tenant=tenant, user=person, role=Role.OWNER)
    today = datetime.now(UTC).astimezone(ZoneInfo(chosen["time_zone"])).date()
    save_options(tenant, complete({}, None, {**chosen, "start_date": today.isoformat()}), user=person)
    created = {"name": [None, tenant.name], **{field: [None, value] for field, value in chosen.items()}}
    log_change(tenant, "workspace_created", created, user=person)
    return tenant


def _next_step(tenant: Tenant) -> str:
    try:
        return reverse("connect_store", args=[tenant.slug])
    except NoReverseMatch:
        return reverse("overview", args=[tenant.slug])

"""The frame of every page inside a workspace: who looks, what may they do, and what the frame itself shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from sync.templatetags.formats import country_of
from sync.web.shell import Shell, build_shell
from sync.web.statuses import names_of_store, statuses_called
from tenants.access import get_membership
from tenants.models import Membership, Role, Tenant, User
from tenants.web.people import person_of

Params = ParamSpec("Params")

LAST_WORKSPACE_COOKIE = "workspace"
"""The short name of the workspace last opened; only a hint of where to land, checked like every address."""
LAST_WORKSPACE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Workspace:
    person: User
    membership: Membership

    @property
    def tenant(self) -> Tenant:
        return self.membership.tenant

    @property
    def may_act(self) -> bool:
        return self.membership.may(Role.ADMIN)


def in_workspace(
    role: Role = Role.VIEWER,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Workspace, Params], HttpResponse]],
    Callable[..., HttpResponse],
]:
    """The one way from an address to a tenant: signed in, member, strong enough; then in its zone and country.

    A stranger meets a 404, whatever the address; a member below `role` a 403.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, Workspace, Params], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def inner(request: HttpRequest, slug: str, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
            person = person_of(request)
            membership = get_membership(person, slug, role=role)
            with seen_in(membership.tenant):
                answer = view(request, Workspace(person, membership), *args, **kwargs)
            return _remember(request, answer, slug)

        return inner

    return decorate


def _remember(request: HttpRequest, answer: HttpResponse, slug: str) -> HttpResponse:
    if request.COOKIES.get(LAST_WORKSPACE_COOKIE) != slug:
        answer.set_cookie(
            LAST_WORKSPACE_COOKIE,
            slug,
            max_age=LAST_WORKSPACE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer


@contextmanager
def seen_in(tenant: Tenant) -> Iterator[None]:
    """In the tenant's zone and country, statuses as its store calls them, until the block ends."""
    with timezone.override(tenant.zone), country_of(country(tenant)), statuses_called(names_of_store(tenant)):
        yield


def country(tenant: Tenant) -> str:
    """Two letters of the company, "" while none is connected."""
    return str((tenant.company.facts or {}).get("country", "")) if tenant.company else ""


def show(
    request: HttpRequest, workspace: Workspace, template: str, section: str, context: dict[str, Any] | None = None
) -> HttpResponse:
    """A page of the workspace in its frame; a fragment (`page.html#part`) comes without one."""
    shared: dict[str, Any] = {"tenant": workspace.tenant, "may_act": workspace.may_act, "section": section}
    if "#" not in template:
        shared["shell"] = frame(workspace)
    return render(request, template, {**shared, **(context or {})})


def frame(workspace: Workspace) -> Shell:
    return build_shell(workspace.person, workspace.membership)

"""Ways out of and back to these pages while a side is being connected."""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from sync import setup
from tenants.models import Tenant

_BROWSER_KEY = "connecting_browser"


def leave_for(request: HttpRequest, url: str, *, place: str) -> HttpResponse:
    """Sends the browser to another site after a form.

    Not by a redirect: `form-action 'self'` holds for every redirect that follows a form, and neither Intuit's sign-in
    nor a shop's says beforehand where it leads. The page goes on by itself, and holds a link for those that do not."""
    response = render(request, "sync/connect/leaving.html", {"url": url, "place": place})
    response.headers["Refresh"] = f"0; url={url}"
    response.headers["Cache-Control"] = "no-store"
    return response


def browser_of(request: HttpRequest) -> str:
    """A secret of this browser's session, made on first use: a state only counts in the browser it was made for."""
    if _BROWSER_KEY not in request.session:
        request.session[_BROWSER_KEY] = secrets.token_urlsafe(24)
    return str(request.session[_BROWSER_KEY])


def known_browser(request: HttpRequest) -> str:
    """The same without making one: "" for a browser that began nothing."""
    return str(request.session.get(_BROWSER_KEY, ""))


def next_page(tenant: Tenant) -> str:
    """Where a connected workspace goes on: the wizard until it was turned on or ran, afterwards the health page."""
    if setup.is_set_up(tenant):
        return reverse("health", args=[tenant.slug])
    return reverse("setup", args=[tenant.slug])

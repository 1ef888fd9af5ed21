"""A session that ended while a page was open: the way back leads to that page, whatever was being done on it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

_READING = ("GET", "HEAD")


class SignedOutMiddleware:
    """After signing in a browser asks for `next` with GET. A form's own address answers none, and a part of a page is
    no page: both are replaced by the page that the person was looking at."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        is_part = request.headers.get("HX-Request") == "true"
        if _asks_to_sign_in(request, answer) and (is_part or request.method not in _READING):
            if request.method not in _READING:
                text = _("You were signed out meanwhile, so nothing was changed. Sign in, then repeat what you did.")
                messages.error(request, text)
            url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: _page_of(request)})}"
            return HttpResponseClientRedirect(url) if is_part else redirect(url)
        if answer.status_code == 405 and request.method in _READING and request.accepts("text/html"):
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = answer.headers.get("Allow", "")
            return page
        return answer


def _asks_to_sign_in(request: HttpRequest, answer: HttpResponse) -> bool:
    """Only where this very address is what comes after: other ways to the sign-in page are left alone."""
    if answer.status_code != 302 or request.user.is_authenticated:
        return False
    to = urlsplit(answer.headers["Location"])
    wanted = parse_qs(to.query).get(REDIRECT_FIELD_NAME, [])
    return to.path == resolve_url(settings.LOGIN_URL) and wanted == [request.get_full_path()]


def _page_of(request: HttpRequest) -> str:
    """The path of the page a request came from, as the browser tells it; the start where it tells none of ours."""
    url = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

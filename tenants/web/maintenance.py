"""A pause for everybody while an operator works on the service: no database, no session, no queue is asked."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER_SECONDS = 300
ALIVE = "/healthz"
SHOPS = "/webhooks/woocommerce/"
"""A shop switches its webhook off after some failures; what it tells is read by the next run anyway."""


class MaintenanceMiddleware:
    """503 with Retry-After and a page in both languages while MAINTENANCE_FILE exists; static files stay."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.MAINTENANCE_FILE.exists() or request.path == ALIVE:
            return self.get_response(request)
        if request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        if request.path.startswith(SHOPS):
            return HttpResponse(status=202)
        page = render_to_string("503.html", {"PRODUCT_NAME": settings.PRODUCT_NAME})
        answer = HttpResponse(page, status=503)
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        answer["Cache-Control"] = "no-store"
        return answer

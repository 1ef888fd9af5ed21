"""The page for what broke on our side, with a reference that is in the log too."""

from __future__ import annotations

import secrets

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

logger = structlog.get_logger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks neither the database nor the session: either may be what broke."""
    reference = secrets.token_hex(3).upper()
    logger.error("page.broke", reference=reference, path=request.path, method=request.method)
    page = render_to_string("500.html", {"reference": reference, "PRODUCT_NAME": settings.PRODUCT_NAME})
    return HttpResponse(page, status=500)

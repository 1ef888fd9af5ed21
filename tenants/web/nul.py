"""Refuses what no person types and PostgreSQL does not take: text with a NUL in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict

NUL = "\x00"


class NulMiddleware:
    """Behind the check of form tokens, which reads the form in any case. What that check leaves alone is sent by
    machines: their bodies are read, raw and bounded, by the view itself, and stay unread here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        is_form = not getattr(view, "csrf_exempt", False)
        if _has_nul(request.GET) or (is_form and _has_nul(request.POST)):
            return HttpResponseBadRequest("The address or the form holds a character that is no text.")
        return None


def _has_nul(form: QueryDict) -> bool:
    return any(NUL in one for name, values in form.lists() for one in (name, *values))

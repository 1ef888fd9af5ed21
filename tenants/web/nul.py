"""Refuses what no person types and PostgreSQL does not take: text with a NUL in it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

NUL = "\x00"


class NulMiddleware:
    """Behind the check of form tokens, which reads the form in any case. Bodies of other kinds stay unread."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if any(
            NUL in one for form in (request.GET, request.POST) for pair in form.lists() for one in (pair[0], *pair[1])
        ):
            return HttpResponseBadRequest("The address or the form holds a character that is no text.")
        return self.get_response(request)

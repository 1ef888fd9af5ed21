"""The gallery of mails, while developing: what every mail looks and reads like, in every language."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sync.web.gallery import LANGUAGES, Mail, find_specimen, specimens

AS_MAIL_PROGRAMS_DO = {"default-src": ["'none'"], "style-src": ["'unsafe-inline'"]}
"""Styles stand in the mail, and nothing is fetched."""


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    rows = [(one.name, [(language, one.render(language).subject) for language in LANGUAGES]) for one in specimens()]
    return render(request, "sync/mails.html", {"rows": rows})


@require_safe
def mail(request: HttpRequest, name: str, language: str, part: str) -> HttpResponse:
    """One mail in one language. part: html or txt."""
    found = find_specimen(name)
    if found is None or language not in LANGUAGES or part not in ("html", "txt"):
        raise Http404
    shown: Mail = found.render(language)
    if part == "txt":
        return HttpResponse(f"{shown.subject}\n\n{shown.text}", content_type="text/plain; charset=utf-8")
    answer = HttpResponse(shown.html)
    answer._csp_replace = AS_MAIL_PROGRAMS_DO  # type: ignore[attr-defined]
    return answer

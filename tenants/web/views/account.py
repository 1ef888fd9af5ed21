"""A person's own page: name, language, look; and the choice of language for everybody."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenants.models import User
from tenants.web.forms import AccountForm
from tenants.web.people import person_of

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Shows and saves what only this person decides."""
    person = person_of(request)
    form = AccountForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        person.save(update_fields=["name", "language", "theme", "time_format"])
        if person.language:
            translation.activate(person.language)
        messages.success(request, _("Saved."))
        return _remember_language(redirect("account"), person.language)
    UserSession.objects.create_from_request(request)
    context = {
        "form": form,
        "has_second_factor": is_mfa_enabled(person),
        "sessions": len(UserSession.objects.purge_and_list(person)),
    }
    return render(request, "tenants/account.html", context)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """For visitors in a cookie, for people also in their profile; back to where they came from."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=hosts, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    if language not in dict(settings.LANGUAGES):
        return response
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return _remember_language(response, language)


def _remember_language(response: HttpResponse, language: str) -> HttpResponse:
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=LANGUAGE_COOKIE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response

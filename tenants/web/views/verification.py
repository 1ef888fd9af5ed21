"""Between signing up and the link in the mailbox: says where the e-mail went, and sends it again."""

from __future__ import annotations

from allauth.account.internal.flows.email_verification import send_verification_email_at_login
from allauth.account.models import Login
from allauth.account.stages import EmailVerificationStage, LoginStageController
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verification_sent(request: HttpRequest) -> HttpResponse:
    """The same page whether the address was new or not; a known one gets another letter, in its mailbox only."""
    login = _pending(request)
    if request.method != "POST" or login is None:
        return render(request, "account/verification_sent.html", {"address": _address(login)})
    if send_verification_email_at_login(request, login):
        messages.success(request, _("The e-mail is on its way again."))
    else:
        messages.info(request, _("An e-mail was sent a moment ago. Wait half a minute before the next one."))
    return redirect("account_email_verification_sent")


def _pending(request: HttpRequest) -> Login | None:
    stage = LoginStageController.enter(request, EmailVerificationStage.key)
    return stage.login if stage else None


def _address(login: Login | None) -> str:
    if login is None:
        return ""
    return str(login.email or getattr(login.user, "email", ""))

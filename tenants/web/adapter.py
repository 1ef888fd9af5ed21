"""How people get in: the account package's decisions and sentences, as this product makes and says them."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.models import User
from tenants.web.letters import ACCOUNT_LETTERS
from tenants.web.mail import public_url, send_letter
from tenants.web.people import language_for

INVITATION_KEY = "invitation"
"""Where the session keeps the address that an open invitation was sent to."""


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": gettext_lazy("This account is switched off."),
        "duplicate_email": gettext_lazy("This is your address already."),
        "email_password_mismatch": gettext_lazy(
            "This address and this password do not belong together. Check both, or choose a new password."
        ),
        "enter_current_password": gettext_lazy("This is not your current password."),
        "incorrect_password": gettext_lazy("This is not your password."),
        "invalid_or_expired_key": gettext_lazy("This link no longer works. Ask for a new one."),
        "invalid_password_reset": gettext_lazy("This link no longer works. Ask for a new one."),
        "too_many_login_attempts": gettext_lazy("Too many attempts. Wait five minutes, then try again."),
        "rate_limited": gettext_lazy("Too many attempts. Wait a few minutes, then try again."),
        "email_taken": gettext_lazy("This address cannot be used. Enter another one."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whoever follows an invitation may always make an account."""
        return bool(settings.SIGN_UP_OPEN or request.session.get(INVITATION_KEY))

    def new_user(self, request: HttpRequest) -> User:
        """A new person keeps the language of the page on which they signed up."""
        return User(language=translation.get_language() or "")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        language = language_for(email)
        with translation.override(language):
            letter = ACCOUNT_LETTERS[template_prefix](context)
        if not send_letter(letter, email, language):
            messages.error(self.request, _("The e-mail could not be sent. Try again in a few minutes."))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return public_url(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """`key` is "<person>-<token>", as the account package joins them."""
        person, _sep, token = key.partition("-")
        return public_url(reverse("account_reset_password_from_key", kwargs={"uidb36": person, "key": token}))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

"""What people may say about themselves, and how they prove who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from tenants.models import User

if TYPE_CHECKING:
    _UserForm = forms.ModelForm[User]
else:
    _UserForm = forms.ModelForm


class AccountForm(_UserForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the browser")), *((code, name) for code, name in settings.LANGUAGES)],
        help_text=_("For pages, e-mails and the way dates and amounts are written."),
    )

    class Meta:
        model = User
        fields = ["name", "language", "theme", "time_format"]
        labels = {"name": _("Name"), "theme": _("Appearance"), "time_format": _("Time of day")}
        help_texts = {"name": _("As colleagues see it in the history, for example Claire Dupont.")}


USED_CODE_SECONDS = settings.MFA_TOTP_PERIOD * (2 * settings.MFA_TOTP_TOLERANCE + 1)
PASSWORD_HINT = _("At least 10 characters. A few words that do not belong together are easy to keep in mind.")


class _OurWords:
    """Labels and hints from this product's catalogue, and no placeholder: a placeholder is no label."""

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")


class SignInForm(_OurWords, LoginForm):
    labels = {"login": _("E-mail address"), "password": _("Password"), "remember": _("Stay signed in on this device")}


class SignUpForm(_OurWords, SignupForm):
    labels = {"email": _("E-mail address"), "password1": _("Password")}
    hints = {"password1": PASSWORD_HINT}

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """A known address costs as much time as a new one: nobody learns from the clock that it is known."""
        if self.account_already_exists:
            User().set_password(self.cleaned_data["password1"])
        if not get_account_adapter().is_email_verified(request, self.cleaned_data["email"]):
            # The package would give the account the invited address too, confirmed, whatever was entered here.
            get_account_adapter().unstash_verified_email(request)
        found: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return found


class NewAddressForm(_OurWords, AddEmailForm):
    labels = {"email": _("New e-mail address")}
    hints = {"email": _("It replaces the present one once you have followed the link we send there.")}


class ConfirmForm(_OurWords, ReauthenticateForm):
    labels = {"password": _("Password")}


class ForgottenPasswordForm(_OurWords, ResetPasswordForm):
    labels = {"email": _("E-mail address")}


class NewPasswordForm(_OurWords, ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("New password, again")}
    hints = {"password1": PASSWORD_HINT}


class PasswordForm(_OurWords, ChangePasswordForm):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password, again"),
    }
    hints = {"password1": PASSWORD_HINT}


class FirstPasswordForm(_OurWords, SetPasswordForm):
    labels = {"password1": _("New password"), "password2": _("New password, again")}
    hints = {"password1": PASSWORD_HINT}


class _SixDigits(_OurWords):
    """A phone shows its digits for these fields; recovery codes are digits too."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.update(inputmode="numeric", autocapitalize="off", spellcheck="false")

    def clean_code(self) -> str:
        """Each code works once for as long as it could work: the package forgets used ones after one period."""
        code = str(super().clean_code())  # type: ignore[misc]
        digits = "".join(sign for sign in code if sign.isalnum())
        if not cache.add(f"two-factor:{self.user.pk}:{digits}", True, USED_CODE_SECONDS):
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_SixDigits, AuthenticateForm):
    labels = {"code": _("Code")}
    hints = {"code": _("The six digits your app shows now, or one of your recovery codes.")}


class CodeAgainForm(_SixDigits, ReauthenticateByCodeForm):
    labels = {"code": _("Code")}
    hints = {"code": _("The six digits your app shows now, or one of your recovery codes.")}


class FirstCodeForm(_SixDigits, ActivateTOTPForm):
    labels = {"code": _("Code")}
    hints = {"code": _("The six digits your app shows for this account.")}

"""What people may say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordForm, ResetPasswordKeyForm
from django import forms
from django.conf import settings
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
        fields = ["name", "language", "theme"]
        labels = {"name": _("Name"), "theme": _("Appearance")}
        help_texts = {"name": _("As colleagues see it in the history, for example Claire Dupont.")}


class _OurWords:
    """Labels from this product's catalogue, and no placeholder: a placeholder is no label."""

    labels: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


class SignInForm(_OurWords, LoginForm):
    labels = {"login": _("E-mail address"), "password": _("Password"), "remember": _("Stay signed in on this device")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ForgottenPasswordForm(_OurWords, ResetPasswordForm):
    labels = {"email": _("E-mail address")}


class NewPasswordForm(_OurWords, ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("New password, again")}


class PasswordForm(_OurWords, ChangePasswordForm):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password, again"),
    }

"""What people may say about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

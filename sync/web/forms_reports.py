"""Who gets reports, when, and in which language."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sync.models import ReportSchedule
from sync.schema import MOST_RECIPIENTS

LANGUAGES = [("en", "English"), ("fr", "Français"), ("fr-ca", "Français (Canada)")]
"""By their own names, as everywhere one chooses a language."""


class ReportForm(forms.Form):
    """`initial` is the options' `tenant.report`; `wishes` gives the keys that this form decides."""

    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        widget=forms.RadioSelect,
        choices=ReportSchedule.When.choices,
        error_messages={"required": gettext_lazy("Choose when reports are sent.")},
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        help_text=gettext_lazy("Where nothing else is chosen for an address below."),
        choices=[("", gettext_lazy("Each reader’s own, else the workspace’s")), *LANGUAGES],
    )

    def wishes(self) -> dict[str, Any]:
        return {"when": self.cleaned_data["when"], "language": self.cleaned_data["language"] or None}


class RecipientForm(forms.Form):
    """One more address. `known`: those that get reports already, in small letters."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
        help_text=gettext_lazy("It gets a question first; nothing else is sent until somebody confirms there."),
        error_messages={
            "required": gettext_lazy("Enter an address, for example accounts@example.com."),
            "invalid": gettext_lazy("This is not an e-mail address. Check it, for example accounts@example.com."),
        },
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=[("", gettext_lazy("As set above")), *LANGUAGES],
    )

    def __init__(self, *args: Any, known: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = known

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if email in self.known:
            raise forms.ValidationError(_("This address is on the list already."))
        if len(self.known) >= MOST_RECIPIENTS:
            raise forms.ValidationError(
                _("At most %(count)s addresses get reports. Remove one first.") % {"count": MOST_RECIPIENTS}
            )
        return email


class LanguageForm(forms.Form):
    """The language of one recipient, "" for none of its own."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("As set above")), *LANGUAGES]
    )

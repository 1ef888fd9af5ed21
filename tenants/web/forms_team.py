"""What the team page takes: an address and a role that the one who asks may give."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.models import Membership, Role
from tenants.web.roles import role_in_words, roles_given_by
from tenants.web.team import is_member


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, data: Any = None, *, by: Membership, initial: Role = Role.VIEWER, prefix: str = "") -> None:
        super().__init__(data, initial={"role": initial})
        self.by = by
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, role.label if prefix else role_in_words(role)) for role in roles_given_by(by)]
        if prefix:
            field.widget.attrs["id"] = f"id_{prefix}_role"

    @property
    def chosen(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("For example your accountant's. A link is sent there, valid for 7 days."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter the address of whom you invite.")},
    )
    field_order = ["email", "role"]

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if is_member(self.by.tenant, email):
            raise forms.ValidationError(_("This person is in the workspace already."))
        return email

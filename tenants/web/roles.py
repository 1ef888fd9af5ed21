"""Roles in words: what each may do, and who may give which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants.models import Membership, Role

MAY: Mapping[Role, Any] = {
    Role.OWNER: _("can do everything, also give roles to owners and delete the workspace"),
    Role.ADMIN: _("can change settings, send orders, and invite people"),
    Role.VIEWER: _("can look, not change"),
}
INVITED_AS: Mapping[Role, Any] = {
    Role.OWNER: _("You will be an owner: you can do everything, also give roles to others."),
    Role.ADMIN: _("You will be an admin: you can change settings, send orders, and invite people."),
    Role.VIEWER: _("You will be a viewer: you can look, not change."),
}


def role_in_words(role: Role) -> str:
    """Viewer: can look, not change."""
    return gettext("%(role)s: %(may)s") % {"role": role.label, "may": MAY[role]}


def roles_given_by(membership: Membership) -> list[Role]:
    """Owners give every role, admins every role but theirs above, viewers none."""
    if membership.may(Role.OWNER):
        return [Role.OWNER, Role.ADMIN, Role.VIEWER]
    return [Role.ADMIN, Role.VIEWER] if membership.may(Role.ADMIN) else []

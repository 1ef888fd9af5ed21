"""People, roles and devices in words."""

from __future__ import annotations

from django import template

from tenants.models import Role
from tenants.web.devices import device_name
from tenants.web.roles import role_in_words

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    """Firefox, Linux."""
    return device_name(user_agent)


@register.filter
def in_words(role: str) -> str:
    """Viewer: can look, not change."""
    return role_in_words(Role(role))


@register.filter
def role_name(role: str) -> str:
    """Owner."""
    return str(Role(role).label)

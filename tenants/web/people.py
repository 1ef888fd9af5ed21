"""Who is asking."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from tenants.models import User


def person_of(request: HttpRequest) -> User:
    """The signed-in person; views behind `login_required` always have one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user

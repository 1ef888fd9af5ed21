"""Who is asking, and what we know of their address."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import translation

from tenants.models import Tenant, User


def person_of(request: HttpRequest) -> User:
    """The signed-in person; views behind `login_required` always have one."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def mark_verified(person: User) -> None:
    """For people whom an operator or a document created: whoever did so vouches for the address."""
    EmailAddress.objects.update_or_create(user=person, email=person.email, defaults={"verified": True, "primary": True})


def language_for(address: str, fallback: str = "") -> str:
    """The language of whoever has this address; else the fallback, else the one of this request."""
    person = User.objects.filter(email__iexact=address).only("language").first()
    known = dict(settings.LANGUAGES)
    for language in (person.language if person else "", fallback, translation.get_language() or ""):
        if language in known:
            return language
    return settings.LANGUAGE_CODE


def verified_members(tenant: Tenant) -> dict[str, User]:
    """Small-letter address -> member, for active members who have shown that the address is theirs."""
    shown = EmailAddress.objects.filter(verified=True, user__memberships__tenant=tenant, user__is_active=True)
    return {one.email.lower(): one.user for one in shown.select_related("user")}

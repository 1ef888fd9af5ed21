"""Of a signed-in person: when the session was last used; their own language and times win over the browser's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from tenants.models import User
from tenants.web.preferences import times_as

SEEN_EVERY = timedelta(minutes=5)
"""A page that renews itself every second must not write a row every second."""


class LastSeenMiddleware:
    """The list of sessions says when each was last used, to within five minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated and cache.add(seen_key(key), 1, int(SEEN_EVERY.total_seconds())):
            UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now())
        return self.get_response(request)


def seen_key(session_key: str) -> str:
    """A cache is no place for what opens a session."""
    return f"seen:{hashlib.sha256(session_key.encode()).hexdigest()}"


class PersonLocaleMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if language and translation.check_for_language(language):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language() or language
        with times_as(getattr(request.user, "time_format", User.TimeFormat.AUTO)):
            return self.get_response(request)

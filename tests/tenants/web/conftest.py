from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tests.factories import Cast, cast


@pytest.fixture(autouse=True)
def _no_attempts_from_before() -> None:
    """Throttles count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def people(db: None) -> Cast:
    return cast()


def signed_in(person: object) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client

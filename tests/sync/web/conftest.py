from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tenants.web.middleware import seen_key
from tests.factories import Cast, cast


@pytest.fixture
def people(db: None) -> Cast:
    return cast()


@pytest.fixture
def alice(people: Cast) -> Client:
    return signed_in(people.alice)


@pytest.fixture
def bob(people: Cast) -> Client:
    return signed_in(people.bob)


@pytest.fixture
def charlie(people: Cast) -> Client:
    return signed_in(people.charlie)


def signed_in(person: object) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    # Noted as just used, so that the first page costs what every page costs.
    cache.set(seen_key(client.session.session_key or ""), 1)
    return client

from __future__ import annotations

import pytest
from django.test import Client

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
    return client

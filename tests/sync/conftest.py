"""Worlds for the engine's tests, and settings that point at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from connector.qbo.transport import READ_RETRY
from connector.woo.calls import RETRY
from tests.sync.world import World, small_world

NewWorld = Callable[..., World]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Waits between two tries of a call become nothing; their lengths are proved where they are decided."""
    monkeypatch.setattr("sync.engine.post.LOST_ANSWER_WAIT_SECONDS", 0.0)
    retries = (READ_RETRY, RETRY)
    for retry in retries:
        object.__setattr__(retry, "sleep", lambda _seconds: None)
    yield
    for retry in retries:
        object.__setattr__(retry, "sleep", time.sleep)


def point_at(settings: Settings, world: World) -> World:
    company = world.details["company"]
    settings.INTUIT_CLIENT_ID = company["client_id"]
    settings.INTUIT_CLIENT_SECRET = company["client_secret"]
    settings.INTUIT_DISCOVERY_URL = company["discovery_url"]
    settings.QBO_API_BASE_URL = company["api_base_url"]
    settings.QBO_MAX_REQUESTS_PER_MINUTE = settings.QBO_MAX_REQUESTS_PER_SECOND = 1_000_000
    settings.QBO_MAX_BATCHES_PER_MINUTE = 1_000_000
    return world


@pytest.fixture
def new_world(settings: Settings, tmp_path: Path) -> Iterator[NewWorld]:
    """Makes a world and points the settings at it: `new_world("fr", orders=12)`."""
    with ExitStack() as stack:

        def make(profile: str = "fr", **wanted: Any) -> World:
            return point_at(settings, stack.enter_context(small_world(tmp_path, profile, **wanted)))

        yield make


@pytest.fixture
def world(new_world: NewWorld) -> World:
    """A French shop with a catalogue and no orders yet."""
    return new_world("fr")

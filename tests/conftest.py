"""What every test shares."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings

settings.register_profile("tests", max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile(
    "nightly", settings.get_profile("tests"), max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES") or 2000)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "tests")


@pytest.fixture(autouse=True)
def _begins_in_english() -> Iterator[None]:
    """A request leaves its person's language behind on the thread, and the next test is on the same one."""
    with translation.override("en"):
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden documents; read the difference as a bookkeeper"
    )

"""What every test shares."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("tests", max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile(
    "nightly", settings.get_profile("tests"), max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES") or 2000)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the golden documents; read the difference as a bookkeeper"
    )

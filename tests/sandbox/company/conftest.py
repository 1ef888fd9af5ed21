"""Companies to talk to: one a test, in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.company.app import Company
from tests.sandbox.company.desk import Desk


@pytest.fixture
def open_company() -> Iterator[Callable[..., Desk]]:
    """Opens further companies: `open_company(profile="us", tax_world="us_manual")`."""
    opened: list[Company] = []

    def open_one(**options: Any) -> Desk:
        company = Company(**options)
        opened.append(company)
        return Desk(company)

    yield open_one
    for company in opened:
        company.close()


@pytest.fixture
def desk(open_company: Callable[..., Desk]) -> Desk:
    """A French company, tax world global."""
    return open_company()

"""How the person who asks wants times written; outside a request, as usual in the language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tenants.models import User

_time_format: ContextVar[str] = ContextVar("time_format", default=User.TimeFormat.AUTO)


def time_format() -> str:
    return _time_format.get()


@contextmanager
def times_as(chosen: str) -> Iterator[None]:
    """`chosen`: one of User.TimeFormat."""
    token = _time_format.set(chosen)
    try:
        yield
    finally:
        _time_format.reset(token)

"""What people call an order status: WooCommerce's own in the reader's language, others as the store calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from sync.web.reason_texts import STATUSES
from tenants.models import Tenant

_names: ContextVar[Mapping[str, str]] = ContextVar("status_names")


@contextmanager
def statuses_called(names: Mapping[str, str]) -> Iterator[None]:
    """Until the block ends, statuses bear these names (slug → name) of one store."""
    token = _names.set(names)
    try:
        yield
    finally:
        _names.reset(token)


def names_of_store(tenant: Tenant) -> Mapping[str, str]:
    """What the store last called its statuses, kept whenever its lists are read; no call leaves."""
    names: Mapping[str, str] = (tenant.store_facts or {}).get("statuses") or {}
    return names


def status_name(slug: str, *, other: str = "") -> str:
    """`other`: a name just read from the store. Without any, wc-being-packed reads “Being packed”."""
    bare = slug.removeprefix("wc-")
    if bare in STATUSES:
        return str(STATUSES[bare])
    names = _names.get({})
    known = other if other != slug else ""
    return known or names.get(bare) or names.get(slug) or _readable(bare) or slug


def _readable(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").strip().capitalize()

"""Lists: which rows, in which order, which page, and the headers that tell of it.

WooCommerce behaviour, Lists and paging; Dates. Paging is by offset over the rows of the moment, so rows move between
pages when an order changes; with the posts storage `orderby=modified` has no second key, so rows of one second come in
another order on every page: some twice, some never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.store.clock import Clock, comparable
from sandbox.store.database import Document, Row
from sandbox.store.wire import build_query

Test = Callable[[Row], bool]
SortKey = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, the totals its headers tell (zero past the end), and the first row of the next page."""

    rows: list[Row]
    total: int
    pages: int
    number: int
    following: Row | None = None


def date_tests(params: Mapping[str, Any], clock: Clock) -> list[Test]:
    """`after`, `before`, `modified_after`, `modified_before`: strict, against the local or the UTC column."""
    gmt = bool(params.get("dates_are_gmt"))
    suffix = "_gmt" if gmt else ""
    tests: list[Test] = []
    for prefix, column in (("", "date_created"), ("modified_", "date_modified")):
        name = f"{column}{suffix}"
        if f"{prefix}after" in params:
            tests.append(_later(name, comparable(params[f"{prefix}after"], clock, against_gmt=gmt)))
        if f"{prefix}before" in params:
            tests.append(_earlier(name, comparable(params[f"{prefix}before"], clock, against_gmt=gmt)))
    return tests


def id_tests(params: Mapping[str, Any]) -> list[Test]:
    """`include`, `exclude`, `parent`, `parent_exclude`."""
    tests: list[Test] = []
    if params.get("include"):
        wanted = frozenset(params["include"])
        tests.append(lambda row: row.id in wanted)
    if params.get("exclude"):
        unwanted = frozenset(params["exclude"])
        tests.append(lambda row: row.id not in unwanted)
    if params.get("parent"):
        parents = frozenset(params["parent"])
        tests.append(lambda row: row.parent in parents)
    if params.get("parent_exclude"):
        others = frozenset(params["parent_exclude"])
        tests.append(lambda row: row.parent not in others)
    return tests


def keep(rows: Iterable[Row], tests: Sequence[Test]) -> list[Row]:
    return [row for row in rows if all(test(row) for test in tests)]


def arrange(rows: list[Row], params: Mapping[str, Any], keys: Mapping[str, SortKey], *, default: str) -> list[Row]:
    """Sort by `orderby` and `order` (newest first unless told); `include` keeps the order that was asked."""
    by = params.get("orderby", default)
    if by == "include":
        places = {row_id: place for place, row_id in enumerate(params.get("include") or [])}
        return sorted(rows, key=lambda row: places.get(row.id, len(places)))
    return sorted(rows, key=keys[by], reverse=params.get("order", "desc") == "desc")


def tie_breaker(offset: int) -> SortKey:
    """A second sort key that differs from page to page: what a database does with ties when nothing decides them."""
    return lambda row: hashlib.blake2b(f"{row.id}/{offset}".encode(), digest_size=4).digest()


def first_place(params: Mapping[str, Any]) -> int:
    """The offset of the page: `offset` wins over `page`."""
    per_page = int(params.get("per_page", 10))
    return max(0, int(params.get("offset", (int(params.get("page", 1)) - 1) * per_page)))


def take_page(rows: Sequence[Row], params: Mapping[str, Any]) -> Page:
    per_page, number, start = int(params.get("per_page", 10)), int(params.get("page", 1)), first_place(params)
    chosen = list(rows[start : start + per_page])
    if not chosen and number > 1:
        return Page([], 0, 0, number)
    following = rows[start + per_page] if start + per_page < len(rows) else None
    return Page(chosen, len(rows), -(-len(rows) // per_page), number, following)


def page_headers(page: Page, url: str, query: Mapping[str, Any]) -> dict[str, str]:
    """`X-WP-Total`, `X-WP-TotalPages` and `Link` with the parameters as WordPress understood them."""
    headers = {"X-WP-Total": str(page.total), "X-WP-TotalPages": str(page.pages)}
    rest = {name: value for name, value in query.items() if name != "page"}
    found = []
    if page.number > 1:
        found.append(f'<{url}?{build_query({**rest, "page": min(page.number - 1, page.pages)})}>; rel="prev"')
    if page.pages > page.number:
        found.append(f'<{url}?{build_query({**rest, "page": page.number + 1})}>; rel="next"')
    if found:
        headers["Link"] = ", ".join(found)
    return headers


def contains(text: str, *values: Any) -> bool:
    """A search as MySQL's LIKE does it: anywhere, whatever the case."""
    wanted = text.casefold()
    return any(wanted in str(value).casefold() for value in values if value)


def _later(name: str, pivot: str) -> Test:
    return lambda row: (row.document.get(name) or "") > pivot


def _earlier(name: str, pivot: str) -> Test:
    def test(row: Row) -> bool:
        value = row.document.get(name)
        return bool(value) and str(value) < pivot

    return test


def by_name(document: Document) -> str:
    return str(document.get("name", "")).casefold()

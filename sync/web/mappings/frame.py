"""What the four pages share: verdict, filters, paging, and what they show when a side does not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpRequest, HttpResponse

from connector.errors import SyncError
from sync.web.troubles import find_trouble
from sync.web.workspace import Workspace, show

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Verdict:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One filter chip; `value` is what stands in the address."""

    value: str
    label: str
    count: int
    current: str

    @property
    def is_current(self) -> bool:
        return self.value == self.current


def wanted_rows(rows: Sequence[Row], shown: str, needs_choice: Callable[[Row], bool]) -> list[Row]:
    """All of them, those to match ("open") or those that are ("matched")."""
    if shown not in ("open", "matched"):
        return list(rows)
    return [row for row in rows if needs_choice(row) is (shown == "open")]


def show_trouble(request: HttpRequest, workspace: Workspace, page: str, error: Exception) -> HttpResponse:
    """The page with what went wrong and its cure; nothing that was chosen is lost."""
    reason = error.reason if isinstance(error, SyncError) else "quickbooks_not_connected"
    context = {
        "trouble": find_trouble(reason),
        "page_key": page,
        "is_unconnected": reason in ("quickbooks_not_connected", "store_not_connected"),
    }
    return show(request, workspace, "sync/mappings/trouble.html", "mappings", context)

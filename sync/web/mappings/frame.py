"""What the four pages share: verdict, filters, paging, and what they show when a side does not answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

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


def overtaken(request: HttpRequest, *, now: str, wanted: str, name: str) -> str:
    """What to say where a row was chosen anew since this person's page was made; "" where it stands as they saw it.

    now, wanted: as the row's form sends them; `was` is what it began from. name: of what is chosen now."""
    if request.POST.get("was", now) == now or now == wanted:
        return ""
    if not now:
        return _("Since you opened this page the choice was taken back here. Choose again if you still want to.")
    text = _("Since you opened this page “%(name)s” was chosen here. Choose again if you still want to.")
    return text % {"name": name}


def show_trouble(request: HttpRequest, workspace: Workspace, page: str, error: Exception) -> HttpResponse:
    """The page with what went wrong and its cure; nothing that was chosen is lost."""
    reason = error.reason if isinstance(error, SyncError) else "quickbooks_not_connected"
    context = {
        "trouble": find_trouble(reason),
        "page_key": page,
        "is_unconnected": reason in ("quickbooks_not_connected", "store_not_connected"),
    }
    return show(request, workspace, "sync/mappings/trouble.html", "mappings", context)

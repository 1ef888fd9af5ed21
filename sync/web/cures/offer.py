"""What a card asks, as values that one template renders, and what a decision says afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sync.reports import Cause
from sync.web.picking import Search
from sync.web.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. hint: why the value is proposed (a suggestion says its reason). `sparkles` marks a suggestion.

    search: finds what a long list of items does not show."""

    name: str
    label: str
    kind: Literal["select", "radio", "text"] = "select"
    options: Sequence[Option] = ()
    value: str = ""
    hint: str = ""
    is_suggested: bool = False
    limit: int = 0
    search: Search | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """`action` goes to the cure's own `take`; `url` is an address that takes the decision itself, by POST."""

    label: str
    action: str = ""
    url: str = ""
    look: Literal["primary", "", "quiet"] = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A link to the very place that cures it, or to a page that asks more."""

    label: str
    url: str
    is_dialog: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing as the store and as the document in the books have it. agrees None: not to be compared."""

    label: str
    store: str
    books: str
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """note: one sentence above the control. pairs: what a person compares before deciding. replaces_retry: retrying
    without a choice would change nothing."""

    fields: Sequence[Field] = ()
    buttons: Sequence[Button] = ()
    ways: Sequence[Way] = ()
    note: str = ""
    pairs: Sequence[Pair] = ()
    replaces_retry: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was taken. can_undo: it is a new version of the settings, which can be taken back."""

    sentence: str
    can_undo: bool = False
    looks_again: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the decision cannot be taken, and what to do; nothing was changed."""

    sentence: str


Answers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cure:
    """offer: None where this cause has nothing to decide here. take: answers by field name, with "action"."""

    offer: Callable[[Workspace, Cause], Offer | None]
    take: Callable[[Workspace, Cause, Answers], Taken | Refused] = field(
        default=lambda _workspace, _cause, _answers: Refused("")
    )

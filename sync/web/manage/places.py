"""What a place on a page is: an option's path in the tenant document with its words, its control and its list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sync.schema import SCHEMA, Option, Reference
from sync.web.reason_texts import Text

Control = Literal["switch", "radio", "select", "ticks", "text", "date", "days", "pairs"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of few values; `then` says what follows from it."""

    value: str
    label: Text
    then: Text = ""


@dataclass(frozen=True, slots=True)
class Place:
    """path: in the tenant document, e.g. orders.document or tenant.report.when. none: the name of the empty choice.

    list_name: where a select's or ticks' choices are read (lists.py). lock: what has to hold, by name (locks.py). note:
    what is said live under the control (notes.py)."""

    path: str
    label: Text
    help: Text = ""
    control: Control = "select"
    choices: tuple[Choice, ...] = ()
    list_name: str = ""
    none: Text = ""
    lock: str = ""
    note: str = ""
    missing: Text = ""
    """What to say when a value is needed and there is none."""

    @property
    def key(self) -> str:
        """The field's name, also good for ids and selectors."""
        return self.path.replace(".", "-")

    @property
    def option(self) -> Option | None:
        """Of the schema; None for the few values that are no path of it by themselves."""
        return SCHEMA.get(self.path)

    @property
    def is_reference(self) -> bool:
        return self.option is not None and isinstance(self.option.kind, Reference)

    @property
    def is_nullable(self) -> bool:
        return self.option is not None and self.option.nullable

    def choice(self, value: Any) -> Choice | None:
        return next((one for one in self.choices if one.value == value), None)


@dataclass(frozen=True, slots=True)
class Card:
    """Places that belong together. link: name of an address where the rest of the subject is set, with its words."""

    title: Text
    places: tuple[Place, ...]
    text: Text = ""
    link: str = ""
    link_text: Text = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One page. scope: from when a change of it applies. previews: a change shows on the latest order."""

    key: str
    title: Text
    cards: tuple[Card, ...]
    scope: Literal["orders", "sync"] = "orders"
    previews: bool = True

    @property
    def places(self) -> Iterator[Place]:
        for card in self.cards:
            yield from card.places


@dataclass(slots=True)
class Located:
    """Where an option is set."""

    subject: Subject
    place: Place


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An option that is set on another page: its name, the words for it and for where it is."""

    path: str
    label: Text
    page: str


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of an options document; None where nothing does."""
    found: Any = document
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def put(document: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    place = document
    for name in above:
        place = place.setdefault(name, {})
    place[last] = value


@dataclass(slots=True)
class Index:
    """Subjects and places by name, built once from the table."""

    subjects: tuple[Subject, ...]
    elsewhere: tuple[Elsewhere, ...]
    by_path: dict[str, Located] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for subject in self.subjects:
            for place in subject.places:
                if place.path in self.by_path:
                    raise ValueError(f"{place.path} has two places")
                self.by_path[place.path] = Located(subject, place)

    def subject(self, key: str) -> Subject:
        return next(subject for subject in self.subjects if subject.key == key)

    def locate(self, path: str) -> Located | None:
        """The place of a path, or of the option that a longer path lies in."""
        while path:
            if path in self.by_path:
                return self.by_path[path]
            path = path.rpartition(".")[0]
        return None

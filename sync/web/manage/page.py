"""A page of the Manage tab as its template draws it: rows, live notes, what changed, and the preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from django.forms import BoundField
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sync import choices
from sync.models import OptionsVersion
from sync.portability import changes_between
from sync.templatetags.formats import count
from sync.web.manage.form import OptionsForm
from sync.web.manage.lists import Lists
from sync.web.manage.locks import locked_choices
from sync.web.manage.notes import Draft, Note, note_for
from sync.web.manage.pairs import PairRow, PairsField
from sync.web.manage.places import Card, Place, Subject, value_at
from sync.web.manage.table import TABLE
from sync.web.manage.words import ChangeWords, change_words
from sync.web.reason_texts import Text
from sync.web.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Option:
    """One radio or tick with what follows from it."""

    tag: str
    id: str
    label: Text
    then: Text = ""


@dataclass(slots=True)
class Row:
    """One place on the page. reason: why it is locked."""

    place: Place
    field: BoundField
    reason: str
    note: Note | None
    is_changed: bool
    options: list[Option] = default(default_factory=list)
    pairs: list[PairRow] = default(default_factory=list)

    @property
    def key(self) -> str:
        return self.place.key

    @property
    def is_group(self) -> bool:
        return self.place.control in ("radio", "ticks", "pairs")


@dataclass(slots=True)
class CardRows:
    card: Card
    rows: list[Row]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    title: Text
    url: str
    is_here: bool


def tabs(workspace: Workspace, here: str) -> list[Tab]:
    slug = workspace.tenant.slug
    found = [
        Tab(one.key, one.title, reverse(f"manage_{one.key}", args=[slug]), one.key == here) for one in TABLE.subjects
    ]
    return [*found, Tab("reports", _("Reports"), reverse("reports", args=[slug]), here == "reports")]


@dataclass(slots=True)
class Page:
    """One look at a subject. version: the one the form begins from, None while nothing was ever saved."""

    workspace: Workspace
    subject: Subject
    lists: Lists
    version: OptionsVersion | None
    form: OptionsForm
    is_posted: bool = False

    @property
    def saved(self) -> Mapping[str, Any]:
        return self.form.document

    def wanted(self) -> dict[str, Any]:
        """The options with what stands on the page, as far as it is valid."""
        sections = self.form.sections() if self.is_posted and hasattr(self.form, "cleaned_data") else {}
        return choices.merge(self.workspace.tenant, self.saved, sections)

    def changes(self) -> list[ChangeWords]:
        return change_words(_named(changes_between(self.saved, self.wanted()), self.lists))

    def cards(self) -> list[CardRows]:
        draft = Draft(self.lists, self.saved, self.wanted(), is_posted=self.is_posted)
        return [
            CardRows(card, [self._row(place, draft) for place in card.places], self._link(card))
            for card in self.subject.cards
        ]

    def rows(self) -> list[Row]:
        return [row for card in self.cards() for row in card.rows]

    def _row(self, place: Place, draft: Draft) -> Row:
        bound = self.form[place.key]
        is_posted = self.is_posted and hasattr(self.form, "cleaned_data")
        row = Row(
            place,
            bound,
            self.form.reasons[place.key],
            note_for(place.note, draft),
            is_posted and self.form.is_changed(place),
        )
        if place.control in ("radio", "ticks"):
            row.options = self._options(place, bound)
        elif place.control == "pairs":
            row.pairs = bound.field.rows(place.key, bound.value() or ()) if isinstance(bound.field, PairsField) else []
        return row

    def _options(self, place: Place, bound: BoundField) -> list[Option]:
        locked = locked_choices(place.path, self.lists.facts)
        if value_at(self.saved, place.path) in tuple(locked):
            locked = frozenset()
        found = []
        for one in bound.subwidgets:
            value = str(one.data["value"])
            if value in locked:
                one.data["attrs"]["disabled"] = True
            choice = place.choice(value)
            found.append(Option(one.tag(), one.id_for_label, one.choice_label, choice.then if choice else ""))
        return found

    def _link(self, card: Card) -> str:
        return reverse(card.link, args=[self.workspace.tenant.slug]) if card.link else ""

    def scope_sentence(self, changed: int) -> str:
        """From when it applies, and what it leaves alone."""
        if self.subject.scope == "orders":
            return ngettext(
                "It applies to orders not yet sent; documents already sent stay as they are.",
                "They apply to orders not yet sent; documents already sent stay as they are.",
                changed,
            )
        return ngettext("It applies from the next sync.", "They apply from the next sync.", changed)


def counted(changed: int) -> str:
    return ngettext("%(count)s setting changed", "%(count)s settings changed", changed) % {"count": count(changed)}


def _named(changes: list[Any], lists: Lists) -> list[Any]:
    """Objects just chosen bear only their id: their names are put in, so that they can be read."""
    kinds = {located.place.path: located.place.list_name for located in TABLE.by_path.values()}

    def named(path: str, value: Any) -> Any:
        if not isinstance(value, Mapping) or "id" not in value or value.get("name"):
            return value
        kind = kinds.get(path) or kinds.get(path.rpartition(".")[0], "")
        name = lists.name_of(kind, str(value["id"])) if kind else str(value["id"])
        return {**value, "name": name}

    return [type(one)(one.path, named(one.path, one.before), named(one.path, one.after)) for one in changes]


def saved_sentence(page: Page, changed: int) -> str:
    if not changed:
        return _("Nothing was changed.")
    return f"{counted(changed)}. {page.scope_sentence(changed)}"

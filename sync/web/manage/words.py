"""Values of options in words, for lists of changes, for the history and for the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from sync.portability import Change
from sync.templatetags.formats import count, long_date
from sync.web.manage.places import Place
from sync.web.manage.table import TABLE
from sync.web.reasons import fill
from sync.web.statuses import status_name

MOST = 80
"""Characters of a value that are shown in a list of changes."""


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """One change as people read it. subject: name of the page where it is set, "" where it is none of ours."""

    path: str
    label: str
    before: str
    after: str
    subject: str = ""


def change_words(changes: Iterable[Change]) -> list[ChangeWords]:
    """Leaf by leaf; the names of what a person sees, with the path where an option is newer than its words."""
    return [
        ChangeWords(
            change.path,
            label_of(change.path),
            value_words(change.path, change.before),
            value_words(change.path, change.after),
            subject_of(change.path),
        )
        for change in changes
    ]


def label_of(path: str) -> str:
    located = TABLE.locate(path)
    if located is not None:
        place = located.place
        rest = path.removeprefix(place.path).lstrip(".")
        return f"{place.label} · {rest}" if rest else str(place.label)
    for one in TABLE.elsewhere:
        if path == one.path or path.startswith((f"{one.path}.", f"{one.path}[")):
            return str(one.label)
    return path


def subject_of(path: str) -> str:
    located = TABLE.locate(path)
    return located.subject.key if located is not None else ""


def value_words(path: str, value: Any) -> str:
    located = TABLE.locate(path)
    place = located.place if located is not None else None
    if value is None or value == "":
        return str(place.none) if place is not None and place.none and path == place.path else pgettext("value", "none")
    if isinstance(value, bool):
        return _("on") if value else _("off")
    text = _text(path, value, place if place is not None and place.path == path else None)
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def _text(path: str, value: Any, place: Place | None) -> str:
    if place is not None and (choice := place.choice(value)) is not None:
        return str(choice.label)
    if path == "orders.statuses":
        return ", ".join(status_name(str(one)) for one in value) or pgettext("value", "none")
    if path == "tenant.start_date":
        return long_date(value)
    if path == "retention_days":
        return ngettext("%(count)s day", "%(count)s days", value) % {"count": count(value)}
    if isinstance(value, Mapping):
        if "name" in value or "id" in value:
            return str(value.get("name") or value.get("id"))
        return ", ".join(f"{key}: {value_words('', one)}" for key, one in value.items()) or pgettext("value", "none")
    if isinstance(value, list):
        if all(isinstance(one, str) for one in value):
            return ", ".join(value) or pgettext("value", "none")
        return "; ".join(_row(one) for one in value)
    return str(value)


def _row(row: Any) -> str:
    """One row of a mapping: what stands for what."""
    if not isinstance(row, Mapping):
        return str(row)
    if "rate_ids" in row:
        name = (row.get("tax_code") or {}).get("name", "")
        return f"{'+'.join(str(one) for one in row['rate_ids'])} → {name}"
    if "gateway" in row:
        account = (row.get("account") or {}).get("name") or _("do not record")
        return f"{row['gateway']} → {account}"
    return ", ".join(f"{key}: {value_words('', one)}" for key, one in row.items())


def page_words(path: str) -> str:
    """“Orders: Shipping item”: where a problem of a whole document stands."""
    located = TABLE.locate(path)
    label = label_of(path)
    if located is None:
        return label
    return fill(_("%(page)s: %(option)s"), {"page": located.subject.title, "option": label})

"""Values of options in words, for lists of changes, for the history and for the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from sync.models import Mapping as SeenInStore
from sync.portability import Change
from sync.setup import known_lists
from sync.templatetags.formats import count, long_date
from sync.web.manage.places import Place
from sync.web.manage.table import TABLE
from sync.web.reasons import fill
from sync.web.statuses import status_name
from tenants.models import Tenant

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


_ROWS: Mapping[str, tuple[str, str]] = {
    "taxes.rates": ("rate_ids", "tax_code"),
    "payments.methods": ("gateway", "account"),
}
"""Lists whose rows are choices of their own: what tells a row, and what is chosen in it."""
_row_names: ContextVar[Mapping[str, str]] = ContextVar("row_names")


@contextmanager
def rows_called(tenant: Tenant) -> Iterator[None]:
    """Until the block ends, rates and payment methods bear the store's names where they are known without a call."""
    kinds = (SeenInStore.Kind.TAX_RATE, SeenInStore.Kind.GATEWAY)
    seen = SeenInStore.objects.for_tenant(tenant).filter(kind__in=kinds).exclude(label="")
    names = dict(seen.values_list("store_key", "label"))
    lists = known_lists(tenant)
    if lists is not None:
        names |= {str(rate.id): rate.name for rate in lists.rates} | {one.id: one.title for one in lists.gateways}
    token = _row_names.set(names)
    try:
        yield
    finally:
        _row_names.reset(token)


def change_words(changes: Iterable[Change]) -> list[ChangeWords]:
    """Leaf by leaf; the names of what a person sees, with the path where an option is newer than its words."""
    return [words for change in changes for words in _words_of(change)]


def _words_of(change: Change) -> list[ChangeWords]:
    label, subject = label_of(change.path), subject_of(change.path)
    rows = row_changes(change.path, change.before, change.after)
    if rows:
        return [ChangeWords(change.path, f"{label} · {row}", before, after, subject) for row, before, after in rows]
    before, after = value_words(change.path, change.before), value_words(change.path, change.after)
    return [ChangeWords(change.path, label, before, after, subject)]


def row_changes(path: str, before: Any, after: Any) -> list[tuple[str, str, str]]:
    """(row, from, to) of each row that differs in a list of choices; none for any other option."""
    if path not in _ROWS or not _is_rows(before) or not _is_rows(after):
        return []
    key = _ROWS[path][0]
    old, new = ({str(row.get(key)): row for row in rows or ()} for rows in (before, after))
    changed = [one for one in dict.fromkeys([*old, *new]) if old.get(one) != new.get(one)]
    return [
        (_row_name((new.get(one) or old[one])[key]), _chosen(path, old.get(one)), _chosen(path, new.get(one)))
        for one in changed
    ]


def _is_rows(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(row, Mapping) for row in value))


def _row_name(key: Any) -> str:
    names = _row_names.get({})
    ids = [str(one) for one in key] if isinstance(key, list) else [str(key)]
    return names.get(",".join(sorted(ids, key=lambda one: (len(one), one)))) or " + ".join(
        names.get(one, one) for one in ids
    )


def _chosen(path: str, row: Mapping[str, Any] | None) -> str:
    if row is None:
        return pgettext("value", "none")
    if row.get("record") is False:
        return _("do not record")
    parts = [row.get(_ROWS[path][1]), row.get("payment_method")]
    return " · ".join(str(one.get("name") or one.get("id")) for one in parts if one) or pgettext("value", "none")


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
        return f"{_row_name(row['rate_ids'])} → {_chosen('taxes.rates', row)}"
    if "gateway" in row:
        return f"{_row_name(row['gateway'])} → {_chosen('payments.methods', row)}"
    return ", ".join(f"{key}: {value_words('', one)}" for key, one in row.items())


def page_words(path: str) -> str:
    """“Orders: Shipping item”: where a problem of a whole document stands."""
    located = TABLE.locate(path)
    label = label_of(path)
    if located is None:
        return label
    return fill(_("%(page)s: %(option)s"), {"page": located.subject.title, "option": label})

"""A proof: one option chosen in several ways on its page, a sync each time, and what then stands in the company."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from sync.models import Record
from sync.schema import with_defaults
from sync.web.manage.table import TABLE
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import NewWorld
from tests.sync.web.conftest import signed_in
from tests.sync.web.test_manage import filled, page
from tests.sync.world import World, run_to_end

TEA = [{"sku": "THE-SEN-100", "quantity": 1}]


@dataclass(frozen=True, slots=True)
class Named:
    """A row of one of the company's lists, by its name: pages send its id."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Books:
    """What a sync left: the company's ledger and lists, and the workspace's records."""

    world: World
    tenant: Tenant

    def documents(self, *kinds: str) -> list[dict[str, Any]]:
        """Each with all its JSON, and its sums as texts."""
        shown = self.world.documents(*kinds)
        whole = {(kind, one["Id"]): one for kind in {one["type"] for one in shown} for one in self.world.names(kind)}
        return [{**whole[one["type"], one["Id"]], **one} for one in shown]

    def only(self, *kinds: str) -> dict[str, Any]:
        [found] = self.documents(*kinds)
        return found

    @property
    def kinds(self) -> list[str]:
        return sorted(one["type"] for one in self.documents())

    @property
    def sale(self) -> dict[str, Any]:
        return self.only("Invoice", "SalesReceipt")

    def row(self, kind: str, name: str, field_name: str = "Name") -> dict[str, Any]:
        return next(one for one in self.world.names(kind) if one.get(field_name) == name)

    def lines(self, document: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The product or service and the amount of every line."""
        details = [(line, line.get("SalesItemLineDetail")) for line in document["Line"]]
        return [(str(detail["ItemRef"]["name"]), f"{line['Amount']:.2f}") for line, detail in details if detail]

    def balance(self, account: str) -> str:
        return next(str(one["balance"]) for one in self.world.ledger()["accounts"] if one["Name"] == account)

    def reasons(self, source: str = "order") -> set[str]:
        rows = Record.objects.for_tenant(self.tenant).filter(source=source)
        return set(rows.values_list("reason", flat=True)) - {""}

    def held_or(self, told: Callable[[], Any]) -> Any:
        """What stands there, or, where nothing was sent, why."""
        return told() if self.documents("Invoice", "SalesReceipt") else self.reasons()


Told = Callable[[Books], Any]
Value = str | list[str] | Mapping[str, Any] | Named | None


def sells_tea(world: World) -> None:
    world.add_order(line_items=TEA)


def syncs_once(books: Books) -> None:
    run_to_end(books.tenant)


def choose(world: World, tenant: Tenant, path: str, wanted: Mapping[str, Value]) -> None:
    """Saves, as the owner, the pages that the fields stand on: that of the option itself at the end."""
    client = owner_of(tenant)
    own = TABLE.by_path[path].subject.key
    for subject in sorted({_subject_of(key) for key in wanted}, key=lambda one: one == own):
        fields = {key: value for key, value in wanted.items() if _subject_of(key) == subject}
        save(world, client, page(tenant, subject), fields)


def save(world: World, client: Client, url: str, fields: Mapping[str, Value]) -> None:
    data = filled(client, url)
    for key, value in fields.items():
        data = {name: sent for name, sent in data.items() if name != key and not name.startswith(f"{key}-")}
        data |= _sent(world, key, value)
    answer = client.post(url, data)
    assert answer.status_code == 302, answer.context["errors"]


def owner_of(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def _subject_of(key: str) -> str:
    return next(one.key for one in TABLE.subjects if any(place.key == key for place in one.places))


def _sent(world: World, key: str, value: Value) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Named):
        return {key: id_of(world, value)}
    if isinstance(value, Mapping):
        rows = list(enumerate(value.items()))
        names = {f"{key}-{n}-name": name for n, (name, _row) in rows}
        return names | {f"{key}-{n}-item": id_of(world, row) for n, (_name, row) in rows}
    return {key: value}


def id_of(world: World, row: Named) -> str:
    return next(str(one["Id"]) for one in world.names(row.kind) if one["Name"] == row.name)


@dataclass(frozen=True, slots=True)
class Proof:
    """changes: one plain sentence for docs/options.md. ways: what is chosen, each with what `told` must read then;
    None leaves the field out, as a browser does with a switch that is off.

    given: what happened in shop and company before the workspace was connected, with `settings`. along: fields sent
    with each way. then: what happens after the choice; one sync unless it says otherwise. chosen: how a merchant
    chooses it where that is not a field of a page of Manage.
    """

    changes: str
    told: Told
    ways: tuple[tuple[Value, Any], ...]
    given: Callable[[World], None] = sells_tea
    along: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    then: Callable[[Books], None] = syncs_once
    chosen: Callable[[World, Tenant, str, Mapping[str, Any]], None] = choose
    profile: str = "fr"

    def books_by_way(self, path: str, new_world: NewWorld) -> list[Any]:
        """What is told of the books of a company of its own for each way."""
        return [self._told_of(path, value, new_world) for value, _expected in self.ways]

    def _told_of(self, path: str, value: Value, new_world: NewWorld) -> Any:
        cache.clear()
        world = new_world(self.profile)
        self.given(world)
        with _undone():
            tenant = world.connect(**self.settings)
            self.chosen(world, tenant, path, {**self.along, **_fields(path, value)})
            _carry_over(world, world.document(**self.settings), tenant)
            books = Books(world, world.document_tenant())
            self.then(books)
            return self.told(books)


def _fields(path: str, value: Value) -> Mapping[str, Value]:
    """Of one option by its own field; mappings are named with all that their row sends."""
    if path in TABLE.by_path:
        return {TABLE.by_path[path].place.key: value}
    assert isinstance(value, Mapping)
    return value


def _carry_over(world: World, before: Mapping[str, Any], tenant: Tenant) -> None:
    """What the page saved goes out as the tenant document, is undone, and comes back by that document alone."""
    file = io.StringIO()
    call_command("tenant_export", tenant.slug, stdout=file)
    whole = with_defaults(before)
    world.apply({name: section for name, section in whole.items() if name not in ("woocommerce", "quickbooks")})
    world.apply(json.loads(file.getvalue()))


@contextmanager
def _undone() -> Iterator[None]:
    """Two companies of a proof bear one realm; the second finds a database that never knew the first."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)

"""Death between any two steps of following edits, replacing, sending again and undoing: the books end the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from sync.models import Batch, Posting, Record, Request, Run
from tenants.models import Tenant
from tests.sync.asking import carried_out, wish
from tests.sync.test_crashes import Lab, _count_steps, _lab, _run_until_death
from tests.sync.test_edits import add_line, remove_line
from tests.sync.test_refunds import POT, TEA, refund, unpaid
from tests.sync.test_resync import change_by_hand
from tests.sync.world import World, assert_all_ended, assert_no_duplicates, finish, run_to_end

pytestmark = pytest.mark.django_db


def _edits(world: World, tenant: Tenant) -> None:
    """A paid invoice that grows, one that shrinks below its payment, an unpaid one with a refund and a new item."""
    grows, shrinks = world.add_order(line_items=[TEA]), world.add_order(line_items=[TEA, POT])
    refunded = unpaid(world)
    refund(world, refunded, amount="2.00")
    run_to_end(tenant)
    add_line(world, grows)
    remove_line(world, shrinks)
    add_line(world, refunded, sku="LIV-OKA", quantity=1)


def _lives(world: World, tenant: Tenant) -> None:
    paid = world.add_order(line_items=[TEA, POT])
    refund(world, paid, amount="5.00")
    open_one = unpaid(world)
    refund(world, open_one, amount="2.00")
    run_to_end(tenant)


def _changed(world: World, tenant: Tenant) -> None:
    world.add_order(line_items=[TEA, POT])
    run_to_end(tenant)
    change_by_hand(world, "Invoice")
    carried_out(tenant, Request.Kind.RESYNC, Record.objects.get())


def _gone(world: World, tenant: Tenant) -> None:
    world.add_order(line_items=[TEA, POT])
    run_to_end(tenant)
    invoice = world.documents("Invoice")[0]
    world.edit_books("Invoice", id=invoice["Id"], delete=True)
    carried_out(tenant, Request.Kind.RESYNC, Record.objects.get())


SCENES: dict[str, tuple[Callable[[World, Tenant], None], Callable[[Tenant], object]]] = {
    "edits": (_edits, lambda _tenant: None),
    "resync": (_edits, lambda tenant: wish(tenant, Request.Kind.RESYNC, *Record.objects.all())),
    "undo": (_lives, lambda tenant: wish(tenant, Request.Kind.UNDO, *Record.objects.filter(source="order"))),
    "replace": (_changed, lambda tenant: wish(tenant, Request.Kind.REPLACE, Record.objects.get())),
    "keep": (_changed, lambda tenant: wish(tenant, Request.Kind.KEEP, Record.objects.get())),
    "post again": (_gone, lambda _tenant: Record.objects.get().post_again(by="a person")),
}


@pytest.fixture
def scene(request: pytest.FixtureRequest, db: None, settings: Settings, tmp_path: Path) -> Iterator[Lab]:
    with _lab(settings, tmp_path, live=SCENES[request.param][0], document="invoice") as lab:
        yield lab


@pytest.mark.parametrize(("scene", "name"), [(name, name) for name in SCENES], indirect=["scene"])
def test_a_death_at_any_step_leaves_the_books_of_one_clean_run(scene: Lab, name: str) -> None:
    begin = SCENES[name][1]
    with scene.fresh(0):
        begin(scene.tenant)
        steps = _count_steps(scene.tenant)
        expected, ended = scene.world.books(scene.tenant), _states()
    assert len(steps) >= 5
    for place, step in enumerate(steps, start=1):
        with scene.fresh(place):
            begin(scene.tenant)
            run = finish(_run_until_death(scene.tenant, place))
            told = f"died at step {place}, {step}"
            assert run.state == Run.State.FINISHED, told
            assert scene.world.books(scene.tenant) == expected, told
            assert _states() == ended, told
            assert_no_duplicates(scene.world)
            assert_all_ended(scene.tenant)
            assert not Request.objects.filter(state=Request.State.OPEN).exists(), told
            assert not Batch.objects.filter(state=Batch.State.OPEN).exists(), told
            assert not Posting.objects.filter(state=Posting.State.PLANNED).exists(), told


def _states() -> list[tuple[str, int, str, str]]:
    return sorted(Record.objects.values_list("source", "woo_id", "state", "reason"))

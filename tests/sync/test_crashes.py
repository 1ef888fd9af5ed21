"""Death between any two steps: whatever was made durable before it, the books end as after one clean run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from sandbox.company.app import Company as StandIn
from sandbox.http import Server
from sync.engine.requests import request_run
from sync.models import Batch, Posting, Record, Run
from tenants.models import Tenant
from tests.sync.conftest import point_at
from tests.sync.world import (
    Crash,
    World,
    assert_all_ended,
    assert_no_duplicates,
    buyer,
    die_holding_the_lease,
    finish,
    one_slice,
    run_to_end,
    small_world,
    wake,
)


@dataclass
class Lab:
    """A world whose company and rows can be put back to the moment after connecting."""

    world: World
    tenant: Tenant
    saved: Path
    server: Server

    @contextmanager
    def fresh(self, number: int) -> Iterator[None]:
        place = self.saved.parent / f"company-{number}"
        shutil.copytree(self.saved, place)
        stand_in = StandIn(profile=self.world.profile, state=place)
        stand_in.throttle.change({"off": True})
        self.world.box.company = stand_in
        try:
            with transaction.atomic():
                yield
                transaction.set_rollback(True)
        finally:
            stand_in.close()
            shutil.rmtree(place)


def _orders(world: World) -> None:
    """New and known buyers, new and known products, paid and unpaid, a coupon-less fee, a refund."""
    tea = {"sku": "THE-SEN-100", "quantity": 2}
    pot = {"sku": "THI-FON-08", "quantity": 1}
    world.add_order(line_items=[tea])
    world.add_order(line_items=[pot, tea], **buyer("Ahmed", "Benali", "ahmed@benali.example"))
    world.add_order(line_items=[pot], fee_lines=[{"name": "Emballage", "total": "2.50"}])
    world.add_order(
        line_items=[{"sku": "LIV-OKA", "quantity": 3}],
        payment_method="bacs",
        set_paid=False,
        status="on-hold",
        **buyer("Zoé", "Petit", "zoe@petit.example"),
    )
    world.add_order(line_items=[pot], meta_data=_deposit_and_balance("20.00", "44.90"))
    refunded = world.add_order(line_items=[tea], status="completed")
    world.store_control("refunds", order=refunded, amount="5.00")
    world.store_control("refunds", order=refunded, amount="1.00")
    _unpaid_and_refunded(world)


def _deposit_and_balance(deposit: str, balance: str) -> list[dict[str, str]]:
    """Both received, as a deposit plugin keeps them."""
    values = {"deposit_amount": deposit, "second_payment": balance, **dict.fromkeys(_YES, "yes")}
    return [{"key": f"_wc_deposits_{name}", "value": value} for name, value in values.items()]


_YES = ("order_has_deposit", "deposit_paid", "second_payment_paid")


def _unpaid(world: World) -> int:
    return world.add_order(
        line_items=[{"sku": "THE-SEN-100", "quantity": 2}], payment_method="bacs", set_paid=False, status="on-hold"
    )


def _unpaid_and_refunded(world: World) -> int:
    order_id = _unpaid(world)
    world.store_control("refunds", order=order_id, amount="3.00")
    world.tick()
    return order_id


def _later_life(world: World, tenant: Tenant) -> None:
    """Invoices of an earlier run are cancelled, refunded, cancelled after a refund, and paid after one."""
    cancelled, refunded = _unpaid(world), _unpaid(world)
    both, paid = _unpaid_and_refunded(world), _unpaid_and_refunded(world)
    run_to_end(tenant)
    world.change_order(cancelled, status="cancelled")
    world.store_control("refunds", order=refunded, whole=True)
    world.store_control("refunds", order=both, amount="2.00")
    world.change_order(both, status="cancelled")
    world.change_order(paid, status="processing", set_paid=True)


@pytest.fixture(params=["sales_receipt", "invoice"])
def lab(request: pytest.FixtureRequest, db: None, settings: Settings, tmp_path: Path) -> Iterator[Lab]:
    with _lab(settings, tmp_path, prepare=_orders, document=request.param) as lab:
        yield lab


@pytest.fixture(params=["credit_memo", "void"])
def later(request: pytest.FixtureRequest, db: None, settings: Settings, tmp_path: Path) -> Iterator[Lab]:
    with _lab(settings, tmp_path, live=_later_life, document="invoice", orders={"cancelled": request.param}) as lab:
        yield lab


@contextmanager
def _lab(
    settings: Settings,
    tmp_path: Path,
    *,
    prepare: Callable[[World], None] = lambda _world: None,
    live: Callable[[World, Tenant], None] = lambda _world, _tenant: None,
    **wanted: Any,
) -> Iterator[Lab]:
    """prepare: what the shop holds before it is connected; live: what happens after that and is not yet synced."""
    saved = tmp_path / "saved"
    with small_world(tmp_path) as world:
        stand_in = StandIn(profile="fr", state=saved)
        stand_in.throttle.change({"off": True})
        first = world.box.company
        world.box.company = stand_in
        server = Server(lambda asked: world.box.company.handle(asked))
        server.start()
        world.box._company_server.stop()
        world.box._company_server = server
        first.close()
        point_at(settings, World(world.box, "fr", tmp_path))
        world.details = world.box.connection_details
        prepare(world)
        tenant = world.connect(**wanted)
        live(world, tenant)
        stand_in.close()
        yield Lab(world, tenant, saved, server)
        world.box.company = StandIn(profile="fr")


def _advance(run: Run, checkpoint: Callable[[str], None]) -> None:
    while one_slice(run, checkpoint=checkpoint).more:
        pass


def _count_steps(tenant: Tenant) -> list[str]:
    steps: list[str] = []
    run, _ = request_run(tenant, trigger="test")
    _advance(run, steps.append)
    return steps


def _die_at(place: int) -> Callable[[str], None]:
    passed = 0

    def checkpoint(_name: str) -> None:
        nonlocal passed
        passed += 1
        if passed == place:
            raise Crash

    return checkpoint


def _run_until_death(tenant: Tenant, place: int) -> Run:
    run, _ = request_run(tenant, trigger="test")
    with pytest.raises(Crash):
        _advance(run, _die_at(place))
    assert tenant.company is not None
    die_holding_the_lease(tenant.company.pk)
    return run


def test_a_death_at_any_step_leaves_the_books_of_one_clean_run(lab: Lab) -> None:
    with lab.fresh(0):
        steps = _count_steps(lab.tenant)
        expected = lab.world.books(lab.tenant)
    assert len(expected["documents"]) >= 4
    assert set(steps) >= {"page", "pulled", "considered", "batched", "called", "answer stored", "settled", "planned"}
    for place, name in enumerate(steps, start=1):
        with lab.fresh(place):
            run = finish(_run_until_death(lab.tenant, place))
            told = f"died at step {place}, {name}"
            assert run.state == Run.State.FINISHED, told
            assert lab.world.books(lab.tenant) == expected, told
            assert_no_duplicates(lab.world)
            assert_all_ended(lab.tenant)
            assert not Batch.objects.filter(state=Batch.State.OPEN).exists(), told
            assert not Posting.objects.filter(state=Posting.State.PLANNED).exists(), told


def test_a_death_at_any_step_of_taking_back_leaves_the_books_of_one_clean_run(later: Lab) -> None:
    with later.fresh(0):
        steps = _count_steps(later.tenant)
        expected = later.world.books(later.tenant)
        assert not Record.objects.exclude(state=Record.State.SYNCED).exists()
    assert set(steps) >= {"considered", "refunds considered", "refund planned", "called", "answer stored", "settled"}
    for place, name in enumerate(steps, start=1):
        with later.fresh(place):
            run = finish(_run_until_death(later.tenant, place))
            told = f"died at step {place}, {name}"
            assert run.state == Run.State.FINISHED, told
            assert later.world.books(later.tenant) == expected, told
            assert_no_duplicates(later.world)
            assert not Record.objects.exclude(state=Record.State.SYNCED).exists(), told


def test_dying_again_and_again_a_step_further_each_time_ends_the_same(lab: Lab) -> None:
    with lab.fresh(0):
        run_to_end(lab.tenant)
        expected = lab.world.books(lab.tenant)
    with lab.fresh(1):
        for place in range(1, 12):
            run, _ = request_run(lab.tenant, trigger="test")
            wake(run)
            if not run.is_active:
                break
            try:
                one_slice(run, checkpoint=_die_at(place))
            except Crash:
                die_holding_the_lease(run.tenant.company_id or 0)
        run_to_end(lab.tenant)
        assert lab.world.books(lab.tenant) == expected
        assert_no_duplicates(lab.world)


@pytest.mark.parametrize("beats", [1, 2, 3])
def test_slices_cut_short_after_a_few_calls_end_the_same(lab: Lab, beats: int) -> None:
    with lab.fresh(0):
        run_to_end(lab.tenant)
        expected = lab.world.books(lab.tenant)
    with lab.fresh(1):
        run, _ = request_run(lab.tenant, trigger="test")
        slices = 1
        while one_slice(run, beats=beats).more:
            slices += 1
            assert slices < 200
        assert slices > 1
        assert lab.world.books(lab.tenant) == expected
        assert_all_ended(lab.tenant)

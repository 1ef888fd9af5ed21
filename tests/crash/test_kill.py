"""kill -9 at random moments, with lost answers and broken gateways thrown in: nothing twice, nothing lost.

JUSTE_KILLS sets how often each run is killed, JUSTE_KILL_SEED with which dice.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from sandbox.company.app import Company as StandIn
from sandbox.http import Server
from sandbox.running import RunningSandbox
from tests.crash.harness import Commands, database, kill_in_the_middle
from tests.sync.world import World, assert_no_duplicates, small_world

pytestmark = pytest.mark.crash

KILLS = int(os.environ.get("JUSTE_KILLS", "5"))
SEED = int(os.environ.get("JUSTE_KILL_SEED", "20260731"))
ORDERS = 14 * KILLS
"""A run that finds nothing left to do ends before anybody can kill it."""
LATER = 6 * KILLS

ACCIDENTS = (
    {"path_contains": "/batch", "action": "hang_up_after"},
    {"path_contains": "/batch", "action": "hang_up_before"},
    {"path_contains": "/batch", "action": "status", "status": 500},
    {"path_contains": "/batch", "action": "html", "status": 503, "carry_out": True},
    {"path_contains": "/batch", "action": "html", "status": 503},
    {"path_contains": "/batch", "action": "status", "status": 429, "headers": {"Retry-After": "1"}},
    {"path_contains": "/batch", "action": "hang_up_after", "times": 4},
    {"path_contains": "/tokens", "action": "html", "status": 503},
    {"item_body_contains": "Invoice", "fault": {"code": "3001", "message": "ThrottleExceeded"}},
    {"item_body_contains": "Customer", "fault": {"code": "6000", "detail": "one name at a time, please"}},
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    with small_world(tmp_path, "fr", orders=ORDERS) as world:
        yield world


def _beside(shop: World, stack: ExitStack) -> World:
    """The same shop with a second, empty company."""
    company = StandIn(profile="fr")
    server = Server(company.handle)
    server.start()
    stack.callback(company.close)
    stack.callback(server.stop)
    box = RunningSandbox(company, server, shop.box._store, shop.box._store_server)
    return World(box, "fr", shop.folder)


def _later_life(shop: World, dice: random.Random) -> None:
    """What happens to orders that are in the books: refunds by amount, by line and whole, cancellations, payments."""
    orders = [
        order
        for order in requests.get(f"{shop.box.store_url}/_sandbox/orders", timeout=10).json()
        if order["status"] in ("processing", "completed", "on-hold")
        and Decimal(order["total"]) - Decimal(order["refunded"]) > Decimal("2.00")
    ]
    for order in dice.sample(orders, LATER):
        if order["status"] == "on-hold":
            change = {"status": "cancelled"} if dice.random() < 0.5 else {"status": "processing", "set_paid": True}
            shop.change_order(order["id"], **change)
        elif dice.random() < 0.3:
            shop.store_control("refunds", order=order["id"], whole=True)
        else:
            for _refund in range(dice.randint(1, 2)):
                shop.store_control("refunds", order=order["id"], amount="1.00")


def _tenant_key(world: World) -> str:
    notes = (str(one.get("PrivateNote") or "") for one in world.documents())
    return next(note for note in notes if note.startswith("woo:")).split(":")[1]


@pytest.mark.parametrize("document", ["sales_receipt", "invoice"])
def test_a_sync_that_is_killed_again_and_again_leaves_the_books_of_one_clean_run(
    shop: World, tmp_path: Path, document: str
) -> None:
    dice = random.Random(f"{SEED} {document}")
    with ExitStack() as stack:
        clean = _beside(shop, stack)
        (tmp_path / "clean").mkdir()
        undisturbed = Commands(clean, stack.enter_context(database(tmp_path / "clean")), tmp_path / "clean")
        undisturbed.set_up(clean.document(document=document))
        (tmp_path / "killed").mkdir()
        commands = Commands(shop, stack.enter_context(database(tmp_path / "killed")), tmp_path / "killed")
        commands.set_up(shop.document(document=document))
        for later in (False, True):
            if later:
                _later_life(shop, dice)
            summary = json.loads(undisturbed.run("sync", "shop", "--json"))
            assert summary["synced"] > (LATER if later else ORDERS) / 2
            _kill_until_tired(commands, dice)
            last = json.loads(commands.run("sync", "shop", "--json"))
            assert last["state"] == "finished"
            assert shop.books_of(_tenant_key(shop)) == clean.books_of(_tenant_key(clean))
            assert_no_duplicates(shop)
        assert shop.documents("RefundReceipt"), "no refund was in the books"


def _kill_until_tired(commands: Commands, dice: random.Random) -> None:
    killed = 0
    for _time in range(KILLS):
        commands.world.break_company(**{"skip": dice.randint(0, 2), **dice.choice(ACCIDENTS)})
        killed += kill_in_the_middle(commands, "shop", dice)
    commands.world.heal()
    assert killed >= KILLS / 3, "the dice killed too few runs to prove anything"

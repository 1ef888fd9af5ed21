"""The last 45 days of an invented shop: orders come in, are paid, shipped, refunded, in the order of time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.store.database import Database
from sandbox.store.generated import ca, fr, gb, us
from sandbox.store.generated.furnish import write_catalogue, write_settings
from sandbox.store.generated.orders import Case, OrderMaker
from sandbox.store.generated.profile import Profile
from sandbox.store.shop import Shop

PROFILES: dict[str, Profile] = {one.PROFILE.key: one.PROFILE for one in (fr, us, ca, gb)}
_DAYS = 45
_FIRST_ORDER_GAP = 640


def open_shop(database: Database, profile_key: str, orders: int) -> None:
    """Fill an empty database with a shop and `orders` orders up to now (checkout drafts and the trash included)."""
    if profile_key not in PROFILES:
        raise ValueError(f"There is no profile {profile_key!r}; choose one of {', '.join(PROFILES)}.")
    profile = PROFILES[profile_key]
    with database.change():
        write_settings(database, profile)
        shop = Shop(database, random.Random(f"{profile_key} ids"))
        now = shop.clock.now()
        write_catalogue(shop, profile, now - timedelta(days=_DAYS + 75))
        database.next_number("post", _FIRST_ORDER_GAP)
        _live(OrderMaker(shop, profile), profile, orders, now)


def special_cases(profile: Profile) -> list[Case]:
    """The awkward orders every shop has, spread over the whole time."""
    food, plain = profile.goods[0], profile.goods[-1]
    names = {one.sku or one.name[:20]: one for one in profile.goods}
    unnamed = [key for key in names if key not in {one.sku for one in profile.goods}]
    by_price = {one.price: one.sku for one in profile.goods if one.sku}
    credit, wrap = profile.credit, profile.gift_wrap
    all_gone, percent, fixed, product = (profile.offers[place].code for place in (4, 0, 1, 2))
    long_name = max(profile.goods, key=lambda one: len(one.name)).sku
    encoded = next(one.sku for one in profile.goods if "&amp;" in one.name)
    variable = next(one for one in profile.goods if one.options)
    variations = tuple(
        (f"{variable.sku}-{ending}", 2 - place % 2) for place, (_, _, ending) in enumerate(variable.options)
    )
    return [
        Case(goods=((food.sku, 3),), gateway="stripe", coupons=(), fees=(), fate="completed"),
        Case(goods=((by_price["0.00"], 1),), pickup=True, coupons=(), fees=(), fate="normal"),
        Case(goods=((by_price["0.1234"], 75), (food.sku, 1)), coupons=(), fees=(), gateway="ppcp-gateway"),
        Case(goods=((by_price["64.90"], 2), (food.sku, 2)), fees=((credit[0], Decimal(credit[1])),), coupons=()),
        Case(fees=((wrap[0], Decimal(wrap[1])), (credit[0], Decimal(credit[1]))), coupons=(), gateway="stripe"),
        Case(coupons=(percent, fixed), fees=(), gateway="stripe"),
        Case(
            coupons=(product,),
            fees=(),
            goods=((by_price.get("16.90", food.sku), 4), (long_name, 1)),
        ),
        Case(goods=((by_price["8.33"], 2),), coupons=(all_gone,), fees=(), fate="normal"),
        Case(goods=((unnamed[0], 1), (unnamed[1], 2)), coupons=(), fate="completed"),
        Case(goods=((encoded, 5), (long_name, 1)), coupons=()),
        Case(goods=variations, coupons=(), fate="partial", gateway="stripe"),
        Case(fate="full", gateway="stripe", coupons=()),
        Case(fate="amount", gateway="stripe", coupons=()),
        Case(
            fate="shipping", gateway="ppcp-gateway", goods=((by_price["9.50"], 1), (food.sku, 1)), coupons=(), fees=()
        ),
        Case(fate="by_hand", gateway="bacs", coupons=()),
        Case(fate="partial", gateway="ppcp-gateway", coupons=(percent,), goods=((food.sku, 4), (by_price["22.22"], 1))),
        Case(fate="twice", gateway="stripe", coupons=(), goods=((food.sku, 5), (by_price["34.50"], 2))),
        Case(fate="custom", gateway="stripe"),
        Case(fate="cancelled", gateway="stripe"),
        Case(fate="failed", gateway="stripe"),
        Case(fate="trash", gateway="bacs"),
        Case(gateway="cod", fate="completed"),
        Case(gateway="cheque", fate="completed"),
        Case(buyer=lambda one: one.exempt, coupons=(), gateway="stripe"),
        Case(buyer=lambda one: bool(one.company), coupons=(), gateway="bacs", fate="completed"),
        Case(buyer=lambda one: one.country != profile.country, coupons=(), gateway="ppcp-gateway"),
        Case(
            goods=((by_price["129.00"], 1), (plain.options[0][2] and f"{plain.sku}-{plain.options[0][2]}", 1)),
            fate="full",
        ),
    ]


def recent_cases() -> list[Case]:
    """What the last day of a shop leaves behind: money not there yet, open checkouts."""
    return [
        Case(gateway="bacs", fate="unpaid"),
        Case(gateway="cheque", fate="unpaid"),
        Case(gateway="stripe", fate="pending", coupons=()),
        Case(gateway="stripe", fate="checkout-draft", coupons=(), fees=()),
        Case(gateway="stripe", fate="checkout-draft", coupons=(), fees=()),
    ]


def _live(maker: OrderMaker, profile: Profile, orders: int, now: datetime) -> None:
    """Run through the events by time; what would happen after now has not happened yet."""
    counter = itertools.count()
    events: list[tuple[datetime, int, Callable[[datetime], None]]] = []
    cases = _place_cases(profile, orders)

    def buy(number: int) -> Callable[[datetime], None]:
        def happen(moment: datetime) -> None:
            draw = random.Random(f"{profile.key} {number}")
            _, follows = maker.make(draw, moment, cases.get(number))
            for when, act in follows:
                heapq.heappush(events, (when, next(counter), act))

        return happen

    for number in range(orders):
        heapq.heappush(events, (_moment(maker.shop, profile, number, orders, now), next(counter), buy(number)))
    while events:
        moment, _, act = heapq.heappop(events)
        if moment <= now:
            act(moment)


def _place_cases(profile: Profile, orders: int) -> dict[int, Case]:
    """Special cases evenly over the first nine tenths, the recent ones at the end; small shops get the first few."""
    special, recent = special_cases(profile), recent_cases()
    room = max(0, orders - len(recent))
    early = int(room * 0.9)
    step = max(1, early // len(special)) if special else 1
    cases = {place * step: case for place, case in enumerate(special) if place * step < early}
    for place, case in enumerate(recent):
        if orders - len(recent) + place >= 0:
            cases[orders - len(recent) + place] = case
    return cases


def _moment(shop: Shop, profile: Profile, number: int, orders: int, now: datetime) -> datetime:
    """Orders come evenly over the days, at the hours at which people shop; the last ones within the last day."""
    draw = random.Random(f"{profile.key} {number} time")
    back = timedelta(days=_DAYS) * (1 - (number + draw.random()) / orders)
    if orders - number <= len(recent_cases()):
        back = timedelta(hours=20) * (orders - number - 0.98) / len(recent_cases())
    moment = now - back
    local = moment.astimezone(shop.clock.zone)
    hour = int(draw.triangular(6, 23.9, 19))
    shaped = local.replace(hour=hour, minute=draw.randint(0, 59), second=draw.randint(0, 59))
    if back < timedelta(days=2) or shaped >= now:
        return moment
    return shaped.astimezone(now.tzinfo)

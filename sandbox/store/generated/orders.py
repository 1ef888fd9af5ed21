"""Invents orders: who buys what, how it is delivered and paid, and what happens to the order afterwards."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.store.checkout import Purchase, ShippingChoice, place_order
from sandbox.store.database import Document
from sandbox.store.generated.furnish import buyer_address
from sandbox.store.generated.profile import Buyer, Profile
from sandbox.store.lifecycle import copy_order, pay, save_order, set_status, trash_order
from sandbox.store.money import number_of, round_half_up, stored
from sandbox.store.refunding import create_refund, refund_the_rest, whole_line
from sandbox.store.shop import Shop
from sandbox.store.totals import refundable

Follow = tuple[datetime, Callable[[datetime], None]]
"""Something that happens to an order later."""

_LETTERS = string.ascii_letters + string.digits
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
)


@dataclass(frozen=True, slots=True)
class Case:
    """What is special about an order; everything left open is drawn."""

    goods: tuple[tuple[str, int], ...] = ()
    gateway: str | None = None
    coupons: tuple[str, ...] | None = None
    fate: str = ""
    fees: tuple[tuple[str, Decimal], ...] | None = None
    pickup: bool = False
    buyer: Callable[[Buyer], bool] | None = None


class OrderMaker:
    """Makes orders for one shop. The same random source gives the same orders."""

    def __init__(self, shop: Shop, profile: Profile) -> None:
        self.shop = shop
        self.profile = profile
        self._titles = dict(profile.gateways)

    def make(self, draw: random.Random, moment: datetime, case: Case | None = None) -> tuple[Document, list[Follow]]:
        """Place and save one order; returns it with what happens to it afterwards. Inside `Database.change()`."""
        what = case or Case()
        buyer = self._choose_buyer(draw, what)
        purchase = self._purchase(draw, buyer, what)
        key = "wc_order_" + "".join(draw.choices(_LETTERS, k=13))
        order = place_order(self.shop, purchase, moment, order_key=key)
        if number_of(order["total"]) == 0:
            order |= {"payment_method": "", "payment_method_title": ""}
        fate = what.fate or self._choose_fate(draw)
        if fate == "checkout-draft":
            _hide_buyer(order)
        follows = self._start(draw, order, fate, moment)
        save_order(self.shop, order, moment=moment)
        return order, follows

    # Choosing ---------------------------------------------------------------------------------------------------

    def _choose_buyer(self, draw: random.Random, case: Case) -> Buyer:
        buyers = [one for one in self.profile.buyers if case.buyer is None or case.buyer(one)]
        return draw.choices(buyers, [one.weight for one in buyers])[0]

    def _choose_fate(self, draw: random.Random) -> str:
        return draw.choices(("normal", "partial", "amount", "shipping", "full", "cancelled", "failed"),
                            (86, 5, 2, 1, 2, 2, 2))[0]  # fmt: skip

    def _purchase(self, draw: random.Random, buyer: Buyer, case: Case) -> Purchase:
        profile = self.profile
        items = self._choose_goods(draw, case)
        billing = buyer_address(buyer)
        gateway = case.gateway
        if gateway is None:
            gateway = draw.choices([name for name, _ in profile.gateways], (52, 20, 12, 7, 9))[0]
        coupons = case.coupons
        if coupons is None:
            normal = [offer.code for offer in profile.offers[:4]]
            coupons = (draw.choice(normal),) if draw.random() < 0.13 else ()
        fees = case.fees
        if fees is None:
            wrap, amount = profile.gift_wrap
            fees = ((wrap, Decimal(amount)),) if draw.random() < 0.08 else ()
        account = self._account(buyer)
        exempt = buyer.exempt
        vat = (("_billing_vat_number", buyer.vat_number),) if buyer.vat_number else ()
        sources = (("typein", "(direct)"), ("organic", "google"), ("utm", "newsletter"))
        kind, source = draw.choice(sources)
        metas = (
            ("_wc_order_attribution_source_type", kind),
            ("_wc_order_attribution_utm_source", source),
            *vat,
        )
        return Purchase(
            items=items,
            billing=billing,
            shipping=self._gift_address(draw, buyer, billing),
            delivery=self._choose_delivery(draw, items, coupons, pickup=case.pickup),
            coupons=coupons,
            fees=fees,
            gateway=gateway,
            gateway_title=self._titles.get(gateway, ""),
            customer_id=account,
            note=draw.choice(profile.notes) if draw.random() < 0.12 else "",
            vat_exempt=exempt,
            ip_address=f"203.0.113.{draw.randint(1, 254)}",
            user_agent=draw.choice(_AGENTS),
            metas=metas,
        )

    def _choose_goods(self, draw: random.Random, case: Case) -> list[tuple[Document, int]]:
        if case.goods:
            named = [(self._named(name), pieces) for name, pieces in case.goods]
            return [(product, pieces) for product, pieces in named if product is not None]
        sellable = self._sellable()
        chosen = draw.sample(sellable, min(len(sellable), draw.choices((1, 2, 3, 4, 6), (35, 30, 18, 12, 5))[0]))
        return [(product, draw.choices((1, 2, 3, 5, 7), (62, 20, 10, 5, 3))[0]) for product in chosen]

    def _named(self, name: str) -> Document | None:
        """A product by SKU, or by the beginning of its name for goods without one."""
        found = self.shop.product_by_sku(name)
        if found is None:
            rows = self.shop.database.rows("product").values()
            found = next((row.document for row in rows if row.document["name"].startswith(name)), None)
        return found

    def _sellable(self) -> list[Document]:
        """Everything in stock that costs something, variations instead of their parents."""
        rows = [*self.shop.database.rows("product").values(), *self.shop.database.rows("variation").values()]
        documents = (row.document for row in rows)
        return [
            one
            for one in documents
            if one["type"] != "variable"
            and one["status"] == "publish"
            and number_of(one["price"]) >= Decimal("0.5")
            and (one["stock_quantity"] is None or one["stock_quantity"] >= 8)
        ]

    def _choose_delivery(
        self, draw: random.Random, items: list[tuple[Document, int]], coupons: tuple[str, ...], *, pickup: bool
    ) -> ShippingChoice | None:
        profile = self.profile
        if all(product["virtual"] for product, _ in items):
            return None
        if pickup or draw.random() < 0.08:
            return ShippingChoice(profile.pickup, "local_pickup", Decimal(0), "3")
        worth = sum((number_of(product["price"]) * pieces for product, pieces in items), Decimal(0))
        offers = {offer.code for offer in profile.offers if offer.free_shipping}
        if worth >= profile.free_from or offers.intersection(coupons):
            return ShippingChoice(profile.free_delivery, "free_shipping", Decimal(0), "2")
        title, cost = draw.choices(profile.deliveries, (6, 3, 1))[0]
        return ShippingChoice(title, "flat_rate", Decimal(cost))

    def _gift_address(self, draw: random.Random, buyer: Buyer, billing: Document) -> Document | None:
        """Now and then a parcel goes to somebody else in the same country."""
        others = [one for one in self.profile.buyers if one.country == buyer.country and one.state == buyer.state]
        if draw.random() >= 0.05 or len(others) < 2:
            return None
        other = draw.choice(others)
        return {**billing, **buyer_address(other), "phone": ""}

    def _account(self, buyer: Buyer) -> int:
        if not buyer.registered:
            return 0
        rows = self.shop.database.rows("customer").values()
        return next((row.id for row in rows if row.document["email"] == buyer.email), 0)

    # What happens -----------------------------------------------------------------------------------------------

    def _start(self, draw: random.Random, order: Document, fate: str, moment: datetime) -> list[Follow]:
        """The order's first status, and its later life."""
        gateway = order["payment_method"]
        if fate in ("checkout-draft", "pending"):
            order["status"] = fate
            return []
        if fate == "failed":
            set_status(self.shop, order, "failed", moment)
            return []
        if gateway in ("bacs", "cheque"):
            set_status(self.shop, order, "on-hold", moment)
            if fate == "unpaid":
                return []
            when = moment + timedelta(days=draw.randint(2, 5), minutes=draw.randint(0, 600))
            paid = (when, self._do(order["id"], self._receive_transfer))
            return [paid, *self._afterwards(draw, order, fate, when)]
        if gateway == "cod":
            set_status(self.shop, order, "processing", moment)
        else:
            self._pay_online(draw, order, moment)
        return self._afterwards(draw, order, fate, moment)

    def _pay_online(self, draw: random.Random, order: Document, moment: datetime) -> None:
        total = number_of(order["total"])
        if order["payment_method"] not in ("stripe", "ppcp-gateway"):
            pay(self.shop, order, moment)
            return
        fee = round_half_up(total * Decimal(self.profile.fee_percent) / 100 + Decimal(self.profile.fee_fixed), 2)
        if order["payment_method"] == "stripe":
            pay(self.shop, order, moment, f"pi_3{''.join(draw.choices(_LETTERS, k=23))}")
            metas = [("_stripe_fee", stored(fee)), ("_stripe_net", stored(total - fee))]
            metas += [("_stripe_currency", order["currency"]), ("_stripe_charge_captured", "yes")]
        else:
            pay(self.shop, order, moment, "".join(draw.choices(string.ascii_uppercase + string.digits, k=17)))
            metas = [("PayPal Transaction Fee", stored(fee))]
        order["meta_data"] += [self.shop.meta(key, value) for key, value in metas]

    def _afterwards(self, draw: random.Random, order: Document, fate: str, moment: datetime) -> list[Follow]:
        order_id = order["id"]
        shipped = moment + timedelta(days=draw.randint(1, 3), minutes=draw.randint(0, 600))
        later = shipped + timedelta(days=draw.randint(2, 9), minutes=draw.randint(0, 900))
        if fate == "cancelled":
            return [(moment + timedelta(hours=draw.randint(2, 30)), self._do(order_id, self._status("cancelled")))]
        if fate == "custom":
            return [(shipped, self._do(order_id, self._status(self.profile.custom_status[0])))]
        if fate == "trash":
            return [(moment + timedelta(hours=3), self._do(order_id, self._trash))]
        follows: list[Follow] = []
        if fate == "completed" or draw.random() < 0.7:
            follows.append((shipped, self._do(order_id, self._status("completed"))))
        reason = draw.choice(self.profile.refund_reasons)
        if fate == "twice":
            again = later + timedelta(days=1)
            follows.append((later, self._do(order_id, lambda one, when: self._refund_part(one, when, reason))))
            follows.append((again, self._do(order_id, lambda one, when: self._refund_amount(one, when, reason))))
        refunds = {"partial": self._refund_part, "full": self._refund_all, "amount": self._refund_amount,
                   "shipping": self._refund_shipping, "by_hand": self._refund_by_hand}  # fmt: skip
        if fate in refunds:
            act = refunds[fate]
            follows.append((later, self._do(order_id, lambda one, when: act(one, when, reason))))
        return follows

    def _do(self, order_id: int, act: Callable[[Document, datetime], None]) -> Callable[[datetime], None]:
        def happen(moment: datetime) -> None:
            order = copy_order(self.shop, order_id)
            if order is not None:
                act(order, moment)

        return happen

    def _status(self, status: str) -> Callable[[Document, datetime], None]:
        def act(order: Document, moment: datetime) -> None:
            set_status(self.shop, order, status, moment)
            save_order(self.shop, order, moment=moment)

        return act

    def _receive_transfer(self, order: Document, moment: datetime) -> None:
        pay(self.shop, order, moment)
        save_order(self.shop, order, moment=moment)

    def _trash(self, order: Document, moment: datetime) -> None:
        trash_order(self.shop, order, moment)

    def _refund_part(self, order: Document, moment: datetime, reason: str) -> None:
        line = max(order["line_items"], key=lambda one: one["quantity"])
        part = whole_line(line, max(1, line["quantity"] // 2))
        if 0 < part.amount <= refundable(order):
            create_refund(self.shop, order, [part], amount=None, reason=reason, moment=moment)

    def _refund_all(self, order: Document, moment: datetime, reason: str) -> None:
        lines = [whole_line(one) for name in ("line_items", "fee_lines", "shipping_lines") for one in order[name]]
        lines = [replace(line, quantity=line.quantity or Decimal(0)) for line in lines]
        create_refund(self.shop, order, lines, amount=refundable(order), reason=reason, moment=moment)

    def _refund_amount(self, order: Document, moment: datetime, reason: str) -> None:
        amount = min(Decimal("7.35"), refundable(order))
        create_refund(self.shop, order, [], amount=amount, reason=reason, moment=moment)

    def _refund_shipping(self, order: Document, moment: datetime, reason: str) -> None:
        lines = [whole_line(line) for line in order["shipping_lines"] if number_of(line["total"]) > 0]
        if lines:
            create_refund(self.shop, order, lines, amount=None, reason=reason, moment=moment)

    def _refund_by_hand(self, order: Document, moment: datetime, reason: str) -> None:
        del reason
        set_status(self.shop, order, "refunded", moment)
        refund_the_rest(self.shop, order, moment)
        save_order(self.shop, order, moment=moment)


def _hide_buyer(order: Document) -> None:
    """An opened checkout knows no more than the country."""
    for part in ("billing", "shipping"):
        country = order[part]["country"]
        order[part] = {**dict.fromkeys(order[part], ""), "country": country}
    order |= {"payment_method_title": "", "customer_note": "", "number": str(order["id"])}

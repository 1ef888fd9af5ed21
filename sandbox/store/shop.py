"""The shop behind the API: its settings, tax table, catalogue and the few rules that need all of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.store.clock import Clock, gmt_text
from sandbox.store.database import Database, Document, copied
from sandbox.store.taxes import Location, TaxRules, rate_from_json

HOME = "https://store.home"
"""Stands for the store's own address in generated documents; the address is known only when a request comes in."""

CORE_STATUSES = (
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
)


class Shop:
    """One shop: database, clock, and what its settings mean."""

    def __init__(self, database: Database, steps: random.Random | None = None) -> None:
        self.database = database
        self.clock = Clock(database.facts.get("zone", "UTC"), float(database.facts.get("clock_offset_seconds", 0)))
        self.home = HOME
        self.tell: Callable[[str, int], None] = lambda _topic, _object_id: None
        """Hears of every change that webhooks may be told of: topic and id of the order, product or variation."""
        self.ping: Callable[[int], None] = lambda _webhook_id: None
        self._rules: tuple[object, TaxRules] | None = None
        self._steps = steps or random.Random()

    # Settings ---------------------------------------------------------------------------------------------------

    @property
    def storage(self) -> str:
        """ "hpos" or "posts"."""
        return str(self.database.facts.get("storage", "hpos"))

    @property
    def is_hpos(self) -> bool:
        return self.storage == "hpos"

    @property
    def statuses(self) -> list[str]:
        """Statuses a shop manager may choose, those of plugins included."""
        return [*CORE_STATUSES, *(one["slug"] for one in self.database.facts.get("custom_statuses", []))]

    def setting(self, name: str, group: str = "general") -> str:
        for row in self.database.facts.get(f"settings_{group}", []):
            if row["id"] == name:
                return str(row["value"])
        return ""

    def set_setting(self, name: str, value: str, group: str) -> None:
        rows = copied(self.database.facts.get(f"settings_{group}", []))
        for row in rows:
            if row["id"] == name:
                row["value"] = value
        self.database.set_fact(f"settings_{group}", rows)

    @property
    def currency(self) -> str:
        return self.setting("woocommerce_currency")

    @property
    def decimals(self) -> int:
        return int(self.setting("woocommerce_price_num_decimals") or 2)

    @property
    def base(self) -> Location:
        country, _, state = self.setting("woocommerce_default_country").partition(":")
        return Location(
            country, state, self.setting("woocommerce_store_postcode"), self.setting("woocommerce_store_city")
        )

    @property
    def rules(self) -> TaxRules:
        """The tax rules of now; kept until a setting or a rate changes."""
        revision = self.database.revision
        state = tuple(revision.get(name, 0) for name in ("settings_general", "settings_tax", "tax"))
        if self._rules is None or self._rules[0] != state:
            rules = TaxRules(
                rates=tuple(rate_from_json(row.document) for row in self.database.rows("tax").values()),
                base=self.base,
                prices_include_tax=self.setting("woocommerce_prices_include_tax", "tax") == "yes",
                round_at_subtotal=self.setting("woocommerce_tax_round_at_subtotal", "tax") == "yes",
                decimals=self.decimals,
                shipping_class=self.setting("woocommerce_shipping_tax_class", "tax"),
            )
            self._rules = (state, rules)
        return self._rules[1]

    # Time and ids -----------------------------------------------------------------------------------------------

    def stamp(self, document: Document, name: str, moment: datetime | None) -> None:
        """Write a date in both its forms, the site's local time and UTC."""
        document[name] = None if moment is None else self.clock.local_text(moment)
        document[f"{name}_gmt"] = None if moment is None else gmt_text(moment)

    def next_post_id(self) -> int:
        """Ids of orders, refunds and products come from one sequence that pages and drafts also draw from."""
        return self.database.next_number("post", self._steps.choice((1, 1, 1, 2, 3)))

    def next_order_number(self, order_id: int) -> str:
        """The number buyers see: the id, or a sequence of its own where a numbering plugin is at work."""
        if "last_order_number" not in self.database.facts:
            return str(order_id)
        return str(self.database.next_number("order_number"))

    def next_item_id(self) -> int:
        return self.database.next_number("item")

    def meta(self, key: str, value: Any, *, displayed: bool = False, label: str = "") -> Document:
        """A meta row with a fresh id; those of order lines also carry how they are displayed."""
        row: Document = {"id": self.database.next_number("meta"), "key": key, "value": value}
        if displayed:
            row |= {"display_key": label or key, "display_value": value}
        return row

    # Catalogue --------------------------------------------------------------------------------------------------

    def product(self, product_id: int) -> Document | None:
        """A product or variation by id."""
        row = self.database.get("product", product_id) or self.database.get("variation", product_id)
        return None if row is None else row.document

    def product_by_sku(self, sku: str) -> Document | None:
        for kind in ("product", "variation"):
            for row in self.database.rows(kind).values():
                if row.document["sku"] == sku:
                    return row.document
        return None

    def coupon(self, code: str) -> Document | None:
        wanted = code.lower()
        return next(
            (row.document for row in self.database.rows("coupon").values() if row.document["code"] == wanted), None
        )

    def change_stock(self, product_id: int, by: Decimal, moment: datetime) -> bool:
        """Move a product's stock; False when it keeps none. The product is bumped, a variation's parent too."""
        row = self.database.get("variation", product_id) or self.database.get("product", product_id)
        if row is None or not row.document["manage_stock"]:
            return False
        if row.document["manage_stock"] == "parent":
            return self.change_stock(row.parent, by, moment)
        kind = "variation" if product_id in self.database.rows("variation") else "product"
        document = dict(row.document)
        set_stock(document, int((document["stock_quantity"] or 0) + by))
        self.stamp(document, "date_modified", moment)
        self.database.put(kind, row.id, document, row.parent)
        self.share_parent_stock(row.id, document)
        self.tell("product.updated", row.id)
        parent = self.database.get("product", row.parent) if kind == "variation" else None
        if parent is not None:
            changed = dict(parent.document)
            self.stamp(changed, "date_modified", moment)
            self.database.put("product", parent.id, changed)
        return True

    def share_parent_stock(self, product_id: int, document: Document) -> None:
        """Variations without stock of their own show their parent's."""
        for row in list(self.database.rows("variation").values()):
            if row.parent == product_id and row.document["manage_stock"] == "parent":
                changed = {**row.document, "stock_quantity": document["stock_quantity"]}
                changed["stock_status"] = document["stock_status"]
                self.database.put("variation", row.id, changed, row.parent)


def set_stock(document: Document, quantity: int) -> None:
    """A stock and the status that follows from it."""
    document["stock_quantity"] = quantity
    if quantity > 0:
        document["stock_status"] = "instock"
    else:
        document["stock_status"] = "outofstock" if document["backorders"] == "no" else "onbackorder"

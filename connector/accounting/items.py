"""Which item a product is sold as: one the company has, a new one, or a question to the merchant (specification §6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from connector.accounting.books import ItemWanted, NameRow
from connector.accounting.commerce import Product, ProductKey
from connector.accounting.documents import Held
from connector.accounting.keys import item_key, normalise
from connector.accounting.money import ZERO
from connector.accounting.policy import PostingPolicy, Ref
from connector.accounting.settings import require
from connector.accounting.texts import DESCRIPTION_LIMIT, NAME_LIMIT, name_with, one_line, plain_name, shorten

NEEDS_EXPENSE_ACCOUNT = frozenset({"CA", "GB"})
"""Countries whose companies refuse an item without an expense account, whatever its type (QBO reference, 5.3)."""
UNSOLD_TYPES = frozenset({"Category", "Group"})


class Sold(Protocol):
    """What an item is looked for by: a line of an order, or a product of the store."""

    @property
    def name(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def product_id(self) -> int: ...
    @property
    def product(self) -> ProductKey: ...


@dataclass(frozen=True, slots=True)
class UseItem:
    """by: how it was found, "sku" or "name"; "" where it was known already."""

    ref: Ref
    by: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CreateItem:
    """`wanted` bears a name that is free among the candidates."""

    wanted: ItemWanted


@dataclass(frozen=True, slots=True)
class ReactivateItem:
    """An inactive item that is to be made active first; `row` has its sync token."""

    ref: Ref
    row: NameRow


ItemDecision = UseItem | CreateItem | ReactivateItem | Held | None
"""None: no item of its own; the line takes the default item, or the plan names what is missing."""


def match_item(
    line: Sold, candidates: Iterable[NameRow], policy: PostingPolicy, *, product: Product | None = None
) -> ItemDecision:
    """The item of a line whose product is not linked yet.

    candidates: items that have the line's SKU (as SKU or as name) or one of `possible_item_names`; more do no harm.
    product: the store's product or variation where it is known; it tells the stock. A variation without a SKU of its
    own shows its parent's (WooCommerce behaviour, Lines and products).
    """
    rows = [row for row in candidates if row.kind == "Item" and not row.deleted]
    sellable = [row for row in rows if row.type not in UNSOLD_TYPES]
    matching = _by_sku(line, sellable, policy)
    if not matching and not normalise(line.sku) and policy.items.name_fallback:
        matching = [row for row in sellable if _is_called(row, plain_name(line.name))]
    if matching:
        return _usable(line, matching, policy)
    if not policy.create_items or not line.product_id or not normalise(line.sku):
        return None
    return _create(line, rows, policy, product)


def possible_item_names(line: Sold, policy: PostingPolicy) -> Iterator[str]:
    """The names to try for a new item, in order. Where names are matched with SKUs, the SKU is the name."""
    sku = plain_name(line.sku)
    base = sku if policy.match_items_by == "name" else plain_name(line.name) or sku
    yield shorten(base, NAME_LIMIT)
    if normalise(base) != normalise(sku):
        yield name_with(base, sku)
    sign = hashlib.sha256(item_key(*line.product).encode()).hexdigest()
    for length in (6, 12, 24):
        yield name_with(base, sign[:length])


def _by_sku(line: Sold, sellable: Sequence[NameRow], policy: PostingPolicy) -> list[NameRow]:
    sku = normalise(line.sku)
    if not sku:
        return []
    if policy.match_items_by == "name":
        return [row for row in sellable if _is_called(row, plain_name(line.sku))]
    return [row for row in sellable if normalise(row.sku) == sku]


def _is_called(row: NameRow, name: str) -> bool:
    return bool(name) and normalise(name) in (normalise(row.name), normalise(row.full_name))


def _usable(line: Sold, matching: Sequence[NameRow], policy: PostingPolicy) -> ItemDecision:
    active = [row for row in matching if row.active]
    if len(active) == 1:
        is_by_sku = policy.match_items_by == "sku" and bool(normalise(line.sku))
        return UseItem(Ref(active[0].qbo_id, active[0].name), by="sku" if is_by_sku else "name")
    if len(active) > 1 or len(matching) > 1:
        found = ", ".join(f"{row.name} ({row.qbo_id})" for row in active or matching)
        return Held("ambiguous_sku", {"sku": line.sku, "name": line.name, "items": found})
    only = matching[0]
    if policy.items.reactivate:
        return ReactivateItem(Ref(only.qbo_id, only.name), only)
    return Held("inactive_item", {"sku": line.sku, "name": only.name, "item_id": only.qbo_id})


def _create(line: Sold, rows: Sequence[NameRow], policy: PostingPolicy, product: Product | None) -> CreateItem | Held:
    wants_stock = policy.items.type == "inventory" and (product is None or product.manages_stock)
    accounts = _accounts(policy, wants_stock)
    if isinstance(accounts, Held):
        return accounts
    income, expense, asset = accounts
    taken = {normalise(row.name) for row in rows}
    free = [name for name in possible_item_names(line, policy) if normalise(name) not in taken]
    if not free:
        details = {"sku": line.sku, "name": line.name, "product_id": str(line.product_id), "problem": "no_free_name"}
        return Held("unmatched_product", details)
    wanted = ItemWanted(
        key=item_key(*line.product),
        name=free[0],
        sku=shorten(one_line(line.sku), NAME_LIMIT),
        type="Inventory" if wants_stock else "Service" if policy.items.type == "service" else "NonInventory",
        description=shorten((product.description if product else "") or one_line(line.name), DESCRIPTION_LIMIT),
        income_account=income,
        expense_account=expense,
        asset_account=asset,
        quantity=_initial_quantity(policy, product) if wants_stock else ZERO,
        inventory_start=policy.start_date if wants_stock else None,
        unit_price=unit_price(product, policy) if product is not None else None,
        price_includes_tax=policy.prices_include_tax,
    )
    return CreateItem(wanted)


def unit_price(product: Product, policy: PostingPolicy) -> Decimal | None:
    """The price of a new item. One with tax in it says nothing where the company keeps no tax codes on its lines."""
    if policy.prices_include_tax and policy.taxes.world != "global":
        return None
    return product.price


def _accounts(policy: PostingPolicy, wants_stock: bool) -> tuple[Ref, Ref | None, Ref | None] | Held:
    """Income, expense and asset account: inventory needs all three, some countries two (QBO reference, 5.3)."""
    income = require(policy.items.income_account, "income_account", policy)
    if isinstance(income, Held):
        return income
    if not wants_stock:
        expense = policy.items.expense_account
        if policy.country in NEEDS_EXPENSE_ACCOUNT:
            needed = require(expense, "expense_account", policy)
            return needed if isinstance(needed, Held) else (income, needed, None)
        return income, expense, None
    cost = require(policy.items.cogs_account or policy.items.expense_account, "cogs_account", policy)
    asset = require(policy.items.asset_account, "inventory_asset_account", policy)
    if isinstance(cost, Held):
        return cost
    return asset if isinstance(asset, Held) else (income, cost, asset)


def _initial_quantity(policy: PostingPolicy, product: Product | None) -> Decimal:
    if policy.items.initial_quantity == "zero" or product is None or product.stock_quantity is None:
        return ZERO
    return max(product.stock_quantity, ZERO)

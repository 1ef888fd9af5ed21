from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connector.accounting.books import NameRow
from connector.accounting.commerce import Product
from connector.accounting.documents import Held
from connector.accounting.items import CreateItem, ItemDecision, ReactivateItem, UseItem, match_item
from connector.accounting.policy import ItemPolicy, Ref
from tests.connector.accounting.build import line
from tests.connector.accounting.shops import fr_policy

LINE = line("10.00", sku="SAV-1")
ACCOUNTS = ItemPolicy(income_account=Ref("79"), expense_account=Ref("80"))


def row(name: str, qbo_id: str = "1", *, sku: str = "", type: str = "NonInventory", active: bool = True) -> NameRow:
    return NameRow("Item", qbo_id, name, active, sku=sku, type=type, full_name=name)


def decide(*rows: NameRow, items: ItemPolicy = ACCOUNTS, sku: str = "SAV-1", **options: object) -> ItemDecision:
    return match_item(replace(LINE, sku=sku), rows, fr_policy(items=items, **options))


def created(decision: ItemDecision) -> CreateItem:
    assert isinstance(decision, CreateItem), decision
    return decision


def test_the_sku_finds_the_item_whatever_case_and_blanks() -> None:
    assert decide(row("Soap", "5", sku=" sav-1 ")) == UseItem(Ref("5", "Soap"))


def test_by_name_the_sku_is_looked_for_in_the_names() -> None:
    found = decide(row("sav-1", "5"), row("Soap", "6", sku="SAV-1"), match_items_by="name")
    assert found == UseItem(Ref("5", "sav-1"))


@pytest.mark.parametrize("kind", ["Category", "Group"])
def test_categories_and_bundles_never_match(kind: str) -> None:
    assert decide(row("Soap", sku="SAV-1", type=kind)) is None


@pytest.mark.parametrize("country", ["GB", "CA"])
@pytest.mark.parametrize("kind", ["non_inventory", "service"])
def test_where_every_item_names_an_expense_account_none_is_made_without(kind: str, country: str) -> None:
    bare = ItemPolicy(type=kind, income_account=Ref("79"))  # type: ignore[arg-type]
    assert decide(items=bare, country=country, create_items=True) == Held("missing_setting:expense_account")
    assert created(decide(items=bare, country="FR", create_items=True)).wanted.expense_account is None
    whole = replace(bare, expense_account=Ref("80"))
    assert created(decide(items=whole, country=country, create_items=True)).wanted.expense_account == Ref("80")


def test_two_items_with_one_sku_are_asked_about() -> None:
    held = decide(row("Soap", "5", sku="SAV-1"), row("Soap old", "6", sku="SAV-1"))
    assert held == Held("ambiguous_sku", {"sku": "SAV-1", "name": "Savon", "items": "Soap (5), Soap old (6)"})


def test_an_inactive_twin_does_not_make_a_sku_ambiguous() -> None:
    assert decide(row("Soap", "5", sku="SAV-1"), row("Old", "6", sku="SAV-1", active=False)) == UseItem(
        Ref("5", "Soap")
    )


def test_an_inactive_item_is_reactivated_by_option_only() -> None:
    sleeping = row("Soap", "5", sku="SAV-1", active=False)
    assert decide(sleeping) == Held("inactive_item", {"sku": "SAV-1", "name": "Soap", "item_id": "5"})
    assert decide(sleeping, items=ItemPolicy(reactivate=True)) == ReactivateItem(Ref("5", "Soap"), sleeping)


def test_a_product_without_sku_takes_the_default_item_unless_names_may_match() -> None:
    assert decide(row("Savon", "5"), sku="", create_items=True) is None
    assert decide(row("savon", "5"), sku="", items=ItemPolicy(name_fallback=True)) == UseItem(Ref("5", "savon"))


def test_nothing_is_created_while_creation_is_off() -> None:
    assert decide() is None


def test_a_new_item_is_named_after_the_product() -> None:
    wanted = created(decide(create_items=True)).wanted
    assert (wanted.key, wanted.name, wanted.sku, wanted.type) == ("item:20:0", "Savon", "SAV-1", "NonInventory")
    assert (wanted.income_account, wanted.expense_account, wanted.asset_account) == (Ref("79"), Ref("80"), None)
    assert wanted.unit_price is None


def test_by_name_a_new_item_is_named_after_the_sku_so_that_it_is_found_again() -> None:
    assert created(decide(create_items=True, match_items_by="name")).wanted.name == "SAV-1"


def test_a_taken_name_gets_the_sku_even_when_its_holder_is_a_category() -> None:
    assert created(decide(row("SAVON", type="Category"), create_items=True)).wanted.name == "Savon (SAV-1)"
    both = (row("Savon"), row("Savon (SAV-1)", "2", active=False))
    assert created(decide(*both, create_items=True)).wanted.name.startswith("Savon (")


def test_a_long_name_keeps_its_sku() -> None:
    long = replace(LINE, name="Soap: " + "x" * 200)
    decision = match_item(long, [row("Soap " + "x" * 94 + "…")], fr_policy(items=ACCOUNTS, create_items=True))
    name = created(decision).wanted.name
    assert len(name) <= 100
    assert name.endswith("… (SAV-1)")
    assert ":" not in name


def test_creation_needs_an_income_account() -> None:
    assert decide(create_items=True, items=ItemPolicy()) == Held("missing_setting:income_account")


STOCK = ItemPolicy("inventory", Ref("79"), None, Ref("81"), Ref("82"), initial_quantity="store")
SHELF = Product(20, 0, "simple", "Savon", "SAV-1", None, "publish", True, Decimal(12), None)


def test_a_stock_item_begins_on_the_start_date_with_the_stores_quantity() -> None:
    decision = match_item(LINE, [], fr_policy(items=STOCK, create_items=True), product=SHELF)
    wanted = created(decision).wanted
    assert (wanted.type, wanted.quantity, wanted.inventory_start) == ("Inventory", Decimal(12), date(2026, 1, 1))
    assert (wanted.income_account, wanted.expense_account, wanted.asset_account) == (Ref("79"), Ref("82"), Ref("81"))


def test_a_product_without_stock_management_is_no_stock_item() -> None:
    policy = fr_policy(items=STOCK, create_items=True)
    decision = match_item(LINE, [], policy, product=replace(SHELF, manages_stock=False))
    assert created(decision).wanted.type == "NonInventory"


@pytest.mark.parametrize(
    ("items", "key"),
    [
        (replace(STOCK, asset_account=None), "inventory_asset_account"),
        (replace(STOCK, cogs_account=None), "cogs_account"),
    ],
)
def test_a_stock_item_needs_all_three_accounts(items: ItemPolicy, key: str) -> None:
    assert decide(create_items=True, items=items) == Held(f"missing_setting:{key}")

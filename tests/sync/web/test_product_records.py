"""The list of records shows products by what matters of them: name, SKU, item, and where the item came from."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from sync.models import Record
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.shelf import inventory_item
from tests.sync.test_products import ALL, sellable
from tests.sync.world import World, run_to_end

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(world: World, client: Client) -> tuple[Tenant, dict[str, Any]]:
    """All products sent, one of them to an item that was there under another name; an order, too."""
    known = next(row for row in sellable(world) if row["type"] == "simple")
    inventory_item(world, "House blend, loose", known["sku"])
    world.add_order(line_items=[{"sku": known["sku"], "quantity": 1}])
    tenant = world.connect(**ALL)
    run_to_end(tenant)
    client.force_login(member(tenant, "alice@dupont.example", Role.OWNER, language="en"))
    return tenant, known


def listed(client: Client, tenant: Tenant, **asked: str) -> Any:
    answer = client.get(reverse("records", args=[tenant.slug]), asked)
    assert answer.status_code == 200
    return answer


def heads(answer: Any) -> list[str]:
    found = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', answer.content.decode())
    return [text for head in found if (text := re.sub(r"<[^>]+>", "", head).strip())]


def test_products_have_columns_of_their_own(client: Client, shop: tuple[Tenant, dict[str, Any]]) -> None:
    tenant, known = shop
    answer = listed(client, tenant, source="product", state="synced")
    assert heads(answer) == ["Product", "SKU", "State", "Item in QuickBooks", "Where it came from", "Since"]
    [linked] = [row for row in answer.context["rows"] if row.record.number == known["sku"]]
    assert (linked.label, linked.item, linked.action) == (known["name"], "House blend, loose", "Was there already")
    made = [row for row in answer.context["rows"] if row is not linked]
    assert {row.action for row in made} == {"Created in QuickBooks"}
    assert all(row.item and row.label and not row.label.startswith("#") for row in made)


@pytest.mark.parametrize("asked", ["name", "sku", "House BLEND"])
def test_products_are_found_by_name_sku_and_item(
    client: Client, shop: tuple[Tenant, dict[str, Any]], asked: str
) -> None:
    tenant, known = shop
    rows = listed(client, tenant, source="product", q=known.get(asked, asked)).context["rows"]
    assert known["sku"] in {row.record.number for row in rows}
    assert len(rows) < Record.objects.filter(tenant=tenant, source="product").count()


def test_orders_stand_before_products_and_products_keep_their_name(
    client: Client, shop: tuple[Tenant, dict[str, Any]]
) -> None:
    tenant, _known = shop
    rows = listed(client, tenant).context["rows"]
    assert rows[0].record.source == "order"
    assert "House blend, loose" in listed(client, tenant, q="House blend").content.decode()


def test_days_are_those_on_which_a_product_changed_its_state(
    client: Client, shop: tuple[Tenant, dict[str, Any]]
) -> None:
    tenant, _known = shop
    assert listed(client, tenant, source="product", since="2020-01-01").context["found"] > 0
    assert listed(client, tenant, source="product", until="2020-01-01").context["found"] == 0


def test_a_product_is_headed_by_its_name(client: Client, shop: tuple[Tenant, dict[str, Any]]) -> None:
    tenant, known = shop
    record = Record.objects.get(tenant=tenant, source="product", number=known["sku"])
    page = client.get(reverse("record", args=[tenant.slug, record.pk])).content.decode()
    assert f"#{known['sku']}" not in page


def test_the_list_costs_the_same_for_any_number_of_products(
    client: Client, shop: tuple[Tenant, dict[str, Any]], django_assert_max_num_queries: Any
) -> None:
    tenant, _known = shop
    with django_assert_max_num_queries(22):
        listed(client, tenant, source="product")

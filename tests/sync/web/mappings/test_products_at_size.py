"""The products page with thousands of products and items: few queries, whatever their number."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sync.models import Mapping as SeenInStore
from sync.models import MirrorEntry
from tenants.models import Company, Role
from tests.factories import member, workspace
from tests.sync.web.conftest import signed_in

pytestmark = pytest.mark.django_db


def test_the_page_takes_as_many_queries_for_thousands_as_for_few() -> None:
    company = Company.objects.create(realm_id="4620816365000000007", name="Large", state="connected")
    tenant = workspace("large", "Large")
    tenant.company = company
    tenant.save(update_fields=["company"])
    alice = signed_in(member(tenant, "alice@large.example", Role.OWNER))
    url = reverse("mapping_products", args=[tenant.slug])

    def fill(first: int, products: int, items: int) -> int:
        MirrorEntry.objects.bulk_create(
            MirrorEntry(
                company=company, kind="Item", qbo_id=str(n), name=f"Item {n}", name_key=f"item {n}", sku=f"S-{n}",
                sku_key=f"s-{n}", type="NonInventory", is_active=True,
            )
            for n in range(first, first + items)
        )  # fmt: skip
        SeenInStore.objects.bulk_create(
            SeenInStore(tenant=tenant, kind="product", store_key=f"product:{n}:0", label=f"Product {n}", sku=f"S-{n}")
            for n in range(first, first + products)
        )
        alice.get(url)
        with CaptureQueriesContext(connection) as found:
            answer = alice.get(url)
        assert answer.context["page"].paginator.count == first - 1 + products
        return len(found)

    few = fill(1, 5, 5)
    assert fill(6, 2995, 4995) == few < 20

"""Mapping pages of a workspace that has no company yet lead to the set-up, not in circles."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tenants.models import Tenant
from tests.factories import Cast


@pytest.mark.parametrize("name", ["mapping_taxes", "mapping_payments", "mapping_products", "mapping_customers"])
def test_without_a_company_the_set_up_is_the_way_on(name: str, alice: Client, bob: Client, people: Cast) -> None:
    Tenant.objects.filter(pk=people.tenant.pk).update(company=None)
    url, setup = reverse(name, args=[people.tenant.slug]), reverse("setup", args=[people.tenant.slug])
    page = alice.get(url).content.decode()
    assert "This workspace is not connected yet." in page
    assert f'href="{setup}"' in page
    assert "Try again" not in page
    assert f'href="{setup}"' not in bob.get(url).content.decode()

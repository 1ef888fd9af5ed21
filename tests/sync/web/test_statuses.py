"""A store's own order statuses bear the store's names wherever people meet them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone, translation

from sync import setup
from sync.connections.store import check_store_again
from sync.digests import figures_of_period
from sync.models import Record
from sync.web.report_words import read_by, words_of
from sync.web.statuses import status_name, statuses_called
from tenants.models import Role, Tenant
from tests.factories import member
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.test_reconciliation import TEA
from tests.sync.web.conftest import signed_in
from tests.sync.web.test_reconciliation import LONG, compared
from tests.sync.world import INVOICE_STATUSES, World, run_to_end

SLUG, NAME = "expedie-partiel", "Expédiée en partie"


@pytest.fixture
def shop(new_world: Any) -> World:  # noqa: F811
    cache.clear()
    world: World = new_world("fr", orders=0)
    return world


@pytest.fixture
def tenant(shop: World, db: None) -> Tenant:
    return shop.connect()


def skipped_order(shop: World, tenant: Tenant) -> Record:
    order_id = shop.add_order(status=SLUG)
    run_to_end(tenant)
    found = Record.objects.for_tenant(tenant).get(woo_id=order_id)
    assert found.reason == f"status:{SLUG}"
    return found


def test_a_name_comes_from_us_else_from_the_store_else_from_the_slug() -> None:
    with statuses_called({SLUG: NAME}):
        assert status_name(SLUG) == status_name(f"wc-{SLUG}") == NAME
        assert status_name("wc-processing") == "Processing"
        with translation.override("fr"):
            assert status_name("processing") == "En cours"
    assert status_name(SLUG) == "Expedie partiel"
    assert status_name("wc-being_packed") == "Being packed"
    assert status_name("wc-packed", other="wc-packed") == "Packed"


def test_names_read_once_stay_known_without_another_call(shop: World, tenant: Tenant) -> None:
    setup.store_lists(tenant)
    check_store_again(tenant)
    cache.clear()
    record = skipped_order(shop, tenant)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    shop.break_store(action="status", status=500, times=None)
    html = alice.get(reverse("record", args=[tenant.slug, record.pk])).content.decode()
    assert f"The status “{NAME}” is not selected." in html
    assert f"Status “{NAME}”" in html


def test_a_report_says_the_name_that_the_store_gave(shop: World, tenant: Tenant) -> None:
    setup.store_lists(tenant)
    skipped_order(shop, tenant)
    tenant.refresh_from_db()
    now = timezone.now()
    figures = figures_of_period(tenant, "daily", now - timedelta(days=2), now + timedelta(days=1))
    with read_by(figures, "en"):
        assert any(f"“{NAME}”" in line for line in words_of(figures, tenant.slug).skipped)
    without = {key: value for key, value in figures.items() if key != "statuses"}
    with read_by(without, "en"):
        assert any("“Expedie partiel”" in line for line in words_of(without, tenant.slug).skipped)


def test_a_file_of_a_comparison_says_state_and_reason_in_words(shop: World, db: None) -> None:
    tenant = shop.connect(orders={"statuses": INVOICE_STATUSES})
    shop.add_order(set_paid=False, status="on-hold", line_items=TEA)
    run_to_end(tenant)
    alice = signed_in(member(tenant, "alice@shop.example", Role.OWNER))
    snapshot = compared(tenant, LONG)
    answer = alice.get(reverse("reconciliation_csv", args=[tenant.slug, snapshot.pk]))
    body = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body)))
    assert ("Awaiting payment", "Payment to come") in [(row["State"], row["Reason"]) for row in rows]

"""All data of a workspace out as a file, and its end: nothing is forgotten, and nothing of anybody else goes."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from sync.archive import tables
from sync.models import MirrorEntry, Posting, Record, RecordEvent, Run
from tenants.models import AuditEntry, Company, Membership, Role, Tenant
from tests.factories import member, person
from tests.sync.conftest import new_world, nobody_waits  # noqa: F401  (fixtures)
from tests.sync.web.conftest import signed_in
from tests.sync.world import World, run_to_end


@pytest.fixture
def shop(new_world: Any, db: None) -> World:  # noqa: F811
    cache.clear()
    world: World = new_world("fr", orders=12)
    return world


@pytest.fixture
def tenant(shop: World) -> Tenant:
    tenant = shop.connect()
    run_to_end(tenant)
    return tenant


@pytest.fixture
def owner(tenant: Tenant) -> Client:
    return signed_in(member(tenant, "alice@dupont.example", Role.OWNER, "Alice Dupont"))


def url(tenant: Tenant) -> str:
    return reverse("workspace_data", args=[tenant.slug])


def rows_of(tenant_id: int) -> dict[str, int]:
    """How many rows of a tenant each table has."""
    counts = {model._meta.label: model._default_manager.filter(**{way: tenant_id}).count() for model, way in tables()}
    return {label: count for label, count in counts.items() if count}


def test_the_archive_holds_every_row_and_no_secret(owner: Client, tenant: Tenant, shop: World) -> None:
    other = shop.connect(slug="other", orders={"number_prefix": "OTH"})
    answer: Any = owner.post(reverse("workspace_export", args=[tenant.slug]))
    body = b"".join(answer.streaming_content)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="shop-')
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    lines = {name: [json.loads(line) for line in text.splitlines()] for name, text in files.items()}
    own = rows_of(tenant.pk)
    assert {"sync.Record", "sync.Posting", "sync.RecordEvent", "sync.Run", "tenants.AuditEntry"} <= set(own)
    for label, count in own.items():
        assert len(lines[f"{label.rpartition('.')[2].lower()}.jsonl"]) == count, label
    assert len(lines["orders.jsonl"]) == Record.objects.filter(tenant=tenant, source="order").count() > 4
    everything = "".join(files.values())
    assert tenant.company is not None
    for secret in (tenant.store_consumer_key, tenant.store_consumer_secret, tenant.company.refresh_token):
        assert secret
        assert secret not in everything
    assert {row["tenant_id"] for row in lines["record.jsonl"]} == {tenant.pk}
    assert other.key not in everything
    assert AuditEntry.objects.filter(tenant=tenant, action="data_exported").exists()


def test_deleting_gives_back_both_connections_and_leaves_nothing(owner: Client, tenant: Tenant, shop: World) -> None:
    company = tenant.company
    assert company is not None
    token = company.refresh_token
    before = shop.ledger()
    answer = owner.post(url(tenant), {"name": tenant.name})
    assert answer.status_code == 302
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert rows_of(tenant.pk) == {}
    assert not RecordEvent.objects.exists()
    assert not Company.objects.filter(pk=company.pk).exists()
    assert not MirrorEntry.objects.exists()
    assert shop.ledger() == before
    assert token not in str(shop.company_control("stats"))
    assert "is deleted" in owner.get("/", follow=True).content.decode()


def test_a_shared_company_is_only_unlinked(owner: Client, tenant: Tenant, shop: World) -> None:
    other = shop.connect(slug="other", orders={"number_prefix": "OTH"})
    run_to_end(other)
    kept = rows_of(other.pk)
    names = MirrorEntry.objects.count()
    owner.post(url(tenant), {"name": tenant.name})
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert rows_of(other.pk) == kept
    other.refresh_from_db()
    assert other.is_connected
    assert MirrorEntry.objects.count() == names
    shop.add_order(line_items=[])
    assert run_to_end(other).state == Run.State.FINISHED


def test_intuit_being_away_keeps_only_what_revoking_needs(owner: Client, tenant: Tenant, shop: World) -> None:
    assert tenant.company is not None
    shop.break_company(action="status", status=503, times=None)
    owner.post(url(tenant), {"name": tenant.name})
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    left = Company.objects.get(pk=tenant.company.pk)
    assert (left.facts, left.name, MirrorEntry.objects.count()) == ({}, "", 0)
    assert left.refresh_token


@pytest.mark.parametrize("typed", ["", "shop", "Shop ", "Other"])
def test_another_name_deletes_nothing(typed: str, owner: Client, tenant: Tenant) -> None:
    before = rows_of(tenant.pk)
    assert owner.post(url(tenant), {"name": typed}).status_code == (302 if typed == "Shop " else 422)
    if typed != "Shop ":
        assert rows_of(tenant.pk) == before


def test_a_run_under_way_is_asked_to_stop_first(owner: Client, tenant: Tenant) -> None:
    run = Run.objects.create(tenant=tenant, trigger="test")
    answer = owner.post(url(tenant), {"name": tenant.name})
    assert answer.status_code == 409
    run.refresh_from_db()
    assert run.cancel_requested
    assert Posting.objects.filter(tenant=tenant).exists()


def test_only_owners_take_along_or_delete(tenant: Tenant) -> None:
    admin = signed_in(member(tenant, "dora@dupont.example", Role.ADMIN))
    viewer = signed_in(member(tenant, "bob@cabinet.example", Role.VIEWER))
    stranger = signed_in(person("charlie@elsewhere.example"))
    export = reverse("workspace_export", args=[tenant.slug])
    for client, page, action in ((admin, 200, 403), (viewer, 403, 403), (stranger, 404, 404)):
        assert client.get(url(tenant)).status_code == page
        assert client.post(url(tenant), {"name": tenant.name}).status_code == action
        assert client.post(export).status_code == action
    assert Membership.objects.filter(tenant=tenant).count() == 2

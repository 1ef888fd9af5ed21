"""Rotation of the keys that encrypt secrets, in the middle of everything."""

from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from tenants.management.commands.rotate_keys import encrypted_columns
from tenants.models import Company, Tenant
from tenants.models.company import CompanyQuerySet
from tenants.secrets import keyed_hash
from tests.factories import workspace

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def old_rows(db: None, settings: Settings) -> list[Tenant]:
    """Three workspaces written with the old key."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    tenants = [workspace(f"shop-{number}", f"Shop {number}") for number in range(3)]
    for tenant in tenants:
        assert tenant.company is not None
        tenant.company.refresh_token, tenant.company.access_token = f"refresh {tenant.pk}", ""
        tenant.company.save()
    return tenants


def rotate(**options: Any) -> str:
    out = io.StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


def sealed(table: str, column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_every_encrypted_column_is_known() -> None:
    found = {model._meta.label: fields for model, fields in encrypted_columns()}
    assert found["tenants.Company"] == ["realm_id", "access_token", "refresh_token"]
    assert found["tenants.Tenant"] == ["store_consumer_key", "store_consumer_secret"]
    assert found["tenants.ConnectionAttempt"] == ["realm_id", "access_token", "refresh_token"]


def test_the_old_key_can_go_afterwards(old_rows: list[Tenant], settings: Settings) -> None:
    before = sealed("tenants_tenant", "store_consumer_secret")
    realm_ids = [company.realm_id for company in Company.objects.order_by("pk")]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    said = rotate(batch=2)
    assert "tenants.Company: 3 of 3 rows written anew" in said
    assert "tenants.Tenant: 3 of 3 rows written anew" in said
    assert "3 realm hashes made anew" in said
    assert "can be taken out" in said

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert set(before).isdisjoint(sealed("tenants_tenant", "store_consumer_secret"))
    for tenant, realm_id in zip(Tenant.objects.order_by("pk"), realm_ids, strict=True):
        assert tenant.store_consumer_secret == "cs_test"
        assert tenant.company is not None
        assert tenant.company.refresh_token == f"refresh {tenant.pk}"
        assert tenant.company.access_token == ""
        assert tenant.company.realm_hash == keyed_hash(realm_id)
        assert CompanyQuerySet(Company).with_realm(realm_id).get() == tenant.company


def test_before_and_between_every_row_is_found_and_read(old_rows: list[Tenant], settings: Settings) -> None:
    realm_id = Company.objects.order_by("pk")[0].realm_id
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert Company.for_realm(realm_id).pk == Company.objects.order_by("pk")[0].pk
    assert Tenant.objects.order_by("pk")[2].store_consumer_key == "ck_test"


def test_a_second_run_changes_nothing(old_rows: list[Tenant], settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = sealed("tenants_company", "refresh_token")
    said = rotate()
    assert "0 of 3 rows written anew" in said
    assert "0 realm hashes made anew" in said
    assert sealed("tenants_company", "refresh_token") == before


def test_a_run_that_was_stopped_is_finished_by_the_next(
    old_rows: list[Tenant], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    Company.objects.filter(pk=Company.objects.order_by("pk")[0].pk).update(refresh_token="already new")
    said = rotate(batch=1)
    assert "tenants.Company: 3 of 3" in said
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert Company.objects.order_by("pk")[0].refresh_token == "already new"


def test_what_no_key_reads_is_said_and_left_alone(old_rows: list[Tenant], settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    before = sealed("tenants_tenant", "store_consumer_secret")
    with pytest.raises(CommandError, match="could not be read"):
        rotate()
    assert sealed("tenants_tenant", "store_consumer_secret") == before


def test_no_secret_is_printed(old_rows: list[Tenant], settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    said = rotate()
    assert not any(
        word in said for word in (OLD, NEW, "cs_test", "refresh ", *[c.realm_id for c in Company.objects.all()])
    )

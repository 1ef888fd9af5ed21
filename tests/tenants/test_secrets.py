"""Secrets at rest: unreadable in the database, readable by every key that is named, rotated to the newest."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import Settings

from tenants.models import Company
from tenants.secrets import decrypt, encrypt, keyed_hash, rotate

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.mark.django_db
def test_tokens_and_the_realm_id_are_not_readable_in_the_database() -> None:
    company = Company.for_realm("4620816365012345678")
    company.refresh_token = "RT1-secret"
    company.save(update_fields=["refresh_token"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_company")
        row = str(cursor.fetchone())
    assert "4620816365012345678" not in row
    assert "RT1-secret" not in row
    assert Company.objects.get().refresh_token == "RT1-secret"
    assert Company.for_realm("4620816365012345678").pk == company.pk


def test_the_newest_key_encrypts_and_every_key_decrypts(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    written = encrypt("secret")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(written) == "secret"
    turned = rotate(written)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert decrypt(turned) == "secret"
    with pytest.raises(ValueError, match="FIELD_ENCRYPTION_KEYS"):
        decrypt(written)


@pytest.mark.django_db
def test_a_company_is_found_again_after_the_keys_were_rotated(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    company = Company.for_realm("123")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert Company.for_realm("123").pk == company.pk
    assert Company.objects.count() == 1


def test_a_hash_depends_on_the_key_and_tells_nothing(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    first = keyed_hash("123")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert keyed_hash("123") != first
    assert len(first) == 64


def test_a_key_that_is_none_is_refused_with_what_to_do(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["not a key"]
    with pytest.raises(ImproperlyConfigured, match="make setup"):
        encrypt("secret")

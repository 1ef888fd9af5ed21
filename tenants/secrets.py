"""Secrets at rest: encrypted columns, and keyed hashes to find what is encrypted.

The first key of FIELD_ENCRYPTION_KEYS encrypts, every key decrypts; a wrong key raises, it never yields nonsense.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=8)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key.encode()) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS must be a comma list of Fernet keys (32 bytes, url-safe base64);"
            " `make setup` makes one."
        ) from error


def encrypt(text: str) -> str:
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Raises ValueError when no configured key fits."""
    if not token:
        return ""
    try:
        return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError(
            "None of FIELD_ENCRYPTION_KEYS can decrypt this value; bring back the key it was written with."
        ) from error


def is_newest(token: str) -> bool:
    """Whether the first key alone reads it: then no older key is needed for it any more."""
    try:
        _box((settings.FIELD_ENCRYPTION_KEYS[0],)).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def rotate(token: str) -> str:
    """The same secret under the newest key."""
    return _box(tuple(settings.FIELD_ENCRYPTION_KEYS)).rotate(token.encode()).decode() if token else ""


def keyed_hash(text: str, *, key: str | None = None) -> str:
    """A look-up hash of a secret value such as a realm id; with another key after rotation it is made anew."""
    secret = key or settings.FIELD_ENCRYPTION_KEYS[0]
    return hmac.new(hashlib.sha256(b"lookup:" + secret.encode()).digest(), text.encode(), hashlib.sha256).hexdigest()


def keyed_hashes(text: str) -> list[str]:
    """The hash under every configured key, newest first: rows written before a rotation are still found."""
    return [keyed_hash(text, key=key) for key in settings.FIELD_ENCRYPTION_KEYS]


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Text that is encrypted in the database and plain in Python. Cannot be filtered on."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return encrypt(prepared) if prepared else prepared

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return decrypt(value) if value else value

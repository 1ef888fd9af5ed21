"""Writes every secret anew under the first key of FIELD_ENCRYPTION_KEYS, so that older keys can be taken out."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.db.models.functions import Cast

from tenants.models import Company
from tenants.secrets import EncryptedTextField, decrypt, is_newest, keyed_hash
from tenants.web.two_factor import rotate_authenticators

BATCH = 200


@dataclass(slots=True)
class Tally:
    """Rows of one table: seen, changed, and those that no key can read."""

    seen: int = 0
    changed: int = 0
    unreadable: int = 0


class Command(BaseCommand):
    """Safe to stop and to repeat at any time: rows that are under the newest key already are left alone.

    Old keys stay in the list until this changes nothing more. Processes that still run with the former order of keys
    would write with an old one, so restart them first."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=BATCH, help="rows per transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for model, fields in encrypted_columns():
            tally = _rotate(model, fields, options["batch"])
            unreadable += tally.unreadable
            broken = f", {tally.unreadable} not readable with any key" if tally.unreadable else ""
            self.stdout.write(f"{model._meta.label}: {tally.changed} of {tally.seen} rows written anew{broken}")
        unreadable += self._second_factors()
        self.stdout.write(f"{Company._meta.label}: {_rehash(options['batch'])} realm hashes made anew")
        if unreadable:
            raise CommandError(
                f"{unreadable} rows could not be read with any of FIELD_ENCRYPTION_KEYS; nothing of them was changed."
                " Bring back the key they were written with, then run this again."
            )
        if older := len(settings.FIELD_ENCRYPTION_KEYS) - 1:
            self.stdout.write(f"Done: the {older} older of FIELD_ENCRYPTION_KEYS can be taken out.")

    def _second_factors(self) -> int:
        """The account package keeps its secrets inside a JSON column; how many no key can read."""
        seen, changed, unreadable = rotate_authenticators()
        broken = f", {unreadable} not readable with any key" if unreadable else ""
        self.stdout.write(f"Second factors: {changed} of {seen} rows written anew{broken}")
        return unreadable


def encrypted_columns() -> Iterator[tuple[type[models.Model], list[str]]]:
    """Every table of this project with encrypted columns, and their names; new ones are found by themselves."""
    for model in apps.get_models():
        fields = [field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
        if fields:
            yield model, fields


def _rotate(model: type[models.Model], fields: list[str], batch: int) -> Tally:
    tally = Tally()
    for ids in _batches(model, batch):
        with transaction.atomic():
            for pk, sealed in _sealed(model, fields, ids):
                tally.seen += 1
                try:
                    stale = {name: decrypt(value) for name, value in sealed.items() if value and not is_newest(value)}
                except ValueError:
                    tally.unreadable += 1
                    continue
                if stale:
                    # Writing encrypts with the newest key; the row is locked, so no fresher token is overwritten.
                    model._default_manager.filter(pk=pk).update(**stale)
                    tally.changed += 1
    return tally


def _rehash(batch: int) -> int:
    """Look-up hashes of realm ids under the newest key; rows under an older one are found all the while."""
    made = 0
    for ids in _batches(Company, batch):
        with transaction.atomic():
            hashes = dict(Company.objects.filter(pk__in=ids).values_list("pk", "realm_hash"))
            for pk, sealed in _sealed(Company, ["realm_id"], ids):
                try:
                    fresh = keyed_hash(decrypt(sealed["realm_id"]))
                except ValueError:
                    continue
                if hashes[pk] != fresh:
                    made += Company.objects.filter(pk=pk).update(realm_hash=fresh)
    return made


def _batches(model: type[models.Model], size: int) -> Iterator[list[Any]]:
    """Primary keys in order, a batch at a time."""
    last: Any = None
    while True:
        rows = model._default_manager.order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        ids = list(rows.values_list("pk", flat=True)[:size])
        if not ids:
            return
        yield ids
        last = ids[-1]


def _sealed(model: type[models.Model], fields: list[str], ids: list[Any]) -> Iterator[tuple[Any, dict[str, str]]]:
    """Primary key and the columns as they stand in the database, locked; a cast keeps them from being decrypted."""
    casts = {f"sealed_{name}": Cast(name, models.TextField()) for name in fields}
    rows = model._default_manager.select_for_update().filter(pk__in=ids).annotate(**casts).order_by("pk")
    for pk, *values in rows.values_list("pk", *casts):
        yield pk, {name: value or "" for name, value in zip(fields, values, strict=True)}

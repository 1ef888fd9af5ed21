"""Everything that is kept about one workspace: out as a ZIP file of JSON lines, or deleted for good.

Which rows those are is asked of the models themselves, so that a table that is added later cannot be forgotten.
"""

from __future__ import annotations

import json
import zipfile
from typing import IO, Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.deletion import ProtectedError

from sync.models import Record
from tenants.models import ConnectionAttempt, Tenant
from tenants.secrets import EncryptedTextField

OURS = ("sync", "tenants")
NOT_FOR_READING = frozenset({"state_hash", "browser_hash", "nonce", "secret_hash", "raw"})
"""Beside encrypted fields: what opens something by itself. `raw` is written once, in files of its own."""


def tables() -> list[tuple[type[models.Model], str]]:
    """Every model with rows of a tenant, and the look-up that leads from its rows to the tenant."""
    found: dict[type[models.Model], str] = {}
    candidates = [model for model in apps.get_models() if model._meta.app_label in OURS and model is not Tenant]
    for _depth in range(3):
        for model in candidates:
            if model not in found and (way := _way_to_tenant(model, found)):
                found[model] = way
    return sorted(found.items(), key=lambda one: one[0]._meta.label)


def _way_to_tenant(model: type[models.Model], known: dict[type[models.Model], str]) -> str:
    ways = []
    for field in model._meta.get_fields():
        if isinstance(field, models.ForeignKey) and not field.null:
            if field.related_model is Tenant:
                return field.name
            if field.related_model in known:
                ways.append(f"{field.name}__{known[field.related_model]}")
    return ways[0] if ways else ""


def write_archive(tenant: Tenant, file: IO[bytes]) -> dict[str, int]:
    """Writes the ZIP file; returns how many lines each of its files has. Keys and tokens stay out."""
    lines: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        own: list[Any] = list(Tenant.objects.filter(pk=tenant.pk).values())
        _write(archive, "workspace", [_plain(Tenant, row) for row in own], lines)
        for model, way in tables():
            if model is ConnectionAttempt:
                continue
            rows: Any = model._default_manager.filter(**{way: tenant}).order_by("pk").values()
            _write(archive, str(model._meta.model_name), (_plain(model, row) for row in rows.iterator()), lines)
        for source, name in ((Record.Source.ORDER, "orders"), (Record.Source.REFUND, "refunds")):
            raws = Record.objects.for_tenant(tenant).filter(source=source).order_by("pk").values_list("raw", flat=True)
            _write(archive, name, (raw for raw in raws.iterator() if raw), lines)
    return lines


def _write(archive: zipfile.ZipFile, name: str, rows: Any, lines: dict[str, int]) -> None:
    count = 0
    with archive.open(f"{name}.jsonl", "w") as file:
        for row in rows:
            file.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode() + b"\n")
            count += 1
    lines[name] = count


def _plain(model: type[models.Model], row: dict[str, Any]) -> dict[str, Any]:
    secret = {field.attname for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)}
    return {name: value for name, value in row.items() if name not in secret | NOT_FOR_READING}


def delete_rows(tenant: Tenant) -> int:
    """Deletes the tenant with everything of it, inside the caller's transaction; returns how many rows went.

    Some rows protect others: whoever is protected waits for the next round."""
    gone = 0
    left = dict(tables())
    while left:
        before = len(left)
        for model, way in list(left.items()):
            try:
                count, _by_model = model._default_manager.filter(**{way: tenant}).delete()
            except ProtectedError:
                continue
            gone += count
            del left[model]
        if len(left) == before:
            raise AssertionError(f"rows protect each other: {sorted(model._meta.label for model in left)}")
    count, _by_model = tenant.delete()
    return gone + count

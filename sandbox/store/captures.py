"""A shop made of the answers of a real one: exactly its objects, with their ids.

The folder holds the files of `tests/payloads/woocommerce/<store>`. Orders found in orders_dp6.json are kept with their
six decimals; any other is known only with two, which `dp=6` pads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sandbox.store.database import Database, Document
from sandbox.store.rendering import with_amounts_of

_ZONES = {"FR": "Europe/Paris", "US": "America/New_York"}
_LISTS = {
    "product": "products.json",
    "customer": "customers.json",
    "coupon": "coupons.json",
    "tax": "taxes.json",
}


def load(database: Database, folder: Path) -> None:
    """Fill an empty database from a folder of captures."""
    with database.change():
        _load_orders(database, folder)
        for kind, name in _LISTS.items():
            for document in _read(folder, name):
                database.put(kind, document["id"], document)
        for parent, variations in _read(folder, "variations.json", {}).items():
            for document in variations:
                database.put("variation", document["id"], document, parent=int(parent))
        for place, document in enumerate(_read(folder, "payment_gateways.json"), start=1):
            database.put("gateway", place, document)
        _load_facts(database, folder)
        _continue_sequences(database)


def _load_orders(database: Database, folder: Path) -> None:
    precise = {document["id"]: document for document in _read(folder, "orders_dp6.json")}
    for name in ("orders.json", "orders_checkout_draft.json", "orders_trash.json"):
        for document in _read(folder, name):
            if document["id"] in precise:
                document = with_amounts_of(document, precise[document["id"]])
            database.put("order", document["id"], document)
    for refund in _read(folder, "refunds_list.json"):
        database.put("refund", refund["id"], refund, parent=refund["parent_id"])


def _load_facts(database: Database, folder: Path) -> None:
    for group in ("general", "tax"):
        database.set_fact(f"settings_{group}", _read(folder, f"settings_{group}.json"))
    status = _read(folder, "system_status.json", {})
    settings = {row["id"]: row["value"] for row in database.facts["settings_general"]}
    country = str(settings.get("woocommerce_default_country", "")).partition(":")[0]
    database.set_fact("system_status", status)
    database.set_fact("tax_classes", _read(folder, "tax_classes.json"))
    database.set_fact("currency", _read(folder, "data_currency_current.json", {}))
    database.set_fact("zone", _ZONES.get(country, "UTC"))
    database.set_fact("storage", "hpos" if status.get("settings", {}).get("HPOS_enabled", True) else "posts")
    database.set_fact("name", "Maison Lavande" if country == "FR" else "Captured store")


def _continue_sequences(database: Database) -> None:
    """New ids go on after the highest captured ones."""
    posts = [row_id for kind in ("order", "refund", "product", "variation") for row_id in database.rows(kind)]
    items, metas = [0], [0]
    for kind in ("order", "refund"):
        for row in database.rows(kind).values():
            _collect_ids(row.document, items, metas)
    for sequence, numbers in (("post", posts), ("item", items), ("meta", metas)):
        database.set_fact(f"last_{sequence}", max(numbers, default=0))


def _collect_ids(document: Document, items: list[int], metas: list[int]) -> None:
    metas += [meta["id"] for meta in document["meta_data"]]
    for name in ("line_items", "shipping_lines", "fee_lines", "tax_lines", "coupon_lines"):
        for line in document.get(name, []):
            items.append(line["id"])
            metas += [meta["id"] for meta in line["meta_data"]]


def _read(folder: Path, name: str, missing: Any = ()) -> Any:
    path = folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else missing

"""Maison Dupont, a French tea shop: connected, mapped and staffed, as a merchant would have it after the wizard."""

from __future__ import annotations

import io
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command

from connector.woo.facts import StoreTaxRate
from sync.wiring import open_store
from tenants.models import Tenant

SLUG = "maison-dupont"
OWNER = "claire@maison-dupont.example"
ACCOUNTANT = "marc.leroy@cabinet-leroy.example"
DAYS_BACK = 60
"""The stand-in shop's orders begin 45 days ago."""

GATEWAYS = (
    ("stripe", "Stripe clearing", "Credit Card"),
    ("ppcp-gateway", "PayPal clearing", "PayPal"),
    ("bacs", "Bank", "Bank transfer"),
    ("cheque", "Undeposited Funds", "Check"),
    ("cod", "Undeposited Funds", "Cash"),
)


def passwords(folder: Path) -> dict[str, str]:
    """{address: password} of this demo, made once and readable by the owner alone."""
    path = folder / "passwords.json"
    if not path.exists():
        made = {OWNER: secrets.token_urlsafe(9), ACCOUNTANT: secrets.token_urlsafe(9)}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(made, file, indent=2)
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def set_up(details: Mapping[str, Any], folder: Path, *, sale: str = "sales_receipt") -> Tenant:
    """The demo's tenant, made on the first start; later only the store's address follows its port.

    details: what the stand-ins said when they listened. sale: the document of an order. Raises CommandError when the
    tenant document is refused.
    """
    store = details["store"]
    tenant = Tenant.objects.filter(slug=SLUG).first()
    if tenant is None:
        _apply(_document(details, _tax_rates(store), passwords(folder), sale), folder)
    elif tenant.store_url.rstrip("/") != store["url"].rstrip("/"):
        _apply({"tenant": {"slug": SLUG}, "woocommerce": dict(store)}, folder)
    return Tenant.objects.get(slug=SLUG)


def _apply(document: Mapping[str, Any], folder: Path) -> None:
    path = folder / "tenant.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
    call_command("tenant_apply", str(path), stdout=io.StringIO())


def _tax_rates(store: Mapping[str, str]) -> list[StoreTaxRate]:
    shop = Tenant(
        store_url=store["url"],
        store_consumer_key=store["consumer_key"],
        store_consumer_secret=store["consumer_secret"],
    )
    with open_store(shop) as connected:
        return list(connected.taxes())


def _document(
    details: Mapping[str, Any], rates: Iterable[StoreTaxRate], accounts: Mapping[str, str], sale: str
) -> dict[str, Any]:
    """The tenant document (architecture §5): every rate and payment method mapped."""
    company = details["company"]
    return {
        "tenant": {
            "slug": SLUG,
            "name": "Maison Dupont",
            "language": "fr",
            "time_zone": "Europe/Paris",
            "start_date": (date.today() - timedelta(days=DAYS_BACK)).isoformat(),  # noqa: DTZ011  (any day will do)
            "automatic_sync": True,
            "report": {"recipients": [OWNER, ACCOUNTANT], "when": "daily"},
        },
        "members": [
            {"email": OWNER, "role": "owner", "password": accounts[OWNER]},
            {"email": ACCOUNTANT, "role": "viewer", "password": accounts[ACCOUNTANT]},
        ],
        "woocommerce": dict(details["store"]),
        "quickbooks": {"realm_id": company["realm_id"], "refresh_token": company["refresh_token"]},
        "orders": {
            "statuses": ["processing", "completed", "refunded", "partially-refunded"],
            "document": sale,
            "number_prefix": "Wio",
            "default_item": "Online sale",
            "shipping_item": "Shipping",
            "discount_item": "Discount",
            "fee_item": "Fee",
            "rounding_item": "Rounding",
            "refund_item": "Refund",
        },
        "items": {
            "match_by": "sku",
            "create": True,
            "income_account": "Sales of Product Income",
            "expense_account": "Cost of Goods Sold",
        },
        "taxes": {
            "rates": [{"rate_ids": [rate.id], "tax_code": _tax_code(rate)} for rate in rates],
            "untaxed_code": "Exempt",
            "untaxed": {"vat_exempt": "Reverse charge", "export": "Export", "other": "Exempt"},
        },
        "payments": {
            "record": True,
            "default_account": "Undeposited Funds",
            "methods": [
                {"gateway": gateway, "account": account, "payment_method": method}
                for gateway, account, method in GATEWAYS
            ],
        },
    }


def _tax_code(rate: StoreTaxRate) -> str:
    """The stand-in company's name for a rate: “5.5% S” at home, “DE 19.0% S” elsewhere."""
    country = "" if rate.country == "FR" else f"{rate.country} "
    return f"{country}{rate.percent:.1f}% S"

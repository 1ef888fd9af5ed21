"""What a change of options sets in motion beside the next run."""

from __future__ import annotations

from collections.abc import Collection

from sync import stock
from sync.tasks import request_webhooks, start_stock_run
from tenants.models import Tenant, User


def after_save(tenant: Tenant, changed: Collection[str], *, user: User) -> bool:
    """What a change of options sets in motion. True where the stock was turned on: its preview is on the way."""
    if any(path.startswith("products.") for path in changed) and tenant.store_url:
        request_webhooks(tenant)
    if "stock.enabled" not in changed:
        return False
    asked = stock.follow_option(tenant, was_on=not stock.is_on(tenant), user=user)
    if asked is not None and tenant.is_connected:
        start_stock_run(tenant, user=user)
    return asked is not None
